"""A channel less."""

from __future__ import annotations

from dataclasses import dataclass

from batchwarp.ops.recipe import ImageSpec, OptionalLeaf


@dataclass(frozen=True, repr=False)
class ChannelDrop(OptionalLeaf):
    """Sets one channel, chosen at random, to the least of the value range.

    As albumentations' `ChannelDropout`, which has `p=0.5`.

    Args:
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> ChannelDrop(p=0.5)
        ChannelDrop(p=0.5)
    """

    core = "channel_drop"
    linear = True

    def varies(self, image: ImageSpec) -> bool:
        """Whether there is a choice of channels."""
        return image.channels > 1
