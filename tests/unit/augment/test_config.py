"""Generators as JSON."""

from __future__ import annotations

import inspect
import json
import warnings

import numpy as np
import pytest

import batchwarp
from keras_reference import noise

X = noise((12, 6, 5, 3))


def darker(image):
    return image * 0.5


class Functions:
    @staticmethod
    def lighter(image):
        return image * 1.5

    def method(self, image):
        return image


def again(generator):
    return type(generator).from_config(json.loads(json.dumps(generator.get_config())))


def assert_same_batches(ours, expected, x=X):
    flows = [generator.flow(x, seed=4, batch_size=5) for generator in (ours, expected)]
    for _ in range(3):
        a, b = map(next, flows)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"rotation_range": 25, "zoom_range": 0.2, "horizontal_flip": True, "fill_mode": "wrap"},
        {"zoom_range": (0.5, 1.5), "brightness_range": (0.5, 2), "channel_shift_range": 9.5},
        {"width_shift_range": 3, "height_shift_range": [-1, 2.5], "vertical_flip": 1},
        {"width_shift_range": np.array([1, 2]), "height_shift_range": np.float32(0.1)},
        {"width_shift_range": np.array([0]), "height_shift_range": [0], "shear_range": 5.5},
        {"rotation_range": np.int64(9), "horizontal_flip": np.bool_(True), "cval": np.uint8(7)},
        {"dtype": np.float64, "rescale": 1 / 255, "interpolation_order": 3, "zca_epsilon": 1e-3},
        {"dtype": "uint8", "preprocessing_function": darker},
        {"preprocessing_function": Functions.lighter, "samplewise_std_normalization": True},
    ],
)
def test_a_round_trip_gives_the_same_batches(arguments):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="This ImageDataGenerator specifies")
        generator = batchwarp.ImageDataGenerator(**arguments)
    restored = again(generator)
    assert_same_batches(restored, generator)
    assert restored.get_config() == generator.get_config()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("zca", [False, True])
def test_statistics_go_along(dtype, zca):
    generator = batchwarp.ImageDataGenerator(
        featurewise_center=True,
        featurewise_std_normalization=not zca,
        zca_whitening=zca,
        dtype=dtype,
    )
    generator.fit(X.astype(dtype))
    restored = again(generator)
    assert restored.mean.dtype == dtype
    np.testing.assert_array_equal(restored.mean, generator.mean)
    assert_same_batches(restored, generator)


@pytest.mark.parametrize("mean", [3, 0.5, [1, 2, 3], np.float32(0.1), noise((6, 5, 3))])
def test_statistics_of_the_users_own(mean):
    generator = batchwarp.ImageDataGenerator(featurewise_center=True)
    generator.mean = mean
    assert_same_batches(again(generator), generator)


def test_every_argument_is_in_the_configuration():
    config = batchwarp.ImageDataGenerator().get_config()
    assert list(config) == list(inspect.signature(batchwarp.ImageDataGenerator).parameters)
    others = {"validation_split": 0.2, "validation_augment": False, "split": "hash"}
    others |= {"split_seed": 3, "data_format": "channels_first", "interpolation_order": 0}
    config = batchwarp.ImageDataGenerator(**others).get_config()
    assert {name: config[name] for name in others} == others
    assert batchwarp.ImageDataGenerator.from_config(config).get_config() == config


def test_attributes_that_have_changed_are_in_the_configuration():
    generator = batchwarp.ImageDataGenerator(rotation_range=5)
    generator.rotation_range = 90
    generator.preprocessing_function = darker
    config = generator.get_config()
    assert config["rotation_range"] == 90
    assert config["preprocessing_function"] == f"{__name__}:darker"


class Subclass(batchwarp.ImageDataGenerator):
    def __init__(self, strength=1, **arguments):
        super().__init__(**arguments)
        self.strength = strength

    def get_config(self):
        return {**super().get_config(), "strength": self.strength}


def test_subclasses():
    restored = again(Subclass(strength=3, rotation_range=5))
    assert type(restored) is Subclass
    assert (restored.strength, restored.rotation_range) == (3, 5)


@pytest.mark.parametrize(
    "function",
    [lambda image: image, Functions().method, np.negative.__call__, Functions()],
    ids=["lambda", "method", "slot", "object"],
)
def test_functions_that_cannot_be_imported(function):
    generator = batchwarp.ImageDataGenerator()
    generator.preprocessing_function = function
    with pytest.raises(ValueError, match=r"`preprocessing_function` cannot be .*lambda"):
        generator.get_config()


def test_local_functions_cannot_be_imported():
    def local(image):
        return image

    with pytest.raises(ValueError, match=r"`preprocessing_function` cannot be .*local"):
        batchwarp.ImageDataGenerator(preprocessing_function=local).get_config()


def test_attributes_that_json_does_not_have():
    generator = batchwarp.ImageDataGenerator()
    generator.mean = {1, 2}
    with pytest.raises(ValueError, match="`mean` cannot be written to a configuration"):
        generator.get_config()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ([], r"`config` should be a dictionary. Received: \[\]"),
        ({"rotation": 3}, "unknown key 'rotation'. Accepted are 'featurewise_center',"),
        ({"rotation_range": "3"}, "`rotation_range` should be a finite number"),
        ({"horizontal_flip": "yes"}, "`horizontal_flip` should be a boolean. Received: 'yes'"),
        ({"validation_split": "0.2"}, "`validation_split` must be strictly between 0 and 1"),
        ({"brightness_range": "ab"}, "`brightness_range should be tuple or list"),
        ({"dtype": "float31"}, "`dtype` should be"),
        ({"fill_mode": ["nearest"]}, "`fill_mode` should be one of"),
        ({"split": "sorted"}, "`split` should be"),
        ({"preprocessing_function": "no_module:f"}, "`preprocessing_function` should be .*no_mod"),
        ({"preprocessing_function": "math:f"}, "`preprocessing_function` should be .*math:f"),
        ({"preprocessing_function": "math:pi"}, "`preprocessing_function` .*cannot be called"),
        ({"preprocessing_function": "math"}, "`preprocessing_function` should be .*'math'"),
        ({"preprocessing_function": ""}, "`preprocessing_function` should be"),
        ({"preprocessing_function": 3}, "`preprocessing_function` should be .*Received: 3"),
        ({"mean": "1"}, "`mean` should be a finite number"),
        ({"mean": [[1], [1, 2]]}, "`mean` should be a finite number"),
        ({"std": [float("nan")]}, "`std` should be a finite number"),
        ({"zca_whitening_matrix": [[1, 2]]}, r"`zca_whitening_matrix` should be a square.*\(1, 2"),
    ],
)
def test_configurations_that_mean_nothing(config, message):
    with pytest.raises(ValueError, match=message):
        batchwarp.ImageDataGenerator.from_config(config)
