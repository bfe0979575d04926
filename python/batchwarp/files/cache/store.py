"""One open store: its records and data are read here, and with a writer, added to."""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from batchwarp.files.cache.layout import (
    DATA_SUFFIX,
    LONGEST_HEADER,
    RECORD,
    FormatError,
    Layout,
    seals,
)
from batchwarp.files.cache.system import (
    OpenFile,
    mark_in_use,
    open_shared,
    read_at,
    try_lock,
    unlock,
    write_at,
)

__all__ = ["Store", "Writer", "data_path", "is_at"]

# Seconds. A lock is held for as long as it takes to write an image, but many may want it, and a
# process may be stopped while it has it.
_PATIENCE = 2.0
_PAUSE = 0.0005


def data_path(path: Path, salt: int) -> Path:
    """Returns the path of a store's data.

    Args:
        path: Of its index.
        salt: The index's: data that belong to another one have another name.
    """
    return path.with_name(f"{path.stem}.{salt:016x}{DATA_SUFFIX}")


def is_at(path: Path, descriptor: int) -> bool:
    """Whether an open file is still the one with this path."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


class Store:
    """A store that is open to be read.

    Its files stay open in forked children.

    Args:
        path: Of its index.
        like: What the images must be, None to take any.
        marks: Whether to mark it as in use for as long as it is open.

    Attributes:
        layout: The header.

    Raises:
        FormatError: If it is not a store of this version with such images.
        OSError: If it cannot be read.
    """

    def __init__(self, path: Path, like: Layout | None = None, *, marks: bool = True) -> None:
        self.path = path
        self._index = open_shared(path)
        self.layout = Layout.parse(read_at(self._index.number, LONGEST_HEADER, 0))
        if like is not None and not self.layout.fits(like):
            raise FormatError("made with other settings")
        self.data_path = data_path(path, self.layout.salt)
        try:
            self._data = open_shared(self.data_path)
        except FileNotFoundError:
            raise FormatError("damaged: the file of its data is missing") from None
        if marks:
            mark_in_use(self._data.number)

    def __len__(self) -> int:
        """Number of records, whole ones, whether they hold or not."""
        length = os.fstat(self._index.number).st_size - self.layout.index_offset
        return max(length, 0) // RECORD.itemsize

    @property
    def data_size(self) -> int:
        """Length of the data's file; some of it may never have been written."""
        return os.fstat(self._data.number).st_size

    def records(self, start: int, stop: int) -> tuple[NDArray[np.void], NDArray[np.int64]]:
        """Returns the records at some positions whose seal holds, and their positions, in order."""
        offset = self.layout.index_offset + start * RECORD.itemsize
        content = read_at(self._index.number, (stop - start) * RECORD.itemsize, offset)
        records = np.frombuffer(
            content[: len(content) // RECORD.itemsize * RECORD.itemsize], RECORD
        )
        positions = np.arange(start, start + len(records))
        holds = records["seal"] == seals(records, positions, self.layout.salt)
        return records[holds], positions[holds]

    def read(self, offset: int, length: int) -> bytes:
        """Returns data; fewer if the file has been cut.

        Raises:
            OSError: If they cannot be read.
        """
        return read_at(self._data.number, length, offset)

    def images(self) -> NDArray[np.uint8]:
        """Maps the data.

        Returns:
            uint8 array (n, height, width, channels), read-only: all images for which the file has
            room, whose pixels may yet come. It outlives the object.

        Raises:
            OSError, ValueError: If it cannot be mapped.
        """
        shape, size = self.layout.image_shape, self.layout.image_bytes
        assert shape is not None
        assert size is not None
        count = self.data_size // size
        if not count:
            return np.zeros((0, *shape), np.uint8)
        mapped = mmap.mmap(self._data.number, count * size, access=mmap.ACCESS_READ)
        return np.ndarray((count, *shape), np.uint8, mapped)

    def is_of(self, index: OpenFile) -> bool:
        """Whether an open file is the index of this store."""
        return os.path.samestat(os.fstat(index.descriptor), os.fstat(self._index.number))


class Writer:
    """What adds to a store, of all processes one at a time.

    Data are written with system calls and never through a map: a store into a page for which the
    disk has no room would end the process. In a forked child its files are closed.

    Args:
        store: The store.
        index: Its index, open for reading and writing.

    Raises:
        OSError: If the data cannot be opened.
    """

    def __init__(self, store: Store, index: OpenFile) -> None:
        self._layout = store.layout
        self._index = index
        self._data = OpenFile(store.data_path, os.O_RDWR)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Keeps others from adding, for a moment; yields whether this has come about.

        One thread at a time may ask.

        Raises:
            OSError: If the file system has no locks.
        """
        end = time.monotonic() + _PATIENCE
        try:
            while not (held := try_lock(self._index.descriptor)) and time.monotonic() < end:
                time.sleep(_PAUSE)
            yield held
        finally:  # also if Ctrl-C came before anybody knew that it is locked
            unlock(self._index.descriptor)

    def enlarge(self, size: int) -> None:
        """Gives the data's file a length, without writing to it; for `alone`.

        Raises:
            OSError: If it cannot have so much.
        """
        if os.fstat(self._data.descriptor).st_size < size:
            os.ftruncate(self._data.descriptor, size)

    def add(self, position: int, record: bytes, offset: int, data: memoryview) -> None:
        """Writes data, then their record, which makes them valid; for `alone`.

        Args:
            position: The number of records that there are: of one that was not written to its end
                nothing remains.
            record: The record.
            offset: Where the data go.
            data: Bytes.

        Raises:
            OSError: If they cannot be written; then there are as many records as before.
        """
        write_at(self._data.descriptor, data, offset)
        place = self._layout.index_offset + position * RECORD.itemsize
        write_at(self._index.descriptor, memoryview(record), place)
