"""Details of iterators that parity with Keras does not cover."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import batchwarp
from keras_reference import noise

X = noise((10, 6, 5, 3))


def flow(**arguments):
    generator = batchwarp.ImageDataGenerator(rotation_range=20, horizontal_flip=True)
    return generator.flow(X, np.arange(10), **{"batch_size": 4, "seed": 1, **arguments})


def test_the_old_next_method():
    ours, expected = flow(), flow()
    for _ in range(4):
        a, b = ours.next(), next(expected)
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_array_equal(a[1], b[1])


def test_negative_positions_count_from_the_end():
    ours, expected = flow(shuffle=False), flow(shuffle=False)
    np.testing.assert_array_equal(ours[-1][0], expected[2][0])
    np.testing.assert_array_equal(ours[-3][1], [0, 1, 2, 3])
    with pytest.raises(ValueError, match="Asked to retrieve element -4"):
        ours[-4]


def test_an_iterator_survives_an_error():
    generator = batchwarp.ImageDataGenerator(fill_mode="constant")
    ours = generator.flow(X, np.arange(10), batch_size=4, seed=1, shuffle=False)
    generator.fill_mode = "nonsense"
    with pytest.raises(ValueError, match="fill_mode"):
        next(ours)
    generator.fill_mode = "nearest"
    np.testing.assert_array_equal(next(ours)[1], [4, 5, 6, 7])


def test_a_seed_that_changes():
    ours = flow()
    next(ours)
    ours.seed = 9
    expected = flow(seed=9)
    next(expected)
    ours.reset()
    expected.reset()
    np.testing.assert_array_equal(next(ours)[0], next(expected)[0])
    ours.seed = None
    np.random.seed(3)
    state = np.random.get_state()[1].copy()
    next(ours)
    next(ours)
    assert not np.array_equal(np.random.get_state()[1], state) or np.random.get_state()[2] != 624


def test_the_lock_may_be_held_by_the_caller():
    ours = flow()
    with ours.lock:
        assert ours[0][0].shape == (4, 6, 5, 3)
        assert next(ours)[0].shape == (4, 6, 5, 3)


def test_batches_do_not_share_memory():
    ours = flow()
    first = next(ours)[0]
    kept = first.copy()
    for _ in range(5):
        assert not np.shares_memory(next(ours)[0], first)
    np.testing.assert_array_equal(first, kept)


def test_help_shows_the_arguments():
    shown = inspect.signature(batchwarp.NumpyArrayIterator)
    assert list(shown.parameters)[:4] == ["x", "y", "image_data_generator", "batch_size"]
    assert next(iter(inspect.signature(batchwarp.image.Iterator).parameters)) == "n"
