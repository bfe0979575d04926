"""One open cache file: its records and images are read, and with the lock written, here."""

from __future__ import annotations

import mmap
import os
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from batchwarp.files.cache.layout import (
    LONGEST_HEADER,
    RECORD,
    RECORD_WORDS,
    FormatError,
    Layout,
    sealed,
    seals,
    voided,
)
from batchwarp.files.cache.system import OpenFile, read_at, write_at

__all__ = ["CacheFile", "create"]


class CacheFile:
    """A cache file that is open.

    Images are written with system calls and never through the map: a store into a page for which
    the disk has no room would end the process.

    Args:
        path: Where it is.
        opened: The open file, and its lock if there is one.
        like: What the images must be, None to take any.

    Attributes:
        layout: The header.
        images: uint8 array (slots, height, width, channels), a read-only map of the slots. It
            outlives the object.

    Raises:
        FormatError: If it is not a complete cache file of this version with such images.
        OSError: If it cannot be read.
    """

    def __init__(self, path: Path, opened: OpenFile, like: Layout | None = None) -> None:
        self.path = path
        # Whoever closes it, it is not before the last thread that writes has let go of this object:
        # the number of a closed descriptor may soon be that of another file.
        self.opened = opened
        self.layout = Layout.parse(read_at(opened.descriptor, LONGEST_HEADER, 0))
        if like is not None and not self.layout.fits(like):
            raise FormatError("made with other settings")
        self._map = _mapped(path, opened.descriptor, self.layout.file_size)
        self._index = np.frombuffer(
            self._map, RECORD, self.layout.capacity, self.layout.index_offset
        )
        self.images: NDArray[np.uint8] = np.ndarray(
            (self.layout.capacity, *self.layout.image_shape),
            np.uint8,
            self._map,
            self.layout.data_offset,
        )

    def records(self) -> tuple[NDArray[np.void], NDArray[np.int64]]:
        """Returns the records whose seal holds, and their slots, in the order of the slots."""
        if not self._whole():
            return np.zeros(0, RECORD), np.zeros(0, np.int64)
        records = self._index.copy()  # another process may be writing
        slots = np.flatnonzero(records["seal"]).astype(np.int64)
        records = records[slots]
        holds = records["seal"] == seals(records, slots, self.layout.salt)
        return records[holds], slots[holds]

    def free_slots(self) -> NDArray[np.int64]:
        """Returns the slots of which no process can know an image."""
        words = self._index.view("<u8").reshape(-1, RECORD_WORDS)
        return np.flatnonzero(~words.any(axis=1)).astype(np.int64)

    def agrees(self, slot: int, crc32: int) -> bool:
        """Whether the pixels of a slot are those that its record was written for."""
        return self._whole() and zlib.crc32(self.images[slot].data) == crc32

    def write(
        self,
        slot: int,
        image: NDArray[np.uint8],
        path_hash: NDArray[np.uint64],
        signature: tuple[int, int],
    ) -> None:
        """Writes an image, then its record, which makes it valid.

        Args:
            slot: A free slot.
            image: uint8 array of the layout's shape, contiguous.
            path_hash: uint64 array (2,), the hash of its path.
            signature: Size and mtime_ns of the file.

        Raises:
            OSError: If it cannot be written; then the slot stays free.
        """
        self.write_pixels(slot, image)
        first, second = path_hash.tolist()
        crc32 = zlib.crc32(image.data)
        record = sealed((first, second), signature, crc32, slot, self.layout.salt)
        self._write_record(slot, memoryview(record))

    def write_pixels(self, slot: int, image: NDArray[np.uint8]) -> None:
        """Writes an image without a record.

        Args:
            slot: A free slot.
            image: uint8 array of the layout's shape, contiguous.

        Raises:
            OSError: If it cannot be written.
        """
        offset = self.layout.data_offset + slot * self.layout.image_bytes
        write_at(self.opened.descriptor, image.reshape(-1).data, offset)

    def void(self, slot: int) -> None:
        """Marks a slot as holding no image, and as never to be written again.

        Raises:
            OSError: If it cannot be written.
        """
        self._write_record(slot, voided().view(np.uint8).data)

    def close(self) -> None:
        """Closes the file, which gives up the lock; the object is of no more use."""
        self.opened.close()
        del self._map, self._index, self.images  # Windows replaces no file that is mapped

    def _write_record(self, slot: int, record: memoryview) -> None:
        offset = self.layout.index_offset + slot * RECORD.itemsize
        write_at(self.opened.descriptor, record, offset)

    def _whole(self) -> bool:
        """Whether the file still has its length: reading beyond would end the process."""
        return self._map.size() >= self.layout.file_size


def create(path: Path, layout: Layout) -> CacheFile:
    """Makes a cache file without images.

    Args:
        path: Where; nothing may be there.
        layout: Its header.

    Returns:
        The file, open for reading and writing.

    Raises:
        OSError: If it cannot be made.
    """
    opened = OpenFile(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        os.ftruncate(opened.descriptor, layout.file_size)
        write_at(opened.descriptor, memoryview(layout.header), 0)
        return CacheFile(path, opened)
    except BaseException:
        opened.close()
        raise


def _mapped(path: Path, descriptor: int, size: int) -> mmap.mmap:
    """Maps a file through a descriptor of its own.

    A map keeps a copy of its descriptor, and with it the lock, for as long as anybody has images.
    """
    own = OpenFile(path, os.O_RDONLY)
    try:
        status = os.fstat(own.descriptor)
        if not os.path.samestat(status, os.fstat(descriptor)):
            raise FormatError("replaced at this moment")
        if status.st_size < size:
            raise FormatError(f"damaged: {status.st_size:,} of {size:,} bytes are there")
        return mmap.mmap(own.descriptor, size, access=mmap.ACCESS_READ)
    finally:
        own.close()
