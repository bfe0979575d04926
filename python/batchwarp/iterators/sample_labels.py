"""Labels of samples that a user has in an object of one's own: found, checked, and numbered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp._arrays import listed
from batchwarp._words import counted
from batchwarp.files.samples import NOTHING, FormError, name_of_sample, parts_of
from batchwarp.iterators.columns import is_missing, rows_in_words
from batchwarp.iterators.labels import class_list, of_classes

__all__ = ["Numbered", "labels_of", "numbered"]

# More than that are no classes, but numbers that stand for something else.
_MOST_CLASSES = 1_000_000


class Numbered(NamedTuple):
    """The samples that have a class.

    Attributes:
        rows: Array `(n,)`, which they are.
        numbers: List of an integer, or of a list of integers, for each of all samples; `None` where
            there is no class.
        class_indices: Dictionary from classes to integers.
    """

    rows: NDArray[np.int64]
    numbers: list[Any]
    class_indices: dict[Any, int]


def labels_of(samples: Any, columns: tuple[Any, Any], labels: Any) -> list[Any]:
    """Returns the labels of all samples, for which each is asked for once if need be.

    Args:
        samples: Object with a length, whose elements are as of `parts_of`.
        columns: As of `parts_of`. A column of that name, if `samples` knows it, is taken whole.
        labels: What the user has given for all of them, or `None`.

    Returns:
        List of a label for each.

    Raises:
        ValueError: If there is not one for each.
        TypeError: If a sample is of no form that is accepted, or has no label.
    """
    if labels is not None:
        given = None if isinstance(labels, (str, bytes, Mapping)) else listed(labels)
        if given is None or len(given) != len(samples):
            received = type(labels).__name__ if given is None else counted(len(given), "label")
            raise ValueError(
                f"`labels` should have one label for each of the {len(samples)} samples. "
                f"Received: {received}"
            )
        return given
    names = getattr(samples, "column_names", None)
    if isinstance(names, list) and columns[1] in names:  # images need not be looked at
        return listed(samples[columns[1]])
    found = [_label_of(samples, row, columns) for row in range(len(samples))]
    without = [row for row, label in enumerate(found) if label is NOTHING]
    if without:
        raise TypeError(
            f"`samples` have no label in {rows_in_words(without)}; pass pairs (image, label), "
            "`labels`, or `class_mode=None`"
        )
    return found


def _label_of(samples: Any, row: int, columns: tuple[Any, Any]) -> Any:
    try:
        return parts_of(samples[row], columns)[1]
    except FormError as error:
        raise TypeError(f"`{name_of_sample(row)}` {error}") from None


def numbered(
    labels: list[Any], classes: Any, names: Sequence[str] | None, class_mode: str
) -> Numbered:
    """Numbers the classes that labels are.

    Args:
        labels: List of names or integers, or of lists of them.
        classes: What the user has given as the classes, or `None`.
        names: Sequence of the names of classes that are integers, if the data set knows them.
        class_mode: `"binary"`, `"categorical"` or `"sparse"`.

    Raises:
        ValueError: If classes are not as they should be, or integers are none of classes.
        TypeError: If labels are something else, of both kinds, or missing.
    """
    wanted = class_list(classes, (str, int, np.integer))
    labels = [_plain(label) for label in labels]
    kinds = _kinds(labels, class_mode)
    rows = np.arange(len(labels))
    if kinds == {int} and not (wanted and all(isinstance(name, int) for name in wanted)):
        found = _of_integers(rows, labels, wanted or names)
    else:
        if wanted and not all(isinstance(name, kind) for kind in kinds for name in wanted):
            raise ValueError(
                "`classes` should be labels as the samples have them, or names for labels that are "
                f"integers. Received: {classes!r}"
            )
        rows, kept, ordered = of_classes(rows, labels, wanted)
        indices = {name: number for number, name in enumerate(ordered)}
        found = Numbered(rows, [_numbers(label, indices) for label in kept], indices)
    if class_mode == "binary" and len(found.class_indices) != 2:
        raise ValueError(
            'If class_mode="binary" there must be 2 classes. '
            f"Found {counted(len(found.class_indices), 'class', 'classes')}."
        )
    return found


def _plain(label: Any) -> Any:
    """Returns a label of one of Python's types."""
    if isinstance(label, (str, int)) or label is None:
        return label
    if getattr(label, "shape", None) == () and hasattr(label, "item"):  # NumPy's, tensors
        return label.item()
    if hasattr(label, "as_py"):  # a scalar of Arrow's
        return label.as_py()
    if isinstance(label, (list, tuple)) or getattr(label, "ndim", 0) == 1:
        return [_plain(one) for one in label]
    return label


def _kinds(labels: list[Any], class_mode: str) -> set[type]:
    """Returns which of integers and strings labels are, or raises `TypeError`."""
    kinds: set[type] = set()
    wrong: dict[str, list[int]] = {}
    for row, label in enumerate(labels):
        parts = label if class_mode == "categorical" and isinstance(label, list) else (label,)
        for part in parts:
            if isinstance(part, str):
                kinds.add(str)
            elif isinstance(part, int) and not isinstance(part, bool):
                kinds.add(int)
            else:
                what = "missing" if is_missing(part) else f"of type {type(part).__name__}"
                wrong.setdefault(what, []).append(row)
    if wrong:
        found = "; ".join(f"{what} in {rows_in_words(rows)}" for what, rows in wrong.items())
        hint = '; for numbers and vectors to predict, pass `class_mode="raw"`'
        if any("bytes" in what for what in wrong):
            hint = "; for bytes, pass pairs of which the label is decoded"
        raise TypeError(
            f'If class_mode="{class_mode}", labels should be names or integers of classes'
            f"{', or lists of them' if class_mode == 'categorical' else ''}. Found: {found}{hint}"
        )
    if len(kinds) > 1:
        raise TypeError("Labels should be all strings or all integers. Found: int, str")
    return kinds


def _of_integers(
    rows: NDArray[np.int64], labels: list[Any], names: Sequence[Any] | None
) -> Numbered:
    """Takes integers for the numbers of classes."""
    flat = [one for label in labels for one in (label if isinstance(label, list) else (label,))]
    least, most = min(flat), max(flat)
    count = most + 1 if names is None else len(names)
    if least < 0 or most >= count or count > _MOST_CLASSES:
        accepted = f"below {min(count, _MOST_CLASSES)}, the number of classes"
        raise ValueError(
            "Labels that are integers are the numbers of classes, from 0 "
            f"{'on' if names is None and count <= _MOST_CLASSES else 'and ' + accepted}. "
            f"Found: {least} to {most}. For numbers to predict, pass "
            '`class_mode="raw"`; to choose some, name them with `classes`'
        )
    known = list(range(count)) if names is None else list(names)
    return Numbered(rows, labels, {name: number for number, name in enumerate(known)})


def _numbers(label: Any, indices: Mapping[Any, int]) -> Any:
    if isinstance(label, list):
        return [indices[name] for name in label]
    return None if label is None else indices[label]
