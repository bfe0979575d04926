"""Batches from the image files that the rows of a pandas DataFrame name."""

from __future__ import annotations

import os
from collections.abc import Iterator, KeysView, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from batchwarp import _keras
from batchwarp._arguments import boolean, check_batches, folder_path
from batchwarp._arrays import listed
from batchwarp._warnings import warn
from batchwarp.augment.settings import Settings
from batchwarp.files.options import FileOptions
from batchwarp.iterators.columns import Columns
from batchwarp.iterators.files import FilesIterator
from batchwarp.iterators.labels import (
    check_labels,
    class_list,
    combinations,
    of_classes,
    separated,
)
from batchwarp.iterators.shards import one_shard
from batchwarp.iterators.target_columns import TargetColumns
from batchwarp.targets import TargetOptions

_WITHOUT_CLASSES = ("input", "multi_output", "raw", None)


class DataFrameIterator(FilesIterator):
    """Iterator yielding batches from the image files that the rows of a `pandas.DataFrame` name.

    Args:
        dataframe: `pandas.DataFrame`, `polars.DataFrame`, `pyarrow.Table`, or a dataframe of
            another library that converts to pandas'. It is neither changed nor kept.
        directory: Path of the folder that the names in `x_col` are relative to; `None` if they are
            paths by themselves.
        image_data_generator: As in `DirectoryIterator`.
        x_col: Name of the column of strings or paths, the files' names with their extension.
        y_col: Name of the column of labels, or a list of names.
        weight_col: Name of the column of sample weights, or `None`.
        target_size: As in `DirectoryIterator`.
        color_mode: As in `DirectoryIterator`.
        classes: Sequence of labels, as a list, an array or a column; rows of others are left out.
            `None` for all labels, sorted.
        class_mode: `"categorical"` (one-hot; labels are strings, or lists of strings for samples of
            several classes), `"binary"`, `"sparse"` (integers), `"input"` (the images themselves),
            `"multi_output"` (a list of the values of several columns), `"raw"` (the values of
            `y_col`; several columns of 0 and 1 are the targets of a multi-label problem) or `None`
            (no labels).
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
        validate_filenames: Boolean, whether to leave out rows whose file does not exist or is of no
            image format.
        prefetch: As in `DirectoryIterator`.
        shard: As in `DirectoryIterator`.
        drop_remainder: As in `DirectoryIterator`.
        handover: As in `DirectoryIterator`.
        cache: As in `DirectoryIterator`.
        cache_limit: As in `DirectoryIterator`.
        cache_format: As in `DirectoryIterator`.
        on_error: As in `DirectoryIterator`.
        scaled_decode: As in `DirectoryIterator`.
        exif_transpose: As in `DirectoryIterator`.
        formats: As in `DirectoryIterator`.
        integer_classes: Boolean, whether labels may be integers; they are sorted as numbers.
        label_separator: String that separates the labels of samples of several classes, for example
            `"|"` in `"cat|dog"`, or `None`. Only for `class_mode="categorical"`.
        mask_col: Name of the column of the names of mask files, or a list of names, or `None`.
        boxes_col: Name of the column of lists of boxes, or `None`.
        box_labels_col: Name of the column of lists of the boxes' labels, or `None`.
        keypoints_col: Name of the column of lists of keypoints, or `None`.
        mask_fill: As of `Augment`.
        mask_classes: As of `Augment`.
        bounding_box_format: As of `Augment`.
        max_boxes: As of `Augment`.
        min_area: As of `Augment`.
        min_visibility: As of `Augment`.
        keypoint_pairs: As of `Augment`.
        remove_outside: As of `Augment`.

    Attributes:
        filenames: List of the values of `x_col`.
        filepaths: List of the files' paths.
        classes: List of the samples' labels, integers or lists of integers.
        class_indices: Dictionary from labels in the dataframe to integers.
        samples: Integer, the number of files.

    Raises:
        ValueError: If an argument is not as above.
        TypeError: If a column does not hold what the class mode needs.
        KeyError: If there is no such column.

    Example:
        >>> import pandas
        >>> table = pandas.DataFrame({"filename": ["cats/0.jpg"], "class": ["cat"]})
        >>> flow = DataFrameIterator(table, "data/train", ImageDataGenerator())
        Found 1 validated image filenames belonging to 1 classes.
        >>> flow.labels
        [0]
    """

    allowed_class_modes: ClassVar[set[str | None]] = {
        "binary",
        "categorical",
        "input",
        "multi_output",
        "raw",
        "sparse",
        None,
    }

    def __init__(
        self,
        dataframe: Any,
        directory: Any = None,
        image_data_generator: Settings | None = None,
        x_col: Any = "filename",
        y_col: Any = "class",
        weight_col: Any = None,
        target_size: tuple[int, int] | None = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[Any] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = "channels_last",
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = "float32",
        validate_filenames: bool = True,
        *,
        prefetch: int = 0,
        shard: Any = None,
        drop_remainder: bool = False,
        handover: str | None = None,
        cache: Any = None,
        cache_limit: int | str | None = None,
        cache_format: str = "decoded",
        on_error: str = "raise",
        scaled_decode: bool = False,
        exif_transpose: bool = False,
        formats: Sequence[str] | str | None = None,
        integer_classes: bool = False,
        label_separator: str | None = None,
        mask_col: Any = None,
        boxes_col: Any = None,
        box_labels_col: Any = None,
        keypoints_col: Any = None,
        mask_fill: int = 0,
        mask_classes: int | None = None,
        bounding_box_format: str = "xyxy",
        max_boxes: int | None = None,
        min_area: float = 0.0,
        min_visibility: float = 0.0,
        keypoint_pairs: Sequence[Sequence[int]] | None = None,
        remove_outside: bool = False,
    ) -> None:
        options, target_options = FileOptions.among(locals()), TargetOptions.among(locals())
        check_batches(batch_size, shuffle, seed, prefetch)
        part = one_shard(shard, drop_remainder)
        boolean("validate_filenames", validate_filenames)
        boolean("integer_classes", integer_classes)
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
        self.directory = directory or ""
        self.class_mode = class_mode
        frame = Columns(dataframe)
        columns = _several(y_col, frame)
        self._check_arguments(y_col, columns, label_separator)
        wanted: list[Any] | None = None
        if class_mode not in _WITHOUT_CLASSES:
            wanted = class_list(classes, (str, int, np.integer) if integer_classes else (str,))
        elif classes is not None and (not hasattr(classes, "__len__") or len(classes)):
            warn(f'`classes` will be ignored given the class_mode="{class_mode}"')
        names = frame.file_names("x_col", x_col)
        labels: list[Any] = []
        if class_mode is not None and class_mode not in _WITHOUT_CLASSES:
            labels = frame.values("y_col", y_col)
            if label_separator is not None:
                labels = separated(labels, label_separator, y_col)
            check_labels(labels, y_col, class_mode, wanted, integer_classes)
        rows = np.arange(len(names))
        folder = folder_path("directory", self.directory)
        if validate_filenames:
            rows = _existing(names, folder, self._extensions, x_col)
        if class_mode not in _WITHOUT_CLASSES:
            rows, labels, wanted = of_classes(rows, labels, wanted)
            self.class_indices = {name: number for number, name in enumerate(wanted)}
        self._searched = (
            f"{len(rows)} of {len(names)} rows of the dataframe name "
            f"{'an image file that exists' if validate_filenames else 'a file'} in x_col={x_col!r}"
            f"{f', relative to {folder!r},' if folder else ''} and have a label of the classes"
        )
        targets = TargetColumns(mask_col, boxes_col, box_labels_col, keypoints_col)
        if validate_filenames:
            targets.check_masks(frame, folder, rows)
        rows = self._rows_of_subset(rows, names, labels)
        beside = targets.read(frame, folder, target_options, rows, options.exif_transpose)
        self._rows = rows  # of the dataframe
        self.filenames = [names[row] for row in rows]
        self._sample_weight = None if weight_col is None else _weights(frame, weight_col, rows)
        if class_mode not in _WITHOUT_CLASSES:
            self.classes = [self._number(labels[row]) for row in rows]
        else:
            self._set_targets(frame, y_col, columns, rows)
        self._tell_what_was_found(len(rows), validate_filenames)
        self._set_files(folder, beside)
        super().__init__(self.samples, batch_size, shuffle, seed, prefetch=prefetch, shard=part)

    def _tell_what_was_found(self, count: int, validated: bool) -> None:
        found = f"Found {count} {'' if validated else 'non-'}validated image filenames"
        if self.class_mode not in _WITHOUT_CLASSES:
            found += f" belonging to {len(self.class_indices)} classes"
        _keras.print_message(f"{found}.")

    def _check_arguments(
        self,
        y_col: Any,
        columns: list[Any] | None,
        label_separator: str | None,
    ) -> None:
        mode = self.class_mode
        if mode not in self.allowed_class_modes:
            raise ValueError(
                f"Invalid class_mode: {mode}; expected one of: {self.allowed_class_modes}"
            )
        if mode == "multi_output" and columns is None:
            raise TypeError(
                f'If class_mode="{mode}", y_col must be a list. Received {type(y_col).__name__}.'
            )
        if mode not in _WITHOUT_CLASSES and columns is not None:
            raise TypeError(
                f'If class_mode="{mode}", y_col should name one column. Received: {y_col!r}. For '
                'several columns, pass class_mode="raw", which gives their values in one array, '
                'or "multi_output", which gives an array of each'
            )
        if label_separator is not None and (mode != "categorical" or not label_separator):
            raise ValueError(
                "`label_separator` should be a string that separates the labels of samples of "
                f'several classes, for `class_mode="categorical"`. Received: {label_separator!r} '
                f"with class_mode={mode!r}"
            )

    def _set_targets(
        self, frame: Columns, y_col: Any, columns: list[Any] | None, rows: NDArray[np.int64]
    ) -> None:
        """Keeps the values of the columns that are no classes, if the class mode wants some."""
        if self.class_mode == "multi_output":
            assert columns is not None
            self._targets: Any = [frame.output("y_col", column, rows) for column in columns]
        elif self.class_mode == "raw" and columns is not None:
            self._targets = frame.table("y_col", columns, rows)
        elif self.class_mode == "raw":
            self._targets = frame.array("y_col", y_col, rows)

    def _rows_of_subset(
        self, rows: NDArray[np.int64], names: list[str], labels: list[Any]
    ) -> NDArray[np.int64]:
        if self.split is None:
            return rows
        if not self._has_own_split:
            return rows[self._first_items(len(rows))]
        classes = [self._number(labels[row]) for row in rows] if labels else [0] * len(rows)
        return rows[self._own_split([names[row] for row in rows], combinations(classes))]

    def _number(self, label: Any) -> Any:
        if isinstance(label, (list, tuple)):
            return [self.class_indices[name] for name in label]
        return self.class_indices[label]

    def _sample_numbers(self, index_array: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Returns the rows of the dataframe; see the base class."""
        return self._rows[index_array].astype(np.uint64)

    @property
    def labels(self) -> Any:
        """The samples' labels: `classes`, or the values of the target columns."""
        return self._targets if self.class_mode in ("multi_output", "raw") else self.classes

    @property
    def sample_weight(self) -> NDArray[Any] | None:
        """Array `(n,)` of the samples' weights, or `None`."""
        return self._sample_weight


def _several(y_col: Any, frame: Columns) -> list[Any] | None:
    """Returns the names of several columns as a list, `None` for the name of one."""
    if isinstance(y_col, tuple):  # it may be the name of one column
        return None if y_col in frame.names else list(y_col)
    if isinstance(y_col, (list, KeysView, Iterator)) or getattr(y_col, "ndim", 0) == 1:
        return listed(y_col)
    return None


def _weights(frame: Columns, weight_col: Any, rows: NDArray[np.int64]) -> NDArray[Any]:
    weights = frame.array("weight_col", weight_col, rows)
    if not issubclass(weights.dtype.type, np.number) or weights.ndim > 1:
        raise TypeError(f"Column weight_col={weight_col} must be numeric.")
    return weights


def _existing(
    names: list[str], folder: str, accepted: tuple[str, ...], x_col: Any
) -> NDArray[np.int64]:
    """Returns which names are those of image files that exist, and warns of the others."""
    valid = [
        name.lower().endswith(accepted) and os.path.isfile(os.path.join(folder, name))
        for name in names
    ]
    rows = np.flatnonzero(valid)
    if len(rows) < len(names):
        warn(
            f'Found {len(names) - len(rows)} invalid image filename(s) in x_col="{x_col}". '
            "These filename(s) will be ignored."
        )
    return rows
