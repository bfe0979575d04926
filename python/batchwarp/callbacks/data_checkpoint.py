"""A training that goes on at the very step at which it was killed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from batchwarp._arguments import boolean, integer
from batchwarp.callbacks.archive import read_archive, write_archive
from batchwarp.callbacks.resuming import ResumingCallback

__all__ = ["DataCheckpoint"]


class DataCheckpoint(ResumingCallback):
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

    Example:
        >>> import keras
        >>> flow = ImageDataGenerator().flow(np.zeros((6, 2, 2, 1)), np.zeros(6), seed=1)
        >>> model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
        >>> model.build((None, 2, 2, 1))
        >>> model.compile("sgd", "mse")
        >>> checkpoint = DataCheckpoint("run.npz", flow)
        >>> history = model.fit(flow, epochs=2, verbose=0, callbacks=[checkpoint])
        >>> len(history.epoch)
        2
    """

    _name: ClassVar[str] = "DataCheckpoint"

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
        if flow is None:
            raise TypeError("`flow` should be a flow as from `ImageDataGenerator.flow`, not `None`")
        super().__init__(flow, integer("every", every, 1), keep, steps)
        self._path = Path(os.fsdecode(path))
        if not self._path.absolute().parent.is_dir():
            raise ValueError(
                f"`path` should be a file in a folder that exists. Received: {os.fspath(path)!r}"
            )
        self._delete = boolean("delete", delete)

    def on_train_end(self, logs: Any = None) -> None:
        """Removes the file: there is nothing to go on with."""
        super().on_train_end(logs)
        if self._delete:
            self._path.unlink(missing_ok=True)

    def _read(self) -> tuple[dict[str, Any], list[bytes]] | None:
        return read_archive(self._path)

    def _save(self, content: dict[str, Any], logs: Any) -> None:  # noqa: ARG002
        write_archive(self._path, content, self._arrays())
