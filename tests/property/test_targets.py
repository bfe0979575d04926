"""Masks, boxes and keypoints go where the pixels go, whatever moves them.

`BATCHWARP_TARGETS=2000` tries so many recipes instead of 60.
"""

from __future__ import annotations

import os

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from batchwarp import Augment, _core, ops
from batchwarp._reference import run
from batchwarp._reference.coordinates import composed, points_of
from batchwarp._reference.draws import Size
from batchwarp._reference.fields import FIELDS
from batchwarp._reference.philox import sample_of
from batchwarp._reference.sampling import places_of
from batchwarp._reference.targets import displaced, move_of, projected

EXAMPLES = int(os.environ.get("BATCHWARP_TARGETS", "60"))
EACH = settings(max_examples=EXAMPLES, deadline=None, derandomize=True)

HEIGHT, WIDTH = 40, 48
KEYS = [3, 8]
SEEDS = st.integers(0, 2**31)
MODES = st.sampled_from(_core.FILL_MODES)

# Each leaves at least 32 x 34 pixels, which crops need.
PLAIN = st.one_of(
    st.builds(
        ops.Affine,
        rotation=st.floats(0, 180),
        zoom=st.sampled_from([0, (0.85, 1.2)]),
        shear=st.floats(0, 15),
        shift=st.floats(0, 0.2),
    ),
    st.builds(ops.Flip, st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.5])),
    st.builds(ops.Rotate90, st.just((0, 2))),
    st.builds(ops.Pad, st.integers(0, 6)),
    st.builds(ops.RandomCrop, st.just((32, 34)), padding=st.integers(0, 3)),
    st.builds(ops.CenterCrop, st.just((32, 34))),
    st.builds(ops.Resize, st.just((46, 40)), antialias=st.just(False)),
)
HEADS = st.one_of(
    st.builds(ops.Resize, st.just((33, 35))),
    st.builds(ops.RandomResizedCrop, st.just((38, 36)), scale=st.just((0.6, 1.0))),
)
PERSPECTIVES = st.builds(ops.Perspective, st.floats(0.05, 0.3))
FIELDS_THAT_DO_NOT_FOLD = st.one_of(
    st.builds(ops.Elastic, st.floats(1, 20), st.floats(4, 8)),
    st.builds(ops.GridDistortion, st.integers(2, 5), st.floats(0, 0.3)),
)


@st.composite
def operations(draw, heads=False):
    """Some that move pixels, among them at most one perspective and one field."""
    found = draw(st.lists(PLAIN, max_size=2))
    if draw(st.booleans()):
        found.append(draw(PERSPECTIVES))
    if draw(st.booleans()):
        found.append(draw(FIELDS_THAT_DO_NOT_FOLD))
    found += draw(st.lists(PLAIN, max_size=2))
    if heads and draw(st.booleans()):
        found.insert(0, draw(HEADS))
    return found


def within(random, count, margin):
    """Points of the images that are so far from their edges."""
    extent = np.array([WIDTH - 1, HEIGHT - 1]) - 2 * margin
    return random.rand(len(KEYS), count, 2) * extent + margin


def boxes_of(random, count):
    """Boxes of whole pixels, 5 at least each way."""
    ends = np.array([WIDTH, HEIGHT])
    first = np.floor(random.rand(len(KEYS), count, 2) * (ends - 5))
    last = first + 5 + np.floor(random.rand(len(KEYS), count, 2) * (ends - first - 4))
    return np.concatenate([first, last], axis=2)


@EACH
@given(operations(), MODES, SEEDS)
def test_a_dot_is_found_where_its_keypoint_went(moves, mode, seed):
    points = within(np.random.RandomState(seed), 4, 6)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    off = np.hypot(
        columns[..., None] - points[:, None, None, :, 0],
        rows[..., None] - points[:, None, None, :, 1],
    )
    dots = np.exp(-0.5 * (off / 3) ** 2).astype(np.float32)  # one in each channel
    made = Augment(*moves, seed=seed, fill_mode=mode)(dots, KEYS, keypoints=points)
    for image, places in zip(made["images"], made["keypoints"], strict=True):
        ends = np.array(image.shape[1::-1]) - 1
        for channel, place in enumerate(places):
            if (place >= 0).all() and (place <= ends).all():
                column, row = np.round(place).astype(int)
                assert image[row, column, channel] > 0.8, (place, channel)


@EACH
@given(operations(), SEEDS)
def test_the_hull_of_a_filled_box_is_the_box(moves, seed):
    boxes = boxes_of(np.random.RandomState(seed), 3)
    masks = np.zeros((len(KEYS), HEIGHT, WIDTH, 3), np.uint8)
    for mask, several in zip(masks, boxes.astype(int), strict=True):
        for channel, (left, top, right, bottom) in enumerate(several):
            mask[top:bottom, left:right, channel] = 1
    aug = Augment(*moves, ops.Pad(20), seed=seed, fill_mode="constant")
    made = aug(np.zeros((len(KEYS), HEIGHT, WIDTH, 1), np.uint8), KEYS, masks=masks, boxes=boxes)
    ends = made["masks"].shape[2:0:-1] * 2
    for mask, several in zip(made["masks"], made["boxes"], strict=True):
        for channel, box in enumerate(several):
            rows, columns = np.nonzero(mask[..., channel])
            if not rows.size:  # no centre of a pixel is in what is left
                assert min(box[2] - box[0], box[3] - box[1]) < 3
                continue
            hull = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
            off = (box - hull) * [-1, -1, 1, 1]
            # Half of a pixel may be beyond the box, and corners may end between centres. Where the
            # output ends, corners beyond it count, which cannot be seen.
            assert off.min() > -0.6
            if ((box != 0) & (box != ends)).all():
                assert off.max() < 3


@EACH
@given(operations(), MODES, SEEDS, st.integers(0, 254))
def test_the_threshold_of_an_image_is_the_mask_of_its_threshold(moves, mode, seed, threshold):
    x = np.random.RandomState(seed).randint(0, 256, (len(KEYS), HEIGHT, WIDTH, 1)).astype(np.uint8)
    aug = Augment(*moves, seed=seed, fill_mode=mode, order=0, dtype="uint8", cval=255, mask_fill=1)
    made = aug(x, KEYS, masks=x > threshold)
    np.testing.assert_array_equal(made["masks"], made["images"] > threshold)


@EACH
@given(operations(heads=True), MODES, st.integers(0, 5), SEEDS)
def test_no_class_becomes_another_one(moves, mode, order, seed):
    random = np.random.RandomState(seed)
    classes = np.array([-7, 0, 3, 1000])
    masks = random.choice(classes, (len(KEYS), HEIGHT, WIDTH)).astype(np.int16)
    aug = Augment(*moves, seed=seed, fill_mode=mode, order=order, mask_fill=-1)
    made = aug(np.zeros((*masks.shape, 1)), KEYS, masks=masks)["masks"]
    wanted = {*classes, -1} if "constant" in mode else {*classes}
    assert set(np.unique(made)) <= wanted


@EACH
@given(operations(), st.integers(1, 24), SEEDS)
def test_a_whole_turn_leads_back(moves, steps, seed):
    """In front of all else, which draws what it draws without it, since it has a name."""
    turn = [ops.Affine(rotation=(360 / steps,) * 2)] * steps + [ops.Flip(1.0)] * 2
    random = np.random.RandomState(seed)
    given_ = {"keypoints": within(random, 20, 0), "boxes": boxes_of(random, 5)}
    x = np.zeros((len(KEYS), HEIGHT, WIDTH, 1), np.uint8)
    alone = Augment(*renamed(moves), seed=seed)(x, KEYS, **given_)
    turned = Augment(*turn, *renamed(moves), seed=seed)(x, KEYS, **given_)
    for name in given_:
        np.testing.assert_allclose(turned[name], alone[name], rtol=0, atol=1e-3)


def renamed(moves):
    """Operations under names, by which their numbers are drawn wherever they stand."""
    return [
        ops.from_config({**one.get_config(), "name": f"number {place}"})
        for place, one in enumerate(moves)
    ]


def sampled_at(move, points):
    """The places of the image that the result shows at points, by the interpreter's definition."""
    at = next((i for i, leaf in enumerate(move.leaves) if leaf.kind in FIELDS), None)
    if at is None:
        return projected(composed(move.leaves), points)
    field = move.leaves[at]
    return projected(
        composed(move.leaves[:at]),
        displaced(field, projected(composed(move.leaves[at:]), points)),
    )


@EACH
@given(operations(), SEEDS, st.floats(1, 60), st.floats(1, 8))
def test_a_place_is_seen_where_it_is_read(moves, seed, alpha, sigma):
    """Under strong fields as well, which fold."""
    moves = [one for one in moves if not one.fields] + [ops.Elastic(alpha, sigma)]
    points = within(np.random.RandomState(seed), 10, 0)
    x = np.zeros((len(KEYS), HEIGHT, WIDTH, 1), np.uint8)
    made = Augment(*moves, seed=seed)(x, KEYS, keypoints=points)["keypoints"]
    for key, places, before in zip(KEYS, made, points, strict=True):
        move = move_of(moves, Size(HEIGHT, WIDTH, 1), seed, sample_of(key), 0)
        known = np.isfinite(places).all(axis=1)
        read = sampled_at(move, places[known].astype(np.float64))
        np.testing.assert_allclose(read, before[known], rtol=0, atol=2e-3)


def near_a_limit(move):
    """Where the rows and the columns that are read are as near to one pixel as to another, or to
    the edge of an image.
    """
    places = places_of(points_of(move.leaves, move.size.height, move.size.width))
    return np.abs(2 * places - np.round(2 * places)) < 1e-6


@EACH
@given(
    operations(heads=True),
    MODES,
    SEEDS,
    st.sampled_from([0.0, 40.0]),
    st.sampled_from([0.0, 0.6]),
    st.booleans(),
)
def test_the_interpreter_agrees(moves, mode, seed, min_area, min_visibility, remove_outside):
    random = np.random.RandomState(seed)
    targets = {
        "masks": random.randint(0, 2**15, (len(KEYS), HEIGHT, WIDTH, 2)).astype(np.uint16),
        "boxes": np.concatenate([boxes_of(random, 5), np.full((len(KEYS), 1, 4), -1.0)], axis=1),
        "keypoints": within(random, 8, -3),
    }
    targets["keypoints"][0, 0] = np.nan
    aug = Augment(
        *moves,
        seed=seed,
        fill_mode=mode,
        mask_fill=65535,
        min_area=min_area,
        min_visibility=min_visibility,
        keypoint_pairs=[(1, 2), (5, 4)],
        remove_outside=remove_outside,
    )
    x = np.zeros((len(KEYS), HEIGHT, WIDTH, 1), np.uint8)
    made, wanted = aug(x, KEYS, 2, **targets), run(aug, x, KEYS, 2, **targets)
    for place, key in enumerate(KEYS):
        move = move_of(moves, Size(HEIGHT, WIDTH, 1), seed, sample_of(key), 2)
        doubtful = np.logical_or(*near_a_limit(move))
        other = (made["masks"][place] != wanted["masks"][place]).any(axis=-1)
        assert not (other & ~doubtful).any()
    # What is as good as on a limit is on one side of it.
    assert (np.isnan(made["keypoints"]) != np.isnan(wanted["keypoints"])).sum() <= 2
    assert ((made["boxes"] == -1) != (wanted["boxes"] == -1)).all(axis=2).sum() <= 1
    for name, none in (("keypoints", np.nan), ("boxes", -1)):
        both = (made[name] != none) & (wanted[name] != none)
        both &= np.isfinite(made[name]) & np.isfinite(wanted[name])
        np.testing.assert_allclose(made[name][both], wanted[name][both], rtol=0, atol=2e-3)
