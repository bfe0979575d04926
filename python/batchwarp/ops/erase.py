"""Holes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from batchwarp.ops.accepted import Numbers, Pair
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting, for_each_channel

_SCALE = Pair("shares of the image's area", 1)
_RATIO = Pair("ratios of height to width")


@dataclass(frozen=True, repr=False)
class Erase(OptionalLeaf):
    """Overwrites a rectangle, as torchvision's `RandomErasing`, which has `p=0.5`.

    The rectangle is found in up to ten attempts; an image in which none fits stays as it is.

    Args:
        scale: Pair (low, high), the rectangle's share of the image's area.
        ratio: Pair (low, high), its ratio of height to width.
        value: Number, or a sequence of one for each channel, in units of the pixels.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    References:
        Zhong et al., "Random erasing data augmentation", https://arxiv.org/abs/1708.04896;
        DeVries and Taylor, "Cutout", https://arxiv.org/abs/1708.04552

    Example:
        >>> Erase(scale=(0.02, 0.1), p=0.25)
        Erase(scale=(0.02, 0.1), p=0.25)
    """

    scale: tuple[float, float] = field(default=(0.02, 0.33), metadata=accepting(_SCALE))
    ratio: tuple[float, float] = field(default=(0.3, 3.3), metadata=accepting(_RATIO))
    value: float | tuple[float, ...] = field(default=0, metadata=accepting(Numbers()))

    core = "erase"
    in_range = False  # its value is in units of the pixels
    named_in_repr = True

    def varies(self, image: ImageSpec) -> bool:  # noqa: ARG002
        """Always: where the rectangle is."""
        return True

    def settings(self, image: ImageSpec) -> dict[str, Any]:
        """Returns the value and what the rectangle is drawn from."""
        return {
            "scale": tuple(map(float, self.scale)),
            "ratio": tuple(map(float, self.ratio)),
            "value": tuple(for_each_channel("Erase", "value", self.value, image.channels).tolist()),
        }
