"""Random states of batches: seeded for each, and used again, since making one takes as long."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from batchwarp import _core
from batchwarp._random import global_random

__all__ = ["Left", "SeededStates"]


class Left(NamedTuple):
    """The random state of a batch with a seed of its own, as it is before its draws or after them.

    It takes a few microseconds to make, and hardly anybody asks for it.

    Attributes:
        seed: Integer from 0 to 2³² - 1.
        draws: What was drawn for each image; `None` for nothing.
        images: Integer, how many there were.
    """

    seed: int
    draws: _core.ParameterDraws | None
    images: int


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

    def made(self, left: Left) -> np.random.RandomState:
        """Returns a state that nobody else has, as a batch has left it."""
        random = self.take(left.seed)
        if left.draws is not None:
            left.draws.from_stream(random, left.images)
        return random

    def give_back(self, random: np.random.RandomState | Left) -> None:
        """Takes a state that is no longer needed; that of `numpy.random` is never one of these."""
        if random is not global_random() and not isinstance(random, Left):
            self._idle.append(random)

    def withhold(self, random: np.random.RandomState | Left) -> None:
        """Keeps a state that was given back from being used again."""
        if not isinstance(random, Left) and random in self._idle:
            self._idle.remove(random)
