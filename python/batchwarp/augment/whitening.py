"""ZCA whitening: its settings, and how it is done."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._arguments import finite_number
from batchwarp.ops.operation import Argument

__all__ = ["ARGUMENTS", "FITTED", "IMPLIED", "check_epsilon", "whitened"]

ARGUMENTS = (
    Argument(
        "zca_whitening",
        "whiten with a matrix from the folder's images, which must be small",
        type=bool,
    ),
    Argument("zca_epsilon", "added to the singular values of the whitening", ("N",)),
)
FITTED = (("zca_whitening", "zca_whitening_matrix"),)
IMPLIED = (
    ("zca_whitening", "featurewise_center", True),
    ("zca_whitening", "featurewise_std_normalization", False),
)


def check_epsilon(value: Any) -> None:
    """Checks `zca_epsilon`.

    Args:
        value: Number of at least 0.

    Raises:
        ValueError: If it is something else.
    """
    if finite_number("zca_epsilon", value) < 0:
        raise ValueError(f"`zca_epsilon` should be at least 0. Received: {value}")


def whitened(x: NDArray[Any], matrix: NDArray[Any]) -> NDArray[Any]:
    """Applies ZCA whitening to one image or a batch.

    Args:
        x: Array of rank 3 or more whose last three axes are an image.
        matrix: Array `(size, size)`, with `size` the number of values of one image.

    Returns:
        Array of the shape of `x`.

    Raises:
        ValueError: If the matrix was made for images of another size.
    """
    size = x.shape[-3] * x.shape[-2] * x.shape[-1]
    if np.shape(matrix) != (size, size):
        raise ValueError(
            f"`zca_whitening_matrix` of shape {np.shape(matrix)} does not fit images of {size} "
            "values; call `.fit()` with images of the same size"
        )
    return np.reshape(x.reshape(-1, size) @ matrix, x.shape)
