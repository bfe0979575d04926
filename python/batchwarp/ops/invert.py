"""Negatives."""

from __future__ import annotations

from dataclasses import dataclass

from batchwarp.ops.keyed_draws import KeyedDraw, always
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf


@dataclass(frozen=True, repr=False)
class Invert(OptionalLeaf):
    """Turns values upside down within the value range, as torchvision's `RandomInvert`.

    Args:
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> Invert(p=0.2)
        Invert(p=0.2)
    """

    core = "invert"
    linear = True

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns that it is always done where `p` lets it."""
        return (always(1),)
