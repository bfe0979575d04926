"""Whatever comes in: a right answer or an error that says what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from batchwarp import image
from keras_reference import noise

NAN, INF = float("nan"), float("inf")
AUGMENT = {"rotation_range": 25, "width_shift_range": 0.1, "zoom_range": 0.2}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        *(
            ({name: value}, rf"`{name}`.*(finite number|1-D array-like).*Received: .*{value}")
            for name in (
                "rotation_range",
                "width_shift_range",
                "height_shift_range",
                "shear_range",
                "zoom_range",
                "channel_shift_range",
                "rescale",
                "zca_epsilon",
            )
            for value in (NAN, INF, -INF)
        ),
        ({"rotation_range": "20"}, "`rotation_range` should be a finite number"),
        ({"rotation_range": [1, 2]}, "`rotation_range` should be a finite number"),
        ({"rotation_range": 1e308}, "`rotation_range` is too wide"),
        ({"shear_range": 1j}, "`shear_range` should be a finite number"),
        ({"width_shift_range": [0.1, NAN]}, "`width_shift_range` should be a float, an integer"),
        ({"width_shift_range": [[1, 2]]}, "`width_shift_range` should be a float, an integer"),
        ({"width_shift_range": [[1], [1, 2]]}, "`width_shift_range` should be a float, an integer"),
        ({"height_shift_range": ["a"]}, "`height_shift_range` should be a float, an integer"),
        ({"height_shift_range": "0.1"}, "`height_shift_range` should be a finite number"),
        ({"zoom_range": None}, "`zoom_range` should be a float or a tuple or list of two floats"),
        ({"zoom_range": (1, 2, 3)}, "`zoom_range` should be a float or a tuple or list"),
        ({"zoom_range": (1, NAN)}, "`zoom_range` should be a float or a tuple or list"),
        ({"zoom_range": "ab"}, "`zoom_range` should be a float or a tuple or list"),
        ({"brightness_range": 0.5}, "`brightness_range should be tuple or list of two floats"),
        ({"brightness_range": (1,)}, "`brightness_range should be tuple or list of two floats"),
        ({"brightness_range": (1, INF)}, "`brightness_range` should be a finite number"),
        ({"brightness_range": ("a", "b")}, "`brightness_range` should be a finite number"),
        ({"channel_shift_range": None}, "`channel_shift_range` should be a finite number"),
        ({"fill_mode": "mirrored"}, "`fill_mode` should be one of 'nearest'.*'mirrored'"),
        ({"fill_mode": None}, "`fill_mode` should be one of 'nearest'.*None"),
        ({"cval": "black"}, "`cval` should be a finite number. Received: 'black'"),
        ({"cval": None}, "`cval` should be a finite number. Received: None"),
        ({"cval": NAN}, "`cval` should be a finite number. Received: nan"),
        ({"interpolation_order": 6}, "`interpolation_order` should be an integer from 0 to 5"),
        ({"interpolation_order": -1}, "`interpolation_order` should be an integer from 0 to 5"),
        ({"interpolation_order": 1.0}, "`interpolation_order` should be an integer from 0 to 5"),
        ({"data_format": "channels_middle"}, '`data_format` should be `"channels_last"`'),
        ({"validation_split": 1.0}, "`validation_split` must be strictly between 0 and 1"),
        ({"validation_split": -0.1}, "`validation_split` must be strictly between 0 and 1"),
        ({"validation_split": NAN}, "`validation_split` must be strictly between 0 and 1"),
        ({"dtype": "float31"}, "`dtype` should be a floating-point or integer NumPy dtype"),
        ({"dtype": "complex64"}, "`dtype` should be a floating-point or integer NumPy dtype"),
        ({"dtype": "bool"}, "`dtype` should be a floating-point or integer NumPy dtype"),
        ({"dtype": "str"}, "`dtype` should be a floating-point or integer NumPy dtype"),
        ({"zca_epsilon": -1e-6}, "`zca_epsilon` should be at least 0"),
        ({"split": "random"}, '`split` should be `None`, "stratified" or "hash"'),
        ({"split_seed": -1}, "`split_seed` should be an integer from 0"),
    ],
)
def test_arguments_of_a_generator(arguments, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        batchwarp.ImageDataGenerator(**arguments)


def test_a_preprocessing_function_that_is_none():
    with pytest.raises(TypeError, match="`preprocessing_function` should be a function"):
        batchwarp.ImageDataGenerator(preprocessing_function=3)


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("rotation_range", NAN, "`rotation_range` should be a finite number"),
        ("zoom_range", None, "`zoom_range` should be a tuple or list of two floats"),
        ("brightness_range", (1, 2, 3), "`brightness_range` should be a tuple or list"),
        ("fill_mode", "mirrored", "`fill_mode` should be one of"),
        ("interpolation_order", 9, "`interpolation_order` should be an integer"),
        ("rescale", INF, "`rescale` should be a finite number"),
    ],
)
def test_attributes_that_are_set_later(attribute, value, message):
    generator = batchwarp.ImageDataGenerator(featurewise_center=True)
    flow = generator.flow(noise((2, 4, 4, 1)))
    setattr(generator, attribute, value)
    with pytest.raises(ValueError, match=message):
        next(flow)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (noise((5, 4, 3)), r"should have rank 4.*\(5, 4, 3\)"),
        (noise((2, 5, 4, 3, 1)), r"should have rank 4.*\(2, 5, 4, 3, 1\)"),
        (np.float32(3), r"should have rank 4.*\(\)"),
        (noise((2, 0, 4, 3)), r"at least one pixel and channel.*\(2, 0, 4, 3\)"),
        (noise((2, 4, 0, 3)), r"at least one pixel and channel.*\(2, 4, 0, 3\)"),
        (noise((2, 4, 4, 0)), r"at least one pixel and channel.*\(2, 4, 4, 0\)"),
        ([], r"should have rank 4.*\(0,\)"),
        ((noise((2, 4, 4, 1)),), "a pair `\\(images, others\\)`.*tuple of length 1"),
        ((noise((2, 4, 4, 1)), [1, 2], [1, 2]), "a pair.*tuple of length 3"),
        (
            (noise((2, 4, 4, 1)), [1, 2]),
            r"list of arrays. Received a list with.*array\(1\)",
        ),
        ((noise((2, 4, 4, 1)), [[1, 2, 3]]), r"same length.*len\(x\[0\]\) = 2, len\(x\[\?\]\) = 3"),
        (np.array([["a"]]), None),
        (np.zeros((2, 4, 4, 1), complex), None),
        (np.zeros((2, 4, 4, 1), "datetime64[s]"), None),
    ],
)
def test_images_of_a_flow(x, message):
    generator = batchwarp.ImageDataGenerator()
    if message is None:
        with pytest.raises(TypeError, match=r"should hold real numbers\. Received dtype"):
            generator.flow(x)
    else:
        with pytest.raises(ValueError, match=message):
            generator.flow(x)


X = noise((6, 4, 5, 3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": [1, 2]}, r"`y` \(labels\) should have the same length. Found: x.shape = "),
        ({"sample_weight": [1, 2]}, "`sample_weight` should have the same length. Found: x.shape"),
        ({"batch_size": 0}, "`batch_size` should be an integer of at least 1. Received: 0"),
        ({"batch_size": -3}, "`batch_size` should be an integer of at least 1. Received: -3"),
        ({"batch_size": 2.0}, "`batch_size` should be an integer of at least 1. Received: 2.0"),
        ({"batch_size": None}, "`batch_size` should be an integer of at least 1. Received: None"),
        ({"seed": -1}, "`seed` should be an integer from 0"),
        ({"seed": 2**32}, "`seed` should be an integer from 0"),
        ({"seed": 1.5}, "`seed` should be an integer from 0"),
        ({"seed": "a"}, "`seed` should be an integer from 0"),
        ({"subset": "test"}, 'Invalid subset name: test; expected "training" or "validation"'),
    ],
)
def test_arguments_of_a_flow(arguments, message):
    with pytest.raises(ValueError, match=message):
        batchwarp.ImageDataGenerator().flow(X, **arguments)


def test_arguments_of_an_iterator():
    generator = batchwarp.ImageDataGenerator()
    with pytest.raises(ValueError, match="`data_format` should be"):
        batchwarp.NumpyArrayIterator(X, None, generator, data_format="rows_first")
    with pytest.raises(ValueError, match="`dtype` should be"):
        batchwarp.NumpyArrayIterator(X, None, generator, dtype="float31")
    with pytest.raises(ValueError, match="`n` should be an integer of at least 0"):
        image.Iterator(-1, 1, False, None)


def test_no_images_at_all():
    """As in Keras: a flow of nothing has length 0 and gives empty batches."""
    flow = batchwarp.ImageDataGenerator(**AUGMENT).flow(X[:0], np.zeros(0), seed=1)
    assert len(flow) == 0
    x, y = next(flow)
    assert x.shape == (0, 4, 5, 3)
    assert y.shape == (0,)
    with pytest.raises(ValueError, match="has length 0"):
        flow[0]


def same_flow(x, like=X, **arguments):
    """Asserts that images give the same batches as `like`, and returns their iterator."""
    generator = batchwarp.ImageDataGenerator(**{**AUGMENT, **arguments})
    flow, expected = generator.flow(x, seed=3), generator.flow(like, seed=3)
    for _ in range(2):
        np.testing.assert_array_equal(next(flow), next(expected))
    return flow


def test_arrays_of_any_strides_are_not_copied():
    wide = np.repeat(np.repeat(X, 2, axis=1), 3, axis=3)
    strided = wide[:, ::2, :, ::3]
    assert np.shares_memory(same_flow(strided).x, wide)
    reverse = np.ascontiguousarray(X[::-1, :, ::-1])
    assert np.shares_memory(same_flow(reverse[::-1, :, ::-1]).x, reverse)
    fortran = np.asfortranarray(X)
    assert np.shares_memory(same_flow(fortran).x, fortran)
    repeated = np.broadcast_to(X[:1], X.shape)
    assert same_flow(repeated, X[[0] * 6]).x.strides[0] == 0


def test_read_only_arrays():
    x = X.copy()
    x.flags.writeable = False
    assert np.shares_memory(same_flow(x).x, x)


def test_memory_maps_stay_on_disk(tmp_path):
    np.save(tmp_path / "x.npy", X)
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    flow = same_flow(x)
    assert isinstance(x, np.memmap)
    assert np.shares_memory(flow.x, x)
    part = batchwarp.ImageDataGenerator(validation_split=0.5).flow(x, subset="training")
    assert np.shares_memory(part.x, x)


def test_the_data_are_not_written_to():
    for dtype in ("uint8", "float32"):
        x = X.astype(dtype)
        before = x.copy()
        generator = batchwarp.ImageDataGenerator(
            samplewise_center=True, rescale=0.5, preprocessing_function=lambda image: image.fill(0)
        )
        with pytest.raises(ValueError, match="NoneType"):
            next(generator.flow(x))
        generator.preprocessing_function = None
        next(generator.flow(x))
        np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "int64", ">u2", ">f4", "longdouble"])
def test_other_dtypes_are_converted_once(dtype):
    x = (X % 100).astype(dtype)
    flow = same_flow(x, (X % 100 > 0).astype("f4") if dtype == "bool" else (X % 100).astype("f4"))
    assert flow.x.dtype == np.float32


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32", "float64"])
def test_these_dtypes_are_kept(dtype):
    flow = same_flow(X.astype(dtype), X.astype("float32"))
    assert flow.x.dtype == dtype


def test_lists():
    same_flow(list(X.astype("float32")), X.astype("float32"))
    same_flow(X.tolist(), X.astype("float32"))
    flow = batchwarp.ImageDataGenerator().flow((X.tolist(), np.arange(6)), seed=1)
    images, numbers = next(flow)
    np.testing.assert_array_equal(images, X[numbers])
    with pytest.raises(ValueError, match=r"`x` should hold arrays of one shape"):
        batchwarp.ImageDataGenerator().flow([X[0], X[0, :2]])


def test_objects_that_are_arrays():
    class Wrapped:
        def __init__(self, values):
            self.values = values

        def __len__(self):
            return len(self.values)

        def __getitem__(self, index):
            return Wrapped(self.values[index])

        def __array__(self, dtype=None, copy=None):
            return np.asarray(self.values, dtype)

    same_flow(Wrapped(X))


def test_values_that_are_not_finite_stay_where_they_are():
    x = X.astype("float32")
    x[0, 0, 0, 0], x[1, 1, 1, 1] = NAN, INF
    images = next(batchwarp.ImageDataGenerator(rescale=2.0).flow(x, shuffle=False))
    np.testing.assert_array_equal(images, x * 2)


def test_one_pixel():
    x = noise((3, 1, 1, 1))
    generator = batchwarp.ImageDataGenerator(**AUGMENT, horizontal_flip=True)
    np.testing.assert_array_equal(next(generator.flow(x, shuffle=False)), x)


def test_a_long_thin_image():
    generator = batchwarp.ImageDataGenerator(width_shift_range=[1], fill_mode="nearest")
    x = np.arange(70000, dtype="float32").reshape(1, 70000, 1, 1)
    moved = next(generator.flow(x, seed=0)).ravel() - x.ravel()
    assert set(moved[1:-1].tolist()) in ({1.0}, {-1.0})


@pytest.mark.parametrize("theta", [1e300, -1e18])
def test_huge_parameters_do_no_harm(theta):
    generator = batchwarp.ImageDataGenerator()
    x = X[0].astype("float32")
    for parameters in ({"tx": theta}, {"zx": theta, "zy": theta}, {"theta": theta}):
        result = generator.apply_transform(x, parameters)
        assert np.isfinite(result).all()
        assert result.min() >= x.min()
        assert result.max() <= x.max()


@pytest.mark.parametrize("name", ["theta", "tx", "ty", "shear", "zx", "zy"])
@pytest.mark.parametrize("value", [NAN, INF, "1"])
def test_parameters_of_a_transform(name, value):
    generator = batchwarp.ImageDataGenerator()
    with pytest.raises(ValueError, match=f"`{name}` should be a finite number"):
        generator.apply_transform(X[0], {name: value})


def test_other_parameters_of_a_transform():
    generator = batchwarp.ImageDataGenerator()
    with pytest.raises(ValueError, match="`intensity` should be a finite number"):
        generator.apply_transform(X[0], {"channel_shift_intensity": NAN})
    with pytest.raises(ValueError, match="`brightness` should be a finite number"):
        generator.apply_transform(X[0], {"brightness": INF})
    with pytest.raises(ValueError, match=r"multi-channel 2D images.*\(4, 5\)"):
        generator.apply_transform(X[0, :, :, 0], {"theta": 3})


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (image.apply_affine_transform, {"theta": 3}),
        (image.apply_channel_shift, {"intensity": 3}),
        (image.apply_brightness_shift, {"brightness": 0.5}),
        (image.array_to_img, {"data_format": "channels_first"}),
    ],
)
def test_empty_images(function, arguments):
    with pytest.raises(ValueError, match="should not be empty"):
        function(np.zeros((3, 0, 3)), **arguments)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (image.random_rotation, (NAN,), "`rg` should be a finite number"),
        (image.random_shift, (NAN, 0), "`wrg` should be a finite number"),
        (image.random_shift, (0, INF), "`hrg` should be a finite number"),
        (image.random_shear, (NAN,), "`intensity` should be a finite number"),
        (image.random_zoom, ((NAN, 1),), "`zoom_range` should be a finite number"),
        (image.random_channel_shift, (NAN,), "`intensity_range` should be a finite number"),
        (image.random_brightness, ((NAN, 1),), "`brightness_range` should be a finite number"),
        (image.apply_channel_shift, (3, 5), "has no axis `channel_axis` = 5"),
    ],
)
def test_arguments_of_image_functions(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(X[0].transpose(2, 0, 1), *arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fill_mode": "outside"}, "`fill_mode` should be one of"),
        ({"order": 7}, "`order` should be an integer from 0 to 5"),
        ({"cval": "x"}, "`cval` should be a finite number"),
    ],
)
def test_options_of_an_affine_transform(arguments, message):
    with pytest.raises(ValueError, match=message):
        image.apply_affine_transform(X[0].transpose(2, 0, 1), theta=3, **arguments)
    with pytest.raises(TypeError, match="`x` should be an array of real numbers"):
        image.apply_affine_transform(X[0].transpose(2, 0, 1).astype(complex), theta=3)


def test_standardising_integers():
    generator = batchwarp.ImageDataGenerator(rescale=0.5)
    with pytest.raises(TypeError, match=r"`x` of dtype uint8 cannot hold.*astype\(\"float32\"\)"):
        generator.standardize(X.copy())
    generator = batchwarp.ImageDataGenerator(rescale=0.5, dtype="uint8")
    with pytest.raises(TypeError, match="`x` of dtype uint8 cannot hold"):
        next(generator.flow(X))
    np.testing.assert_array_equal(batchwarp.ImageDataGenerator().standardize(X), X)


def test_a_missing_folder_to_save_to(tmp_path):
    flow = batchwarp.ImageDataGenerator().flow(X, save_to_dir=tmp_path / "missing")
    with pytest.raises(FileNotFoundError, match="missing"):
        next(flow)
