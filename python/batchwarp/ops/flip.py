"""Mirroring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._arguments import boolean
from batchwarp._arrays import as_array
from batchwarp.ops.accepted import Probability
from batchwarp.ops.distributions import Coin
from batchwarp.ops.operation import Argument, Operation, columns_of
from batchwarp.ops.recipe import ImageSpec, Leaf, accepting


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


@dataclass(frozen=True, repr=False)
class Flip(Leaf):
    """Mirrors images.

    torchvision has `RandomHorizontalFlip` and `RandomVerticalFlip`, with `p=0.5` each; in Keras'
    `RandomFlip` both are on and even.

    Args:
        horizontal: Float, the probability to mirror left to right.
        vertical: Float, the probability to mirror top to bottom.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If a probability is not from 0 to 1.

    Example:
        >>> Flip(horizontal=0.5, vertical=0.5)
        Flip(vertical=0.5)
    """

    horizontal: float = field(default=0.5, metadata=accepting(Probability()))
    vertical: float = field(default=0.0, metadata=accepting(Probability()))

    core = "flip"
    scope = "coordinates"
    named_in_repr = True

    def varies(self, image: ImageSpec) -> bool:  # noqa: ARG002
        """Whether only some images are mirrored."""
        return not {self.horizontal, self.vertical} <= {0, 1}

    def settings(self, image: ImageSpec) -> dict[str, Any]:  # noqa: ARG002
        """Returns the probabilities."""
        return {"horizontal": self.horizontal, "vertical": self.vertical}
