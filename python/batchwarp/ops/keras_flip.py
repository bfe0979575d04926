"""Mirroring, as Keras' arguments have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._arguments import boolean
from batchwarp._arrays import as_array
from batchwarp.ops.distributions import Coin
from batchwarp.ops.operation import Argument, Operation, columns_of


def flip_axis(x: NDArray[Any], axis: int) -> NDArray[Any]:
    """Mirrors an array along one axis.

    Args:
        x: Array of any shape and dtype.
        axis: Index of the axis.

    Returns:
        A view of `x`.

    Raises:
        ValueError: If there is no such axis.

    Example:
        >>> flip_axis(np.arange(4), 0).tolist()
        [3, 2, 1, 0]
    """
    x = as_array("x", x)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"`x` of shape {x.shape} has no axis `axis` = {axis}")
    return np.flip(x, axis)


class KerasFlip(Operation):
    """`ImageDataGenerator`'s flips. Both are drawn even if they are off."""

    name = "flip"
    arguments = (
        Argument("horizontal_flip", "mirror every other image left to right", type=bool),
        Argument("vertical_flip", "mirror every other image top to bottom", type=bool),
    )
    columns = columns_of(
        "flip", {"flip_horizontal": "flip h", "flip_vertical": "flip v"}, whole=True
    )

    def distributions(
        self,
        settings: Any,
        height: int,  # noqa: ARG002
        width: int,  # noqa: ARG002
    ) -> tuple[Coin, ...]:
        """Returns what the flips are drawn from."""
        return (
            Coin(boolean("horizontal_flip", settings.horizontal_flip)),
            Coin(boolean("vertical_flip", settings.vertical_flip)),
        )

    def apply(self, settings: Any, x: NDArray[Any], parameters: Mapping[str, Any]) -> NDArray[Any]:
        """Does to one image what was drawn."""
        if parameters.get("flip_horizontal", False):
            x = flip_axis(x, settings.col_axis - 1)
        if parameters.get("flip_vertical", False):
            x = flip_axis(x, settings.row_axis - 1)
        return x
