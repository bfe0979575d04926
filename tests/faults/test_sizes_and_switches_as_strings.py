"""Sizes, counts and switches that came from a form or a file as strings, floats or booleans."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import batchwarp
from batchwarp import image
from image_files import picture
from keras_reference import noise

X = noise((6, 4, 4, 3), "float32")
PLAIN = batchwarp.ImageDataGenerator()
NO_SIZES = [
    "64",
    b"@ ",
    ("64", "32"),
    (64.0, 32.0),
    (64.7, 32.2),
    (True, 5),
    (np.True_, 5),
    {64: 1, 32: 2},
    {64, 32},
    (64,),
    (0, 5),
    (5, -1),
    (5, None),
    [[64, 32]],
    64,
    np.array([64.0, 32.0]),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "a").mkdir()
    picture().save(folder / "a" / "1.png")
    return folder


def sources(folder):
    frame = pd.DataFrame({"filename": ["a/1.png"], "class": ["a"]})

    def of_arrays(**arguments):
        return PLAIN.flow(X, **arguments)

    def of_folders(**arguments):
        return PLAIN.flow_from_directory(folder, **arguments)

    def of_frames(**arguments):
        return PLAIN.flow_from_dataframe(frame, folder, **arguments)

    return of_arrays, of_folders, of_frames


@pytest.mark.parametrize("size", NO_SIZES, ids=repr)
def test_sizes_of_images(folder, size):
    _, of_folders, of_frames = sources(folder)
    for make in (
        of_folders,
        of_frames,
        lambda target_size: image.load_img(folder / "a" / "1.png", target_size=target_size),
    ):
        with pytest.raises(ValueError, match="`target_size` should be a tuple of two integers of"):
            make(target_size=size)


@pytest.mark.parametrize("size", [(3, 5), [3, 5], np.array([3, 5]), (np.uint8(3), np.int64(5))])
def test_sizes_of_other_types(folder, size):
    for make in sources(folder)[1:]:
        flow = make(target_size=size)
        assert flow.target_size == (3, 5)
        assert next(flow)[0].shape == (1, 3, 5, 3)
    assert image.load_img(folder / "a" / "1.png", target_size=size).size == (5, 3)


def test_three_numbers_are_no_size_of_a_flow(folder):
    assert image.load_img(folder / "a" / "1.png", target_size=(3, 5, 3)).size == (5, 3)  # as Keras
    with pytest.raises(ValueError, match="`target_size`"):
        PLAIN.flow_from_directory(folder, target_size=(3, 5, 3))


@pytest.mark.parametrize("value", ["32", b"32", 32.0, True, np.True_, [32], None, (3, 4)], ids=repr)
def test_counts(folder, value):
    for make in sources(folder):
        with pytest.raises(ValueError, match="`batch_size` should be an integer of at least 1"):
            make(batch_size=value)
        with pytest.raises(ValueError, match="`prefetch` should be an integer of at least 0"):
            make(prefetch=value)
    fitted = batchwarp.ImageDataGenerator(featurewise_center=True)
    with pytest.raises(ValueError, match="`rounds` should be an integer of at least 1"):
        fitted.fit(X, augment=True, rounds=value)
    if value is not None:
        with pytest.raises(ValueError, match="`samples` should be an integer of at least 1"):
            fitted.fit_from(PLAIN.flow(X), samples=value)


@pytest.mark.parametrize("order", [True, np.False_, 1.5, 1.0, "1", None, [1]], ids=repr)
def test_orders_of_interpolation(order):
    with pytest.raises(ValueError, match="`interpolation_order` should be an integer from 0 to 5"):
        batchwarp.ImageDataGenerator(interpolation_order=order)
    with pytest.raises(ValueError, match="`order` should be an integer from 0 to 5"):
        image.apply_affine_transform(X[0], theta=3, order=order)


@pytest.mark.parametrize("share", ["0.2", "", b"0.2", True, [0.2], [], 1, 1.5, 1j], ids=repr)
def test_shares(share):
    with pytest.raises(ValueError, match="`validation_split` must be strictly between 0 and 1"):
        batchwarp.ImageDataGenerator(validation_split=share)


@pytest.mark.parametrize("share", [0, None, False, np.float32(0.5), np.array(0.5)], ids=repr)
def test_shares_that_keras_takes(share):
    made = batchwarp.ImageDataGenerator(validation_split=share)
    assert made.flow(X, subset="validation").n == (3 if share else 0)


@pytest.mark.parametrize("value", ["no", "", b"no", [True], np.array([1, 0]), (), {}, print])
def test_switches_of_flows(folder, value):
    of_arrays, of_folders, of_frames = sources(folder)
    for makers, names in (
        ((of_arrays, of_folders, of_frames), ("shuffle",)),
        ((of_arrays,), ("ignore_class_split",)),
        ((of_folders,), ("follow_links",)),
        ((of_frames,), ("validate_filenames", "integer_classes")),
        ((of_folders, of_frames), ("keep_aspect_ratio", "exif_transpose", "scaled_decode")),
    ):
        for make in makers:
            for name in names:
                with pytest.raises(ValueError, match=f"`{name}` should be a boolean. Received"):
                    make(**{name: value})


@pytest.mark.parametrize(
    "name",
    [
        "featurewise_center",
        "samplewise_center",
        "featurewise_std_normalization",
        "samplewise_std_normalization",
        "zca_whitening",
        "horizontal_flip",
        "vertical_flip",
        "validation_augment",
    ],
)
def test_switches_of_generators(name):
    for value in ("False", "", [1], np.zeros(2)):
        with pytest.raises(ValueError, match=f"`{name}` should be a boolean. Received"):
            batchwarp.ImageDataGenerator(**{name: value})
    if name != "validation_augment":
        made = batchwarp.ImageDataGenerator()
        setattr(made, name, "False")
        with pytest.raises(ValueError, match=f"`{name}` should be a boolean. Received"):
            next(made.flow(X))


@pytest.mark.parametrize("value", [True, np.True_, np.array(True), 1, 0.5], ids=repr)
def test_switches_that_keras_takes(value):
    flow = batchwarp.ImageDataGenerator(horizontal_flip=value).flow(X, shuffle=value, seed=3)
    expected = batchwarp.ImageDataGenerator(horizontal_flip=True).flow(X, seed=3)
    np.testing.assert_array_equal(next(flow), next(expected))


@pytest.mark.parametrize("value", ["20", b"20", np.array("20"), np.str_("20"), 10**400], ids=repr)
def test_numbers_as_strings(value):
    for name in ("rotation_range", "shear_range", "channel_shift_range", "rescale", "cval"):
        with pytest.raises(ValueError, match=f"`{name}` should be a finite number"):
            batchwarp.ImageDataGenerator(**{name: value})
    with pytest.raises(ValueError, match="`theta` should be a finite number"):
        image.apply_affine_transform(X[0], theta=value)


def test_switches_of_functions(folder):
    path = folder / "a" / "1.png"
    uses = {
        "keep_aspect_ratio": lambda no: image.load_img(path, keep_aspect_ratio=no),
        "exif_transpose": lambda no: image.load_img(path, exif_transpose=no),
        "scale": lambda no: image.array_to_img(X[0], scale=no),
    }
    for name, use in uses.items():
        for value in ("no", "", []):
            with pytest.raises(ValueError, match=f"`{name}` should be a boolean. Received"):
                use(value)
    with pytest.raises(ValueError, match="`scale` should be a boolean"):
        image.save_img(folder / "2.png", X[0], scale="no")
