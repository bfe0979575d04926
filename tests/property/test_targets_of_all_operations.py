"""Masks, boxes and keypoints beside every operation that there is, in every mode."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from batchwarp import Augment, ImageDataGenerator, _core, ops

SIDE = 48
KEYS = np.arange(6)
RADIUS = 3  # of the discs in a mask
SEEDS = (1, 2)
BOTH = tuple(itertools.product(_core.FILL_MODES, SEEDS))

MOVES = {
    "Affine": ops.Affine(rotation=180, zoom=(0.8, 1.3), shear=15, shift=0.2),
    "CenterCrop": ops.CenterCrop(40),
    "Elastic": ops.Elastic(12, 6),
    "Flip": ops.Flip(0.5, 0.5),
    "GridDistortion": ops.GridDistortion(4, 0.3),
    "OneOf": ops.OneOf(ops.Flip(1.0), ops.Affine(rotation=40), ops.Perspective(0.2)),
    "Pad": ops.Pad((3, 8)),
    "Perspective": ops.Perspective(0.3),
    "RandomCrop": ops.RandomCrop(40, padding=4),
    "RandomResizedCrop": ops.RandomResizedCrop(44, scale=(0.5, 1.0), antialias=False),
    "Resize": ops.Resize((60, 40), antialias=False),
    "Rotate90": ops.Rotate90(),
    "Sequential": ops.Sequential(ops.Flip(0.5), ops.Affine(shift=0.2), p=0.5),
    "SomeOf": ops.SomeOf(2, ops.Rotate90(), ops.Affine(shear=20), ops.Flip(1.0)),
}
OTHERS = {
    "AutoContrast": ops.AutoContrast(),
    "Brightness": ops.Brightness(0.5),
    "ChannelDrop": ops.ChannelDrop(),
    "ChannelShift": ops.ChannelShift(0.3),
    "ColorJitter": ops.ColorJitter(0.2, 0.2, 0.2, 0.05),
    "Contrast": ops.Contrast(0.5),
    "Equalize": ops.Equalize(),
    "Erase": ops.Erase(),
    "Erase, a square": ops.Erase(shape="square", length=20),
    "Erase, a grid": ops.Erase(shape="grid", length=(6, 20)),
    "Gamma": ops.Gamma(),
    "GaussianBlur": ops.GaussianBlur(),
    "GaussianNoise": ops.GaussianNoise(0.1),
    "Grayscale": ops.Grayscale(),
    "Hue": ops.Hue(0.1),
    "Invert": ops.Invert(),
    "JpegCompression": ops.JpegCompression(),
    "Normalize": ops.Normalize(10, 20),
    "Posterize": ops.Posterize(),
    "RandAugment": ops.RandAugment(2),
    "RandomResizedCrop with a filter": ops.RandomResizedCrop(36, scale=(0.5, 1.0)),
    "Resize with a filter": ops.Resize((30, 36)),
    "Saturation": ops.Saturation(0.5),
    "Sharpen": ops.Sharpen(),
    "Solarize": ops.Solarize(),
    "Standardize": ops.Standardize(),
    "TrivialAugment": ops.TrivialAugment(),
}
REFUSED = {"AugMix", "CutMix", "MixUp"}  # with keypoints; see `tests/unit/targets`
ALL = {**MOVES, **OTHERS}


def test_no_operation_is_missing():
    assert {type(one).__name__ for one in ALL.values()} == set(ops.__all__) - REFUSED


def images(seed):
    return np.random.RandomState(seed).randint(0, 256, (len(KEYS), SIDE, SIDE, 3)).astype(np.uint8)


def discs(seed):
    """Points, and masks with a disc around each, of the point's number from 1 on."""
    random = np.random.RandomState(seed)
    places = np.stack(np.meshgrid(*[np.arange(8, SIDE - 8, 8)] * 2), -1).reshape(-1, 2)
    points = places + random.uniform(-0.5, 0.5, (len(KEYS), *places.shape))
    rows, columns = np.mgrid[:SIDE, :SIDE]
    off = np.hypot(
        columns[..., None] - points[:, None, None, :, 0],
        rows[..., None] - points[:, None, None, :, 1],
    )
    masks = np.where(off.min(axis=-1) <= RADIUS, off.argmin(axis=-1) + 1, 0)
    return points, masks.astype(np.uint8)


@pytest.mark.parametrize("name", ALL)
def test_a_dot_is_found_where_its_keypoint_went(name):
    seen = 0
    for mode, seed in BOTH:
        points, masks = discs(seed)
        aug = Augment(ALL[name], seed=seed, fill_mode=mode, mask_fill=255)
        made = aug(images(seed), KEYS, masks=masks, keypoints=points)
        height, width = made["masks"].shape[1:]
        for mask, places in zip(made["masks"], made["keypoints"], strict=True):
            columns, rows = np.rint(places).astype(int).T
            inside = (columns >= 0) & (rows >= 0) & (columns < width) & (rows < height)
            numbers = np.flatnonzero(inside)
            np.testing.assert_array_equal(mask[rows[inside], columns[inside]], numbers + 1)
            seen += len(numbers)
    assert seen > len(BOTH) * len(KEYS) * 4


@pytest.mark.parametrize("name", ALL)
def test_no_class_becomes_another_one(name):
    for mode, seed in BOTH:
        masks = np.random.RandomState(seed).choice([3, 200, 7000], (len(KEYS), SIDE, SIDE))
        aug = Augment(ALL[name], seed=seed, fill_mode=mode, order=3, mask_fill=9)
        made = aug(images(seed), KEYS, masks=masks)["masks"]
        beyond = {9} if "constant" in mode else set()
        assert set(np.unique(made)) <= {3, 200, 7000} | beyond


@pytest.mark.parametrize("name", MOVES)
def test_the_threshold_of_an_image_is_the_mask_of_its_threshold(name):
    for mode, seed in BOTH:
        x = images(seed)
        options = {"fill_mode": mode, "order": 0, "dtype": "uint8", "cval": 255, "mask_fill": 1}
        made = Augment(MOVES[name], seed=seed, **options)(x, KEYS, masks=x > 99)
        np.testing.assert_array_equal(made["masks"], made["images"] > 99)


def assert_hulls(masks, boxes):
    """Boxes, one of each image, are around what is seen of them in masks."""
    ends = masks.shape[:0:-1] * 2
    for mask, (box,) in zip(masks, boxes, strict=True):
        rows, columns = np.nonzero(mask)
        if (box == -1).all():
            assert not rows.size
            continue
        if not rows.size:  # no centre of a pixel is in what is left
            assert min(box[2] - box[0], box[3] - box[1]) < 3
            continue
        hull = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        off = (box - hull) * [-1, -1, 1, 1]
        assert off.min() > -0.6
        # A corner beyond the edges counts, though it cannot be seen, and ends between centres.
        if ((box != 0) & (box != ends)).all():
            assert off.max() < 3


@pytest.mark.parametrize("name", ALL)
def test_the_hull_of_a_filled_box_is_the_box(name):
    boxes = np.array([[14.0, 10, 31, 27]])
    masks = np.zeros((len(KEYS), SIDE, SIDE), np.uint8)
    masks[:, 10:27, 14:31] = 1
    for seed in SEEDS:
        aug = Augment(ALL[name], seed=seed, fill_mode="constant")
        made = aug(images(seed), KEYS, masks=masks, boxes=np.stack([boxes] * len(KEYS)))
        assert_hulls(made["masks"], made["boxes"])


ARGUMENTS = {
    "rotation_range": 60,
    "width_shift_range": 0.3,
    "height_shift_range": [-5, 0, 7],
    "shear_range": 20,
    "zoom_range": (0.7, 1.4),
    "horizontal_flip": True,
    "vertical_flip": True,
    "channel_shift_range": 40,
    "brightness_range": (0.5, 1.5),
}
OF_KERAS = {name: {name: value} for name, value in ARGUMENTS.items()} | {
    "all": ARGUMENTS,
    # Colours of Keras' would part the two: what has left the image in between is not seen again.
    "rotation_range, then operations": {
        "rotation_range": 60,
        "operations": [ops.Perspective(0.2), ops.Flip()],
    },
    "all, keyed": {**ARGUMENTS, "draws": "keyed"},
}


@pytest.mark.parametrize("name", OF_KERAS)
def test_arguments_of_keras(name):
    """Dots, filled boxes and thresholds, as above."""
    changes_colours = {"channel_shift_range", "brightness_range"} & OF_KERAS[name].keys()
    for mode, seed in BOTH:
        points, dots = discs(seed)
        x = images(seed)
        filled = np.zeros_like(dots)
        filled[:, 10:27, 14:31] = 1
        generator = ImageDataGenerator(
            **OF_KERAS[name], fill_mode=mode, interpolation_order=0, cval=0
        )
        flow = generator.flow(
            x,
            masks={"dots": dots, "high": x > 99, "filled": filled},
            mask_fill=0,
            keypoints=points,
            boxes=np.tile([[14.0, 10, 31, 27]], (len(KEYS), 1, 1)),
            batch_size=4,
            seed=seed,
        )
        for pictures, made in (next(flow), next(flow)):
            masks = made["masks"]
            if not changes_colours:
                np.testing.assert_array_equal(masks["high"], pictures > 99)
            assert set(np.unique(masks["dots"])) <= set(range(dots.max() + 1))
            for dot, places in zip(masks["dots"], made["keypoints"], strict=True):
                columns, rows = np.rint(places).astype(int).T
                inside = (columns >= 0) & (rows >= 0) & (columns < SIDE) & (rows < SIDE)
                numbers = np.flatnonzero(inside)
                assert len(numbers) > 4
                np.testing.assert_array_equal(dot[rows[inside], columns[inside]], numbers + 1)
            if mode == "constant":  # where nothing is seen twice
                assert_hulls(masks["filled"], made["boxes"])
