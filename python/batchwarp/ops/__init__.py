"""What can be done to images, one module for each operation.

Operations are made for `batchwarp.Augment` and `ImageDataGenerator(operations=...)`. They never
change; they compare, repeat and pickle, and become JSON with `get_config` and `from_config`. In a
list, all that move pixels are one map, by which the image is read once, and colours come after it.

What this package has without being named below is how `ImageDataGenerator`'s arguments become
operations, in the modules named `keras_...` and others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchwarp.ops.affine import Affine
from batchwarp.ops.autocontrast import AutoContrast
from batchwarp.ops.brightness import Brightness
from batchwarp.ops.channel_drop import ChannelDrop
from batchwarp.ops.channel_shift import ChannelShift
from batchwarp.ops.color_jitter import ColorJitter
from batchwarp.ops.contrast import Contrast
from batchwarp.ops.crop import CenterCrop, RandomCrop
from batchwarp.ops.cutmix import CutMix
from batchwarp.ops.elastic import Elastic
from batchwarp.ops.equalize import Equalize
from batchwarp.ops.erase import Erase
from batchwarp.ops.flip import Flip
from batchwarp.ops.gamma import Gamma
from batchwarp.ops.gaussian_blur import GaussianBlur
from batchwarp.ops.grayscale import Grayscale
from batchwarp.ops.grid_distortion import GridDistortion
from batchwarp.ops.hue import Hue
from batchwarp.ops.invert import Invert
from batchwarp.ops.mixup import MixUp
from batchwarp.ops.normalize import Normalize
from batchwarp.ops.pad import Pad
from batchwarp.ops.perspective import Perspective
from batchwarp.ops.policies import OneOf, Sequential, SomeOf
from batchwarp.ops.posterize import Posterize
from batchwarp.ops.rand_augment import RandAugment, TrivialAugment
from batchwarp.ops.recipe import RecipeOperation
from batchwarp.ops.resize import RandomResizedCrop, Resize
from batchwarp.ops.rotate90 import Rotate90
from batchwarp.ops.saturation import Saturation
from batchwarp.ops.sharpen import Sharpen
from batchwarp.ops.solarize import Solarize

# The operations that there are; `from_config`, which is none, is beside them.
__all__ = [
    "Affine",
    "AutoContrast",
    "Brightness",
    "CenterCrop",
    "ChannelDrop",
    "ChannelShift",
    "ColorJitter",
    "Contrast",
    "CutMix",
    "Elastic",
    "Equalize",
    "Erase",
    "Flip",
    "Gamma",
    "GaussianBlur",
    "Grayscale",
    "GridDistortion",
    "Hue",
    "Invert",
    "MixUp",
    "Normalize",
    "OneOf",
    "Pad",
    "Perspective",
    "Posterize",
    "RandAugment",
    "RandomCrop",
    "RandomResizedCrop",
    "Resize",
    "Rotate90",
    "Saturation",
    "Sequential",
    "Sharpen",
    "Solarize",
    "SomeOf",
    "TrivialAugment",
]


def from_config(config: Any) -> RecipeOperation:
    """Makes the operation that `get_config` described.

    Args:
        config: Dictionary with the class' name as `"operation"` and its arguments; what is missing
            gets its default. Members of policies are dictionaries in a list, `"operations"`.

    Returns:
        The operation.

    Raises:
        ValueError: If there is no such operation or argument, or a value is none that it takes.
    """
    if not isinstance(config, Mapping) or not isinstance(config.get("operation"), str):
        raise ValueError(
            '`config` should be a dictionary with the key "operation", as from `get_config`. '
            f"Received: {config!r}"
        )
    arguments = dict(config)
    name = arguments.pop("operation")
    if name not in __all__:
        raise ValueError(
            f'"operation" should be one of {", ".join(map(repr, __all__))}. Received: {name!r}'
        )
    made: type[RecipeOperation] = globals()[name]
    return made.from_arguments(arguments, from_config)
