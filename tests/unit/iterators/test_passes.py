"""Which pass a position belongs to, in whatever order positions are asked for."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from batchwarp import ImageDataGenerator, ops
from batchwarp.iterators.passes import Pass


def numbers(positions, length):
    at, found = Pass(), []
    for position in positions:
        at = at.ask(position, length)
        found.append(at.number)
    return found


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ([0, 1, 2, 0, 1, 2, 0], [0, 0, 0, 1, 1, 1, 2]),
        ([2, 0, 1, 1], [0, 0, 0, 1]),
        ([0, 0, 1, 0, 2, 0], [0, 0, 0, 0, 0, 1]),
    ],
)
def test_it_ends_once_each_position_has_been_asked_for(positions, expected):
    assert numbers(positions, 3) == expected


def test_single_batches_are_passes():
    assert numbers([0, 0, 0], 1) == [0, 1, 2]


def test_a_whole_pass_is_the_rest_of_one_that_has_begun():
    begun = Pass().ask(0, 3)
    assert begun.ask_all(3).number == 0
    assert begun.ask_all(3).ask(0, 3).number == 1
    assert begun.ask_all(3).ask_all(3).number == 1


@pytest.mark.parametrize("draws", ["keras", "keyed"])
def test_a_flow_says_how_many_are_over_and_goes_on_with_another(draws):
    datagen = ImageDataGenerator(operations=[ops.Affine(rotation=90, shift=0.5)], draws=draws)
    x = np.random.RandomState(0).randint(0, 256, (5, 8, 8, 1)).astype(np.uint8)

    def flow():
        return datagen.flow(x, batch_size=2, shuffle=draws == "keyed", seed=3)

    one = flow()
    assert one.passes == 0
    batches = [next(one) for _ in range(8)]
    assert one.passes == 2
    other = flow()
    other[0]  # of the first order
    other.passes = 2
    for batch in batches[6:]:
        np.testing.assert_array_equal(next(other), batch)
    assert (batches[6] != batches[0]).any()
    next(one)
    assert one.passes == 3


@pytest.fixture
def model(keras):
    """A model that predicts the first value of an image."""
    flat = keras.layers.Flatten()
    made = keras.Sequential([keras.layers.Input((8, 8, 1)), flat, keras.layers.Dense(1)])
    made.layers[-1].set_weights([np.eye(64, 1), np.zeros(1)])
    made.compile(loss="mse", optimizer=keras.optimizers.SGD(0.0))
    return made


def flow_to_evaluate(**arguments):
    datagen = ImageDataGenerator(
        operations=[ops.Affine(rotation=90, shift=0.5)],
        draws="keyed",
        validation_split=0.5,
        validation_augment=True,
    )
    x = np.random.RandomState(0).randint(0, 256, (12, 8, 8, 1)).astype(np.uint8)
    options = {"batch_size": 2, "shuffle": False, "seed": 3}
    return datagen.flow(x, np.arange(12) % 2, **options | arguments)


def first_values(flow):
    return np.concatenate([flow[at][0][:, 0, 0, 0] for at in range(len(flow))])


def test_evaluating_and_predicting_are_passes_as_training_is(model):
    """Keras makes the same calls for all three, so nothing tells a flow which it is."""
    flow = flow_to_evaluate()
    model.fit(flow, epochs=2, verbose=0)
    assert flow.passes == 2
    model.evaluate(flow, verbose=0)
    assert flow.passes == 3
    predicted = model.predict(flow, verbose=0)
    assert flow.passes == 4
    flow.passes = 3
    np.testing.assert_allclose(predicted[:, 0], first_values(flow), rtol=1e-6)


def test_a_copy_is_evaluated_as_the_next_epoch_and_moves_nothing(model):
    flow = flow_to_evaluate()
    model.fit(flow, epochs=1, verbose=0)
    predicted = [model.predict(copy.copy(flow), verbose=0)[:, 0] for _ in range(2)]
    model.evaluate(copy.copy(flow), verbose=0)
    assert flow.passes == 1
    expected = first_values(flow)
    for values in predicted:
        np.testing.assert_allclose(values, expected, rtol=1e-6)


def test_validation_data_are_the_same_in_each_pass(model):
    flow = flow_to_evaluate(subset="validation")
    predicted = [model.predict(flow, verbose=0) for _ in range(2)]
    assert flow.passes == 2
    np.testing.assert_array_equal(*predicted)
    assert np.ptp(predicted[0]) > 0
