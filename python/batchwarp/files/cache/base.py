"""What both caches have in common: which slot holds which image, for many threads."""

from __future__ import annotations

import operator
import threading

import numpy as np
from numpy.typing import NDArray

from batchwarp import _forks

__all__ = ["ImageCache", "checked_shape"]


class ImageCache:
    """Images in slots, found by number.

    An entry of `_slots` is written when its image is there for good, and is read without a lock.
    `_claimed` is true as soon as a thread has begun with an image; it changes under the lock.

    Args:
        count: Number of different images.
        image_shape: Height, width and channels of every image.

    Attributes:
        images: uint8 array (slots, height, width, channels).
    """

    images: NDArray[np.uint8]

    def __init__(self, count: int, image_shape: tuple[int, int, int]) -> None:
        self.image_shape = image_shape
        self._slots = np.full(count, -1, np.int64)
        self._claimed = np.zeros(count, bool)
        self._closed = False
        self._lock = threading.RLock()
        _forks.watch(self)

    @property
    def complete(self) -> bool:
        """Whether `find` has a slot for every sample."""
        return not (self._slots < 0).any()

    def close(self) -> None:
        """Lets go of the images; from now on none is found and none is stored."""
        with self._lock:
            self._closed = True
            self._claimed[:] = True
            self._slots[:] = -1
            self.images = self.images[:0].copy()

    def _publish(self, number: int, slot: int) -> None:
        """Makes an image found."""
        with self._lock:
            if not self._closed:
                self._slots[number] = slot

    def _checked(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Returns the image, contiguous, or raises `ValueError`."""
        if image.shape != self.image_shape or image.dtype != np.uint8:
            raise ValueError(
                f"`image` must be a uint8 array of shape {self.image_shape}. "
                f"Received: {image.dtype} array of shape {image.shape}"
            )
        return np.ascontiguousarray(image)

    def _after_fork(self) -> None:
        """Puts right, in a child, what threads of the parent may have been about."""
        _forks.renew(self._lock)
        self._claimed[:] = self._slots >= 0


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
