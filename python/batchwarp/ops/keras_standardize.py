"""The mean and the standard deviation of each image, as Keras' arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from batchwarp.ops.operation import Argument, Operation

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
