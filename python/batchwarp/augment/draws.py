"""The random parameters of Keras' ImageDataGenerator, draw for draw.

Every number comes from NumPy's legacy MT19937, in the order in which Keras asks for it: rotation,
height shift, width shift, shear, two zooms, two flips (both always), channel shift, brightness.
`numpy.random.uniform(a, b)` is `a + (b - a) * random_sample()`, so the numbers of a whole batch are
one stream of doubles, taken with one call and cut into columns. A shift given as an integer or a
list is drawn with `numpy.random.choice`, whose rejection sampling takes a varying number of words:
then the images are drawn one after the other.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp._arguments import boolean, finite_number, number_pair

__all__ = [
    "ParameterDraws",
    "Ranges",
    "as_dictionaries",
    "as_rows",
]

_COLUMN = {name: column for column, name in enumerate(_core.PARAM_COLUMNS)}
_FLIPS = (("flip_horizontal", "_flip_horizontal"), ("flip_vertical", "_flip_vertical"))
_IDENTITY = {"zx": 1.0, "zy": 1.0, "channel_shift_intensity": math.nan, "brightness": math.nan}

# Tables for batches of up to this many images have a row for each.
_TABLE_ROWS = 1024


class Ranges(Protocol):
    """The attributes of an `ImageDataGenerator` that the draws depend on."""

    rotation_range: Any
    height_shift_range: Any
    width_shift_range: Any
    shear_range: Any
    zoom_range: Any
    horizontal_flip: Any
    vertical_flip: Any
    channel_shift_range: Any
    brightness_range: Any


class _Uniform:
    """One uniform draw; `low` above `high` is as good as the other way round, as in NumPy."""

    __slots__ = ("factor", "high", "low", "span")

    def __init__(self, name: str, low: float, high: float, factor: float = 1.0) -> None:
        self.low = low
        self.high = high
        self.span = high - low
        self.factor = factor
        if not math.isfinite(self.span):
            raise ValueError(f"`{name}` is too wide: from {low} to {high}")

    def one(self, random: np.random.RandomState) -> float:
        """Draws one number."""
        return random.uniform(self.low, self.high) * self.factor


class _Choice:
    """A shift given as an integer or a list: one of its values, then a sign."""

    __slots__ = ("factor", "values")

    def __init__(self, values: int | NDArray[Any], factor: float) -> None:
        self.values = values
        self.factor = factor

    def one(self, random: np.random.RandomState) -> Any:
        """Draws one number of pixels; integers stay integers, as in Keras."""
        value = random.choice(self.values) * random.choice((-1, 1))
        return value if self.factor == 1.0 else value * self.factor


def _symmetric(name: str, value: Any) -> _Uniform | None:
    """Returns the draw of a range around 0, which Keras leaves out when it is 0 or `None`."""
    if value is None:
        return None
    limit = finite_number(name, value)
    return _Uniform(name, -limit, limit) if limit else None


def _shift(name: str, value: Any, size: int) -> _Uniform | _Choice | None:
    """Returns the draw of `height_shift_range` or `width_shift_range`.

    Args:
        name: String, the argument's name for errors.
        value: Float (a fraction below 1, pixels otherwise), integer (pixels; the draw is one of
            `range(value)`), 1-D array-like of numbers (the draw is one of them), or `None`.
        size: Integer, the extent of the image in pixels that a fraction refers to.

    Returns:
        The draw, or `None` for no shift.

    Raises:
        ValueError: If the value is none of these.
    """
    if value is None:
        return None
    try:
        values = np.asarray(value)
    except ValueError:  # ragged
        values = np.empty((0, 0))
    if values.ndim == 0:
        limit = finite_number(name, value)
        if not limit:
            return None
        factor = float(size) if limit < 1 else 1.0
        try:
            count = operator.index(value.item() if isinstance(value, np.ndarray) else value)
        except TypeError:
            count = 0
        # `numpy.random.choice` refuses floats and integers below 1: Keras then draws uniformly.
        return _Choice(count, factor) if count > 0 else _Uniform(name, -limit, limit, factor)
    if values.ndim != 1 or values.dtype.kind not in "buif" or not np.isfinite(values).all():
        raise ValueError(
            f"`{name}` should be a float, an integer or a 1-D array-like of finite numbers. "
            f"Received: {value!r}"
        )
    if values.size == 0:
        return None
    if isinstance(value, np.ndarray) and value.size == 1 and not value.item():
        return None  # false in Keras' test, unlike a list of one zero
    if values.dtype.kind == "b":
        values = values.astype(np.int64)
    return _Choice(values, float(size) if values.max() < 1 else 1.0)


class ParameterDraws:
    """The draws of one generator for images of one size.

    The object is a snapshot: it is made anew when an attribute of the generator changes.

    Args:
        ranges: An `ImageDataGenerator`.
        height: Integer, the images' rows.
        width: Integer, the images' columns.

    Raises:
        ValueError: If a range is not made of finite numbers.
    """

    def __init__(self, ranges: Ranges, height: int, width: int) -> None:
        self._rotation = _symmetric("rotation_range", ranges.rotation_range)
        self._height_shift = _shift("height_shift_range", ranges.height_shift_range, height)
        self._width_shift = _shift("width_shift_range", ranges.width_shift_range, width)
        self._shear = _symmetric("shear_range", ranges.shear_range)
        low, high = number_pair("zoom_range", ranges.zoom_range)
        self._zoom = None if low == 1 and high == 1 else _Uniform("zoom_range", low, high)
        self._flip_horizontal = boolean("horizontal_flip", ranges.horizontal_flip)
        self._flip_vertical = boolean("vertical_flip", ranges.vertical_flip)
        limit = finite_number("channel_shift_range", ranges.channel_shift_range)
        self._channel_shift = _Uniform("channel_shift_range", -limit, limit) if limit else None
        self._brightness = None
        if ranges.brightness_range is not None:
            low, high = number_pair("brightness_range", ranges.brightness_range)
            self._brightness = _Uniform("brightness_range", low, high)

        self._one_by_one = isinstance(self._height_shift, _Choice) or isinstance(
            self._width_shift, _Choice
        )
        self._lay_out_columns()

    def _lay_out_columns(self) -> None:
        """Works out which double of an image's draws becomes which parameter, and how.

        All columns are made alike, as `(double * span + low) * factor`: that takes the same few
        calls whatever is switched on. A parameter that is not drawn has a span of 0.
        """
        self._lows = np.zeros(len(_COLUMN))
        for name, value in _IDENTITY.items():
            self._lows[_COLUMN[name]] = value
        self._spans = np.zeros(len(_COLUMN))
        self._factors = np.ones(len(_COLUMN))
        self._sources = np.zeros(len(_COLUMN), dtype=np.intp)
        self._doubles = 0
        self._identity = not (self._flip_horizontal or self._flip_vertical)
        for name, draw in (
            ("theta", self._rotation),
            ("tx", self._height_shift),
            ("ty", self._width_shift),
            ("shear", self._shear),
            ("zx", self._zoom),
            ("zy", self._zoom),
            ("flip_horizontal", None),
            ("flip_vertical", None),
            ("channel_shift_intensity", self._channel_shift),
            ("brightness", self._brightness),
        ):
            column = _COLUMN[name]
            if isinstance(draw, _Uniform):
                self._lows[column] = draw.low
                self._spans[column] = draw.span
                self._factors[column] = draw.factor
                self._identity = False
            elif not name.startswith("flip"):
                continue
            self._sources[column] = self._doubles
            self._doubles += 1
        self._scaled = bool((self._factors != 1.0).any())
        self._tables: tuple[NDArray[np.float64], ...] = ()

    def _tables_for(self, count: int) -> tuple[NDArray[np.float64], ...]:
        """Returns spans, lows and factors, a row for each image.

        One row would do, but on small arrays broadcasting takes NumPy longer than the arithmetic.
        """
        tables = self._tables
        if not tables or len(tables[0]) != count:
            rows = count if count <= _TABLE_ROWS else 1
            tables = tuple(
                np.tile(row, (rows, 1)) for row in (self._spans, self._lows, self._factors)
            )
            self._tables = tables
        return tables

    def batch(self, random: np.random.RandomState, count: int) -> NDArray[np.float64] | None:
        """Draws the parameters of several images.

        Args:
            random: The state to draw from.
            count: Integer, the number of images.

        Returns:
            Array `(count, len(PARAM_COLUMNS))` of float64 for the core, or `None` if nothing is to
            be done to the images; the numbers are drawn all the same.
        """
        if self._one_by_one:
            return self._rows(random, count)
        drawn = random.random_sample((count, self._doubles))
        if self._identity:
            return None
        spans, lows, factors = self._tables_for(count)
        params = drawn.take(self._sources, axis=1)
        params *= spans
        params += lows
        if self._scaled:
            params *= factors
        for name, flip in _FLIPS:
            if getattr(self, flip):
                column = _COLUMN[name]
                params[:, column] = drawn[:, self._sources[column]] < 0.5
        return params

    def _rows(self, random: np.random.RandomState, count: int) -> NDArray[np.float64]:
        params = np.empty((count, len(_COLUMN)))
        for row in params:
            drawn = self.one(random)
            row[:] = [math.nan if drawn[name] is None else drawn[name] for name in _COLUMN]
        return params

    def one(self, random: np.random.RandomState) -> dict[str, Any]:
        """Draws the parameters of one image.

        Args:
            random: The state to draw from.

        Returns:
            Dictionary with the keys and values of Keras' `get_random_transform`: angles in degrees,
            shifts in pixels, zoom factors, flips as 0 or 1, and `None` for a channel shift or a
            brightness that is not applied.
        """
        theta = self._rotation.one(random) if self._rotation else 0
        tx = self._height_shift.one(random) if self._height_shift else 0
        ty = self._width_shift.one(random) if self._width_shift else 0
        shear = self._shear.one(random) if self._shear else 0
        zx, zy = random.uniform(self._zoom.low, self._zoom.high, 2) if self._zoom else (1, 1)
        flip_horizontal = int(bool(random.random_sample() < 0.5 and self._flip_horizontal))
        flip_vertical = int(bool(random.random_sample() < 0.5 and self._flip_vertical))
        return {
            "theta": theta,
            "tx": tx,
            "ty": ty,
            "shear": shear,
            "zx": zx,
            "zy": zy,
            "flip_horizontal": flip_horizontal,
            "flip_vertical": flip_vertical,
            "channel_shift_intensity": (
                self._channel_shift.one(random) if self._channel_shift else None
            ),
            "brightness": self._brightness.one(random) if self._brightness else None,
        }


def as_dictionaries(params: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Returns the parameters of a batch in the form of Keras' `get_random_transform`.

    Args:
        params: Array `(n, len(PARAM_COLUMNS))`, as from `ParameterDraws.batch`.

    Returns:
        List of n dictionaries, as from `ParameterDraws.one`.
    """
    return [
        {name: _as_drawn(name, value) for name, value in zip(_COLUMN, row, strict=True)}
        for row in params.tolist()
    ]


def as_rows(dictionaries: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
    """Returns parameters for the core; the inverse of `as_dictionaries`.

    Args:
        dictionaries: Sequence of n mappings as from `get_random_transform`. Missing keys change
            nothing.

    Returns:
        Array `(n, len(PARAM_COLUMNS))` of float64.

    Raises:
        ValueError: If a key is none of `PARAM_COLUMNS`.
    """
    rows = np.empty((len(dictionaries), len(_COLUMN)))
    rows[:] = [_IDENTITY.get(name, 0.0) for name in _COLUMN]
    for row, dictionary in zip(rows, dictionaries, strict=True):
        for name, value in dictionary.items():
            if name not in _COLUMN:
                raise ValueError(
                    f"parameters of an image are {', '.join(_COLUMN)}. Received: {name!r}"
                )
            row[_COLUMN[name]] = math.nan if value is None else value
    return rows


def _as_drawn(name: str, value: float) -> float | None:
    if name.startswith("flip"):
        return int(value)
    return None if math.isnan(value) else value
