"""Labels and classes: what users give, and what is made of it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._arrays import listed
from batchwarp.iterators.columns import is_missing, rows_in_words

__all__ = ["check_labels", "class_list", "combinations", "of_classes", "separated"]

_HINTS = {
    "bool": 'for booleans, pass them as strings: `.map({False: "no", True: "yes"})`',
    "float": 'for whole numbers, convert them with `.astype("int64")` and pass '
    '`integer_classes=True`; for numbers to predict, pass `class_mode="raw"`',
    "int": "For integers, pass `integer_classes=True`",
    "set": "for several labels of one sample, pass a list of them: `.map(sorted)`",
    "bytes": "for bytes, pass strings: `.str.decode()`",
}
_SAME_AS = {"frozenset": "set", "bool_": "bool", "Decimal": "float"}


def class_list(classes: Any, types: tuple[type, ...] = (str,)) -> list[Any] | None:
    """Returns the argument `classes` as a list.

    Args:
        classes: Iterable of labels in any container: a list, an array, a column of a dataframe, the
            keys of a dictionary. A set, which has no order, is sorted. `None` stands for none.
        types: Tuple of the types that labels may have.

    Returns:
        List of labels of Python's own types, or `None`.

    Raises:
        ValueError: If it is a string, no iterable, or holds something else.
    """
    if classes is None:
        return None
    names: list[Any] = []
    is_bad = isinstance(classes, (str, bytes)) or not isinstance(classes, Iterable)
    is_bad |= hasattr(classes, "columns")  # of a dataframe, the names of which would be taken
    if not is_bad:
        try:
            names = sorted(classes) if isinstance(classes, (set, frozenset)) else listed(classes)
            is_bad = any(not isinstance(name, types) or isinstance(name, bool) for name in names)
        except TypeError:  # an array without an axis, labels that cannot be sorted
            is_bad = True
    if is_bad:
        accepted = "strings or integers" if int in types else "strings"
        raise ValueError(
            f"`classes` should be a sequence of the classes' names, {accepted}. "
            f"Received: {classes!r}"
        )
    return names


def check_labels(
    labels: list[Any],
    y_col: Any,
    class_mode: str,
    classes: Sequence[Any] | None,
    integer_classes: bool,
) -> None:
    """Checks that labels are of the types that a class mode takes.

    Args:
        labels: List of the labels of all rows.
        y_col: The name of their column, for errors.
        class_mode: `"binary"`, `"categorical"` or `"sparse"`.
        classes: Sequence of the classes, or `None` for all labels.
        integer_classes: Boolean, whether labels may be integers.

    Raises:
        TypeError: If they are of other types, or some are missing.
        ValueError: If there should be two classes and there are not.
    """
    single: tuple[type, ...] = (str, int, np.integer) if integer_classes else (str,)
    accepted = (*single, list, tuple) if class_mode == "categorical" else single
    # All types first, because rows are many and types are few.
    types = {type(label) for label in labels}
    wrong = {kind for kind in types if not issubclass(kind, accepted) or kind is bool}
    if wrong:
        what = "type string, list or tuple" if class_mode == "categorical" else "strings"
        if integer_classes:
            what += " or integers"
        rows = [row for row, label in enumerate(labels) if type(label) in wrong]
        raise TypeError(
            f'If class_mode="{class_mode}", y_col="{y_col}" column values must be {what}.'
            f"{_what_is_wrong(labels, rows, y_col)}"
        )
    if not types.isdisjoint((list, tuple)):
        _check_parts(labels, y_col)
    if class_mode == "binary":
        given = set(classes) if classes else set(labels)
        if len(given) != 2:
            found = (
                f"{len(given)} class/es were given." if classes else f"Found {len(given)} classes."
            )
            raise ValueError(f'If class_mode="binary" there must be 2 classes. {found}')


def _check_parts(labels: list[Any], y_col: Any) -> None:
    """Raises `TypeError` if a list of labels holds no label, or a list."""
    rows = [
        row
        for row, label in enumerate(labels)
        if isinstance(label, (list, tuple))
        and any(is_missing(name) or not isinstance(name, Hashable) for name in label)
    ]
    if rows:
        raise TypeError(
            f'y_col="{y_col}" column values may be lists of labels, none of which may be missing '
            f"or a list itself; this is so in {rows_in_words(rows)}"
        )


def _what_is_wrong(labels: list[Any], rows: list[int], y_col: Any) -> str:
    """Returns sentences about labels of wrong types: where they are, and what to do."""
    text = ""
    missing = [row for row in rows if is_missing(labels[row])]
    if missing:
        text += (
            f" A label is missing in {rows_in_words(missing)}; leave out such rows, with pandas "
            f"by `dataframe.dropna(subset=[{y_col!r}])`."
        )
    by_type: dict[str, list[int]] = {}
    for row in rows:
        if not is_missing(labels[row]):
            by_type.setdefault(type(labels[row]).__name__, []).append(row)
    for name, found in by_type.items():
        text += f" Labels are of type {name} in {rows_in_words(found)}."
        hint = _HINTS.get(_SAME_AS.get(name, name))
        if hint:
            text += f" {hint[0].upper()}{hint[1:]}."
    return text


def separated(labels: list[Any], separator: str, y_col: Any) -> list[Any]:
    """Returns the labels that strings hold, with a separator between them.

    Args:
        labels: List of strings.
        separator: String that is not empty.
        y_col: The name of their column, for errors.

    Returns:
        List of lists of strings.

    Raises:
        TypeError: If a label is no string.
    """
    wrong = [row for row, label in enumerate(labels) if not isinstance(label, str)]
    if wrong:
        raise TypeError(
            f'With `label_separator`, y_col="{y_col}" column values must be strings.'
            f"{_what_is_wrong(labels, wrong, y_col)}"
        )
    return [[name.strip() for name in label.split(separator) if name.strip()] for label in labels]


def of_classes(
    rows: NDArray[np.int64], labels: list[Any], classes: Sequence[Any] | None
) -> tuple[NDArray[np.int64], list[Any], list[Any]]:
    """Returns the rows that have a class, the labels without those of other classes, the classes.

    Args:
        rows: Array, the rows to look at.
        labels: List of all rows' labels.
        classes: Sequence of the classes to keep; `None` for all.

    Returns:
        Tuple of an array and two lists.

    Raises:
        TypeError: If labels cannot be sorted.
    """
    if not classes:
        found: set[Any] = set()
        for row in rows:
            label = labels[row]
            found.update(label if isinstance(label, (list, tuple)) else (label,))
        try:
            return rows, labels, sorted(found)
        except TypeError as error:
            kinds = ", ".join(sorted({type(name).__name__ for name in found}))
            raise TypeError(
                f"Labels should be all strings or all integers. Found: {kinds}"
            ) from error
    wanted = list(dict.fromkeys(classes))
    known = set(wanted)

    def kept(label: Any) -> Any:
        if isinstance(label, (list, tuple)):
            return [name for name in label if name in known] or None
        return label if label in known else None

    chosen = [kept(label) for label in labels]
    return np.array([row for row in rows if chosen[row] is not None], np.int64), chosen, wanted


def combinations(numbers: list[Any]) -> list[int]:
    """Returns one integer for samples of the same classes, in order of the classes' numbers.

    Args:
        numbers: List of the samples' classes, integers or lists of integers.
    """
    keys = [tuple(sorted(one)) if isinstance(one, list) else (one,) for one in numbers]
    order = {key: position for position, key in enumerate(sorted(set(keys)))}
    return [order[key] for key in keys]
