"""torchvision v2 on the processor."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..peers import torch_images
from ..timing import Contender
from . import work
from .work import Images, Peer, image_by_image


def transform(key: str, side: int) -> Any:
    """Returns what does a recipe on one image."""
    import torch
    from torchvision.transforms import v2

    bilinear = v2.InterpolationMode.BILINEAR
    flip = v2.RandomHorizontalFlip()
    affine = v2.RandomAffine(work.ROTATION, (work.SHIFT, work.SHIFT), work.ZOOM, None, bilinear)
    perspective = v2.RandomPerspective(work.DISTORTION, p=1.0, interpolation=bilinear)
    jitter = v2.ColorJitter(work.BRIGHTNESS, work.CONTRAST, work.SATURATION, work.HUE)
    erase = v2.RandomErasing(work.ERASED, work.SCALE, work.RATIO)
    store = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(work.MEAN, work.STD)]
    crop = v2.RandomResizedCrop(side, work.CROP_SCALE, work.CROP_RATIO, antialias=True)
    low, high = work.SHARPNESS
    recipes = {
        work.A: [flip, affine, *store],
        work.A_JITTER: [flip, affine, jitter, *store],
        work.B: [flip, affine, perspective, jitter, erase, *store],
        work.C: [v2.RandAugment(2, work.MAGNITUDE, interpolation=bilinear)],
        work.D: [crop, flip, jitter, *store],
        work.EQUALIZE: [v2.RandomEqualize(p=1.0)],
        # It has no range: a factor in the middle of it that is not neutral.
        # Its window does not follow from sigma: one of the width of batchwarp's in the middle.
        work.BLUR: [v2.GaussianBlur(13, work.SIGMA)],
        work.ELASTIC: [v2.ElasticTransform(work.ALPHA, work.SMOOTHNESS)],
        work.NOISE: [v2.GaussianNoise(0.0, work.NOISE_STD)],
        work.JPEG: [v2.JPEG(work.QUALITY)],
        work.SHARPEN: [v2.RandomAdjustSharpness((low + 2 * high) / 3, p=1.0)],
    }
    return v2.Compose(recipes[key])


def make(key: str, x: Images, side: int) -> dict[str, Contender]:
    """Returns the ways to do a recipe."""
    import torch

    images = torch_images(x, "cpu")
    out = torch.zeros((len(x), 3, side, side))
    return image_by_image(partial(transform, key, side), images, out, torch.set_num_threads)


KEYS = (
    work.A,
    work.A_JITTER,
    work.B,
    work.C,
    work.D,
    work.EQUALIZE,
    work.SHARPEN,
    work.BLUR,
    work.ELASTIC,
    work.NOISE,
    work.JPEG,
)
PEER = Peer(
    "torchvision v2",
    "torchvision",
    "image by image, since it draws once for a batch, with two threads of PyTorch's or in two "
    "of Python's",
    {key: partial(make, key) for key in KEYS},
    {
        "": "8 bits between its transforms; interpolates in each that moves pixels; fills with "
        "zeros",
        work.A_JITTER: "hue in HSV, jitter in random order",
    },
    "torch",
)
