"""Fewer levels."""

from __future__ import annotations

from dataclasses import dataclass, field

from batchwarp.ops.accepted import Value
from batchwarp.ops.keyed_draws import KeyedDraw
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting

_BITS = Value(0, 8, whole=True)


@dataclass(frozen=True, repr=False)
class Posterize(OptionalLeaf):
    """Keeps the highest bits of all values, as torchvision's `RandomPosterize`.

    Floating-point images get as many levels of their value range as there are with so many bits.

    Args:
        bits: Integer from 0 to 8, or a pair (low, high) that it is drawn between, both included;
            with 8 bits nothing changes.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    References:
        Cubuk et al., "AutoAugment", https://arxiv.org/abs/1805.09501

    Example:
        >>> Posterize((3, 6))
        Posterize((3, 6))
    """

    bits: int | tuple[int, int] = field(default=4, metadata=accepting(_BITS))

    core = "posterize"

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns what the number of bits is drawn from."""
        low, high = _BITS.range(self.bits)
        return (KeyedDraw(0.0, low, high, bins=int(high - low) + 1),)
