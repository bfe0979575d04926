"""What does one batch cost, compared with copying it, with OpenCV, and as bytes instead of floats?

`next(it)` of a flow of arrays: the order of the images, the draws, the warp, the labels. A copy is
`np.copyto` of the next images of the same set, as float32, in one thread. The loop calls OpenCV's
warp for each image of the same batch, at its better number of threads, and draws its transforms,
too. Bytes are images of uint8 that leave as uint8, for a model that begins with
`flow.normalization_layer()`.
"""

from __future__ import annotations

import sys
from functools import partial
from itertools import cycle
from typing import Any

import numpy as np

import batchwarp

from .against_keras import SETTINGS
from .harness.images import images
from .harness.machine import machine
from .harness.options import parse, parser
from .harness.peers import opencv_loop
from .harness.report import report, table, track
from .harness.timing import Contender, Timing, as_json, interleaved

Case = tuple[int, tuple[int, int, int], str]  # images in a batch, their size, the settings

CASES: list[Case] = [
    (32, (28, 28, 1), "ASL"),
    (512, (28, 28, 1), "ASL"),
    (32, (150, 150, 3), "geometry"),
    (32, (224, 224, 3), "geometry"),
]
FLOATS, BYTES, COPY = "next(it)", "next(it), bytes", "copy"
LOOPS = {f"OpenCV loop, {threads}": threads for threads in (1, 2)}


def label(case: Case) -> str:
    """Returns the name of a case."""
    n, size, setting = case
    return f"{n} × {size[0]}×{size[1]}×{size[2]}, {setting}"


def measure(case: Case, rounds: int) -> dict[str, Timing]:
    """Times a batch by all contenders.

    Raises:
        RuntimeError: if the flow of bytes gives something else, rounded, than the one of floats.
    """
    n, size, setting = case
    bytes_ = images(4 * n, *size, "uint8")
    settings = SETTINGS[setting] | {"rescale": 1 / 255}  # which bytes need not have been divided by
    generator = batchwarp.ImageDataGenerator(**settings)
    y = np.arange(len(bytes_))
    flow: dict[str, Any] = {"batch_size": n, "seed": 7}
    floats = bytes_.astype(np.float32)
    made = {
        FLOATS: generator.flow(floats, y, **flow),
        BYTES: generator.flow(bytes_, y, handover="uint8", **flow),
    }
    first, handed = (next(it)[0] for it in made.values())
    if handed.dtype != np.uint8 or np.abs(255 * first - handed).max() > 0.51:
        raise RuntimeError(f"{label(case)}: bytes are not what floats round to")
    batch = floats[:n]
    copied = np.empty_like(batch)
    following = cycle(np.split(floats, len(floats) // n))
    return interleaved(
        {
            **{name: Contender(partial(next, it)) for name, it in made.items()},
            COPY: Contender(lambda: np.copyto(copied, next(following))),
            **{name: Contender(opencv_loop(threads, batch)) for name, threads in LOOPS.items()},
        },
        rounds=rounds,
    )


def ratios(timings: dict[str, Timing]) -> dict[str, float]:
    """Returns what the metrics say of a case: group by group."""
    floats, copy = timings[FLOATS].median, timings[COPY].median
    return {
        "copy": floats / copy,
        "OpenCV loop": min(timings[name].median for name in LOOPS) / floats,
        "bytes": timings[BYTES].median / floats,
    }


def text(measured: dict[Case, dict[str, Timing]]) -> str:
    """Returns the table: microseconds an image, and what they are a multiple of in brackets."""
    rows = []
    for case, timings in measured.items():
        cost = {name: 1e6 * timing.median / case[0] for name, timing in timings.items()}
        ratio = ratios(timings)
        loop = min(cost[name] for name in LOOPS)
        rows.append(
            [
                label(case),
                f"{cost[FLOATS]:.2f}",
                f"{cost[COPY]:.2f} ({ratio['copy']:.2f})",
                f"{loop:.2f} ({ratio['OpenCV loop']:.1f})",
                f"{cost[BYTES]:.2f} ({ratio['bytes']:.2f})",
            ]
        )
    header = ["images, settings", FLOATS, "copy (multiple of it)"]
    return table([*header, "OpenCV loop (times as fast)", "bytes (share of floats)"], rows)


def main() -> int:
    """Runs the comparison; returns the exit code."""
    arguments = parse(parser("next(it) of a flow of arrays, µs an image.", rounds=25), "cv2")
    cases = [(4, (12, 12, 3), "geometry")] if arguments.tiny else CASES
    measured = {case: measure(case, arguments.rounds) for case in track(cases, "next_batch", label)}
    figures = {
        "cases": [
            {"case": label(case), "images": case[0], "timings": as_json(timings)}
            for case, timings in measured.items()
        ],
        "metrics": {
            f"{group}/{label(case)}": value
            for case, timings in measured.items()
            for group, value in ratios(timings).items()
        },
    }
    report(text(measured), figures, machine("opencv-python"), arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
