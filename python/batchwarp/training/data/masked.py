"""Pictures with masks, in memory: what a training on masks begins with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from batchwarp import ImageDataGenerator
from batchwarp.console.errors import UsageError
from batchwarp.errors import ImageFileError
from batchwarp.training.data import scenes
from batchwarp.training.data.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MaskedPictures", "drawn", "read_folders"]

INTERPOLATION = "bilinear"  # of pictures; masks are resized by the nearest pixel
VALIDATION_SHARE = 0.2

_DRAWN = {
    "training": (600, scenes.TRAIN_STREAM),
    "validation": (100, scenes.VALIDATION_STREAM),
    "test": (200, scenes.TEST_STREAM),
}
# What can be told apart by a mask of 8 bits; more are numbers of objects, or no masks at all.
_MOST_CLASSES = 256
_FEWEST = 5  # pictures of a folder, of which one is for validation


@dataclass(frozen=True)
class MaskedPictures:
    """Pictures with masks.

    Attributes:
        x: The pictures, uint8 of shape `(n, height, width, 3)`.
        masks: Their masks, uint8 of shape `(n, height, width)`, indices of classes.
        sources: Where each picture comes from.
    """

    x: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    sources: Sequence[str]


def drawn(limit: int | None, seed: int) -> dict[str, MaskedPictures]:
    """Draws pictures of shapes.

    Args:
        limit: At most how many of each part; None draws all.
        seed: Seed of the drawings.

    Returns:
        Those for training, for validation and for the test, by these names. Their classes are
        `scenes.CLASSES`.
    """
    sets = {}
    for name, (count, stream) in _DRAWN.items():
        count = count if limit is None else min(count, limit)
        sources = [f"{name} picture {number}" for number in range(1, count + 1)]
        sets[name] = MaskedPictures(*scenes.draw_set(count, seed=seed, stream=stream), sources)
    return sets


def read_folders(
    images: Path, masks: Path, side: int, limit: int | None, seed: int
) -> tuple[dict[str, MaskedPictures], list[int]]:
    """Reads pictures and masks of two folders.

    Args:
        images: Folder of pictures.
        masks: Folder with a mask for each of them, of the same name up to the extension.
        side: Height and width that both are brought to, in pixels.
        limit: At most how many of each part; None reads all.
        seed: Seed of the choice of pictures for validation.

    Returns:
        Those for training and for validation, by these names, and the values that are in the masks,
        in ascending order: one for each class.

    Raises:
        UsageError: If a folder or file is missing, cannot be read, or is not what it must be.
    """
    for folder in (images, masks):
        if not folder.is_dir():
            raise DatasetError(folder, "there is no such folder")
    images = images.resolve()
    try:
        flow = ImageDataGenerator().flow_from_directory(
            images.parent,
            classes=[images.name],
            class_mode=None,
            target_size=(side, side),
            interpolation=INTERPOLATION,
            shuffle=False,
            masks=masks,
        )
        order = np.random.RandomState(seed).permutation(flow.samples)
        if limit is not None:
            order = order[: math.ceil(limit / (1 - VALIDATION_SHARE))]
        if len(order) < _FEWEST:
            raise DatasetError(images, f"{len(order)} pictures are too few, {_FEWEST} are needed")
        batches = [
            flow._get_batches_of_transformed_samples(order[begin : begin + flow.batch_size])
            for begin in range(0, len(order), flow.batch_size)
        ]
    except ImageFileError as error:
        raise DatasetError(error.path, error.reason) from error
    except ValueError as error:
        raise UsageError(" ".join(str(error).split())) from error
    pictures, found = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    if found.ndim != 3:
        raise DatasetError(
            masks,
            f"masks should have one channel, whose values are classes. Received: {found.shape[3]} "
            "channels",
        )
    values, indices = np.unique(found, return_inverse=True)
    if not 2 <= len(values) <= _MOST_CLASSES:
        raise DatasetError(
            masks,
            f"masks should have from 2 to {_MOST_CLASSES} values, one for each class. Received: "
            f"{len(values)}",
        )
    x, classes = pictures.astype(np.uint8), indices.reshape(found.shape).astype(np.uint8)
    sources = [flow.filenames[row] for row in order]
    beginning = round(VALIDATION_SHARE * len(order))
    parts = {"training": slice(beginning, None), "validation": slice(beginning)}
    sets = {
        name: MaskedPictures(x[part], classes[part], sources[part]) for name, part in parts.items()
    }
    return sets, values.tolist()
