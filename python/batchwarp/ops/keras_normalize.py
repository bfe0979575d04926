"""A factor, and the mean and the standard deviation of a data set, as Keras' arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._arguments import finite_number
from batchwarp._warnings import warn
from batchwarp.ops.operation import Argument, Late, Operation

_EPSILON = 1e-6  # is added to standard deviations


def rescale_factor(settings: Any) -> float | None:
    """Returns what images are multiplied with, `None` for nothing.

    Args:
        settings: Object with a `rescale`: a number or an array-like of one, or 0 or `None`.

    Raises:
        ValueError: If it is something else; a number for each channel is.
    """
    value = settings.rescale
    if value is None:
        return None
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    try:
        return finite_number("rescale", value) or None
    except ValueError as error:
        raise ValueError(f"{error}; `preprocessing_function` may scale channels apart") from error


def warn_not_fitted(setting: str) -> None:
    """Warns that statistics are missing, in Keras' words.

    Args:
        setting: String, the generator's setting that needs them.
    """
    warn(
        f"This ImageDataGenerator specifies `{setting}`, but it hasn't been fit on any training "
        "data. Fit it first by calling `.fit(numpy_data)`."
    )


def per_channel(
    name: str, value: Any, image_shape: tuple[int, ...], channel_axis: int
) -> NDArray[np.float64] | None:
    """Returns a generator's `mean` or `std` as one number per channel.

    Args:
        name: String, the attribute's name for errors.
        value: Number or array-like that can be broadcast to an image.
        image_shape: Tuple of three integers.
        channel_axis: Integer, 0 or 2.

    Returns:
        Array `(channels,)` of float64, or `None` if the value differs between pixels.

    Raises:
        ValueError: If it cannot be broadcast to an image, or holds NaN or infinity.
    """
    array = np.asarray(value, dtype=np.float64)
    try:
        np.broadcast_to(array, image_shape)
    except ValueError as error:
        raise ValueError(
            f"`{name}` of shape {array.shape} cannot be broadcast to images of shape {image_shape}"
        ) from error
    if not np.isfinite(array).all():
        raise ValueError(f"`{name}` should hold finite numbers only. Received: {value!r}")
    shape = (1,) * (3 - array.ndim) + array.shape
    if any(extent != 1 for axis, extent in enumerate(shape) if axis != channel_axis):
        return None
    return np.array(np.broadcast_to(array.reshape(-1), (image_shape[channel_axis],)))


def _subtract_mean(settings: Any, batch: NDArray[Any]) -> None:
    np.subtract(batch, settings.mean, out=batch, casting="same_kind")


def _divide_by_std(settings: Any, batch: NDArray[Any]) -> None:
    np.divide(batch, settings.std + _EPSILON, out=batch, casting="same_kind")


class KerasNormalize(Operation):
    """`ImageDataGenerator`'s `rescale` and featurewise standardisation."""

    name = "normalize"
    arguments = (
        Argument("rescale", "multiply all values, for example by 1/255", ("N",)),
        Argument(
            "featurewise_center",
            "subtract the mean of each channel over the folder's images",
            type=bool,
        ),
        Argument(
            "featurewise_std_normalization",
            "divide by the standard deviation of each channel over the folder's images",
            type=bool,
        ),
    )
    fitted = (("featurewise_center", "mean"), ("featurewise_std_normalization", "std"))
    implied = (("featurewise_std_normalization", "featurewise_center", True),)

    def settle(self, settings: Any) -> None:
        """Checks `rescale`."""
        rescale_factor(settings)

    def step(self, settings: Any, image_shape: tuple[int, ...]) -> dict[str, Any] | None:
        """Returns the settings of the core's step."""
        factor = rescale_factor(settings)
        mean, std = self._per_channel(settings, image_shape)
        if self._leaves_mean(settings, mean):
            std = None  # Keras subtracts the mean first
        if (factor is None or factor == 1.0) and mean is None and std is None:
            return None
        return {
            "rescale": 1.0 if factor is None else factor,
            "mean": mean,
            "std": None if std is None else std + _EPSILON,
        }

    def late(self, settings: Any, image_shape: tuple[int, ...]) -> list[Late]:
        """Returns what is left of statistics that differ between pixels."""
        mean, std = self._per_channel(settings, image_shape)
        found = []
        if self._leaves_mean(settings, mean):
            found.append(Late("a `mean` that differs between pixels", _subtract_mean))
        if self._divides(settings) and (std is None or found):
            found.append(Late("a `std` that differs between pixels", _divide_by_std))
        return found

    def _centers(self, settings: Any) -> bool:
        return settings.featurewise_center and settings.mean is not None

    def _divides(self, settings: Any) -> bool:
        return settings.featurewise_std_normalization and settings.std is not None

    def _leaves_mean(self, settings: Any, mean: NDArray[np.float64] | None) -> bool:
        return self._centers(settings) and mean is None

    def _per_channel(
        self, settings: Any, image_shape: tuple[int, ...]
    ) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
        axis = settings.channel_axis - 1
        return (
            per_channel("mean", settings.mean, image_shape, axis)
            if self._centers(settings)
            else None,
            per_channel("std", settings.std, image_shape, axis)
            if self._divides(settings)
            else None,
        )

    def changes_values(self, settings: Any) -> bool:
        """Whether `standardize` does something."""
        return (
            rescale_factor(settings) is not None
            or self._centers(settings)
            or self._divides(settings)
        )

    def standardize(self, settings: Any, x: Any) -> Any:
        """Does its part of `ImageDataGenerator.standardize`, all but `rescale`, which is first."""
        if settings.featurewise_center:
            if settings.mean is not None:
                x -= settings.mean
            else:
                warn_not_fitted("featurewise_center")
        if settings.featurewise_std_normalization:
            if settings.std is not None:
                x /= settings.std + _EPSILON
            else:
                warn_not_fitted("featurewise_std_normalization")
        return x
