"""How long does it take to resize one decoded image, compared with Pillow and with `cv2.resize`?

All start from a uint8 array and end in one, on one thread. batchwarp and Pillow give the same
bytes, which is checked. Their filters widen as the image shrinks; OpenCV's of the same name read
two, four or eight pixels along an axis whatever the scale, which is less work and gives other
pixels. Only its INTER_AREA, beside the box filter, reads all.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core

from .harness.images import images
from .harness.machine import machine
from .harness.options import parse, parser
from .harness.report import report, table, track
from .harness.timing import MILLISECOND, Contender, as_json, interleaved

Size = tuple[int, int]  # width, height
SIZES: list[tuple[Size, Size]] = [((446, 374), (150, 150)), ((1024, 768), (224, 224))]
# Filters whose like OpenCV has.
METHODS = {"nearest": "INTER_NEAREST", "bilinear": "INTER_LINEAR", "bicubic": "INTER_CUBIC"}
METHODS |= {"lanczos": "INTER_LANCZOS4", "box": "INTER_AREA"}


@dataclass(frozen=True)
class Case:
    """One size, one method; its text names it in the table and in the JSON."""

    source: Size
    target: Size
    method: str

    def __str__(self) -> str:
        (width, height), (to_width, to_height) = self.source, self.target
        return f"{width}×{height} to {to_width}×{to_height}, {self.method}"


def pillow_resize(image: NDArray[np.uint8], case: Case) -> NDArray[np.uint8]:
    """Returns what Pillow makes of an RGB array."""
    from PIL import Image

    method = Image.Resampling[case.method.upper()]
    return np.asarray(Image.fromarray(image).resize(case.target, method))


def pillow_version() -> tuple[int, int]:
    """Returns the release of the installed Pillow, whose bytes are asked for."""
    import PIL

    major, minor, *_ = PIL.__version__.split(".")
    return int(major), int(minor)


def measure(case: Case, rounds: int) -> dict[str, Any]:
    """Times one case with every contender.

    Args:
        case: what to resize.
        rounds: how many measurements to take.

    Returns:
        The figures, fit for JSON.

    Raises:
        RuntimeError: if batchwarp and Pillow did not give the same bytes.
    """
    import cv2

    width, height = case.source
    image = images(1, height, width, 3, "uint8")[0]
    out = np.zeros((case.target[1], case.target[0], 3), np.uint8)
    theirs = np.zeros_like(out)
    release = pillow_version()
    interpolation = getattr(cv2, METHODS[case.method])
    contenders = {
        "batchwarp": Contender(lambda: _core.resize(image, out, case.method, pillow=release)),
        "Pillow": Contender(lambda: pillow_resize(image, case)),
        "OpenCV": Contender(
            lambda: cv2.resize(image, case.target, dst=theirs, interpolation=interpolation),
            lambda: cv2.setNumThreads(1),
        ),
    }
    timings = interleaved(contenders, rounds=rounds)
    if not np.array_equal(out, pillow_resize(image, case)):
        raise RuntimeError(f"{case}: batchwarp and Pillow {release} gave different bytes")
    return {"case": str(case), "timings": as_json(timings)}


def metrics(cases: list[dict[str, Any]]) -> dict[str, float]:
    """Returns how many times as fast as Pillow each case is, and its milliseconds."""
    figures = {}
    for case in cases:
        median = {name: timing["median"] for name, timing in case["timings"].items()}
        figures[f"Pillow/{case['case']}"] = median["Pillow"] / median["batchwarp"]
        figures[f"milliseconds/{case['case']}"] = median["batchwarp"] / MILLISECOND
    return figures


def text(cases: list[dict[str, Any]]) -> str:
    """Returns the table: milliseconds, and the others' time as a multiple of ours in brackets."""
    rows = []
    for case in cases:
        median = {name: timing["median"] for name, timing in case["timings"].items()}
        ours = median["batchwarp"]
        others = [
            f"{median[name] / MILLISECOND:.3f} ({median[name] / ours:.1f})"
            for name in ("Pillow", "OpenCV")
        ]
        rows.append([case["case"], f"{ours / MILLISECOND:.3f}", *others])
    return table(["ms, RGB, one thread", "batchwarp", "Pillow", "OpenCV"], rows)


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser("Resizing a uint8 image, against Pillow and cv2.resize.", rounds=15)
    arguments = parse(options, "cv2", "PIL")
    about = machine("pillow", "opencv-python")
    sizes = [((40, 30), (15, 15))] if arguments.tiny else SIZES
    chosen = [Case(source, target, method) for source, target in sizes for method in METHODS]
    cases = [measure(case, arguments.rounds) for case in track(chosen, "resize")]
    report(text(cases), {"cases": cases, "metrics": metrics(cases)}, about, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
