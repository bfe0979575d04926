"""What samples are called."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp.augment.keys import one_epoch, one_seed, sample_numbers


def test_strings_are_hashed():
    numbers = sample_numbers(["cats/0001.jpg", "a"], 2)
    assert numbers.dtype == np.uint64
    assert numbers[0] == 14861789722540272381
    assert numbers[1] == sample_numbers(np.array(["b", "a"]), 2)[1]


def test_integers_count_modulo_2_64():
    expected = np.array([5, 2**64 - 1, 2**64 - 2, 0], np.uint64)
    np.testing.assert_array_equal(sample_numbers([5, -1, 2**64 - 2, 2**64], 4), expected)
    for dtype in (np.int64, np.int8):
        np.testing.assert_array_equal(sample_numbers(np.array([5, -1], dtype), 2), expected[:2])
    np.testing.assert_array_equal(sample_numbers(np.arange(8)[::2], 4), np.arange(0, 8, 2))
    np.testing.assert_array_equal(sample_numbers([np.uint8(5), "x"], 2)[:1], expected[:1])


@pytest.mark.parametrize(
    "keys", [3, "ab", b"ab", None, [0.5, 1], [True, False], [None, 1], np.zeros(2), iter([1, 2])]
)
def test_other_keys(keys):
    with pytest.raises(TypeError, match="`keys` should"):
        sample_numbers(keys, 2)


def test_as_many_as_images():
    for keys in ([1, 2, 3], np.arange(3), []):
        with pytest.raises(ValueError, match=f"of which there are 2. Received: {len(keys)}"):
            sample_numbers(keys, 2)


def test_seeds_and_epochs():
    assert one_seed(2**64 - 1) == 2**64 - 1
    assert one_epoch(np.int32(3)) == 3
    for check, wrong in ((one_seed, 2**64), (one_seed, -1), (one_epoch, 2**32), (one_epoch, 0.5)):
        with pytest.raises(ValueError, match=f"Received: {wrong}"):
            check(wrong)
