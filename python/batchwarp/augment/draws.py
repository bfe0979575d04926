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

from batchwarp import _core
from batchwarp.augment.keys import OF_KERAS, Keys
from batchwarp.ops.distributions import Choice, Distribution, Uniform
from batchwarp.ops.list import COLUMNS, OPERATIONS

__all__ = ["NAMES", "ParameterDraws", "as_dictionaries", "as_rows"]

NAMES = tuple(column.name for column in COLUMNS)
_NEUTRAL = {column.name: column.neutral for column in COLUMNS}

_EXACT = 2**53  # up to here, doubles have all integers


class ParameterDraws:
    """The draws of one generator for images of one size.

    The object is a snapshot: it is made anew when an attribute of the generator changes.

    Args:
        settings: An `ImageDataGenerator`.
        height: Integer, the images' rows.
        width: Integer, the images' columns.

    Attributes:
        in_core: What draws for whole batches.
        draws_batches: Boolean, whether the core draws from states what NumPy does. If not, NumPy is
            asked for each number.

    Raises:
        ValueError: If a range is not made of finite numbers.
    """

    def __init__(self, settings: Any, height: int, width: int) -> None:
        self._distributions: list[Distribution | None] = []
        for operation in OPERATIONS:
            self._distributions += operation.distributions(settings, height, width)
        self.in_core = _core.ParameterDraws(
            [
                ("fixed", column.neutral, 0.0, 1.0, False, 0, []) if one is None else one.in_core
                for column, one in zip(COLUMNS, self._distributions, strict=True)
            ]
        )
        # NumPy says what it does not choose from, and Python's integers are exact beyond doubles.
        self.draws_batches = not any(
            isinstance(one, Choice) and one.count > _EXACT for one in self._distributions
        )

    @property
    def factors(self) -> NDArray[np.float64]:
        """Array `(len(COLUMNS),)`, what drawn numbers have been multiplied with: a size, or 1."""
        return np.array(
            [
                one.factor if isinstance(one, (Uniform, Choice)) else 1.0
                for one in self._distributions
            ]
        )

    def batch(self, random: np.random.RandomState, count: int) -> NDArray[np.float64] | None:
        """Draws the parameters of several images.

        Args:
            random: The state to draw from.
            count: Integer, the number of images.

        Returns:
            Array `(count, len(COLUMNS))` of float64 for the core, or `None` if nothing is to
            be done to the images; the numbers are drawn all the same.
        """
        if self.draws_batches:
            return self.in_core.from_stream(random, count)
        return as_rows([self.one(random) for _ in range(count)])

    def keyed(self, keys: Keys) -> NDArray[np.float64] | None:
        """Returns the parameters of several images, drawn by key and from no state.

        Number k is for column k, and number 128 + k for its sign where it is one of several values.

        Args:
            keys: What the images are called.

        Returns:
            As `batch`.
        """
        samples, epoch, seed = keys
        return self.in_core.by_key(OF_KERAS, samples, epoch, seed)

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
