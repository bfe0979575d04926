"""Boxes beside images: what is accepted, what is lost, and what comes back."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from batchwarp import ops
from batchwarp._reference.targets import expressed
from batchwarp.targets.formats import FORMATS

HEIGHT, WIDTH = 24, 32
X = np.zeros((3, HEIGHT, WIDTH, 1), np.uint8)
NONE = [-1.0] * 4
# Of 12 x 20 pixels from (6, 6) on.
CROP = ops.CenterCrop((HEIGHT - 12, WIDTH - 12))
LISTS = [
    [[0, 0, 10, 10], [0, 0, 5, 5], [5, 5, 15, 15]],
    [],
    [[7, 8, 9, 10.5], [0, 0, 5, 5]],
]
KEPT = [[[0, 0, 4, 4], [0, 0, 9, 9]], [], [[1, 2, 3, 4.5]]]


def moved(boxes, *operations, **options):
    aug = batchwarp.Augment(*operations, seed=1, **options)
    return aug(X, keys=range(3), boxes=boxes)["boxes"]


def rows(*images):
    """Boxes as they are returned: each image's, and -1 behind them."""
    room = max(map(len, images))
    return np.array([[*image, *[NONE] * (room - len(image))] for image in images], np.float32)


def test_lost_boxes_leave_their_places():
    made = moved(LISTS, CROP)
    assert made.dtype == np.float32
    np.testing.assert_array_equal(
        made, rows([[0, 0, 4, 4], NONE, [0, 0, 9, 9]], [], [[1, 2, 3, 4.5]])
    )
    np.testing.assert_array_equal(moved(rows(*LISTS), CROP), made)


@pytest.mark.parametrize("room", [1, 2, 3, 5])
def test_a_limited_number_moves_up(room):
    wanted = rows(*KEPT, [NONE] * 5)[:3, :room]
    np.testing.assert_array_equal(moved(LISTS, CROP, max_boxes=room), wanted)
    np.testing.assert_array_equal(moved(rows(*LISTS), CROP, max_boxes=room), wanted)


def test_labels_keep_step():
    labels = [[1, 2, 3], [], [4, 5]]
    made = moved({"boxes": LISTS, "labels": labels}, CROP)
    assert list(made) == ["boxes", "labels"]
    np.testing.assert_array_equal(made["boxes"], moved(LISTS, CROP))
    assert made["labels"].tolist() == [[1, -1, 3], [-1, -1, -1], [4, -1, -1]]
    made = moved({"boxes": LISTS, "labels": labels}, CROP, max_boxes=2)
    assert made["labels"].tolist() == [[1, 3], [-1, -1], [4, -1]]
    array = np.array([[1, 2, 3], [9, 9, 9], [4, 5, 9]], np.uint8)
    made = moved({"labels": array, "boxes": rows(*LISTS)}, CROP)
    assert made["labels"].tolist() == [[1, -1, 3], [-1, -1, -1], [4, -1, -1]]


@pytest.mark.parametrize(
    ("given", "returned"),
    [
        ("uint8", "int16"),
        ("int32", "int32"),
        ("uint32", "int64"),
        ("uint64", "int64"),
        ("float32", "float32"),
        ("bool", "int8"),
    ],
)
def test_dtypes_of_labels_can_be_minus_1(given, returned):
    labels = np.ones((3, 1), given)
    boxes = np.full((3, 1, 4), -1.0)
    boxes[0] = 0, 0, 9, 9
    made = moved({"boxes": boxes, "labels": labels})["labels"]
    assert made.dtype == returned
    assert made.ravel().tolist() == [1, -1, -1]


def test_what_has_to_be_left():
    boxes = np.array([[[0, 0, 10, 10], [5, 5, 15, 15]]] * 3)  # of which 16 and 81 of 100 are left
    both, second = [[0, 0, 4, 4], [0, 0, 9, 9]], [NONE, [0, 0, 9, 9]]
    for options, wanted in (
        ({"min_area": 16}, both),
        ({"min_area": 16.1}, second),
        ({"min_area": 82}, [NONE, NONE]),
        ({"min_visibility": 0.15}, both),
        ({"min_visibility": 0.17}, second),
        ({"min_visibility": 1}, [NONE, NONE]),
        ({"min_area": 10, "min_visibility": 0.5}, second),
    ):
        np.testing.assert_array_equal(moved(boxes, CROP, **options), [wanted] * 3)


@pytest.mark.parametrize("name", FORMATS)
def test_formats(name):
    edges = np.array([[2.0, 3, 10, 20], [8, 8, 31, 23.5]])
    given = np.stack([expressed(edges, name, HEIGHT, WIDTH)] * 3)
    given[1, 0] = -1
    made = moved(given, CROP, bounding_box_format=name)
    # Shares of a size are of another one after a crop.
    inside = np.clip(edges - 6, 0, [20, 12, 20, 12])
    wanted = np.stack([expressed(inside, name, HEIGHT - 12, WIDTH - 12)] * 3)
    wanted[1, 0] = -1
    np.testing.assert_allclose(made, wanted, atol=1e-6)


def test_boxes_may_begin_outside():
    boxes = np.array([[[-10, -5, 8, 9], [40, 40, 50, 50]]] * 3)
    np.testing.assert_array_equal(moved(boxes)[0], [[0, 0, 8, 9], NONE])
    np.testing.assert_array_equal(moved(boxes, ops.Pad(20))[0, 0], [10, 15, 28, 29])


def test_what_is_given_stays():
    boxes = rows(*LISTS).astype(np.float64)
    before = boxes.copy()
    moved(boxes, CROP)
    np.testing.assert_array_equal(boxes, before)


@pytest.mark.parametrize("boxes", [[[], [], []], np.empty((3, 0, 4))])
def test_no_boxes(boxes):
    assert moved(boxes).shape == (3, 0, 4)
    np.testing.assert_array_equal(moved(boxes, max_boxes=2), np.full((3, 2, 4), -1))


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ([5, 5, 4, 9], '"xyxy"'),
        ([5, 5, 9, 4], '"xyxy"'),
        ([0, 0, np.nan, 4], "finite"),
        ([0, 0, np.inf, 4], "finite"),
        ([-1, -1, -1, -2], '"xyxy"'),
    ],
)
def test_boxes_that_are_none(box, message):
    boxes = np.zeros((3, 2, 4))
    boxes[1, 1] = boxes[2, 0] = box
    with pytest.raises(ValueError, match=f"`boxes` should be {message}.* for image 1, box 1"):
        moved(boxes)
    with pytest.raises(ValueError, match=f"`boxes` should be {message}.* for image 2, box 0"):
        moved([[], [], [box, box]])


def test_negative_extents():
    with pytest.raises(ValueError, match=r"`boxes` .*\[5.0, 5.0, -2.0, 3.0\] for image 0, box 0"):
        moved(np.array([[[5.0, 5, -2, 3]]] * 3), bounding_box_format="center_xywh")


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        (np.zeros((2, 5, 4)), r"`boxes` should be .*Received shape: \(2, 5, 4\)"),
        ([[], []], "`boxes` should be a list of 3 arrays"),
        ({"boxes": LISTS}, '`boxes` should be a dictionary of "boxes" and "labels"'),
        ({"boxes": LISTS, "classes": LISTS}, "Received the keys: 'boxes', 'classes'"),
        (
            {"boxes": LISTS, "labels": [[1, 2, 3], [1], [1, 2]]},
            r'`boxes\["labels"\]` should be one for each box. Received 1 for image 1, which has 0',
        ),
        ({"boxes": LISTS, "labels": np.zeros((3, 3))}, "Received 3 for image 1, which has 0"),
        ({"boxes": rows(*LISTS), "labels": np.zeros((3, 3, 1))}, r'`boxes\["labels"\]` should be'),
    ],
)
def test_errors(boxes, message):
    with pytest.raises(ValueError, match=message):
        moved(boxes)
