"""From indices and random numbers to a finished batch, for one generator and one image size."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp._arguments import boolean, finite_number
from batchwarp._arrays import CORE_OUTPUTS
from batchwarp._random import global_random, with_borrowed_global
from batchwarp._warnings import warn
from batchwarp.augment.draws import ParameterDraws
from batchwarp.ops.brightness import brightens_by_global_format
from batchwarp.ops.sampling import check_warp_options

if TYPE_CHECKING:
    from batchwarp.augment.settings import Settings

# Arrays of at most this many values are compared by value, to notice that they changed in place.
_SMALL = 4096


def _content(value: Any) -> Any:
    """Returns something comparable that differs if a setting does, or has changed in place."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype, value.tobytes() if value.size <= _SMALL else id(value)
    if isinstance(value, (list, tuple)):
        return type(value), [(type(item), item) for item in value]
    return type(value), value  # because 1 and 1.0 are different shifts


_settings_of = operator.attrgetter(
    "rotation_range",
    "shear_range",
    "height_shift_range",
    "width_shift_range",
    "zoom_range",
    "channel_shift_range",
    "brightness_range",
    "horizontal_flip",
    "vertical_flip",
    "fill_mode",
    "cval",
    "interpolation_order",
    "rescale",
    "preprocessing_function",
    "samplewise_center",
    "samplewise_std_normalization",
    "featurewise_center",
    "featurewise_std_normalization",
    "zca_whitening",
    "mean",
    "std",
    "zca_whitening_matrix",
    "channel_axis",
)


SWITCHES = (
    "featurewise_center",
    "samplewise_center",
    "featurewise_std_normalization",
    "samplewise_std_normalization",
    "zca_whitening",
    "horizontal_flip",
    "vertical_flip",
)


def overrides(generator: Any, reference: type[Any], *names: str) -> bool:
    """Whether methods of a generator are not those of `reference`.

    Args:
        generator: An object of this class, or of a subclass.
        reference: The class whose methods the fused path reproduces.
        *names: Names of methods.

    Returns:
        True if at least one was overridden, in a subclass or on the object itself.
    """
    cls = type(generator)
    for name in names:
        if getattr(cls, name, None) is not getattr(reference, name):
            return True
    return not vars(generator).keys().isdisjoint(names)


def augments(generator: Any, subset: str | None) -> bool:
    """Whether a generator wants the images of a subset augmented.

    Args:
        generator: An `ImageDataGenerator`, or an object with its methods.
        subset: `"training"`, `"validation"` or `None`.

    Returns:
        False for `"validation"` if the generator's `validation_augment` is.
    """
    return subset != "validation" or bool(getattr(generator, "validation_augment", True))


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


def rescale_factor(generator: Any) -> float | None:
    """Returns what images are multiplied with, `None` for nothing.

    Args:
        generator: Object with a `rescale`: a number or an array-like of one, or 0 or `None`.

    Raises:
        ValueError: If it is something else; a number for each channel is.
    """
    value = generator.rescale
    if value is None:
        return None
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    try:
        return finite_number("rescale", value) or None
    except ValueError as error:
        raise ValueError(f"{error}; `preprocessing_function` may scale channels apart") from error


def draws_for(generator: Settings, image_shape: tuple[int, ...]) -> ParameterDraws:
    """Returns the draws of a generator for images of one shape.

    Args:
        generator: The generator.
        image_shape: Tuple of three integers.

    Returns:
        A `ParameterDraws`.

    Raises:
        ValueError: If a range is not made of finite numbers, or such images cannot be brightened.
    """
    channels = image_shape[generator.channel_axis - 1]
    if generator.brightness_range is not None and channels not in (1, 3, 4):
        raise ValueError(
            f"Unsupported channel number: {channels}. `brightness_range` needs images of 1, 3 or 4 "
            "channels"
        )
    return ParameterDraws(
        generator, image_shape[generator.row_axis - 1], image_shape[generator.col_axis - 1]
    )


def is_beyond_the_core(generator: Settings, image_shape: tuple[int, ...]) -> bool:
    """Whether such images are only made one by one, through the generator's methods.

    Args:
        generator: The generator.
        image_shape: Tuple of three integers.
    """
    return generator.brightness_range is not None and brightens_by_global_format(
        image_shape, "channels_first" if generator.channel_axis == 1 else "channels_last"
    )


def warp_plan(generator: Settings, image_shape: tuple[int, ...]) -> functools.partial[_core.Plan]:
    """Returns the plan of a generator's augmentation, open for standardisation to be added.

    Args:
        generator: The generator.
        image_shape: Tuple of three integers.

    Returns:
        A partial of `_core.Plan`; called without arguments it gives the plan without
        standardisation.

    Raises:
        ValueError: If the generator's `fill_mode`, `cval` or `interpolation_order` is not valid.
    """
    fill_mode, cval, order = check_warp_options(
        generator.fill_mode, generator.cval, generator.interpolation_order, "interpolation_order"
    )
    return functools.partial(
        _core.Plan,
        height=image_shape[generator.row_axis - 1],
        width=image_shape[generator.col_axis - 1],
        channels=image_shape[generator.channel_axis - 1],
        data_format="channels_first" if generator.channel_axis == 1 else "channels_last",
        interpolation_order=order,
        fill_mode=fill_mode,
        cval=cval,
    )


class Pipeline:
    """What is constant over the batches of one iterator, resolved once.

    The object is a snapshot of the generator's attributes; `matches` tells when it is out of date.

    Args:
        generator: The generator.
        image_shape: Tuple of three integers, the shape of one image.
        dtype: Dtype of the batches.
        augment: Boolean; if false, images are standardised only and nothing is drawn for them.

    Raises:
        ValueError: If an attribute of the generator has no meaning for such images.
    """

    def __init__(
        self,
        generator: Settings,
        image_shape: tuple[int, ...],
        dtype: np.dtype[Any],
        augment: bool = True,
    ) -> None:
        for name in SWITCHES:
            boolean(name, getattr(generator, name))
        self._settings = settings = _settings_of(generator)
        self._contents = [_content(value) for value in settings]
        self._lists = [(value, tuple(value)) for value in settings if isinstance(value, list)]
        self._arrays = [(v, _content(v)) for v in settings if isinstance(v, np.ndarray)]
        self._shape = image_shape
        self._dtype = dtype
        channel_axis = generator.channel_axis - 1
        self._draws = draws_for(generator, image_shape) if augment else None

        self._function: Callable[[Any], Any] | None = generator.preprocessing_function or None
        self._function_draws: bool | None = None  # not known yet
        factor = rescale_factor(generator)
        rescale = 1.0 if factor is None else factor
        mean = std = None
        self._late_mean = self._late_std = False
        if generator.featurewise_center and generator.mean is not None:
            mean = per_channel("mean", generator.mean, image_shape, channel_axis)
            self._late_mean = mean is None
        if generator.featurewise_std_normalization and generator.std is not None:
            std = per_channel("std", generator.std, image_shape, channel_axis)
            self._late_std = std is None or self._late_mean
        warp = warp_plan(generator, image_shape)
        full = functools.partial(
            warp,
            rescale=rescale,
            samplewise_center=bool(generator.samplewise_center),
            samplewise_std=bool(generator.samplewise_std_normalization),
            mean=mean,
            std=None if std is None or self._late_std else std + 1e-6,
        )
        plain = (
            rescale == 1.0
            and not generator.samplewise_center
            and not generator.samplewise_std_normalization
            and mean is None
            and std is None
        )
        self._warp = warp() if self._function else full()
        self._normalise = full() if self._function and not plain else None

        self._missing = [
            setting
            for setting, value in (
                ("featurewise_center", generator.mean),
                ("featurewise_std_normalization", generator.std),
                ("zca_whitening", generator.zca_whitening_matrix),
            )
            if getattr(generator, setting) and value is None
        ]
        self._whiten = bool(generator.zca_whitening)
        self._bare = plain and not (
            self._function or self._late_mean or self._late_std or self._whiten
        )

    def matches(self, generator: Settings) -> bool:
        """Whether the generator's attributes are still those that this was built from."""
        settings = _settings_of(generator)
        if all(map(operator.is_, settings, self._settings)) and self._has_kept_content():
            return True
        try:
            return self._contents == [_content(value) for value in settings]
        except ValueError:  # two different arrays of another library
            return False

    def _has_kept_content(self) -> bool:
        """Whether no list and no array that this was built from has changed in place."""
        for values, items in self._lists:
            if len(values) != len(items) or not all(map(operator.is_, values, items)):
                return False
        for array, content in self._arrays:  # noqa: SIM110 - asked for each batch
            if _content(array) != content:
                return False
        return True

    @property
    def fused(self) -> bool:
        """Whether the core can write batches of this dtype as Keras does.

        Integer batches are left to it only without standardisation: Keras standardises images of
        whatever dtype the augmentation made of them, and converts last.
        """
        return self._dtype.kind == "f" or (self._dtype in CORE_OUTPUTS and self._bare)

    @property
    def plan(self) -> _core.Plan:
        """What one call of the core does to an image; all there is, if nothing is beyond it."""
        return self._warp

    @property
    def beyond_the_core(self) -> list[str]:
        """Names of what is left to do after one call of the core, or done in its place."""
        found = {
            "`preprocessing_function`": self._function is not None,
            "a `mean` that differs between pixels": self._late_mean,
            "a `std` that differs between pixels": self._late_std,
            "`zca_whitening`": self._whiten,
            f"standardisation of batches of {self._dtype}": not self.fused,
        }
        return [name for name, there in found.items() if there]

    @property
    def draws_first(self) -> bool:
        """Whether all numbers of a batch are drawn before its first image is made.

        If so, `draw` may be called for several batches and `make` once for all of them.
        """
        return self._function is None or self._function_draws is False

    def draw(self, random: np.random.RandomState, count: int) -> NDArray[np.float64] | None:
        """Draws the parameters of one batch.

        Args:
            random: The state to draw from.
            count: Integer, the number of images.

        Returns:
            Array `(count, len(PARAM_COLUMNS))` of float64, or `None` if the images stay as they
            are.
        """
        return None if self._draws is None else self._draws.batch(random, count)

    def make(
        self,
        generator: Settings,
        x: NDArray[Any],
        indices: NDArray[np.int64],
        params: NDArray[np.float64] | None,
        buffers: _core.BufferPool,
    ) -> NDArray[Any]:
        """Makes images whose parameters have been drawn; only if `draws_first`.

        Args:
            generator: The generator.
            x: Array of rank 4, all images, of a dtype that the core reads.
            indices: Array `(n,)`, which of them.
            params: What `draw` returned for `n` images.
            buffers: Where the memory of the result comes from, and where it goes back to.

        Returns:
            Array of rank 4 of the pipeline's dtype.
        """
        batch = self.empty(len(indices), buffers)
        self.warp(x, indices, params, batch)
        self.complete(generator, batch)
        return batch

    def empty(self, count: int, buffers: _core.BufferPool) -> NDArray[Any]:
        """Returns an uninitialised batch.

        Args:
            count: Integer, the number of images.
            buffers: Where its memory comes from, and where it goes back to.

        Returns:
            Array of rank 4 of the pipeline's dtype.
        """
        return buffers.empty((count, *self._shape), self._dtype)

    def warp(
        self,
        x: NDArray[Any],
        indices: NDArray[np.int64] | None,
        params: NDArray[np.float64] | None,
        batch: NDArray[Any],
        threads: int = 0,
    ) -> None:
        """Makes images up to the user's function, or to the end if there is none.

        Args:
            x: As in `make`.
            indices: As in `make`; `None` for all of `x`.
            params: As in `make`.
            batch: Array of rank 4 from `empty`, or a part of it, that the images are written to.
            threads: Integer, how many work on it; 0 for as many as there are.
        """
        _core.augment_batch(x, indices, params, self._warp, batch, threads=threads)

    def complete(self, generator: Settings, batch: NDArray[Any]) -> None:
        """Does in place what remains to be done to images from `warp`.

        Args:
            generator: The generator.
            batch: Array of rank 4.
        """
        if self._function is not None:
            for image in batch:
                call_on(self._function, image)
        self._finish(generator, batch)

    def run(
        self,
        generator: Settings,
        x: NDArray[Any],
        indices: NDArray[np.int64],
        random: np.random.RandomState,
        buffers: _core.BufferPool,
    ) -> NDArray[Any]:
        """Makes one batch.

        Args:
            generator: As in `make`.
            x: As in `make`.
            indices: As in `make`.
            random: The state to draw from.
            buffers: As in `make`.

        Returns:
            Array of rank 4 of the pipeline's dtype.
        """
        if self._function is None or self.draws_first:
            return self.make(generator, x, indices, self.draw(random, len(indices)), buffers)
        batch = self.empty(len(indices), buffers)
        self._run_in_turn(self._function, x, indices, random, batch)
        self._finish(generator, batch)
        return batch

    def warn_missing(self) -> None:
        """Warns of statistics that are missing."""
        for setting in self._missing:
            warn_not_fitted(setting)

    def _run_in_turn(
        self,
        function: Callable[[Any], Any],
        x: NDArray[Any],
        indices: NDArray[np.int64],
        random: np.random.RandomState,
        batch: NDArray[Any],
    ) -> None:
        """Augments images one by one and calls the user's function on each.

        Keras draws an image's parameters, then calls the function, then draws for the next image.
        The order matters only to functions that draw from `numpy.random` themselves. The first
        batch is made in Keras' order and tells whether this one does; if not, batches are made at
        once from then on. Nothing is ever drawn or called twice.
        """

        def run(source: np.random.RandomState) -> None:
            draws = False
            for row, image in enumerate(batch):
                params = self.draw(source, 1)
                _core.augment_batch(
                    x, indices[row : row + 1], params, self._warp, batch[row : row + 1]
                )
                before = global_random().get_state(legacy=False)
                call_on(function, image)
                draws = draws or not _same_state(before, global_random().get_state(legacy=False))
            if len(batch):
                self._function_draws = bool(self._function_draws) or draws

        with_borrowed_global(random, run)

    def _finish(self, generator: Settings, batch: NDArray[Any]) -> None:
        """Does in place what comes after the user's function, or does not fit the core's plan."""
        if self._normalise is not None:
            _core.augment_batch(batch, None, None, self._normalise, batch)
        if self._late_mean:
            np.subtract(batch, generator.mean, out=batch, casting="same_kind")
        if self._late_std:
            np.divide(batch, generator.std + 1e-6, out=batch, casting="same_kind")
        self.warn_missing()
        if self._whiten and generator.zca_whitening_matrix is not None:
            batch[...] = whitened(batch, generator.zca_whitening_matrix)


def _same_state(one: Any, other: Any) -> bool:
    """Whether two states are equal, of whatever bit generator the user has chosen."""
    if isinstance(one, dict):
        return all(_same_state(value, other[key]) for key, value in one.items())
    return bool(np.array_equal(one, other))


def call_on(function: Callable[[Any], Any], image: NDArray[Any]) -> None:
    """Replaces an image by what the user's function makes of it.

    Args:
        function: The generator's `preprocessing_function`.
        image: Array of rank 3, changed in place.

    Raises:
        ValueError: If the result has another shape.
    """
    result = function(image)
    if result is image:
        return
    values = np.asarray(result)
    if values.shape != image.shape:
        raise ValueError(
            "`preprocessing_function` should return an array of the shape of its argument, "
            f"{image.shape}. It returned {type(result).__name__} of shape {values.shape}"
        )
    image[...] = values


def whitened(x: NDArray[Any], matrix: NDArray[Any]) -> NDArray[Any]:
    """Applies ZCA whitening to one image or a batch.

    Args:
        x: Array of rank 3 or more whose last three axes are an image.
        matrix: Array `(size, size)`, with `size` the number of values of one image.

    Returns:
        Array of the shape of `x`.

    Raises:
        ValueError: If the matrix was made for images of another size.
    """
    size = x.shape[-3] * x.shape[-2] * x.shape[-1]
    if np.shape(matrix) != (size, size):
        raise ValueError(
            f"`zca_whitening_matrix` of shape {np.shape(matrix)} does not fit images of {size} "
            "values; call `.fit()` with images of the same size"
        )
    return np.reshape(x.reshape(-1, size) @ matrix, x.shape)


def run_one_by_one(
    generator: Any,
    x: NDArray[Any],
    indices: NDArray[np.int64],
    dtype: np.dtype[Any],
    random: np.random.RandomState,
    augment: bool = True,
) -> NDArray[Any]:
    """Makes one batch image by image through the generator's public methods, as Keras does.

    This honours overridden methods, and generators of other classes.

    Args:
        generator: Object with `get_random_transform`, `apply_transform` and `standardize`.
        x: Array of rank 4, all images.
        indices: Array `(n,)`, which of them.
        dtype: Dtype of the batch.
        random: The state to draw from; methods find it in `numpy.random`.
        augment: Boolean; if false, only `standardize` is called.

    Returns:
        Array of rank 4.

    Raises:
        ValueError: If the methods change an image's shape.
    """
    batch = np.zeros((len(indices), *x.shape[1:]), dtype)

    def run(_: np.random.RandomState) -> None:
        for row, index in enumerate(indices):
            parameters = generator.get_random_transform(x[index].shape) if augment else None
            image = transformed(generator, x[index], dtype, parameters)
            if np.shape(image) != batch.shape[1:]:
                raise ValueError(
                    f"`{type(generator).__name__}` should keep the shape of images, "
                    f"{batch.shape[1:]}. It returned {type(image).__name__} of shape "
                    f"{np.shape(image)}"
                )
            batch[row] = image

    with_borrowed_global(random, run)
    return batch


def transformed(
    generator: Any, image: NDArray[Any], dtype: np.dtype[Any], parameters: dict[str, Any] | None
) -> Any:
    """Makes one image through the generator's public methods.

    Args:
        generator: As in `run_one_by_one`.
        image: Array of rank 3.
        dtype: Dtype to augment it in.
        parameters: Dictionary as from `get_random_transform`; `None` leaves augmentation out.

    Returns:
        What `standardize` returns.
    """
    image = image.astype(dtype)
    if parameters is not None:
        image = generator.apply_transform(image, parameters)
    return generator.standardize(image)
