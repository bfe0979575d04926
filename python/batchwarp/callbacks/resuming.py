"""A callback with which `fit` goes on within an epoch, wherever what is saved is kept."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from batchwarp import _keras
from batchwarp._arguments import integer
from batchwarp._warnings import warn
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

__all__ = ["ResumingCallback"]


class ResumingCallback(ABC):
    """Base class of callbacks that save a training in the middle of epochs, and go on with it.

    A subclass says where what is saved is read and written.

    Args:
        flow: The flow that `fit` gets; `None` if there is none to be brought to a place.
        every: Integer of at least 1, after how many steps to save; `None` for never by steps.
        keep: Callbacks whose memory is saved, too.
        steps: Integer, how many steps an epoch has; `None` for as many as the flow has batches.

    Raises:
        ImportError: If there is no Keras.
        TypeError: If `flow` is no flow of batchwarp's.
        ValueError: If an argument is not as above.
    """

    _name: ClassVar[str]  # by which users know it

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
        self, flow: Any, every: int | None, keep: Sequence[Any], steps: int | None
    ) -> None:
        super().__init__()
        self._flow: Iterator | None = flow
        self._every = sys.maxsize if every is None else integer("every", every, 1)
        self._keep = list(keep)
        self._steps: int | None = None
        if flow is None:
            if every is not None:
                raise ValueError(
                    f"`every` should be `None` where there is no `flow`. Received: {every!r}"
                )
        elif not isinstance(flow, Iterator):
            raise TypeError(
                "`flow` should be a flow as from `ImageDataGenerator.flow`; of what "
                "`to_tf_dataset` returns, the flow itself. "
                f"Received: {type(flow).__name__}"
            )
        else:
            if every is not None and flow.state_dict()["numpy_random"] is not None:
                raise ValueError(
                    '`flow` should have a `seed`, or `draws="keyed"`: batches that draw from '
                    "`numpy.random` are made ahead of the step that is saved"
                )
            self._steps = len(flow) if steps is None else integer("steps", steps, 1, len(flow))
        self._begin: dict[str, Any] = {}  # where data and random numbers were as the epoch began
        self._epoch = 0
        self._unsaved = 0  # steps
        self._latest = 0  # step of the epoch
        self._resumed = 0  # up to which step of this epoch all was done before
        self._loaded: tuple[dict[str, Any], list[bytes]] | None = None

    @abstractmethod
    def _read(self) -> tuple[dict[str, Any], list[bytes]] | None:
        """Returns what was saved, as from `read_archive`; `None` if nothing was."""

    @abstractmethod
    def _save(self, content: dict[str, Any], logs: Any) -> None:
        """Saves a place in the training.

        Args:
            content: What `write_archive` is to write, with `self._arrays()`.
            logs: Dictionary of the metrics as they are.
        """

    def restore(self, model: Any) -> int:
        """Brings a model and the flow to what was saved, if there is something.

        Args:
            model: The Keras model, built.

        Returns:
            The epoch to go on with.

        Raises:
            ValueError: If what was saved is of another model or flow.
        """
        self._loaded = self._read()
        if self._loaded is None:
            return 0
        content, data = self._loaded
        count = content["variables"]
        if model.optimizer is not None and not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        self._load_flow(content["begin"])  # errors come before anything changes
        restore_variables(variables_of(model), content["arrays"][:count], data[:count])
        return int(content["epoch"])

    def _load_flow(self, begin: Mapping[str, Any]) -> None:
        state = begin["flow"]
        if (state is None) != (self._flow is None):
            raise ValueError(
                "`flow` should be that of the checkpoint, which has "
                f"{'none' if state is None else 'one'}. Received: {self._flow!r}"
            )
        if self._flow is not None:
            self._flow.load_state_dict(state)

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras' arguments, here and below
        """Restores the model, if there is something to go on with."""
        self._check()
        self._unsaved = 0
        epoch = self.restore(self.model)
        if self._loaded is not None:
            self.model._initial_epoch = epoch  # as Keras' own `BackupAndRestore` sets it

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Notes where the data is; in the epoch that was broken, goes back there."""
        loaded, self._loaded = self._loaded, None
        self._epoch, self._latest, self._resumed = epoch, 0, 0
        self.model._initial_epoch = None
        if loaded is not None and loaded[0]["epoch"] == epoch:
            self._resume(*loaded)
            return
        self._begin = self._place()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Saves if it is time."""
        step = batch + 1
        if step <= self._resumed:
            return
        self._unsaved += step - max(self._latest, self._resumed)
        self._latest = step
        if self._unsaved >= self._every:
            self._save(self._content(self._epoch, step), logs)
            self._unsaved = 0

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Forgets what there was to go on with."""
        self._loaded = None
        self.model._initial_epoch = None

    def _place(self) -> dict[str, Any]:
        """Returns where the data is, between epochs."""
        return {
            "flow": None if self._flow is None else self._flow.state_dict(),
            "python_random": described_python_random(),
        }

    def _arrays(self) -> list[NDArray[Any]]:
        """Returns the values of the model's variables and of its metrics'."""
        model = self.model
        return arrays_of([*variables_of(model), *metrics_of(model)])

    def _content(self, epoch: int, step: int) -> dict[str, Any]:
        """Returns what is said of a save.

        Args:
            epoch: Integer, the epoch to go on with.
            step: Integer, how many of its steps are over.
        """
        model = self.model
        history = model.history
        return {
            "epoch": epoch,
            "step": step,
            "begin": self._begin,
            "variables": len(variables_of(model)),
            "epochs": list(history.epoch),
            "history": {
                name: [float(value) for value in values] for name, values in history.history.items()
            },
            "callbacks": described_memory(self._keep),
            "torch": described_torch(),
        }

    def _content_after(self, epoch: int, logs: Mapping[str, Any]) -> dict[str, Any]:
        """Returns what is said of a save at the end of an epoch.

        Args:
            epoch: Integer, that epoch.
            logs: Dictionary of its metrics.
        """
        self._begin, self._unsaved = self._place(), 0
        content = self._content(epoch + 1, 0)
        if epoch not in content["epochs"]:  # Keras' `History` comes after other callbacks
            content["epochs"].append(epoch)
            for name, value in logs.items():
                content["history"].setdefault(name, []).append(float(value))
        return content

    def _check(self) -> None:
        """Raises `ValueError` if a restart would not work, before it is needed."""
        if not self.model.built:
            raise ValueError(
                f"`{self._name}` needs a model that is built before `fit`: give it an `Input`, or "
                "call it on a batch"
            )
        if self._flow is None:
            return
        steps = self.params.get("steps")
        if steps != self._steps:
            raise ValueError(
                f"`{self._name}` needs epochs that are passes of its flow, with "
                f"`steps_per_epoch=None`: a pass has {self._steps} steps, an epoch {steps}"
            )
        draws = self._flow.state_dict()["flow"]["draws"]
        if self._flow.workers > 1 and draws == "keras":
            warn(
                "With `workers` above 1 and the draws of Keras, the numbers of a batch depend on "
                "which worker is first: a training that goes on sees other batches than one that "
                'was not broken. `draws="keyed"` does not depend on that.',
                RuntimeWarning,
            )

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

        self._load_flow(self._begin)
        restore_python_random(self._begin["python_random"])
        if not step:
            restore_torch(content["torch"])
            return
        if self._flow is not None and self._steps is not None:
            self._flow.pass_over(min(step, self._steps))
        _pass_over(model, step, restore_metrics, lambda: restore_torch(content["torch"]))


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
