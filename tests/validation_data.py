"""Images, labels and generators of which tests take a validation subset."""

from __future__ import annotations

import numpy as np

import batchwarp
from keras_reference import noise

X = noise((40, 6, 5, 3))
Y = np.repeat([0, 1, 2], [24, 10, 6])
AUGMENT = {
    "rotation_range": 25,
    "channel_shift_range": 20.0,
    "brightness_range": (0.5, 1.5),
    "horizontal_flip": True,
    "rescale": 1 / 255,
    "samplewise_center": True,
    "validation_split": 0.25,
}


def generator(**arguments):
    return batchwarp.ImageDataGenerator(**{**AUGMENT, **arguments})


class Overridden(batchwarp.ImageDataGenerator):
    """Its batches are made image by image, through the public methods."""

    def standardize(self, x):
        return super().standardize(x)
