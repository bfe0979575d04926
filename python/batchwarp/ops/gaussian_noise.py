"""Noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from batchwarp.ops.accepted import Value
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting

_STD = Value(0, 1)


@dataclass(frozen=True, repr=False)
class GaussianNoise(OptionalLeaf):
    """Adds a normal random number to each value, as torchvision's `GaussianNoise`, without a mean.

    Each channel of each pixel has a number of its own, which its place in the finished image and
    the image's key decide about. Sums are cut off at the ends of the value range.

    Args:
        std: Number from 0, which changes nothing, to 1: the standard deviation, as a fraction of
            the value range, or a pair (low, high) that it is drawn between for each image.
            torchvision's default is 0.1.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> GaussianNoise((0, 0.1), p=0.5)
        GaussianNoise((0, 0.1), p=0.5)
    """

    std: float | tuple[float, float] = field(default=0.05, metadata=accepting(_STD))

    core = "gaussian_noise"

    def varies(self, image: ImageSpec) -> bool:  # noqa: ARG002
        """Whether there is noise at all."""
        return _STD.range(self.std)[1] > 0

    def settings(self, image: ImageSpec) -> dict[str, Any]:  # noqa: ARG002
        """Returns the range of the deviation."""
        return {"std": tuple(map(float, _STD.range(self.std)))}
