"""Where pixels come from.

Each operation has a homogeneous 3 x 3 matrix, from a pixel of its result to a place in its image,
both (x, y, 1). One of them may displace each pixel by its own instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._reference.draws import sides
from batchwarp._reference.fields import FIELDS
from batchwarp._reference.sampling import mapped, places_of
from batchwarp._reference.tree import Leaf, size_after

Matrix = NDArray[Any]


def moved(x: float, y: float) -> Matrix:
    """Returns the map to the place that is so far to the right and down."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def scaled(x: float, y: float) -> Matrix:
    """Returns the map to the place so many times as far from the first pixel."""
    return np.diag([x, y, 1.0])


def affine(leaf: Leaf) -> Matrix:
    """Inverts how `Affine` moves points about the centre."""
    height, width, _ = leaf.size
    at = leaf.columns
    angle = math.radians(at["rotation"])
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    lean = np.array(
        [
            [1, math.tan(math.radians(at["shear_x"]))],
            [math.tan(math.radians(at["shear_y"])), 1],
        ]
    )
    forward = np.eye(3)
    forward[:2, :2] = turn @ lean * at["zoom"]
    centre = ((width - 1) / 2, (height - 1) / 2)
    shifted = moved(at["shift_x"] * width, at["shift_y"] * height)
    forward = moved(*centre) @ shifted @ forward @ moved(-centre[0], -centre[1])
    inverse: Matrix = np.linalg.inv(forward)
    return inverse


def flip(leaf: Leaf) -> Matrix:
    """Mirrors."""
    matrix = np.eye(3)
    if leaf.columns["flip_horizontal"]:
        matrix = moved(leaf.size.width - 1, 0) @ scaled(-1, 1)
    if leaf.columns["flip_vertical"]:
        matrix = moved(0, leaf.size.height - 1) @ scaled(1, -1) @ matrix
    return matrix


def rotate90(leaf: Leaf) -> Matrix:
    """Turns, by a quarter for each of the turns: `result[i, j] = image[j, width - 1 - i]`."""
    quarter = np.array([[0, -1, leaf.size.width - 1], [1, 0, 0], [0, 0, 1]], np.float64)
    if leaf.size.height == leaf.size.width:
        return np.linalg.matrix_power(quarter, int(leaf.columns["turns"]))
    half = moved(leaf.size.width - 1, leaf.size.height - 1) @ scaled(-1, -1)
    return np.linalg.matrix_power(half, int(leaf.columns["turns"]) // 2)


def random_crop(leaf: Leaf) -> Matrix:
    """Moves the window."""
    return moved(leaf.columns["left"], leaf.columns["top"])


def center_crop(leaf: Leaf) -> Matrix:
    """Moves the window to the middle."""
    after = size_after(leaf.op, leaf.size)
    top = round((leaf.size.height - after.height) / 2)
    left = round((leaf.size.width - after.width) / 2)
    return moved(left, top)


def pad(leaf: Leaf) -> Matrix:
    """Moves the window before the image."""
    left, top, _, _ = sides(leaf.op.padding)
    return moved(-left, -top)


def window(leaf: Leaf) -> tuple[float, float, float, float]:
    """Returns top, left, height and width of what `Resize` or `RandomResizedCrop` resizes."""
    if leaf.kind == "resize":
        return 0.0, 0.0, float(leaf.size.height), float(leaf.size.width)
    at = leaf.columns
    return at["top"], at["left"], at["height"], at["width"]


def resize(leaf: Leaf) -> Matrix:
    """Lays the window's area over that of the result: edges on edges, not centres on centres."""
    top, left, height, width = window(leaf)
    after = size_after(leaf.op, leaf.size)
    factor = scaled(width / after.width, height / after.height)
    return moved(left - 0.5, top - 0.5) @ factor @ moved(0.5, 0.5)


def perspective(leaf: Leaf) -> Matrix:
    """Solves for the homography that takes the moved corners to the corners of the image."""
    height, width, _ = leaf.size
    corners = [(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)]
    inward = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
    rows, right = [], []
    for number, ((u, v), (to_x, to_y)) in enumerate(zip(corners, inward, strict=True)):
        x = u + to_x * leaf.columns[f"x{number}"] * width / 2
        y = v + to_y * leaf.columns[f"y{number}"] * height / 2
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    solved = np.linalg.solve(np.array(rows, np.float64), np.array(right, np.float64))
    return np.append(solved, 1.0).reshape(3, 3)


def unmoved(leaf: Leaf) -> Matrix:  # noqa: ARG001
    """Leaves pixels where they are: what displaces them is added."""
    return np.eye(3)


MAPS: Mapping[str, Callable[[Leaf], Matrix]] = {
    "affine": affine,
    "flip": flip,
    "rotate90": rotate90,
    "random_crop": random_crop,
    "center_crop": center_crop,
    "pad": pad,
    "resize": resize,
    "random_resized_crop": resize,
    "perspective": perspective,
    **dict.fromkeys(FIELDS, unmoved),
}


def composed(leaves: list[Leaf]) -> Matrix:
    """Returns the map of several operations: a pixel of the last result to a place in the image."""
    matrix: Matrix = np.eye(3)
    for leaf in leaves:
        matrix = matrix @ MAPS[leaf.kind](leaf)
    return matrix


def points_of(leaves: list[Leaf], height: int, width: int) -> NDArray[np.float64]:
    """Returns where pixels come from, as points (x, y, w), `(3, height, width)`.

    Args:
        leaves: Several operations.
        height: Integer, of the last result.
        width: Integer, likewise.
    """
    points = mapped(composed(leaves), height, width)
    for place, leaf in enumerate(leaves):
        if leaf.kind in FIELDS:
            at_field = mapped(composed(leaves[place:]), height, width)
            down, right = FIELDS[leaf.kind](leaf, places_of(at_field))
            moved_by = np.stack([right, down]) * at_field[2]
            points += np.tensordot(composed(leaves[:place])[:, :2], moved_by, 1)
    return points


def copies(leaves: list[Leaf]) -> bool:
    """Whether operations move by whole pixels, mirror and turn by 90 degrees only."""
    if any(leaf.kind in FIELDS for leaf in leaves):
        return False
    matrix = composed(leaves)
    whole: Any = np.array_equal(matrix, np.round(matrix))
    return bool(whole and np.array_equal(np.abs(matrix[:2, :2]).sum(axis=0), [1, 1]))
