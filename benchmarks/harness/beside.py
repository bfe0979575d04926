"""What is beside images, and the libraries that move it along, each at what comes nearest.

The work: a horizontal flip of half of the images, and a rotation within 15 degrees with shifts
within 10 %, bilinear for images and nearest for masks. Drawing the parameters is part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROTATION, SHIFT = 15, 0.1
PLACES = 100  # boxes beside an image, and keypoints
CLASSES = 8

Run = Callable[[], object]


@dataclass(frozen=True)
class Beside:
    """A batch, and what is beside it.

    Attributes:
        images: `(n, side, side, 3)` of uint8.
        masks: `(n, side, side)` of uint8, or None.
        boxes: list of arrays `(PLACES, 4)` of float32, left, top, right and bottom in pixels; or
            None.
        keypoints: list of arrays `(PLACES, 2)` of float32, or None.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8] | None = None
    boxes: Sequence[NDArray[np.float32]] | None = None
    keypoints: Sequence[NDArray[np.float32]] | None = None

    @property
    def given(self) -> dict[str, Any]:
        """What there is beside the images, by the names that batchwarp has for it."""
        all_ = {"masks": self.masks, "boxes": self.boxes, "keypoints": self.keypoints}
        return {name: value for name, value in all_.items() if value is not None}


def images_of(n: int, side: int) -> Beside:
    """Returns a batch with nothing beside it."""
    random = np.random.default_rng(1)
    return Beside(random.integers(0, 256, (n, side, side, 3), np.uint8))


def with_masks(batch: Beside) -> Beside:
    """Returns a batch with masks of blobs, as objects are."""
    n, side = batch.images.shape[:2]
    random = np.random.default_rng(2)
    cell = max(1, side // 14)
    coarse = random.integers(0, CLASSES, (n, -(-side // cell), -(-side // cell)), np.uint8)
    masks = coarse.repeat(cell, axis=1).repeat(cell, axis=2)[:, :side, :side]
    return Beside(batch.images, masks=np.ascontiguousarray(masks))


def with_places(batch: Beside) -> Beside:
    """Returns a batch with boxes and keypoints."""
    n, side = batch.images.shape[:2]
    random = np.random.default_rng(3)
    first = random.uniform(0, 0.8 * side, (n, PLACES, 2))
    last = first + random.uniform(0.05 * side, 0.2 * side, (n, PLACES, 2))
    boxes = np.concatenate([first, last], axis=2).astype(np.float32)
    keypoints = random.uniform(0, side - 1, (n, PLACES, 2)).astype(np.float32)
    return Beside(batch.images, boxes=list(boxes), keypoints=list(keypoints))


@dataclass(frozen=True)
class Peer:
    """A library, and how to use it.

    Attributes:
        name: as tables show it.
        distribution: what must be installed; its version is reported.
        make: takes a batch, returns what augments it once.
        process: peers of one name share a process.
        differs: what it does otherwise than batchwarp.
    """

    name: str
    distribution: str
    make: Callable[[Beside], Run]
    process: str = "plain"
    differs: str = ""

    def installed(self) -> bool:
        """Whether it can be measured."""
        try:
            metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return False
        return True


def our_augment() -> Any:
    """Returns an `Augment`."""
    from batchwarp import Augment, ops

    return Augment(ops.Flip(), ops.Affine(rotation=ROTATION, shift=SHIFT), seed=1)


def ours(batch: Beside, augment: Any = None) -> Run:
    """One call of `Augment`, one of its own if it is given none."""
    augment = our_augment() if augment is None else augment
    return lambda: augment(batch.images, **batch.given)


def albumentations_loop(batch: Beside) -> Run:
    """`Compose` on one image after the other."""
    import albumentations
    import cv2

    library: Any = albumentations
    more: dict[str, Any] = {}
    if batch.boxes is not None:
        more["bbox_params"] = library.BboxParams(coord_format="pascal_voc")
        more["keypoint_params"] = library.KeypointParams(coord_format="xy", remove_invisible=False)
    transform = library.Compose(
        [
            library.HorizontalFlip(p=0.5),
            library.Affine(
                translate_percent=(-SHIFT, SHIFT),
                rotate=(-ROTATION, ROTATION),
                border_mode=cv2.BORDER_REPLICATE,
                p=1.0,
            ),
        ],
        **more,
    )
    names = {"masks": "mask", "boxes": "bboxes", "keypoints": "keypoints"}
    each = [
        {"image": image, **{names[key]: value[at] for key, value in batch.given.items()}}
        for at, image in enumerate(batch.images)
    ]

    def run() -> object:
        made = [transform(**one) for one in each]
        stacked = [np.stack([one["image"] for one in made])]
        if batch.masks is not None:
            stacked.append(np.stack([one["mask"] for one in made]))
        return stacked, made

    return run


def torchvision_v2(batch: Beside) -> Run:
    """`v2.RandomAffine` on one image after the other: on a batch, it draws only once."""
    import torch
    from torchvision import tv_tensors
    from torchvision.transforms import v2

    transform = v2.Compose(
        [
            v2.RandomHorizontalFlip(0.5),
            v2.RandomAffine(ROTATION, (SHIFT, SHIFT), interpolation=v2.InterpolationMode.BILINEAR),
        ]
    )
    side = batch.images.shape[1:3]
    each = []
    for at, image in enumerate(batch.images):
        one: dict[str, Any] = {
            "image": tv_tensors.Image(torch.from_numpy(image).permute(2, 0, 1).contiguous())
        }
        if batch.masks is not None:
            one["mask"] = tv_tensors.Mask(torch.from_numpy(batch.masks[at]))
        if batch.boxes is not None:
            one["boxes"] = tv_tensors.BoundingBoxes(
                torch.from_numpy(batch.boxes[at]), format="XYXY", canvas_size=side
            )
        if batch.keypoints is not None:
            one["keypoints"] = tv_tensors.KeyPoints(
                torch.from_numpy(batch.keypoints[at]), canvas_size=side
            )
        each.append(one)

    def run() -> object:
        made = [transform(one) for one in each]
        stacked = [torch.stack([one["image"] for one in made])]
        if batch.masks is not None:
            stacked.append(torch.stack([one["mask"] for one in made]))
        return stacked, made

    return run


def keras_layers(batch: Beside) -> Run:
    """The preprocessing layers one after the other, as one compiled function."""
    import keras
    import tensorflow as tf

    library: Any = keras.layers
    layers = [
        library.RandomFlip("horizontal", seed=1),
        library.RandomRotation(ROTATION / 360, fill_mode="nearest", seed=2),
        library.RandomTranslation(SHIFT, SHIFT, fill_mode="nearest", seed=3),
    ]
    given: dict[str, Any] = {"images": tf.constant(batch.images)}
    if batch.masks is not None:
        given["segmentation_masks"] = tf.constant(batch.masks[..., np.newaxis])
    if batch.boxes is not None:
        for layer in layers:
            layer.bounding_box_format = "xyxy"
        boxes = np.stack(list(batch.boxes))
        labels = np.zeros(boxes.shape[:2], np.float32)
        given["bounding_boxes"] = {"boxes": tf.constant(boxes), "labels": tf.constant(labels)}

    def all_layers() -> Any:
        made: Any = given if len(given) > 1 else given["images"]
        for layer in layers:
            made = layer(made, training=True)
        return made

    compiled = tf.function(all_layers)

    def run() -> object:
        made = compiled()
        images = made["images"] if isinstance(made, dict) else made
        return images.numpy()

    return run


PEERS = (
    Peer(
        "AlbumentationsX",
        "albumentationsx",
        albumentations_loop,
        differs="writes uint8; interpolates once, after the flip",
    ),
    Peer(
        "torchvision v2", "torchvision", torchvision_v2, "torch", "writes uint8, fills with zeros"
    ),
    Peer(
        "Keras 3 layers",
        "keras",
        keras_layers,
        "tensorflow",
        "interpolates twice; has no keypoints",
    ),
)
