"""`flow(..., device="cuda")` against the same flow of the processor."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import batchwarp
from batchwarp import cuda
from batchwarp.iterators import device as device_module
from batchwarp.iterators.device import DeviceIterator
from keras_reference import assert_close, noise

pytestmark = pytest.mark.usefixtures("native")

GEOMETRY = {"rotation_range": 20, "zoom_range": 0.2, "shear_range": 5, "horizontal_flip": True}


def flows(x, *args, generator, **arguments):
    """The same flow of the processor and of a device."""
    host = generator.flow(x, *args, **arguments)
    return host, generator.flow(x, *args, device="cuda", framework="dlpack", **arguments)


@pytest.mark.parametrize(
    ("arguments", "levels"),
    [
        (GEOMETRY, 0),
        (GEOMETRY | {"interpolation_order": 3, "fill_mode": "reflect", "rescale": 1 / 255}, 0),
        (GEOMETRY | {"brightness_range": (0.5, 1.5), "channel_shift_range": 30}, 1),
        (GEOMETRY | {"samplewise_center": True, "samplewise_std_normalization": True}, 0),
        ({"width_shift_range": [-3, 2], "height_shift_range": 4, "dtype": "float16"}, 0),
        ({"rotation_range": 30, "dtype": "uint8"}, 1),
        ({}, 0),
    ],
)
@pytest.mark.parametrize("seed", [5, None])
def test_batches_are_those_of_the_processor(arguments, levels, seed):
    x, y = noise((11, 14, 18, 3)), np.arange(11)
    generator = batchwarp.ImageDataGenerator(**arguments)
    host, device = flows(x, y, generator=generator, batch_size=4, seed=seed)
    np.random.seed(7)
    expected = [next(host) for _ in range(5)]
    np.random.seed(7)
    for images, labels in expected:
        ours, own_labels = next(device)
        assert isinstance(ours, cuda.DeviceArray)
        assert ours.dtype == images.dtype
        np.testing.assert_array_equal(own_labels, labels)
        if images.dtype == "float32":
            assert_close(ours.numpy(), images, levels=levels, share=0.01)
        else:
            step = 1 if images.dtype == "uint8" else 0.126
            np.testing.assert_allclose(ours.numpy().astype(float), images, rtol=0, atol=step)


def test_featurewise_statistics_channels_first_and_subsets():
    x, y = noise((12, 3, 10, 8), "float64"), np.arange(12) % 3
    generator = batchwarp.ImageDataGenerator(
        featurewise_center=True,
        featurewise_std_normalization=True,
        rotation_range=20,
        validation_split=0.5,
        split="stratified",
        data_format="channels_first",
    )
    generator.fit(x)
    for subset in ("training", "validation"):
        host, device = flows(
            x, y, generator=generator, batch_size=4, seed=5, subset=subset, sample_weight=y / 2
        )
        assert len(host) == len(device)
        for position in range(len(host)):
            expected, found = host[position], device[position]
            assert_close(found[0].numpy(), expected[0])
            np.testing.assert_array_equal(found[1], expected[1])
            np.testing.assert_array_equal(found[2], expected[2])


def test_the_data_set_is_uploaded_once(monkeypatch):
    uploads = []
    full = device_module.uploaded
    monkeypatch.setattr(
        device_module, "uploaded", lambda *args: uploads.append(args) or full(*args)
    )
    x = noise((6, 8, 8, 1))
    flow = batchwarp.ImageDataGenerator(rotation_range=9).flow(
        x, batch_size=4, device="cuda", framework="dlpack"
    )
    for _ in range(5):
        next(flow)
    assert len(uploads) == 1
    assert flow._images.dtype == "uint8"


def test_changes_of_the_generator_are_heeded():
    x = noise((6, 8, 8, 1))
    generator = batchwarp.ImageDataGenerator()
    flow = generator.flow(x, batch_size=6, shuffle=False, device="cuda", framework="dlpack")
    np.testing.assert_array_equal(next(flow).numpy(), x)
    generator.rescale = 0.5
    np.testing.assert_array_equal(next(flow).numpy(), x / 2)
    generator.preprocessing_function = np.negative
    with pytest.raises(ValueError, match="`preprocessing_function` cannot be done on a device"):
        next(flow)


def test_missing_statistics_are_warned_of():
    generator = batchwarp.ImageDataGenerator(featurewise_center=True)
    flow = generator.flow(noise((4, 8, 8, 1)), device="cuda", framework="dlpack")
    says = "specifies `featurewise_center`, but it hasn't been fit"
    with pytest.warns(UserWarning, match=says) as caught:
        next(flow)
    assert caught[0].filename == __file__
    x = cuda.upload(noise((4, 8, 8, 1)))
    with pytest.warns(UserWarning, match=says) as caught:
        cuda.augment_batch(x, None, generator)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("duplicate", [copy.copy, lambda flow: pickle.loads(pickle.dumps(flow))])
def test_copies_have_images_of_their_own(duplicate):
    x = noise((6, 8, 8, 1))
    generator = batchwarp.ImageDataGenerator(**GEOMETRY)
    host, device = flows(x, generator=generator, batch_size=4, seed=5)
    next(host), next(device)
    other = duplicate(device)
    assert other._images is None
    assert_close(next(other).numpy(), next(host))
    assert isinstance(other, DeviceIterator)


def test_further_inputs_come_along():
    x, other = noise((6, 8, 8, 1)), np.arange(6)
    flow = batchwarp.ImageDataGenerator().flow(
        (x, other), shuffle=False, device="cuda", framework="dlpack"
    )
    images, beside = next(flow)
    np.testing.assert_array_equal(images.numpy(), x)
    np.testing.assert_array_equal(beside, other)


@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_targets_are_those_of_the_processor(fill_mode, data_format):
    size = (3, 14, 18) if data_format == "channels_first" else (14, 18, 3)
    x, masks = noise((11, *size)), noise((11, 14, 18))
    targets = {
        "masks": {"classes": masks, "colors": noise((11, *size), seed=3), "objects": masks > 99},
        "mask_fill": 1,
        "boxes": [[[2, 3, 9, 11], [0, 0, 4, 4]]] * 11,
        "keypoints": np.full((11, 2, 2), 6.5),
        "max_boxes": 3,
    }
    generator = batchwarp.ImageDataGenerator(
        **GEOMETRY,
        brightness_range=(0.5, 1.5),
        vertical_flip=True,
        fill_mode=fill_mode,
        data_format=data_format,
        validation_split=0.3,
    )
    host, device = flows(
        x,
        np.zeros(11, np.int64),
        generator=generator,
        batch_size=3,
        seed=5,
        subset="training",
        **targets,
    )
    for _ in range(4):
        (_, expected), (_, found) = next(host), next(device)
        assert list(found) == list(expected)
        for name, mask in expected["masks"].items():
            made = found["masks"][name]
            assert made.dtype == "uint8"
            assert made.shape == mask.shape
            np.testing.assert_array_equal(made.numpy(), mask, err_msg=name)
        np.testing.assert_array_equal(found["labels"], expected["labels"])
        np.testing.assert_array_equal(found["keypoints"], expected["keypoints"])
        np.testing.assert_equal(found["boxes"], expected["boxes"])


def test_masks_alone_are_what_images_are_trained_on():
    x, masks = noise((6, 8, 8, 1)), noise((6, 8, 8)) % 3
    generator = batchwarp.ImageDataGenerator(rotation_range=40)
    host, device = flows(x, generator=generator, batch_size=4, seed=1, masks=masks)
    for _ in range(3):
        (_, expected), (_, found) = next(host), next(device)
        np.testing.assert_array_equal(found.numpy(), expected)
    other = pickle.loads(pickle.dumps(device))
    assert other._masks is None
    np.testing.assert_array_equal(next(other)[1].numpy(), next(host)[1])


class Overridden(batchwarp.ImageDataGenerator):
    def standardize(self, x):
        return x


@pytest.mark.parametrize(
    ("generator", "arguments", "says"),
    [
        ({}, {"save_to_dir": "."}, "`save_to_dir` is for batches that the processor makes"),
        ({}, {"prefetch": 2}, "`prefetch` is for batches that the processor makes"),
        ({}, {"masks": np.zeros((4, 8, 8), np.int64)}, "`masks` should be of uint8 or bool.*int64"),
        (
            {},
            {"masks": {"a": np.zeros((4, 8, 8), np.int8)}},
            r"`masks\['a'\]` should be of uint8 or bool",
        ),
        (
            {},
            {"masks": np.zeros((4, 8, 8), np.uint8), "mask_classes": 2},
            "`mask_classes` is for batches that the processor makes",
        ),
        ({}, {"device": "tpu"}, "`device` should be"),
        ({}, {"framework": "mxnet"}, "`framework` should be one of torch, jax"),
        ({"dtype": "float64"}, {}, "`dtype` should be one of float32, float16, uint8.*float64"),
        ({"dtype": "int32"}, {}, "`dtype` should be one of float32"),
        ({"dtype": "uint8", "rescale": 2}, {}, "standardisation of batches of uint8"),
        ({"preprocessing_function": abs}, {}, "`preprocessing_function` cannot be done"),
        ({"zca_whitening": True, "featurewise_center": True}, {}, "`zca_whitening` cannot be done"),
    ],
)
def test_what_a_device_does_not_do(generator, arguments, says):
    made = batchwarp.ImageDataGenerator(**generator)
    with pytest.raises(ValueError, match=says):
        made.flow(noise((4, 8, 8, 1)), **({"device": "cuda"} | arguments))


def test_statistics_that_differ_between_pixels():
    generator = batchwarp.ImageDataGenerator(featurewise_center=True)
    generator.mean = noise((8, 8, 1), "float32")
    with pytest.raises(ValueError, match="a `mean` that differs between pixels cannot be done"):
        generator.flow(noise((4, 8, 8, 1)), device="cuda")


def test_overridden_methods():
    with pytest.raises(ValueError, match="overridden methods"):
        Overridden().flow(noise((4, 8, 8, 1)), device="cuda")


def test_tf_data_is_refused():
    flow = batchwarp.ImageDataGenerator().flow(
        noise((4, 8, 8, 1)), device="cuda", framework="dlpack"
    )
    with pytest.raises(ValueError, match="`to_tf_dataset` is for batches that the processor makes"):
        flow.to_tf_dataset()


def small_model(keras):
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(2))
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True
    )
    return model


def test_tensors_of_tensorflow(emulation, keras):
    tf = pytest.importorskip("tensorflow")
    if keras.config.backend() != "tensorflow":
        pytest.skip("Keras runs on another backend")
    x, y = noise((8, 8, 8, 1)), np.arange(8) % 2
    generator = batchwarp.ImageDataGenerator(rotation_range=9, rescale=1 / 255)
    flow = generator.flow(x, y, batch_size=4, seed=1, device="cuda")
    assert flow.framework == "tensorflow"
    images, labels = next(flow)
    assert isinstance(images, tf.Tensor)
    assert_close(images.numpy(), next(generator.flow(x, y, batch_size=4, seed=1))[0])
    model = small_model(keras)
    model.train_on_batch(images, labels)
    with pytest.warns(RuntimeWarning, match="copies them back from the device"):
        model.fit(flow, epochs=1, verbose=0)
    alone = generator.flow(x, batch_size=4, shuffle=False, device="cuda")
    with pytest.warns(RuntimeWarning, match="copies them back from the device"):
        assert model.predict(alone, verbose=0).shape == (8, 2)


# What a backend's `fit` is given stays a tensor of the backend, and trains.
BACKEND = """
import os, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from conftest import _emulation
import batchwarp, keras
module = _emulation(os.environ["BATCHWARP_CUDA_EMULATION"])
sys.modules["batchwarp._cuda"] = batchwarp._cuda = module
backend = __import__(keras.config.backend())
x, y = np.random.RandomState(0).randint(0, 256, (8, 8, 8, 1)).astype("uint8"), np.arange(8) % 2
generator = batchwarp.ImageDataGenerator(rotation_range=9, rescale=1 / 255)
flow = generator.flow(x, y, batch_size=4, seed=1, device="cuda")
images, labels = next(flow)
assert isinstance(images, getattr(backend, "Tensor", None) or backend.Array), type(images)
expected = next(generator.flow(x, y, batch_size=4, seed=1))[0]
assert np.abs(np.asarray(images) - expected).max() < 1e-5
model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(flow, epochs=1, verbose=0)
alone = generator.flow(x, batch_size=4, shuffle=False, device="cuda")
assert model.predict(alone, verbose=0).shape == (8, 2)
"""


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_tensors_of_other_backends(backend, emulation, request):
    pytest.importorskip(backend)
    done = subprocess.run(
        [sys.executable, "-c", BACKEND, str(request.path.parent)],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
