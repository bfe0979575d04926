"""The kernel alone: `augment_batch` against a loop of `cv2.warpAffine` over the same batch.

Both apply the same random affine transforms (rotation within 20 degrees, shifts and zoom within
10 %), bilinear, edge pixels repeated outside, into a destination that is allocated beforehand.
OpenCV gets the best of several thread settings. From uint8 batchwarp writes float32, as training
needs it; OpenCV cannot convert while it warps, so its uint8 rows end in uint8, which is less work
than what they are compared with.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from batchwarp import _core

from .common import Contender, as_json, cores, images, interleaved, machine, parser, report, table

CASES = [
    (n, size, size, channels, dtype)
    for n, size, channels in ((512, 28, 1), (32, 150, 3), (32, 224, 3))
    for dtype in ("float32", "uint8")
]
# OpenCV may round the weights of its bilinear taps (to 1/32 of a pixel in several versions): on the
# edges in the test images that is some grey levels at single pixels, and little on average.
MEAN_DIFFERENCE_ALLOWED = 0.5


@dataclass(frozen=True)
class Warp:
    """One batch and the transforms it gets."""

    source: NDArray[Any]
    params: NDArray[np.float64]
    plan: _core.Plan
    matrices: list[NDArray[np.float64]]

    @classmethod
    def random(cls, n: int, height: int, width: int, channels: int, dtype: str) -> Warp:
        """Draws a batch and its transforms.

        Args:
            n: images in the batch.
            height: rows of each.
            width: columns of each.
            channels: values of each pixel.
            dtype: `"uint8"` or `"float32"`.

        Returns:
            The batch, the parameters for batchwarp, and the same transforms as inverse maps for
            OpenCV.
        """
        rng = np.random.default_rng(1)
        params = np.zeros((n, len(_core.PARAM_COLUMNS)))
        column = _core.PARAM_COLUMNS.index
        params[:, column("theta")] = rng.uniform(-20, 20, n)
        params[:, column("tx")] = rng.uniform(-0.1, 0.1, n) * height
        params[:, column("ty")] = rng.uniform(-0.1, 0.1, n) * width
        params[:, column("zx")] = rng.uniform(0.9, 1.1, n)
        params[:, column("zy")] = rng.uniform(0.9, 1.1, n)
        for name in ("channel_shift_intensity", "brightness"):
            params[:, column(name)] = np.nan
        # SciPy's order is (row, column), OpenCV's (x, y).
        matrices = [
            np.array([[m[3], m[2], m[5]], [m[1], m[0], m[4]]])
            for m in _core.affine_matrices(params, height, width)
        ]
        plan = _core.Plan(height=height, width=width, channels=channels)
        return cls(images(n, height, width, channels, dtype), params, plan, matrices)


def with_batchwarp(warp: Warp, out: NDArray[np.float32]) -> None:
    """Warps the whole batch in one call."""
    _core.augment_batch(warp.source, None, warp.params, warp.plan, out)


def with_opencv(warp: Warp, out: NDArray[Any], start: int, stop: int) -> None:
    """Warps images `start` to `stop` of the batch, one call each."""
    size = (warp.source.shape[2], warp.source.shape[1])
    for i in range(start, stop):
        cv2.warpAffine(
            warp.source[i],
            warp.matrices[i],
            size,
            dst=out[i],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )


def with_opencv_pool(warp: Warp, out: NDArray[Any], pool: ThreadPoolExecutor, workers: int) -> None:
    """Warps the batch in equal parts on a pool of Python threads (OpenCV releases the GIL)."""
    n = len(out)
    part: Callable[[int], None] = lambda k: with_opencv(  # noqa: E731
        warp, out, k * n // workers, (k + 1) * n // workers
    )
    list(pool.map(part, range(workers)))


def check(warp: Warp, ours: NDArray[np.float32], theirs: NDArray[Any]) -> tuple[float, float]:
    """Compares the two results.

    Args:
        warp: what was done.
        ours: batchwarp's batch.
        theirs: OpenCV's batch.

    Returns:
        The largest and the mean absolute difference, in grey levels.

    Raises:
        RuntimeError: if the two did not do the same work.
    """
    difference = np.abs(ours - theirs.astype(np.float32))
    largest, mean = float(difference.max()), float(difference.mean())
    if not mean < MEAN_DIFFERENCE_ALLOWED:
        raise RuntimeError(
            f"batch {warp.source.shape} {warp.source.dtype}: batchwarp and OpenCV differ by "
            f"{mean:.3f} grey levels on average, at most {MEAN_DIFFERENCE_ALLOWED} is accepted: "
            "they did not do the same work"
        )
    return largest, mean


def measure(case: tuple[int, int, int, int, str], rounds: int) -> dict[str, Any]:
    """Times one batch with every contender; returns the figures and the contenders' agreement."""
    warp = Warp.random(*case)
    ours = np.zeros(warp.source.shape, np.float32)
    theirs = np.zeros_like(warp.source)
    plain_copy = warp.source.astype(np.float32)
    copied = np.zeros_like(plain_copy)
    workers = cores()
    with ThreadPoolExecutor(workers) as pool:
        whole = partial(with_opencv, warp, theirs, 0, len(theirs))
        contenders = {
            f"batchwarp, {threads} thread{'s'[: threads > 1]}": Contender(
                partial(with_batchwarp, warp, ours), partial(_core.set_num_threads, threads)
            )
            for threads in sorted({1, workers})
        }
        for threads in sorted({0, 1, 2, workers}):
            contenders[f"OpenCV, setNumThreads({threads})"] = Contender(
                whole, partial(cv2.setNumThreads, threads)
            )
        contenders[f"OpenCV, {workers} Python threads"] = Contender(
            partial(with_opencv_pool, warp, theirs, pool, workers), partial(cv2.setNumThreads, 1)
        )
        contenders["copy of the float32 batch"] = Contender(partial(np.copyto, copied, plain_copy))
        timings = interleaved(contenders, rounds=rounds)
    _core.set_num_threads(0)
    largest, mean = check(warp, ours, theirs)
    return {
        "shape": list(warp.source.shape),
        "dtype": case[-1],
        "elements": warp.source.size,
        "largest_difference": largest,
        "mean_difference": mean,
        "timings": as_json(timings),
    }


def row(figures: dict[str, Any]) -> list[str]:
    """Returns one line of the table; times are nanoseconds per element."""
    per_element = {
        name: 1e9 * timing["median"] / figures["elements"]
        for name, timing in figures["timings"].items()
    }
    ours = {name: value for name, value in per_element.items() if name.startswith("batchwarp")}
    theirs = {name: value for name, value in per_element.items() if name.startswith("OpenCV")}
    best = min(theirs, key=theirs.__getitem__)
    single = min(theirs["OpenCV, setNumThreads(0)"], theirs["OpenCV, setNumThreads(1)"])
    n, height, width, channels = figures["shape"]
    return [
        f"{n} × {height}×{width}×{channels} {figures['dtype']}",
        f"{ours['batchwarp, 1 thread']:.2f}",
        f"{min(ours.values()):.2f}",
        f"{single:.2f}",
        f"{theirs[best]:.2f}",
        best.removeprefix("OpenCV, "),
        f"{single / ours['batchwarp, 1 thread']:.1f}",
        f"{theirs[best] / min(ours.values()):.1f}",
        f"{per_element['copy of the float32 batch']:.2f}",
    ]


HEADER = [
    "batch",
    "batchwarp, 1 thread",
    "batchwarp, best",
    "OpenCV, 1 thread",
    "OpenCV, best",
    "OpenCV's best setting",
    "ratio, 1 thread",
    "ratio, best",
    "copy, 1 thread",
]


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser("batchwarp's kernels against cv2.warpAffine, ns per element.")
    options.add_argument(
        "--rounds", type=int, default=15, help="measurements of each (default: 15)"
    )
    arguments = options.parse_args()
    cases = CASES
    if arguments.tiny:
        cases = [(2, height, width, channels, dtype) for _, height, width, channels, dtype in CASES]
    figures = [measure(case, arguments.rounds) for case in cases]
    text = table(HEADER, [row(case) for case in figures])
    report(text, {"cases": figures}, machine("opencv-python"), arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
