"""What random parameters are drawn from.

`numpy.random.uniform(a, b)` is `a + (b - a) * random_sample()`, so the numbers of a whole batch can
be one stream of doubles, taken with one call and cut into columns. A shift given as an integer or a
list is drawn with `numpy.random.choice`, whose rejection sampling takes a varying number of words:
then the images are drawn one after the other.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._arguments import finite_number, number_pair

__all__ = ["Choice", "Coin", "Distribution", "Uniform", "between", "symmetric"]


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

    def keyed(self, uniform: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns a number for each row of uniform ones, of which it takes the first."""
        return (uniform[:, 0] * self.span + self.low) * self.factor


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
        value = random.choice(self.values) * random.choice((-1, 1))
        return value if self.factor == 1.0 else value * self.factor

    def keyed(self, uniform: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns a number for each row of uniform ones: one for the value, one for the sign."""
        given = self.values
        values: NDArray[Any] = given if isinstance(given, np.ndarray) else np.arange(given)
        chosen = values[np.floor(uniform[:, 0] * len(values)).astype(np.intp)]
        signs = np.where(uniform[:, 1] < 0.5, -1.0, 1.0)
        return signs * chosen.astype(np.float64) * self.factor


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

    def keyed(self, uniform: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns a number for each row of uniform ones, of which it takes the first."""
        return ((uniform[:, 0] < 0.5) & self.counts).astype(np.float64)


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
