"""Random states of batches: seeded for each, and used again, since making one takes as long."""

from __future__ import annotations

import numpy as np

from batchwarp._random import global_random

__all__ = ["SeededStates"]


class SeededStates:
    """Random states that are seeded for a batch and come back after it.

    Any number of threads may take and give back.
    """

    def __init__(self) -> None:
        self._idle: list[np.random.RandomState] = []

    def take(self, seed: int) -> np.random.RandomState:
        """Returns a state that nobody else has, seeded with `seed` modulo 2³²."""
        try:
            random = self._idle.pop()
        except IndexError:
            random = np.random.RandomState(0)
        random.seed(seed % 2**32)
        return random

    def give_back(self, random: np.random.RandomState) -> None:
        """Takes a state that is no longer needed; that of `numpy.random` is never one of these."""
        if random is not global_random():
            self._idle.append(random)

    def withhold(self, random: np.random.RandomState) -> None:
        """Keeps a state that was given back from being used again."""
        if random in self._idle:
            self._idle.remove(random)
