"""How threads spend their time: at work, waiting for the GIL, waiting for each other."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

PAUSE = 5e-4  # seconds that the probe sleeps, without the GIL
CERTAIN = 2e-5  # seconds beyond its usual delay, from which on the probe has waited for the GIL
QUIET = 0.1  # seconds that the usual delay is measured for
_THREADS = Path("/proc/self/task")


def has_gil() -> bool:
    """Returns whether this interpreter has a GIL, as all but free-threaded ones have."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


@dataclass(frozen=True)
class Waiting:
    """What threads have done in some seconds.

    Attributes:
        seconds: on the clock.
        threads: how many there were to work.
        busy: seconds that all of them were on a processor.
        queued: seconds that all of them were ready and had none, as far as the system tells.
        taken: share of the time, 0 to 1, in which one more Python thread found the GIL taken.
        delay: seconds that this one waited for it, on average over all tries.
    """

    seconds: float
    threads: int
    busy: float
    queued: float
    taken: float
    delay: float

    @property
    def idle(self) -> float:
        """Share of the threads' time that they were neither on a processor nor ready, 0 to 1."""
        spent = (self.busy + self.queued) / (self.seconds * self.threads)
        return min(1.0, max(0.0, 1 - spent))

    @property
    def without_processor(self) -> float:
        """Share of the threads' time that they were ready and had no processor, 0 to 1."""
        return min(1.0, self.queued / (self.seconds * self.threads))

    @property
    def for_the_gil(self) -> float:
        """Share of the threads' time that at most was waiting for the GIL: idle while it was taken.

        While nobody has it, nobody waits for it.
        """
        return self.idle * self.taken

    @property
    def for_others(self) -> float:
        """Share of the threads' time that was waiting for each other, or for files."""
        return self.idle - self.for_the_gil

    def figures(self) -> dict[str, float]:
        """Returns all of it, waiting in seconds of all threads, fit for JSON."""
        total = self.seconds * self.threads
        return vars(self) | {
            "waiting_for_the_gil_at_most": self.for_the_gil * total,
            "waiting_for_others": self.for_others * total,
        }


class Probe(threading.Thread):
    """A Python thread that sleeps, and sees how long it takes to get the GIL back."""

    def __init__(self) -> None:
        super().__init__(name="gil-probe", daemon=True)
        self.delays: list[float] = []
        self.used = self.queued = 0.0
        self._over = False

    def run(self) -> None:
        """Samples until `end`."""
        me, start = threading.get_native_id(), time.thread_time()
        first = _queued(me)
        while not self._over:
            queued, due = _queued(me), time.perf_counter() + PAUSE
            time.sleep(PAUSE)
            late = time.perf_counter() - due
            # What it waited for a processor is not the GIL's.
            self.delays.append(max(0.0, late - (_queued(me) - queued)))
        self.used, self.queued = time.thread_time() - start, _queued(me) - first

    def end(self) -> None:
        """Stops it."""
        self._over = True
        self.join()


def _queued(thread: int | None = None) -> float:
    """Returns seconds that a thread was ready without a processor; 0 if nobody tells.

    Args:
        thread: the system's number of it; None for all that there are.
    """
    found = _THREADS.iterdir() if thread is None and _THREADS.is_dir() else ()
    threads = found if thread is None else (_THREADS / str(thread),)
    total = 0.0
    for folder in threads:
        with suppress(OSError, IndexError, ValueError):  # it may have ended, or be untold
            words = (folder / "schedstat").read_text(encoding="ascii").split()
            total += float(words[1]) / 1e9
    return total


@cache
def usual_delay() -> float:
    """Returns how late a sleeping thread is when nobody else wants the GIL, nearly always."""
    probe = Probe()
    probe.start()
    time.sleep(QUIET)
    probe.end()
    return float(np.percentile(probe.delays, 95)) if probe.delays else 0.0


def watched(run: Callable[[], object], threads: int, seconds: float) -> Waiting:
    """Does some work again and again, with a probe beside it.

    Args:
        run: does the work once.
        threads: how many threads work, this one included.
        seconds: how long to go on, about.
    """
    usual = usual_delay()
    probe = Probe()
    start, busy, queued = time.perf_counter(), time.process_time(), _queued()
    probe.start()
    while time.perf_counter() - start < seconds:
        run()
    busy, elapsed = time.process_time() - busy, time.perf_counter() - start
    queued = _queued() - queued
    probe.end()
    delays = np.asarray(probe.delays or [0.0])
    waits = np.where(delays > usual + CERTAIN, delays - usual, 0.0)
    return Waiting(
        seconds=elapsed,
        threads=threads,
        busy=max(0.0, busy - probe.used),
        queued=max(0.0, queued - probe.queued),
        taken=float((waits > 0).mean()),
        delay=float(waits.mean()),
    )
