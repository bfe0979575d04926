"""Masks, boxes and keypoints beside the images of `batchwarp.Augment`."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

import batchwarp
from batchwarp import ops, runtime

N, HEIGHT, WIDTH = 12, 20, 24
RANDOM = np.random.default_rng(5)
X = RANDOM.integers(0, 256, (N, HEIGHT, WIDTH, 3), np.uint8)
KEYS = RANDOM.permutation(1000)[:N]
TARGETS = {
    "masks": RANDOM.integers(0, 4, (N, HEIGHT, WIDTH), np.uint8),
    "boxes": {
        "boxes": np.concatenate(
            [RANDOM.random((N, 3, 2)) * 10, RANDOM.random((N, 3, 2)) * 10 + 10], axis=2
        ),
        "labels": RANDOM.integers(0, 9, (N, 3)),
    },
    "keypoints": [RANDOM.random((i % 4, 2)) * 20 for i in range(N)],
}
OPTIONS = {
    "mask_fill": 255,
    "mask_classes": 4,
    "max_boxes": 2,
    "min_area": 3.0,
    "min_visibility": 0.2,
    "keypoint_pairs": ((0, 1),),
    "remove_outside": True,
}


def recipe(**options):
    return batchwarp.Augment(
        ops.Flip(0.5, 0.5),
        ops.Affine(rotation=30, zoom=0.2, shear=5, shift=0.1, p=0.9),
        ops.OneOf(ops.Perspective(0.2), ops.Elastic(20, 4)),
        ops.ColorJitter(0.2, 0.2, 0.2, 0.05),
        ops.RandAugment(2),
        ops.Normalize((120, 110, 100), 50),
        **{"seed": 7, "fill_mode": "constant", **options},
    )


def done(aug, part=slice(None), **targets):
    boxes = TARGETS["boxes"]
    targets = targets or {
        "masks": TARGETS["masks"][part],
        "boxes": {"boxes": boxes["boxes"][part], "labels": boxes["labels"][part]},
        "keypoints": TARGETS["keypoints"][part],
    }
    return aug(X[part], keys=KEYS[part], epoch=3, **targets)


def flat(made):
    """The arrays of a result by their names."""
    boxes = made["boxes"]
    return {**made, "boxes": boxes["boxes"], "labels of boxes": boxes["labels"]}


def equal(one, other):
    one, other = flat(one), flat(other)
    assert list(one) == list(other)
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)


@pytest.mark.parametrize("options", [{}, OPTIONS, {"dtype": "float64", "fused": False}])
def test_images_are_what_they_are_alone(options):
    aug = recipe(**options)
    made = aug(X, keys=KEYS, epoch=3, **TARGETS)
    assert list(made) == ["images", "masks", "boxes", "keypoints"]
    np.testing.assert_array_equal(made["images"], aug(X, keys=KEYS, epoch=3))
    for name, value in TARGETS.items():
        alone = aug(X, keys=KEYS, epoch=3, **{name: value})
        assert list(alone) == ["images", name]
        equal({**made, name: alone[name]}, made)


def test_labels_beside_them():
    made = recipe()(X, KEYS, 3, range(N), masks=TARGETS["masks"])
    assert list(made) == ["images", "masks", "labels"]
    np.testing.assert_array_equal(made["labels"], range(N))


def test_colours_leave_them():
    aug = batchwarp.Augment(ops.Erase(), ops.Brightness(0.5), ops.JpegCompression(), ops.Invert())
    made = aug(X, **TARGETS)
    assert (made["images"] != X).any()
    np.testing.assert_array_equal(made["masks"], TARGETS["masks"])
    np.testing.assert_array_equal(
        made["boxes"]["boxes"], TARGETS["boxes"]["boxes"].astype(np.float32)
    )
    for moved, points in zip(made["keypoints"], TARGETS["keypoints"], strict=True):
        np.testing.assert_array_equal(moved[: len(points)], points.astype(np.float32))
        assert np.isnan(moved[len(points) :]).all()


@pytest.mark.parametrize("options", [{}, OPTIONS])
def test_batches_of_any_size(options):
    aug = recipe(**options)
    whole = flat(done(aug, **TARGETS))
    for start in range(0, N, 5):
        part = slice(start, start + 5)
        for name, array in flat(done(aug, part)).items():
            np.testing.assert_array_equal(array, whole[name][part], err_msg=name)


@pytest.mark.parametrize("threads", [1, 3])
def test_any_number_of_threads(threads):
    before = runtime.get_num_threads()
    wanted = done(recipe())
    runtime.set_num_threads(threads)
    try:
        equal(done(recipe()), wanted)
    finally:
        runtime.set_num_threads(before)


def test_images_are_numbered_on():
    aug = recipe()
    first, second = aug(X, **TARGETS), aug(X, **TARGETS)
    equal(first, recipe()(X, keys=range(N), **TARGETS))
    equal(second, recipe()(X, keys=range(N, 2 * N), **TARGETS))


def test_copies():
    aug = recipe(**OPTIONS, bounding_box_format="rel_xyxy")
    assert aug != recipe()
    for other in (
        pickle.loads(pickle.dumps(aug)),
        copy.deepcopy(aug),
        batchwarp.Augment.from_config(json.loads(json.dumps(aug.get_config()))),
        eval(repr(aug), {**vars(ops), "Augment": batchwarp.Augment}),
    ):
        assert other == aug
        assert hash(other) == hash(aug)
        assert other.get_config() == aug.get_config()
        equal(done(other), done(aug))
    assert "mask" not in repr(recipe())


def test_options_are_attributes():
    aug = recipe(**OPTIONS)
    assert {name: getattr(aug, name) for name in OPTIONS} == OPTIONS
    with pytest.raises(ValueError, match="`min_visibility` should be from 0 to 1"):
        recipe(min_visibility=2)


def test_no_images():
    made = recipe()(
        X[:0],
        masks=TARGETS["masks"][:0],
        boxes={"boxes": np.empty((0, 3, 4)), "labels": np.empty((0, 3), int)},
        keypoints=[],
    )
    assert {name: array.shape for name, array in flat(made).items()} == {
        "images": (0, HEIGHT, WIDTH, 3),
        "masks": (0, HEIGHT, WIDTH),
        "boxes": (0, 3, 4),
        "keypoints": (0, 0, 2),
        "labels of boxes": (0, 3),
    }


REFUSED = [
    (ops.MixUp(num_classes=2), "masks"),
    (ops.MixUp(num_classes=2), "boxes"),
    (ops.MixUp(num_classes=2), "keypoints"),
    (ops.CutMix(num_classes=2), "boxes"),
    (ops.CutMix(num_classes=2), "keypoints"),
    (ops.AugMix(), "masks"),
    (ops.AugMix(p=0.5), "boxes"),
    (ops.AugMix(), "keypoints"),
]


@pytest.mark.parametrize(("operation", "name"), REFUSED)
def test_what_cannot_be_followed(operation, name):
    aug = batchwarp.Augment(ops.Flip(), operation, seed=1)
    labels = {} if isinstance(operation, ops.AugMix) else {"labels": [0, 1] * 6}
    with pytest.raises(
        ValueError, match=f"`{name}` cannot be given beside {type(operation).__name__}"
    ):
        aug(X, **labels, **{name: TARGETS[name]})
    aug(X, **labels)


def test_errors_come_before_any_work():
    aug = recipe()
    with pytest.raises(ValueError, match="`boxes`"):
        aug(X, masks=TARGETS["masks"], boxes=np.zeros((N, 3, 5)))
    np.testing.assert_array_equal(aug(X), recipe()(X, keys=range(N)))
