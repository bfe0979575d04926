"""Images of a flow that are mixed with others of its samples, and their labels and weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp.augment.keys import Keys, numbers_of
from batchwarp.iterators.structures import arrays
from batchwarp.ops.mixing import Mixing

__all__ = ["Mixer", "Mixture"]


class Mixture(NamedTuple):
    """Images, and what is mixed as they are.

    Attributes:
        samples: Array `(n,)`, the samples.
        images: Array of rank 4.
        labels: Array `(n, classes)`; or `None`, beside masks.
        weights: Array `(n,)`, or `None`.
        targets: The masks of images, as `"masks"`, if there are some.
    """

    samples: NDArray[np.int64]
    images: NDArray[Any]
    labels: NDArray[Any] | None
    weights: NDArray[Any] | None
    targets: Mapping[str, Any] = {}


class Mixer:
    """Mixes images with others, which are found among all samples by key.

    Args:
        mixing: Pairs of an operation that mixes and its number, in their order.
        count: Integer, how many samples there are.
        first: Boolean, whether channels come first.
        keys: Function that returns what samples are called.
        read: Function that returns samples as they are before any operation here.
    """

    def __init__(
        self,
        mixing: Sequence[tuple[Mixing, int]],
        count: int,
        first: bool,
        keys: Callable[[NDArray[np.int64]], Keys],
        read: Callable[[NDArray[np.int64]], Mixture],
    ) -> None:
        self._mixing = mixing
        self._count = count
        self._first = first
        self._keys = keys
        self._read = read

    def mixed(self, own: Mixture, operations: int | None = None) -> Mixture:
        """Returns samples after operations, each of which mixes what those before it made.

        The images and targets of `own` are changed in place.

        Args:
            own: The samples before.
            operations: Integer, how many of the operations to do; `None` for all.
        """
        for place in range(len(self._mixing) if operations is None else operations):
            own = self._after(own, place)
        return own

    def _after(self, own: Mixture, place: int) -> Mixture:
        operation, number = self._mixing[place]
        uniform, active = numbers_of(operation, number, self._keys(own.samples))
        shares, partners = operation.shares_and_partners(uniform, active, self._count)
        rows = np.flatnonzero(shares < 1)
        if not rows.size:
            return own
        others = self.mixed(self._read(partners[rows].astype(np.int64)), place)
        where = np.zeros(len(shares), np.intp)
        where[rows] = np.arange(len(rows))
        kept, *_ = [
            operation.mix(self._plane(one), self._plane(other), shares, where, uniform)[rows]
            for one, other in zip(
                (own.images, *arrays(dict(own.targets))),
                (others.images, *arrays(dict(others.targets))),
                strict=True,
            )
        ]

        def between(values: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
            wide = values.astype(np.result_type(values.dtype, np.float32), copy=True)
            share = kept.astype(wide.dtype).reshape(-1, *[1] * (wide.ndim - 1))
            wide[rows] += (1 - share) * (other - wide[rows])
            return wide

        labels, weights = own.labels, own.weights
        if labels is not None and others.labels is not None:
            labels = between(labels, others.labels)
        if weights is not None and others.weights is not None:
            weights = between(weights, others.weights)
        return own._replace(labels=labels, weights=weights)

    def _plane(self, array: NDArray[Any]) -> NDArray[Any]:
        """Returns images or masks as a view of rank 4, channels last."""
        if array.ndim == 3:
            return array[..., np.newaxis]
        return np.moveaxis(array, 1, -1) if self._first else array
