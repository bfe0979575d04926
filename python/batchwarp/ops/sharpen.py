"""Sharpness."""

from __future__ import annotations

from dataclasses import dataclass, field

from batchwarp.ops.accepted import Factor
from batchwarp.ops.keyed_draws import KeyedDraw, uniform
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting

_FACTOR = Factor()


@dataclass(frozen=True, repr=False)
class Sharpen(OptionalLeaf):
    """Sharpens or smooths images.

    It multiplies how far values are from those of the image smoothed by 3 x 3 pixels, as
    torchvision's `adjust_sharpness` and Pillow's `ImageEnhance.Sharpness`. Pixels at the edges
    stay.

    Args:
        factor: Number N for factors from max(0, 1 - N) to 1 + N, or a pair (low, high);
            0 is smooth, 1 changes nothing, 2 is sharp.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> Sharpen((0.5, 1.5), p=0.8)
        Sharpen((0.5, 1.5), p=0.8)
    """

    factor: float | tuple[float, float] = field(default=0.5, metadata=accepting(_FACTOR))

    core = "sharpen"

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns what the factor is drawn from."""
        return (uniform(_FACTOR.range(self.factor)),)
