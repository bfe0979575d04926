"""How long does one batch take, compared with Keras' own generator?

`next(it)` with the same arguments, images and seed. Before anything is timed, the first batches of
both are compared, so that a ratio is never quoted for different work. A second table has the share
of Python in one `next(it)`: what it takes beyond the call of the core that it makes.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

import batchwarp
from batchwarp.console.frameworks import keras_generator_class

from .harness import plots
from .harness.batches import Batch, Ranges, Shape, core_with
from .harness.images import images
from .harness.machine import machine
from .harness.options import parse, parser
from .harness.report import report, table, track
from .harness.timing import Contender, as_json, interleaved

BATCH = 32
SEED = 7
GEOMETRY: dict[str, Any] = {
    "rotation_range": 20,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "zoom_range": 0.1,
    "horizontal_flip": True,
    "rescale": 1 / 255,
}
SETTINGS: dict[str, dict[str, Any]] = {
    # A tutorial's for the sign language alphabet, whose images are divided by 255 beforehand.
    "ASL": {
        "rotation_range": 10,
        "zoom_range": 0.1,
        "width_shift_range": 0.1,
        "height_shift_range": 0.1,
        "horizontal_flip": True,
    },
    "geometry": GEOMETRY,
    "geometry, brightness": {**GEOMETRY, "brightness_range": (0.8, 1.2)},
    "rescale only": {"rescale": 1 / 255},
}
SMALL, *LARGER = [(28, 28, 1), (150, 150, 3), (224, 224, 3)]
Case = tuple[int, tuple[int, int, int], str]  # images in a batch, their size, the settings
CASES: list[Case] = [
    *((BATCH, SMALL, setting) for setting in SETTINGS),
    (512, SMALL, "ASL"),
    *((BATCH, size, setting) for size in LARGER for setting in SETTINGS if setting != "ASL"),
]
TINY_CASES: list[Case] = [
    (BATCH, (12, 12, 1), "ASL"),
    (8, (12, 12, 1), "ASL"),
    *((BATCH, (12, 16, 3), setting) for setting in SETTINGS),
]
# On the scale of the output, 0 to 1. Brightness goes through 8 bits: a value on the border between
# two of them may fall either way, which a factor of up to 1.2 makes two of 255 at single pixels.
ALLOWED = {
    "ASL": 1e-3 / 255,
    "geometry": 1e-3 / 255,
    "geometry, brightness": 2.01 / 255,
    "rescale only": 1e-6,
}
WHOLE, CORE = "next(it)", "call of the core"


def compare(ours: NDArray[Any], theirs: NDArray[Any], setting: str) -> float:
    """Returns the largest absolute difference of two batches.

    Raises:
        RuntimeError: if it is larger than the setting allows.
    """
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        raise RuntimeError(
            f"{setting}: batchwarp gave {ours.shape} {ours.dtype}, "
            f"Keras {theirs.shape} {theirs.dtype}"
        )
    difference = float(np.abs(ours - theirs).max())
    if not difference <= ALLOWED[setting]:
        raise RuntimeError(
            f"{setting}: the batches differ by {difference:g}, "
            f"at most {ALLOWED[setting]:g} is accepted"
        )
    return difference


def label(batch: int, size: tuple[int, int, int], setting: str) -> str:
    """Returns the name of a case, with the number of images where it is not the usual one."""
    number = f"{batch} × " if batch != BATCH else ""
    return f"{number}{size[0]}×{size[1]}×{size[2]}, {setting}"


def measure(case: Case, n: int, rounds: int, generators: tuple[Any, Any]) -> dict[str, Any]:
    """Compares and times both generators on a set of `n` images; returns the figures."""
    batch, size, setting = case
    x = images(n, *size, "uint8").astype(np.float32)  # what Keras' iterator would make of it
    if "rescale" not in SETTINGS[setting]:
        x /= 255
    y = np.arange(n)
    ours, theirs = (generator(**SETTINGS[setting]) for generator in generators)
    flow: dict[str, Any] = {"batch_size": batch, "seed": SEED}

    our_batches, their_batches = ours.flow(x, y, **flow), theirs.flow(x, y, **flow)
    difference = 0.0
    for _ in range(3):
        (our_x, our_y), (their_x, their_y) = next(our_batches), next(their_batches)
        difference = max(difference, compare(our_x, their_x, setting))
        np.testing.assert_array_equal(our_y, their_y)

    our_batches, their_batches = ours.flow(x, y, **flow), theirs.flow(x, y, **flow)
    timings = interleaved(
        {
            "batchwarp": Contender(partial(next, our_batches)),
            "Keras": Contender(partial(next, their_batches)),
        },
        rounds=rounds,
    )
    return {
        "case": label(*case),
        "images": batch,
        "largest_difference": difference,
        "timings": as_json(timings),
    }


def python_share(size: tuple[int, int, int], n: int, rounds: int) -> dict[str, Any]:
    """Times `next(it)` with the ASL settings, and the same work as a bare call of the core.

    Both run in one thread: waking a second one would be counted as Python's. Both go through all
    images in random order, which the processor has to fetch.
    """
    x = images(n, *size, "uint8").astype(np.float32) / 255
    flow = batchwarp.ImageDataGenerator(**SETTINGS["ASL"]).flow(
        x, np.arange(n), batch_size=BATCH, seed=SEED
    )
    shape = Shape(BATCH, *size, "float32")
    order = np.random.default_rng(0).permutation(n)
    first = Batch.of(x, shape, Ranges(rotation=10, flip=True), indices=order[:BATCH])
    rest = [replace(first, indices=order[i : i + BATCH]) for i in range(BATCH, n, BATCH)]
    batches = cycle([first, *rest])  # into the same memory, as a flow's
    single = core_with(threads=1)
    timings = interleaved(
        {
            WHOLE: Contender(partial(next, flow), single),
            CORE: Contender(lambda: next(batches).run(), single),
        },
        rounds=rounds,
    )
    return {
        "case": label(BATCH, size, "ASL, 1 thread"),
        "images": BATCH,
        "timings": as_json(timings),
    }


def metrics(cases: list[dict[str, Any]], share: dict[str, Any]) -> dict[str, float]:
    """Returns Keras' time over batchwarp's by case, and the Python share in microseconds."""
    found = {
        f"ratio/{case['case']}": case["timings"]["Keras"]["median"]
        / case["timings"]["batchwarp"]["median"]
        for case in cases
    }
    whole, core = (share["timings"][part]["median"] for part in (WHOLE, CORE))
    return {**found, f"python/{share['case']}": 1e6 * (whole - core)}


def text(cases: list[dict[str, Any]], share: dict[str, Any]) -> str:
    """Returns the tables: microseconds per image, and microseconds per batch."""
    rows = []
    for case in cases:
        ours, theirs = (
            1e6 * case["timings"][who]["median"] / case["images"] for who in ("batchwarp", "Keras")
        )
        rows.append(
            [
                case["case"],
                f"{ours:.1f}",
                f"{theirs:,.1f}",
                f"{theirs / ours:.0f}",
                f"{case['largest_difference']:.1e}",
            ]
        )
    whole, core = (1e6 * share["timings"][part]["median"] for part in (WHOLE, CORE))
    parts = [
        table(["images, settings", "batchwarp", "Keras", "ratio", "largest difference"], rows),
        table(
            ["µs a batch of 32", WHOLE, CORE, "Python"],
            [[share["case"], f"{whole:.1f}", f"{core:.1f}", f"{whole - core:.1f}"]],
        ),
    ]
    return "\n\n".join(parts)


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser(
        "next(it), batch 32, against Keras' ImageDataGenerator, µs per image.",
        rounds=15,
        plot=True,
    )
    arguments = parse(options, "scipy", "tensorflow")
    about = machine("keras", "scipy", "tensorflow")
    generators = (batchwarp.ImageDataGenerator, keras_generator_class())
    chosen, n, small = CASES, 1024, SMALL
    if arguments.tiny:
        chosen, n, small = TINY_CASES, 2 * BATCH, (12, 12, 1)
    cases = [
        measure(case, n, arguments.rounds, generators)
        for case in track(chosen, "against_keras", lambda item: label(*item))
    ]
    share = python_share(small, n, arguments.rounds)
    figures = {"cases": [*cases, share], "metrics": metrics(cases, share)}
    report(text(cases, share), figures, about, arguments.json)
    plots.save("against_keras", figures, arguments.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
