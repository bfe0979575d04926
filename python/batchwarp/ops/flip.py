"""Mirroring."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._arrays import as_array


def flip_axis(x: NDArray[Any], axis: int) -> NDArray[Any]:
    """Mirrors an array along one axis.

    Args:
        x: Array of any shape and dtype.
        axis: Index of the axis.

    Returns:
        A view of `x`.

    Raises:
        ValueError: If there is no such axis.
    """
    x = as_array("x", x)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"`x` of shape {x.shape} has no axis `axis` = {axis}")
    return np.flip(x, axis)
