"""augrs, whose distribution is augrs-py."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..batches import THREADS
from ..timing import Contender
from . import work
from .work import Images, Peer, batch_of


def transforms(key: str, side: int) -> list[Any]:
    """Returns the transforms of a recipe."""
    import augrs

    edge = 1  # OpenCV's BORDER_REPLICATE
    flip = augrs.HorizontalFlip(p=0.5)
    affine = augrs.Affine(
        scale=work.ZOOM,
        translate_percent=(-work.SHIFT, work.SHIFT),
        rotate=(-work.ROTATION, work.ROTATION),
        border_mode=edge,
        p=1.0,
    )
    # A normal distribution of about the mean that batchwarp's has.
    scale = 0.3 * work.DISTORTION
    perspective = augrs.Perspective(scale=(scale, scale), border_mode=edge, p=1.0)
    jitter = augrs.ColorJitter(work.BRIGHTNESS, work.CONTRAST, work.SATURATION, work.HUE, p=1.0)
    # Sides of holes of about the areas that batchwarp's have.
    low, high = np.sqrt(work.SCALE)
    erase = augrs.CoarseDropout((1, 1), (low, high), (low, high), p=work.ERASED)
    normalize = augrs.Normalize(work.MEAN, work.STD)
    crop = augrs.RandomResizedCrop((side, side), scale=work.CROP_SCALE, ratio=work.CROP_RATIO)
    recipes = {
        work.A: [flip, affine, normalize],
        work.A_JITTER: [flip, affine, jitter, normalize],
        work.B: [flip, affine, perspective, jitter, erase, normalize],
        work.D: [crop, flip, jitter, normalize],
    }
    return recipes[key]


def make(key: str, x: Images, side: int) -> dict[str, Contender]:
    """Returns the way to do a recipe."""
    import augrs

    composed = augrs.Compose(transforms(key, side))
    out = batch_of(x, side)

    def run() -> None:
        made = composed.augment_batch(images=x, num_threads=THREADS)
        for target, image in zip(out, made, strict=True):
            target[...] = image["image"] if isinstance(image, dict) else image

    return {"": Contender(run)}


PEER = Peer(
    "augrs",
    "augrs-py",
    "a batch at once, in two threads of its own",
    {key: partial(make, key) for key in (work.A, work.A_JITTER, work.B, work.D)},
    {
        "": "8 bits between its transforms; interpolates in each that moves pixels",
        work.A_JITTER: "hue in HSV, jitter in random order",
        work.B: "corners by a normal distribution, sides of holes drawn alone",
        work.D: "crop without antialias",
    },
)
