"""A look from the side."""

from __future__ import annotations

from dataclasses import dataclass, field

from batchwarp.ops.accepted import Number
from batchwarp.ops.keyed_draws import KeyedDraw, uniform
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf, accepting


@dataclass(frozen=True, repr=False)
class Perspective(OptionalLeaf):
    """Sees images from the side: each corner moves inwards by a random distance.

    As torchvision's `RandomPerspective`, which has `p=0.5`.

    Args:
        distortion: Number above 0 and below 1. Corners move by up to this share of half the width
            and half the height.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> Perspective(0.2, p=0.5)
        Perspective(0.2, p=0.5)
    """

    distortion: float = field(default=0.5, metadata=accepting(Number(0, 1)))

    core = "perspective"
    scope = "coordinates"

    def check(self, image: ImageSpec) -> None:
        """Checks that all corners stay apart."""
        most = 1 - 1 / min(image.height, image.width)
        if self.distortion > most:
            raise ValueError(
                f"`distortion` of `Perspective` should be at most {most:g} for images of "
                f"{image.height} x {image.width}, whose corners could meet otherwise. Received: "
                f"{self.distortion}"
            )

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns what the distances of x and y of the four corners are drawn from."""
        return (uniform((0.0, self.distortion)),) * 8
