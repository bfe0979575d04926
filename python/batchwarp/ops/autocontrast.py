"""The whole value range."""

from __future__ import annotations

from dataclasses import dataclass

from batchwarp.ops.keyed_draws import KeyedDraw, always
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf


@dataclass(frozen=True, repr=False)
class AutoContrast(OptionalLeaf):
    """Stretches each channel to the whole value range, as torchvision's `RandomAutocontrast`.

    A channel of one value stays as it is.

    Args:
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    References:
        Cubuk et al., "AutoAugment", https://arxiv.org/abs/1805.09501

    Example:
        >>> AutoContrast(p=0.2)
        AutoContrast(p=0.2)
    """

    core = "autocontrast"

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns that it is always done where `p` lets it."""
        return (always(1),)
