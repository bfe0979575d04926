"""The names of `tf.keras.preprocessing.image`, and of the older `keras_preprocessing.image`."""

from __future__ import annotations

from typing import Any

from batchwarp._pillow import array_to_img, img_to_array
from batchwarp.files.pictures import list_pictures, load_img, save_img, validate_filename
from batchwarp.generator import ImageDataGenerator
from batchwarp.iterators.array import NumpyArrayIterator
from batchwarp.iterators.base import Iterator
from batchwarp.iterators.dataframe import DataFrameIterator
from batchwarp.iterators.directory import DirectoryIterator
from batchwarp.ops.keras_affine import apply_affine_transform, transform_matrix_offset_center
from batchwarp.ops.keras_brightness import apply_brightness_shift, random_brightness
from batchwarp.ops.keras_channel_shift import apply_channel_shift, random_channel_shift
from batchwarp.ops.keras_flip import flip_axis
from batchwarp.ops.random_affine import (
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
)

__all__ = [
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "flip_axis",
    "img_to_array",
    "list_pictures",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "save_img",
    "smart_resize",
    "transform_matrix_offset_center",
    "validate_filename",
]


def smart_resize(
    x: Any,
    size: tuple[int, int],
    interpolation: str = "bilinear",
    data_format: str = "channels_last",
    **kwargs: Any,
) -> Any:
    """Resizes images without distorting them; Keras does the work.

    Args:
        x: Image or batch of images, `(..., height, width, channels)`.
        size: Tuple of two integers, `(height, width)`.
        interpolation: String, one of Keras' interpolation methods.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: Passed on to Keras.

    Returns:
        What `keras.preprocessing.image.smart_resize` returns.

    Raises:
        ImportError: If Keras is not installed.

    Example:
        >>> np.asarray(smart_resize(np.zeros((40, 50, 3)), (20, 20))).shape
        (20, 20, 3)
    """
    from keras.preprocessing.image import smart_resize as resize

    return resize(x, size, interpolation=interpolation, data_format=data_format, **kwargs)
