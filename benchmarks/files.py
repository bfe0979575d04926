"""How many files a second become batches, compared with Keras, tf.data and bare decoding?

One pass over a folder of JPEG files, 150×150, batches of 20: the first pass, which decodes, with
and without augmentation, and a later one from a cache. Before anything is timed, batches are
compared with Keras'. Bare decoding reads and decodes the same files on as many threads and does
nothing with the pixels.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from batchwarp.console.options import at_least

from .against_keras import compare
from .harness import plots, readers
from .harness.batches import THREADS
from .harness.machine import machine
from .harness.options import parse, parser
from .harness.photos import CLASSES, photos
from .harness.readers import BATCH, SETTINGS, ours, theirs
from .harness.report import plural, report, table
from .harness.timing import Contender, Timing, as_json, interleaved

KERAS, TENSORFLOW = "Keras", "tf.data and Keras layers"
OPENCV, PILLOW = "OpenCV, decoding only", "Pillow, decoding only"
NEXT, AHEAD, DATASET = "next(it)", "next(it), prefetch=2", "to_tf_dataset"
SINGLE, SCALED = "next(it), 1 thread", "next(it), scaled_decode"
MEMORY, DISK = "next(it), cached in memory", "next(it), cached on disk"
FIRST, CACHED = (NEXT, AHEAD, DATASET), (MEMORY, DISK)
OURS = (*FIRST, SINGLE, SCALED, *CACHED)
NO_BATCHES = "no batches"
ALLOWED = {"augmented": "geometry", "not augmented": "rescale only"}  # as in `against_keras`


def check(folder: Path, setting: str) -> float:
    """Compares batches of both; returns the largest absolute difference.

    Raises:
        RuntimeError: if it is larger than allowed.
    """
    our_flow, their_flow = ours(folder, setting), theirs(folder, setting)
    return max(
        compare(next(our_flow)[0], next(their_flow)[0], ALLOWED[setting])
        for _ in range(min(3, len(our_flow)))
    )


def passes(folder: Path, cache: Path, setting: str) -> dict[str, Contender]:
    """Returns the ways to make batches of a folder.

    Args:
        folder: the data set.
        cache: an empty folder for decoded images.
        setting: one of `SETTINGS`.
    """
    make = partial(ours, folder, setting)
    return {
        NEXT: readers.by_next(make()),
        AHEAD: readers.by_read_ahead(make(prefetch=2)),
        DATASET: readers.by_dataset(make().to_tf_dataset()),
        SINGLE: readers.by_next(make(), threads=1),
        SCALED: readers.by_next(make(scaled_decode=True)),
        MEMORY: readers.by_next(make(cache="memory")),
        DISK: readers.by_next(make(cache=cache / setting)),
        KERAS: readers.by_next(theirs(folder, setting)),
        TENSORFLOW: readers.by_dataset(readers.tensorflow_dataset(folder, setting)),
    }


def contenders(folder: Path, cache: Path) -> dict[tuple[str, str], Contender]:
    """Returns all that is timed, by setting and name; decoding alone has no setting."""
    paths = readers.paths_of(folder)
    decoders = {OPENCV: readers.decode_with_opencv, PILLOW: readers.decode_with_pillow}
    found = {
        ("", name): Contender(readers.OnThreads(decode, paths).run)
        for name, decode in decoders.items()
    }
    for setting in SETTINGS:
        for name, contender in passes(folder, cache, setting).items():
            found[setting, name] = contender
    return found


def metrics(timings: Mapping[tuple[str, str], Timing]) -> dict[str, float]:
    """Returns ratios to Keras, to bare decoding and to one thread."""
    seconds = {key: timing.median for key, timing in timings.items()}
    floor = seconds["", OPENCV]
    found = {}
    for setting in SETTINGS:
        keras = seconds[setting, KERAS]
        for name in FIRST:
            found[f"first/{setting}/{name}"] = keras / seconds[setting, name]
            found[f"floor/{setting}/{name}"] = seconds[setting, name] / floor
        for name in CACHED:
            found[f"cached/{setting}/{name}"] = keras / seconds[setting, name]
        usual = seconds[setting, NEXT]
        found[f"threads/{setting}"] = seconds[setting, SINGLE] / usual
        found[f"scaled/{setting}"] = usual / seconds[setting, SCALED]
        found[f"tf.data/{setting}"] = seconds[setting, TENSORFLOW] / seconds[setting, DATASET]
    return found


def text(timings: Mapping[tuple[str, str], Timing], files: int) -> str:
    """Returns the tables: one for each setting, and one for decoding alone."""
    seconds = {key: timing.median for key, timing in timings.items()}
    floor = seconds["", OPENCV]

    def row(setting: str, name: str) -> list[str]:
        taken = seconds[setting, name]
        keras = seconds.get((setting, KERAS))
        return [
            name,
            f"{1e6 * taken / files:,.0f}",
            f"{files / taken:,.0f}",
            f"{keras / taken:.1f}" if keras else "",
            f"{taken / floor:.2f}",
        ]

    header = ["µs a file", "files a second", "× Keras", "time ÷ OpenCV's"]
    return "\n\n".join(
        table([setting or NO_BATCHES, *header], [row(*key) for key in timings if key[0] == setting])
        for setting in (*SETTINGS, "")
    )


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser(
        "One pass over JPEG files, 150×150, by way of reading; files a second.",
        rounds=7,
        plot=True,
    )
    options.add_argument(
        "--files", type=at_least(BATCH), default=200, help="files of a pass (default: 200)"
    )
    arguments = parse(options, "cv2", "PIL", "scipy", "tensorflow")
    if arguments.tiny:
        arguments.files = BATCH
    arguments.files -= arguments.files % len(CLASSES)
    readers.limit_tensorflow()
    about = machine("keras", "opencv-python", "pillow", "scipy", "tensorflow")
    with photos(arguments.files) as (folder, kind), TemporaryDirectory() as cache:
        difference = {setting: check(folder, setting) for setting in SETTINGS}
        timings = interleaved(contenders(folder, Path(cache)), rounds=arguments.rounds)
    cases = [
        {
            "case": setting or NO_BATCHES,
            "images": arguments.files,
            "ours": list(OURS),
            "timings": as_json(
                {name: timings[key, name] for key, name in timings if key == setting}
            ),
        }
        for setting in (*SETTINGS, "")
    ]
    figures = {
        "files": arguments.files,
        "kind": kind,
        "largest_difference": difference,
        "cases": cases,
        "metrics": metrics(timings),
    }
    heading = (
        f"{plural(arguments.files, 'file')} ({kind}), {plural(THREADS, 'thread')}; "
        f"first pass unless cached"
    )
    report(f"{heading}\n\n{text(timings, arguments.files)}", figures, about, arguments.json)
    plots.save("files", figures, arguments.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
