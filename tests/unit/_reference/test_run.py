"""What becomes of images: one map, clamps, the value range and the store."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from batchwarp import ops
from batchwarp._reference import run

KEYS = [3, "b.png"]


def images(dtype="uint8", channels=3, size=(9, 12)):
    random = np.random.RandomState(1)
    return random.randint(0, 256, (2, *size, channels)).astype(dtype)


def recipe(*operations, **options):
    settings = {
        "seed": 7,
        "fill_mode": "nearest",
        "cval": 0.0,
        "order": 1,
        "dtype": "float32",
        "value_range": None,
        "data_format": "channels_last",
    }
    return SimpleNamespace(operations=operations, **{**settings, **options})


def done(x, *operations, epoch=0, **options):
    return run(recipe(*operations, **options), x, KEYS, epoch)


def test_nothing():
    np.testing.assert_array_equal(done(images()), images())


def test_both_layouts():
    steps = (ops.Affine(rotation=20), ops.Saturation(0.5), ops.Erase())
    last = done(images(), *steps)
    first = done(images().transpose(0, 3, 1, 2), *steps, data_format="channels_first")
    np.testing.assert_array_equal(first.transpose(0, 2, 3, 1), last)


def test_an_image_depends_on_seed_epoch_and_key():
    step = ops.Brightness(0.5)
    x = np.repeat(images()[:1], 2, axis=0)
    one = done(x, step)
    assert (one[0] != one[1]).any()
    assert (one != done(x, step, epoch=1)).any()
    assert (one != done(x, step, seed=8)).any()
    np.testing.assert_array_equal(run(recipe(step), x[::-1], KEYS[::-1])[::-1], one)


def test_moves_there_and_back_leave_every_pixel():
    x = images()
    turn = (ops.Affine(rotation=(30, 30)), ops.Affine(rotation=(-30, -30)))
    np.testing.assert_allclose(done(x, *turn), x, atol=1e-9)
    there = ops.Affine(zoom=(3, 3)), ops.Brightness((0.5, 0.5)), ops.Affine(zoom=(1 / 3, 1 / 3))
    np.testing.assert_allclose(done(x, *there), x / 2, atol=1e-9)


def test_a_crop_only_moves_the_window():
    x = images()
    np.testing.assert_array_equal(done(x, ops.CenterCrop((5, 6))), x[:, 2:7, 3:9])
    back = ops.CenterCrop((5, 6)), ops.Pad((3, 2))
    np.testing.assert_array_equal(done(x, *back), x)
    beyond = done(x, ops.Pad(1), fill_mode="constant", cval=9)
    np.testing.assert_array_equal(beyond[:, 1:-1, 1:-1], x)
    assert (beyond[:, 0] == 9).all()


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_quarter_turns(turns):
    x = images(size=(7, 7))
    np.testing.assert_array_equal(done(x, ops.Rotate90((turns,))), np.rot90(x, turns, axes=(1, 2)))


def test_half_turns_of_what_is_no_square():
    x = images()
    np.testing.assert_array_equal(done(x, ops.Rotate90((2,))), x[:, ::-1, ::-1])


def test_flips():
    x = images()
    np.testing.assert_array_equal(done(x, ops.Flip(1, 0)), x[:, :, ::-1])
    np.testing.assert_array_equal(done(x, ops.Flip(0, 1)), x[:, ::-1])


def test_a_run_is_clamped_at_its_end_only():
    x = images()
    up, down = ops.Brightness((2, 2)), ops.Brightness((0.5, 0.5))
    np.testing.assert_allclose(done(x, up, down), x, atol=1e-9)
    np.testing.assert_allclose(done(x, up), np.minimum(2.0 * x, 255))
    # What is not linear ends it.
    cut = done(x, up, ops.Solarize(1), down)
    expected = np.minimum(2.0 * x, 255)
    np.testing.assert_allclose(cut, np.where(expected == 255, 0, expected) / 2, atol=1e-9)


def test_normalization_is_not_clamped():
    x = images()
    result = done(x, ops.Brightness((2, 2)), ops.Normalize(100, (1, 2, 4)))
    expected = (np.minimum(2.0 * x, 255) - 100) / [1, 2, 4]
    np.testing.assert_allclose(result, expected)


def test_only_what_acts_clamps():
    x = np.full((2, 4, 4, 1), 300.0)
    assert (done(x, ops.Solarize(1, p=0), value_range=(0, 255)) == 300).all()
    assert (done(x, ops.Brightness((1, 1)), value_range=(0, 255)) == 300).all()
    assert (done(x, ops.Brightness((0.99, 0.99)), value_range=(0, 255)) == 255).all()


def test_erasing_is_never_clamped():
    x = images()
    erase = ops.Erase(scale=(0.5, 0.5), ratio=(1, 1), value=-50)
    result = done(x, ops.Brightness((3, 3)), erase)
    assert (result == -50).any()
    assert (result == 255).any()
    assert done(x, erase, ops.Brightness((3, 3))).min() == 0


def test_a_square_may_reach_over_an_edge():
    x, steps = np.zeros((300, 4, 6, 1)), [ops.Erase(shape="square", length=3, value=7)]
    result = run(recipe(*steps), x, range(300))[..., 0] == 7
    counts = sorted(set(result.sum((1, 2)).tolist()))
    assert counts == [4, 6, 9]  # at a corner, at an edge, within
    rows, columns = result.any(2), result.any(1)
    assert {tuple(row) for row in rows.tolist()} == {
        (True, True, False, False),
        (True, True, True, False),
        (False, True, True, True),
        (False, False, True, True),
    }
    assert len({tuple(column) for column in columns.tolist()}) == 6
    np.testing.assert_array_equal(result, rows[:, :, None] & columns[:, None])


def test_a_grid_of_holes():
    x, steps = np.zeros((200, 9, 12, 1)), [ops.Erase(shape="grid", length=5, value=7)]
    result = run(recipe(*steps), x, range(200))[..., 0] == 7
    rows, columns = result.any(2), result.any(1)
    np.testing.assert_array_equal(result, rows[:, :, None] & columns[:, None])
    period = [True, True, False, False, False] * 4
    expected = {tuple(period[start : start + 9]) for start in range(5)}
    assert {tuple(row) for row in rows.tolist()} == expected
    np.testing.assert_array_equal(columns[:, :7], columns[:, 5:])


def test_contrast_is_about_the_mean_of_values_that_are_not_clamped():
    x = images("float64")
    up, contrast = ops.Brightness((2, 2)), ops.Contrast((0, 0))
    grey = 2 * (x @ [0.299, 0.587, 0.114]).mean(axis=(1, 2))
    expected = np.minimum(grey, 255)[:, None, None, None] * np.ones_like(x)
    np.testing.assert_allclose(done(x, up, contrast, value_range=(0, 255)), expected)


def test_value_ranges():
    step = ops.Invert()
    np.testing.assert_array_equal(done(images("uint16"), step), 65535.0 - images())
    np.testing.assert_array_equal(
        done(images() - 128.0, step, value_range=(-128, 127)), 127.0 - images()
    )
    with pytest.raises(ValueError, match="needs a value range"):
        done(images("float32"), step)


def test_bytes_are_rounded_once_after_sampling():
    x = images()
    turn, down = ops.Affine(rotation=(9, 9)), ops.Brightness((0.5, 0.5))
    placed = done(x, turn)
    np.testing.assert_array_equal(done(x, turn, dtype="uint8"), np.floor(placed + 0.5))
    np.testing.assert_array_equal(done(x, turn, down, dtype="uint8"), np.floor(placed + 0.5) / 2)
    small = ops.Resize((4, 5))
    np.testing.assert_array_equal(done(x, small, dtype="uint8"), np.floor(done(x, small) + 0.5))


def test_antialias_is_for_what_shrinks_at_the_head():
    x = np.zeros((2, 8, 8, 1), np.uint8)
    x[:, ::2] = 255  # stripes
    expected = 255 * np.array([0.625 + 0.875 + 0.375, 0.125 + 0.625 + 0.875]) / 3.5
    np.testing.assert_allclose(done(x, ops.Resize((2, 8)))[0, :, 0, 0], expected)
    plain = done(x, ops.Resize((2, 8), antialias=False))
    np.testing.assert_allclose(plain[0, :, 0, 0], [127.5, 127.5])
    grown = done(x, ops.Resize((16, 8)))
    np.testing.assert_array_equal(grown, done(x, ops.Resize((16, 8), antialias=False)))


def test_what_follows_an_antialiased_resize_sees_its_result():
    x = images()
    small = done(x, ops.Resize((6, 6)))
    both = done(x, ops.Resize((6, 6)), ops.Affine(shift=0.4), fill_mode="reflect")
    apart = done(
        small, ops.Invert(), ops.Affine(shift=0.4), fill_mode="reflect", value_range=(0, 255)
    )
    np.testing.assert_allclose(both, 255 - apart)


def test_an_unknown_operation():
    class Blur:
        name = None
        p = 1
        operations = ()

    with pytest.raises(TypeError, match="does not know"):
        done(images(), Blur())


@pytest.mark.parametrize("step", [ops.Gamma((0.5, 0.5)), ops.Equalize(), ops.Hue(mode="hsv")])
def test_overshoots_count_as_the_ends_of_the_range(step):
    x = np.where(images() > 127, 255, 0).astype(np.uint8)
    turn = ops.Affine(rotation=(9, 9))
    placed = done(x, turn, order=3)
    assert placed.min() < -5
    assert placed.max() > 260
    result = done(x, turn, step, order=3)
    assert result.min() >= 0
    assert result.max() <= 255


def test_what_rounding_leaves_of_one_value_is_not_stretched():
    x = np.full((2, 9, 9, 1), 0.1)
    placed = done(x, ops.Affine(rotation=(10, 10)), value_range=(0, 1))
    assert placed.max() > placed.min()
    result = done(x, ops.Affine(rotation=(10, 10)), ops.AutoContrast(), value_range=(0, 1))
    np.testing.assert_allclose(result, x)


def test_bytes_that_are_only_mirrored_are_not_rounded():
    x = np.full((2, 3, 4, 1), 7.6)
    assert (done(x, ops.Flip(1, 1), dtype="uint8", value_range=(0, 255)) == 7.6).all()
    padded = done(x, ops.Pad(1), dtype="uint8", fill_mode="constant", cval=2.5)
    assert set(padded.ravel()) == {3, 8}


@pytest.mark.parametrize("order", range(6))
def test_whole_pixels_are_copied(order):
    x = images(size=(4, 5))
    np.testing.assert_array_equal(done(x, ops.CenterCrop((2, 3)), order=order), x[:, 1:3, 1:4])
