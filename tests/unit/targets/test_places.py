"""Boxes and keypoints of one call become what those of a flow become, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from batchwarp import _core, ops
from batchwarp.targets import Boxes, Keypoints, Move, Stack, TargetOptions, places_of

COUNTS = (150, 0, 3, 64)
STACK = Stack(len(COUNTS), 24, 32, "channels_last", np.dtype(np.float32))
RECIPES = {
    "none": (),
    "affine": (ops.Flip(), ops.Affine(rotation=40, shift=0.3, zoom=0.3)),
    "perspective": (ops.Perspective(0.4),),
    "bent": (ops.Elastic(30, 4), ops.Rotate90()),
}
OPTIONS = (
    {},
    {"min_area": 12.5, "min_visibility": 0.4},
    {"max_boxes": 5, "min_area": 30},
    {"max_boxes": 170},
    {"remove_outside": True},
)


def some(dtype="float32", counts=COUNTS):
    random = np.random.RandomState(3)
    boxes, keypoints = [], []
    for count in counts:
        first = random.uniform(-8, 28, (count, 2))
        edges = np.concatenate([first, first + random.uniform(0, 12, (count, 2))], axis=1)
        edges[::7] = -1
        edges[3::7, 0] = -1
        edges[3::7, 2] = 9
        points = random.uniform(-4, 36, (count, 2))
        points[::5] = np.nan
        boxes.append(edges.astype(dtype))
        keypoints.append(points.astype(dtype))
    return boxes, keypoints


def move_of(operations):
    aug = batchwarp.Augment(*operations, order=0, seed=2, fill_mode="constant")
    plan = aug._plan((STACK.height, STACK.width, 1), np.dtype(np.uint8))
    rows = _core.draw(plan, np.arange(STACK.images, dtype=np.uint64), 0, 2)
    return Move(plan, rows if rows.size else None)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("options", OPTIONS)
def test_places_are_those_of_flows(recipe, dtype, options):
    options, move = (
        TargetOptions(**options),
        move_of(
            (ops.CenterCrop((24, 24)), *RECIPES[recipe]) if recipe == "bent" else RECIPES[recipe]
        ),
    )
    alike = some(dtype, (9,) * STACK.images)
    for boxes, keypoints in (some(dtype), tuple(map(np.stack, alike)), tuple(map(tuple, alike))):
        places = places_of(boxes, keypoints, STACK.images, options)
        made = places.move([move])
        assert list(made) == ["boxes", "keypoints"]
        wanted = Boxes(boxes, STACK, options).move([move], None)
        assert made["boxes"].dtype == np.float32
        np.testing.assert_array_equal(made["boxes"], wanted)
        wanted = Keypoints(keypoints, STACK, options).move([move], None)
        assert made["keypoints"].dtype == np.float32
        np.testing.assert_array_equal(made["keypoints"], wanted)


def test_one_without_the_other():
    boxes, keypoints = some()
    move = move_of(RECIPES["affine"])
    both = places_of(boxes, keypoints, STACK.images, TargetOptions()).move([move])
    for given, name in (((boxes, None), "boxes"), ((None, keypoints), "keypoints")):
        made = places_of(*given, STACK.images, TargetOptions()).move([move])
        assert list(made) == [name]
        np.testing.assert_array_equal(made[name], both[name])


def test_what_is_taken_is_held_and_stays():
    boxes, keypoints = some()
    before = [array.copy() for array in (*boxes, *keypoints)]
    places = places_of(boxes, keypoints, STACK.images, TargetOptions())
    move = move_of(RECIPES["affine"])
    wanted = places.move([move])
    for array, was in zip((*boxes, *keypoints), before, strict=True):
        np.testing.assert_array_equal(array, was)
    boxes.clear()
    keypoints.clear()
    for name, value in places.move([move]).items():
        np.testing.assert_array_equal(value, wanted[name])


class Named(np.ndarray):
    """A subclass, which may mean something."""


@pytest.mark.parametrize(
    "change",
    [
        lambda one: np.ones_like(one, np.int64),
        lambda one: one.astype(np.float16),
        lambda one: one.astype(">f4"),
        lambda one: one.astype(np.float64),  # unlike the others
        lambda one: np.asfortranarray(one),
        lambda one: one[:, :1].copy(),
        lambda one: one[np.newaxis],
        lambda one: one.view(Named),
        lambda one: one.tolist(),
        lambda one: np.full_like(one, np.inf),
        lambda _: None,
    ],
)
def test_others_are_left_to_those_who_know_more(change):
    boxes, keypoints = some()
    options = TargetOptions()
    assert places_of(boxes, keypoints, STACK.images, options) is not None
    for given in (boxes, keypoints):
        kept, given[2] = given[2], change(given[2])
        assert places_of(boxes, keypoints, STACK.images, options) is None
        given[2] = kept
    assert places_of(boxes, keypoints, STACK.images, options) is not None


def test_other_arguments():
    boxes, keypoints = some()
    for options in ({"bounding_box_format": "xywh"}, {"keypoint_pairs": ((0, 1),)}):
        assert places_of(boxes, keypoints, STACK.images, TargetOptions(**options)) is None
    options = TargetOptions()
    assert places_of(boxes[:3], keypoints, STACK.images, options) is None
    assert places_of(boxes, keypoints[:3], STACK.images, options) is None
    labels = [np.zeros(len(one), int) for one in boxes]
    assert places_of({"boxes": boxes, "labels": labels}, None, STACK.images, options) is None
    for wrong in ([5, 5, 4, 6], [5, 5, 6, 4], [np.nan, 0, 1, 1], [0, 0, np.inf, 1]):
        boxes[0][149] = wrong
        assert places_of(boxes, keypoints, STACK.images, options) is None


def test_no_images():
    made = places_of([], [], 0, TargetOptions()).move([Move(move_of(()).plan, None)])
    assert made["boxes"].shape == (0, 0, 4)
    assert made["keypoints"].shape == (0, 0, 2)
