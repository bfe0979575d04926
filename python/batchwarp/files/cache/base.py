"""What all caches have in common: which slot holds which image, for many threads."""

from __future__ import annotations

import operator
import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _forks

__all__ = ["Held", "Slots", "checked_image", "checked_shape"]


class Held(NamedTuple):
    """Samples that were looked up together.

    Attributes:
        images: uint8 array (slots, height, width, channels). As long as it, or a view of it, is
            there, those in `slots` are what they are.
        slots: int64 array (n,), where in it each is; -1 for those that are not cached.
    """

    images: NDArray[np.uint8]
    slots: NDArray[np.int64]


class Slots:
    """Which slot of a cache holds what is kept of which sample, for many threads.

    An entry of `_slots` is written when its image is there for good, and is read without a lock.

    Args:
        count: Number of different images.
    """

    def __init__(self, count: int) -> None:
        self._slots = np.full(count, -1, np.int64)
        self._closed = False
        self._lock = threading.RLock()
        _forks.watch(self)

    @property
    def complete(self) -> bool:
        """Whether there is a slot for every sample."""
        return not (self._slots < 0).any()

    def close(self) -> None:
        """Lets go of what is kept; from now on nothing is found and nothing is stored."""
        with self._lock:
            self._closed = True
            self._slots[:] = -1

    def _publish(self, number: int, slot: int) -> None:
        """Makes an image found."""
        with self._lock:
            if not self._closed:
                self._slots[number] = slot

    def _after_fork(self) -> None:
        """Puts right, in a child, what threads of the parent may have been about."""
        _forks.renew(self._lock)


def checked_image(image: NDArray[np.uint8], shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Returns an image, contiguous.

    Args:
        image: What is to be kept.
        shape: Height, width and channels that it must have.

    Raises:
        ValueError: If it has others, or another dtype than uint8.
    """
    if image.shape != shape or image.dtype != np.uint8:
        raise ValueError(
            f"`image` must be a uint8 array of shape {shape}. "
            f"Received: {image.dtype} array of shape {image.shape}"
        )
    return np.ascontiguousarray(image)


def checked_shape(image_shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """Returns an image shape as three Python integers.

    Args:
        image_shape: Height, width and channels.

    Returns:
        The same.

    Raises:
        ValueError: If it is not three integers above 0.
    """
    try:
        height, width, channels = (operator.index(length) for length in image_shape)
    except (TypeError, ValueError):
        height = width = channels = 0
    if min(height, width, channels) < 1:
        raise ValueError(
            "`image_shape` must be height, width and channels, three integers above 0. "
            f"Received: image_shape={image_shape!r}"
        )
    return height, width, channels
