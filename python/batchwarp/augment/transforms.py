"""The functions on one image: affine transforms, channel shift, brightness, flips, Pillow images.

They are public as `batchwarp.image.*`. The random ones draw from the global `numpy.random`, as in
Keras. An image is a 3-D array; its axes are given as in Keras, with channels first by default.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core, _keras
from batchwarp._arguments import boolean, finite_number, integer, number_pair
from batchwarp._arrays import (
    as_array,
    computing_dtype,
    converted,
    is_extension,
    is_floating,
    is_real,
    real_array,
)
from batchwarp._random import global_random

if TYPE_CHECKING:
    from PIL.Image import Image

# What the core reads and writes. Dtypes of the other byte order are not equal to these.
CORE_INPUTS = frozenset(np.dtype(name) for name in ("u1", "u2", "f2", "f4", "f8"))
CORE_OUTPUTS = frozenset(np.dtype(name) for name in ("u1", "f2", "f4", "f8"))


_FILE = " `load_img` reads files"


def check_warp_options(
    fill_mode: Any, cval: Any, order: Any, order_name: str = "order"
) -> tuple[str, float, int]:
    """Checks how a warp fills and interpolates.

    Args:
        fill_mode: String, one of the core's `FILL_MODES`.
        cval: Finite number, the value beyond the edge for the constant modes.
        order: Integer from 0 to 5, the order of the spline.
        order_name: String, what the caller's argument for the order is called.

    Returns:
        Tuple of the three in their own types.

    Raises:
        ValueError: If one of them is something else.
    """
    if not isinstance(fill_mode, str) or fill_mode not in _core.FILL_MODES:
        raise ValueError(
            f"`fill_mode` should be one of {', '.join(map(repr, _core.FILL_MODES))}. "
            f"Received: {fill_mode!r}"
        )
    value = finite_number("cval", cval)
    return fill_mode, value, integer(order_name, order, 0, 5)


def _check_axes(x: Any, row_axis: int, col_axis: int, channel_axis: int) -> None:
    axes = {row_axis, col_axis, channel_axis}
    if len(axes) != 3:
        raise ValueError("'row_axis', 'col_axis', and 'channel_axis' must be distinct")
    if axes != {0, 1, 2}:
        raise ValueError(f"Invalid axis' indices: {axes - {0, 1, 2}}")
    if x.ndim != 3:
        raise ValueError(
            f"Input arrays must be multi-channel 2D images. Received an array of shape {x.shape}"
        )
    if channel_axis not in (0, 2):
        raise ValueError("Channels are allowed and the first and last dimensions.")


def _rounded(values: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Converts to an integer dtype as SciPy's output conversion does: half away from zero."""
    if dtype.kind == "b":
        return values.astype(np.uint8).astype(dtype)
    limits: Any
    if is_extension(dtype):
        import ml_dtypes  # they know their own limits

        info: Any = ml_dtypes.iinfo
        limits = info(dtype)
    else:
        limits = np.iinfo(dtype)
    rounded = np.trunc(values + np.copysign(0.5, values))
    return np.clip(rounded, limits.min, limits.max).astype(dtype)


def apply_affine_transform(
    x: NDArray[Any],
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> NDArray[Any]:
    """Applies an affine transformation specified by the parameters given.

    Args:
        x: 3-D array, one image of any real dtype.
        theta: Rotation angle in degrees.
        tx: Height shift in pixels (along the columns: a quirk of Keras that is kept).
        ty: Width shift in pixels (along the rows, likewise).
        shear: Shear angle in degrees.
        zx: Zoom factor, as in Keras: above 1 zooms out.
        zy: Zoom factor of the other direction.
        row_axis: Index of the axis for rows in `x`.
        col_axis: Index of the axis for columns in `x`.
        channel_axis: Index of the axis for channels in `x`, 0 or 2.
        fill_mode: How points outside the image are filled: one of `scipy.ndimage`'s modes.
        cval: Value of such points for `"constant"` and `"grid-constant"`.
        order: Integer from 0 to 5, order of the interpolating spline.

    Returns:
        Array of the shape and dtype of `x`; `x` itself if the parameters change nothing.

    Raises:
        ValueError: If an axis, a mode, the order or the image's rank is not as above, if a
            parameter is NaN or infinite, or if the image is empty.
        TypeError: If the image's dtype is not real.
    """
    x = as_array("x", x, stack=True)
    _check_axes(x, row_axis, col_axis, channel_axis)
    given = (("theta", theta), ("tx", tx), ("ty", ty), ("shear", shear), ("zx", zx), ("zy", zy))
    values = [finite_number(name, value) for name, value in given]
    if values == [0, 0, 0, 0, 1, 1]:
        return x
    fill_mode, cval, order = check_warp_options(fill_mode, cval, order)
    if not is_real(x.dtype):
        raise TypeError(f"`x` should be an array of real numbers. Received dtype: {x.dtype}")
    if x.size == 0:
        raise ValueError(f"`x` should not be empty. Received an array of shape {x.shape}")
    source = x.transpose(row_axis, col_axis, channel_axis)
    wide = computing_dtype(x.dtype) if is_extension(x.dtype) else np.dtype(np.float64)
    dtype = x.dtype if x.dtype in CORE_OUTPUTS else wide
    if source.dtype not in CORE_INPUTS:
        source = source.astype(wide)
    result = np.empty(x.shape, dtype)
    plan = _core.Plan(
        height=source.shape[0],
        width=source.shape[1],
        channels=source.shape[2],
        interpolation_order=order,
        fill_mode=fill_mode,
        cval=cval,
    )
    params = np.array([[*values, 0.0, 0.0, math.nan, math.nan]])
    target = result.transpose(row_axis, col_axis, channel_axis)
    _core.augment_batch(source[None], None, params, plan, target[None])
    if result.dtype == x.dtype:
        return result
    return result.astype(x.dtype) if is_floating(x.dtype) else _rounded(result, x.dtype)


def random_rotation(
    x: NDArray[Any],
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> NDArray[Any]:
    """Performs a random rotation of an image.

    Args:
        x: 3-D array, one image.
        rg: Rotation range in degrees; the angle is drawn from `[-rg, rg)`.
        row_axis: Index of the axis for rows in `x`.
        col_axis: Index of the axis for columns in `x`.
        channel_axis: Index of the axis for channels in `x`, 0 or 2.
        fill_mode: How points outside the image are filled.
        cval: Value of such points for the constant modes.
        interpolation_order: Integer from 0 to 5, order of the interpolating spline.

    Returns:
        Array of the shape and dtype of `x`.

    Raises:
        ValueError: As `apply_affine_transform`.
    """
    limit = finite_number("rg", rg)
    return apply_affine_transform(
        x,
        theta=global_random().uniform(-limit, limit),
        row_axis=row_axis,
        col_axis=col_axis,
        channel_axis=channel_axis,
        fill_mode=fill_mode,
        cval=cval,
        order=interpolation_order,
    )


def random_shift(
    x: NDArray[Any],
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> NDArray[Any]:
    """Performs a random shift of an image.

    Args:
        x: 3-D array, one image.
        wrg: Width shift range as a fraction of the width.
        hrg: Height shift range as a fraction of the height.
        row_axis: Index of the axis for rows in `x`.
        col_axis: Index of the axis for columns in `x`.
        channel_axis: Index of the axis for channels in `x`, 0 or 2.
        fill_mode: How points outside the image are filled.
        cval: Value of such points for the constant modes.
        interpolation_order: Integer from 0 to 5, order of the interpolating spline.

    Returns:
        Array of the shape and dtype of `x`.

    Raises:
        ValueError: As `apply_affine_transform`.
    """
    x = as_array("x", x, stack=True)
    _check_axes(x, row_axis, col_axis, channel_axis)
    width_limit, height_limit = finite_number("wrg", wrg), finite_number("hrg", hrg)
    random = global_random()
    tx = random.uniform(-height_limit, height_limit) * x.shape[row_axis]
    ty = random.uniform(-width_limit, width_limit) * x.shape[col_axis]
    return apply_affine_transform(
        x,
        tx=tx,
        ty=ty,
        row_axis=row_axis,
        col_axis=col_axis,
        channel_axis=channel_axis,
        fill_mode=fill_mode,
        cval=cval,
        order=interpolation_order,
    )


def random_shear(
    x: NDArray[Any],
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> NDArray[Any]:
    """Performs a random shear of an image.

    Args:
        x: 3-D array, one image.
        intensity: Shear range in degrees; the angle is drawn from `[-intensity, intensity)`.
        row_axis: Index of the axis for rows in `x`.
        col_axis: Index of the axis for columns in `x`.
        channel_axis: Index of the axis for channels in `x`, 0 or 2.
        fill_mode: How points outside the image are filled.
        cval: Value of such points for the constant modes.
        interpolation_order: Integer from 0 to 5, order of the interpolating spline.

    Returns:
        Array of the shape and dtype of `x`.

    Raises:
        ValueError: As `apply_affine_transform`.
    """
    limit = finite_number("intensity", intensity)
    return apply_affine_transform(
        x,
        shear=global_random().uniform(-limit, limit),
        row_axis=row_axis,
        col_axis=col_axis,
        channel_axis=channel_axis,
        fill_mode=fill_mode,
        cval=cval,
        order=interpolation_order,
    )


def random_zoom(
    x: NDArray[Any],
    zoom_range: tuple[float, float],
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> NDArray[Any]:
    """Performs a random zoom of an image, independently in both directions.

    Args:
        x: 3-D array, one image.
        zoom_range: Tuple of two floats, the range of the zoom factors.
        row_axis: Index of the axis for rows in `x`.
        col_axis: Index of the axis for columns in `x`.
        channel_axis: Index of the axis for channels in `x`, 0 or 2.
        fill_mode: How points outside the image are filled.
        cval: Value of such points for the constant modes.
        interpolation_order: Integer from 0 to 5, order of the interpolating spline.

    Returns:
        Array of the shape and dtype of `x`.

    Raises:
        ValueError: If `zoom_range` is not two numbers, and as `apply_affine_transform`.
    """
    low, high = number_pair("zoom_range", zoom_range)
    zx, zy = (1, 1) if low == 1 and high == 1 else global_random().uniform(low, high, 2)
    return apply_affine_transform(
        x,
        zx=zx,
        zy=zy,
        row_axis=row_axis,
        col_axis=col_axis,
        channel_axis=channel_axis,
        fill_mode=fill_mode,
        cval=cval,
        order=interpolation_order,
    )


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
    """
    limit = finite_number("intensity_range", intensity_range)
    return apply_channel_shift(x, global_random().uniform(-limit, limit), channel_axis)


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
    """
    return brightness_shift(x, brightness, scale, None)


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
    """
    low, high = number_pair("brightness_range", brightness_range)
    return apply_brightness_shift(x, global_random().uniform(low, high), scale)


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


def transform_matrix_offset_center(
    matrix: NDArray[np.floating[Any]], x: float, y: float
) -> NDArray[np.floating[Any]]:
    """Moves the fixed point of a transformation from the origin to an image's centre.

    Args:
        matrix: 3×3 array, a homogeneous transformation matrix.
        x: Extent of the image in the first direction, in pixels.
        y: Extent of the image in the second direction, in pixels.

    Returns:
        3×3 array of float64.
    """
    centre_x, centre_y = float(x) / 2 - 0.5, float(y) / 2 - 0.5
    there = np.array([[1, 0, centre_x], [0, 1, centre_y], [0, 0, 1]])
    back = np.array([[1, 0, -centre_x], [0, 1, -centre_y], [0, 0, 1]])
    return np.asarray(there @ matrix @ back)


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
    """
    data_format = _keras.standardize_data_format(data_format)
    x = converted("img", real_array("img", img, _FILE), _keras.standardize_dtype(dtype))
    if x.ndim == 2:
        x = x[:, :, None]
    elif x.ndim != 3:
        raise ValueError(f"Unsupported image shape: {x.shape}")
    return x.transpose(2, 0, 1) if data_format == "channels_first" else x


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
    """
    from keras.preprocessing.image import smart_resize as resize

    return resize(x, size, interpolation=interpolation, data_format=data_format, **kwargs)
