"""Brightness, in 8-bit arithmetic as Keras does it through Pillow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _keras
from batchwarp._arguments import finite_number, number_pair
from batchwarp._arrays import real_array
from batchwarp._pillow import array_to_img, img_to_array
from batchwarp._random import global_random
from batchwarp.ops.distributions import Uniform, between
from batchwarp.ops.operation import Argument, Operation, columns_of


def apply_brightness_shift(
    x: NDArray[Any], brightness: float, scale: bool = True
) -> NDArray[np.floating[Any]]:
    """Performs a brightness shift, in 8-bit arithmetic as Keras does it through Pillow.

    Args:
        x: 3-D array, one image of 1, 3 or 4 channels in Keras' global data format.
        brightness: Factor: 0 is black, 1 changes nothing.
        scale: Whether to stretch the image such that its minimum and maximum are 0 and 255. An
            image with values below 0 or above 255 is stretched in any case, and without `scale`
            mapped back to its range afterwards.

    Returns:
        Array of the shape of `x` in Keras' global `floatx()`.

    Raises:
        ValueError: If the image is empty, has another number of channels or another rank, or
            `brightness` is NaN or infinite.

    Example:
        >>> apply_brightness_shift(np.full((2, 2, 3), 100.0), 1.5, scale=False).max()
        np.float32(150.0)
    """
    return brightness_shift(x, brightness, scale, None)


def brightness_shift(
    x: NDArray[Any], brightness: float, scale: bool, data_format: str | None
) -> NDArray[np.floating[Any]]:
    """`apply_brightness_shift` for an image in the given data format."""
    from PIL import ImageEnhance

    factor = finite_number("brightness", brightness)
    x = real_array("x", x)
    if x.size == 0:
        raise ValueError(f"`x` should not be empty. Received an array of shape {x.shape}")
    if data_format is not None and brightens_by_global_format(x.shape, data_format):
        data_format = None
    low, high = x.min(), x.max()
    outside = bool(low < 0 or high > 255)
    picture = array_to_img(x, data_format, scale=outside or scale)
    result = img_to_array(ImageEnhance.Brightness(picture).enhance(factor), data_format)
    if outside and not scale:
        result = result / 255 * (high - low) + low
    return result


def random_brightness(
    x: NDArray[Any], brightness_range: tuple[float, float], scale: bool = True
) -> NDArray[np.floating[Any]]:
    """Performs a random brightness shift.

    Args:
        x: 3-D array, one image of 1, 3 or 4 channels in Keras' global data format.
        brightness_range: Tuple of two floats, the range of the factor.
        scale: As in `apply_brightness_shift`.

    Returns:
        Array of the shape of `x` in Keras' global `floatx()`.

    Raises:
        ValueError: If `brightness_range` is not two numbers, and as `apply_brightness_shift`.

    Example:
        >>> random_brightness(np.full((2, 2, 3), 100.0), (2.0, 2.0), scale=False).max()
        np.float32(200.0)
    """
    low, high = number_pair("brightness_range", brightness_range)
    return apply_brightness_shift(x, global_random().uniform(low, high), scale)


def brightens_by_global_format(shape: tuple[int, ...], data_format: str) -> bool:
    """Whether the brightness of images of any number of channels can be changed all the same.

    Keras takes all images for ones in its global data format there, and so changes images of ten
    channels first that happen to be 1, 3 or 4 pixels wide.

    Args:
        shape: Tuple of integers, the shape of an image.
        data_format: The format that it is in.
    """
    if len(shape) != 3:
        return False
    last = _keras.image_data_format() == "channels_last"
    own, other = (shape[0], shape[2]) if data_format == "channels_first" else (shape[2], shape[0])
    as_given = (data_format == "channels_last") == last
    return own not in (1, 3, 4) and not as_given and other in (1, 3, 4)


def _data_format(settings: Any) -> str:
    return "channels_first" if settings.channel_axis == 1 else "channels_last"


class KerasBrightness(Operation):
    """`ImageDataGenerator`'s `brightness_range`."""

    name = "keras_brightness"
    arguments = (
        Argument(
            "brightness_range", "multiply the brightness by a factor in this range", ("LOW", "HIGH")
        ),
    )
    columns = columns_of("keras_brightness", {"brightness": "brightness"})

    def settle(self, settings: Any) -> None:
        """Checks that the range is a pair."""
        pair = settings.brightness_range
        if pair is not None and (not isinstance(pair, (tuple, list)) or len(pair) != 2):
            raise ValueError(
                f"`brightness_range should be tuple or list of two floats. Received: {pair}"
            )

    def check_image(self, settings: Any, image_shape: tuple[int, ...]) -> None:
        """Checks that Pillow has images of so many channels."""
        channels = image_shape[settings.channel_axis - 1]
        if settings.brightness_range is not None and channels not in (1, 3, 4):
            raise ValueError(
                f"Unsupported channel number: {channels}. `brightness_range` needs images of 1, 3 "
                "or 4 channels"
            )

    def is_beyond_the_core(self, settings: Any, image_shape: tuple[int, ...]) -> bool:
        """Whether Keras takes such images for ones in its global data format."""
        return settings.brightness_range is not None and brightens_by_global_format(
            image_shape, _data_format(settings)
        )

    def distributions(
        self,
        settings: Any,
        height: int,  # noqa: ARG002
        width: int,  # noqa: ARG002
    ) -> tuple[Uniform | None, ...]:
        """Returns what the factor is drawn from."""
        value = settings.brightness_range
        return (None if value is None else between("brightness_range", value),)

    def apply(self, settings: Any, x: NDArray[Any], parameters: Mapping[str, Any]) -> NDArray[Any]:
        """Does to one image what was drawn."""
        brightness = parameters.get("brightness")
        if brightness is None:
            return x
        return brightness_shift(x, brightness, False, _data_format(settings))
