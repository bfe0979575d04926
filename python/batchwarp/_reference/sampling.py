"""What an image is at places between its pixels, beyond its edges, and at fewer of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float64]

FARTHEST = 2.0**20  # pixels


def sampled(
    image: Image,
    matrix: NDArray[np.float64],
    height: int,
    width: int,
    *,
    order: int,
    fill_mode: str,
    cval: float,
) -> Image:
    """Returns an image, read where a map says.

    Args:
        image: Array `(height, width, channels)`.
        matrix: Array `(3, 3)`, from a pixel (x, y, 1) of the result to a place in `image`.
        height: Integer, the result's.
        width: Integer, the result's.
        order: Integer from 0 to 5, of the spline.
        fill_mode: String, as `mode` of `scipy.ndimage`.
        cval: Float, what is beyond the edges where the mode has it constant.
    """
    from scipy.ndimage import map_coordinates

    places = places_of(matrix, height, width)
    return np.stack(
        [
            map_coordinates(channel, places, order=order, mode=fill_mode, cval=cval)
            for channel in np.moveaxis(image, -1, 0)
        ],
        axis=-1,
    )


def places_of(matrix: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Returns where pixels come from, `(2, height, width)`, row and column.

    What lies at or behind the horizon of a perspective is as far away as anything can be.
    """
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    x, y, w = np.tensordot(matrix, np.stack([columns, rows, np.ones_like(rows)]), 1)
    places = np.stack([y, x])
    if np.array_equal(matrix[2], [0, 0, 1]):
        return places
    before = w > 1e-9
    found: Image = np.where(
        before,
        np.clip(places / np.where(before, w, 1), -FARTHEST, FARTHEST),
        np.where(places < 0, -FARTHEST, FARTHEST),
    )
    return found


def triangle(source: int, target: int) -> NDArray[np.float64]:
    """Returns the weights `(target, source)` of the antialiased bilinear filter of one axis."""
    scale = source / target
    support = max(1.0, scale)
    weights = np.zeros((target, source))
    for row in range(target):
        centre = (row + 0.5) * scale
        first = max(0, int(np.floor(centre - support + 0.5)))
        last = min(source, int(np.floor(centre + support + 0.5)))
        taps = np.arange(first, last)
        weights[row, taps] = np.maximum(0, 1 - np.abs(taps + 0.5 - centre) / support)
    normalized: Image = weights / weights.sum(axis=1, keepdims=True)
    return normalized


def antialiased(
    image: Image, window: tuple[float, float, float, float], height: int, width: int
) -> Image:
    """Returns a window (top, left, height, width) of an image, resized by that filter."""
    top, left, rows, columns = (int(value) for value in window)
    part = image[top : top + rows, left : left + columns]
    across = np.einsum("kl,jlc->jkc", triangle(columns, width), part)
    result: Image = np.einsum("ij,jkc->ikc", triangle(rows, height), across)
    return result
