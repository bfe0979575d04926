"""Which samples are for validation, decided otherwise than by their place, as Keras does."""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["class_numbers", "hashed", "stratified"]


def stratified(labels: Sequence[Any] | NDArray[Any], share: float, seed: int) -> NDArray[np.bool_]:
    """Chooses the same share of every class.

    Of a class of n samples, `int(share * n)` are chosen, by a permutation of their own. All
    permutations are drawn from `RandomState(seed)`, in sorted order of the classes. The same labels
    in the same order always give the same choice.

    Args:
        labels: Array-like `(n,)` or `(n, 1)` of labels that can be sorted, or `(n, classes)` of 0
            and one 1 in each row.
        share: Float in [0, 1).
        seed: Integer from 0 to 2³² - 1.

    Returns:
        Array `(n,)`, true for the samples that are chosen for validation.

    Raises:
        ValueError: If the labels are of another form.
    """
    classes = class_numbers(labels)
    chosen = np.zeros(len(classes), dtype=np.bool_)
    random = np.random.RandomState(seed)
    # Sorting keeps samples of one class in their order.
    members = np.split(np.argsort(classes, kind="stable"), np.cumsum(np.bincount(classes))[:-1])
    for member in members:
        order = random.permutation(len(member))
        chosen[member[order[: int(share * len(member))]]] = True
    return chosen


def class_numbers(labels: Any) -> NDArray[np.intp]:
    """Returns the number of each sample's class, counted from 0 in sorted order.

    Args:
        labels: As for `stratified`.

    Returns:
        Array `(n,)`.

    Raises:
        ValueError: If the labels are of another form.
    """
    values = np.asarray(labels)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2 and values.dtype.kind in "biuf":
        set_values = values != 0
        if (set_values.sum(axis=1) == 1).all() and (values[set_values] == 1).all():
            values = set_values.argmax(axis=1)
    if values.ndim != 1:
        raise ValueError(
            'A split by "stratified" needs labels of one dimension, or rows with one 1 and '
            f"otherwise 0 (one-hot). Received labels of shape {values.shape}"
        )
    try:
        return np.unique(values, return_inverse=True)[1]
    except TypeError as error:
        raise ValueError(
            f'A split by "stratified" needs labels that can be sorted: {error}'
        ) from error


def hashed(names: Sequence[str], share: float, seed: int) -> NDArray[np.bool_]:
    """Chooses each name by itself, whatever the other names are.

    A name is chosen if its hash is among the lowest `share` of all hashes. So a file stays where it
    is when others are added or removed, and the share is met only about, the better the more names
    there are. The choice is the same on every operating system: backslashes count as slashes, and
    letters with accents are the same whether the file system composes them or not.

    Args:
        names: Strings, usually paths relative to the data set's folder.
        share: Float in [0, 1).
        seed: Integer from 0 to 2³² - 1.

    Returns:
        Array `(n,)`, true for the names that are chosen for validation.
    """
    limit = math.ceil(share * 2**64)
    chosen = (_hash(name, seed) < limit for name in names)
    return np.fromiter(chosen, dtype=np.bool_, count=len(names))


def _hash(name: str, seed: int) -> int:
    text = f"{seed}:{unicodedata.normalize('NFC', name.replace(chr(92), '/'))}"
    # File names that are no Unicode hold lone surrogates.
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
