"""Do many threads get in each other's way, or in Python's, while files become batches?

Passes over a folder of JPEG files, 150×150, augmented. How long a file keeps the interpreter's lock
is what a thread that counts in Python lacks of what it counts beside one call of the core for the
same files, which gives the lock up for all of it. What a file costs is the processors' time of the
process: where threads wait for a lock by turning around, it grows with their number.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from batchwarp.console.options import at_least
from batchwarp.files.in_core import Warp, made_in_core, makes
from batchwarp.runtime import get_num_threads, set_num_threads

from .harness.machine import machine
from .harness.options import parse, parser
from .harness.photos import CLASSES, photos
from .harness.readers import BATCH, ours
from .harness.report import plural, report, table

SETTING = "augmented"
THREADS = (1, 2, 8, 16)
SWITCH = 1e-4  # seconds after which a thread asks another one for the lock


class Counter:
    """A thread that counts for as long as it has the interpreter's lock."""

    def __init__(self) -> None:
        self.count = 0
        self._stop = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop:
            self.count += 1

    def during(self, work: Callable[[], object]) -> tuple[float, float]:
        """Returns how much is counted in a second of some work, and its seconds."""
        before, start = self.count, time.perf_counter()
        work()
        seconds = time.perf_counter() - start
        return (self.count - before) / seconds, seconds

    def close(self) -> None:
        """Ends the thread."""
        self._stop = True
        self._thread.join()


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Has the core work with so many threads."""
    before = get_num_threads()
    set_num_threads(count)
    try:
        yield
    finally:
        set_num_threads(before)


def take_pass(flow: Any) -> None:
    """Goes once through a flow."""
    for _ in range(len(flow)):
        next(flow)


def all_at_once(flow: Any) -> Callable[[], object]:
    """Returns one call of the core that makes all images of a flow.

    Raises:
        RuntimeError: if it does not make them on this machine.
    """
    if not makes(flow._options):
        raise RuntimeError("JPEG files are not decoded by the core here: nothing to measure")
    pipeline = flow._fused()
    params = pipeline.draw(np.random.RandomState(0), flow.n)
    [(plan, rows)] = pipeline.moves(params)
    warp = Warp(plan, rows, pipeline.empty(flow.n, flow._buffers))
    return lambda: made_in_core(flow.filepaths, flow._options, None, warp)


def held(flow: Any, rounds: int) -> float:
    """Returns for how many seconds a file keeps the interpreter's lock, of a flow on one thread."""
    free_of_python = all_at_once(flow)
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    counter = Counter()
    found: list[float] = []
    try:
        with threads(1):
            for _ in range(rounds):
                free, _ = counter.during(free_of_python)
                beside, seconds = counter.during(lambda: take_pass(flow))
                found.append((1 - beside / free) * seconds / flow.n)
    finally:
        counter.close()
        sys.setswitchinterval(before)
    return statistics.median(found)


def processor_time(flow: Any, rounds: int) -> dict[int, float]:
    """Returns seconds of processors a file, by the number of threads; these take turns."""
    found: dict[int, list[float]] = {count: [] for count in THREADS}
    for _ in range(rounds):
        for count in THREADS:
            with threads(count):
                start = time.process_time()
                take_pass(flow)
                found[count].append((time.process_time() - start) / flow.n)
    return {count: statistics.median(seconds) for count, seconds in found.items()}


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """Returns all figures of a folder of files."""
    flow = ours(folder, SETTING)
    take_pass(flow)  # brings in what is loaded on first use
    cost = processor_time(flow, rounds)
    return {
        "held": held(flow, rounds),
        "processor_time": {str(count): seconds for count, seconds in cost.items()},
        "metrics": {f"growth/{count}": cost[count] / cost[1] for count in THREADS[1:]},
    }


def text(figures: dict[str, Any]) -> str:
    """Returns the table."""
    cost = figures["processor_time"]
    rows = [
        [plural(int(count), "thread"), f"{1e6 * seconds:,.0f}", f"{seconds / cost['1']:.2f}"]
        for count, seconds in cost.items()
    ]
    lock = f"A file keeps the interpreter's lock for {1e6 * figures['held']:.1f} µs."
    return table(["", "µs of processors a file", "÷ 1 thread's"], rows) + f"\n\n{lock}"


def main() -> int:
    """Runs the measurement; returns the exit code."""
    options = parser("What many threads cost that read files, and Python beside them.", rounds=7)
    options.add_argument(
        "--files", type=at_least(BATCH), default=400, help="files of a pass (default: %(default)s)"
    )
    arguments = parse(options, "PIL", "scipy")
    if arguments.tiny:
        arguments.files = BATCH
    arguments.files -= arguments.files % len(CLASSES)
    about = machine("pillow")
    with photos(arguments.files) as (folder, kind):
        figures = {"files": arguments.files, "kind": kind, **measure(folder, arguments.rounds)}
    heading = f"{plural(arguments.files, 'file')} ({kind}), batches of {BATCH}"
    report(f"{heading}\n\n{text(figures)}", figures, about, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
