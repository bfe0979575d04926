"""Batches are arrays, or tuples, lists and dictionaries of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def map_arrays(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    """Calls a function with the corresponding arrays of several batches.

    Args:
        function: Takes as many arrays as there are batches.
        first: A batch.
        *others: Batches of the same structure.

    Returns:
        Its results in the structure of a batch, with tuples in place of lists.
    """
    if isinstance(first, dict):
        return {
            key: map_arrays(function, value, *(other[key] for other in others))
            for key, value in first.items()
        }
    if isinstance(first, (tuple, list)):
        return tuple(map_arrays(function, *parts) for parts in zip(first, *others, strict=True))
    return function(*(np.asarray(batch) for batch in (first, *others)))


def arrays(batch: Any) -> list[NDArray[Any]]:
    """Returns the arrays of a batch, in order."""
    found: list[NDArray[Any]] = []
    map_arrays(found.append, batch)
    return found


def without_lists(batch: Any) -> Any:
    """Returns a batch with tuples in place of the lists in it.

    TensorFlow takes several inputs or outputs in tuples only, for which Keras has lists.

    Args:
        batch: A batch, for example `(images, [labels, others])`.

    Returns:
        The batch itself if there is no list in it, else a tuple.
    """
    if isinstance(batch, (tuple, list)) and any(isinstance(part, list) for part in batch):
        return tuple(tuple(part) if isinstance(part, list) else part for part in batch)
    return batch


def stacked(batches: list[Any]) -> Any:
    """Joins batches of one structure and size.

    Args:
        batches: List of at least one batch.

    Returns:
        The structure of a batch; its arrays have one axis more, in front, for the batches.
    """

    def stack(*parts: NDArray[Any]) -> NDArray[Any]:
        return np.stack(parts) if len(parts) > 1 else parts[0][np.newaxis]

    return map_arrays(stack, *batches)
