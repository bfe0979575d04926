"""Brightness."""

from __future__ import annotations

from dataclasses import dataclass, field

from batchwarp.ops.accepted import Factor
from batchwarp.ops.keyed_draws import KeyedDraw, uniform
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting

_FACTOR = Factor()


@dataclass(frozen=True, repr=False)
class Brightness(OptionalLeaf):
    """Multiplies how far values are above the least of the value range.

    As the brightness of torchvision's `ColorJitter`. (`ImageDataGenerator(brightness_range=...)`
    computes with 8 bits, as Pillow does.)

    Args:
        factor: Number N for factors from max(0, 1 - N) to 1 + N, or a pair (low, high);
            0 is black, 1 changes nothing.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> Brightness((0.5, 1.5), p=0.8)
        Brightness((0.5, 1.5), p=0.8)
    """

    factor: float | tuple[float, float] = field(default=0.2, metadata=accepting(_FACTOR))

    core = "brightness"
    linear = True

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns what the factor is drawn from."""
        return (uniform(_FACTOR.range(self.factor)),)
