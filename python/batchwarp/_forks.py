"""What a forked child puts right before it goes on.

A child has one thread, the one that called `fork`, and the memory as it was at that moment. What
the parent's other threads were about is never finished there, and a lock that they held is held for
ever. Whatever has a lock, a thread or borrowed goods says here how a child renews it.
"""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 - its locks must be taken after `_finish_imports`
import importlib
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

__all__ = ["call_after_fork", "importing", "renew", "watch"]

# Libraries are imported where they are first used, perhaps in a thread. A child could not go on
# with half a module, so a fork waits. These can be waited for by importing them once more.
_LIBRARIES = ("keras", "tensorflow")
_WITH_LATE_PARTS = ("PIL.", "numpy.")
# To be held while others are imported, that replace themselves in `sys.modules` or go on importing,
# and while parts of this package are, or of Python, when they are first asked for.
importing = threading.RLock()
_PATIENCE = 10.0

_FEW = 64


class Watched(Protocol):
    """An object that is put right after a fork."""

    def _after_fork(self) -> None:
        """Is called in the child by its only thread."""


# By the references' addresses. They have no callback: that would be Python code, which runs
# anywhere, and Ctrl-C would be lost in it.
_watched: dict[int, weakref.ref[Any]] = {}
_enough = _FEW
_functions: list[Callable[[], None]] = []


def watch(instance: Watched) -> None:
    """Has the `_after_fork()` of an object called in every forked child.

    Args:
        instance: The object; it is not kept alive.
    """
    global _enough
    reference = weakref.ref(instance)
    _watched[id(reference)] = reference
    if len(_watched) > _enough:
        for key, known in list(_watched.items()):
            if known() is None:
                _watched.pop(key, None)
        _enough = max(_FEW, 2 * len(_watched))


def call_after_fork(function: Callable[[], None]) -> Callable[[], None]:
    """Has a function without arguments called in every forked child; a decorator."""
    _functions.append(function)
    return function


def renew(lock: Any) -> None:
    """Frees a lock that a thread of the parent held.

    Args:
        lock: A `threading.RLock` or `threading.Lock`. An `RLock` stays held by the thread that
            forked if that held it; of a `Lock` nobody knows who did.
    """
    if lock.acquire(blocking=False):
        lock.release()
    elif hasattr(lock, "_at_fork_reinit"):
        lock._at_fork_reinit()


def _finish_imports() -> None:
    """Waits for other threads to finish importing what this package imports late."""
    end = time.monotonic() + _PATIENCE  # not for ever: they may wait for this thread
    importing.acquire(timeout=_PATIENCE)
    while time.monotonic() < end and (names := list(filter(_is_importing, list(sys.modules)))):
        for name in names:
            with suppress(Exception):  # whoever needs it will see it, too
                importlib.import_module(name)


def _is_importing(name: str) -> bool:
    """Whether a module that this package imports late has been begun, and not yet finished."""
    if name not in _LIBRARIES and not name.startswith(_WITH_LATE_PARTS):
        return False
    specification = getattr(sys.modules.get(name), "__spec__", None)
    return bool(getattr(specification, "_initializing", False))


def _let_import() -> None:
    with suppress(RuntimeError):  # it was not to be had
        importing.release()


def _in_child() -> None:
    _let_import()
    renew(importing)
    for function in _functions:
        function()
    for reference in list(_watched.values()):
        instance = reference()
        if instance is not None:
            instance._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_finish_imports, after_in_parent=_let_import, after_in_child=_in_child
    )
