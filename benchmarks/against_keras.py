"""The whole generator: `next(it)` against Keras' `ImageDataGenerator`, same arguments and seed.

Before anything is timed, the first batches of both are compared, so that a ratio is never quoted
for different work.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

import batchwarp

from .common import Contender, as_json, images, interleaved, machine, parser, report, table

SIZES = [(28, 28, 1), (150, 150, 3), (224, 224, 3)]
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
    "geometry": GEOMETRY,
    "geometry, brightness": {**GEOMETRY, "brightness_range": (0.8, 1.2)},
    "rescale only": {"rescale": 1 / 255},
}
# On the scale of the output, 0 to 1. Brightness goes through 8 bits: a value on the border between
# two of them may fall either way, which a factor of up to 1.2 makes two of 255 at single pixels.
ALLOWED = {"geometry": 1e-3 / 255, "geometry, brightness": 2.01 / 255, "rescale only": 1e-6}


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


def measure(size: tuple[int, int, int], setting: str, n: int, rounds: int) -> dict[str, Any]:
    """Compares and times both generators on `n` images of one size; returns the figures."""
    x = images(n, *size, "uint8").astype(np.float32)  # what Keras' iterator would make of it
    y = np.arange(n)
    ours = batchwarp.ImageDataGenerator(**SETTINGS[setting])
    theirs = tf.keras.preprocessing.image.ImageDataGenerator(**SETTINGS[setting])
    flow: dict[str, Any] = {"batch_size": BATCH, "seed": SEED}

    our_batches, their_batches = ours.flow(x, y, **flow), theirs.flow(x, y, **flow)
    difference = 0.0
    for _ in range(3):
        (our_x, our_y), (their_x, their_y) = next(our_batches), next(their_batches)
        difference = max(difference, compare(our_x, their_x, setting))
        np.testing.assert_array_equal(our_y, their_y)

    our_batches, their_batches = ours.flow(x, y, **flow), theirs.flow(x, y, **flow)
    timings = interleaved(
        {
            "batchwarp": Contender(lambda: next(our_batches)),
            "Keras": Contender(lambda: next(their_batches)),
        },
        rounds=rounds,
    )
    return {
        "size": list(size),
        "setting": setting,
        "images": n,
        "largest_difference": difference,
        "timings": as_json(timings),
    }


def row(figures: dict[str, Any]) -> list[str]:
    """Returns one line of the table; times are microseconds per image."""
    ours, theirs = (
        1e6 * figures["timings"][who]["median"] / BATCH for who in ("batchwarp", "Keras")
    )
    height, width, channels = figures["size"]
    return [
        f"{height}×{width}×{channels}, {figures['setting']}",
        f"{ours:.1f}",
        f"{theirs:.1f}",
        f"{theirs / ours:.0f}",
        f"{figures['largest_difference']:.1e}",
    ]


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser("next(it), batch 32, against Keras' ImageDataGenerator, µs per image.")
    options.add_argument(
        "--rounds", type=int, default=11, help="measurements of each (default: 11)"
    )
    options.add_argument(
        "--images", type=int, default=512, help="size of the data set (default: 512)"
    )
    arguments = options.parse_args()
    sizes, n = SIZES, arguments.images
    if arguments.tiny:
        sizes, n = [(12, 12, 1), (12, 16, 3)], 2 * BATCH
    figures = [
        measure(size, setting, n, arguments.rounds) for size in sizes for setting in SETTINGS
    ]
    text = table(
        ["images", "batchwarp", "Keras", "ratio", "largest difference"],
        [row(case) for case in figures],
    )
    report(text, {"cases": figures}, machine("keras", "scipy", "tensorflow"), arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
