"""Arrays that several processes train on together, each on its part of every batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from batchwarp.console.frameworks import load_keras
from batchwarp.iterators.shards import one_shard

__all__ = ["SharedArrays"]


class SharedArrays:
    """What takes the place of arrays in `model.fit`, where Keras would give all to each process.

    Args:
        x: Images.
        y: Their labels.
        epochs: Integer, how many epochs are over; each has an order of its own.
        seed: Integer; the orders follow from it, the same in all processes.
        batch_size: Integer, pictures of one process in a batch.
        validation_split: Number below 1, the part at the end that is not trained on.
        **arguments: Further arguments of `model.fit`.

    Attributes:
        batches: A `keras.utils.PyDataset`, the batches of this process.
        arguments: Dictionary, the further arguments of `model.fit`.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        epochs: int,
        seed: int,
        *,
        batch_size: int,
        validation_split: float = 0.0,
        **arguments: Any,
    ) -> None:
        count = int(len(x) * (1 - validation_split))  # as Keras rounds it
        self.arguments = arguments
        if count < len(x):
            self.arguments["validation_data"] = (x[count:], y[count:])
        shard = one_shard("auto", False)

        class Batches(load_keras().utils.PyDataset):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.epoch = epochs
                self._draw()

            def _draw(self) -> None:
                order = np.random.RandomState((seed + self.epoch) % 2**32).permutation(count)
                self.order = order.astype(np.int64, copy=False)

            def __len__(self) -> int:
                return shard.batches(count, batch_size)

            def __getitem__(self, index: int) -> Any:
                part = shard.part(self.order, index * batch_size, batch_size)
                return x[part], y[part]

            def on_epoch_end(self) -> None:
                self.epoch += 1
                self._draw()

        self.batches = Batches()
