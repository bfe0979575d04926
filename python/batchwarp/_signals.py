"""Exceptions that come from outside: a handler of a signal may raise one anywhere.

`KeyboardInterrupt` and `SystemExit` pass where only an `Exception` is caught. What else users' own
handlers raise, a `TimeoutError` of an alarm, say, must not be taken for the fault of a file.
"""

from __future__ import annotations

import functools
import signal  # at the top: who has given up rights since then may import nothing more
import threading
import traceback
from types import CodeType
from typing import Any

__all__ = ["let_through"]


def let_through(error: BaseException) -> None:
    """Does nothing, unless the handler of a signal has raised the error.

    Args:
        error: An exception that was caught.

    Raises:
        BaseException: The error, if it came from a handler; or what came from a handler in its
            place, if the error is what became of that on its way, in a lock of Python's, say.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # there, Python runs no handlers
    handlers = {_code(signal.getsignal(number)) for number in signal.valid_signals()} - {None}
    passed = {frame for frame, _ in traceback.walk_tb(error.__traceback__)}
    found: BaseException | None = error
    while found is not None:
        frames = [frame for frame, _ in traceback.walk_tb(found.__traceback__)]
        if not frames or frames[0] not in passed:
            return  # what was being handled when all this began
        if isinstance(found, KeyboardInterrupt) or any(f.f_code in handlers for f in frames):
            raise found
        found = found.__context__


def _code(handler: Any) -> CodeType | None:
    """Returns the code that Python runs for a handler, or `None` if that is not Python's."""
    if isinstance(handler, functools.partial):
        return _code(handler.func)
    for function in (handler, vars(type(handler)).get("__call__")):  # or an object of the user's
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType):
            return code
    return None
