"""Images without colours."""

from __future__ import annotations

from dataclasses import dataclass

from batchwarp.ops.keyed_draws import KeyedDraw, always
from batchwarp.ops.recipe import ImageSpec, OptionalLeaf


@dataclass(frozen=True, repr=False)
class Grayscale(OptionalLeaf):
    """Makes all channels the image's grey, as torchvision's `RandomGrayscale`.

    Grey is 0.299 red + 0.587 green + 0.114 blue. Images have three channels, and keep them.

    Args:
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> Grayscale(p=0.2)
        Grayscale(p=0.2)
    """

    core = "grayscale"
    linear = True
    channels = (3,)

    def draws(self, image: ImageSpec) -> tuple[KeyedDraw, ...]:  # noqa: ARG002
        """Returns that it is always done where `p` lets it."""
        return (always(1),)
