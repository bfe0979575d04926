"""Errors of the system that say nothing of the file at hand: another time it could be read."""

from __future__ import annotations

import errno
import os

from batchwarp.errors import ImageFileError

__all__ = ["raise_shortage"]

_TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)


def raise_shortage(error: Exception, path: str) -> None:
    """Raises an error that is no fault of a file; returns if it may be one.

    What goes on after files that cannot be read must not act on those, or good images would be
    passed over without a word.

    Args:
        error: What reading the file, or listing the folder, raised.
        path: String, its path.

    Raises:
        OSError: If too many files are open.
        MemoryError: If there is too little memory.
    """
    cause: BaseException | None = error
    while isinstance(cause, ImageFileError):
        cause = cause.__cause__
    number = cause.errno if isinstance(cause, OSError) else None
    if number in _TOO_MANY_FILES:
        assert number is not None
        raise OSError(number, os.strerror(number), path) from error
    # Pillow's codecs say it in words.
    in_words = isinstance(cause, OSError) and "out of memory" in str(cause)
    if isinstance(cause, MemoryError) or number == errno.ENOMEM or in_words:
        raise MemoryError(f"{path}: {str(cause) or 'out of memory'}") from error
