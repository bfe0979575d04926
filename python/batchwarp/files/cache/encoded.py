"""The cache of files as they are, on disk."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from batchwarp.files.ahead import touch_file
from batchwarp.files.cache.budget import Budget
from batchwarp.files.cache.stored import StoredSlots, is_settled
from batchwarp.files.cache.system import describe
from batchwarp.files.decode import read_file

__all__ = ["EncodedCache"]


class EncodedCache(StoredSlots):
    """The bytes of files, one behind the other in one file, which processes share.

    It does not matter to what size or in which way they are decoded.

    Args:
        folder: As of `StoredSlots`.
        paths: See there.
        root: See there.
        budget: See there.

    Raises:
        ValueError: As of `StoredSlots`.
    """

    def __init__(
        self,
        folder: str | Path,
        paths: Sequence[str],
        root: str = "",
        budget: Budget | None = None,
    ) -> None:
        super().__init__(folder, paths, None, {"format": "encoded"}, root, budget)

    def read(self, index: int) -> tuple[bytes, tuple[int, int]]:
        """Reads a file, from the store if it is there; else it is there from now on.

        Args:
            index: Integer, the sample.

        Returns:
            Tuple of its bytes and its signature, `(st_size, st_mtime_ns)`.

        Raises:
            OSError: If it cannot be read.
        """
        number = self._samples.file(index)
        if self._slots[number] < 0 and self._candidates[number] < 0:
            self._look_for_more()
        if self._is_known(number):
            record = self._records[number].copy()
            data = self._kept(number, record)
            if data is not None:
                return data, (int(record["size"]), int(record["mtime_ns"]))
        data, signature = read_file(self._arguments["paths"][index])
        if not self._is_known(number) and len(data) == signature[0] and is_settled(signature[1]):
            self._add(number, memoryview(data), signature)
        return data, signature

    def touch(self, index: int) -> None:
        """Reads a file, from where `read` does, to have it in the system's memory.

        Args:
            index: Integer, the sample.

        Raises:
            OSError: If it cannot be read.
        """
        number = self._samples.file(index)
        if self._is_known(number):
            self._data_of(self._records[number])
        else:
            touch_file(self._arguments["paths"][index])

    def _kept(self, number: int, record: np.void) -> bytes | None:
        """Returns what the store has of a file, checked if nobody has yet; `None` for nothing."""
        slot = int(self._slots[number])
        try:
            data = self._data_of(record)
        except OSError as error:
            self._warn(f"cannot be read: {describe(error)}")
            return None
        if slot >= 0:
            return data if len(data) == record["length"] else None
        candidate = int(self._candidates[number])
        if candidate < 0:
            return None
        if self._is_sound(data, record):
            self._publish(number, candidate)
            return data
        self._forget(number, candidate)
        return None

    def _data_of(self, record: np.void) -> bytes:
        store = self._store
        return b"" if store is None else store.read(int(record["offset"]), int(record["length"]))

    @staticmethod
    def _is_sound(data: bytes, record: np.void) -> bool:
        return len(data) == int(record["length"]) and zlib.crc32(data) == int(record["crc32"])

    def _holds(self, slot: int, record: np.void) -> bool:  # noqa: ARG002 - for images
        try:
            return self._is_sound(self._data_of(record), record)
        except OSError as error:
            self._warn(f"cannot be read: {describe(error)}")
            return False
