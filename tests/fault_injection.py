"""Makes calls to the system fail in turn, and memory that nobody wrote to look like it."""

from __future__ import annotations

import errno
import genericpath
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

import batchwarp
from batchwarp import _core

INJECTED = "an injected fault"
_PACKAGE = str(Path(batchwarp.__file__).parent)
_DEEPEST = 6  # frames between the package and a call of the system


def system_error(number: int) -> OSError:
    return OSError(number, f"{os.strerror(number)}, {INJECTED}")


class Fault:
    """One call of many, made by the package, that fails.

    Args:
        patch: pytest's `monkeypatch`.
        owner: The module or class that has the function.
        name: The function's name.
        error: Makes the error.
        number: Which call fails, from 1; calls from outside the package are not counted.
        lasting: Whether all later calls fail, too, until the fault is over.
    """

    def __init__(
        self,
        patch: Any,
        owner: Any,
        name: str,
        error: Callable[[], BaseException],
        number: int,
        lasting: bool = False,
    ) -> None:
        self.fired = 0
        self.over = False
        calls, lock = 0, threading.Lock()
        original = getattr(owner, name)

        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            if not self.over and _is_from_package():
                with lock:
                    calls += 1
                    fails = calls == number or (lasting and calls > number)
                    self.fired += fails
                if fails:
                    raise error()
            return original(*arguments, **options)

        patch.setattr(owner, name, call)


def _is_from_package() -> bool:
    frame = sys._getframe(2)
    if (
        frame.f_code.co_filename == genericpath.exists.__code__.co_filename
    ):  # to its questions, an error is a no
        return False
    for _ in range(_DEEPEST):
        if frame is None:
            return False
        if frame.f_code.co_filename.startswith(_PACKAGE):
            return True
        frame = frame.f_back
    return False


def names_it(error: BaseException | None) -> bool:
    """Whether an error, or what it comes from, is an injected one, or has its words."""
    while error is not None:
        if INJECTED in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def poison(array: np.ndarray) -> np.ndarray:
    """Fills an array with what no image has."""
    if array.dtype.kind in "biuf" and array.size:
        array.reshape(-1).view(np.uint8)[...] = 0xAB
    return array


class PoisonedPool(_core.BufferPool):
    """A pool whose memory never looks written when it is handed out."""

    def empty(self, shape: Any, dtype: Any) -> Any:
        return poison(super().empty(shape, dtype))


def poison_memory(patch: Any) -> None:
    """Poisons what pools hand out and what is allocated without being written."""
    empty, empty_like = np.empty, np.empty_like
    patch.setattr(_core, "BufferPool", PoisonedPool)
    patch.setattr(np, "empty", lambda *a, **k: poison(empty(*a, **k)))
    patch.setattr(np, "empty_like", lambda *a, **k: poison(empty_like(*a, **k)))


def points() -> dict[str, tuple[Any, str, Callable[[], BaseException]]]:
    """Returns where faults are injected: owner, name, and what makes the error."""
    import mmap

    import cv2
    from PIL import Image

    def out_of_memory() -> BaseException:
        return MemoryError(INJECTED)

    found: dict[str, tuple[Any, str, Callable[[], BaseException]]] = {
        "Thread.start": (
            threading.Thread, "start", lambda: RuntimeError(f"can't start new thread, {INJECTED}")
        ),
        "Thread.start, memory": (threading.Thread, "start", out_of_memory),
        "pool": (PoisonedPool, "empty", out_of_memory),
        "decode_jpeg": (_core, "decode_jpeg", out_of_memory),
        "imdecode": (cv2, "imdecode", out_of_memory),
        "imdecode, OpenCV": (cv2, "imdecode", lambda: cv2.error(INJECTED)),
        "Image.open": (Image, "open", out_of_memory),
        "Image.open, damage": (Image, "open", lambda: ValueError(INJECTED)),
        "mmap": (mmap, "mmap", lambda: system_error(errno.ENOMEM)),
        "make_files": (_core, "make_files", out_of_memory),
        "make_sized_files": (_core, "make_sized_files", out_of_memory),
        "augment_batch": (_core, "augment_batch", out_of_memory),
        "resize": (_core, "resize", out_of_memory),
    }  # fmt: skip
    for name in ("empty", "zeros", "full", "arange", "concatenate", "ascontiguousarray"):
        found[f"np.{name}"] = (np, name, out_of_memory)
    for name, number in {
        "open": errno.EMFILE,
        "read": errno.EIO,
        "pread": errno.EIO,
        "pwrite": errno.ENOSPC,
        "fstat": errno.EIO,
        "stat": errno.EIO,
        "ftruncate": errno.ENOSPC,
        "replace": errno.ENOSPC,
        "unlink": errno.EBUSY,
        "utime": errno.EPERM,
        "mkdir": errno.ENOSPC,
        "scandir": errno.EMFILE,
    }.items():
        with suppress(AttributeError):
            getattr(os, name)
            found[f"os.{name}"] = (os, name, lambda number=number: system_error(number))
    with suppress(ImportError):
        import fcntl

        found["flock"] = (fcntl, "flock", lambda: system_error(errno.ENOLCK))
    return found
