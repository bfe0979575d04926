"""What flows draw by key is what its definition says."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from batchwarp._reference.flows import number_for_keras, order, sign_for_keras
from batchwarp.augment.draws import NAMES, ParameterDraws
from batchwarp.augment.keys import Keys, keyed_order

SEED, SAMPLES, EPOCH = 2**63 + 5, [0, 7, 2**64 - 1], 4


@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_the_order_of_a_pass(count):
    made = keyed_order(SEED, EPOCH, count)
    assert made.dtype == np.int64
    assert made.tolist() == order(SEED, EPOCH, count)
    assert sorted(made) == list(range(count))


def parameters(**arguments):
    draws = ParameterDraws(batchwarp.ImageDataGenerator(**arguments), 20, 30)
    keys = Keys(np.array(SAMPLES, np.uint64), EPOCH, SEED)
    rows = draws.keyed(keys)
    return None if rows is None else [dict(zip(NAMES, row, strict=True)) for row in rows.tolist()]


def test_parameters_of_ranges():
    rows = parameters(
        rotation_range=20,
        zoom_range=(0.5, 2.0),
        width_shift_range=0.1,
        horizontal_flip=True,
        brightness_range=(0.5, 1.5),
    )
    for sample, row in zip(SAMPLES, rows, strict=True):

        def u(name, sample=sample):
            return number_for_keras(SEED, sample, EPOCH, NAMES.index(name))

        assert row["theta"] == pytest.approx(-20 + 40 * u("theta"))
        assert row["zx"] == pytest.approx(0.5 + 1.5 * u("zx"))
        assert row["zy"] == pytest.approx(0.5 + 1.5 * u("zy"))
        assert row["ty"] == pytest.approx((-0.1 + 0.2 * u("ty")) * 30)
        assert row["flip_horizontal"] == (u("flip_horizontal") < 0.5)
        assert row["brightness"] == pytest.approx(0.5 + u("brightness"))
        assert (row["tx"], row["shear"], row["flip_vertical"]) == (0, 0, 0)
        assert np.isnan(row["channel_shift_intensity"])


@pytest.mark.parametrize(("given", "values"), [(3, [0, 1, 2]), ([4.0, 6.0], [4, 6])])
def test_parameters_that_are_one_of_several(given, values):
    rows = parameters(height_shift_range=given)
    for sample, row in zip(SAMPLES, rows, strict=True):
        at = NAMES.index("tx")
        chosen = values[int(number_for_keras(SEED, sample, EPOCH, at) * len(values))]
        assert row["tx"] == chosen * sign_for_keras(SEED, sample, EPOCH, at)


def test_nothing_is_drawn_for_nothing():
    assert parameters() is None
