"""Labels beside images that are mixed: one weight for each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._arrays import as_array
from batchwarp.ops.mixing import Mixing

__all__ = ["checked_labels"]


def checked_labels(mixing: Sequence[Mixing], labels: Any, count: int) -> NDArray[Any] | None:
    """Returns labels as they are if images are not mixed, and as weights of classes otherwise.

    Args:
        mixing: The operations that mix images.
        labels: Array-like of `count` labels, or `None`.
        count: Integer, how many images there are.

    Returns:
        Array of the labels, floats `(count, classes)` for images that are mixed; or `None`.

    Raises:
        ValueError: If labels are missing, do not fit the images, or cannot be mixed.
    """
    if labels is None:
        if mixing:
            raise ValueError(f"`labels` should be given for {mixing[0]!r}. Received: None")
        return None
    array = as_array("labels", labels)
    if array.shape[:1] != (count,):
        raise ValueError(
            f"`labels` should be one for each image, of which there are {count}. Received an array "
            f"of shape {array.shape}"
        )
    return _weights(mixing, array) if mixing else array


def _weights(mixing: Sequence[Mixing], labels: NDArray[Any]) -> NDArray[Any]:
    known = [one for one in mixing if one.num_classes is not None]
    classes = known[0].num_classes if known else None
    whole = labels.dtype.kind in "biu"
    if whole and (labels.ndim == 1 or labels.shape[1:] == (1,)):
        return _one_hot(labels.reshape(-1), classes, mixing[0])
    if labels.ndim != 2 or labels.dtype.kind not in "biuf":
        raise ValueError(
            f"`labels` should be integers, or floats of shape (n, classes), for {mixing[0]!r}. "
            f"Received an array of {labels.dtype} of shape {labels.shape}"
        )
    if classes not in (None, labels.shape[1]):
        raise ValueError(
            f"`labels` should have {classes} columns, the `num_classes` of {known[0]!r}. "
            f"Received an array of shape {labels.shape}"
        )
    if not np.isfinite(labels).all():
        raise ValueError(
            f"`labels` should be finite, for {mixing[0]!r}. Received: "
            f"{labels[~np.isfinite(labels)][0]}"
        )
    return labels if labels.dtype.kind == "f" else labels.astype(np.float32)


def _one_hot(labels: NDArray[Any], classes: int | None, operation: Mixing) -> NDArray[Any]:
    if classes is None:
        raise ValueError(
            f"`num_classes` of `{type(operation).__name__}` should be given for labels that are "
            "integers. Received: None"
        )
    outside = labels[(labels < 0) | (labels >= classes)]
    if outside.size:
        raise ValueError(
            f"`labels` should be from 0 to {classes - 1}, below the `num_classes` of "
            f"`{type(operation).__name__}`. Received: {outside[0]}"
        )
    weights = np.zeros((len(labels), classes), np.float32)
    weights[np.arange(len(labels)), labels.astype(np.intp)] = 1
    return weights
