"""What is at a place of an image is seen where masks, boxes and keypoints say so."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from batchwarp import ops
from batchwarp._reference import run
from batchwarp._reference.draws import Size
from batchwarp._reference.targets import displaced, move_of, seen_at, seen_outline

KEYS = [3, "b.png"]
HEIGHT, WIDTH = 24, 32

MOVES = {
    "affine": (ops.Affine(rotation=30, zoom=0.3, shear=10, shift=0.1),),
    "flip": (ops.Flip(1.0, 0.5),),
    "windows": (ops.Pad(5), ops.RandomCrop(20), ops.Rotate90()),
    "resize": (ops.Resize((20, 50), antialias=False), ops.CenterCrop(16)),
    "antialiased": (ops.RandomResizedCrop(13, scale=(0.5, 1)), ops.Affine(rotation=15)),
    "perspective": (ops.Perspective(0.4), ops.Affine(rotation=10)),
    "elastic": (ops.Affine(rotation=20), ops.Elastic(20, 4), ops.Flip(0.5)),
    "elastic in perspective": (ops.Perspective(0.3), ops.Elastic(20, 4), ops.Perspective(0.2)),
    "grid": (ops.GridDistortion(4, 0.5), ops.Affine(rotation=5)),
}


def recipe(*operations, **options):
    settings = {
        "seed": 7,
        "fill_mode": "nearest",
        "cval": 0.0,
        "order": 1,
        "dtype": "float64",
        "value_range": None,
        "data_format": "channels_last",
        "mask_fill": 0,
        "mask_classes": None,
        "min_area": 0.0,
        "min_visibility": 0.0,
        "keypoint_pairs": None,
        "remove_outside": False,
    }
    return SimpleNamespace(operations=operations, **{**settings, **options})


def done(*operations, x=None, **given):
    targets = {name: given.pop(name) for name in ("masks", "boxes", "keypoints") if name in given}
    x = np.zeros((2, HEIGHT, WIDTH, 1)) if x is None else x
    return run(recipe(*operations, **given), x, KEYS, **targets)


def coordinates():
    """Images whose values are the places of their pixels, x and y."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([np.stack([columns, rows], axis=-1)] * 2).astype(np.float64)


def between(image, x, y):
    """The value of an image between four of its pixels."""
    column, row = int(x), int(y)
    part = image[row : row + 2, column : column + 2]
    across = part[:, 0] + (x - column) * (part[:, 1] - part[:, 0])
    return across[0] + (y - row) * (across[1] - across[0])


@pytest.mark.parametrize("name", MOVES)
def test_a_keypoint_is_where_its_place_is_seen(name):
    random = np.random.RandomState(1)
    points = random.rand(2, 40, 2) * [WIDTH - 3, HEIGHT - 3] + 1
    # A filter that antialiases blurs places as well, at edges to one side.
    operations = [
        ops.RandomResizedCrop(13, scale=(0.5, 1), antialias=False)
        if isinstance(one, ops.RandomResizedCrop)
        else one
        for one in MOVES[name]
    ]
    images = done(*operations, x=coordinates())
    moved = done(*MOVES[name], keypoints=points)["keypoints"]
    seen = 0
    for image, before, after in zip(images, points, moved, strict=True):
        last = np.array(image.shape[1::-1]) - 1
        for place, (x, y) in zip(before, after, strict=True):
            if 0 < x < last[0] and 0 < y < last[1]:
                off = np.abs(between(image, x, y) - place).max()
                bends = {"elastic", "elastic in perspective", "grid", "perspective"}
                assert off < (0.3 if name in bends else 1e-9)
                seen += 1
    assert seen > 10


@pytest.mark.parametrize("name", MOVES)
def test_a_mask_is_what_order_0_makes_of_the_image(name):
    masks = np.random.RandomState(2).randint(-(2**40), 2**40, (2, HEIGHT, WIDTH))
    operations = [
        ops.RandomResizedCrop(13, scale=(0.5, 1), antialias=False)
        if isinstance(one, ops.RandomResizedCrop)
        else one
        for one in MOVES[name]
    ]
    for mode in ("constant", "reflect", "wrap"):
        options = {"fill_mode": mode, "cval": -5.0, "mask_fill": -5}
        moved = done(*MOVES[name], masks=masks, **options)["masks"]
        images = done(*operations, x=masks[..., None].astype(np.float64), order=0, **options)
        assert moved.dtype == masks.dtype
        np.testing.assert_array_equal(moved, images[..., 0])


def test_masks_of_either_layout():
    masks = np.random.RandomState(2).randint(0, 9, (2, HEIGHT, WIDTH, 2))
    x = np.zeros((2, 1, HEIGHT, WIDTH))
    last = done(*MOVES["affine"], masks=masks)["masks"]
    first = done(
        *MOVES["affine"], x=x, masks=masks.transpose(0, 3, 1, 2), data_format="channels_first"
    )["masks"]
    np.testing.assert_array_equal(first.transpose(0, 2, 3, 1), last)
    flat = done(*MOVES["affine"], x=x, masks=masks[..., 0], data_format="channels_first")["masks"]
    np.testing.assert_array_equal(flat, last[..., 0])


def test_one_hot():
    masks = np.random.RandomState(2).choice([0, 1, 2, 255], (2, HEIGHT, WIDTH))
    moved = done(ops.Pad(1), masks=masks, fill_mode="constant", mask_fill=255)["masks"]
    hot = done(ops.Pad(1), masks=masks, fill_mode="constant", mask_fill=255, mask_classes=3)
    assert hot["masks"].shape == (2, HEIGHT + 2, WIDTH + 2, 3)
    np.testing.assert_array_equal(hot["masks"].sum(axis=-1), moved != 255)
    np.testing.assert_array_equal(hot["masks"].argmax(axis=-1), np.where(moved == 255, 0, moved))


def test_mirrored():
    """The last column has the centre w - 1, and the right edge is w."""
    keypoints, boxes = np.array([[[0, 1.5]]] * 2), np.array([[[0, 1, 3, 4.0]]] * 2)
    made = done(ops.Flip(1.0), keypoints=keypoints, boxes=boxes)
    np.testing.assert_allclose(made["keypoints"][0], [[WIDTH - 1, 1.5]])
    np.testing.assert_allclose(made["boxes"][0], [[WIDTH - 3, 1, WIDTH, 4]])


def test_pairs_change_places_in_mirrors():
    keypoints = np.arange(12.0).reshape(2, 3, 2)
    plain = done(ops.Flip(1.0), keypoints=keypoints)["keypoints"]
    pairs = {"keypoint_pairs": [(0, 2)]}
    swapped = done(ops.Flip(1.0), keypoints=keypoints, **pairs)["keypoints"]
    np.testing.assert_array_equal(swapped, plain[:, [2, 1, 0]])
    turned = done(ops.Flip(1.0, 1.0), ops.Affine(rotation=30), keypoints=keypoints)["keypoints"]
    same = done(ops.Flip(1.0, 1.0), ops.Affine(rotation=30), keypoints=keypoints, **pairs)
    np.testing.assert_array_equal(same["keypoints"], turned)


def test_keypoints_outside():
    keypoints = np.array([[[-0.5, 3], [-0.6, 3], [WIDTH - 0.5, 3], [WIDTH, 3], [2, HEIGHT]]] * 2)
    stay = done(keypoints=keypoints)["keypoints"]
    np.testing.assert_array_equal(stay, keypoints)
    removed = done(keypoints=keypoints, remove_outside=True)["keypoints"]
    assert np.isnan(removed[0]).all(axis=1).tolist() == [False, True, False, True, True]


def test_boxes_are_clipped_and_lost():
    boxes = np.array([[[0, 0, 10, 10], [5, 5, 15, 15], [30, 20, 32, 24], [-1, -1, -1, -1]]] * 2)
    crop = ops.CenterCrop((HEIGHT - 12, WIDTH - 12))  # from (6, 6) on
    lost = [-1.0] * 4
    first, second = [0.0, 0, 4, 4], [0.0, 0, 9, 9]
    for options, wanted in (
        ({}, [first, second, lost, lost]),
        ({"min_area": 16}, [first, second, lost, lost]),
        ({"min_area": 17}, [lost, second, lost, lost]),
        ({"min_visibility": 0.16}, [first, second, lost, lost]),
        ({"min_visibility": 0.5}, [lost, second, lost, lost]),
    ):
        assert done(crop, boxes=boxes, **options)["boxes"][0].tolist() == wanted


@pytest.mark.parametrize("name", MOVES)
def test_what_is_in_a_box_is_seen_in_it(name):
    random = np.random.RandomState(3)
    corners = np.sort(random.rand(2, 10, 2, 2) * [WIDTH, HEIGHT], axis=2)
    boxes = corners.reshape(2, 10, 4)
    inside = corners[:, :, :1] + random.rand(2, 10, 50, 2) * np.diff(corners, axis=2)
    moved = done(*MOVES[name], boxes=boxes)["boxes"]
    points = done(*MOVES[name], keypoints=inside.reshape(2, 500, 2) - 0.5, remove_outside=True)
    places = points["keypoints"].reshape(2, 10, 50, 2) + 0.5
    slack = 0.2 if "elastic" in name or name == "grid" else 1e-6
    beyond = np.maximum(moved[:, :, None, :2] - places, places - moved[:, :, None, 2:])
    assert np.nanmax(beyond) < slack
    assert np.isfinite(places).mean() > 0.3


@pytest.mark.parametrize("sample", [0, 1, 2, 4])
def test_behind_the_horizon(sample):
    """Magnified before it, an image reaches as far as where the perspective ends."""
    operations = (ops.Affine(zoom=(12, 12)), ops.Perspective(0.7))
    move = move_of(operations, Size(HEIGHT, WIDTH, 1), 7, sample, 0)
    places = np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), -1).reshape(-1, 2)
    seen = seen_at(move.leaves, places.astype(np.float64))
    gone = np.isnan(seen).any(axis=1)
    assert 0 < gone.sum() < len(places)
    last = places.max(axis=0)
    corners = np.array([[0, 0], [last[0], 0], last, [0, last[1]]], np.float64)
    outline = seen_outline(move.leaves, corners)
    assert (np.nanmin(seen, axis=0) >= outline.min(axis=0) - 1e-6).all()
    assert (np.nanmax(seen, axis=0) <= outline.max(axis=0) + 1e-6).all()
    assert np.abs(outline).max() > 1e6


def test_a_field_that_folds():
    """Whatever it does, each point is one that its place is seen at."""
    move = move_of((ops.Elastic(15, 1.0),), Size(12, 14, 1), 7, 5, 0)
    places = np.random.RandomState(0).rand(8, 2) * [14, 12]
    seen = seen_at(move.leaves, places)
    np.testing.assert_allclose(displaced(move.leaves[0], seen), places, atol=1e-6)


def test_cut_mix_pastes_masks():
    masks = np.repeat(np.arange(2)[:, None, None], HEIGHT, 1).repeat(WIDTH, 2)
    x = masks[..., None].astype(np.float64)
    made = run(recipe(ops.CutMix(num_classes=2), seed=3), x, KEYS, 0, [0, 1], masks=masks)
    np.testing.assert_array_equal(made["masks"], made["images"][..., 0])
    assert 0 < made["masks"].mean() < 1
    np.testing.assert_allclose(made["masks"].mean(axis=(1, 2)), made["labels"][:, 1])


def test_several_maps_are_refused():
    with pytest.raises(TypeError, match="several maps"):
        run(
            recipe(ops.AugMix(), value_range=(0, 1)),
            np.zeros((2, HEIGHT, WIDTH, 3)),
            KEYS,
            keypoints=np.zeros((2, 1, 2)),
        )
