"""Warnings that point at the line of the user's program that they are about.

Threads of the package have no such line. What is warned of in one is collected there, and issued by
the thread that waits for the work: at the user's line, and as an error there if the user wants it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import warnings
from types import FrameType
from typing import Any, NamedTuple

# Files whose frames are passed over; `contextlib` calls the package's context managers.
_PASSED_OVER = (os.path.join(os.path.dirname(__file__), ""), contextlib.__file__)  # noqa: PTH118, PTH120 - compared with strings

_active = threading.local()  # has `collected`, the innermost of the thread


class Place(NamedTuple):
    """A line of a program, as `warnings.warn_explicit` takes it.

    Attributes:
        filename: String, the path of the file.
        lineno: Integer, the number of the line.
        module: String, the name of the module.
        registry: Dictionary of the module's, in which Python keeps what has been shown.
    """

    filename: str
    lineno: int
    module: str
    registry: dict[Any, Any]


class Caught(NamedTuple):
    """A warning that is still to be issued.

    Attributes:
        message: As for `warn`.
        category: As for `warn`.
        place: Where in a function of the user's it belongs, or `None` if none was running.
    """

    message: str
    category: type[Warning]
    place: Place | None


class collected:
    """Context manager that collects what `warn` is told on this thread, for `issue`.

    Args:
        into: List that the warnings are appended to; blocks on several threads may share one.
    """

    __slots__ = ("_outer", "frame", "into")

    def __init__(self, into: list[Caught]) -> None:
        self.into = into
        self.frame: FrameType | None = None
        self._outer: collected | None = None

    def __enter__(self) -> None:
        self.frame = sys._getframe(1)
        self._outer = _around()
        _active.collected = self

    def __exit__(self, *_: object) -> None:
        _active.collected = self._outer
        self.frame = None  # which would keep all that its function refers to


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Issues a warning at the innermost frame that is not this package's.

    Args:
        message: String.
        category: Class of the warning.

    Raises:
        Warning: If the user has turned such warnings into errors, and is not in `collected`.
    """
    _deliver(Caught(message, category, _place(sys._getframe(1))))


def issue(caught: list[Caught], place: Place | None = None) -> None:
    """Issues warnings that were collected, on the thread and at the line of the caller.

    Args:
        caught: The warnings; the list is emptied.
        place: What stands for the caller's line on a thread that has no frame of the user's.

    Raises:
        Warning: As `warn`; the others are dropped then.
    """
    if not caught:
        return
    found, caught[:] = caught[:], []
    place = place or _place(sys._getframe(1))
    for warning in found:
        _deliver(warning if warning.place else warning._replace(place=place))


def caller() -> Place:
    """Returns the line of the innermost frame that is not this package's."""
    return _line(_outside(sys._getframe(1)))


def _deliver(warning: Caught) -> None:
    """Issues a warning, or leaves that to who collects on this thread."""
    around = _around()
    if around is not None:
        around.into.append(warning)
        return
    assert warning.place is not None
    warnings.warn_explicit(warning.message, warning.category, *warning.place)


def _around() -> collected | None:
    """Returns the innermost block of the thread; not one whose end Ctrl-C has left out."""
    around: collected | None = getattr(_active, "collected", None)
    while around is not None and not _is_running(around.frame):
        around = _active.collected = around._outer
    return around


def _is_running(wanted: FrameType | None) -> bool:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame is not wanted:
        frame = frame.f_back
    return frame is not None


def _place(frame: FrameType) -> Place | None:
    """Returns the caller's line; in a block of `collected` only if the block has called it."""
    around = _around()
    if around is None:
        return _line(_outside(frame))
    found = _outside(frame, around.frame)
    return None if found is around.frame else _line(found)


def _outside(frame: FrameType, end: FrameType | None = None) -> FrameType:
    """Returns the innermost frame that is not passed over, or the last one, `end` or outermost."""
    while frame is not end and frame.f_code.co_filename.startswith(_PASSED_OVER):
        if frame.f_back is None:
            break
        frame = frame.f_back
    return frame


def _line(frame: FrameType) -> Place:
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    module = frame.f_globals.get("__name__") or "<string>"
    return Place(frame.f_code.co_filename, frame.f_lineno, module, registry)
