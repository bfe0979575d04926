"""What random parameters are drawn from: one by one here, for whole batches in the core."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._arguments import finite_number, number_pair

__all__ = ["Choice", "Coin", "Column", "Distribution", "Uniform", "between", "symmetric"]

# Kind, low, span, factor, whether it counts, of how many it is chosen, the values with either sign.
Column = tuple[str, float, float, float, bool, int, list[float]]

_MOST = 2**63 - 1  # that the core chooses one of


class Uniform:
    """One uniform draw; `low` above `high` is as good as the other way round, as in NumPy.

    Args:
        name: String, the argument's name for the error.
        low: Float.
        high: Float.
        factor: Float, what the drawn number is multiplied with.
        number: Type of what `one` returns.

    Raises:
        ValueError: If the range is too wide for a float.
    """

    __slots__ = ("factor", "high", "low", "number", "span")

    def __init__(
        self,
        name: str,
        low: float,
        high: float,
        factor: float = 1.0,
        number: type[float] = float,
    ) -> None:
        self.low = low
        self.high = high
        self.span = high - low
        self.factor = factor
        self.number = number
        if not math.isfinite(self.span):
            raise ValueError(f"`{name}` is too wide: from {low} to {high}")

    def one(self, random: np.random.RandomState) -> float:
        """Draws one number."""
        return self.number(random.uniform(self.low, self.high) * self.factor)

    @property
    def in_core(self) -> Column:
        """What the core's `ParameterDraws` takes."""
        return ("uniform", self.low, self.span, self.factor, True, 0, [])


class Choice:
    """One of several values, then a sign.

    Args:
        values: Array `(n,)`, or an integer n for `range(n)`.
        factor: Float, what the drawn number is multiplied with.
    """

    __slots__ = ("factor", "values")

    def __init__(self, values: int | NDArray[Any], factor: float) -> None:
        self.values = values
        self.factor = factor

    def one(self, random: np.random.RandomState) -> Any:
        """Draws one number; integers stay integers, as in Keras."""
        return self._scaled(random.choice(self.values) * random.choice((-1, 1)))

    @property
    def count(self) -> int:
        """How many values there are."""
        return len(self.values) if isinstance(self.values, np.ndarray) else self.values

    @property
    def in_core(self) -> Column:
        """What the core's `ParameterDraws` takes."""
        values: list[float] = []
        if isinstance(self.values, np.ndarray):
            both = self._scaled(self.values[:, np.newaxis] * np.array((-1, 1)))
            values = both.astype(np.float64).ravel().tolist()
        return ("choice", 0.0, 0.0, self.factor, True, min(self.count, _MOST), values)

    def _scaled(self, value: Any) -> Any:
        return value if self.factor == 1.0 else value * self.factor


class Coin:
    """1 in every other case, if it counts; it is tossed in any case, as in Keras.

    Args:
        counts: Boolean; if false, it is always 0.
    """

    __slots__ = ("counts",)

    def __init__(self, counts: bool) -> None:
        self.counts = counts

    def one(self, random: np.random.RandomState) -> int:
        """Draws 0 or 1."""
        return int(random.random_sample() < 0.5 and self.counts)

    @property
    def in_core(self) -> Column:
        """What the core's `ParameterDraws` takes."""
        return ("coin", 0.0, 0.0, 1.0, self.counts, 0, [])


Distribution = Uniform | Choice | Coin


def symmetric(name: str, value: Any) -> Uniform | None:
    """Returns the draw of a range around 0, which Keras leaves out when it is 0 or `None`.

    Args:
        name: String, the argument's name for the error.
        value: Number or `None`.

    Raises:
        ValueError: If it is something else.
    """
    if value is None:
        return None
    limit = finite_number(name, value)
    return Uniform(name, -limit, limit) if limit else None


def between(name: str, value: Any, number: type[float] = float) -> Uniform:
    """Returns the draw of a range that is given by its ends.

    Args:
        name: String, the argument's name for the error.
        value: Tuple or list of two numbers.
        number: Type of what is drawn.

    Raises:
        ValueError: If it is something else.
    """
    return Uniform(name, *number_pair(name, value), number=number)
