"""What a training function of Ray needs besides a flow with `shard="auto"`."""

from __future__ import annotations

import json
import random
import socket
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from batchwarp.iterators.agreement import check_alike

__all__ = ["Report", "start_jax"]

_FORMAT = 1  # of what a checkpoint holds
_STATE_FILE, _VARIABLES_FILE = "state.json", "variables.npz"


def start_jax() -> None:
    """Lets JAX know of all workers, so that what it computes is spread over them.

    To be called in the training function of a `ray.train` trainer before anything is computed.
    Ray's `JaxTrainer` does the same for GPUs and TPUs, and then this does nothing; for processors
    it leaves each worker to itself.

    Raises:
        RuntimeError: If this is no worker of Ray Train.
        ModuleNotFoundError: If Ray or JAX is not installed.
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


class Report:
    """Reports each epoch of a Keras model to Ray, with a checkpoint to go on from.

    To be made in the training function, in all workers. If workers have been replaced since one
    died, the model and the flow are brought to where they were at the end of the last epoch that
    was reported, and `initial_epoch` is the next one. Batches are those of a run in which nobody
    died.

    Ray has such a callback, too; it needs TensorFlow, and leaves it to the user to go on.

    Args:
        model: Compiled and built Keras model. All its variables are kept, and those of its
            optimizer, of its random layers, too.
        flow: The flow that it is trained on, an epoch being a pass; `None` if there is none to be
            brought to a place.

    Attributes:
        initial_epoch: Integer, how many epochs are over; an argument of `model.fit`.
        callback: What reports, for the `callbacks` of `model.fit`.

    Raises:
        RuntimeError: If this is no worker of Ray Train.
        ValueError: If the model is not built and compiled, the checkpoint is of another model, or
            workers have flows with other seeds, sizes, settings or data.

    Example:
        >>> report = batchwarp.ray.Report(model, flow)
        >>> model.fit(flow, epochs=9, initial_epoch=report.initial_epoch,
        ...           callbacks=[report.callback])
    """

    def __init__(self, model: Any, flow: Any = None) -> None:
        import keras
        from ray import train

        optimizer = getattr(model, "optimizer", None)
        if optimizer is None or not model.built:
            raise ValueError(
                "`model` should be a Keras model that is compiled, and built, as by a first layer "
                f"`keras.Input`. Received: {model!r}"
            )
        if flow is not None:
            _check_agreement(flow)
        optimizer.build(model.trainable_variables)
        self._variables = [*model.variables, *optimizer.variables]
        self._flow = flow
        self._convert = keras.ops.convert_to_numpy
        self._first = train.get_context().get_world_rank() == 0
        self._earlier: Any = None
        self.initial_epoch = 0
        checkpoint = train.get_checkpoint()
        if checkpoint is not None:
            with checkpoint.as_directory() as folder:
                self._restore(Path(folder))
        self.callback = keras.callbacks.LambdaCallback(
            on_train_begin=self._go_on, on_epoch_end=self._report
        )

    def _restore(self, folder: Path) -> None:
        """Brings the model and the flow to the end of an epoch.

        Raises:
            ValueError: If the checkpoint is of another format or model.
        """
        state = json.loads((folder / _STATE_FILE).read_text("utf-8"))
        if state["format"] != _FORMAT:
            raise ValueError(
                f"The checkpoint is of format {state['format']}, which this version of batchwarp "
                f"does not know; it knows {_FORMAT}"
            )
        with np.load(folder / _VARIABLES_FILE) as file:
            values = [file[name] for name in file.files]
        shapes = [value.shape for value in values]
        if shapes != [tuple(variable.shape) for variable in self._variables]:
            raise ValueError(
                "`model` should be that of the checkpoint, whose variables have the shapes "
                f"{shapes}. Received: {[tuple(variable.shape) for variable in self._variables]}"
            )
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)
        self.initial_epoch = state["epoch"]
        self._earlier = state

    def _go_on(self, _: Any = None) -> None:
        """Brings batches to where they were, when Keras has read those that it only looks at."""
        if self._earlier is None:
            return
        if self._flow is not None:
            self._flow.load_state_dict(self._earlier["flow"])
        # By which Keras shuffles positions.
        version, numbers, gauss = self._earlier["random"]
        random.setstate((version, tuple(numbers), gauss))

    def _report(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Hands an epoch to Ray; all workers wait for each other here."""
        from ray import train

        metrics = {name: float(value) for name, value in (logs or {}).items()}
        metrics["epoch"] = epoch + 1
        if not self._first:
            train.report(metrics)
            return
        state = {
            "format": _FORMAT,
            "epoch": epoch + 1,
            "flow": None if self._flow is None else self._flow.state_dict(),
            "random": random.getstate(),
        }
        with tempfile.TemporaryDirectory(prefix="batchwarp-") as name:
            folder = Path(name)
            with warnings.catch_warnings():
                # NumPy 2 says so of what Keras' variables lack.
                warnings.filterwarnings("ignore", "__array__", DeprecationWarning)
                values = [np.asarray(self._convert(variable)) for variable in self._variables]
            np.savez(folder / _VARIABLES_FILE, *values)
            (folder / _STATE_FILE).write_text(json.dumps(state), "utf-8")
            train.report(metrics, checkpoint=train.Checkpoint.from_directory(name))


def _check_agreement(flow: Any) -> None:
    """Checks that flows of all workers are parts of the same batches.

    Raises:
        ValueError: If this worker's is not like that of the first one.
    """
    from ray import train
    from ray.train.collective import broadcast_from_rank_zero

    mine = flow.described_alike()
    check_alike(mine, train.get_context().get_world_rank(), broadcast_from_rank_zero(mine), 0)
