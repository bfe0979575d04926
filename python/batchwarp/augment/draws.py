"""The random parameters of images, draw for draw those of Keras' ImageDataGenerator.

Every number comes from NumPy's legacy MT19937, in the order in which Keras asks for it, which is
that of the operations and of their columns; a flip is drawn even if it is off.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp.augment.keys import Keys, uniform
from batchwarp.ops.distributions import Choice, Coin, Distribution, Uniform
from batchwarp.ops.list import COLUMNS, OPERATIONS

__all__ = ["NAMES", "ParameterDraws", "as_dictionaries", "as_rows"]

NAMES = tuple(column.name for column in COLUMNS)
_NEUTRAL = {column.name: column.neutral for column in COLUMNS}

_NEUTRAL_ROW = np.array([column.neutral for column in COLUMNS])
_SIGNS = 128  # of the first column, among the numbers that are drawn by key

# Tables for batches of up to this many images have a row for each.
_TABLE_ROWS = 1024


class ParameterDraws:
    """The draws of one generator for images of one size.

    The object is a snapshot: it is made anew when an attribute of the generator changes.

    Args:
        settings: An `ImageDataGenerator`.
        height: Integer, the images' rows.
        width: Integer, the images' columns.

    Raises:
        ValueError: If a range is not made of finite numbers.
    """

    def __init__(self, settings: Any, height: int, width: int) -> None:
        self._distributions: list[Distribution | None] = []
        for operation in OPERATIONS:
            self._distributions += operation.distributions(settings, height, width)
        self._one_by_one = any(isinstance(one, Choice) for one in self._distributions)
        self._lay_out_columns()

    @property
    def factors(self) -> NDArray[np.float64]:
        """Array `(len(COLUMNS),)`, what drawn numbers have been multiplied with: a size, or 1."""
        return np.array(
            [
                one.factor if isinstance(one, (Uniform, Choice)) else 1.0
                for one in self._distributions
            ]
        )

    def _lay_out_columns(self) -> None:
        """Works out which double of an image's draws becomes which parameter, and how.

        All columns are made alike, as `(double * span + low) * factor`: that takes the same few
        calls whatever is switched on. A parameter that is not drawn has a span of 0.
        """
        self._lows = np.array([column.neutral for column in COLUMNS])
        self._spans = np.zeros(len(COLUMNS))
        self._factors = np.ones(len(COLUMNS))
        self._sources = np.zeros(len(COLUMNS), dtype=np.intp)
        self._coins: list[int] = []  # columns of those that count
        self._doubles = 0
        self._identity = True
        for column, distribution in enumerate(self._distributions):
            if isinstance(distribution, Uniform):
                self._lows[column] = distribution.low
                self._spans[column] = distribution.span
                self._factors[column] = distribution.factor
                self._identity = False
            elif isinstance(distribution, Coin):
                if distribution.counts:
                    self._spans[column] = 1.0
                    self._coins.append(column)
                    self._identity = False
            else:
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
            Array `(count, len(COLUMNS))` of float64 for the core, or `None` if nothing is to
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
        for column in self._coins:
            toss = params[:, column]
            np.less(toss, 0.5, out=toss)
        return params

    def keyed(self, keys: Keys) -> NDArray[np.float64] | None:
        """Returns the parameters of several images, drawn by key and from no state.

        Number k is for column k, and number 128 + k for its sign where it is one of several values.

        Args:
            keys: What the images are called.

        Returns:
            As `batch`.
        """
        if self._identity and not self._one_by_one:
            return None
        drawn = [(k, one) for k, one in enumerate(self._distributions) if one is not None]
        numbers = [number for k, _ in drawn for number in (k, _SIGNS + k)]
        uniforms = uniform(keys, numbers).reshape(len(keys.samples), len(drawn), 2)
        params = np.tile(_NEUTRAL_ROW, (len(keys.samples), 1))
        for place, (column, distribution) in enumerate(drawn):
            params[:, column] = distribution.keyed(uniforms[:, place])
        return params

    def _rows(self, random: np.random.RandomState, count: int) -> NDArray[np.float64]:
        return as_rows([self.one(random) for _ in range(count)])

    def one(self, random: np.random.RandomState) -> dict[str, Any]:
        """Draws the parameters of one image.

        Args:
            random: The state to draw from.

        Returns:
            Dictionary with the keys and values of Keras' `get_random_transform`: angles in degrees,
            shifts in pixels, zoom factors, flips as 0 or 1, and `None` for a channel shift or a
            brightness that is not applied.
        """
        return {
            column.name: column.absent if distribution is None else distribution.one(random)
            for column, distribution in zip(COLUMNS, self._distributions, strict=True)
        }


def as_dictionaries(params: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Returns the parameters of a batch in the form of Keras' `get_random_transform`.

    Args:
        params: Array `(n, len(COLUMNS))`, as from `ParameterDraws.batch`.

    Returns:
        List of n dictionaries, as from `ParameterDraws.one`.
    """
    return [
        {
            column.name: column.in_dictionary(value)
            for column, value in zip(COLUMNS, row, strict=True)
        }
        for row in params.tolist()
    ]


def as_rows(
    dictionaries: Sequence[Mapping[str, Any]], names: Sequence[str] = NAMES
) -> NDArray[np.float64]:
    """Returns parameters for the core; the inverse of `as_dictionaries`.

    Args:
        dictionaries: Sequence of n mappings as from `get_random_transform`. Missing keys change
            nothing.
        names: The columns of a row, those of the plan that it is for.

    Returns:
        Array `(n, len(names))` of float64.

    Raises:
        ValueError: If a key is none of the names.
    """
    place = {name: column for column, name in enumerate(names)}
    rows = np.empty((len(dictionaries), len(names)))
    rows[:] = [_NEUTRAL[name] for name in names]
    for row, dictionary in zip(rows, dictionaries, strict=True):
        for name, value in dictionary.items():
            if name not in place:
                raise ValueError(
                    f"parameters of an image are {', '.join(names)}. Received: {name!r}"
                )
            row[place[name]] = math.nan if value is None else value
    return rows
