"""What arguments of operations may be: checked when an operation is made, and said in errors.

Each class is one kind of argument. Called with what was given, an object returns it in Python's own
types, which repeat, compare and become JSON; a number stays a number, a pair becomes a tuple. What
is not accepted is a `ValueError` without words: who asks knows the names. Only what is beyond
single precision, in which pixels are computed, has words of its own.
"""

from __future__ import annotations

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np

__all__ = [
    "Accepted",
    "BeyondFloat32",
    "Choice",
    "Factor",
    "Name",
    "Number",
    "Numbers",
    "Pair",
    "Probability",
    "Shifts",
    "Switch",
    "Value",
    "Weights",
    "WithinBoth",
    "items_of",
    "whole_number",
]

Range = tuple[float, float]

_MOST = float(np.finfo(np.float32).max)


class BeyondFloat32(ValueError):
    """A number that is infinite in single precision, or whose inverse is."""


def _number(value: Any) -> float:
    """Returns a number of Python's that is finite in float32; a whole one stays whole."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, (bool, np.bool_, str, bytes)):
        raise ValueError
    try:
        number = value.item() if isinstance(value, np.generic) else value
        number = number if type(number) is int else float(number)
    except (TypeError, OverflowError):
        raise ValueError from None
    if number != number or abs(number) == math.inf:  # `math` has no integers beyond double
        raise ValueError
    if abs(number) > _MOST:
        raise BeyondFloat32(f"within the range of float32, from {-_MOST:g} to {_MOST:g}")
    return number


def _check_inverse(number: float) -> None:
    """Checks that something can be divided by a number above 0."""
    if number * _MOST < 1:
        raise BeyondFloat32(f"at least {1 / _MOST:g}, such that float32 has its inverse")


def whole_number(value: Any) -> int:
    """Returns an integer of Python's."""
    if isinstance(value, (bool, np.bool_)):
        raise ValueError
    try:
        return operator.index(value)
    except TypeError:
        raise ValueError from None


def items_of(value: Any) -> tuple[Any, ...] | None:
    """Returns the items of a sequence, `None` for what is a single value."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return None
    if isinstance(value, (str, bytes, Mapping, Set)) or not isinstance(value, Iterable):
        return None
    return tuple(value)


def _pair(value: Any) -> Range | None:
    """Returns two numbers, the lower one first, and `None` for what is no sequence."""
    items = items_of(value)
    if items is None:
        return None
    if len(items) != 2:
        raise ValueError
    low, high = _number(items[0]), _number(items[1])
    if low > high:
        raise ValueError
    return low, high


class Accepted(ABC):
    """A kind of argument. As a string it says what is accepted, to be read after "should be"."""

    @abstractmethod
    def __str__(self) -> str: ...

    @abstractmethod
    def __call__(self, value: Any) -> Any:
        """Returns `value` in Python's own types, or raises a `ValueError`."""


class WithinBoth(Accepted):
    """A number N, which means from -N to N, or a pair of numbers.

    Attributes:
        unit: What it counts.
        most: What neither end may be beyond.
        reached: Whether it may be `most` itself.
    """

    def __init__(self, unit: str, most: float = math.inf, reached: bool = True) -> None:
        self.unit = unit
        self.most = most
        self.reached = reached

    def __str__(self) -> str:
        limit = "" if math.isinf(self.most) else f" of up to {self.most:g}"
        if limit and not self.reached:
            limit = f" below {self.most:g}"
        return (
            f"a number N of {self.unit}{limit}, not negative, for a range from -N to N, or a pair "
            "of numbers (low, high) within these limits"
        )

    def __call__(self, value: Any) -> float | Range:
        """Returns a number or a tuple of two."""
        pair = _pair(value)
        given: float | Range = _number(value) if pair is None else pair
        low, high = self.range(given)
        largest = max(abs(low), abs(high))
        if low > high or largest > self.most or (largest == self.most and not self.reached):
            raise ValueError
        return given

    def range(self, given: float | Range) -> Range:
        """Returns the ends of the range that was given."""
        return given if isinstance(given, tuple) else (-given, given)


class Factor(Accepted):
    """A number N, which means from 1 - N to 1 + N, or a pair of numbers.

    Attributes:
        positive: Whether 0 is too small. If not, a range that would begin below 0 begins there.
    """

    def __init__(self, positive: bool = False) -> None:
        self.positive = positive

    def __str__(self) -> str:
        if self.positive:
            return (
                "a number N of at least 0 and below 1, for factors from 1 - N to 1 + N, or a pair "
                "of factors (low, high) above 0"
            )
        return (
            "a number N of at least 0, for factors from max(0, 1 - N) to 1 + N, or a pair of "
            "factors (low, high) of at least 0"
        )

    def __call__(self, value: Any) -> float | Range:
        """Returns a number or a tuple of two."""
        pair = _pair(value)
        given: float | Range = _number(value) if pair is None else pair
        low, high = self.range(given)
        if low > high or low < 0 or (self.positive and low == 0):
            raise ValueError
        return given

    def range(self, given: float | Range) -> Range:
        """Returns the ends of the range that was given."""
        return given if isinstance(given, tuple) else (max(0.0, 1 - given), 1 + given)


class Value(Accepted):
    """A number, or a pair of numbers that it is drawn between.

    Attributes:
        least: The least that is accepted.
        most: The most that is accepted.
        whole: Whether it is an integer.
    """

    def __init__(self, least: float, most: float, whole: bool = False) -> None:
        self.least = least
        self.most = most
        self.whole = whole

    def __str__(self) -> str:
        kind = "an integer" if self.whole else "a number"
        return f"{kind} from {self.least:g} to {self.most:g}, or a pair (low, high) of such"

    def __call__(self, value: Any) -> float | Range:
        """Returns a number or a tuple of two."""
        pair = _pair(value)
        given: float | Range = _number(value) if pair is None else pair
        low, high = self.range(given)
        if not self.least <= low <= high <= self.most:
            raise ValueError
        if self.whole and not all(isinstance(end, int) for end in (low, high)):
            raise ValueError
        return given

    def range(self, given: float | Range) -> Range:
        """Returns the ends of the range that was given."""
        return given if isinstance(given, tuple) else (given, given)


class Pair(Accepted):
    """Two numbers above 0, the lower one first.

    Attributes:
        what: What they are.
        most: The most that is accepted.
    """

    def __init__(self, what: str, most: float = math.inf) -> None:
        self.what = what
        self.most = most

    def __str__(self) -> str:
        limit = "" if math.isinf(self.most) else f" and at most {self.most:g}"
        return f"a pair (low, high) of {self.what} above 0{limit}"

    def __call__(self, value: Any) -> Range:
        """Returns a tuple of two numbers."""
        pair = _pair(value)
        if pair is None or pair[0] <= 0 or pair[1] > self.most:
            raise ValueError
        return pair


class Shifts(Accepted):
    """A number N for both directions, or a pair of two such, (x, y); each means from -N to N."""

    def __str__(self) -> str:
        return (
            "a number N of at least 0, for shifts from -N to N as a fraction of width and height, "
            "or a pair (x, y) of such numbers"
        )

    def __call__(self, value: Any) -> float | Range:
        """Returns a number or a tuple of two."""
        items = items_of(value)
        given = (_number(value),) if items is None else tuple(_number(item) for item in items)
        if len(given) not in (1, 2) or (items is not None and len(given) != 2) or min(given) < 0:
            raise ValueError
        return given[0] if items is None else (given[0], given[1])

    def pair(self, given: float | Range) -> Range:
        """Returns what was given for x and for y."""
        return given if isinstance(given, tuple) else (given, given)


class Number(Accepted):
    """A number.

    Attributes:
        above: What it must be greater than.
        below: What it must be less than.
        reached: Whether it may be `above` itself.
    """

    def __init__(self, above: float, below: float = math.inf, reached: bool = False) -> None:
        self.above = above
        self.below = below
        self.reached = reached

    def __str__(self) -> str:
        limit = "" if math.isinf(self.below) else f" and below {self.below:g}"
        return f"a number {'of at least' if self.reached else 'above'} {self.above:g}{limit}"

    def __call__(self, value: Any) -> float:
        """Returns a number."""
        number = _number(value)
        if not self.above <= number < self.below or (number == self.above and not self.reached):
            raise ValueError
        if number > 0:
            _check_inverse(number)
        return number


class Probability(Accepted):
    """How often something happens."""

    def __str__(self) -> str:
        return "a probability, a number from 0 to 1"

    def __call__(self, value: Any) -> float:
        """Returns a number."""
        number = _number(value)
        if not 0 <= number <= 1:
            raise ValueError
        return number


class Switch(Accepted):
    """True or false."""

    def __str__(self) -> str:
        return "True or False"

    def __call__(self, value: Any) -> bool:
        """Returns a boolean."""
        if not isinstance(value, (bool, np.bool_)):
            raise ValueError
        return bool(value)


class Choice(Accepted):
    """One of some words.

    Attributes:
        words: The words.
    """

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words

    def __str__(self) -> str:
        return f"one of {', '.join(map(repr, self.words))}"

    def __call__(self, value: Any) -> str:
        """Returns a string."""
        if not isinstance(value, str) or value not in self.words:
            raise ValueError
        return str(value)


class Name(Accepted):
    """A name, or none."""

    def __str__(self) -> str:
        return "a string that is not empty, or None"

    def __call__(self, value: Any) -> str | None:
        """Returns a string or `None`."""
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            raise ValueError
        return str(value)


class Numbers(Accepted):
    """A number for all channels, or one for each.

    Attributes:
        positive: Whether they must be above 0.
    """

    def __init__(self, positive: bool = False) -> None:
        self.positive = positive

    def __str__(self) -> str:
        limit = " above 0" if self.positive else ""
        return f"a finite number{limit}, or a sequence of one for each channel"

    def __call__(self, value: Any) -> float | tuple[float, ...]:
        """Returns a number or a tuple of numbers."""
        items = items_of(value)
        numbers = (_number(value),) if items is None else tuple(_number(item) for item in items)
        if not numbers or (self.positive and min(numbers) <= 0):
            raise ValueError
        if self.positive:
            _check_inverse(min(numbers))
        return numbers[0] if items is None else numbers


class Weights(Accepted):
    """How often each member is chosen, in proportion to the others; or none, for equally often."""

    def __str__(self) -> str:
        return "a sequence of numbers of at least 0, not all of them 0, or None"

    def __call__(self, value: Any) -> tuple[float, ...] | None:
        """Returns a tuple of numbers or `None`."""
        if value is None:
            return None
        weights = tuple(_number(weight) for weight in items_of(value) or ())
        if not weights or min(weights) < 0 or not 0 < sum(weights) < math.inf:
            raise ValueError
        return weights
