"""kornia on the processor."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..batches import THREADS
from ..peers import torch_images
from ..timing import Contender
from . import work
from .work import Images, Peer


def transforms(key: str, side: int) -> list[Any]:
    """Returns the transforms of a recipe."""
    import torch
    from kornia import augmentation
    from kornia.augmentation.auto import RandAugment

    flip = augmentation.RandomHorizontalFlip(p=0.5)
    affine = augmentation.RandomAffine(
        work.ROTATION, (work.SHIFT, work.SHIFT), work.ZOOM, padding_mode="border", p=1.0
    )
    perspective = augmentation.RandomPerspective(work.DISTORTION, p=1.0)
    jitter = augmentation.ColorJitter(
        work.BRIGHTNESS, work.CONTRAST, work.SATURATION, work.HUE, p=1.0
    )
    erase = augmentation.RandomErasing(work.SCALE, work.RATIO, p=work.ERASED)
    normalize = augmentation.Normalize(torch.tensor(work.MEAN), torch.tensor(work.STD))
    crop = augmentation.RandomResizedCrop((side, side), work.CROP_SCALE, work.CROP_RATIO)
    recipes = {
        work.A: [flip, affine, normalize],
        work.A_JITTER: [flip, affine, jitter, normalize],
        work.B: [flip, affine, perspective, jitter, erase, normalize],
        work.C: [RandAugment(n=2, m=work.MAGNITUDE)],
        work.D: [crop, flip, jitter, normalize],
        work.EQUALIZE: [augmentation.RandomEqualize(p=1.0)],
        work.BLUR: [augmentation.RandomGaussianBlur((13, 13), work.SIGMA, p=1.0)],
        work.NOISE: [augmentation.RandomGaussianNoise(0.0, work.NOISE_STD, p=1.0)],
        work.JPEG: [augmentation.RandomJPEG(work.QUALITY, p=1.0)],
        work.SHARPEN: [augmentation.RandomSharpness(work.SHARPNESS[1], p=1.0)],
    }
    return recipes[key]


def make(key: str, x: Images, side: int) -> dict[str, Contender]:
    """Returns the way to do a recipe."""
    import torch
    from kornia.augmentation import AugmentationSequential

    sequence = AugmentationSequential(*transforms(key, side), data_keys=["input"])
    images = torch_images(x, "cpu")

    def run() -> object:
        return sequence(images.float().div_(255))

    return {"": Contender(run, partial(torch.set_num_threads, THREADS))}


KEYS = (
    work.A,
    work.A_JITTER,
    work.B,
    work.C,
    work.D,
    work.EQUALIZE,
    work.SHARPEN,
    work.BLUR,
    work.NOISE,
    work.JPEG,
)
PEER = Peer(
    "kornia",
    "kornia",
    "a batch at once, with two threads of PyTorch's",
    {key: partial(make, key) for key in KEYS},
    {
        "": "values from 0 to 1; interpolates in each transform that moves pixels",
        work.A_JITTER: "hue in HSV, jitter in random order",
        work.C: "chooses once for a batch, of 15 other distortions",
        work.D: "crop without antialias",
        work.NOISE: "values are not cut off",
    },
    "torch",
)
