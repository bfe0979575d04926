"""What a training function of Ray needs besides a flow with `shard="auto"`."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from batchwarp.callbacks.archive import read_archive, write_archive
from batchwarp.callbacks.resuming import ResumingCallback
from batchwarp.iterators.agreement import check_alike

__all__ = ["Report", "start_jax"]

_FILE = "training.batchwarp"  # of a checkpoint


def start_jax() -> None:
    """Lets JAX know of all workers, so that what it computes is spread over them.

    To be called in the training function of a `ray.train` trainer before anything is computed.
    Ray's `JaxTrainer` does the same for GPUs and TPUs, and then this does nothing; for processors
    it leaves each worker to itself.

    Raises:
        RuntimeError: If this is no worker of Ray Train.
        ModuleNotFoundError: If Ray or JAX is not installed.

    Example:
        >>> def train():  # in a trainer's workers, before Keras computes anything
        ...     start_jax()
    """
    import jax
    import ray
    from ray import train
    from ray.train.collective import broadcast_from_rank_zero

    context = train.get_context()
    if jax.distributed.is_initialized():
        return
    address = None
    if context.get_world_rank() == 0:
        host = ray.util.get_node_ip_address()
        with socket.create_server((host, 0)) as server:  # finds a port that nobody has
            address = f"{host}:{server.getsockname()[1]}"
    address = broadcast_from_rank_zero(address)
    jax.distributed.initialize(address, context.get_world_size(), context.get_world_rank())


class _Callback(ResumingCallback):
    """What saves a training as checkpoints of Ray's, all workers at the same steps.

    Args:
        flow: As of `Report`, like the others.
        every: See there.
        keep: See there.
    """

    _name: ClassVar[str] = "Report"

    def __init__(self, flow: Any, every: int | None, keep: Sequence[Any]) -> None:
        from ray import train

        super().__init__(flow, every, keep, None)
        self._first = train.get_context().get_world_rank() == 0
        self._earlier = _found(train.get_checkpoint())

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Goes back to where the data was; another `fit` has its own beginning."""
        self._earlier = None
        super().on_epoch_begin(epoch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Reports if it is time, unless the end of the epoch comes next, which is reported."""
        if batch + 1 != self.params.get("steps"):
            super().on_train_batch_end(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Reports the epoch."""
        logs = logs or {}
        self._save(self._content_after(epoch, logs), logs)

    def _read(self) -> tuple[dict[str, Any], list[bytes]] | None:
        return self._earlier

    def _save(self, content: dict[str, Any], logs: Any) -> None:
        """Hands what there is to Ray; all workers wait for each other here."""
        from ray import train

        metrics = {name: float(value) for name, value in (logs or {}).items()}
        metrics |= {name: content[name] for name in ("epoch", "step")}
        if not self._first:
            train.report(metrics)
            return
        with tempfile.TemporaryDirectory(prefix="batchwarp-") as name:
            write_archive(Path(name) / _FILE, content, self._arrays())
            train.report(metrics, checkpoint=train.Checkpoint.from_directory(name))


def _found(checkpoint: Any) -> tuple[dict[str, Any], list[bytes]] | None:
    """Returns what is in a checkpoint of Ray's; `None` if there is none.

    Raises:
        ValueError: If it is another one's, of a newer format, or damaged.
    """
    if checkpoint is None:
        return None
    with checkpoint.as_directory() as folder:
        found = read_archive(Path(folder) / _FILE)
    if found is None:
        raise ValueError(
            f"The checkpoint is none of `batchwarp.ray.Report`: it has no file {_FILE}"
        )
    return found


class Report:
    """Reports a training of a Keras model to Ray, with checkpoints to go on from.

    To be made in the training function, in all workers. Each epoch is reported, and with `every`
    also some places within it. If workers have been replaced since one died, the model, the flow
    and the callbacks to `keep` are brought to where they were at the latest report, as by
    `batchwarp.callbacks.DataCheckpoint`, and `fit` goes on there. Batches and weights are those of
    a run in which nobody died.

    A checkpoint has one file, `training.batchwarp`, as `DataCheckpoint` writes it. Metrics that are
    reported are those of Keras, `epoch`, how many epochs are over, and `step`, how many steps of
    the next one.

    Ray has such a callback, too; it needs TensorFlow, and leaves it to the user to go on.

    Args:
        model: Compiled and built Keras model. All its variables are kept, and those of its
            optimizer, of its random layers, too.
        flow: The flow that it is trained on, an epoch being a pass; `None` if there is none to be
            brought to a place.
        every: Integer of at least 1, after how many steps to report within epochs, too; `None` for
            whole epochs only. It needs a flow with a `seed`, or keyed draws.
        keep: Callbacks whose memory is saved, too: what `EarlyStopping`, `ReduceLROnPlateau` and
            `ModelCheckpoint` know of earlier epochs. They stand before this one in `fit`.

    Attributes:
        initial_epoch: Integer, how many epochs are over; an argument of `model.fit`.
        callback: What reports, for the `callbacks` of `model.fit`, the last one of them.

    Raises:
        RuntimeError: If this is no worker of Ray Train.
        TypeError: If `flow` is no flow of batchwarp's.
        ValueError: If an argument is not as above, the checkpoint is of another model or flow, or
            workers have flows with other seeds, sizes, settings or data.

    Example:
        >>> def train():  # in a trainer's workers
        ...     report = Report(model, flow)
        ...     model.fit(
        ...         flow, epochs=9, initial_epoch=report.initial_epoch, callbacks=[report.callback]
        ...     )
    """

    def __init__(
        self, model: Any, flow: Any = None, every: int | None = None, *, keep: Sequence[Any] = ()
    ) -> None:
        if getattr(model, "optimizer", None) is None or not model.built:
            raise ValueError(
                "`model` should be a Keras model that is compiled, and built, as by a first layer "
                f"`keras.Input`. Received: {model!r}"
            )
        self.callback = _Callback(flow, every, keep)
        if flow is not None:
            _check_agreement(flow)
        self.initial_epoch = self.callback.restore(model)


def _check_agreement(flow: Any) -> None:
    """Checks that flows of all workers are parts of the same batches.

    Raises:
        ValueError: If this worker's is not like that of the first one.
    """
    from ray import train
    from ray.train.collective import broadcast_from_rank_zero

    mine = flow.described_alike()
    check_alike(mine, train.get_context().get_world_rank(), broadcast_from_rank_zero(mine), 0)
