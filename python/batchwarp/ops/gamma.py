"""Gamma correction."""

from __future__ import annotations

from dataclasses import dataclass, field

from batchwarp.ops.accepted import Factor
from batchwarp.ops.keyed_draws import KeyedDraw, uniform
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting

_GAMMA = Factor(positive=True)


@dataclass(frozen=True, repr=False)
class Gamma(OptionalLeaf):
    """Raises values, on a scale from 0 to 1, to a power.

    As torchvision's `adjust_gamma`; the range is that of albumentations' `RandomGamma`.

    Args:
        gamma: Number N below 1 for exponents from 1 - N to 1 + N, or a pair (low, high) above 0;
            below 1 is lighter, 1 changes nothing.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> Gamma((0.5, 1.5), p=0.8)
        Gamma((0.5, 1.5), p=0.8)
    """

    gamma: float | tuple[float, float] = field(default=(0.8, 1.2), metadata=accepting(_GAMMA))

    core = "gamma"

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns what the gamma is drawn from."""
        return (uniform(_GAMMA.range(self.gamma)),)
