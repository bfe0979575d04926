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
        left: Lock that is open once all have, after `give_up`.
        pending: Deque of the numbers that nobody has taken.
        error: What a helper's work raised first, or `None`.
        caught: List of the warnings of all threads.
    """

    def __init__(self, work: Callable[[int], None], count: int, seats: int) -> None:
        self._work = work
        self.pending = deque(range(count))
        self.seats = seats
        self.inside = 0
        self.left = threading.Lock()
        self.left.acquire()
        self.error: BaseException | None = None
        self.caught: list[Caught] = []

    @property
    def has_room(self) -> bool:
        return self.seats > 0 and bool(self.pending)

    def drain(self) -> None:
        """Takes numbers until none is left."""
        pending, work = self.pending, self._work
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
        self.pending.clear()


class _Helpers:
    """Threads besides the caller's, made when they are needed for the first time.

    Work is not queued for a thread: jobs are on show, and a thread that is awake joins one. So
    nobody waits for a thread that was never started or has ended, and no thread begins with the
    work of a caller that has left. A thread that has ended is replaced.
    """

    def __init__(self) -> None:
        # Taken as it is, not through a condition: Ctrl-C may come before a function of Python's
        # returns, and one that takes a lock would keep it.
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)  # there is a job, or the end
        self._jobs: list[_Job] = []
        self._threads: list[threading.Thread] = []
        self._ending = False

    def provide(self, count: int, shortage: Shortage) -> None:
        """Starts threads until there are `count`, or says that the system starts no more."""
        refused = None
        with self._lock:
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
        self._threads.append(thread)  # first: after Ctrl-C it may run nevertheless
        try:
            thread.start()
        except NOT_STARTED as error:
            self._threads.remove(thread)
            let_through(error)
            return error.with_traceback(None)
        return None

    def show(self, job: _Job) -> None:
        """Lets threads join a job."""
        with self._lock:
            # Those that Ctrl-C kept from being finished are of no more use.
            self._jobs = [other for other in self._jobs if other.pending or other.inside]
            self._jobs.append(job)
            self._wake.notify(job.seats)

    def finish(self, job: _Job) -> None:
        """Lets no more threads join a job, and waits for those that have."""
        with self._lock:
            job.give_up()
            if job in self._jobs:
                self._jobs.remove(job)
            is_busy = job.inside > 0
        if is_busy:
            job.left.acquire()

    def end(self) -> None:
        """Ends all threads, once they have finished what they are at."""
        with self._lock:
            self._ending = True
            self._wake.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _serve(self) -> None:
        while (job := self._next_job()) is not None:
            try:
                job.drain()
            except BaseException as error:  # noqa: BLE001 - the caller raises it
                if job.error is None:
                    job.error = error
            finally:
                with self._lock:
                    job.inside -= 1
                    if job.inside == 0 and job.seats == 0:
                        job.left.release()
            del job  # which refers to a batch's memory

    def _next_job(self) -> _Job | None:
        """Waits for a job and joins it; `None` at the end."""
        with self._lock:
            while not self._ending:
                job = self._join()
                if job is not None:
                    return job
                self._wake.wait()
        return None

    def _join(self) -> _Job | None:
        """Joins a job that has room; no other one is kept, which refers to a batch's memory."""
        for job in self._jobs:
            if job.has_room:
                job.seats -= 1
                job.inside += 1
                return job
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
        job.pending.clear()
        if extra > 0:
            helpers.finish(job)
        issue(job.caught)
    error, job.error = job.error, None
    if error is not None:
        try:
            raise error
        finally:
            del error  # it refers to this frame
