"""AlbumentationsX, which is under the AGPL: measured, and used for nothing else."""

from __future__ import annotations

from functools import partial
from typing import Any

from . import work
from .work import Images, Peer, batch_of, image_by_image


def transforms(key: str, side: int) -> list[Any]:
    """Returns the transforms of a recipe."""
    import albumentations
    import cv2

    flip = albumentations.HorizontalFlip(p=0.5)
    affine = albumentations.Affine(
        scale=work.ZOOM,
        translate_percent=(-work.SHIFT, work.SHIFT),
        rotate=(-work.ROTATION, work.ROTATION),
        border_mode=cv2.BORDER_REPLICATE,
        p=1.0,
    )
    # A normal distribution of about the mean that batchwarp's has.
    scale = 0.3 * work.DISTORTION
    perspective = albumentations.Perspective(
        scale=(scale, scale), border_mode=cv2.BORDER_REPLICATE, p=1.0
    )
    jitter = albumentations.ColorJitter(
        brightness_range=(1 - work.BRIGHTNESS, 1 + work.BRIGHTNESS),
        contrast_range=(1 - work.CONTRAST, 1 + work.CONTRAST),
        saturation_range=(1 - work.SATURATION, 1 + work.SATURATION),
        hue_range=(-work.HUE, work.HUE),
        p=1.0,
    )
    erase = albumentations.Erasing(scale=work.SCALE, ratio=work.RATIO, p=work.ERASED)
    normalize = albumentations.Normalize(mean=work.MEAN, std=work.STD)
    crop = albumentations.RandomResizedCrop(
        size=(side, side), scale=work.CROP_SCALE, ratio=work.CROP_RATIO
    )
    recipes = {
        work.A: [flip, affine, normalize],
        work.A_JITTER: [flip, affine, jitter, normalize],
        work.B: [flip, affine, perspective, jitter, erase, normalize],
        work.D: [crop, flip, jitter, normalize],
        work.EQUALIZE: [albumentations.Equalize(mode="pil", p=1.0)],
        work.BLUR: [albumentations.GaussianBlur((13, 13), work.SIGMA, p=1.0)],
        work.ELASTIC: [albumentations.ElasticTransform(p=1.0)],
        work.GRID: [albumentations.GridDistortion(work.STEPS, (-work.LIMIT, work.LIMIT), p=1.0)],
        work.NOISE: [
            albumentations.GaussNoise((work.NOISE_STD, work.NOISE_STD), per_channel=True, p=1.0)
        ],
        work.JPEG: [albumentations.ImageCompression("jpeg", work.QUALITY, p=1.0)],
        work.SHARPEN: [albumentations.Sharpen(p=1.0)],
    }
    return recipes[key]


def make(key: str, x: Images, side: int) -> dict[str, Any]:
    """Returns the ways to do a recipe."""
    import albumentations
    import cv2

    def one() -> Any:
        composed = albumentations.Compose(transforms(key, side))
        return lambda image: composed(image=image)["image"]

    return image_by_image(one, x, batch_of(x, side), cv2.setNumThreads)


PEER = Peer(
    "AlbumentationsX",
    "albumentationsx",
    "image by image, with two threads of OpenCV's or in two of Python's",
    {
        key: partial(make, key)
        for key in (
            work.A,
            work.A_JITTER,
            work.B,
            work.D,
            work.EQUALIZE,
            work.SHARPEN,
            work.BLUR,
            work.ELASTIC,
            work.GRID,
            work.NOISE,
            work.JPEG,
        )
    },
    {
        "": "8 bits between its transforms; interpolates in each that moves pixels",
        work.A_JITTER: "hue in HSV, jitter in random order",
        work.B: "corners by a normal distribution",
        work.D: "crop without antialias",
        work.SHARPEN: "its kernel is another one",
        work.ELASTIC: "a field of 7 × 7 points",
    },
)
