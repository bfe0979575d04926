"""The random parameters equal Keras' exactly, one by one and as a batch."""

from __future__ import annotations

import math

import numpy as np
import pytest

from batchwarp import _core
from batchwarp._random import global_random
from batchwarp.augment.draws import ParameterDraws, as_rows
from keras_reference import noise, pair, take

RANGES = {
    "nothing": {},
    "flips": {"horizontal_flip": True, "vertical_flip": True},
    "one flip": {"vertical_flip": True},
    "rotation": {"rotation_range": 30},
    "negative rotation": {"rotation_range": -30.5},
    "numpy rotation": {"rotation_range": np.float32(12.5)},
    "fractions": {"width_shift_range": 0.2, "height_shift_range": 0.1},
    "negative fraction": {"width_shift_range": -0.2},
    "float pixels": {"width_shift_range": 1.0, "height_shift_range": 7.5},
    "negative float pixels": {"height_shift_range": -7.5},
    "integers": {"width_shift_range": 3, "height_shift_range": 1},
    "negative integer": {"width_shift_range": -3},
    "numpy integer": {"width_shift_range": np.int64(4)},
    "boolean": {"width_shift_range": True, "horizontal_flip": True},
    "integer list": {"width_shift_range": [-4, 1, 3], "rotation_range": 5},
    "fraction list": {"height_shift_range": (0.1, 0.25)},
    "mixed list": {"height_shift_range": [0.25, 2]},
    "list of one": {"height_shift_range": [0]},
    "empty list": {"height_shift_range": []},
    "one array": {"height_shift_range": np.array([3])},
    "zero array": {"height_shift_range": np.array([0])},
    "none": {"height_shift_range": None, "rotation_range": None, "shear_range": None},
    "list and float": {"width_shift_range": [1, 2], "height_shift_range": 0.3, "zoom_range": 0.2},
    "shear": {"shear_range": 12.5},
    "zoom": {"zoom_range": 0.25},
    "reversed zoom": {"zoom_range": (1.5, 0.5)},
    "zoom of one": {"zoom_range": (1, 1)},
    "zoom to a number": {"zoom_range": [0.5, 0.5]},
    "channel shift": {"channel_shift_range": 40.0},
    "negative channel shift": {"channel_shift_range": -40},
    "brightness": {"brightness_range": (0.5, 1.5)},
    "reversed brightness": {"brightness_range": [1.5, 0.5]},
    "brightness of zero": {"brightness_range": (0, 0)},
    "everything": {
        "rotation_range": 20,
        "width_shift_range": 0.1,
        "height_shift_range": 0.2,
        "shear_range": 5,
        "zoom_range": [0.8, 1.3],
        "channel_shift_range": 12.0,
        "brightness_range": (0.4, 1.2),
        "horizontal_flip": True,
        "vertical_flip": True,
    },
    "everything by choice": {
        "rotation_range": 20,
        "width_shift_range": 5,
        "height_shift_range": [0.1, 0.4],
        "shear_range": 5,
        "zoom_range": [0.8, 1.3],
        "channel_shift_range": 12.0,
        "brightness_range": (0.4, 1.2),
        "horizontal_flip": True,
        "vertical_flip": True,
    },
}
named = pytest.mark.parametrize("arguments", RANGES.values(), ids=RANGES.keys())


@named
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_parameters(arguments, data_format):
    ours, theirs = pair(**arguments, data_format=data_format)
    shape = (31, 20, 3) if data_format == "channels_last" else (3, 31, 20)
    for seed in range(25):
        expected = theirs.get_random_transform(shape, seed)
        assert ours.get_random_transform(shape, seed) == expected
        assert list(ours.get_random_transform(shape, seed)) == list(expected)


@named
def test_unseeded_parameters_come_from_the_global_state(arguments):
    ours, theirs = pair(**arguments)
    np.random.seed(5)
    expected = [theirs.get_random_transform((8, 9, 3)) for _ in range(10)]
    state = np.random.get_state(legacy=False)
    np.random.seed(5)
    assert [ours.get_random_transform((8, 9, 3)) for _ in range(10)] == expected
    np.testing.assert_equal(np.random.get_state(legacy=False), state)


@named
def test_a_batch_of_parameters_is_the_same_stream(arguments):
    ours, theirs = pair(**arguments)
    np.random.seed(11)
    expected = [theirs.get_random_transform((14, 9, 3)) for _ in range(33)]
    state = np.random.get_state(legacy=False)
    np.random.seed(11)
    params = ParameterDraws(ours, 14, 9).batch(global_random(), 33)
    np.testing.assert_equal(np.random.get_state(legacy=False), state)
    if params is None:  # nothing to do: only the two flips were drawn, for nothing
        params = np.tile([0.0, 0, 0, 0, 1, 1, 0, 0, math.nan, math.nan], (33, 1))
    for row, one in zip(params, expected, strict=True):
        values = [one[name] for name in _core.PARAM_COLUMNS]
        np.testing.assert_array_equal(row, [math.nan if v is None else v for v in values])


def _set_legacy(random, position):
    """Gives a state in the form of before NumPy 1.17, at a place of its 624 words."""
    name, words, *_ = random.get_state()
    random.set_state((name, words, position))


def _use_half_a_word(random):
    random.randint(0, 2**16, 3, np.uint16)


HANDED_OVER = {
    "seeded": lambda random: random.seed(2**32 - 1),
    "seeded by an array": lambda random: random.seed([3, 2**31, 7]),
    "with a gaussian left": lambda random: random.normal(),
    "with half a word used": _use_half_a_word,
    "at its last word": lambda random: _set_legacy(random, 623),
    "at its end": lambda random: _set_legacy(random, 624),
    "by its dictionary": lambda random: random.set_state(random.get_state(legacy=False)),
    "in the middle of an order": lambda random: random.permutation(1000),
}


def _check_stream(arguments, states, rows):
    """Draws from two equal states: number by number as NumPy does, and all at once in the core."""
    draws = ParameterDraws(pair(**arguments)[0], 14, 9)
    expected = as_rows([draws.one(states[0]) for _ in range(rows)])
    np.testing.assert_array_equal(draws.batch(states[1], rows), expected)
    np.testing.assert_equal(states[1].get_state(legacy=False), states[0].get_state(legacy=False))
    assert states[1].normal() == states[0].normal()


@pytest.mark.parametrize("hand_over", HANDED_OVER.values(), ids=HANDED_OVER.keys())
def test_long_streams_from_any_state(hand_over):
    """A million numbers in all, and what NumPy goes on with: a row takes twelve or more."""
    states = [np.random.RandomState(5) for _ in range(2)]
    for random in states:
        hand_over(random)
    _check_stream(RANGES["everything by choice"], states, 11_000)


@pytest.mark.parametrize("hand_over", [lambda random: random.normal(), _use_half_a_word])
def test_other_bit_generators(hand_over):
    states = [np.random.RandomState(np.random.PCG64(5)) for _ in range(2)]
    for random in states:
        hand_over(random)
    _check_stream(RANGES["everything by choice"], states, 300)


@named
@pytest.mark.parametrize("shuffle", [False, True])
def test_unseeded_batches_leave_the_global_state_where_keras_does(arguments, shuffle):
    if arguments.get("rotation_range") is None:
        x = noise((7, 6, 5, 3))
    else:
        x = noise((7, 5, 6, 1), "float32")
    states = []
    for generator in pair(**arguments):
        np.random.seed(3)
        take(generator.flow(x, batch_size=3, shuffle=shuffle), 7)
        states.append(np.random.get_state(legacy=False))
    np.testing.assert_equal(states[0], states[1])


@named
def test_a_seed_leaves_the_global_state_alone(arguments):
    ours, _ = pair(**arguments)
    np.random.seed(3)
    state = np.random.get_state(legacy=False)
    iterator = ours.flow(noise((7, 6, 5, 3)), batch_size=3, seed=1)
    for _ in range(4):
        next(iterator)
    iterator[1]
    iterator.on_epoch_end()
    ours.get_random_transform((6, 5, 3), seed=1)
    ours.random_transform(noise((6, 5, 3), "float32"), seed=1)
    ours.fit(noise((7, 6, 5, 3)), augment=True, seed=1)
    np.testing.assert_equal(np.random.get_state(legacy=False), state)


def test_a_gaussian_left_over_is_kept():
    """`numpy.random.normal` makes numbers in pairs; the second one is part of the state."""
    np.random.seed(1)
    np.random.normal()
    expected = np.random.get_state(legacy=False)
    ours, _ = pair(rotation_range=5, preprocessing_function=lambda x: x + np.random.normal())
    next(ours.flow(noise((3, 6, 5, 3)), seed=4))
    np.testing.assert_equal(np.random.get_state(legacy=False), expected)


@pytest.mark.parametrize("values", [[1, 2, 5], [0.1, 0.3], [0.0]])
def test_shifts_in_an_array_are_those_of_a_list(values):
    """Keras fails to tell whether an array of several numbers is true."""
    array, _ = pair(width_shift_range=np.array([*values, *values]))
    plain, theirs = pair(width_shift_range=[*values, *values])
    for seed in range(10):
        parameters = array.get_random_transform((9, 9, 3), seed)
        assert parameters == plain.get_random_transform((9, 9, 3), seed)
        assert parameters == theirs.get_random_transform((9, 9, 3), seed)
