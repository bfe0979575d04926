"""Threads that read and decode files, which OpenCV and Pillow do without the GIL."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from batchwarp import _forks
from batchwarp._warnings import Caught, collected, issue
from batchwarp.runtime import get_num_threads


class _Helpers:
    """Threads besides the caller's, made when they are needed for the first time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._size = 0

    def submit(self, task: Callable[[], None], count: int) -> list[Future[None]]:
        with self._lock:
            if self._executor is None or self._size < count:
                if self._executor is not None:
                    self._executor.shutdown(wait=False)  # what runs there ends by itself
                self._executor = ThreadPoolExecutor(count, thread_name_prefix="batchwarp-files")
                self._size = count
            try:
                return [self._executor.submit(task) for _ in range(count)]
            except RuntimeError:  # the interpreter is about to exit: the caller works alone
                return []


_helpers = _Helpers()


@_forks.call_after_fork
def _forget() -> None:
    global _helpers  # a forked child has none of its parent's threads
    _helpers = _Helpers()


def for_each(work: Callable[[int], None], count: int) -> None:
    """Calls a function for each of some numbers, on as many threads as `get_num_threads` says.

    The calling thread is one of them. Numbers are handed out one at a time, lowest first. Warnings
    are issued by the calling thread once all have stopped.

    Args:
        work: Function of one integer. An exception that it raises keeps numbers that have not been
            handed out from being so, and is raised here once all threads have stopped.
        count: Integer, the numbers are `range(count)`.
    """
    pending = deque(range(count))
    warned: list[Caught] = []

    def drain() -> None:
        with collected(warned):
            while True:
                try:
                    number = pending.popleft()
                except IndexError:
                    return
                try:
                    work(number)
                except BaseException:
                    pending.clear()
                    raise

    extra = min(get_num_threads(), count) - 1
    helpers = _helpers.submit(drain, extra) if extra > 0 else []
    try:
        drain()
    finally:  # after Ctrl-C, too, nobody writes into memory that the caller has given up
        pending.clear()
        for helper in helpers:
            if not helper.cancel():
                helper.result()
        issue(warned)
