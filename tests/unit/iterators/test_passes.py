"""Which pass a position belongs to, in whatever order positions are asked for."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest

from batchwarp import ImageDataGenerator, ops
from batchwarp.iterators.passes import Pass
from resumed_flows import N, X, Y, generator, loaded, same, saved


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


# The rest of a pass with batches of other sizes, or other numbers of processes.


def parts(made, count, batch_size, **arguments):
    return [
        made.flow(X, Y, batch_size, seed=3, shard=(index, count), **arguments)
        for index in range(count)
    ]


def labels_of_rest(flows):
    """The labels that are left of a pass, in order, and whether there are some twice."""
    first = flows[0].batch_index
    steps = [np.concatenate([next(flow)[1] for flow in flows]) for _ in range(first, len(flows[0]))]
    return np.concatenate([*steps, Y[:0]]) if steps else Y[:0]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("drops", [True, False])
@pytest.mark.parametrize(("count", "batch_size"), [(1, 1), (1, 3), (2, 2), (3, 1), (2, 1)])
def test_a_pass_goes_on_with_others(count, batch_size, shuffle, drops):
    made = generator("keyed")
    arguments = {"shuffle": shuffle}
    whole = made.flow(X, Y, 1, seed=3, **arguments)
    order = np.array([next(whole)[1][0] for _ in range(2 * N)])
    images = made.flow(X, Y, N, seed=3, **arguments)
    next(images)
    second_pass = next(images)
    for others, size, used in itertools.product((1, 2, 3), (1, 2, 4), range(1, 4)):
        if drops and others * size > N:
            continue  # nothing would be left of any pass
        before = parts(made, count, batch_size, **arguments)
        used = min(used, len(before[0]))
        for _ in range(used):
            for flow in before:
                next(flow)
        states = [saved(flow) for flow in before]
        samples = min(N, used * count * batch_size)
        after = parts(made, others, size, drop_remainder=drops, **arguments)
        for index, flow in enumerate(after):
            flow.load_state_dict(states[index % count])
        left = labels_of_rest(after) if samples < N and after[0].batch_index else None
        if left is not None:
            step = others * size
            kept = (N - samples) // step * step if drops else N - samples
            np.testing.assert_array_equal(left[:kept], order[samples : samples + kept])
            assert len(left) - kept < others
        # The next pass is a whole one again, with the pixels of its number.
        got, labels = zip(*(next(flow) for flow in after), strict=True)
        if samples == N or left is not None:
            labels, images = (np.concatenate(made)[:N] for made in (labels, got))
            np.testing.assert_array_equal(labels, order[N : N + len(labels)])
            same(images, second_pass[0][: len(labels)])


def test_the_rest_of_a_pass_by_position_by_tensorflow_and_saved_again():
    made = generator("keyed")
    flow = made.flow(X, Y, 3, seed=3)
    next(flow)
    state = saved(flow)
    wanted = next(made.flow(X, Y, N, seed=3))

    def make():
        return made.flow(X, Y, 2, seed=3)

    other = loaded(make, state)
    assert other.batch_index == 2
    for used, position in enumerate(range(2, 6)):
        got = other[position]
        same(got, tuple(part[3 + 2 * used : 5 + 2 * used] for part in wanted))
    other = loaded(make, state)
    with pytest.raises(ValueError, match="batch 1 of this pass was used before"):
        other[1]
    other.reset()
    assert other.batch_index == 2
    same(next(other), tuple(part[3:5] for part in wanted))
    again = loaded(make, saved(other))
    same(next(again), tuple(part[5:7] for part in wanted))
    # Counted in samples, and of other sizes once more.
    third = loaded(lambda: made.flow(X, Y, 4, seed=3), saved(other))
    same(next(third), tuple(part[5:9] for part in wanted))
    rest = list(loaded(make, state).to_tf_dataset().as_numpy_iterator())
    assert [len(images) for images, _ in rest] == [2, 2, 2, 2]
    same(np.concatenate([images for images, _ in rest]), wanted[0][3:])
    flow = loaded(make, state)
    dataset = flow.to_tf_dataset()
    assert [len(list(dataset)) for _ in range(2)] == [4, 6]
    same(flow.state_dict()["place"]["pass"], 1)


def test_what_cannot_go_on_with_others():
    flow = generator("keras").flow(X, Y, 4, seed=3)
    next(flow)
    with pytest.raises(ValueError, match="flow with other arguments: `batch_size` was 4 and is 3"):
        generator("keras").flow(X, Y, 3, seed=3).load_state_dict(saved(flow))
    flow = generator("keyed").flow(X, Y, 4, seed=3)
    flow[1]
    with pytest.raises(ValueError, match="pass that was not read in order"):
        generator("keyed").flow(X, Y, 3, seed=3).load_state_dict(saved(flow))
