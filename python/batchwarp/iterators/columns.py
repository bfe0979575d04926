"""The columns of a dataframe of any library, as Python's and NumPy's own types."""

from __future__ import annotations

import numbers
import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._arrays import listed
from batchwarp._words import counted

__all__ = ["Columns", "is_missing", "rows_in_words"]

# Their columns are read as they are: what they convert to for pandas has arrays in place of lists,
# and floats in place of integers where a value is missing.
_READ_AS_THEY_ARE = ("polars", "pyarrow")
# Methods of other libraries, the last of older releases of modin.
_CONVERSIONS = ("to_pandas", "toPandas", "_to_pandas")
# How what is not in memory yet is brought there.
_LAZY = ("collect", "compute")


class Columns:
    """The columns of a dataframe.

    Args:
        dataframe: `pandas.DataFrame`, `polars.DataFrame`, `pyarrow.Table`, or a dataframe of
            another library that converts to pandas'. It is not changed.

    Attributes:
        names: List of the columns' names.
        length: Integer, the number of rows.

    Raises:
        TypeError: If it is something else.
    """

    def __init__(self, dataframe: Any) -> None:
        self._dataframe = _readable(dataframe)
        self.length = len(self._dataframe)
        names = getattr(self._dataframe, "column_names", None)  # as pyarrow calls them
        self.names = list(self._dataframe.columns if names is None else names)

    def values(self, argument: str, name: Any) -> list[Any]:
        """Returns a column's values.

        Args:
            argument: String, the argument that names the column, for errors.
            name: The column's name.

        Returns:
            List of Python's types, and of whatever else the column holds; arrays are lists.

        Raises:
            TypeError: If it is no name of one column.
            KeyError: If there is no such column.
        """
        values = listed(self._column(argument, name))
        # Lists that come from a Parquet file are arrays in pandas.
        return [value.tolist() if isinstance(value, np.ndarray) else value for value in values]

    def file_names(self, argument: str, name: Any) -> list[str]:
        """Returns a column's values, which are names of files.

        Args:
            argument: As in `values`.
            name: Likewise.

        Raises:
            TypeError: As in `values`; or if one is neither a string nor a path.
            KeyError: As in `values`.
        """
        names = self.values(argument, name)
        if not all(isinstance(name, str) for name in names):
            names = [os.fspath(name) if isinstance(name, os.PathLike) else name for name in names]
        wrong = [row for row, name in enumerate(names) if not isinstance(name, str)]
        if wrong:
            missing = [row for row in wrong if is_missing(names[row])]
            text = f" They are missing in {rows_in_words(missing)}." if missing else ""
            if len(wrong) > len(missing):
                rest = [row for row in wrong if not is_missing(names[row])]
                kinds = ", ".join(sorted({type(names[row]).__name__ for row in rest}))
                text += f" They are of type {kinds} in {rows_in_words(rest)}."
            raise TypeError(f"All values in column {argument}={name} must be strings.{text}")
        return names

    def array(self, argument: str, name: Any, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Returns some of a column's values in an array of the column's numeric dtype.

        Args:
            argument: As in `values`.
            name: Likewise.
            rows: Array `(n,)`, the rows to take.

        Returns:
            Array `(n, ...)` of numbers, or of objects if strings are among the values.

        Raises:
            TypeError: As in `values`; or if values are neither numbers nor strings, are lists of
                different lengths, or are missing where the dtype has no NaN.
            KeyError: As in `values`.
        """
        column = self._column(argument, name)
        dtype = getattr(column, "dtype", None)
        if isinstance(dtype, np.dtype) and dtype.kind in "biufc":
            return np.asarray(column)[rows]
        values = listed(column)
        values = [values[row] for row in rows]
        if any(isinstance(value, (str, bytes)) for value in values):
            return _objects(values)
        array = numeric(values, f"{argument}={name!r}", rows)
        dtype = getattr(dtype, "numpy_dtype", None) or getattr(np.asarray(column), "dtype", dtype)
        return array.astype(dtype, copy=False) if np.dtype(dtype).kind in "biufc" else array

    def output(self, argument: str, name: Any, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Returns some of a column's values in an array as NumPy makes it of a list.

        Args:
            argument: As in `values`.
            name: Likewise.
            rows: As in `array`.

        Returns:
            Array `(n, ...)` of numbers or strings.

        Raises:
            TypeError: As in `array`.
            KeyError: As in `values`.
        """
        values = self.values(argument, name)
        values = [values[row] for row in rows]
        if any(isinstance(value, (str, bytes)) for value in values):
            return np.array(values)  # of strings, into which it makes numbers among them
        return numeric(values, f"{argument}={name!r}", rows)

    def table(self, argument: str, names: Sequence[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
        """Returns some of the values of several columns in one array of their common dtype.

        Args:
            argument: As in `values`.
            names: Sequence of the columns' names.
            rows: As in `array`.

        Returns:
            Array `(n, columns, ...)`, as from `array`.

        Raises:
            TypeError: As in `array`; or if one column holds lists and another one does not, or
                lists of another length.
            KeyError: As in `values`.
        """
        arrays = [self.array(argument, name, rows) for name in names]
        if any(array.dtype == object for array in arrays) or not arrays:
            result = np.empty((len(rows), len(arrays)), object)
            for number, array in enumerate(arrays):
                result[:, number] = array if array.dtype == object else _objects(array.tolist())
            return result
        shapes = {name: array.shape[1:] for name, array in zip(names, arrays, strict=True)}
        if len(set(shapes.values())) > 1:
            found = ", ".join(f"{name!r} of {shape or 'no axis'}" for name, shape in shapes.items())
            raise TypeError(
                f"The columns {argument}={list(names)!r} hold values of different shapes, which "
                f'are no array: {found}. `class_mode="multi_output"` gives an array for each'
            )
        return np.stack(arrays, axis=1)

    def _column(self, argument: str, name: Any) -> Any:
        several = f"{argument} should name one column. Received: {name!r}"
        try:
            is_there = name in self.names
            hash(name)
        except (TypeError, ValueError) as error:  # lists, and arrays, whose truth is ambiguous
            raise TypeError(several) from error
        if not is_there:
            columns = ", ".join(map(repr, self.names))
            index = getattr(getattr(self._dataframe, "index", None), "names", ())
            is_index = name is not None and name in index  # an index without a name is `None`
            hint = ". It is in the index: pass `dataframe.reset_index()`" if is_index else ""
            raise KeyError(
                f"{argument}={name!r} is no column of the dataframe; its columns are: {columns}"
                f"{hint}"
            )
        column = self._dataframe[name]
        if hasattr(column, "columns"):
            raise TypeError(
                f"{several}, which is the name of several columns: {list(column.columns)}"
            )
        return column


def _readable(dataframe: Any) -> Any:
    """Returns a dataframe whose columns are taken with their names in brackets."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(dataframe, pandas.DataFrame):
        return dataframe
    library = type(dataframe).__module__.partition(".")[0]
    if library in _READ_AS_THEY_ARE and _has_columns(dataframe):
        return dataframe
    result = None if isinstance(dataframe, type) else _converted(dataframe)
    if hasattr(result, "iloc") and _has_columns(result):
        return result
    message = (
        "`dataframe` should be a pandas.DataFrame, a polars.DataFrame, a pyarrow.Table or a "
        f"dataframe with a method `to_pandas`. Received: {type(dataframe).__name__}"
    )
    for name in _LAZY:
        if hasattr(dataframe, name):
            message += f", whose values are not in memory; pass what its `{name}()` returns"
    raise TypeError(message)


def _converted(dataframe: Any) -> Any:
    """Returns what another library's dataframe converts to for pandas, or the dataframe."""
    for name in _CONVERSIONS:
        if hasattr(dataframe, name):
            return getattr(dataframe, name)()
    if hasattr(dataframe, "__dataframe__"):
        from pandas.api.interchange import from_dataframe

        with warnings.catch_warnings():  # that pandas will have this no more
            warnings.simplefilter("ignore")
            return from_dataframe(dataframe)
    return dataframe


def _has_columns(dataframe: Any) -> bool:
    if any(hasattr(dataframe, name) for name in _LAZY):  # asking these for columns may take long
        return False
    return hasattr(dataframe, "columns") or hasattr(dataframe, "column_names")


def is_missing(value: Any) -> bool:
    """Whether a value stands for none: `None`, NaN, or pandas' NA and NaT.

    Args:
        value: Anything.
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and bool(value != value)


def rows_in_words(rows: Iterable[int]) -> str:
    """Returns how many rows there are, and the first ten.

    Args:
        rows: Iterable of integers, the first row being 0.
    """
    found = [str(row) for row in rows]
    first = ", ".join(found[:10]) + (", …" if len(found) > 10 else "")
    return f"{counted(len(found), 'row')} (counted from 0: {first})"


def numeric(values: list[Any], what: str, rows: NDArray[np.int64]) -> NDArray[Any]:
    """Makes an array of numbers, or of lists of numbers.

    Args:
        values: List.
        what: String, where they are from, for errors.
        rows: Array of the rows that they are from, likewise.

    Returns:
        Array `(n, ...)` of a numeric dtype, or of strings if there are some in lists.

    Raises:
        TypeError: If a value is something else or missing, or lists are of different lengths.
    """
    array = _nested(values)
    if array is not None and array.dtype.kind in "biufcUS":
        return array
    missing = [row for row, value in zip(rows, values, strict=True) if _misses_something(value)]
    if missing:
        raise TypeError(
            f"Values in column {what} are missing in {rows_in_words(missing)}. Leave these rows "
            'out, or make them NaN with `.astype("float64")`'
        )
    if array is None:
        lengths = sorted({str(np.shape(v) if _is_regular(v) else "irregular") for v in values})
        raise TypeError(
            f"Values in column {what} should be of one shape. Found: {', '.join(lengths[:10])}"
        )
    flat = array.ravel().tolist() if array.dtype == object else []
    if flat and all(isinstance(value, (numbers.Real, Decimal)) for value in flat):
        return array.astype(np.float64)
    kinds = sorted({type(value).__name__ for value in values})
    raise TypeError(
        f"Values in column {what} should be numbers, strings, or lists of numbers of one length. "
        f"Found: {', '.join(kinds)}"
    )


def _nested(values: list[Any]) -> NDArray[Any] | None:
    """Returns values and lists of values as an array, `None` if they have no common shape."""
    try:
        array = np.array(values)
        if array.dtype.kind in "US" and not all(
            isinstance(value, (str, bytes)) for value in np.array(values, object).ravel().tolist()
        ):
            return np.array(values, object)  # numbers would have become strings
    except ValueError:
        return None
    return array


def _is_regular(value: Any) -> bool:
    return _nested([value]) is not None


def _misses_something(value: Any) -> bool:
    if isinstance(value, (list, tuple, np.ndarray)):
        return any(_misses_something(part) for part in value)
    return is_missing(value)


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    """Returns an array `(n,)` of objects, which may be lists."""
    array = np.empty(len(values), object)
    for row, value in enumerate(values):
        array[row] = value
    return array
