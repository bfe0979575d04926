"""Letting Ctrl-C through only where nothing is lost by it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

__all__ = ["InterruptGate"]


class InterruptGate:
    """Holds back Ctrl-C for a while; a context manager that is active in the main thread only."""

    def __init__(self) -> None:
        self._held = False
        self._pending = False
        self._before: Callable[[int, FrameType | None], object] | int | None = None
        self._active = False

    def hold(self) -> None:
        """Holds back interruptions from now on."""
        self._held = True

    def release(self) -> None:
        """Lets interruptions through again.

        Raises:
            KeyboardInterrupt: If there was one in the meantime.
        """
        self._held = False
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._held:
            self._pending = True
        else:
            signal.default_int_handler(number, frame)

    def __enter__(self) -> None:
        self._before = signal.getsignal(signal.SIGINT)
        # Somebody else's handler, or none, stays: there is no KeyboardInterrupt to hold back then.
        self._active = (
            threading.current_thread() is threading.main_thread()
            and self._before is signal.default_int_handler
        )
        if self._active:
            signal.signal(signal.SIGINT, self._handle)

    def __exit__(self, *_: object) -> None:
        if self._active:
            signal.signal(signal.SIGINT, self._before)
