"""What each operation draws: its class' name leads to the function that has its columns.

The functions take the operation, the numbers of its node and the image's size at that point, and
return the columns by their names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from batchwarp._reference.philox import uniform

Columns = dict[str, float]
Range = tuple[float, float]


class Size(NamedTuple):
    """Of an image at some point of a recipe."""

    height: int
    width: int
    channels: int


class Numbers(NamedTuple):
    """The random numbers of one node of an operation, for one sample in one epoch."""

    seed: int
    sample: int
    epoch: int
    operation: int
    node: int

    def u(self, k: int) -> float:
        """Returns the number `k`, from 0 to below 1."""
        return uniform(self.seed, self.sample, self.epoch, self.operation, 256 * self.node + k)

    def between(self, ends: Range, k: int) -> float:
        """Returns the number `k`, brought between two ends."""
        return ends[0] + (ends[1] - ends[0]) * self.u(k)

    def below(self, count: int, k: int) -> int:
        """Returns the number `k` as an integer below `count`."""
        return math.floor(self.u(k) * count)

    def signed(self, k: int, bins: int = 0) -> tuple[int, float]:
        """Returns the number `k` as a sign and a number, with bins one of their steps."""
        twice = 2 * self.u(k)
        rest = twice - math.floor(twice)
        return (-1 if twice < 1 else 1), _step(rest, bins) if bins else rest

    def step(self, k: int, bins: int) -> float:
        """Returns the number `k` as one of equal steps from 0 to 1."""
        return _step(self.u(k), bins)

    def happens(self, probability: float) -> bool:
        """Whether something happens that has a probability of its own."""
        return self.u(255) < probability


Draw = Callable[[Any, Numbers, Size], Columns]


def _step(number: float, bins: int) -> float:
    if bins == 1:
        return 0.0
    return math.floor(number * bins) / (bins - 1)


def both_sides(given: float | Range) -> Range:
    """Returns the range that a number stands for that is a distance from 0."""
    return given if isinstance(given, tuple) else (-given, given)


def factors(given: float | Range) -> Range:
    """Returns the range that a number stands for that is a distance from the factor 1."""
    return given if isinstance(given, tuple) else (max(0.0, 1 - given), 1 + given)


def itself(given: float | Range) -> Range:
    """Returns the range of what is drawn only if it is a pair."""
    return given if isinstance(given, tuple) else (given, given)


def extents(given: int | tuple[int, int]) -> tuple[int, int]:
    """Returns the height and the width that `size` stands for."""
    return given if isinstance(given, tuple) else (given, given)


def sides(given: int | tuple[int, ...]) -> tuple[int, int, int, int]:
    """Returns the left, top, right and bottom that `padding` stands for."""
    if isinstance(given, int):
        return given, given, given, given
    left, top, right, bottom = given if len(given) == 4 else given * 2
    return left, top, right, bottom


def affine(op: Any, draw: Numbers, size: Size) -> Columns:  # noqa: ARG001
    """Draws the six numbers of `Affine`."""
    x, y = op.shift if isinstance(op.shift, tuple) else (op.shift, op.shift)
    ranges = (
        both_sides(op.rotation),
        factors(op.zoom),
        both_sides(op.shear),
        both_sides(op.shear_y),
        both_sides(x),
        both_sides(y),
    )
    return {
        name: draw.between(ends, k)
        for k, (name, ends) in enumerate(zip(NEUTRAL["affine"], ranges, strict=True))
    }


def flip(op: Any, draw: Numbers, size: Size) -> Columns:  # noqa: ARG001
    """Draws the two directions of `Flip`."""
    return {
        "flip_horizontal": float(draw.u(0) < op.horizontal),
        "flip_vertical": float(draw.u(1) < op.vertical),
    }


def rotate90(op: Any, draw: Numbers, size: Size) -> Columns:  # noqa: ARG001
    """Draws the quarter turns of `Rotate90`."""
    return {"turns": float(op.turns[draw.below(len(op.turns), 0)])}


def random_crop(op: Any, draw: Numbers, size: Size) -> Columns:
    """Draws the place of `RandomCrop`'s window."""
    left, top, right, bottom = sides(op.padding)
    height, width = extents(op.size)
    return {
        "top": float(draw.below(size.height + top + bottom - height + 1, 0) - top),
        "left": float(draw.below(size.width + left + right - width + 1, 1) - left),
    }


def _tries(op: Any, draw: Numbers, area: int) -> list[tuple[float, float]]:
    """Returns ten areas and ratios."""
    logarithms = (math.log(op.ratio[0]), math.log(op.ratio[1]))
    return [
        (area * draw.between(op.scale, 2 * t), math.exp(draw.between(logarithms, 2 * t + 1)))
        for t in range(10)
    ]


def _rectangle(draw: Numbers, size: Size, height: int, width: int) -> Columns:
    """Draws the place of a rectangle in an image."""
    return {
        "top": float(draw.below(size.height - height + 1, 20)),
        "left": float(draw.below(size.width - width + 1, 21)),
        "height": float(height),
        "width": float(width),
    }


def random_resized_crop(op: Any, draw: Numbers, size: Size) -> Columns:
    """Draws the rectangle of `RandomResizedCrop`, its fallback included."""
    for area, ratio in _tries(op, draw, size.height * size.width):
        width, height = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < width <= size.width and 0 < height <= size.height:
            return _rectangle(draw, size, height, width)
    height, width = size.height, size.width
    if size.width / size.height < op.ratio[0]:
        height = round(size.width / op.ratio[0])
    elif size.width / size.height > op.ratio[1]:
        width = round(size.height * op.ratio[1])
    return {
        "top": float((size.height - height) // 2),
        "left": float((size.width - width) // 2),
        "height": float(height),
        "width": float(width),
    }


def erase(op: Any, draw: Numbers, size: Size) -> Columns:
    """Draws the rectangle of `Erase`; `size` is that of the output."""
    for area, ratio in _tries(op, draw, size.height * size.width):
        height, width = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 1 <= height < size.height and 1 <= width < size.width:
            return _rectangle(draw, size, height, width)
    return dict(NEUTRAL["erase"])


def erase_square(op: Any, draw: Numbers, size: Size) -> Columns:
    """Draws the square of `Erase`, which its centre has `length // 2` pixels before it."""
    length = _length(op, draw)
    return {
        "top": float(draw.below(size.height, 0) - length // 2),
        "left": float(draw.below(size.width, 1) - length // 2),
        "height": float(length),
        "width": float(length),
    }


def erase_grid(op: Any, draw: Numbers, size: Size) -> Columns:  # noqa: ARG001
    """Draws the grid of `Erase`: one of its holes."""
    length = _length(op, draw)
    return {
        "top": float(draw.below(length, 0)),
        "left": float(draw.below(length, 1)),
        "unit": float(length),
        "hole": float(min(max(1, math.floor(length * op.hole_ratio)), length - 1)),
    }


def _length(op: Any, draw: Numbers) -> int:
    least, most = op.length if isinstance(op.length, tuple) else (op.length, op.length)
    return int(least + draw.below(most - least + 1, 2))


def key(draw: Numbers, first: int) -> Columns:
    """Draws the two words that are the key of an operation's own numbers."""
    return {name: float(draw.below(2**32, k)) for k, name in enumerate(KEY, first)}


def field_key(op: Any, draw: Numbers, size: Size) -> Columns:  # noqa: ARG001
    """Draws the key of a field."""
    return key(draw, 0)


def gaussian_noise(op: Any, draw: Numbers, size: Size) -> Columns:  # noqa: ARG001
    """Draws the deviation of `GaussianNoise`, and the key of its numbers unless that is 0."""
    std = draw.between(itself(op.std), 0)
    return {**NEUTRAL["gaussian_noise"], "std": std, **(key(draw, 1) if std else {})}


def perspective(op: Any, draw: Numbers, size: Size) -> Columns:  # noqa: ARG001
    """Draws how far the corners of `Perspective` move."""
    return {
        name: draw.between((0.0, op.distortion), k) for k, name in enumerate(NEUTRAL["perspective"])
    }


def channel_shift(op: Any, draw: Numbers, size: Size) -> Columns:  # noqa: ARG001
    """Draws the three shifts of `ChannelShift`."""
    ends = both_sides(op.shift)
    return {name: draw.between(ends, k) for k, name in enumerate(("red", "green", "blue"))}


def channel_drop(op: Any, draw: Numbers, size: Size) -> Columns:  # noqa: ARG001
    """Draws the channel of `ChannelDrop`."""
    return {"channel": float(draw.below(size.channels, 0))}


def _whole(column: str, argument: str) -> Draw:
    """Returns the function of an operation with one column, an integer between two others."""

    def columns(op: Any, draw: Numbers, size: Size) -> Columns:  # noqa: ARG001
        low, high = itself(getattr(op, argument))
        return {column: float(low + draw.below(int(high - low) + 1, 0))}

    return columns


def _drawn(column: str, argument: str, meaning: Callable[[Any], Range]) -> Draw:
    """Returns the function of an operation with one column, drawn from one argument."""

    def columns(op: Any, draw: Numbers, size: Size) -> Columns:  # noqa: ARG001
        return {column: draw.between(meaning(getattr(op, argument)), 0)}

    return columns


def _always(column: str) -> Draw:
    """Returns the function of an operation that is done or not, and draws nothing."""

    def columns(op: Any, draw: Numbers, size: Size) -> Columns:  # noqa: ARG001
        return {column: 1.0}

    return columns


def _nothing(op: Any, draw: Numbers, size: Size) -> Columns:  # noqa: ARG001
    return {}


# By the class of an operation, and what it is set to where that makes it another one: what it is,
# and what draws its columns.
LEAVES: Mapping[str, tuple[str, Draw]] = {
    "Affine": ("affine", affine),
    "Flip": ("flip", flip),
    "Rotate90": ("rotate90", rotate90),
    "RandomCrop": ("random_crop", random_crop),
    "CenterCrop": ("center_crop", _nothing),
    "Pad": ("pad", _nothing),
    "Resize": ("resize", _nothing),
    "RandomResizedCrop": ("random_resized_crop", random_resized_crop),
    "Perspective": ("perspective", perspective),
    "Elastic": ("elastic", field_key),
    "GridDistortion": ("grid_distortion", field_key),
    "Brightness": ("brightness", _drawn("brightness", "factor", factors)),
    "Contrast": ("contrast", _drawn("contrast", "factor", factors)),
    "Saturation": ("saturation", _drawn("saturation", "factor", factors)),
    "Hue": ("hue", _drawn("hue", "delta", both_sides)),
    "Grayscale": ("grayscale", _always("grayscale")),
    "Invert": ("invert", _always("invert")),
    "ChannelShift": ("channel_shift", channel_shift),
    "ChannelDrop": ("channel_drop", channel_drop),
    "Gamma": ("gamma", _drawn("gamma", "gamma", factors)),
    "Solarize": ("solarize", _drawn("threshold", "threshold", itself)),
    "Posterize": ("posterize", _whole("bits", "bits")),
    "AutoContrast": ("autocontrast", _always("autocontrast")),
    "Equalize": ("equalize", _always("equalize")),
    "GaussianBlur": ("gaussian_blur", _drawn("sigma", "sigma", itself)),
    "GaussianNoise": ("gaussian_noise", gaussian_noise),
    "JpegCompression": ("jpeg_compression", _whole("jpeg_quality", "quality")),
    "Sharpen": ("sharpen", _drawn("sharpen", "factor", factors)),
    "Erase": ("erase", erase),
    "Erase square": ("erase_square", erase_square),
    "Erase grid": ("erase_grid", erase_grid),
    "Normalize": ("normalize", _nothing),
    "Standardize": ("standardize", _nothing),
}

AREA: Columns = {"top": 0.0, "left": 0.0, "height": 0.0, "width": 0.0}
KEY: Columns = {"key_low": math.nan, "key_high": math.nan}

# What the columns are where an operation does nothing. Those that are not here always act.
NEUTRAL: Mapping[str, Columns] = {
    "affine": {
        "rotation": 0.0,
        "zoom": 1.0,
        "shear_x": 0.0,
        "shear_y": 0.0,
        "shift_x": 0.0,
        "shift_y": 0.0,
    },
    "flip": {"flip_horizontal": 0.0, "flip_vertical": 0.0},
    "rotate90": {"turns": 0.0},
    "perspective": {f"{axis}{corner}": 0.0 for corner in range(4) for axis in "xy"},
    "elastic": KEY,
    "grid_distortion": KEY,
    "brightness": {"brightness": 1.0},
    "contrast": {"contrast": 1.0},
    "saturation": {"saturation": 1.0},
    "hue": {"hue": 0.0},
    "hue_hsv": {"hue": 0.0},
    "grayscale": {"grayscale": 0.0},
    "invert": {"invert": 0.0},
    "channel_shift": {"red": 0.0, "green": 0.0, "blue": 0.0},
    "channel_drop": {"channel": -1.0},
    "gamma": {"gamma": 1.0},
    "solarize": {"threshold": math.nan},
    "posterize": {"bits": 8.0},
    "autocontrast": {"autocontrast": 0.0},
    "equalize": {"equalize": 0.0},
    "gaussian_blur": {"sigma": 0.0},
    "gaussian_noise": {"std": 0.0, **KEY},
    "jpeg_compression": {"jpeg_quality": math.nan},
    "sharpen": {"sharpen": 1.0},
    "erase": AREA,
    "erase_square": AREA,
    "erase_grid": {"top": 0.0, "left": 0.0, "unit": 0.0, "hole": 0.0},
}
