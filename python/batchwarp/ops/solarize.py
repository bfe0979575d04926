"""Solarisation."""

from __future__ import annotations

from dataclasses import dataclass, field

from batchwarp.ops.accepted import Value
from batchwarp.ops.keyed_draws import KeyedDraw, uniform
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting

_THRESHOLD = Value(0, 1)


@dataclass(frozen=True, repr=False)
class Solarize(OptionalLeaf):
    """Inverts all values from a threshold on, as torchvision's `RandomSolarize`.

    Args:
        threshold: Number from 0 to 1, a fraction of the value range, or a pair (low, high) that it
            is drawn between.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    References:
        Cubuk et al., "AutoAugment", https://arxiv.org/abs/1805.09501

    Example:
        >>> Solarize((0.5, 1))
        Solarize((0.5, 1))
    """

    threshold: float | tuple[float, float] = field(default=0.5, metadata=accepting(_THRESHOLD))

    core = "solarize"

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns what the threshold is drawn from."""
        return (uniform(_THRESHOLD.range(self.threshold)),)
