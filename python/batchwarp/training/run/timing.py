"""Where the time of a training goes: epochs, and waiting for batches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from batchwarp.console.frameworks import load_keras

__all__ = ["EpochClock", "timed_batches"]


class EpochClock:
    """Takes the time of epochs, of making batches and of waiting for them.

    Keras makes batches ahead in a thread of its own, so the time that making them takes says little
    about the time that is lost. A step waits if its batch is still being made when the step before
    has ended; how long follows from the times of both. A batch counts as ready when the iterator
    has made it; what Keras needs to hand it over is not seen and counts as training.

    Attributes:
        callback: For the `callbacks` of `fit`; it must come first.
        images: Number of images made so far.
        making: Seconds that making them took.
    """

    def __init__(self) -> None:
        self.images = 0
        self.making = 0.0
        # When each batch since training began was asked for, and when it was ready.
        self._made: list[tuple[float, float]] = []
        self._steps = 0  # that have ended
        self._free = 0.0  # when the next step could begin
        self._begin = 0.0
        self._waited = 0.0
        self._trained = 0.0
        self.callback = load_keras().callbacks.LambdaCallback(
            on_train_begin=lambda *_, **__: self._begin_training(),
            on_epoch_begin=lambda *_, **__: self._begin_epoch(),
            on_train_batch_end=lambda *_, **__: self._end_step(),
        )

    def made(self, images: int, begin: float) -> None:
        """Takes note of a batch that is ready.

        Args:
            images: Number of its images.
            begin: When it was asked for, by `time.perf_counter`.
        """
        now = time.perf_counter()
        self._made.append((begin, now))
        self.images += images
        self.making += now - begin

    def epoch(self) -> dict[str, float]:
        """Returns, at the end of an epoch, its duration and the share of waiting in its training.

        Returns:
            "seconds", with validation, and, if the batches are timed, "waiting", 0 to 1: waiting
            for batches as a share of the time without validation.
        """
        times = {"seconds": round(time.perf_counter() - self._begin, 3)}
        if self._made and self._trained:
            times["waiting"] = round(self._waited / self._trained, 4)
        return times

    def _begin_training(self) -> None:
        # Keras has made one or two batches before, to see what they look like.
        self._made.clear()
        self._steps = 0

    def _begin_epoch(self) -> None:
        self._begin = self._free = time.perf_counter()
        self._waited = self._trained = 0.0

    def _end_step(self) -> None:
        now = time.perf_counter()
        if self._steps < len(self._made):
            begin, ready = self._made[self._steps]
            self._waited += max(0.0, min(ready, now) - max(begin, self._free))
        self._trained = now - self._begin
        self._steps += 1
        self._free = now


def timed_batches(
    flow: Any,
    clock: EpochClock,
    steps: int | None = None,
    labels: Callable[[Any], Any] | None = None,
) -> Any:
    """Returns the batches of a flow as a data set for `fit`, with their times taken.

    Args:
        flow: An iterator of batchwarp or of Keras.
        clock: What the times are given to.
        steps: Batches in an epoch; None takes a whole pass.
        labels: What makes of the labels of a batch those to be learnt; None takes them as they are.

    Returns:
        A `keras.utils.PyDataset`.
    """
    keras = load_keras()

    class TimedBatches(keras.utils.PyDataset):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.flow = flow

        def __len__(self) -> int:
            return len(flow) if steps is None else min(len(flow), steps)

        def __getitem__(self, index: int) -> Any:
            begin = time.perf_counter()
            batch = flow[index]
            clock.made(len(batch[0]), begin)
            return batch if labels is None else (batch[0], labels(batch[1]))

        def on_epoch_end(self) -> None:
            flow.on_epoch_end()
            # What is augmented by the number of the pass is to differ after a part of one, too.
            if len(self) < len(flow) and hasattr(flow, "passes"):
                flow.passes += 1

    return TimedBatches()
