"""A grid of uneven cells: its border stays, and its lines stay straight."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp import Augment, ops
from batchwarp._reference import run

KEYS = range(20)


def ramps(height, width):
    """Images of rows, of columns and of 1, the same for each key."""
    rows, columns = np.mgrid[:height, :width]
    one = np.stack([rows, columns, np.ones_like(rows)], -1).astype(np.float32)
    return np.repeat(one[None], len(KEYS), axis=0)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (9, 1), (2, 2), (50, 61), (37, 300)])
@pytest.mark.parametrize("order", [0, 1, 3])
@pytest.mark.parametrize("then", [ops.Flip(1, 1), ops.Rotate90((2,)), ops.Pad(0)], ids=repr)
def test_nothing_leaves_the_image(size, order, then):
    """The fill value is nowhere; not a bit of a place is outside."""
    recipe = (ops.GridDistortion(7, 0.9), then)
    x = ramps(*size)
    made = Augment(*recipe, seed=2, fill_mode="constant", cval=-100, order=order)(x, keys=KEYS)
    assert made.min() > -1
    np.testing.assert_allclose(made[..., 2], 1, atol=1e-5)
    back = made[:, ::-1, ::-1] if not isinstance(then, ops.Pad) else made
    for place in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        np.testing.assert_allclose(back[:, place[0], place[1]], x[:, place[0], place[1]], atol=1e-4)


def test_lines_stay_straight():
    made = Augment(ops.GridDistortion(4, 0.6), seed=1)(ramps(40, 50), keys=KEYS)
    assert np.ptp(made[..., 0], axis=2).max() < 1e-4
    assert np.ptp(made[..., 1], axis=1).max() < 1e-4
    assert (np.diff(made[:, :, 0, 0]) > 0).all()
    assert (np.diff(made[:, 0, :, 1]) > 0).all()
    assert np.abs(made - ramps(40, 50)).max() > 2


def test_cells_of_one_size_do_nothing():
    x = ramps(33, 31)
    for limit in (0, (0.2, 0.2)):
        made = Augment(ops.GridDistortion(6, limit), seed=1)(x, keys=KEYS)
        np.testing.assert_allclose(made, x, atol=1e-4)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32", "float64"])
@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "wrap"])
def test_it_is_what_the_interpreter_makes(dtype, fill_mode):
    random = np.random.RandomState(3)
    x = random.randint(0, 256, (4, 23, 30, 2)).astype(dtype)
    recipe = Augment(
        ops.GridDistortion(3, (-0.5, 0.2)),
        ops.Affine(rotation=30, zoom=0.2),
        seed=3,
        fill_mode=fill_mode,
        dtype="float64" if dtype == "float64" else "float32",
    )
    np.testing.assert_allclose(recipe(x, keys=range(4)), run(recipe, x, range(4)), atol=2e-3)
