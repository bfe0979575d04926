"""What differs between operating systems: locks, and reading and writing at a place of a file."""

from __future__ import annotations

import os
import sys
import threading

__all__ = ["OPEN_FLAGS", "describe", "read_at", "try_lock", "write_at"]

if sys.platform == "win32":
    import msvcrt

    OPEN_FLAGS = os.O_BINARY
    # Locks of Windows keep others from reading: beyond the end there is nothing to read.
    _LOCKED_BYTE = 1 << 62
    _seeking = threading.Lock()

    def try_lock(descriptor: int) -> bool:
        """Locks a file until the descriptor is closed, unless somebody else has it locked."""
        with _seeking:
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except PermissionError:
                return False
        return True

    def _read(descriptor: int, size: int, offset: int) -> bytes:
        with _seeking:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.read(descriptor, size)

    def _write(descriptor: int, data: memoryview, offset: int) -> int:
        with _seeking:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.write(descriptor, data)

else:
    import fcntl

    OPEN_FLAGS = 0

    def try_lock(descriptor: int) -> bool:
        """Locks a file until the descriptor is closed, unless somebody else has it locked.

        `flock` belongs to the open file, so that two descriptors of one process exclude each other.

        Args:
            descriptor: The open file.

        Returns:
            Whether it is locked now.

        Raises:
            OSError: If the file system has no locks.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    _read = os.pread
    _write = os.pwrite


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """Returns up to `size` bytes of a file from an offset; fewer only at its end."""
    parts = []
    while size and (part := _read(descriptor, size, offset)):
        parts.append(part)
        size -= len(part)
        offset += len(part)
    return b"".join(parts)


def write_at(descriptor: int, data: memoryview, offset: int) -> None:
    """Writes all of `data`, bytes, to a file at an offset.

    Raises:
        OSError: If it cannot be written, as on a full disk; a part of it may have been.
    """
    while data:
        written = _write(descriptor, data, offset)
        data = data[written:]
        offset += written


def describe(error: OSError) -> str:
    """Returns the reason of an error in the system's words, without the path."""
    return error.strerror or str(error)
