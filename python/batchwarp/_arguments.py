"""Checks of arguments: each returns the value in its own type, or says what it should be."""

from __future__ import annotations

import math
import numbers
import operator
import os
import re
from collections.abc import Mapping, Set
from typing import Any

import numpy as np

__all__ = [
    "LARGEST_SEED",
    "LARGEST_SEED_OF_A_FLOW",
    "boolean",
    "byte_count",
    "check_batches",
    "finite_number",
    "folder_path",
    "image_size",
    "integer",
    "number_pair",
    "one_seed",
    "passed_on",
    "seed_of_a_flow",
    "user_path",
]

_BYTES = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([KMGTP]?)(i(?=B))?B)", re.IGNORECASE)
LARGEST_SEED = 2**32 - 1  # that NumPy's legacy generator takes
# A flow adds the number of its batches to its seed. In Keras it ends with an error where the sum is
# too large; this leaves a million batches until then.
LARGEST_SEED_OF_A_FLOW = 2**32 - 2**20


def _index(value: Any) -> int | None:
    """Returns an integer as Python's own, `None` for all else. A boolean counts nothing."""
    if isinstance(value, (bool, np.bool_)):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def integer(name: str, value: Any, least: int, most: int | None = None) -> int:
    """Returns `value` as an integer.

    Args:
        name: String, the argument's name for the error.
        value: An integer of any type.
        least: The least that is accepted.
        most: The most that is accepted, or `None`.

    Returns:
        Integer.

    Raises:
        ValueError: If it is something else; booleans, floats and strings are.
    """
    number = _index(value)
    if number is None or number < least or (most is not None and number > most):
        accepted = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"`{name}` should be an integer {accepted}. Received: {value!r}")
    return number


def byte_count(name: str, value: Any) -> int:
    """Returns a number of bytes as an integer.

    Args:
        name: String, the argument's name for the error.
        value: An integer of at least 1, or a string of a number and a unit: `"4GB"`, `"512 MiB"`.

    Returns:
        Integer.

    Raises:
        ValueError: If it is something else.
    """
    count = _index(value)
    if isinstance(value, str):
        match = _BYTES.fullmatch(value.strip())
        if match is not None:
            binary, unit = match[3] is not None, match[2].upper()
            count = int(float(match[1]) * (1024 if binary else 1000) ** " KMGTP".index(unit or " "))
    if count is None or count < 1:
        raise ValueError(
            f"`{name}` should be a number of bytes of at least 1, as an integer or as a string "
            f'such as "4GB" (of 1000³ bytes) or "512MiB" (of 1024²). Received: {value!r}'
        )
    return count


def boolean(name: str, value: Any) -> bool:
    """Returns `value` as a boolean.

    Args:
        name: String, the argument's name for the error.
        value: Boolean, or a number or `None`, which are as true as they are in Python; or an array
            of rank 0 of one.

    Returns:
        Boolean.

    Raises:
        ValueError: If it is something else, as a string, of which `"no"` would be true.
    """
    one = value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if not (one is None or isinstance(one, (bool, np.bool_, numbers.Number))):
        raise ValueError(f"`{name}` should be a boolean. Received: {value!r}")
    return bool(one)


def finite_number(name: str, value: Any) -> float:
    """Returns `value` as a float.

    Args:
        name: String, the argument's name for the error.
        value: A real number or an array of one.

    Returns:
        A finite float.

    Raises:
        ValueError: If it is no number, NaN or infinite.
    """
    if type(value) is not float and type(value) is not int:  # which nearly all are
        try:
            number = value.item() if isinstance(value, np.ndarray) else value
            no_number = np.ndim(number) or isinstance(number, (str, bytes))
            number = math.nan if no_number else float(number)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
    else:
        try:
            number = float(value)
        except OverflowError:
            number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"`{name}` should be a finite number. Received: {value!r}")
    return number


def number_pair(name: str, value: Any) -> tuple[float, float]:
    """Returns `value` as two floats.

    Args:
        name: String, the argument's name for the error.
        value: A tuple or list of two real numbers, in any order.

    Returns:
        Tuple of two finite floats.

    Raises:
        ValueError: If it is not two finite numbers.
    """
    try:
        low, high = value
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`{name}` should be a tuple or list of two floats. Received: {value}"
        ) from error
    return finite_number(name, low), finite_number(name, high)


def image_size(name: str, value: Any, *, or_more: bool = False) -> tuple[int, int]:
    """Returns `value` as height and width of an image.

    Args:
        name: String, the argument's name for the error.
        value: Tuple, list or array of two integers of at least 1.
        or_more: Boolean, whether what follows the two is passed over.

    Returns:
        Tuple of two integers.

    Raises:
        ValueError: If it is something else; strings, floats and booleans are no integers.
    """
    extents: list[Any] = []
    if not isinstance(value, (str, bytes, bytearray, Mapping, Set)):
        try:
            extents = [_index(extent) for extent in value]
        except TypeError:
            extents = []
    two = extents[:2] if or_more else extents
    if len(two) != 2 or any(extent is None or extent < 1 for extent in two):
        raise ValueError(
            f"`{name}` should be a tuple of two integers of at least 1, (height, width). "
            f"Received: {value!r}"
        )
    return two[0], two[1]


def user_path(path: Any) -> Any:
    """Returns a path with the user's home folder for a `~` in front, as shells write it.

    Args:
        path: String or path-like; anything else is returned as it is.

    Returns:
        String; `path` itself if what it begins with exists by that very name.
    """
    text = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str) or not text.startswith("~"):
        return path
    if os.path.lexists(text.replace(os.sep, "/").partition("/")[0]):
        return path
    return os.path.expanduser(text)  # noqa: PTH111 - it leaves users that there are not


def folder_path(name: str, value: Any) -> str:
    """Returns the path of a folder, as `user_path` does.

    Args:
        name: String, the argument's name for the error.
        value: String, bytes or path-like.

    Returns:
        String.

    Raises:
        TypeError: If it is something else.
    """
    try:
        text = os.fsdecode(value)
    except TypeError:
        raise TypeError(
            f"`{name}` should be the path of a folder, a string or path-like. Received: {value!r}"
        ) from None
    return str(user_path(text))


def one_seed(name: str, value: Any) -> int:
    """Returns `value` as a seed that is used as it is.

    Args:
        name: String, the argument's name for the error.
        value: Integer from 0 to 2³² - 1.

    Returns:
        Integer.

    Raises:
        ValueError: If it is something else.
    """
    number = _index(value)
    if number is None or not 0 <= number <= LARGEST_SEED:
        raise ValueError(f"`{name}` should be an integer from 0 to 2**32 - 1. Received: {value!r}")
    return number


def seed_of_a_flow(value: Any) -> int | None:
    """Returns `value` as the seed of a flow.

    Args:
        value: Integer from 0 to `LARGEST_SEED_OF_A_FLOW`, or `None` for none.

    Returns:
        Integer or `None`.

    Raises:
        ValueError: If it is something else.
    """
    if value is None:
        return None
    number: int | None = value if type(value) is int else _index(value)  # asked for each batch
    if number is None or not 0 <= number <= LARGEST_SEED_OF_A_FLOW:
        raise ValueError(
            f"`seed` should be an integer from 0 to {LARGEST_SEED_OF_A_FLOW} (2**32 - 2**20), to "
            f"which each batch adds one, or `None`. Received: {value!r}"
        )
    return number


def check_batches(
    batch_size: Any, shuffle: Any, seed: Any, prefetch: Any = 0, *, empty: bool = False
) -> None:
    """Checks how samples become batches, for subclasses to do before they look for samples.

    Args:
        batch_size: Integer of at least 1.
        shuffle: Boolean.
        seed: As for `seed_of_a_flow`.
        prefetch: Integer of at least 0.
        empty: Boolean, whether there are no samples; batches of 0 samples are then all there are.

    Raises:
        ValueError: If an argument is not as above.
    """
    integer("batch_size", batch_size, 0 if empty else 1)
    boolean("shuffle", shuffle)
    seed_of_a_flow(seed)
    integer("prefetch", prefetch, 0)


def passed_on(arguments: Mapping[str, Any], *without: str) -> dict[str, Any]:
    """Returns the arguments of a `flow` for the iterator, which takes them by the same names.

    An argument is named in the signatures, which are what users see, and nowhere in between.

    Args:
        arguments: The function's `locals()`, before there are others.
        *without: Names that the iterator does not take.
    """
    return {name: value for name, value in arguments.items() if name not in without}
