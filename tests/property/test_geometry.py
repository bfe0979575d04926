"""What must hold for any image and any parameter, whatever Keras does."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import batchwarp
from batchwarp import _core, image

settings.register_profile("batchwarp", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("batchwarp")

AXES = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
MODES = st.sampled_from(_core.FILL_MODES)
BLIND_MODES = st.sampled_from([mode for mode in _core.FILL_MODES if "constant" not in mode])
ORDERS = st.integers(0, 5)
SIZES = st.integers(1, 20)
CHANNELS = st.sampled_from([1, 2, 3, 4, 5])
DTYPES = st.sampled_from(["uint8", "uint16", "float32", "float64"])
PARAMETERS = st.fixed_dictionaries(
    {
        "theta": st.floats(-360, 360),
        "tx": st.floats(-15, 15),
        "ty": st.floats(-15, 15),
        "shear": st.floats(-60, 60),
        "zx": st.floats(0.3, 2),
        "zy": st.floats(0.3, 2),
    }
)


@st.composite
def images(draw, dtypes=DTYPES, sizes=SIZES, channels=CHANNELS, square=False):
    height = draw(sizes)
    width = height if square else draw(sizes)
    random = np.random.RandomState(draw(st.integers(0, 2**31)))
    return random.randint(0, 256, (height, width, draw(channels))).astype(draw(dtypes))


def warp(x, **arguments):
    return image.apply_affine_transform(x.astype(np.float64), **arguments, **AXES)


@given(images(), MODES, ORDERS)
def test_nothing_changes_nothing(x, mode, order):
    generator = batchwarp.ImageDataGenerator(fill_mode=mode, interpolation_order=order)
    np.testing.assert_array_equal(generator.apply_transform(x, {}), x)
    plan = _core.Plan(
        height=x.shape[0],
        width=x.shape[1],
        channels=x.shape[2],
        fill_mode=mode,
        interpolation_order=order,
    )
    params = np.array([[0, 0, 0, 0, 1, 1, 0, 0, math.nan, math.nan]])
    result = np.empty((1, *x.shape))
    _core.augment_batch(x[None], None, params, plan, result)
    np.testing.assert_array_equal(result[0], x)


@given(images(), st.booleans(), st.booleans())
def test_flips_mirror(x, horizontal, vertical):
    plan = _core.Plan(height=x.shape[0], width=x.shape[1], channels=x.shape[2])
    params = np.array([[0, 0, 0, 0, 1, 1, horizontal, vertical, math.nan, math.nan]])
    result = np.empty((1, *x.shape))
    _core.augment_batch(x[None], None, params, plan, result)
    expected = x[:: -1 if vertical else 1, :: -1 if horizontal else 1]
    np.testing.assert_array_equal(result[0], expected)


@given(images(square=True), st.integers(-4, 4), st.integers(0, 1))
def test_quarter_turns(x, turns, order):
    result = warp(x, theta=90.0 * turns, order=order)
    np.testing.assert_allclose(result, np.rot90(x, turns), atol=1e-9)


@given(images(), st.integers(-25, 25), st.integers(-25, 25), BLIND_MODES, st.integers(0, 1))
def test_whole_pixels(x, tx, ty, mode, order):
    """The height shift moves along the width and the other way round: a quirk of Keras, kept."""
    padding = {"nearest": "edge", "reflect": "symmetric", "mirror": "reflect", "grid-wrap": "wrap"}
    if mode not in padding:
        return  # SciPy's "wrap" has no counterpart, "grid-mirror" is another name for "reflect"
    result = warp(x, tx=float(tx), ty=float(ty), fill_mode=mode, order=order)
    padded = np.pad(x, ((25, 25), (25, 25), (0, 0)), mode=padding[mode])
    height, width = x.shape[:2]
    expected = padded[25 + ty : 25 + ty + height, 25 + tx : 25 + tx + width]
    np.testing.assert_allclose(result, expected, atol=1e-9)


@given(images(), st.integers(-25, 25), st.floats(-300, 300))
def test_whole_pixels_beyond_the_edge_are_constant(x, tx, cval):
    result = warp(x, tx=float(tx), fill_mode="constant", cval=cval)
    padded = np.pad(x.astype(np.float64), ((0, 0), (25, 25), (0, 0)), constant_values=cval)
    np.testing.assert_array_equal(result, padded[:, 25 + tx : 25 + tx + x.shape[1]])


# On images of a few pixels, SciPy's spline filter starts so roughly that constants do not survive.
LARGE_ENOUGH = st.integers(16, 24)


@given(LARGE_ENOUGH, LARGE_ENOUGH, st.integers(0, 255), PARAMETERS, BLIND_MODES, ORDERS)
def test_a_constant_image_stays_constant(height, width, value, parameters, mode, order):
    x = np.full((height, width, 2), float(value))
    result = warp(x, **parameters, fill_mode=mode, order=order)
    np.testing.assert_allclose(result, x, atol=1e-3)


@given(images(), PARAMETERS, MODES, st.integers(0, 1))
def test_interpolation_stays_within_the_image(x, parameters, mode, order):
    cval = float(x.min())
    result = warp(x, **parameters, fill_mode=mode, order=order, cval=cval)
    assert result.min() >= x.min() - 1e-4
    assert result.max() <= x.max() + 1e-4


@given(
    images(sizes=LARGE_ENOUGH), PARAMETERS, MODES, ORDERS, st.floats(-2, 2), st.floats(-100, 100)
)
def test_warps_are_linear(x, parameters, mode, order, factor, offset):
    options = {"fill_mode": mode, "order": order}
    result = warp(x * factor + offset, **parameters, **options, cval=20 * factor + offset)
    expected = warp(x, **parameters, **options, cval=20.0) * factor + offset
    np.testing.assert_allclose(result, expected, atol=2e-3)


@given(images(), PARAMETERS, MODES, ORDERS)
def test_channels_are_warped_alike(x, parameters, mode, order):
    options = {**parameters, "fill_mode": mode, "order": order, "cval": 7.0}
    singles = [warp(x[:, :, c : c + 1], **options) for c in range(x.shape[2])]
    np.testing.assert_allclose(warp(x, **options), np.concatenate(singles, 2), atol=1e-3)


@given(images(sizes=st.integers(9, 20)), st.integers(-4, 4), st.integers(-4, 4))
def test_shifts_add_up(x, first, second):
    both = warp(warp(x, tx=float(first)), tx=float(second))
    at_once = warp(x, tx=float(first + second))
    inside = slice(8, x.shape[1] - 8)
    np.testing.assert_array_equal(both[:, inside], at_once[:, inside])


@given(images(square=True), st.integers(0, 3), st.integers(0, 3))
def test_turns_add_up(x, first, second):
    both = warp(warp(x, theta=90.0 * first), theta=90.0 * second)
    np.testing.assert_allclose(both, warp(x, theta=90.0 * (first + second)), atol=1e-6)


GENERATORS = st.fixed_dictionaries(
    {
        "rotation_range": st.sampled_from([0, 30]),
        "width_shift_range": st.sampled_from([0.0, 0.2]),
        "zoom_range": st.sampled_from([0.0, 0.3]),
        "channel_shift_range": st.sampled_from([0.0, 20.0]),
        "horizontal_flip": st.booleans(),
        "rescale": st.sampled_from([None, 0.5]),
        "samplewise_center": st.booleans(),
        "fill_mode": MODES,
        "interpolation_order": ORDERS,
    }
)


def batches(arguments, x, **flow):
    with np.errstate(all="raise"):
        iterator = batchwarp.ImageDataGenerator(**arguments).flow(x, shuffle=False, **flow)
        return np.concatenate([next(iterator) for _ in range(len(iterator))])


@pytest.mark.filterwarnings("ignore:NumpyArrayIterator is set to use the data format")
@given(images(), GENERATORS, st.integers(0, 99))
def test_both_layouts_give_the_same(x, arguments, seed):
    x = np.stack([x, x[::-1]])
    last = batches({**arguments, "data_format": "channels_last"}, x, seed=seed)
    first = batches(
        {**arguments, "data_format": "channels_first"}, x.transpose(0, 3, 1, 2), seed=seed
    )
    np.testing.assert_allclose(first.transpose(0, 2, 3, 1), last, atol=1e-3)


@pytest.mark.filterwarnings("ignore:NumpyArrayIterator is set to use the data format")
@given(images(dtypes=st.just("uint8")), GENERATORS, st.sampled_from(["uint16", "f4", "f8"]))
def test_all_dtypes_of_images_give_the_same(x, arguments, dtype):
    x = np.stack([x, x[:, ::-1]])
    expected = batches(arguments, x, seed=1)
    np.testing.assert_allclose(batches(arguments, x.astype(dtype), seed=1), expected, atol=1e-3)


@pytest.mark.filterwarnings("ignore:NumpyArrayIterator is set to use the data format")
@given(images(), GENERATORS, st.sampled_from([2, 3, 5]))
def test_an_image_does_not_depend_on_its_batch(x, arguments, size):
    """Without a seed, the draws go on from batch to batch, so the size of batches is immaterial."""
    x = np.stack([x, x[::-1], x[:, ::-1], x // 2, x])
    np.random.seed(5)
    expected = batches(arguments, x, batch_size=1)
    np.random.seed(5)
    np.testing.assert_array_equal(batches(arguments, x, batch_size=size), expected)
