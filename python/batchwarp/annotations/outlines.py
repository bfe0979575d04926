"""The outlines of objects in COCO's format, checked: polygons and run lengths."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from batchwarp.annotations.report import BadAnnotation

__all__ = ["BEYOND", "Outline", "has_area", "is_number", "outline", "run_lengths"]

# Polygons, arrays `(2m,)` of x and y in turn; or run lengths.
Outline: TypeAlias = "list[NDArray[np.float64]] | NDArray[np.int64]"

# How many pixels boxes and outlines may reach out of their image: files round.
BEYOND = 1.0

# Of the square of a polygon's extent, as a difference of products leaves it.
_ROUNDING = 1e-14

_POLYGON = "broken polygon"
_RUNS = "broken run lengths"
# In the text of run lengths: a character has five bits of a number, and says whether more follow.
_FIRST_CHARACTER = 48
_BITS, _MORE = 5, 0x20


def is_number(value: Any) -> bool:
    """Whether something that JSON had is a finite number."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def outline(value: Any, height: int, width: int) -> Outline:
    """Returns the `segmentation` of an annotation.

    Args:
        value: What the file has.
        height: Integer, the image's rows.
        width: Integer, its columns.

    Returns:
        Polygons, arrays `(2m,)` of x and y in turn; or run lengths, an array `(r,)`: column by
        column, how many pixels are outside, then inside, and so on.

    Raises:
        BadAnnotation: If it is neither a list of polygons nor run lengths of an image of this size.
    """
    if isinstance(value, list) and value:
        return [_polygon(one, height, width) for one in value]
    if isinstance(value, dict):
        return _checked_run_lengths(value, height, width)
    raise BadAnnotation("no outline", "has no polygon and no run lengths as `segmentation`")


def _polygon(value: Any, height: int, width: int) -> NDArray[np.float64]:
    if not isinstance(value, list) or not all(map(is_number, value)):
        raise BadAnnotation(_POLYGON, "a polygon should be a list of finite numbers")
    if len(value) < 6 or len(value) % 2:
        raise BadAnnotation(
            _POLYGON,
            f"a polygon should be x and y of at least 3 points, it is {len(value)} numbers",
        )
    polygon = np.array(value, np.float64)
    x, y = polygon[::2], polygon[1::2]
    if not (
        x.min() >= -BEYOND
        and y.min() >= -BEYOND
        and x.max() <= width + BEYOND
        and y.max() <= height + BEYOND
    ):
        raise BadAnnotation(
            "polygon outside its image",
            f"a polygon from {x.min():g}, {y.min():g} to {x.max():g}, {y.max():g} reaches out of "
            f"{width} × {height}",
        )
    if not has_area(polygon):
        raise BadAnnotation(_POLYGON, "a polygon whose points are on one line has no area")
    return polygon


def has_area(polygon: NDArray[np.float64]) -> bool:
    """Whether the points of a polygon, `(2m,)`, are not all on one line, but for rounding."""
    x, y = polygon[::2] - polygon[0], polygon[1::2] - polygon[1]
    squares = x * x + y * y
    far = squares.argmax()
    return bool((np.abs(x * y[far] - y * x[far]) > _ROUNDING * squares[far]).any())


def _checked_run_lengths(value: dict[str, Any], height: int, width: int) -> NDArray[np.int64]:
    size, counts = value.get("size"), value.get("counts")
    if size != [height, width]:
        raise BadAnnotation(
            _RUNS, f"run lengths of the size {size!r} in an image of {[height, width]}"
        )
    if isinstance(counts, str):
        lengths = run_lengths(counts)
    elif isinstance(counts, list) and all(type(one) is int for one in counts):
        lengths = counts
    else:
        raise BadAnnotation(_RUNS, "run lengths should be a string, or a list of integers")
    if min(lengths, default=-1) < 0:
        raise BadAnnotation(_RUNS, "some of the run lengths are negative, or there are none")
    if sum(lengths) != height * width:
        raise BadAnnotation(
            _RUNS, f"run lengths of {sum(lengths)} pixels in an image of {height * width}"
        )
    return np.array(lengths, np.int64)


def run_lengths(text: str) -> list[int]:
    """Returns the run lengths in a text.

    Args:
        text: String, as COCO's tools write it: each number in as many characters as it needs, the
            low bits first, and from the fourth number on only by how much it is more than the
            second before it.

    Raises:
        BadAnnotation: If it is none.
    """
    lengths: list[int] = []
    number = shift = 0
    for character in text:
        code = ord(character) - _FIRST_CHARACTER
        if not 0 <= code < 2 * _MORE:
            raise BadAnnotation(_RUNS, f"the text of run lengths has the character {character!r}")
        number |= (code & (_MORE - 1)) << shift
        shift += _BITS
        if code & _MORE:
            continue
        if code & (_MORE >> 1):  # the sign
            number -= 1 << shift
        lengths.append(number + lengths[-2] if len(lengths) > 2 else number)
        number = shift = 0
    if shift:
        raise BadAnnotation(_RUNS, "the text of run lengths ends within a number")
    return lengths
