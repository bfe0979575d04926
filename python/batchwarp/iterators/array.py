"""Batches from images in an array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _keras
from batchwarp._arguments import boolean, check_batches
from batchwarp._arrays import (
    CORE_INPUTS,
    FOR_FILES,
    as_array,
    computing_dtype,
    converted,
    is_floating,
    rank_hint,
    real_array,
    sequence,
)
from batchwarp._warnings import warn
from batchwarp.augment.handover import one_handover
from batchwarp.augment.pipeline import Pipeline
from batchwarp.augment.settings import Settings
from batchwarp.iterators import splits
from batchwarp.iterators.at_once import AtOnceIterator
from batchwarp.iterators.augmenting import Augmented, Stored
from batchwarp.iterators.shards import one_shard
from batchwarp.targets import Stack, TargetOptions, Targets


def _readable(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Returns images as an array that the core can read, without a copy where possible.

    Args:
        array: Array of real numbers.
        dtype: Dtype of the iterator.

    Returns:
        The same memory if its dtype is one that the core reads. Images of another dtype are
        converted to that of the iterator, float32 for `ml_dtypes`; and so are all images if that is
        an integer dtype, because Keras converts before it augments, which shows in what is rounded.
    """
    computing = computing_dtype(dtype)
    if not is_floating(dtype):
        return converted("x", converted("x", array, dtype), computing)
    return array if array.dtype in CORE_INPUTS else converted("x", array, computing)


class NumpyArrayIterator(AtOnceIterator):
    """Iterator yielding batches from an array of images.

    Args:
        x: Array-like of rank 4 of images, or tuple or list `(images, others)` with an array or a
            list of arrays of the same length that are passed along. Images of uint8, uint16 or a
            floating-point dtype stay as they are given, so that a `numpy.memmap` is read as batches
            need it; other dtypes are converted once to `dtype`.
        y: Array-like of labels of the same length, or `None`.
        image_data_generator: `ImageDataGenerator`, or an object with its methods.
        batch_size: Integer of at least 1.
        shuffle: Boolean, whether to draw a new order for each pass.
        sample_weight: Array-like of the same length, or `None`.
        seed: Integer from 0 to 2³² - 2²⁰, or `None` to draw from `numpy.random`.
        data_format: `"channels_first"` or `"channels_last"`, the layout for the check of the number
            of channels and for saved images; `None` means Keras' global setting. The generator's
            own setting decides how images are augmented.
        save_to_dir: Path of an existing folder to save the augmented images to, or `None`.
        save_prefix: String, the beginning of the files' names.
        save_format: String, the files' format and extension.
        subset: `"training"`, `"validation"` or `None`, by the generator's `validation_split` and
            `split`.
        ignore_class_split: Boolean, whether to accept subsets with different classes.
        dtype: Dtype of the batches; `None` means Keras' global `floatx()`.
        prefetch: Integer of at least 0, how many batches to make ahead for `next()`, in a thread.
        shard: Pair (index, count), which part of each batch to make; `"auto"` for that of this
            process, `None` for all.
        drop_remainder: Boolean, whether to leave out a last step that lacks samples.
        handover: `"uint8"` for batches of bytes and a model that begins with
            `normalization_layer()`, see `ImageDataGenerator.flow`; `None` for those of `dtype`.
        masks: What moves with the images, as for `Augment`, or `None`.
        boxes: Likewise.
        keypoints: Likewise.
        mask_fill: As of `Augment`.
        mask_classes: As of `Augment`.
        bounding_box_format: As of `Augment`.
        max_boxes: As of `Augment`.
        min_area: As of `Augment`.
        min_visibility: As of `Augment`.
        keypoint_pairs: As of `Augment`.
        remove_outside: As of `Augment`.

    Attributes:
        x: Array of rank 4, the images of the subset. With the generator's `split` it is all images,
            because those of a subset that is no slice would be a copy.
        rows: `None`, or with the generator's `split` an array `(n,)`: `x[rows]` and `x_misc` at
            `rows` belong to the subset, in order.
        x_misc: List of what else was given with the images, like `x`.
        y: Array `(n, ...)`, the labels of the subset, or `None`.
        sample_weight: Array, the weights as they were given, as in Keras, even if there is a
            subset; with the generator's `split` those of the subset. Or `None`.

    Raises:
        ValueError: If the lengths differ, the images are not of rank 4 or have no pixels, or an
            argument is not as above.
        TypeError: If the images are no real numbers.

    Example:
        >>> flow = NumpyArrayIterator(np.zeros((7, 5, 5, 1)), np.arange(7), ImageDataGenerator(), 3)
        >>> next(flow)[0].shape
        (3, 5, 5, 1)
    """

    _save_numbers = 10_000

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Settings,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: Any = None,
        *,
        prefetch: int = 0,
        shard: Any = None,
        drop_remainder: bool = False,
        handover: str | None = None,
        masks: Any = None,
        boxes: Any = None,
        keypoints: Any = None,
        mask_fill: int = 0,
        mask_classes: int | None = None,
        bounding_box_format: str = "xyxy",
        max_boxes: int | None = None,
        min_area: float = 0.0,
        min_visibility: float = 0.0,
        keypoint_pairs: Sequence[Sequence[int]] | None = None,
        remove_outside: bool = False,
    ) -> None:
        options = TargetOptions.among(locals())
        check_batches(batch_size, shuffle, seed, prefetch)
        batches = one_shard(shard, drop_remainder)
        boolean("ignore_class_split", ignore_class_split)
        data_format = _one_data_format(data_format)
        self.dtype = _keras.floatx() if dtype is None else dtype
        self._numpy_dtype = _keras.standardize_dtype(self.dtype)
        x, x_misc = _split_inputs(x)
        _check_others(x, x_misc)
        y = _alongside("y", "`y` (labels)", y, x)
        sample_weight = _alongside("sample_weight", "`sample_weight`", sample_weight, x)
        stack = _stack(x, image_data_generator, self._numpy_dtype)
        self._targets = Targets(options, stack, masks, boxes, keypoints)
        self.rows: NDArray[np.int64] | None = None
        self._first_row = 0  # of `x`, among the images that were given
        if subset is not None:
            part = _subset(x, y, image_data_generator, subset, ignore_class_split)
            if isinstance(part, slice):
                x = x[part]
                x_misc = [other[part] for other in x_misc]
                y = None if y is None else y[part]
                self._first_row = part.start or 0
            else:
                self.rows = part
                y = as_array("y", y)[part]
                if sample_weight is not None:
                    sample_weight = as_array("sample_weight", sample_weight)[part]

        given = real_array("x", x, FOR_FILES, objects=True)
        self.x = _readable(given, self._numpy_dtype)
        # Bytes are from 0 to 255, whatever they are converted to.
        self._given_dtype = given.dtype if given.dtype == np.uint8 else self.x.dtype
        self.x_misc = x_misc
        _check_shape(self.x.shape, data_format)
        self.y = None if y is None else as_array("y", y)
        self.sample_weight = (
            None if sample_weight is None else as_array("sample_weight", sample_weight)
        )
        self.image_data_generator = image_data_generator
        self._set_subset(image_data_generator, subset)
        self.data_format = data_format
        self.handover = one_handover(handover)
        self._set_saving(save_to_dir, save_prefix, save_format)
        count = len(self.x if self.rows is None else self.rows)
        super().__init__(count, batch_size, shuffle, seed, prefetch=prefetch, shard=batches)

    @property
    def _image_shape(self) -> tuple[int, ...]:
        return self.x.shape[1:]

    @property
    def _stored_dtype(self) -> np.dtype[Any]:
        return self._given_dtype

    def _sample_numbers(self, index_array: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Returns the rows of the images as they were given; see the base class."""
        return self._given_rows(index_array).astype(np.uint64)

    def _stored(self, index_array: NDArray[np.int64]) -> Stored:
        return Stored(self.x, self._rows(index_array), index_array)

    def _drawn_and_made(
        self,
        pipeline: Pipeline,
        index_array: NDArray[np.int64],
        random: np.random.RandomState,
        number: int,
    ) -> Augmented:
        """Makes the images of a batch, in one call of the core unless others move with them."""
        if pipeline.maker is None or self._targets.names:
            return super()._drawn_and_made(pipeline, index_array, random, number)
        self._find_at_once(pipeline)
        rows = self._rows(index_array)
        if pipeline.is_keyed:
            place = (self._first_row, self._epoch(number), self._seed())
            batch = pipeline.in_one_call(self.x, rows, random, self._buffers, place)
        else:
            batch = pipeline.in_one_call(self.x, rows, random, self._buffers)
        return Augmented(batch, index_array)

    @property
    def _target_names(self) -> Sequence[str]:
        return self._targets.names

    @property
    def _mask_classes(self) -> int | None:
        return self._targets.mask_classes

    def _moved(
        self,
        pipeline: Pipeline,
        params: NDArray[np.float64] | None,
        index_array: NDArray[np.int64],
        beside: Any,  # noqa: ARG002 - all of it is in memory
    ) -> dict[str, Any]:
        """Returns what moves with the images of a batch; see the base class."""
        if not self._targets.names:
            return {}
        moves, rows = pipeline.moves(params), self._given_rows(index_array)
        return self._targets.move(moves, rows, self._buffers)

    def _with_others(
        self,
        batch_x: NDArray[Any],
        index_array: NDArray[np.int64],
        targets: Mapping[str, Any],
    ) -> Any:
        inputs: Any = batch_x
        if self.x_misc:
            rows = self._rows(index_array)
            inputs = [batch_x, *(other[rows] for other in self.x_misc)]
        labels = None if self.y is None else self.y[index_array]
        if targets or self._targets.names:
            labels = self._outputs(labels, targets)
        if labels is None:
            return inputs
        if self.sample_weight is None:
            return inputs, labels
        return inputs, labels, self.sample_weight[index_array]

    def _to_be_mixed(self, index_array: NDArray[np.int64]) -> tuple[Any, NDArray[Any] | None]:
        """Returns labels and weights; see the base class."""
        if self.x_misc:
            raise ValueError(
                "`x` should be images alone where they are mixed with others. Received: a pair "
                "(images, others)"
            )
        weights = None if self.sample_weight is None else self.sample_weight[index_array]
        return None if self.y is None else self.y[index_array], weights

    def _given_rows(self, index_array: NDArray[np.int64]) -> NDArray[np.int64]:
        """Returns where among the images that were given samples are."""
        return self._rows(index_array) + self._first_row

    def _rows(self, index_array: NDArray[np.int64]) -> NDArray[np.int64]:
        """Returns where in `x` samples are."""
        return index_array if self.rows is None else self.rows[index_array]


def _one_data_format(data_format: str | None) -> str:
    if data_format is None:
        data_format = _keras.image_data_format()
    if data_format not in _keras.DATA_FORMATS:
        raise ValueError(
            '`data_format` should be `"channels_last"` or `"channels_first"`. '
            f"Received: {data_format}"
        )
    return data_format


def _check_shape(shape: tuple[int, ...], data_format: str) -> None:
    """Raises `ValueError` for images without pixels; warns of odd numbers of channels, as Keras."""
    if 0 in shape[1:]:
        raise ValueError(
            "Input data in `NumpyArrayIterator` should have at least one pixel and channel. "
            f"You passed an array with shape {shape}"
        )
    channels_axis = 3 if data_format == "channels_last" else 1
    if shape[channels_axis] not in (1, 3, 4):
        warn(
            "NumpyArrayIterator is set to use the data format convention "
            f'"{data_format}" (channels on axis {channels_axis}), i.e. expected either 1, 3, '
            f"or 4 channels on axis {channels_axis}. However, it was passed an array with "
            f"shape {shape} ({shape[channels_axis]} channels)."
        )


def _stack(x: Any, generator: Settings, dtype: np.dtype[Any]) -> Stack:
    """Returns what targets are told of images."""
    shape = tuple(x.shape)
    first = generator.channel_axis == 1
    height, width = shape[2:] if first else shape[1:3]
    data_format = "channels_first" if first else "channels_last"
    return Stack(shape[0], height, width, data_format, dtype)


def _split_inputs(x: Any) -> tuple[Any, list[NDArray[Any]]]:
    """Splits `(images, others)`; a list that is no pair, or whose elements are images, is one."""
    if isinstance(x, tuple) and len(x) != 2:
        raise ValueError(
            "`x` should be an array of images or a pair `(images, others)`. "
            f"Received a tuple of length {len(x)}"
        )
    if not isinstance(x, (tuple, list)) or (isinstance(x, list) and not _is_pair(x)):
        return _images(x), []
    others: Sequence[Any] = x[1] if isinstance(x[1], list) else [x[1]]
    return _images(x[0]), [as_array("x[1]", other) for other in others]


def _check_others(x: Any, x_misc: list[NDArray[Any]]) -> None:
    """Raises `ValueError` if what is passed along is not one for each image."""
    for other in x_misc:
        if other.ndim == 0:
            raise ValueError(
                "`x[1]` should be an array or a list of arrays. "
                f"Received a list with the element {other!r}"
            )
        if len(x) != len(other):
            raise ValueError(
                "All of the arrays in `x` should have the same length. Found a pair with: "
                f"len(x[0]) = {len(x)}, len(x[?]) = {len(other)}"
            )


def _images(x: Any) -> Any:
    """Returns images as from `sequence`; checks their rank."""
    images = sequence("x", x, stack=True)
    if isinstance(images, np.ndarray):
        real_array("x", images, FOR_FILES, objects=True)
    shape = tuple(images.shape)
    if len(shape) != 4:
        raise ValueError(
            "Input data in `NumpyArrayIterator` should have rank 4. You passed an array with "
            f"shape {shape}{rank_hint(images)}"
        )
    return images


def _is_pair(x: list[Any]) -> bool:
    """Whether a list is `[images, others]`, and no list of images."""
    return len(x) == 2 and _rank(x[0]) not in (0, 2, 3)


def _rank(value: Any) -> int:
    try:
        return np.ndim(value)
    except ValueError:  # ragged
        return -1


def _alongside(name: str, what: str, values: Any, x: Any) -> Any:
    """Returns what belongs to the images, as from `sequence`; checks that there is one for each."""
    if values is None:
        return None
    values = sequence(name, values, stack=True)
    shape = tuple(values.shape)
    if not shape or len(x) != shape[0]:
        raise ValueError(
            f"`x` (images tensor) and {what} should have the same length. "
            f"Found: x.shape = {tuple(x.shape)}, {name}.shape = {shape}"
        )
    return values


def _subset(
    x: Any,
    y: Any,
    generator: Settings,
    subset: str,
    ignore_class_split: bool,
) -> slice | NDArray[np.int64]:
    """Returns the part of the images that belongs to a subset: a slice, or indices."""
    if subset not in ("training", "validation"):
        raise ValueError(f'Invalid subset name: {subset}; expected "training" or "validation".')
    share = generator._validation_split or 0.0
    split = getattr(generator, "split", None)
    if split is None:
        return _first(x, y, share, subset, ignore_class_split)
    if split == "hash":
        raise ValueError(
            '`split="hash"` is for files, whose names it goes by; for arrays, accepted are '
            '`split=None` and "stratified"'
        )
    if y is None:
        raise ValueError('`split="stratified"` needs labels: `y` is `None`')
    chosen = splits.stratified(y, share, generator.split_seed)
    if not ignore_class_split:
        _check_classes(y, chosen, share)
    return np.flatnonzero(chosen if subset == "validation" else ~chosen)


def _first(x: Any, y: Any, share: float, subset: str, ignore_class_split: bool) -> slice:
    split = int(len(x) * share)
    if y is not None and not ignore_class_split:
        labels = as_array("y", y)
        try:
            same = np.array_equal(np.unique(labels[:split]), np.unique(labels[split:]))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"`y` (labels) cannot be sorted into classes: {error}. Pass "
                "`ignore_class_split=True` if they need not be the same in both subsets"
            ) from error
        if not same:
            raise ValueError(
                "Training and validation subsets have different number of classes after the split. "
                + _what_to_do(labels)
            )
    return slice(None, split) if subset == "validation" else slice(split, None)


def _what_to_do(labels: NDArray[Any]) -> str:
    """Returns what helps if subsets have different labels."""
    numbers = is_floating(labels.dtype) and bool((labels != np.trunc(labels)).any())
    if numbers or labels.ndim > 2:
        return (
            f"`y` of shape {labels.shape} seems to hold numbers to predict, or masks, and no "
            "classes: pass `ignore_class_split=True`."
        )
    return (
        "If your numpy arrays are sorted by the label, you might want to shuffle them. If `y` "
        "holds other things than classes, or the subsets may differ in them, pass "
        "`ignore_class_split=True`."
    )


def _check_classes(y: Any, chosen: NDArray[np.bool_], share: float) -> None:
    classes = splits.class_numbers(y)
    without = np.setdiff1d(classes, classes[chosen])
    if without.size:
        smallest = int(np.bincount(classes)[without].min())
        raise ValueError(
            f'`split="stratified"` leaves {without.size} of {classes.max() + 1} classes without an '
            f"image for validation: `validation_split` = {share} of {smallest} images is less than "
            "one. Use a larger share, or accept it with `ignore_class_split=True`"
        )
