"""The functions of `batchwarp.image` against those of `tf.keras.preprocessing.image`."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp import _core, image
from keras_reference import keras_image, noise, quiet

AXES = {
    "channels first": ((3, 11, 8), {}),
    "channels last": ((11, 8, 3), {"row_axis": 0, "col_axis": 1, "channel_axis": 2}),
    "turned first": ((3, 11, 8), {"row_axis": 2, "col_axis": 1, "channel_axis": 0}),
    "turned last": ((11, 8, 3), {"row_axis": 1, "col_axis": 0, "channel_axis": 2}),
}
PARAMETERS = {
    "rotation": {"theta": 33.3},
    "shift": {"tx": 2.25, "ty": -1.5},
    "shear": {"shear": 12.0},
    "zoom": {"zx": 0.8, "zy": 1.3},
    "all": {"theta": -70, "tx": 1.5, "ty": 2.5, "shear": 8, "zx": 1.2, "zy": 0.9},
    "mirror": {"zx": -1},
    "nothing": {},
}
MODES = (
    *("nearest", "constant", "reflect", "wrap"),
    *("mirror", "grid-wrap", "grid-constant", "grid-mirror"),
)


def both(name, *arguments, **named):
    """Calls a function of ours and of Keras, with the global state seeded alike."""
    results = []
    for module in (image, keras_image()):
        np.random.seed(21)
        with quiet():
            results.append(getattr(module, name)(*arguments, **named))
    return results


def assert_same_image(ours, theirs, tolerance=1e-3):
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(
        ours.astype(np.float64), theirs.astype(np.float64), rtol=0, atol=tolerance
    )


@pytest.mark.parametrize("axes", AXES.values(), ids=AXES.keys())
@pytest.mark.parametrize("parameters", PARAMETERS.values(), ids=PARAMETERS.keys())
def test_apply_affine_transform(axes, parameters):
    shape, named = axes
    x = noise(shape, "float32")
    assert_same_image(*both("apply_affine_transform", x, **parameters, **named))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", range(6))
def test_modes_and_orders(mode, order):
    x = noise((3, 12, 9), "float64")
    named = {**PARAMETERS["all"], "fill_mode": mode, "order": order, "cval": 77.0}
    assert_same_image(*both("apply_affine_transform", x, **named))


@pytest.mark.parametrize("mode", ["constant", "wrap"])
@pytest.mark.parametrize("size", [(23, 21), (25, 25), (16, 27), (13, 38)])
@pytest.mark.parametrize("ty", [0.0, 2.1, -5.25])
def test_pixels_exactly_on_the_edge(mode, size, ty):
    """A shear about the centre leaves the middle row in place: its ends are on the edge.

    Whether they are still inside depends on the last bit of the matrix, and with it on how NumPy's
    linear algebra rounds on this machine.
    """
    height, width = size
    x = noise((height, width, 1), "float32")
    for shear in np.linspace(-30, 30, 21):
        named = {"ty": ty, "shear": float(shear), "fill_mode": mode, "cval": -100.0}
        ours, theirs = both("apply_affine_transform", x, **named, **AXES["channels last"][1])
        if not np.array_equal(
            core_matrix(named, height, width), keras_matrix(named, height, width)
        ):
            pytest.skip("NumPy rounds products of matrices otherwise on this machine")
        assert_same_image(ours, theirs)


def core_matrix(parameters, height, width):
    values = {"zx": 1.0, "zy": 1.0, **parameters}
    row = [values.get(name, 0.0) for name in _core.PARAM_COLUMNS]
    return _core.affine_matrices(np.array([row]), height, width)[0]


def keras_matrix(parameters, height, width):
    """The matrix that Keras makes of `ty` and `shear`, as the core's six numbers."""
    shear = np.deg2rad(parameters["shear"])
    matrix = np.array([[1, 0, 0], [0, 1, parameters["ty"]], [0, 0, 1]])
    matrix = np.dot(matrix, [[1, -np.sin(shear), 0], [0, np.cos(shear), 0], [0, 0, 1]])
    matrix = image.transform_matrix_offset_center(matrix, height, width)
    (a, b, c), (d, e, f) = matrix[:2]
    return [e, d, b, a, f, c]


@pytest.mark.parametrize(
    "dtype",
    ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float32", "float64"],
)
@pytest.mark.parametrize("order", [0, 1, 3])
def test_dtypes_of_an_affine_transform(dtype, order):
    x = noise((3, 12, 9)) // (2 if dtype == "int8" else 1)
    if dtype.startswith("int"):
        x = x.astype(int) - 60
    x = (x > 99) if dtype == "bool" else x.astype(dtype)
    ours, theirs = both("apply_affine_transform", x, **PARAMETERS["all"], order=order)
    assert ours.dtype == theirs.dtype
    if np.dtype(dtype).kind == "f":
        assert_same_image(ours, theirs)
        return
    difference = np.abs(ours.astype(np.int64) - theirs.astype(np.int64))
    assert difference.max() <= 1  # x.5 may round either way
    assert (difference > 0).mean() < 0.01


def test_an_affine_transform_that_changes_nothing_returns_its_input():
    x = noise((3, 5, 6))
    ours, theirs = both("apply_affine_transform", x)
    assert ours is x
    assert theirs is x


@pytest.mark.parametrize("axes", AXES.values(), ids=AXES.keys())
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("random_rotation", (35,)),
        ("random_shift", (0.2, 0.3)),
        ("random_shear", (12.5,)),
        ("random_zoom", ((0.7, 1.2),)),
        ("random_zoom", ((1, 1),)),
    ],
)
@pytest.mark.parametrize(
    "more",
    [{}, {"fill_mode": "reflect", "interpolation_order": 3}, {"fill_mode": "constant", "cval": 9}],
)
def test_random_transforms(axes, name, arguments, more):
    shape, named = axes
    x = noise(shape, "float32")
    assert_same_image(*both(name, x, *arguments, **named, **more))


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64"])
@pytest.mark.parametrize("channel_axis", [0, 2])
def test_channel_shifts(dtype, channel_axis):
    x = noise((3, 6, 4), dtype)
    for intensity in (-30.5, 0.0, 12):
        assert_same_image(*both("apply_channel_shift", x, intensity, channel_axis), tolerance=0)
    assert_same_image(*both("random_channel_shift", x, 50.0, channel_axis), tolerance=0)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("offset", [0, -40, 30])
def test_brightness(channels, scale, offset):
    for dtype in ("float32", "float64", "int64"):
        x = noise((7, 6, channels)).astype(dtype) + np.array(offset, dtype)
        assert_same_image(*both("apply_brightness_shift", x, 0.7, scale), tolerance=0)
        assert_same_image(*both("random_brightness", x, (0.5, 1.5), scale), tolerance=0)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_flip_axis(axis):
    x = noise((3, 6, 4))
    ours, theirs = both("flip_axis", x, axis)
    np.testing.assert_array_equal(ours, theirs)
    assert np.shares_memory(ours, x)
    assert np.shares_memory(theirs, x)


def test_transform_matrix_offset_center():
    matrix = np.array([[0.5, 0.1, 3], [-0.2, 1.5, -4], [0, 0, 1]])
    ours, theirs = both("transform_matrix_offset_center", matrix, 12, 7)
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("shape", [(5, 6, 1), (5, 6, 3), (5, 6, 4)])
@pytest.mark.parametrize("data_format", [None, "channels_last", "channels_first", "Channels_First"])
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("dtype", [None, "float64"])
def test_to_pillow_and_back(shape, data_format, scale, dtype, keras):
    x = noise(shape, "float32") / 2 + 3.7
    if data_format and data_format.lower() == "channels_first":
        x = x.transpose(2, 0, 1)
    ours = image.array_to_img(x, data_format, scale, dtype)
    theirs = keras.utils.array_to_img(x, data_format, scale, dtype)
    assert ours.mode == theirs.mode
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
    ours = image.img_to_array(ours, data_format, dtype)
    theirs = keras.utils.img_to_array(theirs, data_format, dtype)
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


def test_pillow_images_of_more_than_8_bit(keras):
    x = noise((5, 6, 1), "float32") * 100
    ours, theirs = image.array_to_img(x, scale=False), keras.utils.array_to_img(x, scale=False)
    assert ours.mode == theirs.mode == "I"
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def test_a_constant_image_is_not_divided_by_zero(keras):
    x = np.full((4, 4, 3), 9.0)
    assert not np.asarray(image.array_to_img(x)).any()
    assert not np.asarray(keras.utils.array_to_img(x)).any()


def test_smart_resize_is_keras(keras):
    x = noise((4, 8, 10, 3), "float32")
    ours = image.smart_resize(x, (5, 5))
    theirs = keras.preprocessing.image.smart_resize(x, (5, 5))
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def error(function, *arguments, **named):
    with pytest.raises((ValueError, TypeError, NotImplementedError)) as caught, quiet():
        function(*arguments, **named)
    return caught.value


@pytest.mark.parametrize(
    ("name", "arguments", "named"),
    [
        ("apply_affine_transform", (noise((3, 4, 5)),), {"row_axis": 0}),
        ("apply_affine_transform", (noise((3, 4, 5)),), {"row_axis": 3}),
        (
            "apply_affine_transform",
            (noise((3, 4, 5)),),
            {"row_axis": 0, "col_axis": 2, "channel_axis": 1},
        ),
        ("random_zoom", (noise((3, 4, 5)), (1, 2, 3)), {}),
        ("array_to_img", (noise((4, 5)),), {}),
        ("array_to_img", (noise((4, 5, 2)),), {}),
        ("array_to_img", (noise((4, 5, 3)),), {"data_format": "rows_first"}),
        ("img_to_array", (noise((4,)),), {}),
    ],
)
def test_errors_read_as_in_keras(name, arguments, named, keras):
    theirs = getattr(keras_image(), name, None) or getattr(keras.utils, name)
    expected = str(error(theirs, *arguments, **named))
    received = str(error(getattr(image, name), *arguments, **named))
    assert received[:30] == expected[:30]
    assert type(error(theirs, *arguments, **named)) is ValueError


@pytest.mark.parametrize("name", ["random_brightness", "random_zoom"])
def test_two_numbers_are_wanted(name):
    with pytest.raises(ValueError, match="should be a tuple or list of two floats"):
        getattr(image, name)(noise((3, 4, 5)), (1,))
