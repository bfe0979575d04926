"""variopinta."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..timing import Contender
from . import work
from .work import Images, Peer, batch_of, image_by_image


def transforms(key: str, side: int) -> list[Any]:
    """Returns the transforms of a recipe."""
    import variopinta

    border = variopinta.BorderMode.REFLECT101
    flip = variopinta.HorizontalFlip(p=0.5)
    affine = variopinta.Affine(
        degrees_range=(-work.ROTATION, work.ROTATION),
        translate_max_fraction=(work.SHIFT, work.SHIFT),
        scale_range=work.ZOOM,
        border_mode=border,
    )
    perspective = variopinta.Perspective(
        distortion_scale_range=(0, work.DISTORTION / 2), border_mode=border
    )
    jitter = variopinta.ColorJitter(
        brightness_range=(1 - work.BRIGHTNESS, 1 + work.BRIGHTNESS),
        contrast_range=(1 - work.CONTRAST, 1 + work.CONTRAST),
        saturation_range=(1 - work.SATURATION, 1 + work.SATURATION),
        hue_range=(-work.HUE, work.HUE),
    )
    # Sides of holes of about the areas that batchwarp's have.
    low, high = (float(value) for value in np.sqrt(work.SCALE))
    erase = variopinta.CoarseDropout(
        num_holes_range=(1, 1),
        hole_height_range=(low, high),
        hole_width_range=(low, high),
        p=work.ERASED,
    )
    normalize = variopinta.Normalize(mean=work.MEAN, std=work.STD)
    crop = variopinta.RandomResizedCrop(
        side,
        side,
        area_range=work.CROP_SCALE,
        aspect_ratio_range=work.CROP_RATIO,
        antialias=True,
    )
    recipes = {
        work.A: [flip, affine, normalize],
        work.A_JITTER: [flip, affine, jitter, normalize],
        work.B: [flip, affine, perspective, jitter, erase, normalize],
        work.D: [crop, flip, jitter, normalize],
        work.SHARPEN: [variopinta.Sharpen()],
    }
    return recipes[key]


def make(key: str, x: Images, side: int) -> dict[str, Contender]:
    """Returns the way to do a recipe."""
    import variopinta

    def one() -> Any:
        return variopinta.Pipeline(transforms(key, side), seed=1).compile()

    return {"loop": image_by_image(one, x, batch_of(x, side))["loop"]}


PEER = Peer(
    "variopinta",
    "variopinta",
    "image by image in one thread: it has none of its own, and holds the GIL",
    {key: partial(make, key) for key in (work.A, work.A_JITTER, work.B, work.D, work.SHARPEN)},
    {
        "": "8 bits between its transforms; interpolates in each that moves pixels; "
        "mirrors at the edge",
        work.A_JITTER: "hue in HSV, jitter in random order",
        work.B: "sides of holes drawn alone",
        work.SHARPEN: "its kernel is another one",
    },
)
