"""Contrast."""

from __future__ import annotations

from dataclasses import dataclass, field

from batchwarp.ops.accepted import Factor
from batchwarp.ops.keyed_draws import KeyedDraw, uniform
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting

_FACTOR = Factor()


@dataclass(frozen=True, repr=False)
class Contrast(OptionalLeaf):
    """Multiplies how far values are from the image's mean grey.

    As the contrast of torchvision's `ColorJitter`; grey is 0.299 red + 0.587 green + 0.114 blue,
    and the value itself in images that do not have three channels.

    Args:
        factor: Number N for factors from max(0, 1 - N) to 1 + N, or a pair (low, high);
            0 is grey, 1 changes nothing.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> Contrast((0.5, 1.5), p=0.8)
        Contrast((0.5, 1.5), p=0.8)
    """

    factor: float | tuple[float, float] = field(default=0.2, metadata=accepting(_FACTOR))

    core = "contrast"
    linear = True

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns what the factor is drawn from."""
        return (uniform(_FACTOR.range(self.factor)),)
