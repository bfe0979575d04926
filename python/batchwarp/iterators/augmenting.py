"""From samples to augmented images: what makes them, in one call of the core or one by one."""

from __future__ import annotations

import operator
from collections import abc
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _phases
from batchwarp._arrays import computing_dtype
from batchwarp._random import with_borrowed_global
from batchwarp.augment.draws import as_dictionaries
from batchwarp.augment.handover import BYTES, Levels, levels_of, one_by_one_error
from batchwarp.augment.keyed_pipeline import OperationsAlone, pipeline_for
from batchwarp.augment.one_by_one import is_beyond_the_core, overrides, run_one_by_one
from batchwarp.augment.pipeline import Pipeline
from batchwarp.augment.plan import draws_for
from batchwarp.augment.recipe import value_range_of
from batchwarp.augment.settings import Settings
from batchwarp.iterators.parts import PartedIterator

# What makes images one by one; a generator is asked for each batch whether it has others.
_METHODS = ("get_random_transform", "apply_transform", "standardize")
_methods_of = operator.attrgetter(*_METHODS)


def _goes_one_by_one(generator: Settings) -> bool:
    """Whether methods that make images are overridden, in a subclass or on the object itself."""
    if _methods_of(type(generator)) != _methods_of(Settings):
        return True
    return not vars(generator).keys().isdisjoint(_METHODS)


class Augmented(NamedTuple):
    """The images of a batch.

    Attributes:
        images: Array of rank 4 of the iterator's `_working_dtype`.
        samples: Array `(n,)`, the samples that they are of: others than were asked for, if others
            have taken the place of some.
        targets: What has moved with them, by the names of arguments.
    """

    images: NDArray[Any]
    samples: NDArray[np.int64]
    targets: abc.Mapping[str, Any] = {}


class Stored(NamedTuple):
    """Images as they are before augmentation.

    Attributes:
        images: Array of rank 4.
        rows: Array `(n,)`, which of its images the samples' are.
        samples: Array `(n,)`, as of `Augmented`.
        beside: What was read together with them, if their targets are.
    """

    images: NDArray[Any]
    rows: NDArray[np.int64]
    samples: NDArray[np.int64]
    beside: Any = None


class AugmentingIterator(PartedIterator):
    """Base class of iterators that augment stored images with a generator.

    It finds the way of images, `_current_pipeline`, and goes it, `_augmented`. Subclasses are asked
    on it where the images are: `_stored`, or `_made` if they are best made as they come. They set
    the attribute below.
    """

    _transient: ClassVar[frozenset[str]] = PartedIterator._transient | {"_pipeline"}
    _pipeline: Pipeline | None = None

    _numpy_dtype: np.dtype[Any]
    handover: str | None = None

    @property
    def _image_shape(self) -> tuple[int, ...]:
        """Shape of one stored image in the generator's layout."""
        raise self._lacks("_image_shape")

    @property
    def _has_sizes(self) -> bool:
        """Whether images have sizes of their own, so that `_stored` finds one at a time."""
        return False

    @property
    def _stored_dtype(self) -> np.dtype[Any]:
        """Dtype of images as they were given, which tells between what values they are."""
        raise self._lacks("_stored_dtype")

    @property
    def _value_range(self) -> tuple[float, float] | None:
        """Between what values images are, or `None` if nobody has said so."""
        value_range: tuple[float, float] | None = value_range_of(
            self._stored_dtype, self.image_data_generator.value_range
        )
        return value_range

    @property
    def _way(self) -> abc.Callable[..., Pipeline]:
        """What makes the way of batches, with the arguments of `pipeline_for`."""
        return pipeline_for

    @property
    def _working_dtype(self) -> np.dtype[Any]:
        """Dtype that images are augmented in."""
        return computing_dtype(self._numpy_dtype)

    @property
    def _levels(self) -> Levels | None:
        """What bytes stand for, if batches are handed over as bytes."""
        if self.handover is None:
            return None
        return levels_of(self._stored_dtype, self.image_data_generator.value_range)

    @property
    def _pipeline_dtype(self) -> np.dtype[Any]:
        """Dtype of the images that the core makes."""
        if self.handover is None:
            return self._working_dtype
        # What is mixed is rounded afterwards.
        return np.dtype(np.float32) if self._mixes else BYTES

    @property
    def _mixes(self) -> bool:
        """Whether images are mixed with others when they are made."""
        return False

    def _operate(
        self, index_array: NDArray[np.int64], number: int, image_shape: tuple[int, ...]
    ) -> OperationsAlone | None:
        """Returns what does the operations to images that go one by one through methods."""
        if not self._operates:
            return None
        return OperationsAlone(
            self.image_data_generator,
            image_shape,
            self._working_dtype,
            self._takes_chances,
            self._value_range,
            self._keys(index_array, number),
        )

    def _stored(
        self,
        index_array: NDArray[np.int64],  # noqa: ARG002 - subclasses use it
    ) -> Stored:
        """Finds images as they are before augmentation.

        Args:
            index_array: Array `(n,)`, the samples.
        """
        raise self._lacks("_stored")

    def raw_chunks(
        self, count: int, index_array: NDArray[np.int64] | None = None
    ) -> abc.Iterator[NDArray[Any]]:
        """Yields the data set's images as they are before augmentation; see the base class.

        Raises:
            ImageFileError: If a file cannot be read and this is not to be tolerated.
        """
        samples = np.arange(self.n) if index_array is None else index_array
        for start in range(0, len(samples), count):
            stored = self._stored(samples[start : start + count])
            yield stored.images[stored.rows]

    def _augmented(
        self, index_array: NDArray[np.int64], random: np.random.RandomState, number: int
    ) -> Augmented:
        """Makes the images of a batch."""
        generator = self.image_data_generator
        pipeline = self._fused()
        if pipeline is not None and pipeline.draws_first:
            return self._drawn_and_made(pipeline, index_array, random, number)
        if pipeline is None and generator:
            return self._through_methods(index_array, random, number, self._draws_by_key)
        images, rows, index_array, beside = self._stored(index_array)
        if pipeline is None:
            return Augmented(images[rows].astype(self._working_dtype), index_array)
        keys = self._keys(index_array, number) if pipeline.is_keyed else None
        batch, params = pipeline.run(generator, images, rows, random, self._buffers, keys)
        return Augmented(batch, index_array, self._moved(pipeline, params, index_array, beside))

    def _drawn_and_made(
        self,
        pipeline: Pipeline,
        index_array: NDArray[np.int64],
        random: np.random.RandomState,
        number: int,
    ) -> Augmented:
        """Makes the images of a batch whose numbers are all drawn before the first of them.

        Args:
            pipeline: As from `_fused`; its `draws_first` is true.
            index_array: Array `(n,)`, the samples.
            random: The state to draw from.
            number: Integer, of the pass.
        """
        params = pipeline.draw(random, len(index_array))
        return self._made(pipeline, index_array, params, number)

    def _moved(
        self,
        pipeline: Pipeline,  # noqa: ARG002 - subclasses use them
        params: NDArray[np.float64] | None,  # noqa: ARG002
        index_array: NDArray[np.int64],  # noqa: ARG002
        beside: Any,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Returns what moves with the images of a batch, by the names of their arguments.

        Args:
            pipeline: What has moved the images.
            params: What has been drawn for them, a row for each, or `None`.
            index_array: Array `(n,)`, the samples.
            beside: What was read together with the images; `None` for a batch without any.
        """
        return {}

    def _through_methods(
        self,
        index_array: NDArray[np.int64],
        random: np.random.RandomState,
        number: int,
        by_key: bool,
    ) -> Augmented:
        """Makes images one by one, with Keras' parameters drawn by key or by the methods."""
        if self._has_sizes and len(index_array) > 1:
            made = [
                self._through_methods(index_array[row : row + 1], random, number, by_key)
                for row in range(len(index_array))
            ]
            images, samples, _ = zip(*made, strict=True)
            return Augmented(np.concatenate(images), np.concatenate(samples))
        images, rows, index_array, _ = self._stored(index_array)
        shape = images.shape[1:]
        with _phases.noted("function"):
            batch = run_one_by_one(
                self.image_data_generator,
                images,
                rows,
                self._working_dtype,
                random,
                self._augments,
                self._operate(index_array, number, shape),
                self._drawn_for_methods(index_array, number, shape) if by_key else None,
            )
        return Augmented(batch, index_array)

    def _drawn_for_methods(
        self, index_array: NDArray[np.int64], number: int, image_shape: tuple[int, ...]
    ) -> list[dict[str, Any]] | None:
        """Returns parameters by key for `apply_transform`, unless methods draw them."""
        generator = self.image_data_generator
        if not self._augments or overrides(generator, Settings, "get_random_transform"):
            return None
        params = draws_for(generator, image_shape).keyed(self._keys(index_array, number))
        return [{} for _ in index_array] if params is None else as_dictionaries(params)

    def _made(
        self,
        pipeline: Pipeline,
        index_array: NDArray[np.int64],
        params: NDArray[np.float64] | None,
        number: int,
    ) -> Augmented:
        """Makes images whose parameters have been drawn, here in one call of the core.

        Args:
            pipeline: As from `_fused`; its `draws_first` is true.
            index_array: Array `(n,)`, the samples.
            params: What `pipeline.draw` returned.
            number: Integer, of the pass.
        """
        images, rows, index_array, beside = self._stored(index_array)
        if pipeline.is_keyed:
            params = pipeline.rows(params, self._keys(index_array, number))
        batch = pipeline.make(self.image_data_generator, images, rows, params, self._buffers)
        return Augmented(batch, index_array, self._moved(pipeline, params, index_array, beside))

    def _made_with(
        self,
        pipeline: Pipeline,
        index_array: NDArray[np.int64],
        params: NDArray[np.float64] | None,
        random: np.random.RandomState,
        number: int,
    ) -> Augmented:
        """Does what `_made` does; a function that draws finds its numbers where it always does."""
        if pipeline.draws_first:
            return self._made(pipeline, index_array, params, number)
        return with_borrowed_global(
            random, lambda _: self._made(pipeline, index_array, params, number)
        )

    def _fused(self) -> Pipeline | None:
        """Returns the way through the core, or `None` if images go one by one through methods.

        Raises:
            ValueError: If there is none, and batches are handed over as bytes.
        """
        pipeline = self._current_pipeline()
        if pipeline is not None and pipeline.fused:
            return pipeline
        if self.handover is not None:
            raise one_by_one_error(self.image_data_generator)
        return None

    def _current_pipeline(self) -> Pipeline | None:
        """Returns what the generator does now, or `None` if its methods are overridden."""
        generator = self.image_data_generator
        if not isinstance(generator, Settings) or _goes_one_by_one(generator):
            return None
        pipeline = self._pipeline
        if pipeline is None or not pipeline.matches(generator):
            if self._augments and is_beyond_the_core(generator, self._image_shape):
                return None
            pipeline = self._pipeline = self._way(
                generator,
                self._image_shape,
                self._pipeline_dtype,
                augment=self._augments,
                takes_chances=self._takes_chances,
                value_range=self._value_range,
                levels=self._levels,
            )
        return pipeline
