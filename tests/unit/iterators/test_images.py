"""Images of a subset as they are, standardised only, or augmented; saved ones."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from image_files import flow
from keras_reference import noise
from validation_data import AUGMENT, Overridden, X, Y, generator


def rounded_up(image):
    return np.ceil(image)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"preprocessing_function": rounded_up},
        {"dtype": "uint8", "rescale": None, "samplewise_center": False},
    ],
)
@pytest.mark.parametrize("cls", [batchwarp.ImageDataGenerator, Overridden])
def test_validation_data_are_standardised_only(cls, options):
    ours = cls(**{**AUGMENT, **options}, validation_augment=False)
    plain = batchwarp.ImageDataGenerator(
        **{
            "rescale": AUGMENT["rescale"],
            "samplewise_center": True,
            "validation_split": 0.25,
            **options,
        }
    )
    arguments = {"batch_size": 4, "shuffle": False, "subset": "validation", "seed": 2}
    flows = ours.flow(X, **arguments), plain.flow(X, **arguments)
    for _ in range(len(flows[0]) + 1):
        np.testing.assert_allclose(*map(next, flows), atol=1e-6)


@pytest.mark.parametrize("cls", [batchwarp.ImageDataGenerator, Overridden])
def test_nothing_is_drawn_for_validation_data(cls):
    ours = cls(**AUGMENT, validation_augment=False)
    flow = ours.flow(X, subset="validation", shuffle=False)
    np.random.seed(3)
    state = np.random.get_state(legacy=False)
    next(flow)
    np.testing.assert_equal(np.random.get_state(legacy=False), state)
    shuffled = ours.flow(X, np.arange(40), subset="validation", seed=8, ignore_class_split=True)
    np.testing.assert_array_equal(next(shuffled)[1], np.random.RandomState(8).permutation(10))


@pytest.mark.parametrize("subset", ["training", None])
def test_other_data_are_augmented_as_before(subset):
    ours, expected = (
        generator(validation_augment=value).flow(X, subset=subset, seed=4)
        for value in (False, True)
    )
    np.testing.assert_array_equal(next(ours), next(expected))


def test_images_that_cannot_be_brightened_can_be_standardised():
    """Brightness takes 1, 3 or 4 channels; validation data are not brightened."""
    x = noise((8, 4, 4, 2))
    flow = generator(validation_augment=False)
    with pytest.warns(UserWarning, match="2 channels"):
        validation = flow.flow(x, subset="validation")
    assert next(validation).shape == (2, 4, 4, 2)
    with pytest.warns(UserWarning, match="2 channels"):
        training = flow.flow(x, subset="training")
    with pytest.raises(ValueError, match="Unsupported channel number: 2"):
        next(training)


def test_the_pieces_of_a_tf_data_set_are_not_augmented_either():
    pytest.importorskip("tensorflow")
    flow = generator(validation_augment=False).flow(X, subset="validation", shuffle=False)
    expected = next(flow)
    flow.reset()
    np.testing.assert_array_equal(next(iter(flow.to_tf_dataset())).numpy(), expected)


def test_images_as_they_are_before_augmentation():
    flow = generator(split="stratified").flow(X, Y, subset="training", batch_size=3, seed=5)
    expected = generator(split="stratified").flow(X, Y, subset="training", batch_size=3, seed=5)
    next(flow), next(expected)
    chunks = list(flow.raw_chunks(8))
    assert [len(chunk) for chunk in chunks] == [8, 8, 8, 7]
    np.testing.assert_array_equal(np.concatenate(chunks), X[flow.rows])
    (chunk,) = flow.raw_chunks(8, np.array([3, 1]))
    np.testing.assert_array_equal(chunk, X[flow.rows[[3, 1]]])
    np.testing.assert_array_equal(next(flow)[0], next(expected)[0])
    with pytest.raises(NotImplementedError, match="`Iterator` does not implement `raw_chunks`"):
        batchwarp.image.Iterator(1, 1, False, None).raw_chunks(1)


def test_validation_files_are_not_augmented(numbered):
    generator = {"rotation_range": 90, "rescale": 2.0, "validation_split": 0.4, "cval": 9.0}
    arguments = {"subset": "validation", "class_mode": None}
    ours = next(flow(numbered, {**generator, "validation_augment": False}, **arguments))
    plain = next(flow(numbered, {"rescale": 2.0, "validation_split": 0.4}, **arguments))
    np.testing.assert_array_equal(ours, plain)


def test_a_missing_folder_to_save_to(tmp_path):
    flow = batchwarp.ImageDataGenerator().flow(X, save_to_dir=tmp_path / "missing")
    with pytest.raises(FileNotFoundError, match="missing"):
        next(flow)
