"""Images of any dtype and any number of channels, resized with Pillow's methods."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def resize(
    image: NDArray[Any],
    target_size: tuple[int, int],
    interpolation: str,
    box: tuple[int, int, int, int],
) -> NDArray[Any]:
    """Resizes each channel by itself.

    Args:
        image: Array `(height, width, channels)`.
        target_size: Tuple `(height, width)`, pixels.
        interpolation: Name of Pillow's method.
        box: Tuple `(left, top, right, bottom)`, the part to resize.

    Returns:
        Array `(*target_size, channels)` of the same dtype. `"nearest"` chooses pixels; the others
        compute in float32 what fits in there, and in float64 integers of 32 and 64 bits and
        float64. Integers are rounded and clipped.
    """
    if interpolation == "nearest":
        return _chosen(image, target_size, box)
    values: NDArray[Any]
    if image.dtype.itemsize > 2 and image.dtype != np.float32:
        values = _in_float64(image, target_size, interpolation, box)
    else:
        values = _with_pillow(image, target_size, interpolation, box)
    if image.dtype.kind not in "iu":
        return values.astype(image.dtype)
    limits = np.iinfo(image.dtype)
    values = np.rint(values)
    # As a float, the greatest number of 64 bits is too great for one.
    too_great = values >= float(limits.max)
    result = np.where(too_great, 0, np.maximum(values, limits.min)).astype(image.dtype)
    result[too_great] = limits.max
    return result


def _chosen(
    image: NDArray[Any], target_size: tuple[int, int], box: tuple[int, int, int, int]
) -> NDArray[Any]:
    """Chooses the pixels that Pillow chooses."""
    left, top, right, bottom = box
    rows = _nearest(image.shape[0], target_size[0], top, bottom)
    columns = _nearest(image.shape[1], target_size[1], left, right)
    chosen: NDArray[Any] = image[rows[:, np.newaxis], columns]
    return chosen


def _nearest(size: int, to_size: int, start: int, end: int) -> NDArray[Any]:
    """Returns which pixels of a line Pillow chooses; it says so itself, to the last rounding."""
    from PIL import Image

    line = Image.fromarray(np.arange(size, dtype=np.int32)[np.newaxis])
    chosen = line.resize((to_size, 1), Image.Resampling.NEAREST, (start, 0, end, 1))
    return np.asarray(chosen).ravel()


def _with_pillow(
    image: NDArray[Any],
    target_size: tuple[int, int],
    interpolation: str,
    box: tuple[int, int, int, int],
) -> NDArray[np.float32]:
    from PIL import Image

    method = Image.Resampling[interpolation.upper()]
    size = (target_size[1], target_size[0])
    channels = [
        np.asarray(
            Image.fromarray(image[..., channel].astype(np.float32)).resize(size, method, box)
        )
        for channel in range(image.shape[2])
    ]
    return np.stack(channels, axis=2)


def _in_float64(
    image: NDArray[Any],
    target_size: tuple[int, int],
    interpolation: str,
    box: tuple[int, int, int, int],
) -> NDArray[np.float64]:
    """Resizes as Pillow does, which knows no such precision."""
    left, top, right, bottom = box
    values = image.astype(np.float64)
    for axis, (start, end) in ((1, (left, right)), (0, (top, bottom))):
        if (start, end, target_size[axis]) != (0, image.shape[axis], image.shape[axis]):
            values = _resampled(values, axis, target_size[axis], interpolation, start, end)
    return values


def _resampled(
    values: NDArray[np.float64], axis: int, to_size: int, interpolation: str, start: int, end: int
) -> NDArray[np.float64]:
    """Resizes along an axis with the taps and weights of Pillow's `Resample.c`."""
    weigh, reach = _FILTERS[interpolation]
    size = values.shape[axis]
    scale = (end - start) / to_size
    stretch = max(scale, 1.0)
    centres = start + (np.arange(to_size) + 0.5) * scale
    first = np.maximum((centres - reach * stretch + 0.5).astype(np.int64), 0)
    last = np.minimum((centres + reach * stretch + 0.5).astype(np.int64), size)
    taps = first[:, np.newaxis] + np.arange(math.ceil(reach * stretch) * 2 + 1)
    weights: NDArray[Any] = weigh((taps - centres[:, np.newaxis] + 0.5) / stretch)
    weights[taps >= last[:, np.newaxis]] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    result: NDArray[np.float64] = np.zeros(
        (*values.shape[:axis], to_size, *values.shape[axis + 1 :])
    )
    shape = (-1, *(1,) * (values.ndim - axis - 1))
    for tap, weight in zip(np.minimum(taps, size - 1).T, weights.T, strict=True):
        result += weight.reshape(shape) * values.take(tap, axis)
    return result


def _box(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return ((x > -0.5) & (x <= 0.5)).astype(np.float64)


def _triangle(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.abs(x) < 1, 1 - np.abs(x), 0)


def _hamming(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.abs(x) < 1, np.sinc(x) * (0.54 + 0.46 * np.cos(np.pi * x)), 0)


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    a = -0.5
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _lanczos(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where((x >= -3) & (x < 3), np.sinc(x) * np.sinc(x / 3), 0)


# Weights by distance, and the distance at which they end.
_FILTERS: dict[str, tuple[Callable[[NDArray[np.float64]], NDArray[np.float64]], float]] = {
    "box": (_box, 0.5),
    "bilinear": (_triangle, 1.0),
    "hamming": (_hamming, 1.0),
    "bicubic": (_cubic, 2.0),
    "lanczos": (_lanczos, 3.0),
}
