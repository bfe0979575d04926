"""Batches of a pass that is begun anywhere: what workers need that make some of them each."""

from __future__ import annotations

from collections.abc import Iterator as Batches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp.iterators.keyed import KeyedIterator
from batchwarp.iterators.order import PLACE, place_of
from batchwarp.iterators.passes import Pass


class PartedIterator(KeyedIterator):
    """Base class of iterators whose batches may be made out of turn.

    The methods are for other loops than Keras'; they say nothing of what an iterator has read.
    """

    @property
    def latest_pass(self) -> int:
        """Number of the pass that the iterator is in, or at the beginning of."""
        length = len(self)
        return self.passes or (self.total_batches_seen // length if length else 0)

    @property
    def draws_by_key(self) -> bool:
        """Whether all that happens to a sample depends on seed, pass and sample alone."""
        return self._draws_by_key

    @property
    def draws_alike_everywhere(self) -> bool:
        """Whether copies in several processes draw the same numbers."""
        return not self._draws_from_numpy

    @property
    def is_of_a_shard(self) -> bool:
        """Whether others make parts of the batches."""
        return self._shard.count > 1

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of the arguments of what moves with images."""
        return ()

    def begin_pass(self, number: int) -> None:
        """Moves to the beginning of a pass, which has the batches that a new iterator gives in it.

        Args:
            number: Integer, which pass.
        """
        self.index_generator.start(self)
        with self.lock:
            self._resumed = False
            self._go_on(0, number * len(self), None, Pass(number))

    def every(self, first: int, step: int) -> Batches[Any]:
        """Yields some of the batches that `next` would give up to the end of the pass.

        It is for a copy, which nobody else reads.

        Args:
            first: Integer, how many batches to pass over before the first one.
            step: Integer, how far it is from one to the next.
        """
        self.prefetch = 0
        start, seen, begun = self.batch_index, self.total_batches_seen, self._pass
        if not start or self.index_array is None:
            self._drawn_order()
        order = self.index_array
        for position in range(start + first, len(self), step):
            self._go_on(position, seen + position - start, order, begun)
            yield next(self)

    def _go_on(
        self, position: int, seen: int, order: NDArray[np.int64] | None, number: Pass
    ) -> None:
        """Moves to a batch."""
        place = dict(zip(PLACE, place_of(self), strict=True))
        place |= {"batch_index": position, "total_batches_seen": seen}
        place |= {"index_array": order, "_pass": number}
        self._go_to([place[name] for name in PLACE])

    def made(self, index_array: NDArray[np.int64], number: int) -> Any:
        """Makes a batch of some samples as they are in a pass, where draws are keyed.

        Args:
            index_array: Array `(n,)`, the samples.
            number: Integer, which pass.
        """
        # Only functions and methods of the user's draw from it.
        seed = (self._seed() + number * self.n + int(index_array[0])) % 2**32
        return self._batch(index_array, np.random.RandomState(seed), number)
