"""Displacements of each pixel by its own.

A field has random numbers of its own, under a key that is drawn. A function of it takes places, row
and column, and returns how far what is there is displaced, down and to the right: in the direction
in which the image is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._reference.draws import both_sides
from batchwarp._reference.philox import Words, philox4x32
from batchwarp._reference.tree import Leaf

Places = NDArray[np.float64]

POINT, PHASE, CELL = range(3)  # what numbers are for


def words(leaf: Leaf, purpose: int, row: Any, column: Any) -> Words:
    """Returns four random words of a field, or arrays of them."""
    key = int(leaf.columns["key_low"]), int(leaf.columns["key_high"])
    return philox4x32((column, row, purpose, 0), key)


def within(leaf: Leaf, places: Places) -> Places:
    """Returns the nearest places of the field's image."""
    ends = np.array(leaf.size[:2])[:, None, None] - 1
    return np.clip(places, 0, ends)


def cubic(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the cubic B-spline, by the distance from its centre."""
    d = np.abs(distances)
    near: NDArray[np.float64] = 2 / 3 - d**2 + d**3 / 2
    return np.where(d < 1, near, np.maximum(2 - d, 0) ** 3 / 6)


def strength(alpha: float, sigma: float) -> float:
    """Returns how far points of `Elastic` are displaced at most."""
    wanted = alpha / 2 / math.sqrt(3) / (2 * math.sqrt(math.pi) * sigma)
    return wanted * math.sqrt(3) / (151 / 315)


def elastic(leaf: Leaf, places: Places) -> Places:
    """Adds up the points of `Elastic`, each by its B-spline."""
    spacing = math.sqrt(3) * leaf.op.sigma
    phases = words(leaf, PHASE, 0, 0)
    down, right = (
        1 + phase / 2**32 + at / spacing
        for phase, at in zip(phases, within(leaf, places), strict=False)
    )
    rows, columns = int(down.max()) + 3, int(right.max()) + 3
    points = np.empty((2, rows, columns + columns % 2))
    counters = np.mgrid[:rows, : points.shape[2] // 2].astype(np.uint64)
    drawn = np.stack(words(leaf, POINT, *counters)) / 2**31 - 1
    points[..., 0::2], points[..., 1::2] = drawn[:2], drawn[2:]
    points *= strength(leaf.op.alpha, leaf.op.sigma)
    weights = (
        cubic(at[..., None] - np.arange(count))
        for at, count in ((down, rows), (right, points.shape[2]))
    )
    displaced: Any = np.einsum("ija,ijb,pab->pij", *weights, points, optimize=True)
    return np.asarray(displaced)


def grid_distortion(leaf: Leaf, places: Places) -> Places:
    """Moves the lines between the cells of `GridDistortion`, and what is between two with them."""
    steps = leaf.op.num_steps
    low, high = both_sides(leaf.op.distort_limit)
    drawn = np.array([words(leaf, CELL, 0, cell)[:2] for cell in range(steps)]) / 2**32
    extents = np.cumsum(1 + low + (high - low) * drawn, axis=0)
    displaced = []
    for axis, at in enumerate(within(leaf, places)):
        last = leaf.size[axis] - 1
        equal = np.linspace(0, last, steps + 1)
        lines = np.append(0, extents[:, axis] / extents[-1, axis]) * last
        displaced.append(np.interp(at, equal, lines - equal) if last else np.zeros_like(at))
    return np.stack(displaced)


FIELDS: Mapping[str, Callable[[Leaf, Places], Places]] = {
    "elastic": elastic,
    "grid_distortion": grid_distortion,
}
