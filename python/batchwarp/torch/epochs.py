"""Which epoch it is, in memory that a data set shares with its copies in worker processes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BatchEpochs", "SampleEpochs"]

_MOST_WORKERS = 1024
_MARK = 2**32 - 1


class _Shared:
    """Integers that worker processes share, however they are started; a copy has its own.

    Args:
        count: Integer, how many.
    """

    def __init__(self, count: int) -> None:
        import torch

        self._tensor = torch.zeros(count, dtype=torch.int64).share_memory_()

    @property
    def _words(self) -> NDArray[np.int64]:
        words: NDArray[np.int64] = self._tensor.numpy()
        return words

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._tensor = self._tensor.share_memory_()  # in a worker it is already


class BatchEpochs(_Shared):
    """Epochs of a data set whose workers each make some batches of each of them.

    Nobody tells workers that an epoch begins: new ones are started for it, or old ones go on. What
    those of one epoch have in common is the seed that PyTorch draws. Each worker writes into a word
    of its own in which epoch it is, and that seed. The first of an epoch finds nobody with it and
    takes the next number, and so does any other that comes at the same time.

    Args:
        first: Integer, the number of the first epoch.
    """

    def __init__(self, first: int) -> None:
        super().__init__(2 + _MOST_WORKERS)
        self._words[0] = first

    def set(self, number: int) -> None:
        """Has the next epoch be the one with this number."""
        words = self._words
        words[2:] = 0
        words[:2] = number, 1

    def begin(self, worker: int, seed: int) -> tuple[int, bool]:
        """Begins an epoch.

        Args:
            worker: Integer, whose part of it begins.
            seed: Integer, that of all workers of the epoch.

        Returns:
            Tuple of the number of the epoch, and whether it is the first of all, whose number
            nobody has set.

        Raises:
            ValueError: If there are too many workers.
        """
        if worker >= _MOST_WORKERS:
            raise ValueError(
                f"`num_workers` should be at most {_MOST_WORKERS}. Received: more than {worker}"
            )
        words, mark = self._words, seed & _MARK
        known = words[2:].copy()
        begun, marks = known >> 32, known & _MARK
        # Old workers have the seed of the epoch before: those are with it that are ahead.
        own = int(begun[worker]) if marks[worker] == mark else 0
        together = begun[(marks == mark) & (begun > own)]
        number = int(together.max()) if together.size else int(begun.max()) + 1
        words[2 + worker] = number << 32 | mark  # in one step, for the others who look
        return int(words[0]) + number - 1, number == 1 and not words[1]


class SampleEpochs(_Shared):
    """Epochs of a data set whose samples are asked for one by one, by whatever worker.

    Until `set` is called, a sample is in the epoch that says how often it was asked for before.

    Args:
        first: Integer, the number of the first epoch.
        count: Integer, how many samples there are.
    """

    def __init__(self, first: int, count: int) -> None:
        super().__init__(2 + count)
        self._words[0] = first

    def set(self, number: int) -> None:
        """Has all samples be in the epoch with this number, however often they are asked for."""
        self._words[0] = number
        self._words[1] = 1

    def of(self, sample: int) -> int:
        """Returns the epoch that a sample is in now that it is asked for."""
        words = self._words
        if words[1]:
            return int(words[0])
        asked = int(words[2 + sample])
        words[2 + sample] = asked + 1
        return int(words[0]) + asked
