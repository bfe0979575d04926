"""Keypoints beside images."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from batchwarp import ops

HEIGHT, WIDTH = 24, 32
X = np.zeros((3, HEIGHT, WIDTH, 1), np.uint8)
NONE = [np.nan] * 2
POINTS = np.random.RandomState(0).rand(3, 4, 2) * 20


def moved(keypoints, *operations, x=X, **options):
    aug = batchwarp.Augment(*operations, seed=1, **options)
    return aug(x, keys=range(3), keypoints=keypoints)["keypoints"]


def test_centres_of_pixels():
    made = moved(np.array([[[0, 0], [WIDTH - 1, 3.5]]] * 3), ops.Flip(1.0))
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, [[[WIDTH - 1, 0], [0, 3.5]]] * 3, atol=1e-6)


def test_lists_and_what_is_absent():
    made = moved([[[1, 2]], [], [[3, 4], NONE, [5, 60]]], ops.Pad(1))
    wanted = [[[2, 3], NONE, NONE], [NONE] * 3, [[4, 5], NONE, [6, 61]]]
    np.testing.assert_array_equal(made, np.array(wanted))
    assert moved([[], [], []]).shape == (3, 0, 2)


def test_outside():
    ends = [[-0.5, 0], [-0.51, 0], [WIDTH - 0.5, 0], [WIDTH, 0], [0, -0.6], [3, HEIGHT - 0.4]]
    np.testing.assert_array_equal(moved(np.array([ends] * 3)), np.array([ends] * 3, np.float32))
    made = moved(np.array([ends] * 3), remove_outside=True)
    gone = np.isnan(made).all(axis=2)
    assert gone[0].tolist() == [False, True, False, True, True, True]
    np.testing.assert_array_equal(made[~gone], np.array([ends] * 3, np.float32)[~gone])


@pytest.mark.parametrize(
    ("operations", "mirrored"),
    [
        ([], False),
        ([ops.Flip(1.0)], True),
        ([ops.Flip(0.0, 1.0)], True),
        ([ops.Flip(1.0, 1.0)], False),
        ([ops.Flip(1.0), ops.Affine(rotation=(170, 170)), ops.Perspective(0.3)], True),
        ([ops.Affine(rotation=(170, 170)), ops.Elastic(10, 4)], False),
        ([ops.Flip(1.0), ops.Elastic(10, 4)], True),
    ],
)
def test_pairs(operations, mirrored):
    plain = moved(POINTS, *operations)
    made = moved(POINTS, *operations, keypoint_pairs=[(0, 2), (3, 1)])
    np.testing.assert_array_equal(made, plain[:, [2, 3, 0, 1]] if mirrored else plain)


def test_pairs_in_some_images():
    x, keys = np.zeros((64, HEIGHT, WIDTH, 1), np.uint8), range(64)
    points = np.broadcast_to(POINTS[0], (64, 4, 2))
    options = {"seed": 3}
    plain = batchwarp.Augment(ops.Flip(), **options)(x, keys, keypoints=points)["keypoints"]
    aug = batchwarp.Augment(ops.Flip(), **options, keypoint_pairs=[(0, 1)])
    made = aug(x, keys, keypoints=points)["keypoints"]
    mirrored = np.abs(plain - points).max(axis=(1, 2)) > 1e-3
    assert 16 < mirrored.sum() < 48
    np.testing.assert_array_equal(made[~mirrored], plain[~mirrored])
    np.testing.assert_array_equal(made[mirrored], plain[mirrored][:, [1, 0, 2, 3]])


def test_layouts_of_images_make_no_difference():
    first = X.transpose(0, 3, 1, 2)
    steps = ops.Affine(rotation=30, zoom=0.2), ops.CenterCrop((10, 17))
    np.testing.assert_array_equal(
        moved(POINTS, *steps, x=first, data_format="channels_first"), moved(POINTS, *steps)
    )


@pytest.mark.parametrize(
    ("keypoints", "options", "message"),
    [
        (np.zeros((3, 4)), {}, r"`keypoints` should be an array of shape \(3, k, 2\)"),
        (np.zeros((3, 4, 3)), {}, r"Received shape: \(3, 4, 3\)"),
        ([[], []], {}, "`keypoints` should be a list of 3 arrays"),
        (
            [[], [[1, 2], [np.inf, 3]], []],
            {},
            r"`keypoints` should be finite.* \[inf, 3.0\] for image 1, keypoint 1",
        ),
        (
            np.zeros((3, 4, 2)),
            {"keypoint_pairs": [(0, 4)]},
            "`keypoint_pairs` should be of indices below 4.*Received: 4",
        ),
    ],
)
def test_errors(keypoints, options, message):
    with pytest.raises(ValueError, match=message):
        moved(keypoints, **options)
