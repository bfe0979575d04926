"""A mean and a standard deviation that are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from batchwarp.ops.accepted import Numbers
from batchwarp.ops.recipe import ImageSpec, Leaf, accepting, for_each_channel


@dataclass(frozen=True, repr=False)
class Normalize(Leaf):
    """Subtracts a mean and divides by a standard deviation.

    It costs nothing: values are scaled as they are stored. It ends a recipe, since nothing after it
    would know between what values images are; only `MixUp` and `CutMix` may follow. The numbers are
    in units of the pixels, as those of `ImageDataGenerator.fit`. For ImageNet's usual ones, which
    torchvision's `Normalize` has for images from 0 to 1, multiply both by 255.

    Args:
        mean: Number, or a sequence of one for each channel.
        std: Number above 0, or a sequence of one for each channel.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> Normalize((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
        Normalize((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    """

    mean: float | tuple[float, ...] = field(metadata=accepting(Numbers()))
    std: float | tuple[float, ...] = field(metadata=accepting(Numbers(positive=True)))

    core = "normalize"
    scope = "store"
    is_last = True

    def settings(self, image: ImageSpec) -> dict[str, Any]:
        """Returns one number for each channel."""
        return {
            "mean": for_each_channel("Normalize", "mean", self.mean, image.channels),
            "std": for_each_channel("Normalize", "std", self.std, image.channels),
        }
