"""The operations of a generator: what is accepted, described, fitted, and refused by devices."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import batchwarp
from batchwarp import ops
from batchwarp.augment.keyed_pipeline import pipeline_for
from batchwarp.augment.keys import hash_of_state
from batchwarp.augment.operations import shape_after
from batchwarp.cuda.batch import plan_for
from keras_reference import noise

RECIPE = [ops.RandomResizedCrop((12, 10)), ops.Flip(), ops.OneOf(ops.Hue(), ops.Solarize())]


def generator(operations, **arguments):
    return batchwarp.ImageDataGenerator(operations=operations, **arguments)


def test_they_are_described_and_made_again():
    ours = generator([*RECIPE, ops.Normalize((1, 2, 3), 4)], value_range=(0, 1))
    config = json.loads(json.dumps(ours.get_config()))
    again = batchwarp.ImageDataGenerator.from_config(config)
    assert again.operations == ours.operations
    assert again.value_range == (0, 1)
    assert again.validation_augment is None
    assert batchwarp.ImageDataGenerator().get_config()["operations"] == []


@pytest.mark.parametrize(
    ("operations", "error", "message"),
    [
        (ops.Flip(), TypeError, "`operations` of `ImageDataGenerator` should be a list"),
        (["Flip"], TypeError, "should be operations of `batchwarp.ops`. Received: 'Flip'"),
        ([ops.Normalize(0, 1), ops.Flip()], ValueError, "should end with `Normalize`"),
        ([ops.MixUp(), ops.Flip()], ValueError, "should end with `MixUp`"),
        ([ops.Flip(name="a"), ops.Flip(name="a")], ValueError, "`name` of `Flip` should differ"),
        (
            [ops.MixUp(num_classes=3), ops.CutMix(num_classes=4)],
            ValueError,
            r"`num_classes` of `CutMix` should be that of MixUp\(num_classes=3\). Received: 4",
        ),
    ],
)
def test_what_is_no_recipe_is_refused(operations, error, message):
    with pytest.raises(error, match=message):
        generator(operations)


@pytest.mark.parametrize("dtype", ["uint16", "int32", "int8", "float64"])
def test_bytes_are_from_0_to_255_whatever_they_become(dtype):
    x = np.full((2, 4, 4, 3), 10, np.uint8)
    flow = batchwarp.ImageDataGenerator(operations=[ops.Invert()], dtype=dtype).flow(x)
    np.testing.assert_array_equal(next(flow), np.full(x.shape, 245).astype(dtype))


def test_weights_of_labels_are_finite():
    x, y = np.zeros((2, 4, 4, 3), np.uint8), [[0.0, 1], [np.nan, 0]]
    with pytest.raises(ValueError, match=r"`labels` should be finite, for MixUp\(\).*nan"):
        generator([ops.MixUp()]).flow(x, y)


@pytest.mark.parametrize("pair", [(1, 0), "ab", 3])
def test_what_is_no_range_is_refused(pair):
    with pytest.raises(ValueError, match="`value_range` should be"):
        generator([], value_range=pair)


@pytest.mark.parametrize(
    "other",
    [
        "samplewise_center",
        "samplewise_std_normalization",
        "featurewise_center",
        "featurewise_std_normalization",
        "zca_whitening",
    ],
)
@pytest.mark.filterwarnings("ignore:This ImageDataGenerator specifies")
def test_images_are_standardised_once(other):
    with pytest.raises(ValueError, match=r"should be off beside Normalize\(0, 1\)"):
        generator([ops.Normalize(0, 1)], **{other: True})
    with pytest.raises(ValueError, match=r"should be off beside Standardize\(\)"):
        generator([ops.Standardize()], **{other: True})


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("std", [True, False])
def test_images_are_standardised_as_by_keras_arguments(dtype, data_format, std):
    x = noise((3, 20, 18, 4) if data_format == "channels_last" else (3, 4, 20, 18))
    x[1] = 77
    options = {"dtype": dtype, "data_format": data_format}
    names = ["samplewise_center", *["samplewise_std_normalization"] * std]
    theirs = batchwarp.ImageDataGenerator(**dict.fromkeys(names, True), **options)
    ours = generator([ops.Standardize(std=std)], **options)
    made = next(ours.flow(x, shuffle=False))
    np.testing.assert_array_equal(made, next(theirs.flow(x, shuffle=False)))
    assert (made[1] == 0).all()
    aug = batchwarp.Augment(ops.Standardize(std=std), **options)
    np.testing.assert_array_equal(made, aug(x))


def test_sizes_are_those_behind_all_operations():
    last, first = generator(RECIPE), generator(RECIPE, data_format="channels_first")
    assert shape_after(last, (30, 20, 3)) == (12, 10, 3)
    assert shape_after(first, (3, 30, 20)) == (3, 12, 10)
    assert shape_after(None, (30, 20, 3)) == (30, 20, 3)


def test_devices_refuse_them_by_name():
    with pytest.raises(ValueError, match=r"`operations` \(Flip\(\)\) cannot be done on a device"):
        plan_for(generator([ops.Flip()]), (8, 8, 3), np.dtype(np.float32))


def test_one_call_of_the_core_does_all_that_can_be_one():
    def calls(operations, **arguments):
        made = pipeline_for(
            generator(operations, **arguments),
            (24, 24, 3),
            np.dtype(np.float32),
            value_range=(0, 255),
        )
        return 1 + (made._before is not None), made.beyond_the_core[1:]

    turned = {"rotation_range": 20, "horizontal_flip": True, "rescale": 1 / 255}
    assert calls([ops.Affine(20), ops.Hue(), ops.Erase()], **turned) == (1, [])
    assert calls([ops.Hue(), ops.Erase()], **turned, brightness_range=(0.5, 1)) == (1, [])
    assert calls([ops.Affine(20), ops.Hue()], **turned, brightness_range=(0.5, 1)) == (2, [])
    assert calls([ops.Resize((12, 12))], **turned) == (2, [])
    assert calls([ops.Resize((12, 12), antialias=False)], **turned) == (1, [])
    assert calls([ops.Resize((12, 12))], rescale=1 / 255) == (1, [])


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (None, TypeError, "should be a list of operations of .* Received: None"),
        (ops.Flip(), TypeError, "should be a list of operations"),
        ([ops.Flip], TypeError, "should be operations of"),
        ([ops.Normalize(0, 1), ops.Flip()], ValueError, "should end with `Normalize`"),
    ],
    ids=str,
)
def test_what_is_assigned_later_is_checked_at_once(wrong, error, message):
    datagen = generator([ops.Invert()])
    with pytest.raises(error, match=rf"`operations` of `ImageDataGenerator` {message}"):
        datagen.operations = wrong
    assert datagen.operations == (ops.Invert(),)
    given = [ops.Grayscale()]
    datagen.operations = given
    given.append(None)
    assert datagen.operations == (ops.Grayscale(),)


@pytest.mark.parametrize("rescale", [1e-320, -1e-320, 5e-324])
@pytest.mark.parametrize("last", [ops.Standardize(), ops.Normalize((1, 2, 3), (1e-3, 1, 5))])
def test_a_rescale_without_an_inverse_is_refused_by_its_name(last, rescale):
    said = rf"`rescale` should be .* beside {re.escape(repr(last))}.* Received: {rescale}"
    with pytest.raises(ValueError, match=said):
        generator([last], rescale=rescale).flow(np.zeros((1, 4, 4, 3)))


def test_a_rescale_that_leaves_no_divisor_is_refused_by_its_name():
    with pytest.raises(ValueError, match=r"`rescale` should be a number that 1e-38 can be divided"):
        generator([ops.Normalize(0, 1e-38)], rescale=1e300).flow(np.zeros((1, 4, 4, 3)))


def test_a_key_follows_from_a_state_which_stays():
    one, other = np.random.RandomState(1), np.random.RandomState(2)
    assert hash_of_state(one) == hash_of_state(np.random.RandomState(1)) != hash_of_state(other)
    assert one.randint(1 << 30) == np.random.RandomState(1).randint(1 << 30)
    assert hash_of_state(one) != hash_of_state(np.random.RandomState(1))
    assert 0 <= hash_of_state(np.random.RandomState(np.random.PCG64(3))) < 1 << 64
