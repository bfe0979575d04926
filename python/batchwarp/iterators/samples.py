"""Batches from samples that a user has in an object of one's own: pairs of an image and a label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from batchwarp import _keras
from batchwarp._arguments import check_batches
from batchwarp._words import counted
from batchwarp.augment.settings import Settings
from batchwarp.files.options import FileOptions
from batchwarp.files.samples import SampleImages, Samples, name_of_sample
from batchwarp.iterators.columns import numeric
from batchwarp.iterators.files import FilesIterator
from batchwarp.iterators.labels import combinations
from batchwarp.iterators.sample_labels import labels_of, numbered
from batchwarp.iterators.shards import one_shard

_OF_CLASSES = ("binary", "categorical", "sparse")


class SamplesIterator(FilesIterator):
    """Iterator yielding batches from samples: encoded images, pixels, paths or URLs, with labels.

    Args:
        samples: Object with `len()` and elements by integers, or an iterable, which is read through
            once and kept.
        image_data_generator: As in `DirectoryIterator`.
        labels: Sequence of the labels of all samples, or `None` for those in `samples`.
        columns: Pair of the names of image and label in samples that are dictionaries.
        target_size: As in `DirectoryIterator`.
        color_mode: As in `DirectoryIterator`.
        classes: Sequence of classes: those to keep, in the order of their numbers; or the names of
            labels that are integers; or `None`.
        class_mode: `"categorical"`, `"binary"`, `"sparse"`, `"input"`, `"raw"` or `None`.
        batch_size: As in `DirectoryIterator`.
        shuffle: As in `DirectoryIterator`.
        seed: As in `DirectoryIterator`.
        data_format: As in `DirectoryIterator`.
        save_to_dir: As in `DirectoryIterator`.
        save_prefix: As in `DirectoryIterator`.
        save_format: As in `DirectoryIterator`.
        subset: `"training"`, `"validation"` or `None`, by the generator's `validation_split`.
        interpolation: As in `DirectoryIterator`.
        keep_aspect_ratio: As in `DirectoryIterator`.
        dtype: As in `DirectoryIterator`.
        prefetch: As in `DirectoryIterator`.
        shard: As in `DirectoryIterator`.
        drop_remainder: As in `DirectoryIterator`.
        handover: As in `DirectoryIterator`.
        cache: `"memory"` or `None`.
        cache_limit: As in `DirectoryIterator`.
        on_error: As in `DirectoryIterator`.
        scaled_decode: As in `DirectoryIterator`.
        exif_transpose: As in `DirectoryIterator`.

    Attributes:
        filenames: List of strings, what the samples are called in errors: `samples[0]`.
        classes: List of the samples' labels, integers or lists of integers.
        class_indices: Dictionary from classes to integers.
        samples: Integer, the number of samples.

    Raises:
        ValueError: If an argument is not as above.
        TypeError: If samples or labels are of no form that is accepted.
        ImportError: If samples are URLs and a package is missing that reads them.
    """

    allowed_class_modes: ClassVar[set[str | None]] = {*_OF_CLASSES, "input", "raw", None}

    def __init__(
        self,
        samples: Any,
        image_data_generator: Settings | None,
        *,
        labels: Any = None,
        columns: tuple[Any, Any] = ("image", "label"),
        target_size: tuple[int, int] | None = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[Any] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
        prefetch: int = 0,
        shard: Any = None,
        drop_remainder: bool = False,
        handover: str | None = None,
        cache: Any = None,
        cache_limit: int | str | None = None,
        on_error: str = "raise",
        scaled_decode: bool = False,
        exif_transpose: bool = False,
    ) -> None:
        options = FileOptions.among(locals() | {"formats": None, "cache_format": "decoded"})
        check_batches(batch_size, shuffle, seed, prefetch)
        part = one_shard(shard, drop_remainder)
        self._set_processing(
            options,
            image_data_generator,
            data_format=data_format,
            dtype=dtype,
            subset=subset,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            handover=handover,
        )
        self._check_arguments(class_mode)
        self.class_mode = class_mode
        names = _two_names(columns)
        given = _indexable(samples)
        rows = np.arange(len(given))
        if class_mode in _OF_CLASSES:
            known = _class_names(given, names[1])
            found = numbered(labels_of(given, names, labels), classes, known, str(class_mode))
            numbers, self.class_indices = found.numbers, found.class_indices
            rows = found.rows[self._subset_of([numbers[row] for row in found.rows])]
            self.classes = [numbers[row] for row in rows]
        else:
            rows = rows[self._subset_of([0] * len(given))]
        if class_mode == "raw":
            values = labels_of(given, names, labels)
            self._targets = numeric([values[row] for row in rows], "`labels`", rows)
        self._rows = rows
        kept = "" if given is samples else ", which are kept in memory"
        _keras.print_message(f"Found {counted(len(self._rows), 'sample')}{kept}.")
        self._searched = f"`samples` has {len(given)}"
        self._source = Samples(given, names, self._rows)
        self._source.check()
        self.filenames = [name_of_sample(row) for row in self._rows.tolist()]
        self._set_files("")
        super().__init__(self.samples, batch_size, shuffle, seed, prefetch=prefetch, shard=part)

    def _check_arguments(self, class_mode: str | None) -> None:
        if class_mode not in self.allowed_class_modes:
            raise ValueError(
                f"Invalid class_mode: {class_mode}; expected one of: {self.allowed_class_modes}"
            )
        cache = self._options.cache
        if cache not in (None, "memory"):
            raise ValueError(
                '`cache` should be "memory" or `None`: on disk, images are known by the files that '
                f"they are from, and samples need not be files. Received: {cache!r}"
            )
        if self._has_own_split and self.split is not None:
            generator: Any = self.image_data_generator
            if generator.split == "hash":
                raise ValueError(
                    '`split="hash"` is for files, whose names it goes by; for samples, accepted '
                    'are `split=None` and "stratified"'
                )

    def _subset_of(self, labels: list[Any]) -> NDArray[np.int64] | slice:
        """Returns which of the samples with these labels are in the subset."""
        if self.split is None:
            return slice(None)
        if not self._has_own_split:
            return self._first_items(len(labels))
        return self._own_split([""] * len(labels), combinations(labels))

    def _open(self, directory: str, size: tuple[int, int]) -> SampleImages:  # noqa: ARG002
        return SampleImages(self._source, self._options, self._filepaths, self._working_dtype, size)

    def _sample_numbers(self, index_array: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Returns the samples' places in what was given; see the base class."""
        return self._rows[index_array].astype(np.uint64)

    @property
    def some_samples(self) -> list[Any]:
        """What tells these samples from others of the same number, in 16 of them."""
        return self._source.some(16)

    @property
    def labels(self) -> Any:
        """The samples' labels: `classes`, or the numbers that were given."""
        return self._targets if self.class_mode == "raw" else self.classes


def _indexable(samples: Any) -> Any:
    """Returns an object with a length and elements: as it is, or as a list of what it yields."""
    is_bad = isinstance(samples, (str, bytes, bytearray, Mapping))
    if not is_bad and hasattr(samples, "__getitem__") and hasattr(samples, "__len__"):
        # Tables have elements that are columns; those of Hugging Face's have rows, too.
        is_table = hasattr(samples, "iloc") or type(samples).__module__.startswith("pyarrow")
        if not is_table and type(samples).__module__.partition(".")[0] != "polars":
            return samples
        is_bad = True
    if is_bad or not isinstance(samples, Iterable):
        rows = next((f"{name}()" for name in _ROWS if hasattr(samples, name)), None)
        hint = f"; pass its rows: `{rows}`" if rows else ""
        hint = '; pass its rows: `.to_dict("records")`' if hasattr(samples, "iloc") else hint
        raise TypeError(
            "`samples` should be a sequence or an iterable of pairs (image, label), of "
            f"dictionaries or of images. Received: {type(samples).__name__}{hint}"
        )
    return list(samples)


_ROWS = ("to_pylist", "to_dicts")


def _two_names(columns: Any) -> tuple[Any, Any]:
    if not isinstance(columns, (tuple, list)) or len(columns) != 2:
        raise ValueError(
            f'`columns` should be a pair of names, as ("image", "label"). Received: {columns!r}'
        )
    return columns[0], columns[1]


def _class_names(samples: Any, column: Any) -> Sequence[str] | None:
    """Returns the names of the classes, if the data set says what its integers mean."""
    features = getattr(samples, "features", None)
    if not isinstance(features, Mapping):
        return None
    names = getattr(features.get(column), "names", None)
    return names if isinstance(names, list) else None
