"""Batches from image files: what `DirectoryIterator` and `DataFrameIterator` share."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core, _keras
from batchwarp._arguments import boolean, folder_path, image_size
from batchwarp._arrays import CORE_INPUTS, computing_dtype
from batchwarp._warnings import warn
from batchwarp.augment.pipeline import Pipeline, augments
from batchwarp.augment.settings import Settings
from batchwarp.errors import ImageFileError
from batchwarp.files.cache import DiskCache, MemoryCache
from batchwarp.files.decode import CHANNELS, Decoding, pillow_version
from batchwarp.files.reader import Loaded, load, load_all
from batchwarp.iterators.columns import listed
from batchwarp.iterators.images import ImageIterator
from batchwarp.iterators.splits import hashed, stratified

ON_ERROR = ("raise", "skip", "zeros")


class FilesIterator(ImageIterator):
    """Base class for iterators over image files.

    Subclasses set `filenames`, `class_mode` and what the class mode needs, `_searched`, and call
    `_set_files`.
    """

    _save_numbers: ClassVar[int] = 10_000_000

    class_mode: str | None
    class_indices: dict[Any, int]
    filenames: list[str]
    _searched: str  # where images were looked for, for the error if there is none

    def _set_processing(
        self,
        image_data_generator: Settings | None,
        target_size: Any,
        color_mode: str,
        data_format: str | None,
        save_to_dir: Any,
        save_prefix: str,
        save_format: str,
        subset: str | None,
        interpolation: str,
        keep_aspect_ratio: bool,
        dtype: Any,
        *,
        on_error: str,
        scaled_decode: bool,
        exif_transpose: bool,
    ) -> None:
        """Checks and keeps what says how files become batches; see the subclasses."""
        if color_mode not in CHANNELS and color_mode != "unchanged":
            raise ValueError(
                f'Invalid color mode: {color_mode}; expected "rgb", "rgba", "grayscale", '
                '"unchanged" or "palette".'
            )
        if interpolation not in _core.INTERPOLATIONS:
            raise ValueError(
                f"Invalid interpolation method {interpolation} specified. Supported methods are "
                f"{', '.join(_core.INTERPOLATIONS)}"
            )
        if color_mode == "palette" and interpolation != "nearest":
            raise ValueError(
                '`color_mode="palette"` needs `interpolation="nearest"`: between two indices lie '
                f"those of other colours. Received: {interpolation!r}"
            )
        if on_error not in ON_ERROR:
            raise ValueError(
                f'`on_error` should be "raise", "skip" or "zeros". Received: {on_error!r}'
            )
        if subset not in (None, "training", "validation"):
            raise ValueError(f'Invalid subset name: {subset};expected "training" or "validation"')
        self.image_data_generator = image_data_generator
        self._augments = augments(image_data_generator, subset)
        self.target_size = image_size("target_size", target_size)
        self.color_mode = color_mode
        self.data_format = _keras.standardize_data_format(data_format)
        if save_to_dir:
            folder_path("save_to_dir", save_to_dir)
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format
        self.subset = subset
        self.interpolation = interpolation
        self.keep_aspect_ratio = keep_aspect_ratio
        self.dtype = _keras.floatx() if dtype is None else dtype
        self._numpy_dtype = _keras.standardize_dtype(self.dtype)
        self.on_error = on_error
        self._decoding = Decoding(
            self.target_size,
            color_mode,
            interpolation,
            boolean("keep_aspect_ratio", keep_aspect_ratio),
            boolean("exif_transpose", exif_transpose),
            boolean("scaled_decode", scaled_decode),
        )
        self._errors: dict[str, ImageFileError] = {}
        self._has_warned = False
        split = getattr(image_data_generator, "_validation_split", None) or 0.0
        self.split = {None: None, "validation": (0, split), "training": (split, 1)}[subset]

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

    def _set_files(self, directory: str, cache: Any) -> None:
        """Keeps the paths of `filenames`, and opens the cache.

        Args:
            directory: String, the folder that they are relative to; it may be empty.
            cache: `None`, `"memory"` or the path of a folder.
        """
        self._filepaths = [os.path.join(directory, name) for name in self.filenames]
        self.samples = len(self._filepaths)
        self._source_dtype = np.dtype(np.uint8)
        channels = CHANNELS.get(self.color_mode, 0)
        if not channels:
            channels, self._source_dtype = self._stored_format()
        self._source_shape = (*self.target_size, channels)
        self.image_shape = (
            (channels, *self.target_size)
            if self.data_format == "channels_first"
            else self._source_shape
        )
        self._cache = self._open_cache(cache, directory)

    def _stored_format(self) -> tuple[int, np.dtype[Any]]:
        """Returns the first image's number of channels, which others must have, and its dtype.

        A dtype that the core does not read becomes that of the augmentation.
        """
        for path in self._filepaths:
            loaded = load(path, self._decoding, 0)
            if loaded.image is not None:
                dtype = loaded.image.dtype
                known = dtype in CORE_INPUTS
                return loaded.image.shape[2], dtype if known else self._working_dtype
            self._note(loaded)
        return 3, np.dtype(np.uint8)

    def _open_cache(self, cache: Any, directory: str) -> MemoryCache | DiskCache | None:
        if cache is None:
            return None
        if self._source_dtype != np.uint8:
            raise ValueError(
                f"`cache` holds images of 8 bits; these files have {self._source_dtype}"
            )
        if cache == "memory":
            return MemoryCache(self.samples, self._source_shape)
        options = self._decoding
        settings: dict[str, str | int | bool | None] = {
            "target_size": f"{self.target_size[0]}x{self.target_size[1]}",
            "color_mode": options.color_mode,
            "interpolation": options.interpolation,
            "keep_aspect_ratio": options.keep_aspect_ratio,
            "exif_transpose": options.exif_transpose,
            "scaled_decode": options.scaled,
            "pillow": "{}.{}".format(*pillow_version()),  # resizing depends on it
        }
        if options.color_mode == "unchanged":
            settings["samples"] = "as stored"  # not so in what the first release has cached
        return DiskCache(
            cache,
            self._filepaths,
            self._source_shape,
            settings,
            root=os.path.abspath(directory) if directory else "",
        )

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
    def labels(self) -> Any:
        """Class labels of every sample."""
        raise self._lacks("labels")

    @property
    def sample_weight(self) -> NDArray[Any] | None:
        """Weights of the samples, or `None`."""
        return None

    @property
    def errors(self) -> list[ImageFileError]:
        """The files that could not be read so far, with the reasons, each once."""
        return list(self._errors.values())

    def _note(self, loaded: Loaded) -> None:
        error = loaded.error
        if error is not None and error.path not in self._errors:
            # Without the traceback, which would keep the file's content, or a batch, in memory.
            self._errors[error.path] = ImageFileError(error.path, error.reason)

    @property
    def _image_shape(self) -> tuple[int, ...]:
        return self.image_shape

    @property
    def _working_dtype(self) -> np.dtype[Any]:
        if self.color_mode == "unchanged" and self._numpy_dtype == np.float64:
            return self._numpy_dtype  # integers of 32 bits would lose their last digits
        # Keras makes arrays of files before all else.
        return computing_dtype(_keras.standardize_dtype(None))

    def _stored(
        self, index_array: NDArray[np.int64]
    ) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
        """Reads images from files, or finds them in the cache.

        Args:
            index_array: Array `(n,)`, the samples.

        Returns:
            As in the base class.

        Raises:
            ImageFileError: If a file cannot be read and this is not to be tolerated.
        """
        cache = self._cache
        slots = np.full(len(index_array), -1) if cache is None else cache.find(index_array)
        missing = np.flatnonzero(slots < 0)
        if cache is not None and not missing.size:
            return self._in_layout(cache.images), slots, index_array
        batch = self._buffers.empty((len(index_array), *self._source_shape), self._source_dtype)
        if cache is not None:
            found = np.flatnonzero(slots >= 0)
            batch[found] = cache.images[slots[found]]
        index_array = index_array.copy()
        for row, loaded in zip(missing, self._load(index_array[missing]), strict=True):
            index_array[row], image = self._accepted(int(index_array[row]), loaded)
            if image.dtype != batch.dtype:  # rare: a grey image of more than 8 bits among others
                batch = batch.astype(self._working_dtype, copy=False)
            batch[row] = image
        return self._in_layout(batch), np.arange(len(batch)), index_array

    def _made(
        self,
        pipeline: Pipeline,
        index_array: NDArray[np.int64],
        params: NDArray[np.float64] | None,
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Makes images as in the base class; each right after it was decoded, while it is near."""
        if self._cache is not None and (self._cache.find(index_array) >= 0).any():
            return super()._made(pipeline, index_array, params)
        batch = pipeline.empty(len(index_array), self._buffers)

        def make(row: int, image: NDArray[Any]) -> None:
            if image.dtype != np.uint8 and image.dtype not in CORE_INPUTS:
                image = image.astype(self._working_dtype)
            part = slice(row, row + 1)
            drawn = None if params is None else params[part]
            pipeline.warp(self._in_layout(image[np.newaxis]), None, drawn, batch[part], threads=1)

        def use(row: int, loaded: Loaded) -> None:
            if loaded.image is not None:
                make(row, loaded.image)
                loaded.image = None

        index_array = index_array.copy()
        for row, loaded in enumerate(self._load(index_array, use)):
            if loaded.error is not None:
                index_array[row], image = self._accepted(int(index_array[row]), loaded)
                make(row, image)
        pipeline.complete(self.image_data_generator, batch)
        return batch.astype(self._numpy_dtype, copy=False), index_array

    def _in_layout(self, images: NDArray[Any]) -> NDArray[Any]:
        """Returns images `(n, height, width, channels)` in the generator's layout."""
        return images.transpose(0, 3, 1, 2) if self.data_format == "channels_first" else images

    def _load(
        self, samples: NDArray[np.int64], use: Callable[[int, Loaded], object] | None = None
    ) -> list[Loaded]:
        """Loads samples; `use` is called as by `load_all`, once the image is in the cache."""
        paths = self.filepaths

        def keep_and_use(number: int, loaded: Loaded) -> None:
            self._keep(int(samples[number]), loaded)
            if use is not None:
                use(number, loaded)

        chosen = [paths[sample] for sample in samples]
        channels = self._source_shape[2]
        return load_all(chosen, self._decoding, channels, keep_and_use, self._shortage)

    def _keep(self, sample: int, loaded: Loaded) -> None:
        """Puts an image that was just decoded into the cache."""
        image = loaded.image
        if self._cache is None or image is None:
            return
        if image.dtype == np.uint8:
            self._cache.store(sample, image, loaded.signature)
        elif not self._has_warned:
            self._has_warned = True
            warn(
                f"{self.filepaths[sample]} has {image.dtype} pixels. `cache` holds 8 bits only: "
                "such files are decoded in each pass.",
                RuntimeWarning,
            )

    def _accepted(self, sample: int, loaded: Loaded) -> tuple[int, NDArray[Any]]:
        """Returns the sample and the image to take for what was loaded, by `on_error`."""
        if loaded.image is not None:
            return sample, loaded.image
        assert loaded.error is not None
        self._note(loaded)
        if self.on_error == "zeros":
            return sample, np.zeros(self._source_shape, self._source_dtype)
        if self.on_error == "raise":
            raise loaded.error
        for step in range(1, self.n):
            other = (sample + step) % self.n
            result = self._load(np.array([other]))[0]
            if result.image is not None:
                return other, result.image
            self._note(result)
        raise loaded.error  # there is no other that could be read

    def _with_others(self, batch_x: NDArray[Any], index_array: NDArray[np.int64]) -> Any:
        batch_y: Any
        if self.class_mode is None:
            return batch_x
        if self.class_mode == "input":
            batch_y = batch_x.copy()
        elif self.class_mode == "multi_output":
            batch_y = [output[index_array] for output in self.labels]
        elif self.class_mode == "raw":
            batch_y = self.labels[index_array]
        else:
            batch_y = self._class_labels(index_array)
        weights = self.sample_weight
        if weights is None:
            return batch_x, batch_y
        return batch_x, batch_y, weights[index_array]

    def _class_labels(self, index_array: NDArray[np.int64]) -> NDArray[Any]:
        classes = [self.labels[index] for index in index_array]
        if self.class_mode != "categorical":
            return np.array(classes, self._numpy_dtype)
        labels = np.zeros((len(classes), len(self.class_indices)), self._numpy_dtype)
        for row, label in zip(labels, classes, strict=True):
            row[label] = 1
        return labels

    @property
    def class_weights_(self) -> dict[int, float]:
        """Weights for the `class_weight` of `fit` that make up for classes of different sizes.

        The weight of a class is `n / (classes * n_class)`, as scikit-learn's "balanced" weights.

        Raises:
            ValueError: If samples have no class, or several.
        """
        if self.class_mode not in ("binary", "categorical", "sparse"):
            raise ValueError(
                '`class_weights_` needs `class_mode` "binary", "categorical" or "sparse". '
                f"It is: {self.class_mode!r}"
            )
        classes = list(self.labels)
        if any(np.ndim(label) for label in classes):
            raise ValueError("`class_weights_` needs samples of one class each")
        counts = np.bincount(np.asarray(classes, np.int64), minlength=len(self.class_indices))
        present = np.count_nonzero(counts)
        return {
            number: len(classes) / (present * int(count))
            for number, count in enumerate(counts)
            if count
        }


def extensions(formats: Sequence[str] | str | None, default: Sequence[str]) -> tuple[str, ...]:
    """Returns the ends of the names of files that are images.

    Args:
        formats: Sequence of strings such as `"webp"` or `".webp"`, or one of them; `None` for the
            default.
        default: Sequence of strings, Keras' formats.

    Returns:
        Tuple of strings in lower case.

    Raises:
        ValueError: If there is none, or something else among them.
    """
    if formats is None:
        return tuple(default)
    wanted: list[Any] = []
    if isinstance(formats, str):
        wanted = [formats]
    elif isinstance(formats, Iterable):
        with contextlib.suppress(TypeError):  # of an array without an axis
            wanted = listed(formats)
    if not wanted or not all(isinstance(name, str) and name.strip(".") for name in wanted):
        raise ValueError(
            "`formats` should be a sequence of file name extensions, for example "
            f'("png", "webp"). Received: {formats!r}'
        )
    return tuple("." + name.lower().lstrip(".") for name in wanted)
