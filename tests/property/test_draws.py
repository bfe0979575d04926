"""The core's draws from NumPy's states against NumPy's own functions, numbers and states alike."""

from __future__ import annotations

import math
import pickle
import threading

import numpy as np
import pytest

import batchwarp
from batchwarp import _core
from batchwarp._random import global_random
from batchwarp.augment.draws import ParameterDraws, as_rows

ALL = {
    "rotation_range": 30,
    "width_shift_range": 0.2,
    "height_shift_range": 0.1,
    "shear_range": 5,
    "zoom_range": (0.7, 1.4),
    "channel_shift_range": 20.0,
    "brightness_range": (0.5, 1.5),
    "horizontal_flip": True,
}
CHOICES = {
    "integers": {"width_shift_range": 3, "height_shift_range": 1},
    "many": {"width_shift_range": 100_003, "zoom_range": 0.2},
    "values": {"width_shift_range": [0.1, 0.3, 0.25], "height_shift_range": [1, 4]},
    "unsigned": {"width_shift_range": np.array([2, 250], np.uint8), "rotation_range": 3},
    "halves": {"height_shift_range": np.array([0.1, 0.7], np.float16)},
    "singles": {"height_shift_range": np.array([0.1, 7], np.float32), "horizontal_flip": True},
    "booleans": {"width_shift_range": [True, False]},
}
GENERATORS = (np.random.MT19937, np.random.PCG64, np.random.Philox, np.random.SFC64)


def draws_of(**arguments):
    return ParameterDraws(batchwarp.ImageDataGenerator(**arguments), 23, 31)


def one_by_one(draws, random, count):
    """Draws with NumPy's functions, as Keras does."""
    return as_rows([draws.one(random) for _ in range(count)])


def assert_same_state(one, other):
    np.testing.assert_equal(one.get_state(legacy=False), other.get_state(legacy=False))


@pytest.mark.parametrize("make", GENERATORS)
@pytest.mark.parametrize("arguments", [ALL, *CHOICES.values()], ids=["all", *CHOICES])
def test_rows_and_states_are_numpys(arguments, make):
    draws = draws_of(**arguments)
    ours, theirs = (np.random.RandomState(make(5)) for _ in range(2))
    for count in (1, 0, 32, 7, 100):
        rows = draws.batch(ours, count)
        np.testing.assert_array_equal(rows, one_by_one(draws, theirs, count))
        assert_same_state(ours, theirs)


def test_a_million_numbers():
    draws = draws_of(rotation_range=90)
    per_image = 3  # flips are drawn in any case
    ours, theirs = (np.random.RandomState(2**32 - 1) for _ in range(2))
    drawn = [draws.batch(ours, 1000)[:, 0] for _ in range(334)]
    doubles = theirs.random_sample(334_000 * per_image)[::per_image]
    np.testing.assert_array_equal(np.concatenate(drawn), doubles * 180 + -90)
    assert_same_state(ours, theirs)


def test_a_million_choices():
    draws = draws_of(width_shift_range=5)
    ours, theirs = (np.random.RandomState(77) for _ in range(2))
    drawn = np.concatenate([draws.batch(ours, 1000)[:, 2] for _ in range(250)])
    expected = np.empty(250_000)
    for i in range(len(expected)):
        expected[i] = theirs.randint(0, 5) * (2 * theirs.randint(0, 2) - 1)
        theirs.random_sample(2)
    np.testing.assert_array_equal(drawn, expected)
    assert_same_state(ours, theirs)


def test_a_state_may_be_anywhere():
    draws = draws_of(**ALL)
    for words in (0, 1, 2, 3, 300, 622, 623, 624, 625):
        ours, theirs = (np.random.RandomState(8) for _ in range(2))
        for random in (ours, theirs):
            random.randint(0, 2**32, words, np.uint32)
            random.standard_normal()  # the second of two numbers is kept
        before = ours.get_state(legacy=False)
        assert before["has_gauss"] == 1
        np.testing.assert_array_equal(draws.batch(ours, 70), one_by_one(draws, theirs, 70))
        assert_same_state(ours, theirs)
        np.testing.assert_array_equal(ours.standard_normal(3), theirs.standard_normal(3))
        ours.set_state(before)
        np.testing.assert_array_equal(draws.batch(ours, 1), draws.batch(again(before), 1))


def again(state):
    random = np.random.RandomState(0)
    random.set_state(state)
    return random


def test_the_global_state_is_read_where_it_is():
    draws, random = draws_of(**ALL), np.random.RandomState(3)
    saved = np.random.get_state()
    try:
        np.random.seed(3)
        for _ in range(2):
            rows = draws.batch(global_random(), 5)
            np.testing.assert_array_equal(rows, one_by_one(draws, random, 5))
            assert np.random.uniform() == random.uniform()
        np.random.seed(3)
        random.seed(3)
        np.testing.assert_array_equal(draws.batch(global_random(), 5), one_by_one(draws, random, 5))
    finally:
        np.random.set_state(saved)


def test_another_global_bit_generator():
    draws, saved = draws_of(**ALL), np.random.get_bit_generator()
    try:
        np.random.set_bit_generator(np.random.PCG64(4))
        theirs = np.random.RandomState(np.random.PCG64(4))
        rows = draws.batch(global_random(), 40)
        np.testing.assert_array_equal(rows, one_by_one(draws, theirs, 40))
        assert np.random.uniform() == theirs.uniform()
    finally:
        np.random.set_bit_generator(saved)


def test_numbers_are_taken_where_nothing_changes():
    draws = draws_of()
    ours, theirs = (np.random.RandomState(1) for _ in range(2))
    assert draws.batch(ours, 9) is None
    theirs.random_sample(9 * 2)
    assert_same_state(ours, theirs)


@pytest.mark.parametrize("large", [2**53 + 1, 2**62 + 3])
def test_integers_beyond_doubles_are_numpys(large):
    draws = draws_of(width_shift_range=large)
    ours, theirs = (np.random.RandomState(6) for _ in range(2))
    np.testing.assert_array_equal(draws.batch(ours, 5), one_by_one(draws, theirs, 5))


def test_more_than_numpy_chooses_from():
    with pytest.raises((OverflowError, ValueError)):
        draws_of(width_shift_range=2**80).batch(np.random.RandomState(0), 1)


def test_threads_take_turns():
    draws, random = draws_of(**ALL), np.random.RandomState(12)
    made = []

    def draw():
        for _ in range(50):
            made.append(draws.batch(random, 20))
            random.random_sample(10_000)  # without the interpreter's lock

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = np.random.RandomState(12)
    per_image = len(draws_numbers(draws))
    again.random_sample(200 * (20 * per_image + 10_000))
    assert_same_state(random, again)
    assert len({rows.tobytes() for rows in made}) == len(made)


def draws_numbers(draws):
    """Returns as many numbers as an image takes."""
    random, numbers = np.random.RandomState(0), []
    draws.one(random)
    state, again = random.get_state()[2], np.random.RandomState(0)
    while again.get_state()[2] != state:
        numbers.append(again.random_sample())
    return numbers


def test_a_lock_that_is_held_is_waited_for():
    draws, random = draws_of(**ALL), np.random.RandomState(12)
    done = threading.Event()

    def draw():
        draws.batch(random, 3)
        done.set()

    with random._bit_generator.lock:
        thread = threading.Thread(target=draw)
        thread.start()
        assert not done.wait(0.05)
    thread.join()
    assert done.is_set()


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        ([("normal", 0, 1, 1, True, 0, [])], ValueError, '"uniform".*Received: "normal"'),
        ([("choice", 0, 0, 1, True, 0, [])], ValueError, "of at least one.* 0 numbers"),
        ([("choice", 0, 0, 1, True, 2, [1, 2])], ValueError, "`count` pairs.*2 numbers, count 2"),
        ([("fixed", 0, 0, 1, True, 0, [])] * 129, ValueError, "at most 128.* 129"),
        ([("fixed", 0)], TypeError, "incompatible"),
    ],
)
def test_what_the_core_refuses(columns, error, message):
    with pytest.raises(error, match=message):
        _core.ParameterDraws(columns)


def test_what_is_no_state():
    draws = draws_of(**ALL)
    with pytest.raises(AttributeError, match="_bit_generator"):
        draws.batch(object(), 3)
    with pytest.raises(ValueError, match=r"`count` must be at least 0\. Received: -1"):
        draws.batch(np.random.RandomState(0), -1)


def test_what_is_fixed_stays_neutral():
    rows = draws_of(rotation_range=3).batch(np.random.RandomState(0), 2)
    assert math.isnan(rows[0, -1])
    np.testing.assert_array_equal(rows[:, 1:6], [[0, 0, 0, 1, 1]] * 2)


def handed_over(make):
    """States of a generator in all ways that one comes to be in, and what each is."""
    yield np.random.RandomState(make(5))
    drawn = np.random.RandomState(make(6))
    drawn.random_sample(), drawn.standard_normal(), drawn.randint(2**20)
    yield drawn
    taken = np.random.RandomState(make(7))
    taken.set_state(drawn.get_state(legacy=False))
    yield taken
    yield pickle.loads(pickle.dumps(drawn))
    if make is np.random.MT19937:
        seeded = np.random.RandomState([1, 2, 3])
        yield seeded
        seeded.seed(2**32 - 1)
        yield seeded


@pytest.mark.parametrize("make", GENERATORS)
def test_orders_and_states_are_numpys(make):
    for random in handed_over(make):
        other = pickle.loads(pickle.dumps(random))
        for count in (*range(70), 1000, 65_535, 65_536, 65_537, 100_000):
            order = _core.permutation(random, count)
            assert order.dtype == np.int64
            np.testing.assert_array_equal(order, other.permutation(count))
        assert_same_state(random, other)


def test_the_order_of_the_global_state():
    np.random.seed(3)
    orders = [_core.permutation(global_random(), 100), np.random.permutation(100)]
    np.random.seed(3)
    np.testing.assert_array_equal(orders, [np.random.permutation(100) for _ in range(2)])


def test_an_order_of_a_million():
    ours, theirs = (np.random.RandomState(8) for _ in range(2))
    np.testing.assert_array_equal(_core.permutation(ours, 10**6), theirs.permutation(10**6))
    assert_same_state(ours, theirs)


def test_orders_of_what_is_no_number_of_samples():
    with pytest.raises(ValueError, match=r"`count` must be at least 0\. Received: -1"):
        _core.permutation(np.random.RandomState(0), -1)


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1])
@pytest.mark.parametrize("arguments", [ALL, *CHOICES.values()], ids=["all", *CHOICES])
def test_a_million_draws_from_a_seed_alone(seed, arguments):
    """The brightness of each pixel shows where the numbers before it have ended."""
    generator = batchwarp.ImageDataGenerator(**{**arguments, "brightness_range": (0.2, 2)})
    iterator = generator.flow(np.full((1, 1, 1, 1), 100, np.uint8))
    maker, pool = iterator._fused().maker, _core.BufferPool()
    order = np.zeros(170_000, np.int64)
    images = [
        maker.make_part(pool, iterator.x, order, 0, len(order), random, (), 0, 0, 0)[0]
        for random in (seed, np.random.RandomState(seed))
    ]
    assert len(np.unique(images[0])) > 100
    np.testing.assert_array_equal(*images)
