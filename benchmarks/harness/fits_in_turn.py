"""Several `model.fit` of one model that take turns of a few steps each.

From one epoch to the next a step takes a tenth more or less, by where threads happen to run, while
one of a few steps later takes what its neighbours take. So what is to be compared alternates as
often as that; whole epochs would have to be timed for minutes.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

STEPS = 12  # of a turn
# The first ones of these are not timed: batches that the other one has ordered ahead are still
# being made, and its data has taken the caches.
SKIPPED = 3
_FOREVER = 1_000_000  # epochs


class _Turns:
    """Whose turn it is, among threads by their numbers."""

    def __init__(self, count: int) -> None:
        self._may_go = [threading.Semaphore(0) for _ in range(count)]
        self._may_go[0].release()
        self.is_over = False

    def wait(self, number: int) -> None:
        self._may_go[number].acquire()

    def hand_over(self, number: int) -> None:
        self._may_go[(number + 1) % len(self._may_go)].release()

    def end(self) -> None:
        """Lets all threads go on, to their end."""
        self.is_over = True
        for one in self._may_go:
            one.release()


def steps_in_turn(
    keras: Any, model: Any, ways: Mapping[str, Any], count: int
) -> dict[str, list[float]]:
    """Trains a model in several ways in turn.

    It is the model's one train function that all ways run, each in a thread of its own, of which
    all others wait meanwhile.

    Args:
        keras: The module.
        model: What is trained, compiled and trained before in each of the ways.
        ways: The `x` of `fit` for each, by name.
        count: How many turns each of them takes.

    Returns:
        For each way the seconds of one step, the mean of each of its turns.
    """
    turns = _Turns(len(ways))

    class InTurn(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number
            self.seconds: list[float] = []
            self.ticks: list[float] = []

        def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 - as Keras calls it
            turns.wait(self.number)

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            self.ticks.append(time.perf_counter())
            if len(self.ticks) > STEPS and not turns.is_over:
                self.seconds.append((self.ticks[-1] - self.ticks[SKIPPED]) / (STEPS - SKIPPED))
                turns.hand_over(self.number)
                turns.wait(self.number)
                self.ticks = [time.perf_counter()]
            if len(self.seconds) == count or turns.is_over:
                turns.is_over = model.stop_training = True

    def train(number: int, data: Any) -> list[float]:
        watch = InTurn(number)
        try:
            model.fit(x=data, epochs=_FOREVER, verbose=0, callbacks=[watch])
        finally:
            turns.end()
        return watch.seconds

    with ThreadPoolExecutor(len(ways)) as pool:
        seconds = pool.map(train, itertools.count(), ways.values())
        return dict(zip(ways, seconds, strict=True))
