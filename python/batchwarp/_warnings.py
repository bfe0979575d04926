"""Warnings that point at the line of the user's program that they are about."""

from __future__ import annotations

import os
import sys
import warnings
from itertools import count

_PACKAGE = os.path.join(os.path.dirname(__file__), "")  # noqa: PTH118, PTH120 - compared with strings


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Issues a warning at the innermost frame that is not this package's.

    Args:
        message: String.
        category: Class of the warning.
    """
    warnings.warn(message, category, stacklevel=_level_of_caller())


def _level_of_caller() -> int:
    """Returns `stacklevel` for `warnings.warn` in the function that calls this one."""
    frame = sys._getframe(2)
    for level in count(2):
        outside = not frame.f_code.co_filename.startswith(_PACKAGE)
        if outside or frame.f_back is None:
            return level
        frame = frame.f_back
    raise AssertionError("a stack has an end")
