"""The mean and the standard deviation of each image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from batchwarp.ops.accepted import Switch
from batchwarp.ops.recipe import ImageSpec, Leaf, accepting


@dataclass(frozen=True, repr=False)
class Standardize(Leaf):
    """Subtracts each image's own mean and divides by its own standard deviation.

    What `samplewise_center` and `samplewise_std_normalization` of `ImageDataGenerator` do: both
    numbers are of all pixels and channels of the finished image, and 1e-6 is added to the
    deviation. So an image of one value becomes zeros. It ends a recipe, since nothing after it
    would know between what values images are; only `MixUp` and `CutMix` may follow.

    Args:
        center: Boolean, whether the mean is subtracted.
        std: Boolean, whether values are divided by the standard deviation.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> Standardize(std=False)
        Standardize(std=False)
    """

    center: bool = field(default=True, metadata=accepting(Switch()))
    std: bool = field(default=True, metadata=accepting(Switch()))

    core = "standardize"
    scope = "store"
    is_last = True
    named_in_repr = True

    def settings(self, image: ImageSpec) -> dict[str, Any]:  # noqa: ARG002
        """Returns what is done."""
        return {"center": self.center, "std": self.std}
