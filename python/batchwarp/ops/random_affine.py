"""Keras' functions that draw one transformation and apply it; they draw from `numpy.random`."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from batchwarp._arguments import finite_number, number_pair
from batchwarp._arrays import as_array
from batchwarp._random import global_random
from batchwarp.ops.keras_affine import apply_affine_transform, check_axes


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

    Example:
        >>> random_rotation(np.zeros((4, 6, 3)), 30, row_axis=0, col_axis=1, channel_axis=2).shape
        (4, 6, 3)
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

    Example:
        >>> random_shift(np.zeros((4, 6, 3)), 0.2, 0, row_axis=0, col_axis=1, channel_axis=2).shape
        (4, 6, 3)
    """
    x = as_array("x", x, stack=True)
    check_axes(x, row_axis, col_axis, channel_axis)
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

    Example:
        >>> random_shear(np.zeros((4, 6, 3)), 20, row_axis=0, col_axis=1, channel_axis=2).shape
        (4, 6, 3)
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

    Example:
        >>> random_zoom(np.zeros((4, 6, 3)), (1, 1.2), row_axis=0, col_axis=1, channel_axis=2).shape
        (4, 6, 3)
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
