"""Fits that take turns do so step by step, and leave nobody waiting."""

from __future__ import annotations

import importlib
import math
import threading
from types import SimpleNamespace

import pytest

fits = importlib.import_module("batchwarp.benchmarks.harness.fits_in_turn")


class Callback:
    pass


KERAS = SimpleNamespace(callbacks=SimpleNamespace(Callback=Callback))


class Model:
    """What `fit` does of Keras', as far as turns are concerned; data is how long an epoch is."""

    def __init__(self):
        self.stop_training = False
        self.steps = []
        self.failing, self.fails_at = 0, math.inf
        self.threads = set()

    def fit(self, x, epochs, verbose, callbacks):
        assert verbose == 0
        self.stop_training = False
        self.threads.add(threading.get_ident())
        (callback,) = callbacks
        callback.on_train_begin()
        for _ in range(epochs):
            for batch in range(x):
                callback.on_train_batch_begin(batch)
                if x == self.failing and self.steps.count(x) >= self.fails_at:
                    raise RuntimeError("out of memory")
                self.steps.append(x)
                if self.stop_training:
                    return


@pytest.mark.parametrize("lengths", [(200, 201), (3, 5), (200, 201, 202)])
@pytest.mark.parametrize("count", [1, 4])
def test_every_way_takes_as_many_turns_of_as_many_steps_each(lengths, count):
    model = Model()
    taken = fits.steps_in_turn(KERAS, model, {f"of {n}": n for n in lengths}, count)
    assert list(taken) == [f"of {n}" for n in lengths]
    assert [len(seconds) for seconds in taken.values()] == [count] * len(lengths)
    assert all(second > 0 for seconds in taken.values() for second in seconds)
    # The step after its last turn is the one in which a fit notices that it is to end.
    in_turns = [n for _ in range(count) for n in lengths for _ in range(fits.STEPS)]
    assert model.steps[: len(in_turns)] == in_turns
    assert sorted(model.steps[len(in_turns) :]) == list(lengths)
    assert len(model.threads) == len(lengths)


@pytest.mark.parametrize("failing", [20, 30])
@pytest.mark.parametrize("at", [0, 5, fits.STEPS, 3 * fits.STEPS + 1])
def test_an_error_in_one_of_them_ends_all(failing, at):
    model = Model()
    model.failing, model.fails_at = failing, at
    with pytest.raises(RuntimeError, match="out of memory"):
        fits.steps_in_turn(KERAS, model, {"first": 20, "second": 30}, 4)
    assert len(model.steps) <= 2 * (at + fits.STEPS + 1)
