"""Threads that read and decode files, which OpenCV and Pillow do without the GIL."""

from __future__ import annotations

import atexit
import threading
from collections import deque
from collections.abc import Callable

from batchwarp import _forks
from batchwarp._signals import let_through
from batchwarp._threads import NOT_STARTED, Shortage
from batchwarp._warnings import Caught, collected, issue
from batchwarp.runtime import get_num_threads


class _Job:
    """One call of `for_each`: numbers for whoever comes.

    Attributes:
        seats: Integer, how many helpers may still join; 0 once the caller has done its part.
        inside: Integer, how many helpers have joined and not yet left.
        error: What a helper's work raised first, or `None`.
        caught: List of the warnings of all threads.
    """

    def __init__(self, work: Callable[[int], None], count: int, seats: int) -> None:
        self._work = work
        self._pending = deque(range(count))
        self.seats = seats
        self.inside = 0
        self.error: BaseException | None = None
        self.caught: list[Caught] = []

    @property
    def has_room(self) -> bool:
        return self.seats > 0 and bool(self._pending)

    def drain(self) -> None:
        """Takes numbers until none is left."""
        pending, work = self._pending, self._work
        with collected(self.caught):
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

    def give_up(self) -> None:
        self.seats = 0
        self._pending.clear()


class _Helpers:
    """Threads besides the caller's, made when they are needed for the first time.

    Work is not queued for a thread: jobs are on show, and a thread that is awake joins one. So
    nobody waits for a thread that was never started or has ended, and no thread begins with the
    work of a caller that has left. A thread that has ended is replaced.
    """

    def __init__(self) -> None:
        lock = threading.Lock()
        self._wake = threading.Condition(lock)  # there is a job, or the end
        self._left = threading.Condition(lock)  # a helper has left its job
        self._jobs: list[_Job] = []
        self._threads: list[threading.Thread] = []
        self._ending = False

    def provide(self, count: int, shortage: Shortage) -> None:
        """Starts threads until there are `count`, or says that the system starts no more."""
        refused = None
        with self._wake:
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            while len(self._threads) < count and not self._ending and refused is None:
                refused = self._start()
            running = len(self._threads)
        if refused is not None:
            shortage.tell(refused, f"files are read by {running + 1} of {count + 1} threads")

    def _start(self) -> BaseException | None:
        """Starts a thread, or returns why that cannot be."""
        name = f"batchwarp-files_{len(self._threads)}"
        thread = threading.Thread(target=self._serve, name=name, daemon=True)  # `end` joins it
        try:
            thread.start()
        except NOT_STARTED as error:
            let_through(error)
            return error.with_traceback(None)
        self._threads.append(thread)
        return None

    def show(self, job: _Job) -> None:
        """Lets threads join a job."""
        with self._wake:
            self._jobs.append(job)
            self._wake.notify(job.seats)

    def finish(self, job: _Job) -> None:
        """Lets no more threads join a job, and waits for those that have."""
        with self._left:
            job.give_up()
            if job in self._jobs:
                self._jobs.remove(job)
            self._left.wait_for(lambda: job.inside == 0)

    def end(self) -> None:
        """Ends all threads, once they have finished what they are at."""
        with self._wake:
            self._ending = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while (job := self._next_job()) is not None:
            try:
                job.drain()
            except BaseException as error:  # noqa: BLE001 - the caller raises it
                if job.error is None:
                    job.error = error
            finally:
                with self._left:
                    job.inside -= 1
                    self._left.notify_all()
            del job  # which refers to a batch's memory

    def _next_job(self) -> _Job | None:
        """Waits for a job and joins it; `None` at the end."""
        with self._wake:
            while not self._ending:
                for job in self._jobs:
                    if job.has_room:
                        job.seats -= 1
                        job.inside += 1
                        return job
                self._wake.wait()
        return None


_helpers = _Helpers()
_process_wide = Shortage()


@_forks.call_after_fork
def _forget() -> None:
    global _helpers  # a forked child has none of its parent's threads
    _helpers = _Helpers()


@atexit.register
def _end() -> None:
    """Ends the threads while there still is an interpreter for them."""
    _helpers.end()


def for_each(work: Callable[[int], None], count: int, shortage: Shortage | None = None) -> None:
    """Calls a function for each of some numbers, on as many threads as `get_num_threads` says.

    The calling thread is one of them. Numbers are handed out one at a time, lowest first. Warnings
    are issued by the calling thread once all have stopped. Where the system does not start so many
    threads, those that it does start do all.

    Args:
        work: Function of one integer. An exception that it raises keeps numbers that have not been
            handed out from being so, and is raised here once all threads have stopped.
        count: Integer, the numbers are `range(count)`.
        shortage: What says that threads could not be started; `None` for a word once a process.
    """
    extra = min(get_num_threads(), count) - 1
    job, helpers = _Job(work, count, extra), _helpers
    try:
        if extra > 0:
            helpers.provide(extra, shortage or _process_wide)
            helpers.show(job)
        job.drain()
    finally:  # after Ctrl-C, too, nobody writes into memory that the caller has given up
        if extra > 0:
            helpers.finish(job)
        issue(job.caught)
    error, job.error = job.error, None
    if error is not None:
        try:
            raise error
        finally:
            del error  # it refers to this frame
