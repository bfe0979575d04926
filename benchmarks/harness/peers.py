"""The libraries that batchwarp is compared with, each at what comes nearest to the same work.

The work: a random affine transform for each image of a batch that lies in memory, rotation within
20 degrees, shifts and zoom within 10 %, bilinear, edge pixels repeated outside where the library
can do so. Drawing the parameters is part of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .machine import cores

ROTATION, SHIFT, ZOOM = 20, 0.1, 0.1

Images = NDArray[Any]
Run = Callable[[], object]


@dataclass(frozen=True)
class Peer:
    """A library, and how to use it.

    Attributes:
        name: as tables show it.
        distribution: what must be installed; its version is reported.
        dtype: of the images that it is given, `"float32"` or `"uint8"`.
        make: takes a batch `(n, height, width, channels)`, returns what augments it once.
        process: peers of one name share a process. TensorFlow and PyTorch can crash one that has
            loaded both; `"torch"` is also the backend that Keras has there.
        differs: what it does otherwise than batchwarp.
    """

    name: str
    distribution: str
    dtype: str
    make: Callable[[Images], Run]
    process: str = "plain"
    differs: str = ""

    def version(self) -> str | None:
        """Returns the installed version, or None."""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return None


def batchwarp_flow(x: Images) -> Run:
    """`next(it)` of a flow whose data set is the batch."""
    import batchwarp

    generator = batchwarp.ImageDataGenerator(
        rotation_range=ROTATION, width_shift_range=SHIFT, height_shift_range=SHIFT, zoom_range=ZOOM
    )
    return partial(next, generator.flow(x, batch_size=len(x), seed=1))


def inverse_maps(rng: np.random.Generator, n: int, height: int, width: int) -> NDArray[np.float64]:
    """Draws transforms about the centre of the image.

    Args:
        rng: where the random numbers come from.
        n: how many.
        height: of the images.
        width: likewise.

    Returns:
        Array `(n, 2, 3)`: matrices from output to input, for points `(x, y, 1)`.
    """
    angle = np.deg2rad(rng.uniform(-ROTATION, ROTATION, n))
    zoom_x, zoom_y = rng.uniform(1 - ZOOM, 1 + ZOOM, (2, n))
    maps = np.empty((n, 2, 3))
    maps[:, 0, 0] = np.cos(angle) * zoom_x
    maps[:, 0, 1] = -np.sin(angle) * zoom_y
    maps[:, 1, 0] = np.sin(angle) * zoom_x
    maps[:, 1, 1] = np.cos(angle) * zoom_y
    centre = np.array([width - 1, height - 1]) / 2
    shift = rng.uniform(-SHIFT, SHIFT, (n, 2)) * (width, height)
    maps[:, :, 2] = centre + shift - maps[:, :, :2] @ centre
    return maps


def opencv_loop(threads: int, x: Images) -> Run:
    """One `cv2.warpAffine` for each image, with OpenCV's own threads."""
    import cv2

    rng = np.random.default_rng(1)
    out = np.empty_like(x)
    n, height, width = x.shape[:3]

    def run() -> None:
        cv2.setNumThreads(threads)
        for image, matrix, target in zip(x, inverse_maps(rng, n, height, width), out, strict=True):
            cv2.warpAffine(
                image,
                matrix,
                (width, height),
                dst=target,
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )

    return run


def tensorflow_op(x: Images) -> Run:
    """`ImageProjectiveTransformV3` on the whole batch."""
    import tensorflow as tf

    rng = np.random.default_rng(1)
    images = tf.constant(x)
    n, height, width = x.shape[:3]

    def run() -> object:
        transforms = np.zeros((n, 8), np.float32)
        transforms[:, :6] = inverse_maps(rng, n, height, width).reshape(n, 6)
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=images,
            transforms=transforms,
            output_shape=(height, width),
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="NEAREST",
        )

    return run


def keras_layers(x: Images) -> Run:
    """The three preprocessing layers, as one compiled function."""
    import keras
    import tensorflow as tf

    layers = keras.Sequential(
        [
            keras.layers.RandomRotation(ROTATION / 360, fill_mode="nearest", seed=1),
            keras.layers.RandomTranslation(SHIFT, SHIFT, fill_mode="nearest", seed=2),
            keras.layers.RandomZoom(ZOOM, ZOOM, fill_mode="nearest", seed=3),
        ]
    )
    images = tf.constant(x)
    compiled = tf.function(lambda: layers(images, training=True))
    return lambda: compiled().numpy()


def torch_images(x: Images, device: str) -> Any:
    """Returns a batch as PyTorch has images: (n, channels, height, width)."""
    import torch

    return torch.from_numpy(x).to(device).permute(0, 3, 1, 2).contiguous()


def torchvision_v2(x: Images, device: str = "cpu") -> Run:
    """`v2.RandomAffine` on one image after the other: on a batch, it draws only once."""
    import torch
    from torchvision.transforms import v2

    transform = v2.RandomAffine(
        ROTATION,
        (SHIFT, SHIFT),
        (1 - ZOOM, 1 + ZOOM),
        interpolation=v2.InterpolationMode.BILINEAR,
    )
    images = torch_images(x, device)
    return lambda: torch.stack([transform(image) for image in images])


def kornia_batch(x: Images, device: str = "cpu") -> Run:
    """`RandomAffine` on the batch, which draws for each image."""
    from kornia.augmentation import RandomAffine

    transform = RandomAffine(
        ROTATION, (SHIFT, SHIFT), (1 - ZOOM, 1 + ZOOM), padding_mode="border", p=1.0
    )
    images = torch_images(x, device)
    return lambda: transform(images)


def torch_grid_sample(x: Images, device: str) -> Run:
    """`affine_grid` and `grid_sample` on the batch, as one would write it by hand."""
    import torch
    from torch.nn import functional

    images = torch_images(x, device)
    n, height, width = x.shape[:3]
    rng = np.random.default_rng(1)
    # From pixels to -1 to 1, and back: what a map is between the outermost pixels.
    half = np.array([max(width - 1, 1), max(height - 1, 1)]) / 2

    def run() -> object:
        maps = inverse_maps(rng, n, height, width)
        linear = maps[:, :, :2] * half / half[:, None]
        centre = (maps[:, :, :2] @ half + maps[:, :, 2] - half) / half
        theta = np.concatenate([linear, centre[:, :, None]], axis=2).astype(np.float32)
        grid = functional.affine_grid(
            torch.from_numpy(theta).to(device), list(images.shape), align_corners=True
        )
        return functional.grid_sample(
            images, grid, mode="bilinear", padding_mode="border", align_corners=True
        )

    return run


def cupy_affine(x: Images) -> Run:
    """CuPy's `affine_transform`, image after image, as SciPy has it."""
    import cupy
    from cupyx.scipy import ndimage

    images = cupy.asarray(x)
    out = cupy.empty_like(images)
    n, height, width = x.shape[:3]
    rng = np.random.default_rng(1)

    def run() -> None:
        for image, target, columns in zip(
            images, out, inverse_maps(rng, n, height, width), strict=True
        ):
            matrix = np.eye(4)  # of rows, columns and channels
            matrix[:2, :2] = columns[::-1, 1::-1]
            matrix[:2, 3] = columns[::-1, 2]
            ndimage.affine_transform(
                image, cupy.asarray(matrix), order=1, mode="nearest", output=target
            )

    return run


def albumentations_loop(x: Images) -> Run:
    """`Affine` on one image after the other."""
    import albumentations
    import cv2

    transform = albumentations.Compose([affine_like_albumentations(albumentations, cv2)])
    out = np.empty_like(x)

    def run() -> None:
        for image, target in zip(x, out, strict=True):
            target[...] = transform(image=image)["image"]

    return run


def affine_like_albumentations(library: Any, cv2: Any) -> Any:
    """Returns the transform of Albumentations, or of a library with the same interface."""
    return library.Affine(
        scale=(1 - ZOOM, 1 + ZOOM),
        translate_percent=(-SHIFT, SHIFT),
        rotate=(-ROTATION, ROTATION),
        border_mode=cv2.BORDER_REPLICATE,
        p=1.0,
    )


def augrs_batch(x: Images) -> Run:
    """`augment_batch` on all cores."""
    import augrs
    import cv2

    transform = augrs.Compose([affine_like_albumentations(augrs, cv2)])
    return lambda: transform.augment_batch(images=x, num_threads=cores())


def dali_pipeline(x: Images) -> Run:
    """`warp_affine` in a pipeline for the processor.

    Without read-ahead: it would work while others are timed, and hand over batches at no cost.
    """
    from nvidia.dali import fn, pipeline_def, types

    rng = np.random.default_rng(1)
    n, height, width = x.shape[:3]

    def matrices() -> NDArray[np.float32]:
        return inverse_maps(rng, n, height, width).astype(np.float32)

    def graph() -> Any:
        images = fn.external_source(source=lambda: x, batch=True, no_copy=True, layout="HWC")
        maps = fn.external_source(source=matrices, batch=True)
        return fn.warp_affine(images, maps, interp_type=types.INTERP_LINEAR, dtype=types.FLOAT)

    made = pipeline_def(
        graph,
        batch_size=n,
        num_threads=cores(),
        device_id=None,
        prefetch_queue_depth=1,
        exec_async=False,
        exec_pipelined=False,
    )
    built = made()
    built.build()
    return lambda: built.run()[0]


PEERS = (
    Peer("OpenCV loop, 1 thread", "opencv-python", "float32", partial(opencv_loop, 1)),
    Peer("OpenCV loop, 2 threads", "opencv-python", "float32", partial(opencv_loop, 2)),
    Peer(
        "OpenCV loop, uint8",
        "opencv-python",
        "uint8",
        partial(opencv_loop, 2),
        differs="writes uint8",
    ),
    Peer("TensorFlow op", "tensorflow", "float32", tensorflow_op, "tensorflow"),
    Peer(
        "Keras 3 layers",
        "keras",
        "float32",
        keras_layers,
        "tensorflow",
        "interpolates three times",
    ),
    Peer("torchvision v2", "torchvision", "float32", torchvision_v2, "torch", "fills with zeros"),
    Peer("kornia", "kornia", "float32", kornia_batch, "torch"),
    Peer(
        "AlbumentationsX", "albumentationsx", "uint8", albumentations_loop, differs="writes uint8"
    ),
    Peer("DALI, processor", "nvidia-dali-cuda120", "uint8", dali_pipeline, "dali"),
    # The distribution named augrs is something else.
    Peer("augrs", "augrs-py", "uint8", augrs_batch, differs="writes uint8"),
)
