"""Keeping a folder of results to one run at a time."""

from __future__ import annotations

import os
import weakref
from contextlib import suppress
from pathlib import Path

from batchwarp.console.errors import UsageError
from batchwarp.files.cache.system import OpenFile, try_lock

__all__ = ["Claim"]

LOCK_FILE = ".lock"


class Claim:
    """The right to write to a folder of results, until it is released or the process ends.

    The lock is the operating system's, so one of a run that was killed is in nobody's way; the file
    that it is on stays, unless nothing else has been written to a folder that was made for it.

    Args:
        folder: The folder, which is made if need be.

    Raises:
        UsageError: If the folder cannot be made or written to, or another run has claimed it.
    """

    def __init__(self, folder: Path) -> None:
        try:
            made = not folder.exists()
            folder.mkdir(parents=True, exist_ok=True)
            opened = OpenFile(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            reason = error.strerror or error
            raise UsageError(f"argument --out: cannot write to {folder}: {reason}") from error
        self._release = weakref.finalize(self, _release, opened, folder if made else None)
        if not _locked(opened):
            self.release()
            raise UsageError(f"argument --out: another run is at work in {folder}")

    def release(self) -> None:
        """Lets other runs in."""
        self._release()


def _release(opened: OpenFile, made: Path | None) -> None:
    """Gives up a lock, and removes the folder that was made for it if there is nothing in it."""
    if opened.descriptor < 0:  # in a forked child, which has no say
        return
    opened.close()
    if made is not None and [path.name for path in made.glob("*")] == [LOCK_FILE]:
        with suppress(OSError):
            (made / LOCK_FILE).unlink()
            made.rmdir()


def _locked(opened: OpenFile) -> bool:
    """Locks a file; returns whether nobody else has done so, which not all file systems can say."""
    try:
        return try_lock(opened.descriptor)
    except OSError:
        return True
