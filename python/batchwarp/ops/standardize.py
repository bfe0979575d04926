"""The mean and the standard deviation of each image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from batchwarp.ops.accepted import Switch
from batchwarp.ops.operation import Argument, Operation
from batchwarp.ops.recipe import ImageSpec, Leaf, accepting

# What is added to deviations, in units of the pixels, as Keras does it.
_EPSILON = 1e-6


class KerasStandardize(Operation):
    """`ImageDataGenerator`'s samplewise standardisation."""

    name = "standardize"
    arguments = (
        Argument("samplewise_center", "subtract each image's mean", type=bool),
        Argument(
            "samplewise_std_normalization", "divide by each image's standard deviation", type=bool
        ),
    )
    implied = (("samplewise_std_normalization", "samplewise_center", True),)

    def step(self, settings: Any, image_shape: tuple[int, ...]) -> dict[str, Any] | None:  # noqa: ARG002
        """Returns the settings of the core's step."""
        center = bool(settings.samplewise_center)
        std = bool(settings.samplewise_std_normalization)
        return {"center": center, "std": std} if center or std else None

    def changes_values(self, settings: Any) -> bool:
        """Whether `standardize` does something."""
        return bool(settings.samplewise_center or settings.samplewise_std_normalization)

    def standardize(self, settings: Any, x: Any) -> Any:
        """Does its part of `ImageDataGenerator.standardize`."""
        if settings.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if settings.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + _EPSILON
        return x


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
