"""The O and X pictures that the program draws."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="printed letters are drawn with matplotlib's fonts")

from batchwarp.training.data import drawings


def ink_of(picture):
    """Darkness relative to the paper, 0 to 1, and the position of its centre."""
    paper = np.median(picture)
    ink = np.clip((paper - picture.astype(float)) / paper, 0, 1)
    ink[ink < 0.6 * ink.max()] = 0
    rows, columns = np.indices(ink.shape)
    return ink, ((ink * rows).sum() / ink.sum(), (ink * columns).sum() / ink.sum())


def centre_is_inked(picture):
    ink, (row, column) = ink_of(picture)
    row, column = round(row), round(column)
    return bool(ink[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].any())


def test_a_set_is_balanced_grey_and_of_the_wanted_size():
    x, y = drawings.draw_set(10, seed=0, height=30, width=40)
    assert x.shape == (10, 30, 40, 1)
    assert x.dtype == np.uint8
    np.testing.assert_array_equal(y, [0, 1] * 5)


def test_same_seed_same_pictures_however_many_are_drawn():
    few, _ = drawings.draw_set(6, seed=7)
    many, _ = drawings.draw_set(12, seed=7)
    np.testing.assert_array_equal(few, many[:6])


@pytest.mark.parametrize("other", [{"seed": 8}, {"seed": 7, "stream": drawings.TEST_STREAM}])
def test_other_seeds_and_streams_give_other_pictures(other):
    first, _ = drawings.draw_set(12, seed=7)
    second, _ = drawings.draw_set(12, **other)
    assert not any(np.array_equal(a, b) for a in first for b in second)


def test_drawing_leaves_numpys_global_random_state_alone():
    before = np.random.get_state()[1].copy()
    drawings.draw_set(4, seed=0)
    np.testing.assert_array_equal(before, np.random.get_state()[1])


def test_every_picture_has_dark_ink_on_lighter_paper():
    x, _ = drawings.draw_set(200, seed=1)
    for picture in x[..., 0]:
        assert np.median(picture) > 120
        assert np.median(picture) - picture.min() > 30


def test_crosses_have_ink_in_their_centre_and_rings_do_not():
    x, y = drawings.draw_set(300, seed=2)
    inked = np.array([centre_is_inked(picture) for picture in x[..., 0]])
    # Careless drawings may look like anything, as they do on real paper.
    assert inked[y == 1].mean() > 0.8
    assert inked[y == 0].mean() < 0.1


def test_nothing_to_draw_is_an_empty_set():
    x, y = drawings.draw_set(0, seed=0)
    assert x.shape == (0, drawings.HEIGHT, drawings.WIDTH, 1)
    assert y.shape == (0,)


@pytest.mark.parametrize("size", [(15, 40), (40, 15)])
def test_too_small_pictures_are_an_error(size):
    with pytest.raises(ValueError, match="at least 16x16"):
        drawings.draw("O", np.random.default_rng(0), *size)


@pytest.mark.parametrize("size", [(16, 16), (16, 90), (90, 16)])
@pytest.mark.parametrize("letter", ["O", "X"])
def test_small_and_oblong_pictures_can_be_drawn(letter, size):
    for seed in range(20):
        picture = drawings.draw(letter, np.random.default_rng(seed), *size)
        assert picture.shape == size


def test_other_letters_and_negative_counts_are_errors():
    with pytest.raises(ValueError, match="'Y'"):
        drawings.draw("Y", np.random.default_rng(0))
    with pytest.raises(ValueError, match="-1"):
        drawings.draw_set(-1, seed=0)
