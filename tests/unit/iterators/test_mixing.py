"""Images that are mixed in flows: with partners among all samples, whatever the batch is."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from batchwarp import Augment, ops
from batchwarp.augment.keys import Keys, numbers_of
from image_files import save
from keras_reference import noise

X, IDS = noise((10, 12, 9, 3)), np.arange(10)
Y = np.eye(10, dtype=np.float32)  # which tells which images are in one
MIX = [ops.Affine(rotation=20), ops.Hue(0.1), ops.MixUp(0.8)]
CUT = [ops.Flip(), ops.CutMix(p=0.7)]
BOTH = [ops.Resize((8, 6)), ops.Normalize(100, 50), ops.MixUp(p=0.5), ops.CutMix()]
each_recipe = pytest.mark.parametrize("recipe", [MIX, CUT, BOTH], ids=["mixup", "cutmix", "both"])


def generator(recipe, **arguments):
    return batchwarp.ImageDataGenerator(operations=recipe, **arguments)


def one_pass(flow):
    """Images, labels and weights of a pass, one behind the other."""
    batches = [next(flow) for _ in range(len(flow))]
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


@each_recipe
@pytest.mark.parametrize(("batch_size", "prefetch"), [(1, 0), (3, 2), (32, 0)])
def test_they_are_those_of_augment_with_all_images(recipe, batch_size, prefetch):
    flow = generator(recipe).flow(
        X, Y, batch_size=batch_size, shuffle=False, seed=7, prefetch=prefetch
    )
    aug = Augment(*recipe, seed=7)
    for epoch in range(2):
        images, labels = one_pass(flow)
        expected = aug(X, keys=IDS, epoch=epoch, labels=Y)
        np.testing.assert_array_equal(images, expected["images"])
        np.testing.assert_array_equal(labels, expected["labels"])


def test_channels_may_come_first():
    x = np.ascontiguousarray(np.moveaxis(X, 3, 1))
    flow = generator(CUT, data_format="channels_first").flow(x, Y, batch_size=4, shuffle=False)
    flow.seed = 7
    expected = Augment(*CUT, seed=7, data_format="channels_first")(x, keys=IDS, labels=Y)
    np.testing.assert_array_equal(one_pass(flow)[0], expected["images"])


def test_integers_become_weights_of_classes():
    recipe = [ops.MixUp(num_classes=4)]
    labels = IDS % 4
    flow = generator(recipe).flow(X, labels, batch_size=4, shuffle=False, seed=7)
    expected = Augment(*recipe, seed=7)(X, keys=IDS, labels=labels)
    np.testing.assert_array_equal(one_pass(flow)[1], expected["labels"])


def test_weights_of_samples_are_mixed_alike():
    weights = np.arange(10) * 10
    flow = generator(MIX).flow(X, Y, sample_weight=weights, batch_size=4, seed=7)
    _, labels, mixed = one_pass(flow)
    assert 0.1 < np.ptp(labels, axis=1).min() < 1
    np.testing.assert_allclose(mixed, labels @ weights, rtol=1e-5)


@pytest.mark.parametrize("draws", ["keras", "keyed"])
def test_no_more_numbers_of_keras_are_drawn(draws):
    """An image that nothing is mixed into is what it is without the operation."""
    keras = {"rotation_range": 20, "horizontal_flip": True, "draws": draws}
    mixup = ops.MixUp(p=0.5)
    plain = generator([], **keras).flow(X, Y, batch_size=4, seed=7)
    mixed = generator([mixup], **keras).flow(X, Y, batch_size=4, seed=7)
    alone = []
    for number in range(6):
        (own, labels), (images, _) = next(plain), next(mixed)
        samples = labels.argmax(axis=1).astype(np.uint64)
        _, active = numbers_of(mixup, 0, Keys(samples, number // 3, 7))
        alone += (~active).tolist()
        np.testing.assert_array_equal(images[~active], own[~active])
    assert 5 < sum(alone) < 15


def test_keyed_mixtures_depend_on_sample_and_pass_alone():
    def made(batch_size, shuffle):
        flow = generator(MIX, draws="keyed", zoom_range=0.2).flow(
            X, Y, sample_weight=np.arange(10.0), batch_size=batch_size, shuffle=shuffle, seed=7
        )
        parts = one_pass(flow)
        order = np.argsort(flow.index_array)
        return [part[order] for part in parts]

    expected = made(10, False)
    for batch_size, shuffle in [(3, True), (1, False)]:
        for one, same in zip(made(batch_size, shuffle), expected, strict=True):
            np.testing.assert_array_equal(one, same)


def test_a_function_that_draws_is_called_for_partners_too():
    def noisy(image):
        return image + np.random.uniform()

    np.random.seed(5)
    state = np.random.get_state(legacy=False)
    flow = generator(MIX, preprocessing_function=noisy).flow(X, Y, batch_size=5, seed=7)
    for _ in range(3):
        images, labels = next(flow)
        np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-6)
        assert np.isfinite(images).all()
    np.testing.assert_equal(np.random.get_state(legacy=False), state)


class WithMethods(batchwarp.ImageDataGenerator):
    def standardize(self, x):
        return x / 2


def test_partners_go_through_overridden_methods():
    flow = WithMethods(operations=CUT).flow(X, Y, batch_size=4, shuffle=False, seed=7)
    expected = Augment(*CUT, seed=7)(X, keys=IDS, labels=Y)
    images, labels = one_pass(flow)
    np.testing.assert_allclose(images, expected["images"] / 2, rtol=1e-6)
    np.testing.assert_array_equal(labels, expected["labels"])


def test_validation_data_are_not_mixed_but_have_the_same_labels():
    ours = generator([ops.MixUp(num_classes=2)], validation_split=0.4)
    flow = ours.flow(X, IDS % 2, subset="validation", shuffle=False, batch_size=4)
    images, labels = next(flow)
    np.testing.assert_array_equal(images, X[:4])
    np.testing.assert_array_equal(labels, np.eye(2)[[0, 1, 0, 1]])


def test_data_sets_of_tensorflow(keras):
    pytest.importorskip("tensorflow")
    data = generator(MIX).flow(X, Y, batch_size=4, shuffle=False, seed=7).to_tf_dataset()
    images = np.concatenate([batch[0] for batch in data.as_numpy_iterator()])
    np.testing.assert_array_equal(images, Augment(*MIX, seed=7)(X, keys=IDS, labels=Y)["images"])


@pytest.fixture
def folder(tmp_path):
    for number in range(10):
        save(tmp_path / "ab"[number % 2] / str(number), "png")
    return tmp_path


@pytest.mark.parametrize("cache", [None, "memory"])
@pytest.mark.parametrize("class_mode", ["categorical", "sparse"])
def test_files_are_mixed(folder, class_mode, cache):
    recipe = [ops.Hue(0.1), ops.CutMix(num_classes=3)]
    (folder / "c").mkdir()
    options = {"target_size": (12, 9), "shuffle": False, "seed": 7}
    plain = generator([]).flow_from_directory(folder, **options, class_mode="categorical")
    originals, labels = next(plain)
    keys = [name.replace("\\", "/") for name in plain.filenames]
    expected = Augment(*recipe, seed=7)(originals.astype(np.uint8), keys=keys, labels=labels)
    flow = generator(recipe).flow_from_directory(
        folder, **options, class_mode=class_mode, batch_size=3, cache=cache
    )
    images, made = one_pass(flow)
    np.testing.assert_array_equal(images, expected["images"])
    np.testing.assert_array_equal(made, expected["labels"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X,), "`labels` should be given for MixUp"),
        ((X, IDS), "`num_classes` of `MixUp` should be given"),
        ((X, IDS / 10), "`labels` should be integers, or floats of shape"),
        (((X, IDS), Y), "`x` should be images alone"),
    ],
)
def test_what_cannot_be_mixed_is_refused_when_the_flow_is_made(arguments, message):
    with pytest.raises(ValueError, match=message):
        generator([ops.MixUp()]).flow(*arguments)


@pytest.mark.parametrize("class_mode", ["input", None])
def test_files_without_labels_are_refused(folder, class_mode):
    with pytest.raises(ValueError, match='`class_mode` should be "categorical"'):
        generator([ops.MixUp()]).flow_from_directory(folder, class_mode=class_mode)


def test_raw_values_are_weights_of_classes(folder):
    pd = pytest.importorskip("pandas")
    names = [f"{'ab'[number % 2]}/{number}.png" for number in IDS]
    frame = pd.DataFrame({"filename": names, "one": IDS / 9, "other": 1 - IDS / 9, "large": IDS})

    def flow(columns):
        return generator([ops.MixUp()]).flow_from_dataframe(
            frame, folder, y_col=columns, class_mode="raw", target_size=(6, 5), seed=7
        )

    np.testing.assert_allclose(next(flow(["one", "other"]))[1].sum(axis=1), 1, rtol=1e-6)
    with pytest.raises(ValueError, match="`y_col` should name columns of numbers from 0 to 1"):
        flow(["one", "large"])


def test_batches_are_mixed_as_a_whole():
    with pytest.raises(ValueError, match=r"one after the other, without MixUp"):
        next(generator(MIX).flow(X, Y).next_variants())
