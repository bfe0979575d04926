"""Batches from the image files that the rows of a pandas DataFrame name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from batchwarp import _keras
from batchwarp._arguments import boolean
from batchwarp._warnings import warn
from batchwarp.iterators.base import check_batches
from batchwarp.iterators.files import FilesIterator, extensions

if TYPE_CHECKING:
    from batchwarp.generator import ImageDataGenerator

_WITHOUT_CLASSES = ("input", "multi_output", "raw", None)


class DataFrameIterator(FilesIterator):
    """Iterator yielding batches from the image files that the rows of a `pandas.DataFrame` name.

    Args:
        dataframe: `pandas.DataFrame`. It is neither changed nor kept.
        directory: Path of the folder that the names in `x_col` are relative to; `None` if they are
            paths by themselves.
        image_data_generator: As in `DirectoryIterator`.
        x_col: Name of the column of strings, the files' names with their extension.
        y_col: Name of the column of labels, or a list of names.
        weight_col: Name of the column of sample weights, or `None`.
        target_size: As in `DirectoryIterator`.
        color_mode: As in `DirectoryIterator`.
        classes: Sequence of labels; rows of others are left out. `None` for all labels, sorted.
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
        cache: As in `DirectoryIterator`.
        on_error: As in `DirectoryIterator`.
        scaled_decode: As in `DirectoryIterator`.
        exif_transpose: As in `DirectoryIterator`.
        formats: As in `DirectoryIterator`.
        integer_classes: Boolean, whether labels may be integers; they are sorted as numbers.
        label_separator: String that separates the labels of samples of several classes, for example
            `"|"` in `"cat|dog"`, or `None`. Only for `class_mode="categorical"`.

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
        image_data_generator: ImageDataGenerator | None = None,
        x_col: Any = "filename",
        y_col: Any = "class",
        weight_col: Any = None,
        target_size: tuple[int, int] = (256, 256),
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
        cache: Any = None,
        on_error: str = "raise",
        scaled_decode: bool = False,
        exif_transpose: bool = False,
        formats: Sequence[str] | str | None = None,
        integer_classes: bool = False,
        label_separator: str | None = None,
    ) -> None:
        check_batches(batch_size, shuffle, seed, prefetch)
        boolean("validate_filenames", validate_filenames)
        boolean("integer_classes", integer_classes)
        self._set_processing(
            image_data_generator,
            target_size,
            color_mode,
            data_format,
            save_to_dir,
            save_prefix,
            save_format,
            subset,
            interpolation,
            keep_aspect_ratio,
            dtype,
            on_error=on_error,
            scaled_decode=scaled_decode,
            exif_transpose=exif_transpose,
        )
        self.directory = directory or ""
        self.class_mode = class_mode
        self._check_arguments(dataframe, y_col, classes, label_separator)
        frame = _Columns(dataframe)
        names = frame.values("x_col", x_col)
        if not all(isinstance(name, str) for name in names):
            raise TypeError(f"All values in column x_col={x_col} must be strings.")
        labels: list[Any] = []
        if class_mode not in _WITHOUT_CLASSES:
            labels = frame.values("y_col", y_col)
            if label_separator is not None:
                labels = _separated(labels, label_separator, y_col)
            self._check_labels(labels, y_col, classes, integer_classes)
        weights = None
        if weight_col is not None:
            weights = frame.array("weight_col", weight_col)
            if not issubclass(weights.dtype.type, np.number):
                raise TypeError(f"Column weight_col={weight_col} must be numeric.")

        rows = np.arange(len(names))
        folder = os.fspath(self.directory)
        if validate_filenames:
            accepted = extensions(formats, self.white_list_formats)
            rows = _existing(names, folder, accepted, x_col)
        if class_mode not in _WITHOUT_CLASSES:
            rows, labels, classes = _of_classes(rows, labels, classes)
            self.class_indices = {name: number for number, name in enumerate(classes)}
        rows = self._rows_of_subset(rows, names, labels)

        self.filenames = [names[row] for row in rows]
        self._sample_weight = None if weights is None else weights[rows]
        if class_mode not in _WITHOUT_CLASSES:
            self.classes = [self._number(labels[row]) for row in rows]
        elif class_mode == "multi_output":
            self._targets: Any = [
                np.array([values[row] for row in rows])
                for values in (frame.values("y_col", column) for column in y_col)
            ]
        elif class_mode == "raw":
            self._targets = frame.array("y_col", y_col)[rows]
        message = (
            f"Found {len(self.filenames)} {'' if validate_filenames else 'non-'}validated image "
            "filenames"
        )
        if class_mode in _WITHOUT_CLASSES:
            _keras.print_message(f"{message}.")
        else:
            _keras.print_message(f"{message} belonging to {len(self.class_indices)} classes.")
        self._set_files(folder, cache)
        super().__init__(self.samples, batch_size, shuffle, seed, prefetch=prefetch)

    def _check_arguments(
        self, dataframe: Any, y_col: Any, classes: Any, label_separator: str | None
    ) -> None:
        if not hasattr(dataframe, "columns") or not hasattr(dataframe, "__getitem__"):
            raise TypeError(
                f"`dataframe` should be a pandas.DataFrame. Received: {type(dataframe).__name__}"
            )
        mode = self.class_mode
        if mode not in self.allowed_class_modes:
            raise ValueError(
                f"Invalid class_mode: {mode}; expected one of: {self.allowed_class_modes}"
            )
        if mode == "multi_output" and not isinstance(y_col, list):
            raise TypeError(
                f'If class_mode="{mode}", y_col must be a list. Received {type(y_col).__name__}.'
            )
        if label_separator is not None and (mode != "categorical" or not label_separator):
            raise ValueError(
                "`label_separator` should be a string that separates the labels of samples of "
                f'several classes, for `class_mode="categorical"`. Received: {label_separator!r} '
                f"with class_mode={mode!r}"
            )
        if classes and mode in _WITHOUT_CLASSES:
            warn(f'`classes` will be ignored given the class_mode="{mode}"')

    def _check_labels(
        self, labels: list[Any], y_col: Any, classes: Any, integer_classes: bool
    ) -> None:
        mode = self.class_mode
        single: tuple[type, ...] = (str, int, np.integer) if integer_classes else (str,)
        accepted = (*single, list, tuple) if mode == "categorical" else single
        if any(not isinstance(label, accepted) or isinstance(label, bool) for label in labels):
            what = "type string, list or tuple" if mode == "categorical" else "strings"
            hint = "" if integer_classes else " For integers, pass `integer_classes=True`."
            raise TypeError(
                f'If class_mode="{mode}", y_col="{y_col}" column values must be {what}.{hint}'
            )
        if mode == "binary":
            given = set(classes) if classes else set(labels)
            if len(given) != 2:
                found = (
                    f"{len(given)} class/es were given."
                    if classes
                    else f"Found {len(given)} classes."
                )
                raise ValueError(f'If class_mode="binary" there must be 2 classes. {found}')

    def _rows_of_subset(
        self, rows: NDArray[np.int64], names: list[str], labels: list[Any]
    ) -> NDArray[np.int64]:
        if self.split is None:
            return rows
        if not self._has_own_split:
            return rows[self._first_items(len(rows))]
        classes = [self._number(labels[row]) for row in rows] if labels else [0] * len(rows)
        return rows[self._own_split([names[row] for row in rows], _combinations(classes))]

    def _number(self, label: Any) -> Any:
        if isinstance(label, (list, tuple)):
            return [self.class_indices[name] for name in label]
        return self.class_indices[label]

    @property
    def labels(self) -> Any:
        """The samples' labels: `classes`, or the values of the target columns."""
        return self._targets if self.class_mode in ("multi_output", "raw") else self.classes

    @property
    def sample_weight(self) -> NDArray[Any] | None:
        """Array `(n,)` of the samples' weights, or `None`."""
        return self._sample_weight


class _Columns:
    """The columns of a dataframe, as Python's and NumPy's own types."""

    def __init__(self, dataframe: Any) -> None:
        self._dataframe = dataframe

    def _column(self, argument: str, name: Any) -> Any:
        try:
            return self._dataframe[name]
        except KeyError as error:
            columns = ", ".join(map(repr, self._dataframe.columns))
            raise KeyError(
                f"{argument}={name!r} is no column of the dataframe; its columns are: {columns}"
            ) from error

    def values(self, argument: str, name: Any) -> list[Any]:
        column = self._column(argument, name)
        if not hasattr(column, "tolist"):
            raise TypeError(f"{argument} should name one column. Received: {name!r}")
        values: list[Any] = column.tolist()
        return values

    def array(self, argument: str, name: Any) -> NDArray[Any]:
        return np.asarray(self._column(argument, name).values)


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


def _separated(labels: list[Any], separator: str, y_col: Any) -> list[Any]:
    if not all(isinstance(label, str) for label in labels):
        raise TypeError(f'With `label_separator`, y_col="{y_col}" column values must be strings.')
    return [[name.strip() for name in label.split(separator) if name.strip()] for label in labels]


def _of_classes(
    rows: NDArray[np.int64], labels: list[Any], classes: Sequence[Any] | None
) -> tuple[NDArray[np.int64], list[Any], list[Any]]:
    """Returns the rows that have a class, the labels without those of other classes, the classes.

    Args:
        rows: Array, the rows to look at.
        labels: List of all rows' labels.
        classes: Sequence of the classes to keep; `None` for all.

    Returns:
        Tuple of an array and two lists.
    """
    if not classes:
        found: set[Any] = set()
        for row in rows:
            label = labels[row]
            found.update(label if isinstance(label, (list, tuple)) else (label,))
        try:
            return rows, labels, sorted(found)
        except TypeError as error:
            raise TypeError("Labels should be all strings or all integers.") from error
    wanted = list(dict.fromkeys(classes))
    known = set(wanted)

    def kept(label: Any) -> Any:
        if isinstance(label, (list, tuple)):
            return [name for name in label if name in known] or None
        return label if label in known else None

    chosen = [kept(label) for label in labels]
    return np.array([row for row in rows if chosen[row] is not None], np.int64), chosen, wanted


def _combinations(numbers: list[Any]) -> list[int]:
    """Returns one integer for samples of the same classes, in order of the classes' numbers.

    Args:
        numbers: List of the samples' classes, integers or lists of integers.
    """
    keys = [tuple(sorted(one)) if isinstance(one, list) else (one,) for one in numbers]
    order = {key: position for position, key in enumerate(sorted(set(keys)))}
    return [order[key] for key in keys]
