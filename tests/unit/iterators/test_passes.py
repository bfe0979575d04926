"""Which pass a position belongs to, in whatever order positions are asked for."""

from __future__ import annotations

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
