"""The lines of a text file in YOLO's format, checked: boxes, polygons, boxes with keypoints."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp.annotations.outlines import has_area
from batchwarp.annotations.report import BadAnnotation

__all__ = ["LineReader", "Object"]

_BEYOND = 0.01  # by which part of its size boxes may reach out of an image: files round

_MOST_CLASSES = 65536  # a number beyond is a mistake, and no reason to make a list that long

_Box = tuple[float, float, float, float]
_Point = tuple[float, float]
_NOWHERE = (math.nan, math.nan)


class Object(NamedTuple):
    """What a line says; all places are parts of the image's width and height.

    Attributes:
        label: Integer, its class.
        box: Tuple of left, top, right and bottom.
        polygon: Array `(2m,)` of x and y in turn, or `None` if the line has none.
        points: List of `(x, y)`, the keypoints; nan for those that are not there.
    """

    label: int
    box: _Box
    polygon: NDArray[np.float64] | None
    points: list[_Point]


class LineReader:
    """Reads lines of one kind.

    Args:
        names: The classes' names by their numbers; `None` if any number is a class.
        keypoint_shape: Tuple `(count, numbers)`, how many keypoints each box has, and of how many
            numbers each is: x and y, or x, y and v. `None` if lines have no keypoints.
        masks: Boolean, whether each line has to have a polygon.
    """

    def __init__(
        self,
        names: Mapping[int, str] | None,
        keypoint_shape: tuple[int, int] | None,
        masks: bool,
    ) -> None:
        self._names = names
        self._keypoint_shape = keypoint_shape
        self._masks = masks
        self._seen: set[tuple[float, ...]] = set()

    def begin(self) -> None:
        """Begins with another file, which may have the lines of those before it."""
        self._seen.clear()

    def read(self, fields: list[str]) -> Object:
        """Returns what a line says.

        Args:
            fields: List of strings, at least one.

        Raises:
            BadAnnotation: If it is not as it should be.
        """
        self._check_count(len(fields))
        numbers = _numbers(fields)
        if numbers in self._seen:
            raise BadAnnotation("line twice", "is the same as one before it")
        self._seen.add(numbers)
        label = self._label(fields[0], numbers[0])
        if self._keypoint_shape is not None:
            return Object(label, _box(numbers[1:5]), None, self._points(numbers[5:]))
        if len(numbers) == 5:
            box = _box(numbers[1:])
            if self._masks:
                raise BadAnnotation("no outline", "has a box, where masks need a polygon")
            return Object(label, box, None, [])
        return Object(label, *_polygon(numbers[1:]), [])

    def _check_count(self, count: int) -> None:
        if self._keypoint_shape is not None:
            points, numbers = self._keypoint_shape
            wanted = 5 + points * numbers
            if count != wanted:
                raise BadAnnotation(
                    "wrong number of fields",
                    f"should be a class, 4 numbers of a box and {points} keypoints of {numbers} "
                    f"numbers, {wanted} fields: it has {count}",
                )
        elif count != 5 and (count < 7 or count % 2 == 0):
            raise BadAnnotation(
                "wrong number of fields",
                f"should be a class and 4 numbers, or a class and 3 points or more: it has {count} "
                "fields",
            )

    def _label(self, field: str, number: float) -> int:
        if number < 0 or number >= _MOST_CLASSES or number % 1:
            raise BadAnnotation(
                "wrong class", f"should be an integer from 0 to {_MOST_CLASSES - 1}: {field}"
            )
        names = self._names
        if names is not None and int(number) not in names:
            raise BadAnnotation(
                "wrong class", f"{field} is none of the {len(names)} that have names"
            )
        return int(number)

    def _points(self, values: Sequence[float]) -> list[_Point]:
        assert self._keypoint_shape is not None
        count, each = self._keypoint_shape
        points = []
        for number in range(count):
            x, y, *visible = values[number * each : (number + 1) * each]
            if visible and visible[0] not in (0, 1, 2):
                raise BadAnnotation(
                    "broken keypoints",
                    f"v of keypoint {number} should be 0, 1 or 2, it is {visible[0]:g}",
                )
            if visible and not visible[0]:
                points.append(_NOWHERE)
                continue
            if not (min(x, y) >= -_BEYOND and max(x, y) <= 1 + _BEYOND):
                raise BadAnnotation(
                    "keypoint outside its image",
                    f"keypoint {number} at {x:g}, {y:g}: they are parts of a size, from 0 to 1",
                )
            points.append((x, y))
        return points


def _numbers(fields: list[str]) -> tuple[float, ...]:
    try:
        numbers = tuple(map(float, fields))
    except ValueError:
        numbers = (math.nan,)
    if not all(map(math.isfinite, numbers)):
        raise BadAnnotation(
            "no number", f"fields should be finite numbers: {' '.join(fields)[:60]}"
        )
    return numbers


def _check_shares(numbers: Sequence[float]) -> None:
    least, most = min(numbers), max(numbers)
    if least < -_BEYOND or most > 1 + _BEYOND:
        raise BadAnnotation(
            "value beyond 0 to 1",
            f"has values from {least:g} to {most:g}: they are parts of a size",
        )


def _box(numbers: Sequence[float]) -> _Box:
    """Returns the box of a centre, a width and a height."""
    _check_shares(numbers)
    centre_x, centre_y, width, height = numbers
    return _with_area(
        centre_x - width / 2, centre_y - height / 2, centre_x + width / 2, centre_y + height / 2
    )


def _polygon(numbers: Sequence[float]) -> tuple[_Box, NDArray[np.float64]]:
    """Returns the box around a polygon, and the polygon."""
    _check_shares(numbers)
    polygon = np.array(numbers, np.float64)
    x, y = numbers[::2], numbers[1::2]
    box = _with_area(min(x), min(y), max(x), max(y))
    if not has_area(polygon):
        raise BadAnnotation("broken polygon", "a polygon whose points are on one line has no area")
    return box, polygon


def _with_area(left: float, top: float, right: float, bottom: float) -> _Box:
    if right <= left or bottom <= top:
        raise BadAnnotation("box without an area", f"a box of {right - left:g} × {bottom - top:g}")
    if min(left, top) < -_BEYOND or max(right, bottom) > 1 + _BEYOND:
        raise BadAnnotation(
            "box outside its image",
            f"a box from {left:g}, {top:g} to {right:g}, {bottom:g} reaches out of it",
        )
    return left, top, right, bottom
