"""Do many threads get in each other's way, or in Python's, while files become batches?

Passes over a folder of JPEG files, 150×150, augmented. How long a file keeps the interpreter's lock
is no more than what a pass takes beside its calls of the core, which give the lock up. What a file
costs is the processors' time of the process: where threads wait for a lock by turning around, it
grows with their number.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from batchwarp import _core
from batchwarp.console.options import at_least
from batchwarp.files.in_core import makes
from batchwarp.runtime import get_num_threads, set_num_threads

from .harness.machine import machine
from .harness.options import parse, parser
from .harness.photos import CLASSES, photos
from .harness.readers import BATCH, ours
from .harness.report import plural, report, table

SETTING = "augmented"
THREADS = (1, 2, 8, 16)


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


def held(flow: Any, rounds: int) -> float:
    """Returns for how many seconds a file keeps the interpreter's lock at most, on one thread.

    Raises:
        RuntimeError: if the core does not decode JPEG files on this machine.
    """
    if not makes(flow._options):
        raise RuntimeError("JPEG files are not decoded by the core here: nothing to measure")
    make_files, inside = _core.make_files, [0.0]

    def timed(*arguments: Any, **options: Any) -> Any:
        start = time.perf_counter()
        try:
            return make_files(*arguments, **options)
        finally:
            inside[0] += time.perf_counter() - start

    found: list[float] = []
    with mock.patch.object(_core, "make_files", timed), threads(1):
        for _ in range(rounds):
            inside[0], start = 0.0, time.perf_counter()
            take_pass(flow)
            found.append((time.perf_counter() - start - inside[0]) / flow.n)
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
    lock = f"A file keeps the interpreter's lock for at most {1e6 * figures['held']:.1f} µs."
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
