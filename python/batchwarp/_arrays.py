"""Arrays that come from elsewhere: what they may be, and what is wrong with those that are none."""

from __future__ import annotations

import os
from collections.abc import Mapping, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._signals import let_through
from batchwarp._warnings import warn

__all__ = [
    "CORE_INPUTS",
    "CORE_OUTPUTS",
    "FOR_FILES",
    "as_array",
    "computing_dtype",
    "converted",
    "is_extension",
    "is_floating",
    "is_real",
    "listed",
    "rank_hint",
    "real_array",
    "sequence",
]

# What the core reads and writes. Dtypes of the other byte order are not equal to these.
CORE_INPUTS = frozenset(np.dtype(name) for name in ("u1", "u2", "f2", "f4", "f8"))
CORE_OUTPUTS = frozenset(np.dtype(name) for name in ("u1", "f2", "f4", "f8"))

_REAL = frozenset("biuf")

# What is said to those who pass paths where images are expected.
FOR_FILES = " For paths of files, use `flow_from_dataframe` or `flow_from_directory`"


def is_extension(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype is one of `ml_dtypes`' numbers, as bfloat16, which NumPy only knows of."""
    name = dtype.name
    return dtype.isbuiltin == 2 and ("float" in name or "int" in name)


def is_real(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype holds real numbers, or booleans."""
    return (dtype.kind in _REAL and dtype.isbuiltin != 2) or is_extension(dtype)


def is_floating(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype holds floating-point numbers."""
    return "float" in dtype.name if is_extension(dtype) else dtype.kind == "f"


def computing_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Returns the dtype to compute in for results of a dtype.

    `ml_dtypes`' numbers are computed in float32 and rounded once.
    """
    return np.dtype(np.float32) if is_extension(dtype) else dtype


def as_array(name: str, value: Any, *, stack: bool = False) -> NDArray[Any]:
    """Returns `value` as an array, without a copy where possible.

    Args:
        name: String, the argument's name for errors.
        value: Array-like: an array of NumPy's or of another library, or nested sequences.
        stack: Boolean, whether an array of objects that are arrays of one shape is one array.

    Returns:
        Array of any dtype.

    Raises:
        ValueError: If nested sequences are not of one shape.
        TypeError: If it is no array-like.
    """
    if type(value) is np.ndarray and value.dtype.byteorder in "=|" and value.dtype != object:
        return value  # nearly always
    if hasattr(value, "__next__") or hasattr(value, "on_epoch_end"):
        raise TypeError(_no_array(name, value))  # NumPy might ask it for pieces without end
    try:
        array = np.asarray(value)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # whatever NumPy and other libraries raise
        let_through(error)
        raise _unconverted(name, value, error) from error
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        warn(f"`{name}` is a masked array; what is under the mask is used, as in Keras")
    if array.dtype == object:
        if array.ndim == 0:
            raise TypeError(_no_array(name, value))
        if stack and array.ndim == 1:
            shapes = {item.shape if isinstance(item, np.ndarray) else None for item in array}
            if len(shapes) == 1 and None not in shapes:
                return np.stack(list(array))
    elif array.dtype.isnative and array.dtype.byteorder not in "=|":
        return array.view(array.dtype.newbyteorder("="))  # the same, but zarr spells it out
    return array


def rank_hint(array: NDArray[Any]) -> str:
    """Returns what may be missing from images of too low a rank."""
    if array.ndim != 3:
        return ""
    return (
        ". Grey images need an axis for their channel, `x[..., np.newaxis]`, and a single image "
        "one for the batch, `x[np.newaxis]`"
    )


def real_array(name: str, value: Any, hint: str = "", *, objects: bool = False) -> NDArray[Any]:
    """Returns `value` as an array of real numbers, without a copy where possible.

    Args:
        name: String, the argument's name for errors.
        value: As for `as_array`.
        hint: String, what to do about strings.
        objects: Boolean, whether an array of objects is left as it is. Otherwise they are numbers,
            and become float64.

    Returns:
        Array of booleans, integers or floating-point numbers, or of objects.

    Raises:
        ValueError: If nested sequences are not of one shape.
        TypeError: If it is no array-like, or of another dtype.
    """
    array = as_array(name, value, stack=True)
    if is_real(array.dtype):
        return array
    first = array.flat[0] if array.dtype == object and array.size else None
    if isinstance(first, np.ndarray):
        raise _unconverted(name, list(array.flat), ValueError("it holds arrays"))
    if array.dtype == object and not isinstance(first, (str, bytes, os.PathLike)):
        return array if objects else converted(name, array, np.dtype(np.float64))
    if array.dtype.kind == "c":
        hint = " Pass real and imaginary parts as channels, or the magnitude, `np.abs(x)`"
    elif array.dtype.type is np.void and array.dtype.names is None:
        hint = " An array of ml_dtypes that was saved needs `.view(ml_dtypes.bfloat16)`, or its own"
    elif array.dtype.kind not in "SUOT":
        hint = ""
    raise TypeError(f"`{name}` should hold real numbers. Received dtype: {array.dtype}.{hint}")


def sequence(name: str, value: Any, *, stack: bool = False) -> Any:
    """Returns `value` as an array, or as it is if it can be cut before it is read.

    Args:
        name: String, the argument's name for errors.
        value: As for `as_array`; or data in a file, as h5py's and zarr's.
        stack: As for `as_array`.

    Returns:
        Something with a length that slices can be taken of.

    Raises:
        ValueError: As `as_array`.
        TypeError: As `as_array`.
    """
    needed = ("shape", "__len__", "__getitem__", "__array__")
    # pandas cuts by labels, and a class has the attributes of its instances.
    is_array = isinstance(value, (np.ndarray, type)) or hasattr(value, "iloc")
    if not is_array and all(hasattr(value, what) for what in needed):
        return value
    return as_array(name, value, stack=stack)


def listed(values: Any) -> list[Any]:
    """Returns the values of a column, an array or any iterable, of Python's own types if possible.

    Args:
        values: Iterable, for example an array or a column of pandas, polars or pyarrow.

    Returns:
        List.

    Raises:
        TypeError: If it is an array without an axis, or cannot be iterated over.
    """
    for name in ("to_pylist", "to_list", "tolist"):
        method = getattr(values, name, None)
        if method is not None:
            found = method()
            if not isinstance(found, list):
                raise TypeError(f"an array without an axis holds one value: {found!r}")
            return found
    return [value.item() if isinstance(value, np.generic) else value for value in values]


def converted(name: str, array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Returns an array in another dtype, which objects may not have.

    Args:
        name: String, the argument's name for errors.
        array: Array as from `real_array`.
        dtype: The dtype.

    Raises:
        TypeError: If it holds objects that are no numbers.
    """
    try:
        return array.astype(dtype, copy=False)
    except (TypeError, ValueError) as error:
        raise TypeError(f"`{name}` should hold real numbers: {error}") from error


def _unconverted(name: str, value: Any, error: Exception) -> Exception:
    """Returns what to raise for what NumPy makes no array of."""
    if isinstance(value, (list, tuple)):
        try:
            shapes = [np.shape(item) for item in value]
        except Exception as nested:  # noqa: BLE001 - it goes deeper, or is not NumPy's business
            let_through(nested)
            shapes = []
        other = next((at for at, shape in enumerate(shapes) if shape != shapes[0]), None)
        if other is not None:
            return ValueError(
                f"`{name}` should hold arrays of one shape. Received {shapes[0]} at 0 and "
                f"{shapes[other]} at {other}"
            )
        if isinstance(error, ValueError):
            return ValueError(f"`{name}` should hold sequences of one length: {error}")
    return TypeError(
        f"`{name}` should be an array; {type(value).__name__} cannot be converted to one: {error}"
    )


def _no_array(name: str, value: Any) -> str:
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    received = "None" if value is None else kind
    if hasattr(value, "toarray"):
        hint = "; `.toarray()` makes an array of a sparse one"
    elif hasattr(value, "todense"):
        hint = "; `.todense()` makes an array of a sparse one"
    elif hasattr(value, "__iter__") and not isinstance(value, (Mapping, Set, str, bytes, type)):
        hint = (
            ", which gives one piece after the other; `model.fit` may take it as it is, and "
            "`np.stack` makes an array of a list of its pieces"
        )
    else:
        hint = ""
    return f"`{name}` should be an array. Received: {received}{hint}"
