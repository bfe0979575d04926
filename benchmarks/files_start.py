"""How long does it take until a folder of 100,000 files is ready, compared with Keras?

`flow_from_directory` on a folder of two classes whose listing the system has in memory. The files
are empty, since none is opened; the cache on disk has an image of 8×8 pixels for each of them.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import batchwarp
from batchwarp.console.frameworks import keras_generator_class, load_keras
from batchwarp.console.options import at_least

from .harness.machine import machine
from .harness.options import parse, parser
from .harness.photos import CLASSES
from .harness.report import report, table
from .harness.timing import Contender, Timing, as_json, interleaved

SIZE = (8, 8)
OURS, THEIRS, CACHED = "batchwarp", "Keras", "batchwarp, cache on disk"


def make_files(folder: Path, count: int) -> None:
    """Makes a folder for each class, and empty files with the names of images in them."""
    for number, name in enumerate(CLASSES):
        (folder / name).mkdir()
        for row in range(number, count, len(CLASSES)):
            (folder / name / f"{name}.{row}.jpg").touch()


def index(generator: Any, folder: Path, **options: Any) -> Any:
    """Returns a flow from a folder, without its message."""
    with redirect_stdout(io.StringIO()):
        return generator.flow_from_directory(str(folder), target_size=SIZE, **options)


def fill(cache: Any, paths: list[str]) -> None:
    """Stores an image for each file."""
    image = np.zeros((*SIZE, 3), np.uint8)
    for number, path in enumerate(paths):
        status = Path(path).stat()
        cache.store(number, image, (status.st_size, status.st_mtime_ns))
    cache.close()


def with_cache(make: partial[Any]) -> Contender:
    """Returns a start whose cache is closed before the next one opens it."""
    made: list[Any] = []

    def start() -> None:
        finish()  # a first start, that of a warm-up, is not finished by itself
        made.append(make())

    def finish() -> None:
        while made:
            made.pop()._files.cache.close()

    return Contender(start, finish=finish)


def measure(count: int, rounds: int) -> tuple[dict[str, Timing], int]:
    """Times all; returns the timings and how many images were found in the opened cache."""
    ours = batchwarp.ImageDataGenerator()
    with TemporaryDirectory() as files, TemporaryDirectory() as cache:
        folder = Path(files)
        make_files(folder, count)
        cached = partial(index, ours, folder, cache=cache)
        first = cached()
        fill(first._files.cache, first.filepaths)
        again = cached()
        found = int(np.count_nonzero(again._files.cache.find(np.arange(count)) >= 0))
        again._files.cache.close()
        timings = interleaved(
            {
                OURS: Contender(partial(index, ours, folder)),
                CACHED: with_cache(cached),
                THEIRS: Contender(partial(index, keras_generator_class()(), folder)),
            },
            rounds=rounds,
            stretch=0,
        )
    return timings, found


def text(timings: Mapping[str, Timing], count: int) -> str:
    """Returns the table."""
    keras = timings[THEIRS].median
    rows = [
        [name, f"{timing.median:.2f}", f"{keras / timing.median:.1f}"]
        for name, timing in timings.items()
    ]
    return table([f"{count:,} files", "seconds", "× Keras"], rows)


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser("Seconds until flow_from_directory is ready, by library.", rounds=5)
    options.add_argument(
        "--files", type=at_least(2), default=100_000, help="how many (default: %(default)s)"
    )
    arguments = parse(options, "scipy", "tensorflow")
    if arguments.tiny:
        arguments.files = 40
    load_keras()  # or a flow would import it, with its notices
    about = machine("keras", "tensorflow")
    timings, found = measure(arguments.files, arguments.rounds)
    figures = {
        "files": arguments.files,
        "found_in_cache": found,
        "cases": [{"case": f"{arguments.files} files", "timings": as_json(timings)}],
        "metrics": {
            "index": timings[OURS].median,
            "cache": timings[CACHED].median,
            "ratio": timings[THEIRS].median / timings[OURS].median,
        },
    }
    report(text(timings, arguments.files), figures, about, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
