"""What `ImageDataGenerator.fit` looks at, and which statistics it computes from that."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core, _keras
from batchwarp._arguments import boolean, integer
from batchwarp._arrays import (
    CORE_INPUTS,
    FOR_FILES,
    computing_dtype,
    converted,
    rank_hint,
    real_array,
)
from batchwarp._random import random_state, with_borrowed_global
from batchwarp._warnings import warn
from batchwarp.augment.keyed_pipeline import KeyedPipeline
from batchwarp.augment.keys import Keys, hash_of_state
from batchwarp.augment.one_by_one import is_beyond_the_core, overrides
from batchwarp.augment.operations import draws_by_key
from batchwarp.augment.plan import draws_for, recipe_plans_of, warp_plan
from batchwarp.augment.recipe import value_range_of
from batchwarp.augment.settings import Settings
from batchwarp.augment.statistics import channel_moments, zca_matrix
from batchwarp.ops.keras_normalize import rescale_factor

# How many values `fit` converts at a time: few enough to stay in the cache while they are summed,
# or enough for a product of matrices to be worth it.
_CACHED_VALUES = 1 << 16
_MANY_VALUES = 1 << 21
# How many values are asked of an iterator at a time, such that its threads find enough files.
_READ_VALUES = 1 << 23


class StoredImages(Protocol):
    """A data set whose images can be read in pieces, as iterators are.

    Attributes:
        n: Integer, the number of images.
    """

    n: int

    def raw_chunks(
        self, count: int, index_array: NDArray[np.int64] | None = None
    ) -> Iterable[NDArray[Any]]:
        """Yields images as they are before augmentation.

        Args:
            count: Integer of at least 1, how many images an array may have.
            index_array: Array of the indices of the samples; `None` means all, in order.
        """
        ...


class _Samples(Protocol):
    """The rescaled images that statistics are computed from.

    Attributes:
        size: Integer, the number of values of one image.
        dtype: Floating-point dtype, the generator's or else float32.
    """

    size: int
    dtype: np.dtype[Any]

    def chunks(self, values: int) -> Iterator[NDArray[Any]]:
        """Yields the images from the start in arrays of rank 4.

        Args:
            values: Integer, about how many values an array may have; it has at least one image.
        """
        ...


def fit_array(generator: Settings, x: Any, augment: bool, rounds: Any, seed: int | None) -> None:
    """Computes a generator's statistics from an array; see `ImageDataGenerator.fit`."""
    x = real_array("x", x, FOR_FILES, objects=True)
    if x.ndim != 4:
        raise ValueError(
            f"Input to `.fit()` should have rank 4. Got array with shape: {x.shape}{rank_hint(x)}"
        )
    if x.size == 0:
        raise ValueError(
            f"Input to `.fit()` should hold at least one image. Got array with shape: {x.shape}"
        )
    boolean("augment", augment)
    if augment:
        integer("rounds", rounds, 1)
    random = random_state(seed)
    axis = generator.channel_axis
    if x.shape[axis] not in (1, 3, 4):
        warn(
            "Expected input to be images (as Numpy array) following the data format convention "
            f'"{generator.data_format}" (channels on axis {axis}), i.e. expected either 1, 3 or 4 '
            f"channels on axis {axis}. However, it was passed an array with shape {x.shape} "
            f"({x.shape[axis]} channels)."
        )
    if generator.operations or (augment and draws_by_key(generator)):
        key = int(seed) if isinstance(seed, (int, np.integer)) else hash_of_state(random)
        _set_statistics(
            generator, _KeyedSamples(generator, x, rounds if augment else 0, random, key)
        )
    else:
        _set_statistics(generator, _ArraySamples(generator, x, rounds if augment else 0, random))


def fit_stored(generator: Settings, iterator: StoredImages, samples: Any) -> None:
    """Computes a generator's statistics from an iterator; see `ImageDataGenerator.fit_from`."""
    data_format = getattr(iterator, "data_format", generator.data_format)
    if data_format != generator.data_format:
        raise ValueError(
            f'`iterator` has images with `data_format="{data_format}"`, while that of this '
            f'generator is "{generator.data_format}"'
        )
    _set_statistics(generator, _StoredSamples(generator, iterator, _count(samples, iterator.n)))


def _count(samples: Any, n: int) -> int:
    if samples is None:
        return n
    return min(integer("samples", samples, 1), n)


def _set_statistics(generator: Settings, samples: _Samples) -> None:
    center, divide = generator.featurewise_center, generator.featurewise_std_normalization
    if not (center or divide or generator.zca_whitening):
        return
    dtype = samples.dtype if samples.dtype == np.float64 else np.dtype(np.float32)
    count = 0

    def counted() -> Iterator[NDArray[Any]]:
        nonlocal count
        for chunk in samples.chunks(_CACHED_VALUES):
            count += len(chunk)
            yield chunk

    mean, std = (
        np.expand_dims(moment.astype(dtype), (1, 2) if generator.channel_axis == 1 else (0, 1))
        for moment in channel_moments(counted(), generator.channel_axis)
    )
    if center:
        generator.mean = mean
    if divide:
        generator.std = std
    if generator.zca_whitening:

        def standardised() -> Iterator[NDArray[Any]]:
            for chunk in samples.chunks(_MANY_VALUES):
                values = chunk - mean if center else chunk
                yield values / (std + 1e-6) if divide else values

        generator.zca_whitening_matrix = zca_matrix(
            standardised, count, samples.size, float(generator.zca_epsilon), dtype
        )


def _float_dtype(generator: Settings) -> np.dtype[Any]:
    wanted = computing_dtype(_keras.standardize_dtype(generator.dtype))
    return wanted if wanted.kind == "f" else np.dtype(np.float32)


def _rescaled(generator: Settings, images: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    values = np.array(converted("x", images, dtype))
    if rescale_factor(generator) is not None:
        values *= generator.rescale
    return values


class _StoredSamples:
    """The rescaled images of an iterator, read anew each time.

    Args:
        generator: The generator that is fitted.
        iterator: The iterator.
        count: Integer, how many of its images, evenly spread.
    """

    def __init__(self, generator: Settings, iterator: StoredImages, count: int) -> None:
        self._generator = generator
        self._iterator = iterator
        self._indices = np.arange(count, dtype=np.int64) * iterator.n // max(count, 1)
        self.dtype = _float_dtype(generator)
        first = next(iter(iterator.raw_chunks(1, self._indices)), None)
        if first is None:
            raise ValueError("`iterator` should have at least one image")
        self._operations: _Operations | None = None
        first = self._at_size(first)
        self._shape = first.shape[1:]
        self.size = first[0].size

    def chunks(self, values: int) -> Iterator[NDArray[Any]]:
        """Yields the images; see `_Samples`."""
        length = max(1, values // self.size)
        for images in self._iterator.raw_chunks(max(1, _READ_VALUES // self.size), self._indices):
            for start in range(0, len(images), length):
                part = self._at_size(images[start : start + length])
                if part.shape[1:] != self._shape:
                    raise ValueError(
                        "`iterator` should have images of one size, or this generator `operations` "
                        f"that bring them to one. Received: images of shapes {self._shape} and "
                        f"{part.shape[1:]}"
                    )
                yield _rescaled(self._generator, part, np.dtype(np.float64))

    def _at_size(self, images: NDArray[Any]) -> NDArray[Any]:
        """Returns images of the size that the generator's operations bring them to."""
        if not self._generator.operations:
            return images
        operations, shape = self._operations, images.shape[1:]
        if operations is None or operations.of != shape:
            operations = _Operations(self._generator, shape, images.dtype, augment=False)
            self._operations = operations
        return operations(images)


class _ArraySamples:
    """The rescaled, perhaps augmented images that `fit` looks at, in chunks and as often as needed.

    Args:
        generator: The generator.
        x: Array of rank 4, all images.
        rounds: Integer, how many augmented versions of each image; 0 for the images themselves.
        random: The state to draw from; everything is drawn here, in Keras' order.
    """

    def __init__(
        self,
        generator: Settings,
        x: NDArray[Any],
        rounds: int,
        random: np.random.RandomState,
    ) -> None:
        self._generator = generator
        self._x = x
        self.size = x[0].size
        self.dtype = _float_dtype(generator)
        self._count = len(x) * max(1, rounds)
        self._params: list[NDArray[np.float64] | None] = []
        self._augmented: NDArray[Any] | None = None
        if rounds == 0:
            return
        if overrides(
            generator,
            Settings,
            "random_transform",
            "get_random_transform",
            "apply_transform",
        ) or is_beyond_the_core(generator, x.shape[1:]):
            self._augmented = self._one_by_one(random)
            return
        image_shape = x.shape[1:]
        self._plan = warp_plan(generator, image_shape)
        draws = draws_for(generator, image_shape)
        self._params = [draws.batch(random, len(x)) for _ in range(rounds)]

    def _one_by_one(self, random: np.random.RandomState) -> NDArray[Any]:
        """Augments through the generator's own methods; their result cannot be made twice."""
        augmented = np.zeros((self._count, *self._x.shape[1:]), self.dtype)

        def run(_: np.random.RandomState) -> None:
            for row in range(self._count):
                image = _rescaled(self._generator, self._x[row % len(self._x)], self.dtype)
                augmented[row] = self._generator.random_transform(image)

        with_borrowed_global(random, run)
        return augmented

    def chunks(self, values: int) -> Iterator[NDArray[Any]]:
        """Yields the images in arrays of rank 4.

        Args:
            values: Integer, about how many values an array may have; it has at least one image.
        """
        length = max(1, values // self.size)
        parts = [slice(start, start + length) for start in range(0, self._count, length)]
        if self._augmented is not None:
            for part in parts:
                yield self._augmented[part]
            return
        parts = [part for part in parts if part.start < len(self._x)]
        if not self._params:
            for part in parts:
                yield _rescaled(self._generator, self._x[part], np.dtype(np.float64))
            return
        for params in self._params:
            for part in parts:
                chunk = _rescaled(self._generator, self._x[part], self.dtype)
                augmented = np.empty_like(chunk)
                drawn = None if params is None else params[part]
                _core.augment_batch(chunk, None, drawn, self._plan, augmented)
                yield augmented


class _Operations:
    """Operations of a generator, done to images before they are rescaled.

    Args:
        generator: The generator.
        image_shape: Tuple of three integers.
        stored: Dtype of the images.
        augment: Boolean, whether all that is done at random is; if not, only sizes are set.

    Attributes:
        pipeline: What does it.
        of: Tuple of three integers, what images are before.
        shape: Tuple of three integers, what images are afterwards.

    Raises:
        ValueError: If an operation cannot be done to such images.
    """

    def __init__(
        self,
        generator: Settings,
        image_shape: tuple[int, ...],
        stored: np.dtype[Any],
        augment: bool,
    ) -> None:
        value_range = value_range_of(stored, generator.value_range)
        made = recipe_plans_of(
            generator, image_shape, value_range, augment, augment, only_sizes=not augment
        )
        made = made._replace(plans=made.plans._replace(full=None))  # statistics come before that
        draws = draws_for(generator, image_shape) if augment else None
        self.of = image_shape
        self.shape = made.plans.shape
        self.pipeline = KeyedPipeline(generator, made, image_shape, draws, np.dtype(np.float64))

    def __call__(
        self, images: NDArray[Any], rows: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Returns images as they are afterwards.

        Args:
            images: Array of rank 4.
            rows: As from `KeyedPipeline.rows`; `None` if nothing is drawn.
        """
        if images.dtype not in CORE_INPUTS:
            images = converted("x", images, np.dtype(np.float64))
        made = np.empty((len(images), *self.shape), np.float64)
        self.pipeline.warp(images, None, rows, made)
        return made


class _KeyedSamples:
    """The images that `fit` looks at where operations are done, or numbers drawn by key.

    As in flows, images are rescaled after all that is done at random.

    Args:
        generator: The generator.
        x: Array of rank 4, all images.
        rounds: Integer, how many augmented versions of each image; 0 for the images themselves.
        random: The state that Keras' parameters are drawn from, unless they are keyed.
        seed: Integer, of what is drawn by key. The epoch is the round, a sample its row.

    Raises:
        ValueError: If an operation cannot be done to such images, or methods are overridden.
    """

    def __init__(
        self,
        generator: Settings,
        x: NDArray[Any],
        rounds: int,
        random: np.random.RandomState,
        seed: int,
    ) -> None:
        names = ("random_transform", "get_random_transform", "apply_transform")
        if rounds and (
            overrides(generator, Settings, *names) or is_beyond_the_core(generator, x.shape[1:])
        ):
            raise ValueError(
                "`augment` should be False for a generator with operations, or keyed draws, whose "
                f"images are made one by one. Received: True with {type(generator).__name__}"
            )
        self._generator = generator
        self._x = x
        self._seed = seed
        self._operations = _Operations(generator, x.shape[1:], x.dtype, augment=rounds > 0)
        pipeline = self._operations.pipeline
        self._params = [pipeline.draw(random, len(x)) for _ in range(rounds)]
        self.size = math.prod(self._operations.shape)
        self.dtype = _float_dtype(generator)

    def chunks(self, values: int) -> Iterator[NDArray[Any]]:
        """Yields the images; see `_Samples`."""
        length = max(1, values // self.size)
        for number, params in enumerate(self._params or [None]):
            for start in range(0, len(self._x), length):
                part = slice(start, min(start + length, len(self._x)))
                rows = None
                if self._params:
                    samples = np.arange(part.start, part.stop, dtype=np.uint64)
                    drawn = None if params is None else params[part]
                    keys = Keys(samples, number, self._seed)
                    rows = self._operations.pipeline.rows(drawn, keys)
                made = self._operations(self._x[part], rows)
                yield _rescaled(self._generator, made, np.dtype(np.float64))
