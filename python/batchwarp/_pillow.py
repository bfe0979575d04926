"""Arrays as Pillow images, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _keras
from batchwarp._arguments import boolean
from batchwarp._arrays import converted, real_array

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["array_to_img", "img_to_array"]


_FILE = " `load_img` reads files"


def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None
) -> Image:
    """Converts a 3-D array to a Pillow image.

    Args:
        x: Anything that can be converted to an array of rank 3 with 1, 3 or 4 channels.
        data_format: `"channels_first"` or `"channels_last"`; `None` means Keras' global setting.
        scale: Whether to stretch the values such that minimum and maximum are 0 and 255. Without
            it, values should be in 0 to 255; they are truncated to 8 bit.
        dtype: Dtype to compute in; `None` means Keras' global `floatx()`.

    Returns:
        A Pillow image of mode `"L"`, `"RGB"` or `"RGBA"`; one channel with values above 255 gives
        mode `"I"` (32-bit integers).

    Raises:
        ValueError: If the rank, the number of channels or `data_format` is another.

    Example:
        >>> picture = array_to_img(np.zeros((4, 6, 3)))
        >>> picture.size, picture.mode
        ((6, 4), 'RGB')
    """
    from PIL import Image as pil

    data_format = _keras.standardize_data_format(data_format)
    x = converted("x", real_array("x", x), _keras.standardize_dtype(dtype))
    if x.ndim != 3:
        raise ValueError(
            f"Expected image array to have rank 3 (single image). Got array with shape: {x.shape}"
        )
    if data_format == "channels_first":
        x = x.transpose(1, 2, 0)
    channels = x.shape[2]
    if channels not in (1, 3, 4):
        raise ValueError(f"Unsupported channel number: {channels}")
    if x.size == 0:
        raise ValueError(f"`x` should not be empty. Received an array of shape {x.shape}")
    if boolean("scale", scale):
        x = x - x.min()
        highest = x.max()
        if highest != 0:
            x = x / highest
        x = x * 255
    if channels > 1:
        return pil.fromarray(x.astype(np.uint8))
    return pil.fromarray(x[:, :, 0].astype(np.int32 if x.max() > 255 else np.uint8))


def img_to_array(
    img: Any, data_format: str | None = None, dtype: Any = None
) -> NDArray[np.floating[Any]]:
    """Converts a Pillow image to an array.

    Args:
        img: Pillow image, or an array of rank 2 or 3 with channels last.
        data_format: `"channels_first"` or `"channels_last"`; `None` means Keras' global setting.
        dtype: Dtype of the result; `None` means Keras' global `floatx()`.

    Returns:
        A 3-D array.

    Raises:
        ValueError: If the image has another rank, or `data_format` is another value.

    Example:
        >>> img_to_array(load_img("photograph.jpg")).shape
        (40, 50, 3)
    """
    data_format = _keras.standardize_data_format(data_format)
    x = converted("img", real_array("img", img, _FILE), _keras.standardize_dtype(dtype))
    if x.ndim == 2:
        x = x[:, :, None]
    elif x.ndim != 3:
        raise ValueError(f"Unsupported image shape: {x.shape}")
    return x.transpose(2, 0, 1) if data_format == "channels_first" else x
