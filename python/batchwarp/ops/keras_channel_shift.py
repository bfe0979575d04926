"""A value that is added to all channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._arguments import finite_number
from batchwarp._arrays import real_array
from batchwarp._random import global_random
from batchwarp.ops.distributions import Uniform
from batchwarp.ops.operation import Argument, Operation, columns_of


def apply_channel_shift(x: NDArray[Any], intensity: float, channel_axis: int = 0) -> NDArray[Any]:
    """Adds one value to all channels, clipped to the range of the image's own values.

    Args:
        x: 3-D array, one image.
        intensity: Value to add.
        channel_axis: Index of the axis for channels in `x`. It has no influence, as all channels
            are shifted alike.

    Returns:
        Array of the shape of `x`; its dtype is that of `x + intensity`, so an integer added to an
        image of integers may wrap, as in Keras.

    Raises:
        ValueError: If the image is empty, `intensity` is NaN or infinite, or there is no such axis.

    Example:
        >>> image = np.array([[[10.0, 200.0]]])
        >>> apply_channel_shift(image, 20, channel_axis=2).tolist()
        [[[30.0, 200.0]]]
    """
    x = real_array("x", x)
    if not -x.ndim <= channel_axis < x.ndim:
        raise ValueError(f"`x` of shape {x.shape} has no axis `channel_axis` = {channel_axis}")
    if x.size == 0:
        raise ValueError(f"`x` should not be empty. Received an array of shape {x.shape}")
    finite_number("intensity", intensity)
    shifted: NDArray[Any] = x + intensity
    return np.clip(shifted, x.min(), x.max(), out=shifted)


def random_channel_shift(
    x: NDArray[Any], intensity_range: float, channel_axis: int = 0
) -> NDArray[Any]:
    """Performs a random channel shift.

    Args:
        x: 3-D array, one image.
        intensity_range: The value to add is drawn from `[-intensity_range, intensity_range)`.
        channel_axis: Index of the axis for channels in `x`.

    Returns:
        Array of the shape of `x`.

    Raises:
        ValueError: As `apply_channel_shift`.

    Example:
        >>> random_channel_shift(np.zeros((4, 4, 3)), 20, channel_axis=2).shape
        (4, 4, 3)
    """
    limit = finite_number("intensity_range", intensity_range)
    return apply_channel_shift(x, global_random().uniform(-limit, limit), channel_axis)


class KerasChannelShift(Operation):
    """`ImageDataGenerator`'s `channel_shift_range`."""

    name = "keras_channel_shift"
    arguments = (
        Argument("channel_shift_range", "add a value of up to this size to all channels", ("N",)),
    )
    columns = columns_of("keras_channel_shift", {"channel_shift_intensity": "channel shift"})

    def distributions(
        self,
        settings: Any,
        height: int,  # noqa: ARG002
        width: int,  # noqa: ARG002
    ) -> tuple[Uniform | None, ...]:
        """Returns what the value is drawn from."""
        name = "channel_shift_range"
        limit = finite_number(name, settings.channel_shift_range)
        return (Uniform(name, -limit, limit) if limit else None,)

    def apply(self, settings: Any, x: NDArray[Any], parameters: Mapping[str, Any]) -> NDArray[Any]:
        """Does to one image what was drawn."""
        intensity = parameters.get("channel_shift_intensity")
        if intensity is None:
            return x
        return apply_channel_shift(x, intensity, settings.channel_axis - 1)
