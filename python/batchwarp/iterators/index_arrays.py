"""Which samples each next batch has, apart from the iterator that says so."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["IndexArrays"]


class IndexArrays:
    """Which samples each next batch has; does not keep its iterator alive.

    A generator would, in a circle that holds on to images and memory for batches until Python's
    garbage collector finds it.

    Args:
        iterator: The iterator.
        following: Function of the iterator that moves it on, and returns the samples of a batch.
        started: Boolean, whether to go on from where the iterator is; if not, it is reset before
            the first batch, as in Keras.
    """

    def __init__(
        self, iterator: Any, following: Callable[[Any], NDArray[np.int64]], started: bool
    ) -> None:
        self._iterator = weakref.ref(iterator)
        self._following = following
        self._started = started

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> NDArray[np.int64]:
        iterator = self._iterator()
        if iterator is None:
            raise StopIteration
        if not self._started:
            self.start(iterator)
        return self._following(iterator)

    def start(self, iterator: Any) -> None:
        """Resets the iterator, its owner, unless that has been done."""
        if not self._started:
            iterator.reset()
            self._started = True
