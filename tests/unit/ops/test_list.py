"""What holds for each operation of the list, whatever it does."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

import batchwarp
from batchwarp import _core
from batchwarp.augment.draws import ParameterDraws, as_dictionaries, as_rows
from batchwarp.augment.plan import warp_plan
from batchwarp.cli.generator_options import OPTIONS
from batchwarp.ops.list import ARGUMENTS, COLUMNS, OPERATIONS

# All of them, so that each has something to do.
EVERYTHING = {
    "rotation_range": 20,
    "width_shift_range": 0.1,
    "height_shift_range": 0.2,
    "shear_range": 5,
    "zoom_range": 0.1,
    "horizontal_flip": True,
    "vertical_flip": True,
    "channel_shift_range": 9,
    "brightness_range": (0.5, 1.5),
    "samplewise_center": True,
    "rescale": 1 / 255,
}
X = np.random.default_rng(0).random((7, 6, 3), np.float32) * 255

each = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


@pytest.fixture
def busy():
    return batchwarp.ImageDataGenerator(**EVERYTHING)


def test_the_core_has_them_in_this_order():
    names = [one.name for one in OPERATIONS]
    assert [one.name for one in _core.OPERATIONS if one.name in names] == names


def test_the_columns_are_those_of_the_plan(busy):
    names = tuple(column.name for column in COLUMNS)
    assert warp_plan(busy, X.shape).columns == names
    assert tuple(busy.get_random_transform(X.shape)) == names


@each
def test_columns(operation):
    (core,) = (one for one in _core.OPERATIONS if one.name == operation.name)
    assert tuple(column.name for column in operation.columns) == core.columns
    for column, neutral in zip(operation.columns, core.neutral, strict=True):
        assert column.neutral == neutral or (math.isnan(column.neutral) and math.isnan(neutral))
        assert column.in_dictionary(neutral) == column.absent


def test_each_argument_is_known_once():
    arguments = [one.name for one in ARGUMENTS]
    assert len(set(arguments)) == len(arguments)
    of_generator = set(inspect.signature(batchwarp.ImageDataGenerator).parameters)
    assert set(arguments) <= of_generator
    options = [one.name for group in OPTIONS.values() for one in group]
    assert len(set(options)) == len(options)
    assert set(options) == of_generator - {
        "preprocessing_function",
        "operations",
        "draws",
        "value_range",
    }


@each
def test_by_default_it_does_nothing(operation):
    generator = batchwarp.ImageDataGenerator()
    drawn = {column.name: column.absent for column in operation.columns}
    np.testing.assert_array_equal(operation.apply(generator, X, drawn), X)
    np.testing.assert_array_equal(operation.apply(generator, X, {}), X)
    np.testing.assert_array_equal(operation.standardize(generator, X.copy()), X)
    assert not operation.changes_values(generator)
    assert operation.late(generator, X.shape) == []
    if operation.standardizes:
        assert operation.step(generator, X.shape) is None


@each
def test_with_its_arguments_it_does_something(operation, busy):
    parameters = busy.get_random_transform(X.shape, seed=1)
    parameters.update(flip_horizontal=1)
    changed = operation.apply(busy, X, parameters)
    if operation.standardizes:
        assert operation.changes_values(busy)
        assert operation.step(busy, X.shape)
    else:
        assert not np.array_equal(changed, X)
        own = operation.distributions(busy, *X.shape[:2])
        assert len(own) == len(operation.columns)
        assert None not in own


def test_a_batch_is_drawn_as_single_images_are(busy):
    draws = ParameterDraws(busy, 7, 6)
    one, batch = np.random.RandomState(5), np.random.RandomState(5)
    single = [draws.one(one) for _ in range(9)]
    assert as_dictionaries(draws.batch(batch, 9)) == single
    assert as_dictionaries(as_rows(single)) == single
    assert one.random_sample() == batch.random_sample()
