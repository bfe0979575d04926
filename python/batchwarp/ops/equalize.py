"""Flat histograms."""

from __future__ import annotations

from dataclasses import dataclass

from batchwarp.ops.keyed_draws import KeyedDraw, always
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf


@dataclass(frozen=True, repr=False)
class Equalize(OptionalLeaf):
    """Makes all values of a channel about equally frequent, as torchvision's `RandomEqualize`.

    The values are counted in 256 bins over the value range, and become those of 256 levels.

    Args:
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    References:
        Cubuk et al., "AutoAugment", https://arxiv.org/abs/1805.09501

    Example:
        >>> Equalize(p=0.2)
        Equalize(p=0.2)
    """

    core = "equalize"

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns that it is always done where `p` lets it."""
        return (always(1),)
