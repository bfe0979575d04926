"""What arguments of operations may be that count something: integers, and several of them."""

from __future__ import annotations

from typing import Any

from batchwarp.ops.accepted import Accepted, items_of, whole_number

__all__ = ["MOST_PIXELS", "Counts", "Lengths", "Odd", "Padding", "Size", "Turns", "Whole"]

# As long an edge as the core's images have.
MOST_PIXELS = 2**31


class Whole(Accepted):
    """An integer.

    Attributes:
        least: The least that is accepted.
        most: The most that is accepted, `None` for any.
        optional: Whether `None` is accepted, too.
    """

    def __init__(self, least: int, most: int | None = None, optional: bool = False) -> None:
        self.least = least
        self.most = most
        self.optional = optional

    def __str__(self) -> str:
        limits = f"of at least {self.least}"
        if self.most is not None:
            limits = f"from {self.least} to {self.most}"
        return f"an integer {limits}{', or None' if self.optional else ''}"

    def __call__(self, value: Any) -> int | None:
        """Returns an integer, or `None`."""
        if value is None and self.optional:
            return None
        number = whole_number(value)
        if number < self.least or (self.most is not None and number > self.most):
            raise ValueError
        return number


class Odd(Accepted):
    """An odd number of pixels, or none.

    Attributes:
        most: The most that is accepted.
    """

    def __init__(self, most: int) -> None:
        self.most = most

    def __str__(self) -> str:
        return f"an odd integer from 1 to {self.most}, or None"

    def __call__(self, value: Any) -> int | None:
        """Returns an integer or `None`."""
        number = None if value is None else whole_number(value)
        if number is not None and (number % 2 == 0 or not 1 <= number <= self.most):
            raise ValueError
        return number


class Counts(Accepted):
    """A number of members, or a pair of integers that it is drawn between."""

    def __str__(self) -> str:
        return "an integer of at least 0, or a pair (least, most) of such"

    def __call__(self, value: Any) -> int | tuple[int, int]:
        """Returns an integer or a tuple of two."""
        items = items_of(value)
        counts = (
            (whole_number(value),) if items is None else tuple(whole_number(item) for item in items)
        )
        if (items is not None and len(counts) != 2) or not 0 <= counts[0] <= counts[-1]:
            raise ValueError
        return counts[0] if items is None else (counts[0], counts[-1])

    def pair(self, given: int | tuple[int, int]) -> tuple[int, int]:
        """Returns the least and the most."""
        return given if isinstance(given, tuple) else (given, given)


class Lengths(Accepted):
    """A number of pixels, or a pair of them that it is drawn between, or none."""

    def __str__(self) -> str:
        return f"an integer from 1 to {MOST_PIXELS}, or a pair (low, high) of such, or None"

    def __call__(self, value: Any) -> int | tuple[int, int] | None:
        """Returns an integer, a tuple of two, or `None`."""
        if value is None:
            return None
        items = items_of(value)
        low, high = map(whole_number, (value, value) if items is None else items)
        if not 1 <= low <= high <= MOST_PIXELS:
            raise ValueError
        return low if items is None else (low, high)


class Size(Accepted):
    """The size of an image."""

    def __str__(self) -> str:
        return f"an integer from 1 to {MOST_PIXELS}, or a pair (height, width) of such"

    def __call__(self, value: Any) -> int | tuple[int, int]:
        """Returns an integer or a tuple of two."""
        items = items_of(value)
        extents = (
            (whole_number(value),) if items is None else tuple(whole_number(item) for item in items)
        )
        if items is not None and len(extents) != 2:
            raise ValueError
        if min(extents) < 1 or max(extents) > MOST_PIXELS:
            raise ValueError
        return extents[0] if items is None else (extents[0], extents[1])

    def pair(self, given: int | tuple[int, int]) -> tuple[int, int]:
        """Returns height and width, equal ones for one integer."""
        return given if isinstance(given, tuple) else (given, given)


class Padding(Accepted):
    """How many pixels are added to each side."""

    def __str__(self) -> str:
        return (
            f"an integer from 0 to {MOST_PIXELS}, a pair (x, y) of such, or four of them, "
            "(left, top, right, bottom)"
        )

    def __call__(self, value: Any) -> int | tuple[int, ...]:
        """Returns an integer or a tuple of two or four."""
        items = items_of(value)
        widths = (
            (whole_number(value),) if items is None else tuple(whole_number(item) for item in items)
        )
        if items is not None and len(widths) not in (2, 4):
            raise ValueError
        if min(widths) < 0 or max(widths) > MOST_PIXELS:
            raise ValueError
        return widths[0] if items is None else widths

    def sides(self, given: int | tuple[int, ...]) -> tuple[int, int, int, int]:
        """Returns left, top, right and bottom."""
        if isinstance(given, int):
            return given, given, given, given
        left, top = given[:2]
        right, bottom = given[2:] or (left, top)
        return left, top, right, bottom


class Turns(Accepted):
    """Numbers of quarter turns to choose from."""

    def __str__(self) -> str:
        return "a sequence of one or more of 0, 1, 2 and 3"

    def __call__(self, value: Any) -> tuple[int, ...]:
        """Returns a tuple of integers."""
        turns = tuple(whole_number(item) for item in items_of(value) or ())
        if not turns or not all(0 <= turn <= 3 for turn in turns):
            raise ValueError
        return turns
