"""The cache in memory."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from math import prod

import numpy as np
from numpy.typing import NDArray

from batchwarp.files.cache.base import Held, Slots, checked_image, checked_shape
from batchwarp.files.cache.budget import Budget

__all__ = ["MemoryCache"]

_MANY_LEASES = 64


class MemoryCache(Slots):
    """Decoded images in memory, for the life of the process.

    The system provides the memory of an image when it is stored. A copy that was pickled starts
    empty; a forked child has what its parent had, and then its own. Where there is no room for all
    images, one that is stored takes the place of the one whose use is longest ago.

    Args:
        count: Integer, number of samples.
        image_shape: Height, width and channels of every image.
        budget: What it shares with others; `None` for no bound.

    Attributes:
        images: uint8 array (slots, height, width, channels). Without a bound the slot of a sample
            is its index; with one, images are only to be looked at as `hold` returns them.

    Raises:
        ValueError: If `count` is negative, `image_shape` is not three integers above 0, or the
            budget has no room for one image.
        MemoryError: If the system refuses so much memory.
    """

    def __init__(
        self, count: int, image_shape: tuple[int, int, int], budget: Budget | None = None
    ) -> None:
        image_shape = checked_shape(image_shape)
        if count < 0:
            raise ValueError(f"`count` must be at least 0. Received: count={count}")
        budget = Budget() if budget is None else budget
        budget.claim(prod(image_shape))
        self._open(count, image_shape, budget)

    def _open(self, count: int, image_shape: tuple[int, int, int], budget: Budget) -> None:
        super().__init__(count)
        self.image_shape = image_shape
        self._budget = budget
        # True as soon as a thread has begun with an image.
        self._claimed = np.zeros(count, bool)
        # Of caches that may be too small for all; the rest of them is made with the first image,
        # when all have claimed their share.
        self._places: _Places | None = None
        self.images = np.zeros((0, *image_shape), np.uint8)
        if budget.limit is None:
            self.images = self._memory(count)

    def _memory(self, count: int) -> NDArray[np.uint8]:
        try:
            return np.zeros((count, *self.image_shape), np.uint8)
        except (MemoryError, ValueError):  # ValueError: more than addresses can tell
            size = count * prod(self.image_shape) / 2**30
            raise MemoryError(
                f"{count:,} images of shape {self.image_shape} need {size:,.1f} GiB, and the "
                "system refuses that much: cache on disk instead, or less with `cache_limit`"
            ) from None

    def find(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Looks samples up.

        Args:
            indices: int64 array (n,), samples.

        Returns:
            int64 array (n,), the slot of each, -1 for those that are not cached. With a bound, they
            may be others at any moment.
        """
        return self._slots[indices]

    def hold(self, indices: NDArray[np.int64]) -> Held:
        """Looks samples up, and keeps their images from being replaced; see `Held`."""
        places = self._places
        if places is None:
            return Held(self.images, self._slots[indices])
        with self._lock:
            slots = self._slots[indices]
            return Held(places.lease(self.images, slots), slots)

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
            if self._closed or self._claimed[index]:
                return
            if not len(self.images):
                self._set_bound()
            slot = index if self._places is None else self._vacated()
            if slot < 0:
                return
            self._claimed[index] = True
            images = self.images
        try:
            images[slot] = image
        except BaseException:  # Ctrl-C: the next time it may be kept
            with self._lock:
                self._claimed[index] = False
                if self._places is not None:
                    self._places.free.append(slot)
            raise
        with self._lock:
            self._publish(index, slot)
            if self._places is not None:
                self._places.take(slot, index)

    def _set_bound(self) -> None:
        """Makes room for as many images as the budget has, when all have claimed their part."""
        count, size = len(self._slots), prod(self.image_shape)
        share = self._budget.share(size)
        if share is not None and share // size < count:
            count = share // size
            self._places = _Places(count)
        self.images = self._memory(count)

    def _vacated(self) -> int:
        """Returns a slot for an image, whoever had it; -1 if all are in use."""
        places = self._places
        assert places is not None
        slot, former = places.vacate()
        if former >= 0:
            self._slots[former] = -1
            self._claimed[former] = False
        return slot

    def close(self) -> None:
        """Lets go of the images; from now on none is found and none is stored."""
        with self._lock:
            super().close()
            self._claimed[:] = True
            self.images = self.images[:0].copy()

    def _after_fork(self) -> None:
        super()._after_fork()
        # Nobody goes on with what others had begun.
        self._claimed[:] = self._slots >= 0
        if self._places is not None:
            self._places.take_over(self._slots)

    def __getstate__(self) -> tuple[int, tuple[int, int, int], Budget]:
        return len(self._slots), self.image_shape, self._budget

    def __setstate__(self, state: tuple[int, tuple[int, int, int], Budget]) -> None:
        self._open(*state)


class _Lease:
    """Memory of images, which those who have an array of it keep from being replaced.

    An array of NumPy's refers to the object whose memory it is, and so do all views of it. What is
    still referred to is seen by weak references, when a slot is needed: no code runs when the last
    one goes.
    """

    def __init__(self, images: NDArray[np.uint8]) -> None:
        self._images = images
        self.__array_interface__ = images.__array_interface__


class _Places:
    """Which slots are free, which were used how long ago, and which are being looked at.

    Args:
        count: Integer, number of slots.

    Attributes:
        free: List of slots that hold nothing.
    """

    def __init__(self, count: int) -> None:
        self.free = list(range(count))[::-1]
        self._owners = np.full(count, -1, np.int64)
        self._recent: OrderedDict[int, None] = OrderedDict()  # slots; the oldest use comes first
        self._leases: list[tuple[weakref.ref[_Lease], list[int]]] = []

    def lease(self, images: NDArray[np.uint8], slots: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Returns images some of whose slots are not replaced as long as this array lives."""
        used = slots[slots >= 0].tolist()
        for slot in used:
            self._recent.move_to_end(slot)
        lease = _Lease(images)
        if len(self._leases) >= _MANY_LEASES:
            self._drop_leases()
        self._leases.append((weakref.ref(lease), used))
        return np.asarray(lease)

    def _drop_leases(self) -> None:
        self._leases = [lease for lease in self._leases if lease[0]() is not None]

    def vacate(self) -> tuple[int, int]:
        """Returns a slot that may be written to, and the image that it had, -1 for none of both."""
        if self.free:
            return self.free.pop(), -1
        self._drop_leases()
        held = {slot for _, slots in self._leases for slot in slots}
        slot = next((slot for slot in self._recent if slot not in held), -1)
        if slot < 0:
            return -1, -1
        del self._recent[slot]
        former = int(self._owners[slot])
        self._owners[slot] = -1
        return slot, former

    def take(self, slot: int, owner: int) -> None:
        """Says what image is in a slot."""
        self._owners[slot] = owner
        self._recent[slot] = None

    def take_over(self, slots: NDArray[np.int64]) -> None:
        """Goes on, in a forked child, with the slots that images were found in."""
        self._owners[:] = -1
        owners = np.flatnonzero(slots >= 0)
        self._owners[slots[owners]] = owners
        known = [slot for slot in self._recent if self._owners[slot] >= 0]
        known += set(slots[owners].tolist()) - set(known)
        self._recent = OrderedDict.fromkeys(known)
        self.free = np.flatnonzero(self._owners < 0).tolist()
