"""Subsets otherwise than in Keras: by class, and without augmentation of the validation data."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import batchwarp
from batchwarp.iterators import splits
from keras_reference import noise

X = noise((40, 6, 5, 3))
Y = np.repeat([0, 1, 2], [24, 10, 6])
AUGMENT = {
    "rotation_range": 25,
    "channel_shift_range": 20.0,
    "brightness_range": (0.5, 1.5),
    "horizontal_flip": True,
    "rescale": 1 / 255,
    "samplewise_center": True,
    "validation_split": 0.25,
}


def generator(**arguments):
    return batchwarp.ImageDataGenerator(**{**AUGMENT, **arguments})


class Overridden(batchwarp.ImageDataGenerator):
    """Its batches are made image by image, through the public methods."""

    def standardize(self, x):
        return super().standardize(x)


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


def parts(y, options=None, **arguments):
    """Returns the training and the validation flow of numbered images."""
    x = np.arange(len(y), dtype="float32")[:, None, None, None] * np.ones((1, 2, 2, 1), "float32")
    made = batchwarp.ImageDataGenerator(
        validation_split=0.25, split="stratified", split_seed=7, **(options or {})
    )
    return [
        made.flow(x, y, batch_size=100, shuffle=False, subset=subset, **arguments)
        for subset in ("training", "validation")
    ]


@pytest.mark.parametrize("labels", [Y, Y[:, None], np.eye(3)[Y], Y.tolist()])
def test_a_stratified_split(labels):
    training, validation = parts(labels)
    chosen = splits.stratified(Y, 0.25, 7)
    assert chosen.sum() == 6 + 2 + 1
    for flow, numbers in ((training, ~chosen), (validation, chosen)):
        x, y = next(flow)
        np.testing.assert_array_equal(x[:, 0, 0, 0], np.flatnonzero(numbers))
        np.testing.assert_array_equal(y, np.asarray(labels)[numbers])
        np.testing.assert_array_equal(flow.y, y)
        np.testing.assert_array_equal(flow.x[flow.rows], x)
        assert flow.n == len(flow.rows) == numbers.sum()


def test_a_stratified_split_copies_no_image(tmp_path):
    np.save(tmp_path / "x.npy", X)
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    for subset in ("training", "validation"):
        flow = generator(split="stratified").flow(x, Y, subset=subset)
        assert np.shares_memory(flow.x, x)
        assert flow.x.shape == x.shape


def test_all_that_belongs_to_an_image_is_split_with_it():
    made = batchwarp.ImageDataGenerator(validation_split=0.25, split="stratified")
    numbers = np.arange(40)
    made = made.flow((X, [numbers, -numbers]), Y, sample_weight=numbers / 2, subset="validation")
    for flow in (made, pickle.loads(pickle.dumps(made))):
        for _ in range(2):
            (images, ones, others), labels, weights = next(flow)
            np.testing.assert_array_equal(images, X[ones])
            np.testing.assert_array_equal(others, -ones)
            np.testing.assert_array_equal(labels, Y[ones])
            np.testing.assert_array_equal(weights, ones / 2)


@pytest.mark.parametrize("options", [{}, {"rotation_range": 30}])
def test_a_stratified_split_of_a_tf_data_set(options):
    pytest.importorskip("tensorflow")
    training, _ = parts(Y, options, seed=1)
    expected = next(training)
    dataset = parts(Y, options, seed=1)[0].to_tf_dataset()
    for ours, theirs in zip(next(iter(dataset)), expected, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs)


def test_a_stratified_split_through_overridden_methods():
    x, y = next(
        Overridden(validation_split=0.25, split="stratified").flow(
            X, np.arange(40) % 4, subset="validation", shuffle=False
        )
    )
    rows = np.flatnonzero(splits.stratified(np.arange(40) % 4, 0.25, 0))
    np.testing.assert_array_equal(x, X[rows])
    np.testing.assert_array_equal(y, rows % 4)


def test_without_a_subset_nothing_is_split():
    for split in ("stratified", "hash"):
        flow = generator(split=split).flow(X)
        assert flow.rows is None
        assert flow.n == 40


@pytest.mark.parametrize(
    ("arguments", "y", "message"),
    [
        ({"split": "hash"}, Y, '`split="hash"` is for files.*"stratified"'),
        ({"split": "stratified"}, None, "needs labels: `y` is `None`"),
        ({"split": "stratified"}, np.ones((40, 2)), r"one-hot.*\(40, 2\)"),
        (
            {"split": "stratified", "validation_split": 0.15},
            Y,
            r"leaves 1 of 3 classes without.*= 0.15 of 6 images.*`ignore_class_split=True`",
        ),
    ],
)
def test_what_cannot_be_split(arguments, y, message):
    with pytest.raises(ValueError, match=message):
        generator(**arguments).flow(X, y, subset="validation")


def test_classes_that_are_too_small_may_be_accepted():
    made = generator(split="stratified", validation_split=0.15)
    flow = made.flow(X, Y, subset="validation", ignore_class_split=True)
    np.testing.assert_array_equal(np.bincount(flow.y), [3, 1])


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
