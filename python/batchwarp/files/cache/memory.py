"""The cache in memory."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from batchwarp.files.cache.base import Slots, checked_image, checked_shape

__all__ = ["MemoryCache"]


class MemoryCache(Slots):
    """Decoded images in memory, for the life of the process.

    The system provides the memory of an image when it is stored. A copy that was pickled starts
    empty; a forked child has what its parent had, and then its own.

    Args:
        count: Integer, number of samples.
        image_shape: Height, width and channels of every image.

    Attributes:
        images: uint8 array (count, height, width, channels); the slot of a sample is its index.

    Raises:
        ValueError: If `count` is negative or `image_shape` is not three integers above 0.
        MemoryError: If the system refuses so much memory.
    """

    def __init__(self, count: int, image_shape: tuple[int, int, int]) -> None:
        image_shape = checked_shape(image_shape)
        if count < 0:
            raise ValueError(f"`count` must be at least 0. Received: count={count}")
        super().__init__(count)
        self.image_shape = image_shape
        # True as soon as a thread has begun with an image.
        self._claimed = np.zeros(count, bool)
        try:
            self.images = np.zeros((count, *image_shape), np.uint8)
        except (MemoryError, ValueError):  # ValueError: more than addresses can tell
            size = count * prod(image_shape) / 2**30
            raise MemoryError(
                f"{count:,} images of shape {image_shape} need {size:,.1f} GiB, and the system "
                "refuses that much: cache on disk instead"
            ) from None

    def find(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Looks samples up.

        Args:
            indices: int64 array (n,), samples.

        Returns:
            int64 array (n,), the slot of each, -1 for those that are not cached.
        """
        return self._slots[indices]

    def store(
        self,
        index: int,
        image: NDArray[np.uint8],
        signature: tuple[int, int],  # noqa: ARG002 - the interface of `DiskCache`
    ) -> None:
        """Keeps an image, if it is the first for its sample.

        Args:
            index: Integer, the sample.
            image: uint8 array (height, width, channels).
            signature: Not used: images in memory do not outlive what they were decoded from.

        Raises:
            ValueError: If the image has another shape or dtype.
        """
        image = checked_image(image, self.image_shape)
        with self._lock:
            if self._claimed[index]:
                return
            self._claimed[index] = True
            images = self.images
        images[index] = image
        self._publish(index, index)

    def close(self) -> None:
        """Lets go of the images; from now on none is found and none is stored."""
        with self._lock:
            super().close()
            self._claimed[:] = True
            self.images = self.images[:0].copy()

    def _after_fork(self) -> None:
        super()._after_fork()
        self._claimed[:] = self._slots >= 0  # nobody goes on with what others had begun

    def __reduce__(self) -> tuple[type[MemoryCache], tuple[int, tuple[int, int, int]]]:
        return MemoryCache, (len(self._slots), self.image_shape)
