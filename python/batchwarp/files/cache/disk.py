"""The cache of decoded images on disk."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp.files.cache.base import Held, checked_image, checked_shape
from batchwarp.files.cache.budget import Budget
from batchwarp.files.cache.layout import Setting
from batchwarp.files.cache.store import Writer
from batchwarp.files.cache.stored import StoredSlots

__all__ = ["DiskCache"]


class DiskCache(StoredSlots):
    """Decoded images in a memory-mapped file, which processes share and which outlives them.

    Args:
        folder: As of `StoredSlots`.
        paths: See there.
        image_shape: Height, width and channels of every image.
        settings: What else the pixels depend on, by name.
        root: As of `StoredSlots`.
        budget: See there.

    Attributes:
        images: uint8 array (slots, height, width, channels), read-only; empty if there is no store.
            It is replaced by a larger one, which begins with the same images, as the store grows:
            ask for slots first.

    Raises:
        ValueError: As of `StoredSlots`, or if `image_shape` is not three integers above 0.
    """

    images: NDArray[np.uint8]

    def __init__(
        self,
        folder: str | Path,
        paths: Sequence[str],
        image_shape: tuple[int, int, int],
        settings: Mapping[str, Setting],
        root: str = "",
        budget: Budget | None = None,
    ) -> None:
        super().__init__(folder, paths, checked_shape(image_shape), settings, root, budget)

    def _open(self, new: bool) -> None:
        self.image_shape: tuple[int, int, int] = self._arguments["image_shape"]
        self.images = np.zeros((0, *self.image_shape), np.uint8)
        super()._open(new)

    def hold(self, indices: NDArray[np.int64]) -> Held:
        """Looks samples up, as `find`; see `Held`."""
        slots = self.find(indices)
        return Held(self.images, slots)  # in this order: they may have grown

    def store(self, index: int, image: NDArray[np.uint8], signature: tuple[int, int]) -> None:
        """Keeps an image, if it is the first for its sample and the store may be added to.

        Args:
            index: Integer, the sample.
            image: uint8 array (height, width, channels).
            signature: Size in bytes and `mtime_ns` of the image's file, both from `os.fstat` of the
                open file before the first byte was read.

        Raises:
            ValueError: If the image has another shape or dtype.
        """
        image = checked_image(image, self.image_shape)
        number = self._samples.file(index)
        if not self._is_known(number):
            self._add(number, image.reshape(-1).data, signature)

    def close(self) -> None:
        """Lets go of images and store; from now on no image is found and none is stored."""
        with self._lock:
            super().close()
            self.images = self.images[:0].copy()

    def _expect(
        self, files: NDArray[np.int64], positions: NDArray[np.int64], records: NDArray[Any]
    ) -> None:
        if len(positions) and positions[-1] >= len(self.images):
            self._map()
            there = positions < len(self.images)  # unless the file has been cut
            files, positions, records = files[there], positions[there], records[there]
        super()._expect(files, positions, records)

    def _make_room(self, writer: Writer, position: int) -> None:
        if position < len(self.images):
            return
        # For all that this flow may yet add, so that what is mapped need not be mapped again.
        lacking = int(((self._slots < 0) & (self._candidates < 0)).sum())
        size, share = (position + lacking) * self._image_bytes, self._share()
        writer.enlarge(size if share is None else min(size, share))
        self._map()

    @property
    def _image_bytes(self) -> int:
        size = self._layout.image_bytes
        assert size is not None
        return size

    def _map(self) -> None:
        assert self._store is not None
        self.images = self._store.images()

    def _holds(self, slot: int, record: np.void) -> bool:
        store, images = self._store, self.images
        # Reading beyond the end of the file would end the process.
        if store is None or store.data_size < (slot + 1) * self._image_bytes or slot >= len(images):
            return False
        return zlib.crc32(images[slot].data) == int(record["crc32"])
