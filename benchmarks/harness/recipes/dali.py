"""DALI on the processor, without read-ahead, which would work while others are timed."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..batches import THREADS
from ..timing import Contender
from . import work
from .work import Images, Peer


def affine(images: Any, height: int, width: int) -> Any:
    """Returns images under random affine transforms."""
    from nvidia.dali import fn, types

    centre = [width / 2, height / 2]
    angle = fn.random.uniform(range=[-work.ROTATION, work.ROTATION])
    shift = fn.random.uniform(range=[-work.SHIFT, work.SHIFT], shape=2)
    matrix = fn.transforms.rotation(angle=angle, center=centre)
    zoom = fn.random.uniform(range=list(work.ZOOM), shape=2)
    matrix = fn.transforms.scale(matrix, scale=zoom, center=centre)
    matrix = fn.transforms.translation(matrix, offset=shift * [float(width), float(height)])
    return fn.warp_affine(images, matrix=matrix, interp_type=types.INTERP_LINEAR)


def jitter(images: Any) -> Any:
    """Returns images in other colours."""
    from nvidia.dali import fn

    def factor(strength: float) -> Any:
        return fn.random.uniform(range=[1 - strength, 1 + strength])

    return fn.color_twist(
        images,
        brightness=factor(work.BRIGHTNESS),
        contrast=factor(work.CONTRAST),
        saturation=factor(work.SATURATION),
        hue=fn.random.uniform(range=[-360 * work.HUE, 360 * work.HUE]),
    )


def normalize(images: Any) -> Any:
    """Returns images flipped or not, and normalized: one operator of DALI's."""
    from nvidia.dali import fn, types

    return fn.crop_mirror_normalize(
        images,
        mirror=fn.random.coin_flip(),
        mean=[255 * value for value in work.MEAN],
        std=[255 * value for value in work.STD],
        dtype=types.FLOAT,
        output_layout="HWC",
    )


def graph(key: str, images: Any, height: int, width: int, side: int) -> Any:
    """Returns what a recipe makes of images."""
    from nvidia.dali import fn, types
    from nvidia.dali.auto_aug import rand_augment

    if key == work.C:
        made = rand_augment.rand_augment(images, 2, work.MAGNITUDE, shape=[height, width])
        return fn.cast(made, dtype=types.FLOAT)
    if key == work.EQUALIZE:
        return fn.cast(fn.equalize(images), dtype=types.FLOAT)
    if key == work.D:
        images = fn.random_resized_crop(
            images,
            size=[side, side],
            random_area=list(work.CROP_SCALE),
            random_aspect_ratio=list(work.CROP_RATIO),
        )
    else:
        images = affine(images, height, width)
    return normalize(images if key == work.A else jitter(images))


def make(key: str, x: Images, side: int) -> dict[str, Contender]:
    """Returns the way to do a recipe."""
    from nvidia.dali import fn, pipeline_def

    n, height, width = x.shape[:3]

    def define() -> Any:
        images = fn.external_source(source=lambda: x, batch=True, no_copy=True, layout="HWC")
        return graph(key, images, height, width, side)

    built = pipeline_def(
        define,
        batch_size=n,
        num_threads=THREADS,
        device_id=None,
        seed=1,
        prefetch_queue_depth=1,
        exec_async=False,
        exec_pipelined=False,
        enable_conditionals=True,
    )()
    built.build()
    return {"": Contender(lambda: built.run()[0])}


PEER = Peer(
    "DALI, processor",
    "nvidia-dali-cuda120",
    "a batch at once, in two threads of its own",
    {key: partial(make, key) for key in (work.A, work.A_JITTER, work.C, work.D, work.EQUALIZE)},
    {
        "": "8 bits between its operators; flips last; leaves a list of images",
        work.A_JITTER: "hue in HSV",
    },
    "dali",
)
