"""The settings of a generator, and what they make of one image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from batchwarp import _keras
from batchwarp._arguments import boolean, finite_number, one_seed
from batchwarp._arrays import as_array, is_extension, is_floating, real_array
from batchwarp._random import random_state
from batchwarp._warnings import warn
from batchwarp.augment import whitening
from batchwarp.augment.draws import ParameterDraws
from batchwarp.augment.operations import OWNER, draws_by_key, recipe_of
from batchwarp.augment.recipe import Recipe, checked_range
from batchwarp.ops.keras_normalize import rescale_factor, warn_not_fitted
from batchwarp.ops.list import ARGUMENTS, OPERATIONS
from batchwarp.ops.recipe import RecipeOperation
from batchwarp.ops.sampling import check_warp_options

__all__ = [
    "FITTED",
    "Settings",
    "augments",
    "check_split",
    "check_switches",
    "named_as_of_the_generator",
    "not_fitted",
    "takes_chances",
]

_SPLITS = ("stratified", "hash")
_SWITCHES = tuple(one.name for one in (*ARGUMENTS, *whitening.ARGUMENTS) if one.type is bool)
# Settings that need `fit`, and the attributes that it sets for them.
FITTED = tuple(
    pair for pairs in (*(one.fitted for one in OPERATIONS), whitening.FITTED) for pair in pairs
)


def check_switches(settings: Any) -> None:
    """Checks the settings that are true or false.

    Args:
        settings: The generator.

    Raises:
        ValueError: If one of them is something else.
    """
    for name in _SWITCHES:
        boolean(name, getattr(settings, name))


def not_fitted(settings: Any) -> list[str]:
    """Returns the names of settings whose statistics are missing.

    Args:
        settings: The generator.
    """
    return [
        setting
        for setting, attribute in FITTED
        if getattr(settings, setting) and getattr(settings, attribute) is None
    ]


def augments(generator: Any, subset: str | None) -> bool:
    """Whether a generator wants the images of a subset augmented by Keras' arguments.

    Args:
        generator: An `ImageDataGenerator`, or an object with its methods.
        subset: `"training"`, `"validation"` or `None`.

    Returns:
        False for `"validation"` if the generator's `validation_augment` is.
    """
    return subset != "validation" or getattr(generator, "validation_augment", None) is not False


def takes_chances(generator: Any, subset: str | None) -> bool:
    """Whether operations in which chance has a part are done to the images of a subset.

    Args:
        generator: As in `augments`.
        subset: As in `augments`.

    Returns:
        False for `"validation"`, unless the generator's `validation_augment` is true.
    """
    return subset != "validation" or bool(getattr(generator, "validation_augment", None))


def check_split(split: Any, seed: Any) -> None:
    """Checks how a generator's data are to be split.

    Args:
        split: `None` for Keras' way, `"stratified"` or `"hash"`.
        seed: Integer from 0 to 2³² - 1.

    Raises:
        ValueError: If one of them is something else.
    """
    if split is not None and split not in _SPLITS:
        raise ValueError(f'`split` should be `None`, "stratified" or "hash". Received: {split!r}')
    one_seed("split_seed", seed)


def _check_share(validation_split: Any) -> None:
    if validation_split is None or validation_split is False:  # none, as in Keras
        return
    try:
        valid = validation_split is not True and 0 <= finite_number("", validation_split) < 1
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(
            f"`validation_split` must be strictly between 0 and 1.  Received: {validation_split!r}"
        )


def _floating(x: Any) -> NDArray[Any]:
    """Returns a nested list or a picture as a floating-point array."""
    try:
        array = real_array("x", x)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"`x` should be a floating-point array. Received: {type(x).__name__}"
        ) from error
    return array if is_floating(array.dtype) else array.astype(np.float64)


_Class = TypeVar("_Class", bound=type)


def named_as_of_the_generator(cls: _Class) -> _Class:
    """Names the methods of a class as callers know them: as those of the generator.

    Python itself names them so then, as in its message about an argument that there is not.

    Args:
        cls: A base class of `ImageDataGenerator`.

    Returns:
        The class.
    """
    for method in vars(cls).values():
        if isinstance(method, FunctionType):
            method.__module__ = "batchwarp.generator"
            method.__qualname__ = f"ImageDataGenerator.{method.__name__}"
    return cls


@named_as_of_the_generator
class Settings:
    """What is to be done to images; `ImageDataGenerator` is this, and makes flows.

    Iterators and `fit` take objects of this class, so that they need not know the flows above them.
    Its methods are those that a subclass may override: what makes whole batches compares the
    methods of an object with these.

    Args:
        As of `ImageDataGenerator`.

    Attributes:
        As of `ImageDataGenerator`.

    Raises:
        ValueError: If an argument is not as there.
        TypeError: If `preprocessing_function` cannot be called.
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: ArrayLike = 0.0,
        height_shift_range: ArrayLike = 0.0,
        brightness_range: tuple[float, float] | list[float] | None = None,
        shear_range: float = 0.0,
        zoom_range: float | tuple[float, float] | list[float] = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[Any], Any] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
        *,
        validation_augment: bool | None = None,
        operations: Sequence[RecipeOperation] = (),
        draws: str = "keras",
        value_range: tuple[float, float] | None = None,
        split: str | None = None,
        split_seed: int = 0,
    ) -> None:
        if data_format is None:
            data_format = _keras.image_data_format()
        if dtype is None:
            dtype = _keras.floatx()
        if data_format not in _keras.DATA_FORMATS:
            raise ValueError(
                '`data_format` should be `"channels_last"` (channel after row and column) or '
                '`"channels_first"` (channel before row and column). '
                f"Received: {data_format}"
            )
        _check_share(validation_split)
        if preprocessing_function and not callable(preprocessing_function):
            raise TypeError(
                "`preprocessing_function` should be a function of one image. "
                f"Received: {preprocessing_function!r}"
            )
        _keras.standardize_dtype(dtype)
        check_split(split, split_seed)
        whitening.check_epsilon(zca_epsilon)

        self.featurewise_center = featurewise_center
        self.samplewise_center = samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening = zca_whitening
        self.zca_epsilon = zca_epsilon
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.brightness_range = brightness_range
        self.shear_range = shear_range
        self.zoom_range: Any = zoom_range
        self.channel_shift_range = channel_shift_range
        self.fill_mode = fill_mode
        self.cval = cval
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.dtype = dtype
        self.interpolation_order = interpolation_order
        self.data_format = data_format
        self.channel_axis, self.row_axis, self.col_axis = (
            (1, 2, 3) if data_format == "channels_first" else (3, 1, 2)
        )
        self._validation_split = validation_split
        self.validation_augment = validation_augment
        self.operations = operations
        self.draws = draws
        self.value_range = value_range
        self.split = split
        self.split_seed = split_seed
        self.mean: Any = None
        self.std: Any = None
        self.zca_whitening_matrix: Any = None
        self._settle()

    def _settle(self) -> None:
        """Checks what operations read, and lets settings that imply others override them."""
        for operation in OPERATIONS:
            operation.settle(self)
        check_switches(self)
        if self.validation_augment is not None:
            boolean("validation_augment", self.validation_augment)
        check_warp_options(
            self.fill_mode, self.cval, self.interpolation_order, "interpolation_order"
        )
        ParameterDraws(self, 1, 1)  # raises for a range that means nothing
        for implied in (whitening.IMPLIED, *(operation.implied for operation in OPERATIONS)):
            for setting, other, value in implied:
                self._imply(setting, other, value)
        draws_by_key(self)
        recipe_of(self)
        self.value_range = checked_range(self.value_range)

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute; operations are checked as when the generator is made.

        Flows would find nothing wrong with `None`, and with the rest only later.
        """
        if name == "operations":
            Recipe(OWNER, value)  # raises
            value = tuple(value)
        super().__setattr__(name, value)

    def _imply(self, setting: str, other: str, value: bool) -> None:
        if getattr(self, setting) and bool(getattr(self, other)) != value:
            setattr(self, other, value)
            warn(
                f"This ImageDataGenerator specifies `{setting}`, which overrides setting of "
                f"`{other}`."
            )

    def standardize(self, x: Any) -> Any:
        """Applies the standardisation, in place.

        The steps are `preprocessing_function`, `rescale`, samplewise centre and standard deviation,
        featurewise centre and standard deviation, ZCA whitening. Samplewise statistics span all
        values of `x`: pass one image at a time for statistics of single images.

        Args:
            x: Floating-point array, an image or a batch. It is changed, except by
                `preprocessing_function` and ZCA whitening, which give new arrays. Nested lists and
                pictures become new arrays, too.

        Returns:
            The standardised array.

        Raises:
            TypeError: If a step cannot be done in place because `x` holds integers.
            ValueError: If the statistics do not fit the shape of `x`.
        """
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        changes = any(operation.changes_values(self) for operation in OPERATIONS)
        if (changes or self.zca_whitening) and not hasattr(x, "__array__"):
            x = _floating(x)
        in_place = not isinstance(x, np.ndarray) or x.dtype.kind in "fc" or is_extension(x.dtype)
        if changes and not in_place:
            raise TypeError(
                f"`x` of dtype {x.dtype} cannot hold standardised values; pass "
                '`x.astype("float32")`'
            )
        if rescale_factor(self) is not None:
            x *= self.rescale
        for operation in OPERATIONS:
            x = operation.standardize(self, x)
        if self.zca_whitening:
            if self.zca_whitening_matrix is not None:
                x = whitening.whitened(x, self.zca_whitening_matrix)
            else:
                warn_not_fitted("zca_whitening")
        return x

    def get_random_transform(
        self, img_shape: tuple[int, ...], seed: int | None = None
    ) -> dict[str, Any]:
        """Draws the parameters of a transformation.

        Args:
            img_shape: Tuple of three integers, the shape of the image.
            seed: Integer from 0 to 2³² - 1 to draw from a state of its own; `None` draws from
                `numpy.random`.

        Returns:
            Dictionary: `theta` and `shear` in degrees, `tx` and `ty` in pixels, `zx` and `zy`
            factors, `flip_horizontal` and `flip_vertical` 0 or 1, `channel_shift_intensity` and
            `brightness` numbers or `None`.

        Raises:
            ValueError: If a range is not made of finite numbers, or the seed is out of range.
        """
        random = random_state(seed)
        try:
            height, width = img_shape[self.row_axis - 1], img_shape[self.col_axis - 1]
        except (TypeError, IndexError, KeyError) as error:
            raise ValueError(
                f"`img_shape` should be a tuple of three integers. Received: {img_shape!r}"
            ) from error
        return ParameterDraws(self, height, width).one(random)

    def apply_transform(
        self, x: NDArray[Any], transform_parameters: dict[str, Any]
    ) -> NDArray[Any]:
        """Applies a transformation to an image.

        Args:
            x: Array of rank 3, one image.
            transform_parameters: Dictionary as from `get_random_transform`. Missing keys change
                nothing.

        Returns:
            Array of the shape of `x`. It is of the dtype of `x`, but of Keras' `floatx()` after a
            change of brightness, and of the dtype of `x + 0.5` after a channel shift.

        Raises:
            ValueError: If a parameter is NaN or infinite, or the image has another rank or no
                pixels.
        """
        for operation in OPERATIONS:
            x = operation.apply(self, x, transform_parameters)
        return x

    def random_transform(self, x: NDArray[Any], seed: int | None = None) -> NDArray[Any]:
        """Applies a random transformation to an image.

        Args:
            x: Array of rank 3, one image.
            seed: As in `get_random_transform`.

        Returns:
            Array of the shape of `x`, as from `apply_transform`.

        Raises:
            ValueError: As `get_random_transform` and `apply_transform`.
        """
        x = as_array("x", x)
        if x.ndim != 3:
            raise ValueError(f"`x` should be one image, of rank 3. Received an array of {x.shape}")
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))
