"""The recipes of batchwarp, by `Augment`."""

from __future__ import annotations

from functools import partial

import numpy as np

import batchwarp
from batchwarp import ops
from batchwarp.ops.mixing import Mixing
from batchwarp.ops.recipe import RecipeOperation

from ..batches import core_with
from ..timing import Contender
from . import work
from .work import Images


def operations(key: str, side: int) -> tuple[RecipeOperation, ...]:
    """Returns the operations of a recipe.

    Args:
        key: one of those in `work.RECIPES`.
        side: height and width of the result.
    """
    flip = ops.Flip(horizontal=0.5, vertical=0)
    affine = ops.Affine(rotation=work.ROTATION, zoom=work.ZOOM, shift=work.SHIFT)
    jitter = ops.ColorJitter(work.BRIGHTNESS, work.CONTRAST, work.SATURATION, work.HUE)
    normalize = ops.Normalize(
        tuple(255 * value for value in work.MEAN), tuple(255 * value for value in work.STD)
    )
    perspective = ops.Perspective(work.DISTORTION)
    erase = ops.Erase(work.SCALE, work.RATIO, p=work.ERASED)
    crop = ops.RandomResizedCrop(side, work.CROP_SCALE, work.CROP_RATIO)
    recipes: dict[str, tuple[RecipeOperation, ...]] = {
        work.A: (flip, affine, normalize),
        work.A_JITTER: (flip, affine, jitter, normalize),
        work.B: (flip, affine, perspective, jitter, erase, normalize),
        work.C: (ops.RandAugment(2, work.MAGNITUDE),),
        work.D: (crop, flip, jitter, normalize),
        work.EQUALIZE: (ops.Equalize(),),
        work.SHARPEN: (ops.Sharpen(work.SHARPNESS),),
        work.BLUR: (ops.GaussianBlur(work.SIGMA),),
        work.JPEG: (ops.JpegCompression(work.QUALITY),),
        work.ELASTIC: (ops.Elastic(work.ALPHA, work.SMOOTHNESS),),
        work.GRID: (ops.GridDistortion(work.STEPS, work.LIMIT),),
        work.NOISE: (ops.GaussianNoise(work.NOISE_STD),),
    }
    return recipes[key]


def each(side: int) -> dict[str, RecipeOperation]:
    """Returns every operation by its name, those that nothing is said of as they are by default.

    Args:
        side: height and width of the images.
    """
    smaller = side - side // 8
    members = (ops.Brightness(), ops.Gamma(), ops.Flip())
    given: dict[str, RecipeOperation] = {
        "Affine": ops.Affine(rotation=work.ROTATION, zoom=work.ZOOM, shift=work.SHIFT),
        "CenterCrop": ops.CenterCrop(smaller),
        "ColorJitter": ops.ColorJitter(work.BRIGHTNESS, work.CONTRAST, work.SATURATION, work.HUE),
        "CutMix": ops.CutMix(num_classes=2),
        "MixUp": ops.MixUp(num_classes=2),
        "Normalize": ops.Normalize(127.5, 127.5),
        "OneOf": ops.OneOf(*members),
        "Pad": ops.Pad(side // 8),
        "RandomCrop": ops.RandomCrop(smaller),
        "RandomResizedCrop": ops.RandomResizedCrop(side),
        "Resize": ops.Resize(smaller),
        "Sequential": ops.Sequential(*members),
        "SomeOf": ops.SomeOf(2, *members),
    }
    return {name: given[name] if name in given else getattr(ops, name)() for name in ops.__all__}


def augment(key: str, side: int) -> batchwarp.Augment:
    """Returns what does a recipe."""
    return batchwarp.Augment(*operations(key, side), seed=1)


def contender(key: str, x: Images, side: int) -> Contender:
    """Returns a recipe on a batch, with numbers drawn anew in each call."""
    return Contender(partial(augment(key, side), x), core_with())


def alone(operation: RecipeOperation, x: Images) -> Contender:
    """Returns an operation on a batch, likewise; images that are mixed have labels."""
    labels = np.arange(len(x)) % 2 if isinstance(operation, Mixing) else None
    return Contender(partial(batchwarp.Augment(operation, seed=1), x, labels=labels), core_with())
