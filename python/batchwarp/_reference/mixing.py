"""What operations of a batch do to finished images and their labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from batchwarp._reference.draws import Numbers

Floats = NDArray[np.float64]

MIXING = ("MixUp", "CutMix")


def share_of(alpha: float, draw: Numbers) -> float:
    """Returns a number of the Beta distribution of twice `alpha`, by Devroye's formula (1996)."""
    cosine = math.cos(2 * math.pi * draw.u(1))
    inverse = math.expm1(-math.log1p(-draw.u(0)) / alpha) * cosine**2
    distance = 0.0 if inverse == 0 else 1 / math.sqrt(1 + 1 / inverse)
    return (1 + math.copysign(distance, cosine)) / 2


def class_weights(labels: ArrayLike, num_classes: int | None) -> Floats:
    """Returns integers as rows with a single 1; weights of classes as they are."""
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] > 1:
        return labels.astype(np.float64)
    if num_classes is None:
        raise ValueError("integer labels need `num_classes`")
    weights: Floats = np.eye(num_classes)[labels.reshape(-1)]
    return weights


def mixed(
    op: Any, images: Floats, weights: Floats, draws: Sequence[Numbers]
) -> tuple[Floats, Floats]:
    """Mixes each image with another one of its batch.

    Args:
        op: A `MixUp` or `CutMix`.
        images: Array `(n, height, width, channels)`.
        weights: Array `(n, classes)`.
        draws: The numbers of each image.

    Returns:
        Tuple of new images and weights.
    """
    new_images, new_weights = images.copy(), weights.copy()
    for i, draw in enumerate(draws):
        if not draw.happens(op.p):
            continue
        share, partner = share_of(op.alpha, draw), draw.below(len(images), 2)
        if type(op).__name__ == "MixUp":
            new_images[i] = share * images[i] + (1 - share) * images[partner]
        else:
            height, width = images.shape[1:3]
            half = math.sqrt(1 - share) / 2
            rows = _span(draw.below(height, 3), math.floor(half * height), height)
            columns = _span(draw.below(width, 4), math.floor(half * width), width)
            new_images[i, rows, columns] = images[partner, rows, columns]
            area = (rows.stop - rows.start) * (columns.stop - columns.start)
            share = 1 - area / (height * width)
        new_weights[i] = share * weights[i] + (1 - share) * weights[partner]
    return new_images, new_weights


def _span(middle: int, half: int, length: int) -> slice:
    return slice(max(0, middle - half), min(length, middle + half))
