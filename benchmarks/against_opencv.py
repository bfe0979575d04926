"""What does the warp alone cost, compared with a loop of `cv2.warpAffine` over the same batch?

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
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core

from .harness import plots
from .harness.batches import Batch, Shape, core_with, source_of
from .harness.machine import cores, machine
from .harness.options import parse, parser
from .harness.report import plural, report, table, track
from .harness.timing import Contender, as_json, interleaved

SHAPES = [
    Shape(n, side, side, channels, dtype)
    for n, side, channels in ((512, 28, 1), (32, 150, 3), (32, 224, 3))
    for dtype in ("float32", "uint8")
]
# OpenCV may round the weights of its bilinear taps (to 1/32 of a pixel in several versions): on the
# edges in the test images that is some grey levels at single pixels, and little on average.
MEAN_DIFFERENCE_ALLOWED = 0.5


def opencv_matrices(batch: Batch) -> list[NDArray[np.float64]]:
    """Returns the transforms of a batch as OpenCV's inverse maps."""
    height, width = batch.source.shape[1:3]
    # SciPy's order is (row, column), OpenCV's (x, y).
    return [
        np.array([[m[3], m[2], m[5]], [m[1], m[0], m[4]]])
        for m in _core.affine_matrices(batch.params, height, width)
    ]


def opencv_warp(
    source: NDArray[Any], matrices: list[NDArray[np.float64]], out: NDArray[Any], part: slice
) -> None:
    """Warps a part of a batch, one call of OpenCV for each image."""
    import cv2

    size = (source.shape[2], source.shape[1])
    for image, matrix, target in zip(source[part], matrices[part], out[part], strict=True):
        cv2.warpAffine(
            image,
            matrix,
            size,
            dst=target,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )


def opencv_contenders(
    source: NDArray[Any],
    matrices: list[NDArray[np.float64]],
    out: NDArray[Any],
    pool: ThreadPoolExecutor,
    workers: int,
) -> dict[str, Contender]:
    """Returns all ways to use the cores with OpenCV, which releases the GIL."""
    import cv2

    run: Callable[[slice], None] = partial(opencv_warp, source, matrices, out)
    n = len(source)
    parts = [slice(k * n // workers, (k + 1) * n // workers) for k in range(workers)]
    made = {
        f"OpenCV, setNumThreads({number})": Contender(
            partial(run, slice(None)), partial(cv2.setNumThreads, number)
        )
        for number in sorted({0, 1, 2, workers})
    }
    made[f"OpenCV, {plural(workers, 'Python thread')}"] = Contender(
        lambda: list(pool.map(run, parts)), partial(cv2.setNumThreads, 1)
    )
    return made


def check(ours: NDArray[np.float32], theirs: NDArray[Any], what: str) -> tuple[float, float]:
    """Compares two results.

    Args:
        ours: batchwarp's batch.
        theirs: OpenCV's batch.
        what: which one it is.

    Returns:
        The largest and the mean absolute difference, in grey levels.

    Raises:
        RuntimeError: if the two did not do the same work.
    """
    difference = np.abs(ours - theirs.astype(np.float32))
    largest, mean = float(difference.max()), float(difference.mean())
    if not mean < MEAN_DIFFERENCE_ALLOWED:
        raise RuntimeError(
            f"{what}: batchwarp and OpenCV differ by {mean:.3f} grey levels on average, "
            f"at most {MEAN_DIFFERENCE_ALLOWED} is accepted: they did not do the same work"
        )
    return largest, mean


def measure(shape: Shape, rounds: int) -> dict[str, Any]:
    """Times one batch with every contender; returns the figures and the contenders' agreement."""
    batch = Batch.of(source_of(shape), shape)
    theirs = np.zeros_like(batch.source)
    workers = cores()
    contenders = {
        f"batchwarp {tier}, {plural(threads, 'thread')}": Contender(
            batch.run, core_with(threads=threads, tier=tier)
        )
        for tier in _core.simd_tiers()
        for threads in sorted({1, workers})
    }
    with ThreadPoolExecutor(workers) as pool:
        matrices = opencv_matrices(batch)
        contenders |= opencv_contenders(batch.source, matrices, theirs, pool, workers)
        timings = interleaved(contenders, rounds=rounds)
    largest, mean = check(batch.out, theirs, str(shape))
    return {
        "case": f"{shape.n} × {shape}",
        "elements": shape.elements,
        "largest_difference": largest,
        "mean_difference": mean,
        "timings": as_json(timings),
    }


def best(figures: dict[str, Any], who: str) -> tuple[str, float]:
    """Returns the fastest of the contenders whose names begin alike: name, ns per element."""
    cost = {
        name: 1e9 * timing["median"] / figures["elements"]
        for name, timing in figures["timings"].items()
        if name.startswith(who)
    }
    fastest = min(cost, key=cost.__getitem__)
    return fastest, cost[fastest]


def metrics(cases: list[dict[str, Any]]) -> dict[str, float]:
    """Returns how many times as fast as OpenCV's best each tier is: tier/batch."""
    return {
        f"{tier}/{case['case']}": best(case, "OpenCV")[1] / best(case, f"batchwarp {tier},")[1]
        for case in cases
        for tier in _core.simd_tiers()
    }


def text(cases: list[dict[str, Any]]) -> str:
    """Returns the table: nanoseconds per element, and OpenCV's time as a multiple in brackets."""
    header = ["batch", "OpenCV, best", "OpenCV's best setting", *_core.simd_tiers()]
    rows = []
    for case in cases:
        setting, theirs = best(case, "OpenCV")
        ours = [best(case, f"batchwarp {tier},")[1] for tier in _core.simd_tiers()]
        cells = [f"{cost:.2f} ({theirs / cost:.1f})" for cost in ours]
        rows.append([case["case"], f"{theirs:.2f}", setting.removeprefix("OpenCV, "), *cells])
    return table(header, rows)


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser(
        "batchwarp's kernels against cv2.warpAffine, ns per element.", rounds=15, plot=True
    )
    arguments = parse(options, "cv2")
    about = machine("opencv-python")
    shapes = SHAPES
    if arguments.tiny:
        shapes = [shape.tiny() for shape in shapes]
    cases = [measure(shape, arguments.rounds) for shape in track(shapes, "against_opencv")]
    figures = {"cases": cases, "metrics": metrics(cases)}
    report(text(cases), figures, about, arguments.json)
    plots.save("against_opencv", figures, arguments.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
