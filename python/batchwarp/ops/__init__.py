"""What can be done to images, one module for each operation.

Operations are made for `batchwarp.Augment` and `ImageDataGenerator(operations=...)`. They never
change; they compare, repeat and pickle, and become JSON with `get_config` and `from_config`. In a
list, all that move pixels are one map, by which the image is read once, and colours come after it.

What this package has without being named below is how `ImageDataGenerator`'s arguments become
operations, in the modules named `keras_...` and others.

An operation's module is imported when the operation is first asked for: all of them take longer to
import than the rest of the package, and nobody needs all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from batchwarp import _lazy

if TYPE_CHECKING:
    from batchwarp.ops.affine import Affine as Affine
    from batchwarp.ops.augmix import AugMix as AugMix
    from batchwarp.ops.autocontrast import AutoContrast as AutoContrast
    from batchwarp.ops.brightness import Brightness as Brightness
    from batchwarp.ops.channel_drop import ChannelDrop as ChannelDrop
    from batchwarp.ops.channel_shift import ChannelShift as ChannelShift
    from batchwarp.ops.color_jitter import ColorJitter as ColorJitter
    from batchwarp.ops.contrast import Contrast as Contrast
    from batchwarp.ops.crop import CenterCrop as CenterCrop
    from batchwarp.ops.crop import RandomCrop as RandomCrop
    from batchwarp.ops.cutmix import CutMix as CutMix
    from batchwarp.ops.elastic import Elastic as Elastic
    from batchwarp.ops.equalize import Equalize as Equalize
    from batchwarp.ops.erase import Erase as Erase
    from batchwarp.ops.flip import Flip as Flip
    from batchwarp.ops.gamma import Gamma as Gamma
    from batchwarp.ops.gaussian_blur import GaussianBlur as GaussianBlur
    from batchwarp.ops.gaussian_noise import GaussianNoise as GaussianNoise
    from batchwarp.ops.grayscale import Grayscale as Grayscale
    from batchwarp.ops.grid_distortion import GridDistortion as GridDistortion
    from batchwarp.ops.hue import Hue as Hue
    from batchwarp.ops.invert import Invert as Invert
    from batchwarp.ops.jpeg_compression import JpegCompression as JpegCompression
    from batchwarp.ops.mixup import MixUp as MixUp
    from batchwarp.ops.normalize import Normalize as Normalize
    from batchwarp.ops.pad import Pad as Pad
    from batchwarp.ops.perspective import Perspective as Perspective
    from batchwarp.ops.policies import OneOf as OneOf
    from batchwarp.ops.policies import Sequential as Sequential
    from batchwarp.ops.policies import SomeOf as SomeOf
    from batchwarp.ops.posterize import Posterize as Posterize
    from batchwarp.ops.rand_augment import RandAugment as RandAugment
    from batchwarp.ops.rand_augment import TrivialAugment as TrivialAugment
    from batchwarp.ops.recipe import RecipeOperation
    from batchwarp.ops.resize import RandomResizedCrop as RandomResizedCrop
    from batchwarp.ops.resize import Resize as Resize
    from batchwarp.ops.rotate90 import Rotate90 as Rotate90
    from batchwarp.ops.saturation import Saturation as Saturation
    from batchwarp.ops.sharpen import Sharpen as Sharpen
    from batchwarp.ops.solarize import Solarize as Solarize
    from batchwarp.ops.standardize import Standardize as Standardize

# The operations that there are, and the modules that they are in.
_MODULES = {
    "Affine": "affine",
    "AugMix": "augmix",
    "AutoContrast": "autocontrast",
    "Brightness": "brightness",
    "CenterCrop": "crop",
    "ChannelDrop": "channel_drop",
    "ChannelShift": "channel_shift",
    "ColorJitter": "color_jitter",
    "Contrast": "contrast",
    "CutMix": "cutmix",
    "Elastic": "elastic",
    "Equalize": "equalize",
    "Erase": "erase",
    "Flip": "flip",
    "Gamma": "gamma",
    "GaussianBlur": "gaussian_blur",
    "GaussianNoise": "gaussian_noise",
    "Grayscale": "grayscale",
    "GridDistortion": "grid_distortion",
    "Hue": "hue",
    "Invert": "invert",
    "JpegCompression": "jpeg_compression",
    "MixUp": "mixup",
    "Normalize": "normalize",
    "OneOf": "policies",
    "Pad": "pad",
    "Perspective": "perspective",
    "Posterize": "posterize",
    "RandAugment": "rand_augment",
    "RandomCrop": "crop",
    "RandomResizedCrop": "resize",
    "Resize": "resize",
    "Rotate90": "rotate90",
    "Saturation": "saturation",
    "Sequential": "policies",
    "Sharpen": "sharpen",
    "Solarize": "solarize",
    "SomeOf": "policies",
    "Standardize": "standardize",
    "TrivialAugment": "rand_augment",
}

__all__ = list(_MODULES)  # `from_config`, which is no operation, is beside them

_find, __dir__ = _lazy.names_of(__name__, _MODULES)

if not TYPE_CHECKING:  # who checks types knows the names above, and no others
    __getattr__ = _find


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
    operation: type[RecipeOperation] = _find(name)
    return operation.from_arguments(arguments, from_config)
