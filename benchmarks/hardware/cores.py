"""What do more threads bring? Kernels, batches of arrays and files, resizing, start-up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import batchwarp
from batchwarp import _core
from benchmarks import files_start
from benchmarks.harness import peers, readers
from benchmarks.harness.batches import Batch, Ranges, Shape, core_with, source_of
from benchmarks.harness.images import images
from benchmarks.harness.machine import cores
from benchmarks.harness.photos import photos
from benchmarks.harness.readers import OnThreads
from benchmarks.harness.report import plural
from benchmarks.harness.timing import Contender, interleaved
from benchmarks.resize import pillow_version

from .about import physical_cores
from .curves import Point, explanation, numbers_of_threads
from .gil import has_gil, watched
from .task import Task

ROUNDS = 5
WATCHED = 0.25  # seconds that waiting is looked at, for each number of threads
LARGE, SMALL = Shape(32, 224, 224, 3, "uint8"), Shape(256, 28, 28, 1, "uint8")
FILES, INDEXED = 160, 20_000
PICTURES = 64  # to resize, in a call
HEADER = (
    "threads",
    "ms",
    "times as fast",
    "GB/s",
    "no processor free",
    "idle",
    "GIL taken",
    "waiting for the GIL, at most",
    "for each other or files",
    "wait of one more thread, µs",
)

# Makes what does the work once with some number of threads.
Maker = Callable[[int], Contender]


def sweep(
    task: Task,
    title: str,
    make: Maker,
    *,
    moved: float = 0,
    copying: Mapping[int, float] | None = None,
    rounds: int = ROUNDS,
) -> dict[int, float]:
    """Measures something with 1, 2, 4, … threads, and says what bends the curve.

    Args:
        task: whose findings take it.
        title: what it is.
        make: gives the work for a number of threads.
        moved: bytes that are read and written by the work; 0: not known.
        copying: bytes a second that copies of the same size move, by number of threads.
        rounds: how many measurements to take.

    Returns:
        Seconds by number of threads.
    """
    numbers = numbers_of_threads(cores())
    if task.settings.dry_run:
        rounds = 1
    contenders = {number: make(number) for number in numbers}
    timings = interleaved(contenders, rounds=rounds)
    curve = []
    for number, contender in contenders.items():
        contender.prepare()
        seconds = 0.05 if task.settings.dry_run else WATCHED
        waiting = watched(contender.run, number, seconds)
        contender.finish()
        point = Point(number, timings[number].median, waiting, moved)
        curve.append(point)
        task.findings.row(title, HEADER, _cells(point, curve[0]))
    task.findings.figure(
        title,
        {point.threads: {"seconds": point.seconds} | point.waiting.figures() for point in curve},
    )
    task.findings.note(f"{title}: {explanation(curve, copying, physical_cores())}")
    return {point.threads: point.seconds for point in curve}


def _cells(point: Point, first: Point) -> list[str]:
    waiting = point.waiting
    return [
        str(point.threads),
        f"{1e3 * point.seconds:,.2f}",
        f"{first.seconds / point.seconds:.2f}",
        f"{point.rate / 1e9:.2f}" if point.bytes else "",
        f"{waiting.without_processor:.0%}",
        f"{waiting.idle:.0%}",
        f"{waiting.taken:.0%}" if has_gil() else "no GIL",
        f"{waiting.for_the_gil:.0%}",
        f"{waiting.for_others:.0%}",
        f"{1e6 * waiting.delay:,.0f}",
    ]


def of_core(run: Callable[[], object]) -> Maker:
    """Returns a maker for work that the core shares out among its threads."""
    return lambda threads: Contender(run, core_with(threads=threads))


def copies(task: Task, shape: Shape) -> tuple[float, dict[int, float]]:
    """Measures copies of a batch as float32 by Python threads, which have no GIL meanwhile.

    Returns:
        The bytes that one moves, and bytes a second by number of threads.
    """
    source = source_of(shape).astype(np.float32)
    target = np.empty_like(source)
    pool = ThreadPoolExecutor(cores())

    def make(threads: int) -> Contender:
        parts = np.array_split(np.arange(len(source)), threads)
        slices = [slice(part[0], part[-1] + 1) for part in parts if len(part)]

        def run() -> None:
            for done in [pool.submit(np.copyto, target[s], source[s]) for s in slices]:
                done.result()

        return Contender(run)

    moved = 2.0 * source.nbytes
    seconds = sweep(task, f"copy of {shape.n} × {shape} as float32", make, moved=moved)
    return moved, {threads: moved / taken for threads, taken in seconds.items()}


def kernels(task: Task) -> None:
    """The core alone: what is limited by memory, by arithmetic, and in between."""
    shape = LARGE.tiny() if task.settings.dry_run else LARGE
    _, copying = copies(task, shape)
    source = source_of(shape)
    settings: dict[str, tuple[Ranges, dict[str, Any]]] = {
        "warp": (Ranges(), {}),
        "warp, channel shift, brightness": (
            Ranges(further={"channel_shift_intensity": (-20, 20), "brightness": (0.8, 1.2)}),
            {"rescale": 1 / 255},
        ),
        "warp of order 3": (Ranges(), {"interpolation_order": 3}),
    }
    for name, (ranges, options) in settings.items():
        batch = Batch.of(source, shape, ranges, **options)
        moved = float(source.nbytes + batch.out.nbytes)
        title = f"{name}, {shape.n} × {shape}"
        sweep(task, title, of_core(batch.run), moved=moved, copying=copying)


def arrays(task: Task) -> None:
    """`next()` of a flow: the core, and Python around it."""
    for full in (LARGE, SMALL):
        shape = full.tiny() if task.settings.dry_run else full
        run = peers.batchwarp_flow(source_of(shape))
        moved = float(shape.elements * 5)  # uint8 in, float32 out
        sweep(task, f"next() of {shape.n} × {shape}", of_core(run), moved=moved)


def files(task: Task) -> None:
    """A pass over JPEG files: decoded, from a cache in memory, from one on disk."""
    count = 20 if task.settings.dry_run else FILES
    with ExitStack() as stack:
        folder, kind = stack.enter_context(photos(count))
        scratch = Path(stack.enter_context(TemporaryDirectory()))
        task.findings.note(f"{plural(count, 'file')}: {kind}")
        read = float(sum(path.stat().st_size for path in folder.rglob("*.jpg")))
        height, width = readers.SIZE
        written = float(count * height * width * 3 * 4)
        paths = readers.paths_of(folder)
        ways: dict[str, dict[str, Any]] = {
            "decoded": {},
            "cached in memory": {"cache": "memory"},
            "cached on disk": {"cache": scratch},
        }
        sweep(
            task,
            "decoding alone, OpenCV",
            lambda n: Contender(OnThreads(readers.decode_with_opencv, paths, n).run),
            moved=read,
            rounds=3,
        )
        for name, options in ways.items():
            flow = readers.ours(folder, "augmented", **options)
            sweep(
                task,
                f"a pass over {count} files, {name}",
                partial(readers.by_next, flow),
                moved=written + (read if not options else written / 4),
                rounds=3,
            )


def resizing(task: Task) -> None:
    """Resizing pictures on Python threads: the core does one of them at a time, without the GIL."""
    count = 4 if task.settings.dry_run else PICTURES
    source = images(1, 374, 446, 3, "uint8")[0]
    release = pillow_version()

    def work(_: str) -> None:
        out = np.empty((150, 150, 3), np.uint8)
        _core.resize(source, out, "bilinear", pillow=release)

    names = [str(number) for number in range(count)]
    sweep(
        task,
        f"{count} pictures of 446×374 to 150×150, bilinear",
        lambda n: Contender(OnThreads(work, names, n).run),
        moved=float(count * (source.nbytes + 150 * 150 * 3)),
    )


FIRST_BATCH = """
import time
start = time.perf_counter()
import sys
import batchwarp
imported = time.perf_counter()
flow = batchwarp.ImageDataGenerator(rescale=1 / 255).flow_from_directory(
    sys.argv[1], target_size=(150, 150), batch_size=32, class_mode="binary")
indexed = time.perf_counter()
next(flow)
print(imported - start, indexed - imported, time.perf_counter() - indexed)
"""


def start(task: Task) -> None:
    """A new process up to its first batch of files, and the index of a large folder."""
    count = 40 if task.settings.dry_run else INDEXED
    with photos(32) as (folder, _):
        for number in numbers_of_threads(cores()):
            done = subprocess.run(
                [sys.executable, "-c", FIRST_BATCH, str(folder)],
                env={**os.environ, "BATCHWARP_NUM_THREADS": str(number)},
                capture_output=True,
                text=True,
                check=True,
                timeout=max(task.left, 1),
            )
            seconds = [float(word) for word in done.stdout.split()[-3:]]
            task.findings.figure(f"start with {number}", seconds)
            task.findings.row(
                "A new process, ms",
                ["threads", "import batchwarp", "index of 32 files", "first batch"],
                [str(number), *(f"{1e3 * each:,.1f}" for each in seconds)],
            )
    with TemporaryDirectory() as scratch:
        files_start.make_files(Path(scratch), count)
        generator = batchwarp.ImageDataGenerator()

        def index() -> None:
            files_start.index(generator, Path(scratch))

        sweep(task, f"index of {count:,} files", of_core(index), rounds=3)
