"""Rotation, shifts, shear and zoom."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp._arguments import finite_number, number_pair
from batchwarp._arrays import (
    CORE_INPUTS,
    CORE_OUTPUTS,
    as_array,
    computing_dtype,
    is_extension,
    is_floating,
    is_real,
)
from batchwarp.ops.distributions import Choice, Distribution, Uniform, symmetric
from batchwarp.ops.operation import Argument, Operation, columns_of
from batchwarp.ops.sampling import check_warp_options


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

    Example:
        >>> image = np.arange(9.0).reshape(3, 3, 1)
        >>> apply_affine_transform(image, tx=1, row_axis=0, col_axis=1, channel_axis=2)[..., 0]
        array([[1., 2., 2.],
               [4., 5., 5.],
               [7., 8., 8.]])
    """
    x = as_array("x", x, stack=True)
    check_axes(x, row_axis, col_axis, channel_axis)
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


def check_axes(x: Any, row_axis: int, col_axis: int, channel_axis: int) -> None:
    """Checks that three axes are those of an image.

    Args:
        x: Array, the image.
        row_axis: Integer, the index of the axis for rows.
        col_axis: Integer, the index of the axis for columns.
        channel_axis: Integer, the index of the axis for channels.

    Raises:
        ValueError: If they are not.
    """
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

    Example:
        >>> turned = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        >>> transform_matrix_offset_center(turned, 3, 3)[:2, 2].tolist()
        [2.0, 0.0]
    """
    centre_x, centre_y = float(x) / 2 - 0.5, float(y) / 2 - 0.5
    there = np.array([[1, 0, centre_x], [0, 1, centre_y], [0, 0, 1]])
    back = np.array([[1, 0, -centre_x], [0, 1, -centre_y], [0, 0, 1]])
    return np.asarray(there @ matrix @ back)


_SHIFT = (
    "shift, in Keras along the {1}: below 1 a fraction of the {0}, from 1 on pixels; a whole "
    "number N draws one of 0 to N - 1 pixels, several numbers one of these, with either sign"
)


class KerasAffine(Operation):
    """`ImageDataGenerator`'s rotation, shifts, shear and zoom."""

    name = "keras_affine"
    arguments = (
        Argument("rotation_range", "turn by up to this angle, to either side", ("DEGREES",)),
        Argument(
            "width_shift_range",
            _SHIFT.format("width", "height"),
            ("N",),
            several=True,
        ),
        Argument(
            "height_shift_range",
            _SHIFT.format("height", "width"),
            ("N",),
            several=True,
        ),
        Argument("shear_range", "shear by up to this angle", ("DEGREES",)),
        Argument(
            "zoom_range",
            "zoom by factors from 1 - N to 1 + N, or between two numbers; above 1 zooms out",
            ("N",),
            several=True,
        ),
    )
    columns = columns_of(
        "keras_affine",
        {"theta": "theta", "tx": "tx", "ty": "ty", "shear": "shear", "zx": "zx", "zy": "zy"},
    )
    legend = (
        "theta, shear: degrees; tx, ty: pixels, drawn from the height and the width shift range, "
        "which in Keras move along the other axis"
    )

    def settle(self, settings: Any) -> None:
        """Brings `zoom_range` into the form of two limits."""
        settings.zoom_range = _zoom_limits(settings.zoom_range)

    def distributions(
        self, settings: Any, height: int, width: int
    ) -> tuple[Distribution | None, ...]:
        """Returns what the parameters are drawn from."""
        low, high = number_pair("zoom_range", settings.zoom_range)
        # Keras draws both zooms as an array, whose elements are NumPy's numbers.
        zoom = None if low == high == 1 else Uniform("zoom_range", low, high, number=np.float64)
        return (
            symmetric("rotation_range", settings.rotation_range),
            _shift("height_shift_range", settings.height_shift_range, height),
            _shift("width_shift_range", settings.width_shift_range, width),
            symmetric("shear_range", settings.shear_range),
            zoom,
            zoom,
        )

    def apply(self, settings: Any, x: NDArray[Any], parameters: Mapping[str, Any]) -> NDArray[Any]:
        """Does to one image what was drawn."""
        return apply_affine_transform(
            x,
            **{one.name: parameters.get(one.name, one.absent) for one in self.columns},
            row_axis=settings.row_axis - 1,
            col_axis=settings.col_axis - 1,
            channel_axis=settings.channel_axis - 1,
            fill_mode=settings.fill_mode,
            cval=settings.cval,
            order=settings.interpolation_order,
        )


def _zoom_limits(zoom_range: Any) -> list[Any]:
    if np.ndim(zoom_range) == 0 and not isinstance(zoom_range, (str, type(None))):
        finite_number("zoom_range", zoom_range)
        return [1 - zoom_range, 1 + zoom_range]
    try:
        number_pair("zoom_range", zoom_range)
    except ValueError as error:
        raise ValueError(
            "`zoom_range` should be a float or a tuple or list of two floats. "
            f"Received: {zoom_range}"
        ) from error
    return [zoom_range[0], zoom_range[1]]


def _shift(name: str, value: Any, size: int) -> Uniform | Choice | None:
    """Returns the draw of `height_shift_range` or `width_shift_range`.

    Args:
        name: String, the argument's name for errors.
        value: Float (a fraction below 1, pixels otherwise), integer (pixels; the draw is one of
            `range(value)`), 1-D array-like of numbers (the draw is one of them), or `None`.
        size: Integer, the extent of the image in pixels that a fraction refers to.

    Returns:
        The draw, or `None` for no shift.

    Raises:
        ValueError: If the value is none of these.
    """
    if value is None:
        return None
    try:
        values = np.asarray(value)
    except ValueError:  # ragged
        values = np.empty((0, 0))
    if values.ndim == 0:
        limit = finite_number(name, value)
        if not limit:
            return None
        factor = float(size) if limit < 1 else 1.0
        try:
            count = operator.index(value.item() if isinstance(value, np.ndarray) else value)
        except TypeError:
            count = 0
        # `numpy.random.choice` refuses floats and integers below 1: Keras then draws uniformly.
        return Choice(count, factor) if count > 0 else Uniform(name, -limit, limit, factor)
    if values.ndim != 1 or values.dtype.kind not in "buif" or not np.isfinite(values).all():
        raise ValueError(
            f"`{name}` should be a float, an integer or a 1-D array-like of finite numbers. "
            f"Received: {value!r}"
        )
    if values.size == 0:
        return None
    if isinstance(value, np.ndarray) and value.size == 1 and not value.item():
        return None  # false in Keras' test, unlike a list of one zero
    if values.dtype.kind == "b":
        values = values.astype(np.int64)
    return Choice(values, float(size) if values.max() < 1 else 1.0)
