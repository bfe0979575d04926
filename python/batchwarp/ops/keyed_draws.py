"""What the numbers of an operation are drawn from, where a key decides and not NumPy's state."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["KeyedDraw", "always", "uniform"]


class KeyedDraw(NamedTuple):
    """A distribution, made from one uniform number u of the key's, from 0 to below 1.

    The number that is drawn is `centre + sign * (low + (high - low) * g)`: g is u itself, or one of
    `bins` equally spaced steps from 0 to 1. If it is mirrored, the first half of u is for the sign
    -1, the second half for 1, and each half is stretched to all of u.

    Attributes:
        centre: Float.
        low: Float.
        high: Float.
        bins: Integer, 0 for no steps.
        mirrored: Boolean.
    """

    centre: float
    low: float
    high: float
    bins: int = 0
    mirrored: bool = False

    @property
    def varies(self) -> bool:
        """Whether it is more than one number."""
        return self.mirrored or self.low != self.high


def uniform(ends: tuple[float, float]) -> KeyedDraw:
    """Returns the uniform distribution between two numbers."""
    return KeyedDraw(0.0, float(ends[0]), float(ends[1]))


def always(value: float) -> KeyedDraw:
    """Returns the distribution that is one number."""
    return KeyedDraw(0.0, float(value), float(value))
