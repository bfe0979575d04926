"""The images that targets are beside, and what is done to them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core

__all__ = ["Move", "Stack"]


class Move(NamedTuple):
    """How the images of a batch are moved.

    Attributes:
        plan: Their plan.
        params: Array with a row for each of them, what is drawn for it; `None` for nothing.
    """

    plan: _core.Plan
    params: NDArray[np.float64] | None


class Stack(NamedTuple):
    """What is known of images before any of them is read.

    Attributes:
        images: Integer, how many there are.
        height: Integer, their rows.
        width: Integer, their columns.
        data_format: `"channels_last"` or `"channels_first"`.
        dtype: What they become in a batch.
    """

    images: int
    height: int
    width: int
    data_format: str
    dtype: np.dtype[Any]
