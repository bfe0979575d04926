"""The recipes of batchwarp, by `Augment`."""

from __future__ import annotations

from functools import partial

import batchwarp
from batchwarp import _core, ops
from batchwarp.augment.recipe import Recipe
from batchwarp.ops.recipe import ImageSpec, RecipeOperation

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
    }
    return recipes[key]


def lacking(key: str) -> set[str]:
    """Returns the operations of a recipe that the core does not have."""
    image = ImageSpec(work.SIDE, work.SIDE, 3)
    steps = Recipe("Augment", operations(key, work.SIDE)).steps(image).steps
    return {name for name, _ in steps} - {one.name for one in _core.OPERATIONS}


def augment(key: str, side: int) -> batchwarp.Augment:
    """Returns what does a recipe."""
    return batchwarp.Augment(*operations(key, side), seed=1)


def contender(key: str, x: Images, side: int) -> Contender:
    """Returns a recipe on a batch, with numbers drawn anew in each call."""
    return Contender(partial(augment(key, side), x), core_with())
