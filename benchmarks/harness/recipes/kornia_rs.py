"""kornia-rs, which leaves it to the user to draw, to erase and to put operations together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..peers import inverse_maps
from ..timing import Contender
from . import work
from .work import Images, Peer, batch_of, image_by_image

Step = Callable[[Any], Any]


def warp(rng: np.random.Generator) -> Step:
    """Returns a random affine transform."""
    from kornia_rs import imgproc

    def run(image: Any) -> Any:
        height, width = image.shape[:2]
        (inverse,) = inverse_maps(rng, 1, height, width)
        matrix = np.linalg.inv(np.vstack([inverse, [0, 0, 1]]))[:2]
        return imgproc.warp_affine(image, matrix.ravel().tolist(), (height, width), "bilinear")

    return run


def crop(rng: np.random.Generator, side: int) -> Step:
    """Returns a random resized crop; one that does not fit is drawn again."""
    from kornia_rs import imgproc

    ratios = np.log(work.CROP_RATIO)

    def run(image: Any) -> Any:
        height, width = image.shape[:2]
        while True:
            area = height * width * rng.uniform(*work.CROP_SCALE)
            ratio = np.exp(rng.uniform(*ratios))
            w, h = round(np.sqrt(area * ratio)), round(np.sqrt(area / ratio))
            if 0 < w <= width and 0 < h <= height:
                break
        x, y = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
        part = imgproc.crop(image, x, y, w, h)
        return imgproc.resize(part, (side, side), "bilinear", antialias=True)

    return run


def one(key: str, side: int) -> Step:
    """Returns what does a recipe on one image."""
    from kornia_rs import augmentations, imgproc
    from kornia_rs.image import Image

    rng = np.random.default_rng(1)
    mirror = augmentations.RandomHorizontalFlip(0.5)
    colours = augmentations.ColorJitter(work.BRIGHTNESS, work.CONTRAST, work.SATURATION, work.HUE)
    normalize = partial(imgproc.normalize_mean_std, mean=list(work.MEAN), std=list(work.STD))

    def flip(image: Any) -> Any:
        return mirror(Image.from_numpy(image)).to_numpy()

    def jitter(image: Any) -> Any:
        return colours(Image.from_numpy(image)).to_numpy()

    recipes: dict[str, list[Step]] = {
        work.A: [flip, warp(rng), normalize],
        work.A_JITTER: [flip, warp(rng), jitter, normalize],
        work.D: [crop(rng, side), flip, jitter, normalize],
    }
    steps = recipes[key]

    def run(image: Any) -> Any:
        for step in steps:
            image = step(image)
        return image

    return run


def make(key: str, x: Images, side: int) -> dict[str, Contender]:
    """Returns the ways to do a recipe."""
    return image_by_image(partial(one, key, side), x, batch_of(x, side))


PEER = Peer(
    "kornia-rs",
    "kornia-rs",
    "image by image, with two threads of its own or in two of Python's beside these",
    {key: partial(make, key) for key in (work.A, work.A_JITTER, work.D)},
    {"": "8 bits between its operations; drawn by NumPy, composed by hand; fills with zeros"},
)
