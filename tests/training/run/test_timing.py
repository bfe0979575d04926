"""Taking the time of epochs and of waiting for batches."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras", reason="the clock is a Keras callback")

from batchwarp.training.run import timing


@pytest.fixture
def now(monkeypatch):
    """A clock that is set by hand."""
    time = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: time[0])
    return time


def at(now, seconds, call, *arguments):
    now[0] = seconds
    return call(*arguments)


def test_waiting_is_from_the_end_of_a_step_until_its_batch_is_ready(now):
    clock = timing.EpochClock()
    steps = clock.callback
    clock.made(8, 0.0)  # for Keras to see what batches look like
    steps.on_train_begin()
    at(now, 10, steps.on_epoch_begin, 0)
    at(now, 12, clock.made, 8, 11.0)  # nothing before 11 was waiting for a batch
    at(now, 13, clock.made, 8, 12.0)  # while the first step is under way
    at(now, 14, steps.on_train_batch_end, 0)
    at(now, 15, steps.on_train_batch_end, 1)
    at(now, 18, clock.made, 4, 13.0)
    at(now, 20, steps.on_train_batch_end, 2)
    times = at(now, 25, clock.epoch)  # after validation
    assert times == {"seconds": 15.0, "waiting": pytest.approx((1 + 3) / 10)}
    assert clock.images == 28
    assert clock.making == pytest.approx(0 + 1 + 1 + 5)
    at(now, 30, steps.on_epoch_begin, 1)
    at(now, 30, clock.made, 8, 29.0)
    at(now, 32, steps.on_train_batch_end, 0)
    assert clock.epoch() == {"seconds": 2.0, "waiting": 0.0}


def test_without_batches_of_ours_nothing_is_said_of_waiting(now):
    clock = timing.EpochClock()
    clock.callback.on_train_begin()
    at(now, 1, clock.callback.on_epoch_begin, 0)
    at(now, 2, clock.callback.on_train_batch_end, 0)
    assert clock.epoch() == {"seconds": 1.0}


class Flow:
    """Three batches of two images."""

    def __init__(self):
        self.ended = 0

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return np.full((2, 4), index), np.zeros(2)

    def on_epoch_end(self):
        self.ended += 1


@pytest.mark.parametrize(("steps", "length"), [(None, 3), (2, 2), (9, 3)])
def test_timed_batches_are_those_of_the_flow(steps, length):
    flow, clock = Flow(), timing.EpochClock()
    batches = timing.timed_batches(flow, clock, steps)
    assert len(batches) == length
    np.testing.assert_array_equal(batches[1][0], np.full((2, 4), 1))
    assert clock.images == 2
    batches.on_epoch_end()
    assert flow.ended == 1
