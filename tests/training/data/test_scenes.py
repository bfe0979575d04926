"""The pictures of shapes that the program draws, and their masks."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp.training.data import scenes


@pytest.fixture(scope="module")
def scene_set():
    return scenes.draw_set(60, seed=0)


def test_pictures_and_masks_of_the_wanted_size(scene_set):
    x, masks = scene_set
    assert x.shape == (60, scenes.SIDE, scenes.SIDE, 3)
    assert masks.shape == x.shape[:3]
    assert x.dtype == masks.dtype == np.uint8
    picture, mask = scenes.draw(np.random.default_rng(0), side=32)
    assert picture.shape == (32, 32, 3)
    assert mask.shape == (32, 32)


def test_all_classes_are_there_and_most_is_background(scene_set):
    _, masks = scene_set
    shares = np.bincount(masks.ravel(), minlength=len(scenes.CLASSES)) / masks.size
    assert len(shares) == len(scenes.CLASSES)
    assert 0.5 < shares[0] < 0.8
    assert shares[1:].min() > 0.02


def test_shapes_have_colours_and_the_background_has_none(scene_set):
    x, masks = scene_set
    colourful = np.ptp(x.astype(int), axis=-1) > 80
    shape = masks > 0
    assert colourful[shape].mean() > 0.95
    assert colourful[~shape].mean() < 0.05


def test_a_ring_has_a_hole(monkeypatch):
    monkeypatch.setattr(scenes, "CLASSES", ("background", "ring"))
    monkeypatch.setattr(scenes, "_FEWEST_SHAPES", 1)
    monkeypatch.setattr(scenes, "_MOST_SHAPES", 1)
    holes = 0
    for seed in range(20):
        _, mask = scenes.draw(np.random.default_rng(seed))
        rows, columns = np.nonzero(mask)
        if min(rows.min(), columns.min()) and max(rows.max(), columns.max()) < scenes.SIDE - 1:
            holes += 1
            assert mask[round(rows.mean()), round(columns.mean())] == 0
    assert holes > 3


def test_same_seed_same_pictures_however_many_are_drawn():
    few, many = (scenes.draw_set(count, seed=7) for count in (3, 6))
    for one, other in zip(few, many, strict=True):
        np.testing.assert_array_equal(one, other[:3])


@pytest.mark.parametrize(
    "other", [{"seed": 8}, {"seed": 7, "stream": scenes.TEST_STREAM}], ids=["seed", "stream"]
)
def test_other_seeds_and_streams_give_other_pictures(other):
    first, _ = scenes.draw_set(6, seed=7)
    second, _ = scenes.draw_set(6, **other)
    assert not any(np.array_equal(a, b) for a in first for b in second)


def test_drawing_leaves_numpys_global_random_state_alone():
    before = np.random.get_state()[1].copy()
    scenes.draw_set(2, seed=0)
    np.testing.assert_array_equal(before, np.random.get_state()[1])


def test_nothing_to_draw_is_an_empty_set():
    x, masks = scenes.draw_set(0, seed=0)
    assert x.shape == (0, scenes.SIDE, scenes.SIDE, 3)
    assert masks.shape == x.shape[:3]


def test_negative_counts_and_short_sides_are_errors():
    with pytest.raises(ValueError, match="-1"):
        scenes.draw_set(-1, seed=0)
    with pytest.raises(ValueError, match="at least 32, received: 31"):
        scenes.draw_set(1, seed=0, side=31)
