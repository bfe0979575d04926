"""From samples to augmented batches: what iterators over arrays and over files share."""

from __future__ import annotations

import secrets
from collections import abc
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp._arguments import folder_path, seed_of_a_flow
from batchwarp._arrays import computing_dtype
from batchwarp._pillow import array_to_img
from batchwarp._random import global_random, is_borrowed
from batchwarp.augment.draws import as_dictionaries
from batchwarp.augment.keyed_pipeline import OperationsAlone, pipeline_for
from batchwarp.augment.keys import Keys, hash_of_state, keyed_order
from batchwarp.augment.one_by_one import (
    is_beyond_the_core,
    overrides,
    run_one_by_one,
    transformed,
)
from batchwarp.augment.operations import draws_by_key, shape_after
from batchwarp.augment.pipeline import Pipeline
from batchwarp.augment.plan import draws_for
from batchwarp.augment.recipe import value_range_of
from batchwarp.augment.settings import Settings, augments, takes_chances
from batchwarp.iterators.base import Iterator
from batchwarp.iterators.structures import map_arrays


class Variant(NamedTuple):
    """One image of a batch, and what it was made of.

    Attributes:
        sample: Integer, the index of the sample.
        original: Array of rank 3, the image as it is stored.
        parameters: Dictionary as from `get_random_transform`; empty if images are not augmented.
        image: Array of rank 3, the image as it is in the batch.
    """

    sample: int
    original: NDArray[Any]
    parameters: dict[str, Any]
    image: NDArray[Any]


class ImageIterator(Iterator):
    """Base class of the iterators that augment stored images with a generator.

    The way of a batch is `_transformed`, from its samples to what the caller gets. Subclasses are
    asked twice on it: where the images are (`_stored`, or `_made` if they are best made as they
    come), and what belongs to them (`_with_others`). They set the attributes below.
    """

    _transient: ClassVar[frozenset[str]] = Iterator._transient | {"_pipeline"}
    _pipeline: Pipeline | None = None
    _subset: str | None = None
    # What functions of these names say of the generator and the subset.
    _augments: bool = True
    _takes_chances: bool = True
    # Names of saved images end in a number below this one, drawn as in Keras.
    _save_numbers: ClassVar[int]

    image_data_generator: Any
    data_format: str
    save_to_dir: Any
    save_prefix: str
    save_format: str
    _numpy_dtype: np.dtype[Any]

    def __init__(
        self,
        n: int,
        batch_size: int,
        shuffle: bool,
        seed: Any,
        *,
        prefetch: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(n, batch_size, shuffle, seed, prefetch=prefetch, **kwargs)
        # Where there is no seed.
        self._key = secrets.randbits(64) if self._draws_by_key else hash_of_state(global_random())
        if self._counts_passes and self._current_pipeline() is None:
            self._operate(np.empty(0, np.int64), 0)  # raises whatever a batch would

    def _set_subset(self, generator: Any, subset: str | None) -> None:
        """Keeps what is done to the images of a subset."""
        self._subset = subset
        self._augments = augments(generator, subset)
        self._takes_chances = takes_chances(generator, subset)

    @property
    def _image_shape(self) -> tuple[int, ...]:
        """Shape of one stored image in the generator's layout."""
        raise self._lacks("_image_shape")

    @property
    def _stored_dtype(self) -> np.dtype[Any]:
        """Dtype of stored images."""
        raise self._lacks("_stored_dtype")

    @property
    def _value_range(self) -> tuple[float, float] | None:
        """Between what values images are, or `None` if nobody has said so."""
        value_range: tuple[float, float] | None = value_range_of(
            self._stored_dtype, self.image_data_generator.value_range
        )
        return value_range

    @property
    def _operates(self) -> bool:
        """Whether the generator has operations."""
        return bool(getattr(self.image_data_generator, "operations", ()))

    @property
    def _draws_by_key(self) -> bool:
        return draws_by_key(self.image_data_generator)

    @property
    def _counts_passes(self) -> bool:
        generator = self.image_data_generator  # this is asked for each batch
        return bool(getattr(generator, "operations", ())) or (
            getattr(generator, "draws", "keras") != "keras"
        )

    def _seed(self) -> int:
        """Returns the seed of what is drawn by key."""
        seed = seed_of_a_flow(self.seed)
        return self._key if seed is None else seed

    def _set_index_array(self) -> None:
        if self.shuffle and self._draws_by_key:
            self.index_array = keyed_order(self._seed(), self._pass.number, self.n)
        else:
            super()._set_index_array()

    def _sample_numbers(
        self,
        index_array: NDArray[np.int64],  # noqa: ARG002 - subclasses use it
    ) -> NDArray[np.uint64]:
        """Returns what keyed draws call samples: the same whatever the split or the order is.

        Args:
            index_array: Array `(n,)`, the samples.

        Returns:
            Array `(n,)`.
        """
        raise self._lacks("_sample_numbers")

    def _keys(self, index_array: NDArray[np.int64], number: int) -> Keys:
        """Returns what the random numbers of operations depend on.

        Args:
            index_array: Array `(n,)`, the samples.
            number: Integer, of the pass.
        """
        epoch = 0 if self._subset == "validation" else number
        return Keys(self._sample_numbers(index_array), epoch, self._seed())

    def _operate(self, index_array: NDArray[np.int64], number: int) -> OperationsAlone | None:
        """Returns what does the operations to images that go one by one through methods."""
        if not self._operates:
            return None
        return OperationsAlone(
            self.image_data_generator,
            self._image_shape,
            self._working_dtype,
            self._takes_chances,
            self._value_range,
            self._keys(index_array, number),
        )

    @property
    def _working_dtype(self) -> np.dtype[Any]:
        """Dtype that images are augmented in."""
        return computing_dtype(self._numpy_dtype)

    def _stored(
        self,
        index_array: NDArray[np.int64],  # noqa: ARG002 - subclasses use it
    ) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
        """Finds images as they are before augmentation.

        Args:
            index_array: Array `(n,)`, the samples.

        Returns:
            Tuple of an array of rank 4, an array `(n,)`: which of its images are the samples', and
            the samples again, since others may have taken the place of some.
        """
        raise self._lacks("_stored")

    def _with_others(
        self,
        batch_x: NDArray[Any],  # noqa: ARG002 - subclasses use them
        index_array: NDArray[np.int64],  # noqa: ARG002
    ) -> Any:
        """Returns images together with their labels, weights and what else belongs to them."""
        raise self._lacks("_with_others")

    def _batch(
        self, index_array: NDArray[np.int64], random: np.random.RandomState, number: int
    ) -> Any:
        if self._is_overridden():
            return super()._batch(index_array, random, number)
        return self._transformed(index_array, random, number)

    def _is_overridden(self) -> bool:
        return overrides(self, ImageIterator, "_get_batches_of_transformed_samples")

    def _get_batches_of_transformed_samples(self, index_array: NDArray[np.int64]) -> Any:
        # Keras' name. Whoever overrides it may call this one, which then finds the state that
        # `numpy.random` draws from meanwhile.
        random = global_random() if is_borrowed() else self._random
        index_array = np.asarray(index_array, dtype=np.int64)
        return self._transformed(index_array, random, self._pass.number)

    def _transformed(
        self, index_array: NDArray[np.int64], random: np.random.RandomState, number: int
    ) -> Any:
        """Makes a batch: all the way from its samples, in the order in which Keras draws."""
        generator = self.image_data_generator
        pipeline = self._fused()
        if pipeline is not None and pipeline.draws_first:
            params = pipeline.draw(random, len(index_array))
            batch, index_array = self._made(pipeline, index_array, params, number)
        else:
            images, rows, index_array = self._stored(index_array)
            if pipeline is not None:
                keys = self._keys(index_array, number) if pipeline.is_keyed else None
                batch = pipeline.run(generator, images, rows, random, self._buffers, keys)
            elif generator:
                batch = run_one_by_one(
                    generator,
                    images,
                    rows,
                    self._working_dtype,
                    random,
                    self._augments,
                    self._operate(index_array, number),
                    self._drawn_for_methods(index_array, number),
                )
            else:
                batch = images[rows].astype(self._working_dtype)
        batch_x = batch.astype(self._numpy_dtype, copy=False)
        if self.save_to_dir:
            self._save(batch_x, index_array, random, number)
        return self._with_others(batch_x, index_array)

    def _drawn_for_methods(
        self, index_array: NDArray[np.int64], number: int
    ) -> list[dict[str, Any]] | None:
        """Returns what an overridden `apply_transform` is called with, if it is drawn by key."""
        generator = self.image_data_generator
        if not (self._draws_by_key and self._augments) or overrides(
            generator, Settings, "get_random_transform"
        ):
            return None
        params = draws_for(generator, self._image_shape).keyed(self._keys(index_array, number))
        return [{} for _ in index_array] if params is None else as_dictionaries(params)

    def _made(
        self,
        pipeline: Pipeline,
        index_array: NDArray[np.int64],
        params: NDArray[np.float64] | None,
        number: int,
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Makes images whose parameters have been drawn, here in one call of the core.

        Args:
            pipeline: As from `_fused`; its `draws_first` is true.
            index_array: Array `(n,)`, the samples.
            params: What `pipeline.draw` returned.
            number: Integer, of the pass.

        Returns:
            Tuple of an array of rank 4 of `_working_dtype` and the samples again, since others may
            have taken the place of some.
        """
        images, rows, index_array = self._stored(index_array)
        if pipeline.is_keyed:
            params = pipeline.rows(params, self._keys(index_array, number))
        batch = pipeline.make(self.image_data_generator, images, rows, params, self._buffers)
        return batch, index_array

    def _fused(self) -> Pipeline | None:
        """Returns the way through the core, or `None` if images go one by one through methods."""
        pipeline = self._current_pipeline()
        return pipeline if pipeline is not None and pipeline.fused else None

    def _current_pipeline(self) -> Pipeline | None:
        """Returns what the generator does now, or `None` if its methods are overridden."""
        generator = self.image_data_generator
        if not isinstance(generator, Settings) or overrides(
            generator, Settings, "get_random_transform", "apply_transform", "standardize"
        ):
            return None
        pipeline = self._pipeline
        if pipeline is None or not pipeline.matches(generator):
            if self._augments and is_beyond_the_core(generator, self._image_shape):
                return None
            pipeline = pipeline_for(
                generator,
                self._image_shape,
                self._working_dtype,
                augment=self._augments,
                takes_chances=self._takes_chances,
                value_range=self._value_range,
            )
            self._pipeline = pipeline
        return pipeline

    def raw_chunks(
        self, count: int, index_array: NDArray[np.int64] | None = None
    ) -> abc.Iterator[NDArray[Any]]:
        """Yields the data set's images as they are before augmentation; see the base class.

        Raises:
            ImageFileError: If a file cannot be read and this is not to be tolerated.
        """
        samples = np.arange(self.n) if index_array is None else index_array
        for start in range(0, len(samples), count):
            images, rows, _ = self._stored(samples[start : start + count])
            yield images[rows]

    def next_variants(self) -> abc.Iterator[Variant]:
        """Makes the next batch one image after the other, so that it need not fit in memory.

        The images are those of `next()`, for a generator without overridden methods and without a
        `preprocessing_function`.

        Yields:
            The images of the batch.

        Raises:
            ImageFileError: If a file cannot be read and this is not to be tolerated.
        """
        with self.lock:
            index_array = next(self.index_generator)
            random, number = self._random, self._pass.number
        fused = self._fused()
        pipeline = self._pipeline
        assert pipeline is not None
        params = pipeline.draw(random, len(index_array))
        self._states.give_back(random)
        generator = self.image_data_generator
        for row in range(len(index_array)):
            part = slice(row, row + 1)
            images, rows, samples = self._stored(index_array[part])
            original = images[rows[0]]
            drawn = None if params is None else params[part]
            keys = self._keys(samples, number)
            parameters = pipeline.own_params(drawn, keys)
            own = {} if parameters is None else as_dictionaries(parameters)[0]
            if fused is not None:
                drawn = fused.rows(drawn, keys)
                image = fused.make(generator, images, rows, drawn, self._buffers)[0]
            else:
                operate = self._operate(samples, number)
                image = transformed(generator, original, self._working_dtype, own, operate)
            image = np.asarray(image).astype(self._numpy_dtype, copy=False)
            yield Variant(int(samples[0]), original, own, image)

    def _template(self) -> Any:
        if self._is_overridden():
            return super()._template()
        # An empty batch reads no file, calls no function of the user's and saves no file.
        shape = shape_after(self.image_data_generator, self._image_shape)
        empty = np.empty((0, *shape), self._numpy_dtype)
        return self._with_others(empty, np.empty(0, np.int64))

    def _block(self, batches: int) -> Any:
        pipeline = None if self._is_overridden() or self.save_to_dir else self._fused()
        if pipeline is None or not pipeline.draws_first:
            return super()._block(batches)
        indices, params = [], []
        for _ in range(batches):
            with self.lock:
                index_array = next(self.index_generator)
                random, number = self._random, self._pass.number
            indices.append(index_array)
            drawn = pipeline.draw(random, len(index_array))
            if drawn is not None:
                params.append(drawn)
            self._states.give_back(random)
        batch_x, together = self._made(
            pipeline, np.concatenate(indices), np.concatenate(params) if params else None, number
        )
        batch_x = batch_x.astype(self._numpy_dtype, copy=False)
        size = len(together) // batches
        return map_arrays(
            lambda array: array.reshape(batches, size, *array.shape[1:]),
            self._with_others(batch_x, together),
        )

    def _set_saving(self, save_to_dir: Any, save_prefix: str, save_format: str) -> None:
        """Checks and keeps where `_save` puts images, and under which names."""
        if save_to_dir:
            folder_path("save_to_dir", save_to_dir)
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format

    def _save(
        self,
        batch_x: NDArray[Any],
        index_array: NDArray[np.int64],
        random: np.random.RandomState,
        number: int,
    ) -> None:
        draws = not self._draws_by_key
        for image, index in zip(batch_x, index_array, strict=True):
            picture = array_to_img(image, self.data_format, scale=True)
            suffix = random.randint(self._save_numbers) if draws else number
            name = f"{self.save_prefix}_{index}_{suffix}.{self.save_format}"
            picture.save(Path(folder_path("save_to_dir", self.save_to_dir)) / name)
