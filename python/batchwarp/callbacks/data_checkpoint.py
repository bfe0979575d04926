"""A training that goes on at the very step at which it was killed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchwarp import _keras
from batchwarp._arguments import boolean, integer
from batchwarp._warnings import warn
from batchwarp.callbacks.archive import read_archive, write_archive
from batchwarp.callbacks.model_state import (
    arrays_of,
    described_memory,
    described_python_random,
    described_torch,
    metrics_of,
    restore_memory,
    restore_python_random,
    restore_torch,
    restore_variables,
    variables_of,
)
from batchwarp.iterators.base import Iterator

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["DataCheckpoint"]


class DataCheckpoint:
    """Callback that saves a training in the middle of epochs, and goes on with it.

    If `fit` is killed, whatever the step, and called again in the same way, it goes on from the
    latest save: the model sees the batches that it would have seen, in their order, and has the
    weights that it would have had; the epoch ends with its own metrics, and all later ones have
    their full length. It works for `fit(flow)` and `fit(flow.to_tf_dataset())`, on every backend.

    One file holds all of it: the model's variables, those of the optimizer and of the metrics,
    epoch and step, `flow.state_dict()` and the state of Python's `random` at the beginning of the
    epoch, by which Keras shuffles positions, and the history of epochs. It is replaced by one
    rename, so that there is always a whole one. When the training ends by itself it is removed.

    In the epoch that was broken, all its steps are gone through once more. Those before the save
    neither train nor, without `workers`, make batches; callbacks are called for them, with the
    metrics of the save, so that numbers of steps are what they were.

    Args:
        path: String or path-like, the file. Its folder must be there.
        flow: The flow that `fit` gets, itself or as `to_tf_dataset()`. It has a `seed`, or keyed
            draws; with `workers` above 1 it should have keyed draws.
        every: Integer of at least 1, after how many steps to save.
        keep: Callbacks whose memory is saved, too: what `EarlyStopping`, `ReduceLROnPlateau` and
            `ModelCheckpoint` know of earlier epochs, but not weights that they hold on to.
        delete: Boolean, whether to remove the file when the training ends by itself.
        steps: Integer, how many steps an epoch has where `fit` gets a `PyDataset` that reads some
            batches of the flow, anew in each epoch; `None` for all of them.

    Raises:
        ImportError: If there is no Keras.
        TypeError: If `flow` is no flow of batchwarp's.
        ValueError: If an argument is not as above. When `fit` begins: if the model is not built,
            an epoch is no pass of the flow (`steps_per_epoch`), or the file is of another model or
            flow.
    """

    model: Any
    params: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:  # noqa: ARG004 - they are for __init__
        """Makes an instance of the class that is a `keras.callbacks.Callback`, too."""
        base = _keras.callback()
        made: Any = cls
        if not issubclass(cls, base):
            made = type(cls.__name__, (cls, base), {"__doc__": cls.__doc__})
        instance: Self = object.__new__(made)
        return instance

    def __init__(
        self,
        path: Any,
        flow: Any,
        every: int = 1000,
        *,
        keep: Sequence[Any] = (),
        delete: bool = True,
        steps: int | None = None,
    ) -> None:
        super().__init__()
        self._path = Path(os.fsdecode(path))
        if not self._path.absolute().parent.is_dir():
            raise ValueError(
                f"`path` should be a file in a folder that exists. Received: {os.fspath(path)!r}"
            )
        if not isinstance(flow, Iterator):
            raise TypeError(
                "`flow` should be a flow as from `ImageDataGenerator.flow`; of what "
                "`to_tf_dataset` returns, the flow itself. "
                f"Received: {type(flow).__name__}"
            )
        if flow.state_dict()["numpy_random"] is not None:
            raise ValueError(
                '`flow` should have a `seed`, or `draws="keyed"`: batches that draw from '
                "`numpy.random` are made ahead of the step that is saved"
            )
        self._flow = flow
        self._every = integer("every", every, 1)
        self._keep = list(keep)
        self._delete = boolean("delete", delete)
        self._steps = len(flow) if steps is None else integer("steps", steps, 1, len(flow))
        self._begin: dict[str, Any] = {}  # where data and random numbers were as the epoch began
        self._epoch = 0
        self._unsaved = 0  # steps
        self._latest = 0  # step of the epoch
        self._resumed = 0  # up to which step of this epoch all was done before
        self._loaded: tuple[dict[str, Any], list[bytes]] | None = None

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras' arguments, here and below
        """Restores the model, if there is a file."""
        self._check()
        self._unsaved = 0
        self._loaded = read_archive(self._path)
        if self._loaded is None:
            return
        content, data = self._loaded
        model = self.model
        count = content["variables"]
        if model.optimizer is not None and not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        self._flow.load_state_dict(content["begin"]["flow"])  # errors come before anything changes
        restore_variables(variables_of(model), content["arrays"][:count], data[:count])
        model._initial_epoch = content["epoch"]  # as Keras' own `BackupAndRestore` sets it

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Notes where the data is; in the epoch that was broken, goes back there."""
        loaded, self._loaded = self._loaded, None
        self._epoch, self._latest, self._resumed = epoch, 0, 0
        self.model._initial_epoch = None
        if loaded is not None and loaded[0]["epoch"] == epoch:
            self._resume(*loaded)
            return
        self._begin = {
            "flow": self._flow.state_dict(),
            "python_random": described_python_random(),
        }

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Saves if it is time."""
        step = batch + 1
        if step <= self._resumed:
            return
        self._unsaved += step - max(self._latest, self._resumed)
        self._latest = step
        if self._unsaved >= self._every:
            self._save(step)
            self._unsaved = 0

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Removes the file: there is nothing to go on with."""
        self._loaded = None
        self.model._initial_epoch = None
        if self._delete:
            self._path.unlink(missing_ok=True)

    def _check(self) -> None:
        """Raises `ValueError` if a restart would not work, before it is needed."""
        if not self.model.built:
            raise ValueError(
                "`DataCheckpoint` needs a model that is built before `fit`: give it an `Input`, or "
                "call it on a batch"
            )
        steps = self.params.get("steps")
        if steps != self._steps:
            raise ValueError(
                "`DataCheckpoint` needs epochs that are passes of its flow, with "
                f"`steps_per_epoch=None`: a pass has {self._steps} steps, an epoch {steps}"
            )
        if self._flow.workers > 1 and self._begin_draws() == "keras":
            warn(
                "With `workers` above 1 and the draws of Keras, the numbers of a batch depend on "
                "which worker is first: a training that goes on sees other batches than one that "
                'was not broken. `draws="keyed"` does not depend on that.',
                RuntimeWarning,
            )

    def _begin_draws(self) -> Any:
        return self._flow.state_dict()["flow"]["draws"]

    def _save(self, step: int) -> None:
        model = self.model
        variables, metrics = variables_of(model), metrics_of(model)
        history = model.history
        state = {
            "epoch": self._epoch,
            "step": step,
            "begin": self._begin,
            "variables": len(variables),
            "epochs": list(history.epoch),
            "history": {
                name: [float(value) for value in values] for name, values in history.history.items()
            },
            "callbacks": described_memory(self._keep),
            "torch": described_torch(),
        }
        write_archive(self._path, state, arrays_of([*variables, *metrics]))

    def _resume(self, content: Mapping[str, Any], data: Sequence[bytes]) -> None:
        """Goes back to where the data was as the epoch began, and lets its first steps pass."""
        model, step = self.model, content["step"]
        self._begin, self._resumed = content["begin"], step
        if len(content["callbacks"]) != len(self._keep):
            raise ValueError(
                f"`keep` should have as many callbacks as for the save, {len(content['callbacks'])}"
                f". Received: {len(self._keep)}"
            )
        restore_memory(self._keep, content["callbacks"])
        model.history.epoch = list(content["epochs"])
        model.history.history = {name: list(values) for name, values in content["history"].items()}
        count = content["variables"]

        def restore_metrics() -> dict[str, Any]:
            described = content["arrays"][count:]
            restore_variables(metrics_of(model), described, data[count:])
            return dict(model.get_metrics_result())

        self._flow.load_state_dict(self._begin["flow"])
        self._flow.pass_over(min(step, self._steps))
        _pass_over(model, step, restore_metrics, lambda: restore_torch(content["torch"]))
        restore_python_random(self._begin["python_random"])


def _pass_over(
    model: Any,
    steps: int,
    restore_metrics: Callable[[], dict[str, Any]],
    restore_random: Callable[[], None],
) -> None:
    """Has the first steps of an epoch read their batches and do nothing with them.

    Args:
        model: A Keras model, whose `fit` is at the beginning of the epoch.
        steps: Integer, how many.
        restore_metrics: Function that gives the metrics the values that they had, and returns what
            they say.
        restore_random: Function that restores PyTorch's random states. It is called behind these
            steps, since PyTorch's loader draws as it begins.
    """
    train = model.train_function
    at_once = model.steps_per_execution
    left = -(-steps // at_once)
    logs: dict[str, Any] | None = None
    if _keras.backend() != "tensorflow":  # where metrics are made with the first step
        logs = restore_metrics()

    def pass_over(*arguments: Any) -> Any:
        nonlocal left, logs
        left -= 1
        if left == 0:
            model.train_function = train
            restore_random()
        if _keras.backend() != "torch":  # whose data has been taken from the iterator
            for _, batch in zip(range(at_once), arguments[-1], strict=False):
                if logs is None:
                    model._symbolic_build(data_batch=batch)
                    logs = restore_metrics()
        # JAX hands the state of the model through.
        return logs if len(arguments) == 1 else (logs, arguments[0])

    model.train_function = pass_over
