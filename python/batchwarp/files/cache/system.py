"""What differs between operating systems: locks, and reading and writing at a place of a file."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

from batchwarp import _core, _forks
from batchwarp._signals import let_through

__all__ = [
    "OpenFile",
    "describe",
    "in_use",
    "mark_in_use",
    "open_shared",
    "read_at",
    "try_lock",
    "unlock",
    "write_at",
]

if sys.platform == "win32":
    import msvcrt

    _OPEN_FLAGS = os.O_BINARY
    # Locks of Windows keep others from reading: beyond the end there is nothing to read.
    _LOCKED_BYTE = 1 << 62
    _seeking = threading.Lock()

    def try_lock(descriptor: int) -> bool:
        """Locks a file until it is unlocked or closed, unless somebody else has it locked."""
        with _seeking:
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except PermissionError:
                return False
        return True

    def unlock(descriptor: int) -> None:
        """Gives up the lock on a file, if there is one."""
        with _seeking, suppress(OSError):
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    def mark_in_use(descriptor: int) -> None:
        """Has `in_use` say so of a file for as long as it is open; not on Windows."""

    def in_use(path: Path) -> bool:  # noqa: ARG001
        """Whether a process has a file open that it marked; nobody knows on Windows."""
        return False

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

    _OPEN_FLAGS = 0

    def try_lock(descriptor: int) -> bool:
        """Locks a file until it is unlocked or closed, unless somebody else has it locked.

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

    def unlock(descriptor: int) -> None:
        """Gives up the lock on a file, if there is one."""
        with suppress(OSError):  # of systems that have no locks, and of files that were closed
            fcntl.flock(descriptor, fcntl.LOCK_UN)

    def mark_in_use(descriptor: int) -> None:
        """Has `in_use` say so of a file for as long as it is open."""
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def in_use(path: Path) -> bool:
        """Whether a process has a file open that it marked."""
        try:
            opened = OpenFile(path, os.O_RDONLY)
        except OSError:
            return False
        try:
            return not try_lock(opened.descriptor)
        except OSError:
            return False
        finally:
            opened.close()

    _read = os.pread
    _write = os.pwrite


def open_shared(path: Path) -> _core.Descriptor:
    """Opens a file to be read, in forked children, too; it is closed with the last reference.

    Raises:
        OSError: If it cannot be opened.
    """
    return _core.Descriptor(os.open(path, os.O_RDONLY | _OPEN_FLAGS))


class OpenFile:
    """An open file, and perhaps the lock on it, closed with the last reference at the latest.

    In a forked child it is closed, or the child would keep the lock for as long as it lives.

    Args:
        path: The file.
        flags: As for `os.open`.

    Raises:
        OSError: If it cannot be opened.
    """

    def __init__(self, path: Path, flags: int) -> None:
        self._owner = _core.Descriptor(os.open(path, flags | _OPEN_FLAGS, 0o666))
        _forks.watch(self)

    @property
    def descriptor(self) -> int:
        """The file's descriptor; -1 once the file has been closed."""
        return self._owner.number

    def close(self) -> None:
        """Closes it, which gives up the lock; may be called again."""
        self._owner.close()

    def _after_fork(self) -> None:
        self._owner.close_copy()


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
    """Returns what the system says, without the path.

    Raises:
        OSError: The error, if it is not the system's but was raised by the handler of a signal.
    """
    let_through(error)
    return error.strerror or str(error)
