"""What colour operations do to an image, one function each.

Images are arrays `(height, width, channels)` of float64. `low` and `high` are the value range;
nothing is clamped but by `sharpen`, whose result may leave it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._reference.jpeg import compressed
from batchwarp._reference.philox import philox4x32
from batchwarp._reference.tree import Leaf

Image = NDArray[np.float64]

_GREY = np.array([0.299, 0.587, 0.114])
_YIQ = np.array([_GREY, [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_BLUR = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13


def grey(image: Image) -> Image:
    """Returns the grey of each pixel, `(height, width, 1)`."""
    result: Image = image @ _GREY[:, None]
    return result


def brightness(image: Image, factor: float, low: float) -> Image:
    """Scales the distance from black."""
    return low + factor * (image - low)


def contrast(image: Image, factor: float) -> Image:
    """Scales the distance from the mean grey of the image."""
    mean = (grey(image) if image.shape[2] == 3 else image).mean()
    result: Image = mean + factor * (image - mean)
    return result


def saturation(image: Image, factor: float) -> Image:
    """Scales the distance from the pixel's grey."""
    return grey(image) + factor * (image - grey(image))


def hue(image: Image, turns: float) -> Image:
    """Turns (I, Q) of YIQ, red towards yellow."""
    cos, sin = math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns)
    rotation = np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]])
    result: Image = image @ (np.linalg.inv(_YIQ) @ rotation @ _YIQ).T
    return result


def hue_hsv(image: Image, turns: float, low: float, high: float) -> Image:
    """Adds to the hue of HSV."""
    unit = (image - low) / (high - low)
    red, green, blue = np.moveaxis(unit, -1, 0)
    value, least = unit.max(axis=2), unit.min(axis=2)
    chroma = value - least
    divisor = np.where(chroma == 0, 1, chroma)
    sixths = np.select(
        [chroma == 0, value == red, value == green],
        [0 * value, (green - blue) / divisor, 2 + (blue - red) / divisor],
        4 + (red - green) / divisor,
    )
    sixths = (sixths + 6 * turns) % 6

    def channel(offset: int) -> Image:
        place = (offset + sixths) % 6
        result: Image = value - chroma * np.clip(np.minimum(place, 4 - place), 0, 1)
        return result

    return low + (high - low) * np.stack([channel(5), channel(3), channel(1)], axis=2)


def grayscale(image: Image) -> Image:
    """Makes all channels the pixel's grey."""
    return np.repeat(grey(image), 3, axis=2)


def invert(image: Image, low: float, high: float) -> Image:
    """Mirrors values within the range."""
    return low + high - image


def channel_shift(image: Image, shifts: list[float], low: float, high: float) -> Image:
    """Adds a fraction of the range to each channel."""
    return image + np.array(shifts[: image.shape[2]]) * (high - low)


def channel_drop(image: Image, channel: int, low: float) -> Image:
    """Makes one channel black."""
    result = image.copy()
    result[..., channel] = low
    return result


def gamma(image: Image, exponent: float, low: float, high: float) -> Image:
    """Raises values, from 0 to 1, to a power."""
    return low + (high - low) * ((image - low) / (high - low)) ** exponent


def solarize(image: Image, threshold: float, low: float, high: float) -> Image:
    """Inverts values from a fraction of the range on."""
    return np.where((image - low) / (high - low) >= threshold, low + high - image, image)


def posterize(image: Image, bits: int, low: float, high: float) -> Image:
    """Keeps the beginnings of 2^bits equal steps."""
    levels = 2**bits
    step = (high - low + (high - low in (255, 65535))) / levels
    result: Image = low + np.minimum(np.floor((image - low) / step), levels - 1) * step
    return result


def autocontrast(image: Image, low: float, high: float) -> Image:
    """Stretches each channel to the range, but not what rounding left of a single value."""
    least, most = image.min(axis=(0, 1)), image.max(axis=(0, 1))
    flat = most - least < (high - low) / 65536
    span = np.where(flat, 1, most - least)
    return np.where(flat, image, low + (image - least) * (high - low) / span)


def levels_of(image: Image, low: float, high: float) -> NDArray[np.int64]:
    """Returns the nearest of 256 levels, halves up."""
    return np.floor((image - low) / (high - low) * 255 + 0.5).astype(np.int64)


def equalize(image: Image, low: float, high: float) -> Image:
    """Makes the 256 levels of each channel about equally frequent."""
    result = image.copy()
    for c in range(image.shape[2]):
        levels = levels_of(image[..., c], low, high)
        counts = np.bincount(levels.ravel(), minlength=256)
        step = (counts.sum() - counts[counts.nonzero()[0][-1]]) // 255
        if step == 0:
            continue
        before = np.cumsum(counts) - counts
        table = np.minimum(255, (before + step // 2) // step)
        result[..., c] = low + table[levels] * (high - low) / 255
    return result


def sharpen(image: Image, factor: float, low: float, high: float) -> Image:
    """Scales the distance from the image smoothed by 3 x 3 pixels, but not at its edges."""
    height, width, _ = image.shape
    result = image.copy()
    if height < 3 or width < 3:
        return result
    smooth = sum(
        _BLUR[i, j] * image[i : height - 2 + i, j : width - 2 + j]
        for i in range(3)
        for j in range(3)
    )
    inside = image[1:-1, 1:-1]
    result[1:-1, 1:-1] = np.clip(smooth + factor * (inside - smooth), low, high)
    return result


def gaussian_blur(image: Image, sigma: float, kernel_size: int | None) -> Image:
    """Takes weighted means of columns, then of rows, of the image mirrored beyond its edges."""
    radius = math.ceil(3 * sigma) if kernel_size is None else kernel_size // 2
    with np.errstate(over="ignore"):  # of the least sigmas: infinitely far, of no weight
        weights = np.exp(-((np.arange(-radius, radius + 1) / sigma) ** 2) / 2)
    weights /= weights.sum()
    for axis in (0, 1):
        around = [(radius, radius) if one == axis else (0, 0) for one in range(3)]
        padded = np.pad(image, around, mode="reflect")
        image = np.lib.stride_tricks.sliding_window_view(padded, weights.size, axis) @ weights
    return image


def normal(key: tuple[int, int], count: int) -> NDArray[np.float64]:
    """Returns the normal numbers of a key, those for the first values of an image.

    Args:
        key: The two words that were drawn.
        count: Integer, how many values there are.
    """
    counters = np.arange(-(-count // 256) * 64, dtype=np.uint64)
    words = philox4x32((counters, 0 * counters, 0 * counters, 0 * counters), key)
    parts = []
    for far, direction in (words[:2], words[2:]):
        distance = np.sqrt(-2 * np.log(((far >> 9) + 0.5) / 2**23))
        turned = (direction & (2**30 - 1)) / 2**29
        angle = math.pi / 4 * (1 + np.where(turned < 1, turned, turned - 2))
        parts.append(distance * np.cos(angle) * np.where(direction >> 31, -1, 1))
        parts.append(distance * np.sin(angle) * np.where(direction >> 30 & 1, -1, 1))
    # Those of 64 counters side by side, part by part.
    blocks = np.moveaxis(np.reshape(parts, (4, -1, 64)), 0, 1)
    return blocks.ravel()[:count]


def gaussian_noise(image: Image, columns: Mapping[str, float], low: float, high: float) -> Image:
    """Adds normal numbers, in the order of the values, channels last."""
    numbers = normal((int(columns["key_low"]), int(columns["key_high"])), image.size)
    return image + columns["std"] * (high - low) * numbers.reshape(image.shape)


def jpeg_compression(image: Image, quality: int, low: float, high: float) -> Image:
    """Makes of the 256 levels what JPEG makes of them."""
    return low + compressed(levels_of(image, low, high), quality) * (high - low) / 255


def erase(image: Image, area: Mapping[str, float], value: float | tuple[float, ...]) -> Image:
    """Overwrites a rectangle, as much of it as is in the image."""
    result = image.copy()
    top, left = int(area["top"]), int(area["left"])
    bottom, right = top + int(area["height"]), left + int(area["width"])
    result[max(0, top) : bottom, max(0, left) : right] = value
    return result


def erase_grid(
    image: Image, columns: Mapping[str, float], value: float | tuple[float, ...]
) -> Image:
    """Overwrites what is in the holes of both a row's and a column's cells."""
    rows, across = (
        (np.arange(length) - columns[first]) % columns["unit"] < columns["hole"]
        for length, first in zip(image.shape, ("top", "left"), strict=False)
    )
    result = image.copy()
    result[np.ix_(rows, across)] = value
    return result


def normalize(image: Image, mean: Any, std: Any) -> Image:
    """Subtracts and divides."""
    return (image - np.asarray(mean, np.float64)) / np.asarray(std, np.float64)


def standardize(image: Image, center: bool, std: bool) -> Image:
    """Subtracts the image's mean and divides by its deviation."""
    mean = image.mean() if center else 0.0
    return (image - mean) / (image.std() + 1e-6 if std else 1.0)


LINEAR = {
    "brightness",
    "contrast",
    "saturation",
    "hue",
    "grayscale",
    "invert",
    "channel_shift",
    "channel_drop",
}

# What needs no value range.
RANGELESS = {"erase", "erase_square", "erase_grid", "normalize", "standardize"}

# After which values may be outside of the range.
LEAVING = LINEAR | {"gaussian_noise"}

# What takes values that are outside of the range for its nearest end.
WITHIN = {
    "hue_hsv",
    "gamma",
    "solarize",
    "posterize",
    "autocontrast",
    "equalize",
    "sharpen",
    "gaussian_blur",
    "jpeg_compression",
}

# By what a leaf is: from it, the image and the value range to the image after it.
CHANGES: Mapping[str, Callable[[Leaf, Image, float, float], Image]] = {
    "brightness": lambda leaf, x, low, _: brightness(x, leaf.columns["brightness"], low),
    "contrast": lambda leaf, x, *_: contrast(x, leaf.columns["contrast"]),
    "saturation": lambda leaf, x, *_: saturation(x, leaf.columns["saturation"]),
    "hue": lambda leaf, x, *_: hue(x, leaf.columns["hue"]),
    "hue_hsv": lambda leaf, x, *ends: hue_hsv(x, leaf.columns["hue"], *ends),
    "grayscale": lambda leaf, x, *_: grayscale(x),  # noqa: ARG005
    "invert": lambda leaf, x, *ends: invert(x, *ends),  # noqa: ARG005
    "channel_shift": lambda leaf, x, *ends: channel_shift(
        x, [leaf.columns[name] for name in ("red", "green", "blue")], *ends
    ),
    "channel_drop": lambda leaf, x, low, _: channel_drop(x, int(leaf.columns["channel"]), low),
    "gamma": lambda leaf, x, *ends: gamma(x, leaf.columns["gamma"], *ends),
    "solarize": lambda leaf, x, *ends: solarize(x, leaf.columns["threshold"], *ends),
    "posterize": lambda leaf, x, *ends: posterize(x, int(leaf.columns["bits"]), *ends),
    "autocontrast": lambda leaf, x, *ends: autocontrast(x, *ends),  # noqa: ARG005
    "equalize": lambda leaf, x, *ends: equalize(x, *ends),  # noqa: ARG005
    "sharpen": lambda leaf, x, *ends: sharpen(x, leaf.columns["sharpen"], *ends),
    "gaussian_blur": lambda leaf, x, *_: gaussian_blur(
        x, leaf.columns["sigma"], leaf.op.kernel_size
    ),
    "gaussian_noise": lambda leaf, x, *ends: gaussian_noise(x, leaf.columns, *ends),
    "jpeg_compression": lambda leaf, x, *ends: jpeg_compression(
        x, int(leaf.columns["jpeg_quality"]), *ends
    ),
    "erase": lambda leaf, x, *_: erase(x, leaf.columns, leaf.op.value),
    "erase_square": lambda leaf, x, *_: erase(x, leaf.columns, leaf.op.value),
    "erase_grid": lambda leaf, x, *_: erase_grid(x, leaf.columns, leaf.op.value),
    "normalize": lambda leaf, x, *_: normalize(x, leaf.op.mean, leaf.op.std),
    "standardize": lambda leaf, x, *_: standardize(x, leaf.op.center, leaf.op.std),
}
