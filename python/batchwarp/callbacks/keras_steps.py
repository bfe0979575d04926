"""The steps of Keras' `fit`: timed where they fetch their data, and run on one batch."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from batchwarp.callbacks.model_state import arrays_of, metrics_of, variables_of

__all__ = ["fit_on_one", "timed", "untimed"]

# What a train function of Keras' on TensorFlow calls, by whether it is given an iterator of
# TensorFlow's or any other one.
_CALLED = {"multi_step_on_iterator", "one_step_on_data"}
_UNTIMED = "_batchwarp_untimed"


def timed(
    train: Callable[[Any], Any], now: Callable[[], int], wait: Callable[[int, int], None]
) -> Callable[[Any], Any]:
    """Returns a train function of Keras' on TensorFlow that says how long it waits for data.

    Keras' own fetches data inside a graph, where nobody sees the wait. Given an iterator that is
    not TensorFlow's it takes data from that, step by step.

    Args:
        train: The model's `train_function`.
        now: The clock.
        wait: Function that is told when each wait began and ended.

    Raises:
        ValueError: If it is not of Keras' making.
    """
    train = untimed(train)
    code = getattr(train, "__code__", None)
    if code is None or not set(code.co_freevars) >= _CALLED:
        raise ValueError(
            "`InputMeter` measures steps of Keras' own `train_function`. Received: a model with "
            f"{train!r}, which fetches its data in a way that is not known"
        )

    def fetched(iterator: Any) -> Iterator[Any]:
        while True:
            begin = now()
            try:
                batch = next(iterator)
            except StopIteration:
                return
            wait(begin, now())
            yield batch

    def function(iterator: Any) -> Any:
        batches = fetched(iterator)
        for first in batches:
            return train(itertools.chain((first,), batches))
        raise StopIteration

    setattr(function, _UNTIMED, train)
    return function


def untimed(train: Any) -> Any:
    """Returns the train function that a timed one was made from, or the one that it is given."""
    return getattr(train, _UNTIMED, train)


def fit_on_one(model: Any, batch: Any, steps: int, callback: Any) -> None:
    """Trains a model on one batch over and over, and leaves it as it was.

    Args:
        model: A Keras model, built and compiled.
        batch: Tuple of images, labels and, perhaps, weights.
        steps: Integer, how many steps, beside the first one.
        callback: A callback of Keras' `fit`.

    Raises:
        ValueError: If the model is not built, or not compiled.
    """
    optimizer = getattr(model, "optimizer", None)
    if not model.built or optimizer is None:
        raise ValueError("`model` should be built and compiled. Received: one that is not")
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    history, stopping = getattr(model, "history", None), getattr(model, "stop_training", False)
    variables = [*variables_of(model), *metrics_of(model)]
    values = arrays_of(variables)
    try:
        model.fit(
            (batch for _ in itertools.count()),
            epochs=1,
            steps_per_epoch=steps + 1,
            callbacks=[callback],
            verbose=0,
            shuffle=False,
        )
    finally:
        model.reset_metrics()  # of which some may be new
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        model.history, model.stop_training = history, stopping
