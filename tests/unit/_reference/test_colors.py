"""Colours of the interpreter: the numbers that noise is made of."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from batchwarp._reference.colors import normal


def test_numbers_are_normal():
    numbers = normal((1, 2), 100_000)
    assert stats.kstest(numbers, "norm").pvalue > 0.01


def test_the_numbers_of_a_counter():
    """Of Random123's first known answer."""
    words = 0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8
    wanted = []
    for far, direction in (words[:2], words[2:]):
        distance = math.sqrt(-2 * math.log(((far >> 9) + 0.5) / 2**23))
        # The two highest bits say where: to the right or the left, up or down.
        angle = (direction << 2 & 0xFFFFFFFF) / 2**32
        angle = math.pi / 4 * (1 + 2 * (angle if angle < 0.5 else angle - 1))
        wanted += [
            distance * math.cos(angle) * (-1 if direction >= 2**31 else 1),
            distance * math.sin(angle) * (-1 if direction // 2**30 % 2 else 1),
        ]
    np.testing.assert_allclose(normal((0, 0), 256)[::64], wanted, rtol=1e-12)


def test_an_image_begins_as_a_larger_one():
    np.testing.assert_array_equal(normal((3, 4), 70), normal((3, 4), 1000)[:70])
    assert normal((3, 4), 1).shape == (1,)
