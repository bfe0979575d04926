"""What an image is at places between its pixels, beyond its edges, and at fewer of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float64]

FARTHEST = 2.0**20  # pixels


def sampled(
    image: Image,
    places: NDArray[np.float64],
    *,
    order: int,
    fill_mode: str,
    cval: float,
) -> Image:
    """Returns an image, read at places.

    Args:
        image: Array `(height, width, channels)`.
        places: Array `(2, height, width)`, row and column in `image` for each pixel of the result.
        order: Integer from 0 to 5, of the spline.
        fill_mode: String, as `mode` of `scipy.ndimage`.
        cval: Float, what is beyond the edges where the mode has it constant.
    """
    from scipy.ndimage import map_coordinates

    return np.stack(
        [
            map_coordinates(channel, places, order=order, mode=fill_mode, cval=cval)
            for channel in np.moveaxis(image, -1, 0)
        ],
        axis=-1,
    )


def mapped(matrix: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Returns what a matrix `(3, 3)` makes of each pixel (x, y, 1), `(3, height, width)`."""
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    made: Image = np.tensordot(matrix, np.stack([columns, rows, np.ones_like(rows)]), 1)
    return made


def places_of(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the places of points (x, y, w), `(2, height, width)`, row and column.

    What lies at or behind the horizon of a perspective is as far away as anything can be.
    """
    x, y, w = points
    places = np.stack([y, x])
    if (w == 1).all():
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
