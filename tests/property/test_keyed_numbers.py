"""Keyed random numbers, a million at a time: uniform, and without a trace of each other.

What differs by one in a key or a counter must not be seen in the numbers: samples that follow each
other, epochs, seeds, operations and the numbers of one operation.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from batchwarp import _core, ops
from batchwarp._reference.philox import sample_of
from batchwarp.augment.recipe import Recipe
from batchwarp.ops.recipe import ImageSpec

COUNT = 1_000_000
SAMPLES = np.arange(COUNT, dtype=np.uint64)
ONE = (0.0, 1.0)
# Each is drawn between 0 and 1, so that what is drawn are the numbers themselves.
RECIPE = [
    ops.Brightness(ONE),
    ops.Solarize(ONE),
    ops.GaussianNoise(ONE, name="named"),
    ops.Sequential(ops.Brightness(ONE), ops.ChannelShift(ONE)),
]
BINS = 32


def numbers(samples=SAMPLES, epoch=3, seed=11):
    """The numbers of the operations, by the names of their columns."""
    plan = Recipe("a test", RECIPE).plan(
        ImageSpec(8, 8, 3), owner="a test", value_range=(0.0, 255.0)
    )
    drawn = _core.draw(plan, samples, epoch, seed)
    names = [f"{place} {name}" for place, name in enumerate(plan.columns)]
    return {name: column for name, column in zip(names, drawn.T, strict=True) if "key" not in name}


def surprise(counts):
    """How probable such counts are, or ones that are farther from equal, if all are equally
    frequent; and such, or ones that are nearer."""
    expected = counts.sum() / counts.size
    statistic = ((counts - expected) ** 2 / expected).sum()
    far, near = (
        stats.chi2.sf(statistic, counts.size - 1),
        stats.chi2.cdf(statistic, counts.size - 1),
    )
    return min(far, near)


def cells(one, other):
    """How many of pairs of numbers are in each cell of a square."""
    places = np.minimum(one * BINS, BINS - 1).astype(int) * BINS + (other * BINS).astype(int)
    return np.bincount(places, minlength=BINS**2)


@pytest.fixture(scope="module")
def drawn():
    return numbers()


def test_each_number_is_uniform(drawn):
    assert len(drawn) == 7
    for name, column in drawn.items():
        assert 0 <= column.min() < 1e-4, name
        assert 1 - 1e-4 < column.max() < 1, name
        assert surprise(np.bincount((column * 1000).astype(int), minlength=1000)) > 1e-5, name


def test_numbers_of_operations_have_nothing_to_do_with_each_other(drawn):
    for name, column in drawn.items():
        for other, beside in drawn.items():
            if name < other:
                assert surprise(cells(column, beside)) > 1e-5, (name, other)


@pytest.mark.parametrize("far", [1, 2, 32, 4096])
def test_samples_have_nothing_to_do_with_each_other(drawn, far):
    for name, column in drawn.items():
        assert surprise(cells(column, np.roll(column, far))) > 1e-5, name


@pytest.mark.parametrize(
    "other", [{"epoch": 4}, {"epoch": 2**31 + 3}, {"seed": 12}, {"seed": 2**40 + 11}], ids=str
)
def test_epochs_and_seeds_have_nothing_to_do_with_each_other(drawn, other):
    for name, column in numbers(**other).items():
        assert surprise(cells(drawn[name], column)) > 1e-5, name


def test_high_words_and_names_of_samples_matter_as_much(drawn):
    high = numbers(SAMPLES << np.uint64(32))
    for name, column in high.items():
        assert surprise(cells(drawn[name], column)) > 1e-5, name
    paths = np.array([sample_of(f"cats/{i:06}.jpg") for i in range(50_000)], np.uint64)
    for name, column in numbers(paths).items():
        assert surprise(cells(column, np.roll(column, 1))) > 1e-5, name


def test_what_is_not_independent_is_seen(drawn):
    """Otherwise the tests above would be none."""
    column = drawn["0 brightness"]
    hardly = np.where(np.arange(COUNT) % 20 == 0, column, np.roll(column, 1))
    assert surprise(cells(column, hardly)) < 1e-5
    assert surprise(np.bincount((column**1.02 * 1000).astype(int), minlength=1000)) < 1e-5
