"""bfloat16 and the other numbers of `ml_dtypes`, as images and as batches."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import batchwarp
from batchwarp import image
from image_files import picture
from keras_reference import keras_image, noise, take

ml_dtypes = pytest.importorskip("ml_dtypes", reason="it comes with TensorFlow and JAX")

X = noise((6, 4, 5, 3), "float32")
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
FLOATS = ["bfloat16", "float8_e4m3fn", "float8_e5m2"]
INTEGERS = ["int4", "uint4"]
WARP = {"rotation_range": 25, "zoom_range": 0.3, "horizontal_flip": True}


def dtype_of(name):
    return np.dtype(getattr(ml_dtypes, name))


def numbers(array):
    return np.asarray(array).astype("float32")


@pytest.mark.parametrize("name", FLOATS + INTEGERS)
def test_images_are_converted_to_float32_once(name):
    x = (X / 40).astype(dtype_of(name))
    wide = x.astype("float32")
    for settings in ({}, WARP, {"samplewise_center": True, "rescale": 0.5}):
        flow = batchwarp.ImageDataGenerator(**settings).flow(x, seed=1)
        assert flow.x.dtype == np.float32
        expected = batchwarp.ImageDataGenerator(**settings).flow(wide, seed=1)
        batch = next(flow)
        assert batch.dtype == np.float32
        np.testing.assert_array_equal(batch, next(expected))


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("spelled", [str, lambda name: getattr(ml_dtypes, name), dtype_of])
def test_batches_are_computed_in_float32_and_rounded_once(name, spelled):
    x, dtype = X / 40, spelled(name)
    whitening = {"zca_whitening": True, "featurewise_center": True}
    for settings in ({}, WARP, {"rescale": 0.3, "samplewise_center": True}, whitening):
        made = batchwarp.ImageDataGenerator(**settings, dtype=dtype)
        plain = batchwarp.ImageDataGenerator(**settings)
        for one in (made, plain):
            one.fit(x)
        batch = next(made.flow(x, seed=1))
        assert batch.dtype == dtype_of(name)
        np.testing.assert_array_equal(batch, next(plain.flow(x, seed=1)).astype(dtype_of(name)))


@pytest.mark.parametrize("name", FLOATS + INTEGERS)
@pytest.mark.parametrize(
    "settings", [{}, {"horizontal_flip": True}, {"rescale": 0.5}, {"channel_shift_range": 1.0}]
)
def test_batches_are_those_of_keras_where_nothing_is_warped(name, settings):
    x = X / 40
    ours = batchwarp.ImageDataGenerator(**settings, dtype=name).flow(x, seed=1)
    theirs = keras_image().ImageDataGenerator(**settings, dtype=name).flow(x, seed=1)
    (batch,), (expected,) = take(ours, 1), take(theirs, 1)
    assert batch.dtype == expected.dtype
    step = 1 if name in INTEGERS else float(ml_dtypes.finfo(dtype_of(name)).eps)
    np.testing.assert_allclose(numbers(batch), numbers(expected), rtol=2 * step, atol=4 * step)
    if not settings or "horizontal_flip" in settings:
        np.testing.assert_array_equal(batch, expected)


def test_integers_of_few_bits_can_be_warped():
    x = (X / 40).astype("int8")
    batch = next(batchwarp.ImageDataGenerator(**WARP, dtype="uint4").flow(x, seed=1))
    assert batch.dtype == ml_dtypes.uint4
    turned = image.apply_affine_transform(
        x[0].astype(ml_dtypes.uint4), theta=20, row_axis=0, col_axis=1, channel_axis=2
    )
    expected = image.apply_affine_transform(x[0], theta=20, row_axis=0, col_axis=1, channel_axis=2)
    np.testing.assert_array_equal(turned.astype("int8"), expected)


@pytest.fixture
def folder(tmp_path):
    for name in ("a/1.png", "b/2.png", "b/3.png"):
        (tmp_path / "data" / name).parent.mkdir(exist_ok=True, parents=True)
        picture(seed=len(name)).save(tmp_path / "data" / name)
    (tmp_path / "saved").mkdir()
    return tmp_path


@pytest.mark.parametrize("options", [{}, {"prefetch": 2}, {"cache": "memory"}, {"save": True}])
def test_flows_of_files(folder, options):
    arguments = {"target_size": (6, 5), "seed": 1, **options}
    if arguments.pop("save", False):
        arguments["save_to_dir"] = folder / "saved"
    made = batchwarp.ImageDataGenerator(**WARP, rescale=1 / 255, dtype="bfloat16")
    plain = batchwarp.ImageDataGenerator(**WARP, rescale=1 / 255)
    flow = made.flow_from_directory(folder / "data", **arguments)
    expected = plain.flow_from_directory(folder / "data", **arguments)
    for _ in range(3):
        (x, y), (wide_x, wide_y) = next(flow), next(expected)
        assert x.dtype == y.dtype == BFLOAT16
        np.testing.assert_array_equal(x, wide_x.astype(BFLOAT16))
        np.testing.assert_array_equal(y, wide_y.astype(BFLOAT16))


def test_a_tf_dataset():
    tf = pytest.importorskip("tensorflow", reason="it is what the data set is for")
    flow = batchwarp.ImageDataGenerator(**WARP, dtype="bfloat16").flow(X, seed=1, batch_size=4)
    expected = batchwarp.ImageDataGenerator(**WARP, dtype=tf.bfloat16).flow(X, seed=1, batch_size=4)
    batches = list(flow.to_tf_dataset())
    assert [batch.dtype for batch in batches] == [tf.bfloat16] * 2
    for batch in batches:
        np.testing.assert_array_equal(batch.numpy(), next(expected))


def test_with_a_global_floatx(keras, folder):
    plain = batchwarp.ImageDataGenerator(**WARP, dtype="float32")
    arguments = {"target_size": (6, 5), "seed": 1, "class_mode": None}
    expected = next(plain.flow_from_directory(folder / "data", **arguments))
    keras.config.set_floatx("bfloat16")
    try:
        np.testing.assert_array_equal(
            next(plain.flow_from_directory(folder / "data", **arguments)), expected
        )
        made = batchwarp.ImageDataGenerator(**WARP)
        flow = made.flow_from_directory(folder / "data", **arguments)
        np.testing.assert_array_equal(next(flow), expected.astype(BFLOAT16))
        assert next(made.flow(X)).dtype == BFLOAT16
        assert image.img_to_array(X[0]).dtype == BFLOAT16
        assert image.apply_brightness_shift(X[0], 0.5).dtype == BFLOAT16
        theirs = keras_image().apply_brightness_shift(X[0], 0.5)
        np.testing.assert_array_equal(image.apply_brightness_shift(X[0], 0.5), theirs)
        assert image.array_to_img(X[0]) == keras.utils.array_to_img(X[0])
    finally:
        keras.config.set_floatx("float32")


def test_statistics_and_configurations():
    x = X.astype(BFLOAT16)
    settings = {"featurewise_center": True, "featurewise_std_normalization": True}
    made = batchwarp.ImageDataGenerator(**settings, dtype="bfloat16")
    plain = batchwarp.ImageDataGenerator(**settings)
    for generator in (made, plain):
        generator.fit(x)
        assert generator.mean.dtype == np.float32
    np.testing.assert_array_equal(made.mean, plain.mean)
    made.fit(x, augment=True, seed=1)
    made.fit_from(made.flow(x))
    config = made.get_config()
    assert config["dtype"] == "bfloat16"
    again = batchwarp.ImageDataGenerator.from_config(config)
    np.testing.assert_array_equal(next(again.flow(x, seed=1)), next(made.flow(x, seed=1)))
    made.mean = made.mean.astype(BFLOAT16)
    assert isinstance(made.get_config()["mean"][0][0][0], float)
    next(made.flow(x))


def test_functions_on_one_image(keras):
    x = (X[0] / 40).astype(BFLOAT16)
    generator, reference = batchwarp.ImageDataGenerator(), keras_image().ImageDataGenerator()
    flip = {"flip_horizontal": True}
    np.testing.assert_array_equal(
        generator.apply_transform(x, flip), reference.apply_transform(x, flip)
    )
    turned = generator.apply_transform(x, {"theta": 20})
    wide = generator.apply_transform(x.astype("float32"), {"theta": 20})
    assert turned.dtype == BFLOAT16
    np.testing.assert_array_equal(turned, wide.astype(BFLOAT16))
    assert generator.random_transform(x, seed=1).dtype == BFLOAT16
    shifted, expected = (one.apply_channel_shift(x, 1.5) for one in (image, keras_image()))
    assert shifted.dtype == expected.dtype
    np.testing.assert_array_equal(shifted, expected)
    for dtype in (None, *FLOATS):
        assert image.array_to_img(x, dtype=dtype) == keras.utils.array_to_img(x, dtype=dtype)
        np.testing.assert_array_equal(
            image.img_to_array(x, dtype=dtype), keras.utils.img_to_array(x, dtype=dtype)
        )
    settings = {"rescale": 0.5, "samplewise_center": True, "samplewise_std_normalization": True}
    standardized, expected = (
        one.ImageDataGenerator(**settings).standardize(x.copy()) for one in (image, keras_image())
    )
    assert standardized.dtype == BFLOAT16
    np.testing.assert_array_equal(standardized, expected)


def test_user_code_gets_float32():
    found = set()

    def function(x):
        found.add(x.dtype)
        return x + 1

    made = batchwarp.ImageDataGenerator(preprocessing_function=function, dtype="bfloat16")
    np.testing.assert_array_equal(next(made.flow(X, shuffle=False)), (X + 1).astype(BFLOAT16))
    assert found == {np.dtype("float32")}


def test_names_are_known_without_the_import():
    code = (
        "import sys, numpy as np, batchwarp\n"
        "assert 'ml_dtypes' not in sys.modules\n"
        "flow = batchwarp.ImageDataGenerator(dtype='bfloat16').flow(np.zeros((1, 2, 2, 1)))\n"
        "print(next(flow).dtype)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "bfloat16\n"


@pytest.mark.parametrize("dtype", ["bfloat17", "complex64", "bool", "V2", object()])
def test_dtypes_that_are_none(dtype):
    with pytest.raises(ValueError, match="`dtype` should be a floating-point or integer NumPy"):
        batchwarp.ImageDataGenerator(dtype=dtype)
