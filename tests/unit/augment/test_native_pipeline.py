"""Flows whose images have the sizes of their files until operations bring them to one."""

from __future__ import annotations

import copy
import pickle
import threading
import weakref

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp import Augment, ops, runtime
from batchwarp.augment.hashes import hash64
from batchwarp.files import reader
from image_files import picture, save

SIZES = [(40, 60), (60, 40), (33, 33), (70, 50), (64, 65), (90, 31)]
CROP = ops.RandomResizedCrop(24)
RECIPES = {
    "crop": [CROP, ops.Flip(), ops.ColorJitter(0.2, 0.2, 0.2, 0.05), ops.Normalize(100, 50)],
    "torchvision": [ops.Resize(28), ops.CenterCrop((20, 24)), ops.RandAugment()],
    "later": [ops.Affine(rotation=30), ops.Pad(3), ops.RandomCrop(25), ops.Erase()],
    "within": [ops.Sequential(ops.Resize((30, 20), antialias=False), ops.Flip()), ops.Pad(1)],
}


@pytest.fixture
def folder(tmp_path):
    """A folder with a file of each of the sizes."""
    for number, size in enumerate(SIZES):
        kind = "png" if number % 3 else "jpeg"
        save(tmp_path / "ab"[number % 2] / str(number), kind, picture(*size, seed=number))
    return tmp_path


def flow(folder, operations, generator=batchwarp.ImageDataGenerator, *, settings=None, **arguments):
    made = generator(operations=operations, **(settings or {}))
    options = {"target_size": None, "batch_size": 4, "seed": 7, "class_mode": None}
    return made.flow_from_directory(folder, **options | arguments)


def one_pass(iterator):
    return np.concatenate([next(iterator) for _ in range(len(iterator))])


def stored(iterator, number):
    return np.asarray(Image.open(iterator.filepaths[number]))


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("arguments", [{}, {"batch_size": 1}, {"prefetch": 2, "draws": "keyed"}])
@pytest.mark.parametrize("recipe", RECIPES)
def test_each_file_is_read_at_its_own_size(folder, recipe, arguments, threads):
    arguments = dict(arguments)
    settings = {"draws": arguments.pop("draws", "keras")}
    before = runtime.get_num_threads()
    runtime.set_num_threads(threads)
    try:
        iterator = flow(folder, RECIPES[recipe], settings=settings, shuffle=False, **arguments)
        made = [one_pass(iterator) for _ in range(2)]
    finally:
        runtime.set_num_threads(before)
    aug = Augment(*RECIPES[recipe], seed=7)
    order = np.arange(6) if settings["draws"] == "keras" else iterator.index_array
    for epoch, images in enumerate(made):
        assert images.shape[1:] == iterator.image_shape
        for image, number in zip(images, order, strict=True):
            name = iterator.filenames[number].replace("\\", "/")
            alone = aug(stored(iterator, number)[None], keys=[name], epoch=epoch)[0]
            np.testing.assert_array_equal(image, alone)


KERAS = {"rotation_range": 20, "zoom_range": 0.2, "horizontal_flip": True}
SHIFTS = {"width_shift_range": 0.3, "height_shift_range": [0.1, 0.2], "brightness_range": (0.5, 2)}


@pytest.mark.parametrize("settings", [{**KERAS, "width_shift_range": 0.3}, SHIFTS, {**KERAS}])
@pytest.mark.parametrize("draws", ["keras", "keyed"])
def test_arguments_of_keras_are_those_of_each_size(folder, draws, settings):
    """What they do is done to the file's image, as a shift by a part of it."""
    recipe = [ops.Resize((20, 24)), ops.Hue(0.1)]
    iterator = flow(folder, recipe, settings={**settings, "draws": draws}, shuffle=False)
    made = next(iterator)
    one = iterator.image_data_generator
    np.random.seed(7)
    for number, image in enumerate(made):
        name = iterator.filenames[number].replace("\\", "/")
        source = stored(iterator, number)
        if draws == "keras":
            parameters = one.get_random_transform(source.shape)
        else:
            alone = copy.copy(one).flow(source[None], seed=7)
            # The sample is the file's, not the row.
            alone._sample_numbers = lambda _, name=name: np.array([hash64(name)], np.uint64)
            [parameters] = [variant.parameters for variant in alone.next_variants()]
        turned = one.apply_transform(source.astype("float32"), parameters)
        aug = Augment(*recipe, seed=7, value_range=(0, 255))
        np.testing.assert_allclose(image, aug(turned[None], keys=[name])[0], atol=1e-3)


class Overridden(batchwarp.ImageDataGenerator):
    def apply_transform(self, x, transform_parameters):
        return super().apply_transform(x, transform_parameters) + 1


def halved(image):
    return image / 2


def noisy(image):
    return image + np.random.uniform(size=image.shape)


MIXED = [CROP, ops.MixUp(p=0.7), ops.CutMix()]


@pytest.mark.parametrize(
    ("operations", "settings", "arguments"),
    [
        ([CROP], KERAS, {}),
        ([CROP], {**KERAS, **SHIFTS}, {}),
        ([ops.RandomResizedCrop(24, antialias=False)], {**KERAS, "draws": "keyed"}, {}),
        ([CROP], {"preprocessing_function": halved, "rescale": 1 / 255, **KERAS}, {}),
        ([CROP], {"preprocessing_function": noisy, "draws": "keyed", **KERAS}, {}),
        ([CROP], {"data_format": "channels_first", "samplewise_center": True}, {}),
        ([CROP], {"dtype": "uint8"}, {"class_mode": "input"}),
        ([CROP], {"validation_split": 0.5, **KERAS}, {"subset": "validation"}),
        ([CROP], {"validation_split": 0.5, "split": "hash", **KERAS}, {"subset": "training"}),
        (MIXED, KERAS, {"class_mode": "categorical"}),
        (MIXED, {"preprocessing_function": noisy, "draws": "keyed"}, {"class_mode": "categorical"}),
        ([CROP], {}, {"color_mode": "unchanged"}),
        ([CROP], {}, {"color_mode": "grayscale"}),
    ],
)
@pytest.mark.parametrize("generator", [batchwarp.ImageDataGenerator, Overridden])
def test_files_of_one_size_are_those_of_a_target_size(
    tmp_path, generator, operations, settings, arguments
):
    for number in range(6):
        save(tmp_path / "ab"[number % 2] / str(number), "png", picture(37, 46, seed=number))
    batches = []
    for target_size in (None, (37, 46)):
        iterator = flow(
            tmp_path, operations, generator, settings=settings, target_size=target_size, **arguments
        )
        batches.append([next(iterator) for _ in range(2 * len(iterator))])
    np.testing.assert_equal(*batches)


def test_data_sets_of_tensorflow(keras, folder):
    pytest.importorskip("tensorflow")
    data = flow(folder, RECIPES["crop"]).to_tf_dataset()
    assert data.element_spec.shape.as_list() == [None, 24, 24, 3]
    made = np.concatenate(list(data.as_numpy_iterator()))
    np.testing.assert_array_equal(made, one_pass(flow(folder, RECIPES["crop"])))


@pytest.mark.parametrize("again", [copy.copy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_go_on(folder, again):
    iterator = flow(folder, RECIPES["crop"])
    next(iterator)
    np.testing.assert_array_equal(next(again(iterator)), next(iterator))


def test_dataframes(folder):
    pd = pytest.importorskip("pandas")
    names = flow(folder, [CROP]).filenames
    generator = batchwarp.ImageDataGenerator(operations=[CROP])
    table = pd.DataFrame({"filename": names})
    iterator = generator.flow_from_dataframe(
        table, folder, target_size=None, class_mode=None, shuffle=False, seed=7
    )
    aug = Augment(CROP, seed=7)
    for row, image in enumerate(next(iterator)):
        np.testing.assert_array_equal(image, aug(stored(iterator, row)[None], keys=[row])[0])


@pytest.mark.parametrize(
    "operations",
    [[], [ops.Flip()], [ops.Pad(4)], [ops.Resize(24)], [ops.Resize(24), ops.Pad((1, 2))]],
)
def test_operations_that_leave_sizes_different(folder, operations):
    with pytest.raises(ValueError, match=r"`target_size` should be.*`RandomResizedCrop`.*Received"):
        flow(folder, operations)
    iterator = flow(folder, [CROP])
    iterator.image_data_generator.operations = operations
    with pytest.raises(ValueError, match=r"`target_size` should be.*`RandomResizedCrop`.*Received"):
        next(iterator)


def test_a_generator_of_another_class_has_no_operations(folder):
    with pytest.raises(ValueError, match=r"`target_size` should be.*Received"):
        batchwarp.image.DirectoryIterator(folder, None, target_size=None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cache", "memory"),
        ("interpolation", "bilinear"),
        ("keep_aspect_ratio", True),
        ("scaled_decode", True),
    ],
)
def test_what_needs_one_size(folder, name, value):
    with pytest.raises(ValueError, match=f"`{name}` needs.*`target_size`.*Received: {value!r}"):
        flow(folder, [CROP], **{name: value})


def test_what_never_fits_is_refused_before_any_file_is_read(folder, monkeypatch):
    monkeypatch.setattr(reader, "read_file", None)
    with pytest.raises(ValueError, match="`antialias` of `RandomResizedCrop` should be False"):
        flow(folder, [ops.Affine(10), CROP])
    with pytest.raises(ValueError, match=r"`Hue\(\)` needs images of 3 channels"):
        flow(folder, [CROP, ops.ColorJitter(hue=0.1)], color_mode="grayscale")


@pytest.mark.parametrize("generator", [batchwarp.ImageDataGenerator, Overridden])
def test_only_the_sizes_of_files_decide_whether_a_perspective_is_too_strong(folder, generator):
    # One file is 31 pixels wide, others at least 33; in batches no image is as large.
    recipe = [ops.Perspective(0.969), ops.Resize((8, 8), antialias=False)]
    said = r"5\.png: `distortion` of `Perspective` should be at most 0\.967742.*90 x 31"
    with pytest.raises(batchwarp.ImageFileError, match=said):
        one_pass(flow(folder, recipe, generator, batch_size=6))
    for on_error in ("zeros", "skip"):
        iterator = flow(folder, recipe, generator, batch_size=6, on_error=on_error)
        assert one_pass(iterator).shape == (6, 8, 8, 3)
        assert [error.path for error in iterator.errors] == [iterator.filepaths[5]]


@pytest.mark.parametrize("generator", [batchwarp.ImageDataGenerator, Overridden])
def test_files_that_are_too_small(folder, generator):
    recipe = [ops.CenterCrop(33)]  # one file is 31 pixels wide
    with pytest.raises(batchwarp.ImageFileError, match=r"5\.png: `size` of `CenterCrop`.*90 x 31"):
        one_pass(flow(folder, recipe, generator, batch_size=6))
    black = flow(folder, recipe, generator, on_error="zeros", batch_size=6, shuffle=False)
    expected = one_pass(black)
    assert [error.path for error in black.errors] == [black.filepaths[5]]
    assert (expected[5] == expected[5].flat[0]).all()
    skipping = flow(folder, recipe, generator, on_error="skip", batch_size=6, shuffle=False)
    expected[5] = expected[0]
    np.testing.assert_array_equal(one_pass(skipping), expected)


@pytest.mark.parametrize("generator", [batchwarp.ImageDataGenerator, Overridden])
@pytest.mark.parametrize("function", [None, halved])
def test_few_decoded_images_are_held_at_a_time(folder, monkeypatch, generator, function):
    held, most, lock = 0, 0, threading.Lock()

    def gone():
        nonlocal held
        with lock:
            held -= 1

    def decode(*arguments, real=reader.decode):
        nonlocal held, most
        image, size = real(*arguments)
        image = image.copy()
        with lock:
            held += 1
            most = max(most, held)
        weakref.finalize(image, gone)
        return image, size

    monkeypatch.setattr(reader, "decode", decode)
    before = runtime.get_num_threads()
    runtime.set_num_threads(2)
    try:
        settings = {"preprocessing_function": function}
        iterator = flow(folder, [CROP], generator, settings=settings, batch_size=6)
        one_pass(iterator)
        one_pass(iterator)
        for _ in iterator.raw_chunks(4):
            pass
    finally:
        runtime.set_num_threads(before)
    assert held <= 2
    assert 1 <= most <= 4  # in each thread one that it drops, and the next


def test_statistics_are_those_of_images_of_one_size(folder):
    iterator = flow(folder, [CROP], shuffle=False)
    fitted = batchwarp.ImageDataGenerator(featurewise_center=True, operations=[ops.Resize((9, 8))])
    fitted.fit_from(iterator)
    aug = Augment(ops.Resize((9, 8)), dtype="float64")
    resized = [aug(stored(iterator, number)[None])[0] for number in range(6)]
    np.testing.assert_allclose(fitted.mean.ravel(), np.mean(resized, axis=(0, 1, 2)), rtol=1e-6)
    for operations in ([], [ops.Flip()], [ops.Pad(2)]):
        other = batchwarp.ImageDataGenerator(featurewise_center=True, operations=operations)
        with pytest.raises(ValueError, match="`iterator` should have images of one size"):
            other.fit_from(iterator)


def test_variants_are_the_images_of_a_batch(folder):
    settings = {**KERAS, "width_shift_range": 0.2}
    iterator = flow(folder, RECIPES["crop"], settings=settings, batch_size=6)
    variants = list(copy.copy(iterator).next_variants())
    np.testing.assert_array_equal([variant.image for variant in variants], next(iterator))
    for variant in variants:
        np.testing.assert_array_equal(variant.original, stored(iterator, variant.sample))
