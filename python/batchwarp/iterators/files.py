"""Batches from image files: what `DirectoryIterator` and `DataFrameIterator` share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from batchwarp import _keras
from batchwarp._arrays import CORE_INPUTS, computing_dtype
from batchwarp.augment.handover import one_handover
from batchwarp.augment.keyed_pipeline import pipeline_for
from batchwarp.augment.native_pipeline import NativePipeline
from batchwarp.augment.operations import shape_after, size_that_fits
from batchwarp.augment.pipeline import Pipeline
from batchwarp.augment.settings import Settings
from batchwarp.errors import AnnotationError, ImageFileError
from batchwarp.files.ahead import FILES, FilesAhead, Touch
from batchwarp.files.dataset import ImageFiles
from batchwarp.files.in_core import Warp
from batchwarp.files.masks import FORMATS_OF_MASKS
from batchwarp.files.options import CHANNELS, FileOptions, extensions
from batchwarp.files.reader import Loaded
from batchwarp.files.sized_in_core import SizedWarp
from batchwarp.iterators.augmenting import Augmented, Stored
from batchwarp.iterators.file_targets import Beside, FileTargets, MovedBeside
from batchwarp.iterators.labelled import LabelledIterator
from batchwarp.iterators.splits import hashed, stratified
from batchwarp.runtime import get_num_threads


class FilesIterator(LabelledIterator):
    """Base class for iterators over image files.

    Subclasses set `filenames`, `class_mode` and what the class mode needs, `_searched`, and call
    `_set_files`.
    """

    _save_numbers: ClassVar[int] = 10_000_000

    filenames: list[str]
    _searched: str  # where images were looked for, for the error if there is none

    def _set_processing(
        self,
        options: FileOptions,
        image_data_generator: Settings | None,
        *,
        data_format: str | None,
        dtype: Any,
        subset: str | None,
        save_to_dir: Any,
        save_prefix: str,
        save_format: str,
        handover: str | None,
    ) -> None:
        """Checks and keeps what says how files become batches; see the subclasses."""
        if subset not in (None, "training", "validation"):
            raise ValueError(f'Invalid subset name: {subset};expected "training" or "validation"')
        self._options = options
        self.target_size = options.target_size
        self.color_mode = options.color_mode
        self.interpolation = options.interpolation
        self.keep_aspect_ratio = options.keep_aspect_ratio
        self.on_error = options.on_error
        self.image_data_generator = image_data_generator
        self._set_subset(image_data_generator, subset)
        self.data_format = _keras.standardize_data_format(data_format)
        self.dtype = _keras.floatx() if dtype is None else dtype
        self._numpy_dtype = _keras.standardize_dtype(self.dtype)
        self._set_saving(save_to_dir, save_prefix, save_format)
        self.handover = one_handover(handover)
        self.subset = subset
        split = getattr(image_data_generator, "_validation_split", None) or 0.0
        self.split = {None: None, "validation": (0, split), "training": (split, 1)}[subset]

    @property
    def _extensions(self) -> tuple[str, ...]:
        """The ends of the names of files that are images."""
        return extensions(self._options.formats, self.white_list_formats)

    @property
    def _mask_extensions(self) -> tuple[str, ...]:
        """The ends of the names of files that are masks."""
        return tuple({*self._extensions, *self.white_list_formats, *FORMATS_OF_MASKS})

    @property
    def _has_own_split(self) -> bool:
        """Whether the subsets are not the first and the other items, as in Keras."""
        return getattr(self.image_data_generator, "split", None) is not None

    def _first_items(self, count: int) -> slice:
        """Returns which of some items are in the subset, where the first are for validation."""
        assert self.split is not None
        return slice(*(int(share * count) for share in self.split))

    def _own_split(
        self, names: Sequence[str], labels: Sequence[Any] | NDArray[Any]
    ) -> NDArray[np.int64]:
        """Returns which items are in the subset by the generator's `split`.

        Args:
            names: Sequence of strings, the files' names.
            labels: Sequence or array of hashable labels of the same length.

        Returns:
            Array of the items' positions, in order.
        """
        generator: Any = self.image_data_generator
        share, seed = generator._validation_split or 0.0, generator.split_seed
        if generator.split == "hash":
            validation = hashed([name.replace(os.sep, "/") for name in names], share, seed)
        else:
            validation = stratified(labels, share, seed)
        return np.flatnonzero(validation == (self.subset == "validation"))

    def _set_files(self, directory: str, targets: FileTargets | None = None) -> None:
        """Keeps the paths of `filenames`, and makes ready to read them.

        Args:
            directory: String, the folder that they are relative to; it may be empty.
            targets: What moves with the images, or `None`.
        """
        self._filepaths = [os.path.join(directory, name) for name in self.filenames]
        self.samples = len(self._filepaths)
        size = self._options.target_size
        if size is None:  # of what takes the place of files that cannot be read
            channels = CHANNELS.get(self.color_mode, 3)
            size = size_that_fits(self.image_data_generator, channels)
        self._files = self._open(directory, size)
        self._targets_of_files = targets if targets is not None and targets.names else None
        if self._targets_of_files is not None:
            self._targets_of_files.attach(
                self._files, self._options, self.samples, self.data_format, self._numpy_dtype
            )
        self.image_shape = shape_after(self.image_data_generator, self._image_shape)

    def _make(
        self, index_array: NDArray[np.int64], random: np.random.RandomState, number: int
    ) -> Any:
        ahead = self._files.ahead
        if ahead is not None and ahead.is_due():
            self._look_ahead(ahead)
        return super()._make(index_array, random, number)

    @property
    def bytes_to_cache(self) -> int | None:
        """What a cache of its decoded images would take; see the base class."""
        files = self._files
        if self._has_sizes or files.cache is not None or files.dtype != np.uint8:
            return None
        return int(self.samples * np.prod(files.shape))

    def _look_ahead(self, ahead: FilesAhead) -> None:
        """Has the files of the next batches read, if they are asked for one after the other."""
        reading, order = self._reading, self.index_array
        asked = [] if reading is None else reading.asked[-2:]
        if order is None or not asked or (len(asked) == 2 and asked[0] + 1 != asked[1]):
            return
        first = asked[-1] + 1
        last = min(first + FILES // self.batch_size + 1, len(self))

        def touches(place: int) -> list[Touch]:
            return self._files.touches(self._part(order, place), self.filepaths)

        ahead.go_on(order, first, last, touches)

    def _open(self, directory: str, size: tuple[int, int]) -> ImageFiles:
        """Returns what reads the images; see `ImageFiles`."""
        return ImageFiles(self._options, self._filepaths, directory, self._working_dtype, size)

    @property
    def _target_names(self) -> Sequence[str]:
        targets = self._targets_of_files
        return () if targets is None else targets.names

    @property
    def _mask_classes(self) -> int | None:
        targets = self._targets_of_files
        return None if targets is None else targets.mask_classes

    @property
    def num_batches(self) -> int:
        """Number of batches of one pass.

        Raises:
            ValueError: If Keras asks, for `fit`, `evaluate` or `predict`, and there is no image.
        """
        if not self.n and _keras.asks():
            raise self._without_images()
        return len(self)

    def to_tf_dataset(self) -> Any:
        """Returns the batches as a `tf.data.Dataset`; see `Iterator.to_tf_dataset`.

        Raises:
            ValueError: If there is no image, on which a model would seem to train.
        """
        if not self.n:
            raise self._without_images()
        return super().to_tf_dataset()

    def _without_images(self) -> ValueError:
        subset = "" if self.subset is None else f' of the subset "{self.subset}"'
        return ValueError(f"The data set has no image{subset}: {self._searched}")

    @property
    def filepaths(self) -> list[str]:
        """Paths of the image files."""
        return self._filepaths

    @property
    def errors(self) -> list[ImageFileError | AnnotationError]:
        """The files that could not be read so far, with the reasons, each once."""
        return [*self._files.errors.values()]

    @property
    def _image_shape(self) -> tuple[int, ...]:
        return self._shape_of_size(*self._files.shape[:2])

    @property
    def _has_sizes(self) -> bool:
        # Those of the files, until operations bring them to one.
        return self._options.target_size is None

    @property
    def _way(self) -> Callable[..., Pipeline]:
        return NativePipeline if self._has_sizes else pipeline_for

    @property
    def _stored_dtype(self) -> np.dtype[Any]:
        return self._files.dtype

    @property
    def _working_dtype(self) -> np.dtype[Any]:
        if self.color_mode == "unchanged" and self._numpy_dtype == np.float64:
            return self._numpy_dtype  # integers of 32 bits would lose their last digits
        # Keras makes arrays of files before all else.
        return computing_dtype(_keras.standardize_dtype(None))

    def _stored(self, index_array: NDArray[np.int64]) -> Stored:
        """Reads images from files, or finds them in the cache.

        Args:
            index_array: Array `(n,)`, the samples; one where images have sizes of their own.

        Raises:
            ImageFileError: If a file cannot be read and this is not to be tolerated.
        """
        files = self._files
        if self._has_sizes and len(index_array):
            return self._stored_by_itself(index_array)
        held = files.hold(index_array)
        missing = np.flatnonzero(held[0].slots < 0) if held else np.arange(len(index_array))
        targets = self._targets_of_files
        if held is not None and not missing.size:
            beside = None
            if targets is not None:
                sizes = files.sizes_of(index_array, self.filepaths, self._shortage)
                beside = targets.cached(held[1], sizes)
            return Stored(self._in_layout(held[0].images), held[0].slots, index_array, beside)
        if targets is not None:  # what is in the cache, too, from where `load` takes it
            missing = np.arange(len(index_array))
        batch = self._buffers.empty((len(index_array), *files.shape), files.dtype)
        if held is not None:
            images, slots = held[0]
            found = np.flatnonzero(slots >= 0)
            batch[found] = images[slots[found]]
        index_array = index_array.copy()
        paths = self.filepaths
        in_place = batch if len(missing) == len(batch) and batch.dtype == np.uint8 else None
        loaded = files.load(index_array[missing], paths, self._shortage, images=in_place)
        for at, row in enumerate(missing):
            index_array[row], one = self._accepted(int(index_array[row]), loaded[at], paths)
            image = _image_of(one)
            if image.dtype != batch.dtype:  # rare: a grey image of more than 8 bits among others
                batch = batch.astype(self._working_dtype, copy=False)
            if image.base is None or image.base is not in_place:
                batch[row] = image
            loaded[at] = one
        beside = None if targets is None else targets.beside(loaded)
        return Stored(self._in_layout(batch), np.arange(len(batch)), index_array, beside)

    def _stored_by_itself(self, index_array: NDArray[np.int64]) -> Stored:
        """Reads one image, as `_stored` does."""
        paths, fit = self.filepaths, self._fit
        [loaded] = self._files.load(index_array, paths, self._shortage, fit=fit)
        sample, loaded = self._accepted(int(index_array[0]), loaded, paths, fit)
        images = self._in_layout(self._readable(_image_of(loaded))[np.newaxis])
        targets = self._targets_of_files
        beside = None if targets is None else targets.beside([loaded])
        return Stored(images, np.zeros(1, np.int64), np.array([sample]), beside)

    def _augmented(
        self, index_array: NDArray[np.int64], random: np.random.RandomState, number: int
    ) -> Augmented:
        pipeline = self._fused() if self._has_sizes else None
        if pipeline is None:
            return super()._augmented(index_array, random, number)
        # What Keras' arguments draw comes before all that a function draws: no image of a batch is
        # kept until it is that one's turn.
        params = pipeline.draw(random, len(index_array))
        return self._made_with(pipeline, index_array, params, random, number)

    def raw_chunks(
        self, count: int, index_array: NDArray[np.int64] | None = None
    ) -> Iterator[NDArray[Any]]:
        """Yields the data set's images, each by itself if they have sizes; see the base class."""
        if not self._has_sizes:
            yield from super().raw_chunks(count, index_array)
            return
        samples = np.arange(self.n) if index_array is None else index_array
        paths, count = self.filepaths, get_num_threads()
        for start in range(0, len(samples), count):
            some = samples[start : start + count]
            loaded = self._files.load(some, paths, self._shortage, fit=self._fit)
            for sample, one in zip(some, loaded, strict=True):
                _, accepted = self._accepted(int(sample), one, paths, self._fit)
                image, one.image = _image_of(accepted), None
                yield self._in_layout(image[np.newaxis])

    def _fit(self, image: NDArray[Any]) -> None:
        """Raises a `ValueError` if operations cannot be done to an image of this size."""
        shape = self._in_layout(image[np.newaxis]).shape[1:]
        pipeline = self._current_pipeline()
        if pipeline is None:
            self._operate(np.empty(0, np.int64), 0, shape)
        else:
            pipeline.sized(shape)

    def _readable(self, image: NDArray[Any]) -> NDArray[Any]:
        """Returns an image in a dtype that the core reads."""
        if image.dtype != np.uint8 and image.dtype not in CORE_INPUTS:
            return image.astype(self._working_dtype)
        return image

    def _made(
        self,
        pipeline: Pipeline,
        index_array: NDArray[np.int64],
        params: NDArray[np.float64] | None,
        number: int,
    ) -> Augmented:
        """Makes images as in the base class; each right after it was decoded, while it is near."""
        files = self._files
        if files.cache is not None and files.find(index_array).any():
            return super()._made(pipeline, index_array, params, number)
        batch = pipeline.empty(len(index_array), self._buffers)
        has_sizes = self._has_sizes
        fit = self._fit if has_sizes else None
        drawn = params
        if pipeline.is_keyed and not has_sizes:
            drawn = pipeline.rows(params, self._keys(index_array, number))
        beside = self._beside_batch(pipeline, len(index_array))
        warp = self._in_core(pipeline, index_array, drawn, number, batch)

        def make(row: int, loaded: Loaded) -> None:
            part = slice(row, row + 1)
            own = None if drawn is None else drawn[part]
            way = pipeline
            images = None
            if not loaded.is_warped:
                images = self._in_layout(self._readable(_image_of(loaded))[np.newaxis])
            if has_sizes and (images is not None or beside is not None):
                size = loaded.size if images is None else _image_of(loaded).shape[:2]
                assert size is not None
                way = pipeline.sized(self._shape_of_size(*size))
                own = way.rows(own, self._keys(index_array[part], number))
            if images is not None:
                way.warp(images, None, own, batch[part], threads=1)
            if beside is not None:
                beside.move(row, loaded, way.moves(own))

        def use(row: int, loaded: Loaded) -> None:
            if loaded.error is None:
                make(row, loaded)
                loaded.image = None

        index_array = index_array.copy()
        paths = self.filepaths
        made = files.load(index_array, paths, self._shortage, use, fit, warp=warp)
        for row, loaded in enumerate(made):
            if loaded.error is not None:
                index_array[row], other = self._accepted(int(index_array[row]), loaded, paths, fit)
                # It may be another sample now.
                if pipeline.is_keyed and drawn is not None and not has_sizes:
                    part = slice(row, row + 1)
                    own = None if params is None else params[part]
                    drawn[part] = pipeline.rows(own, self._keys(index_array[part], number))
                make(row, other)
        pipeline.complete(self.image_data_generator, batch)
        if beside is None:
            return Augmented(batch, index_array)
        of_all = None if has_sizes else pipeline.moves(drawn)
        return Augmented(batch, index_array, beside.moved(of_all, index_array))

    def _in_core(
        self,
        pipeline: Pipeline,
        index_array: NDArray[np.int64],
        drawn: NDArray[np.float64] | None,
        number: int,
        batch: NDArray[Any],
    ) -> Warp | SizedWarp | None:
        """Returns what the core does while it decodes, if all is done in one go."""
        if self.image_data_generator.data_format != self.data_format:
            return None  # such a generator takes images for what they are not, as in Keras
        if not isinstance(pipeline, NativePipeline):
            moves = pipeline.moves(drawn)
            return Warp(*moves[0], batch) if len(moves) == 1 else None

        def add_plan(height: int, width: int) -> None:
            pipeline.add_plan(self._shape_of_size(height, width))

        keys = self._keys(index_array, number)
        first = self.data_format == "channels_first"
        params = pipeline.drawn(drawn, keys)
        return SizedWarp(pipeline.plans, add_plan, keys, batch, first, params)

    def _shape_of_size(self, height: int, width: int) -> tuple[int, ...]:
        """Returns the shape of images in the generator's layout."""
        channels = self._files.shape[2]
        first = self.data_format == "channels_first"
        return (channels, height, width) if first else (height, width, channels)

    def _beside_batch(self, pipeline: Pipeline, count: int) -> MovedBeside | None:
        """Returns where to move what is beside the images of a batch, if there is something."""
        targets = self._targets_of_files
        return (
            None if targets is None else MovedBeside(targets, count, pipeline.plan, self._buffers)
        )

    def _moved(
        self,
        pipeline: Pipeline,
        params: NDArray[np.float64] | None,
        index_array: NDArray[np.int64],
        beside: Beside | None,
    ) -> dict[str, Any]:
        """Returns what moves with the images of a batch; see the base class."""
        targets = self._targets_of_files
        if targets is None:
            return {}
        moves = pipeline.moves(params)
        if beside is None:
            beside = targets.beside([])
        masks = targets.moved_masks(beside, moves, self._buffers)
        return targets.moved(moves, index_array, beside.sizes, masks)

    def _in_layout(self, images: NDArray[Any]) -> NDArray[Any]:
        """Returns images `(n, height, width, channels)` in the generator's layout."""
        return images.transpose(0, 3, 1, 2) if self.data_format == "channels_first" else images

    def _accepted(
        self,
        sample: int,
        loaded: Loaded,
        paths: Sequence[str],
        fit: Callable[[NDArray[Any]], object] | None = None,
    ) -> tuple[int, Loaded]:
        """Returns the sample and what to take for what was loaded, by `on_error`."""
        return self._files.accepted(sample, loaded, self.on_error, paths, self._shortage, fit)


def _image_of(loaded: Loaded) -> NDArray[Any]:
    """Returns the image of what was loaded, or accepted in its place."""
    assert loaded.image is not None
    return loaded.image
