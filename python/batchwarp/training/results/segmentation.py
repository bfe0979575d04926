"""Trying a trained model on pictures with masks: which pixels it takes for what."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.training.data.part import MaskedPart
from batchwarp.training.results.evaluation import EPSILON

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Segmentation", "SegmentedPicture", "evaluate_masks", "iou", "record"]


@dataclass(frozen=True)
class SegmentedPicture:
    """A picture with what is in it, and what a model has found.

    Attributes:
        source: Where it comes from.
        iou: Its mean IoU, of the classes that are in it or were found in it; 0 to 1.
        image: The picture, float32 of shape `(height, width, channels)`, 0 to 1.
        true: Its mask, int64 of shape `(height, width)`.
        predicted: The mask that the model has made, likewise.
    """

    source: str
    iou: float
    image: NDArray[np.float32]
    true: NDArray[np.int64]
    predicted: NDArray[np.int64]


@dataclass(frozen=True)
class Segmentation:
    """What a model made of the pixels of a part.

    Attributes:
        part: Name of the part.
        count: Number of pictures.
        matrix: Confusion matrix, int64 of shape `(k, k)`: how many pixels of each class (rows) were
            taken for each class (columns).
        loss: Mean cross-entropy of a pixel; NaN if there is none, or if the model has diverged.
        worst: The pictures with the least mean IoU, the worst first.
    """

    part: str
    count: int
    matrix: NDArray[np.int64]
    loss: float
    worst: tuple[SegmentedPicture, ...]

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union of each class, see `iou`."""
        return iou(self.matrix)

    @property
    def mean_iou(self) -> float:
        """Mean of the classes that are in a picture or were found in one."""
        return _mean(self.iou)

    @property
    def accuracy(self) -> float:
        """Share of the pixels that were taken for what they are; 0 if there is none."""
        return int(np.trace(self.matrix)) / max(int(self.matrix.sum()), 1)

    @property
    def support(self) -> NDArray[np.float64]:
        """Share of the pixels that are of each class; 0 if there is none."""
        return np.asarray(self.matrix.sum(axis=1) / max(int(self.matrix.sum()), 1))


def iou(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns the intersection over union of each class.

    Of the pixels that are of a class or were taken for it, these are the ones that are both.

    Args:
        matrix: Confusion matrix of shape `(k, k)`.

    Returns:
        Array of shape `(k,)`, 0 to 1; NaN for a class without a pixel.
    """
    both = np.diagonal(matrix)
    either = matrix.sum(axis=0) + matrix.sum(axis=1) - both
    shares: NDArray[np.float64] = np.full(len(matrix), math.nan)
    np.divide(both, either, out=shares, where=either > 0)
    return shares


def evaluate_masks(
    model: Any, part: MaskedPart, classes: Sequence[str], *, most: int
) -> Segmentation:
    """Tries a model on pictures with masks.

    Args:
        model: A Keras model whose output is `(n, height, width, k)`, for each pixel the
            probabilities of k classes.
        part: The pictures.
        classes: Names of the classes.
        most: How many of the worst pictures to keep.

    Returns:
        The evaluation.

    Raises:
        ValueError: If the output of the model is another one, a mask has a value that is not the
            index of a class, or the numbers of pictures and sources differ.
    """
    count = len(classes)
    matrix = np.zeros((count, count), np.int64)
    worst: list[SegmentedPicture] = []
    loss, seen = 0.0, 0
    for index in range(len(part.flow)):
        images, masks = part.flow[index]
        true = np.asarray(masks, np.int64)
        if true.min() < 0 or true.max() >= count:
            raise ValueError(
                f"masks should have the indices of {count} classes. Received: values from "
                f"{true.min()} to {true.max()}"
            )
        probabilities = np.asarray(model.predict_on_batch(images))
        if probabilities.shape != (*true.shape, count):
            raise ValueError(
                f"`model` should have an output of shape {(*true.shape, count)}. Received: "
                f"{probabilities.shape}"
            )
        likelihood = np.take_along_axis(probabilities, true[..., np.newaxis], axis=-1)
        loss -= float(np.log(likelihood.clip(EPSILON, 1 - EPSILON), dtype=np.float64).sum())
        predicted = probabilities.argmax(axis=-1)
        for source, image, *pair in zip(part.sources[seen:], images, true, predicted, strict=False):
            one = _matrix(pair[0], pair[1], count)
            matrix += one
            worst.append(SegmentedPicture(source, _mean(iou(one)), image, *pair))
        seen += len(true)
        worst = sorted(worst, key=lambda picture: picture.iou)[:most]
    if seen != len(part.sources):
        raise ValueError(f"`part.sources` should be {seen} names. Received: {len(part.sources)}")
    pixels = int(matrix.sum())
    return Segmentation(part.name, seen, matrix, loss / pixels if pixels else math.nan, (*worst,))


def record(segmentations: Sequence[Segmentation], classes: Sequence[str]) -> dict[str, Any]:
    """Returns the figures of evaluations, to be kept as JSON.

    Args:
        segmentations: The evaluations, of parts of different names.
        classes: Names of the classes.

    Returns:
        For each part "mean_iou", "accuracy", "loss" (`None` if it is not a number), "images" (their
        number), "confusion" (pixels; rows are the true classes) and "classes", which has "iou"
        (`None` for a class that is nowhere) and "support", its share of the pixels, by its name.
    """
    return {
        one.part: {
            "mean_iou": one.mean_iou,
            "accuracy": one.accuracy,
            "loss": one.loss if math.isfinite(one.loss) else None,
            "images": one.count,
            "confusion": one.matrix.tolist(),
            "classes": {
                name: {"iou": None if math.isnan(share) else share, "support": support}
                for name, share, support in zip(
                    classes, one.iou.tolist(), one.support.tolist(), strict=True
                )
            },
        }
        for one in segmentations
    }


def _matrix(
    true: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Returns the confusion matrix of a picture."""
    pairs = np.bincount((true * classes + predicted).ravel(), minlength=classes * classes)
    return pairs.reshape(classes, classes)


def _mean(values: NDArray[np.float64]) -> float:
    """Returns the mean of the numbers among values; 0 if there is none."""
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else 0.0
