"""Labels beside images that are mixed."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp import ops
from batchwarp.augment.labels import checked_labels

ONE_HOT = np.eye(4, dtype=np.float32)[[2, 0, 3]]


def test_without_mixing_they_stay():
    assert checked_labels([], None, 3) is None
    labels = np.array([5, 6, 7])
    assert checked_labels([], labels, 3) is labels
    assert checked_labels([], [[1], [2]], 2).shape == (2, 1)


@pytest.mark.parametrize("labels", [[2, 0, 3], np.array([[2], [0], [3]], np.uint8)], ids=str)
def test_integers_become_one_hot(labels):
    found = checked_labels([ops.MixUp(), ops.CutMix(num_classes=4)], labels, 3)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, ONE_HOT)


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_booleans_are_two_classes(shape):
    labels = np.array([True, False, True]).reshape(shape)
    found = checked_labels([ops.MixUp(num_classes=2)], labels, 3)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [[0, 1], [1, 0], [0, 1]])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "bool"])
def test_one_hot_stays(dtype):
    found = checked_labels([ops.MixUp()], ONE_HOT.astype(dtype), 3)
    assert found.dtype == (dtype if dtype.startswith("float") else np.float32)
    np.testing.assert_array_equal(found, ONE_HOT)


@pytest.mark.parametrize(
    ("mixing", "labels", "message"),
    [
        (ops.MixUp(), None, r"`labels` should be given for MixUp\(\)"),
        (ops.MixUp(), [0, 1], "of which there are 3"),
        (ops.MixUp(), [0, 1, 2], "`num_classes` of `MixUp` should be given"),
        (ops.MixUp(), [True, False, True], "`num_classes` of `MixUp` should be given"),
        (ops.CutMix(num_classes=2), [0, 1, 2], r"from 0 to 1.*Received: 2"),
        (ops.CutMix(num_classes=2), [0, 1, -1], r"Received: -1"),
        (ops.MixUp(num_classes=2), ONE_HOT, "should have 2 columns"),
        (ops.MixUp(num_classes=2), [0.5, 0, 1], "floats of shape"),
        (ops.MixUp(num_classes=2), ["a", "b", "c"], "floats of shape"),
        (ops.MixUp(), np.zeros((3, 2, 2)), "floats of shape"),
    ],
    ids=str,
)
def test_wrong_labels(mixing, labels, message):
    with pytest.raises(ValueError, match=message):
        checked_labels([mixing], labels, 3)
