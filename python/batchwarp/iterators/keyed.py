"""What flows draw by key: their seed, what their samples are called, the order of a pass."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._arguments import seed_of_a_flow
from batchwarp._random import global_random
from batchwarp.augment.keys import Keys, hash_of_state, keyed_order
from batchwarp.augment.operations import draws_by_key
from batchwarp.augment.settings import augments, takes_chances
from batchwarp.iterators.base import Iterator


class KeyedIterator(Iterator):
    """Base class of iterators over the samples of a generator, for which numbers are keyed."""

    _subset: str | None = None
    # What functions of these names say of the generator and the subset.
    _augments: bool = True
    _takes_chances: bool = True

    image_data_generator: Any

    def _set_key(self) -> None:
        """Keeps what is the seed where none is given."""
        by_key = self._draws_by_key
        self._key = secrets.randbits(64) if by_key else hash_of_state(global_random())

    def _set_subset(self, generator: Any, subset: str | None) -> None:
        """Keeps what is done to the images of a subset."""
        self._subset = subset
        self._augments = augments(generator, subset)
        self._takes_chances = takes_chances(generator, subset)

    @property
    def _operates(self) -> bool:
        """Whether the generator has operations."""
        return bool(getattr(self.image_data_generator, "operations", ()))

    @property
    def _draws_by_key(self) -> bool:
        return draws_by_key(self.image_data_generator)

    @property
    def _counts_passes(self) -> bool:
        generator = self.image_data_generator  # this is asked for each batch
        return bool(getattr(generator, "operations", ())) or (
            getattr(generator, "draws", "keras") != "keras"
        )

    def _seed(self) -> int:
        """Returns the seed of what is drawn by key."""
        seed = seed_of_a_flow(self.seed)
        if seed is None:
            assert self._key is not None
            return self._key
        return seed

    def _set_index_array(self) -> None:
        if self.shuffle and self._draws_by_key:
            self._set_order(keyed_order(self._seed(), self._pass.number, self.n), None)
        else:
            super()._set_index_array()

    def _sample_numbers(
        self,
        index_array: NDArray[np.int64],  # noqa: ARG002 - subclasses use it
    ) -> NDArray[np.uint64]:
        """Returns what keyed draws call samples: the same whatever the split or the order is.

        Args:
            index_array: Array `(n,)`, the samples.

        Returns:
            Array `(n,)`.
        """
        raise self._lacks("_sample_numbers")

    def _keys(self, index_array: NDArray[np.int64], number: int) -> Keys:
        """Returns what the random numbers of operations depend on.

        Args:
            index_array: Array `(n,)`, the samples.
            number: Integer, of the pass.
        """
        return Keys(self._sample_numbers(index_array), self._epoch(number), self._seed())

    def _epoch(self, number: int) -> int:
        """Returns the epoch that numbers are drawn for in a pass."""
        return 0 if self._subset == "validation" else number
