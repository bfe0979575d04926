"""`load_img`, `save_img` and what else deals with single image files, against Keras."""

from __future__ import annotations

import inspect
import io
import itertools
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp import image
from keras_reference import noise

COLOR_MODES = ("rgb", "rgba", "grayscale")
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
RGB = Image.fromarray(noise((31, 44, 3)))
GREY16 = Image.fromarray(noise((31, 44)).astype("uint16") * 257)
ROTATED = Image.Exif()
ROTATED[0x0112] = 6


def translucent():
    picture = RGB.convert("RGBA")
    picture.putalpha(RGB.convert("L"))
    return picture


FILES = {
    "rgb.jpg": (RGB, {}),
    "progressive.jpg": (RGB, {"progressive": True}),
    "grey.jpg": (RGB.convert("L"), {}),
    "cmyk.jpg": (RGB.convert("CMYK"), {}),
    "exif.jpg": (RGB, {"exif": ROTATED}),
    "rgb.png": (RGB, {}),
    "rgba.png": (translucent(), {}),
    "la.png": (translucent().convert("LA"), {}),
    "palette.png": (RGB.quantize(16), {"transparency": 3}),
    "bilevel.png": (RGB.convert("1"), {}),
    "grey16.png": (GREY16, {}),
    "rgb.bmp": (RGB, {}),
    "rgb.ppm": (RGB, {}),
    "float.tif": (RGB.convert("F"), {}),
    "integers.tiff": (GREY16.convert("I"), {}),
    "animated.gif": (RGB.quantize(8), {"save_all": True, "append_images": [RGB.convert("P")]}),
    "lossy.webp": (RGB, {}),
    "1x40.png": (RGB.resize((40, 1)), {}),
    "40x1.png": (RGB.resize((1, 40)), {}),
    "1x1.png": (RGB.resize((1, 1)), {}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures")
    for name, (picture, options) in FILES.items():
        picture.save(path / name, **options)
    return path


def assert_same_picture(ours, theirs):
    assert (ours.mode, ours.size, ours.format) == (theirs.mode, theirs.size, theirs.format)
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def outcome(function, *arguments):
    """Returns a function's result, or its ValueError."""
    try:
        return function(*arguments)
    except ValueError as error:
        return error


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("color_mode", COLOR_MODES)
def test_every_format_and_interpolation(folder, keras, name, color_mode):
    path = folder / name
    theirs = keras.utils.load_img(path, color_mode)
    assert_same_picture(image.load_img(path, color_mode), theirs)
    sizes = ((16, 16), (7, 60), (*theirs.size[::-1], 3))
    for size, method, keep in itertools.product(sizes, INTERPOLATIONS, (False, True)):
        arguments = (color_mode, size, method, keep)
        ours = outcome(image.load_img, path, *arguments)
        expected = outcome(keras.utils.load_img, path, *arguments)
        if isinstance(expected, ValueError):  # what Pillow cannot resize
            assert type(ours) is ValueError
            assert str(ours) == str(expected)
        else:
            assert_same_picture(ours, expected)


def test_every_kind_of_path(folder, keras, monkeypatch):
    path = folder / "rgb.jpg"
    expected = np.asarray(keras.utils.load_img(path))
    monkeypatch.chdir(folder)
    content = io.BytesIO(path.read_bytes())
    content.seek(5)
    for given in (path, str(path), os.fsencode(path), Path("rgb.jpg"), content):
        np.testing.assert_array_equal(np.asarray(image.load_img(given)), expected)
    for function in (image.load_img, keras.utils.load_img):
        with pytest.raises(TypeError, match=r"path should be path-like or io\.BytesIO, not"):
            function(3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"color_mode": "cmyk"}, 'color_mode must be "grayscale", "rgb", or "rgba"'),
        (
            {"target_size": (8, 8), "interpolation": "area"},
            "Invalid interpolation method area specified. Supported methods are nearest, bilinear",
        ),
    ],
)
def test_messages_are_those_of_keras(folder, keras, arguments, message):
    for function in (image.load_img, keras.utils.load_img):
        with pytest.raises(ValueError, match=message):
            function(folder / "rgb.jpg", **arguments)


def test_a_missing_file(tmp_path, keras):
    for function in (image.load_img, keras.utils.load_img):
        with pytest.raises(FileNotFoundError) as caught:
            function(tmp_path / "missing.jpg")
        assert caught.value.filename == str(tmp_path / "missing.jpg")


def test_a_file_that_keras_reads_later_is_read_at_once(tmp_path, keras):
    """Keras hands a truncated file on, and fails when the pixels are used."""
    content = io.BytesIO()
    RGB.save(content, "jpeg")
    path = tmp_path / "cut.jpg"
    path.write_bytes(content.getvalue()[:900])
    with pytest.raises(OSError, match="truncated"):
        np.asarray(keras.utils.load_img(path))
    with pytest.raises(batchwarp.ImageFileError, match="truncated") as caught:
        image.load_img(path)
    assert caught.value.path == str(path)
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"no image", "not an image, or of a format that Pillow does not read"),
        (b"P6 50000 50000 255\n", "decompression bomb"),
    ],
    ids=["empty", "text", "bomb"],
)
@pytest.mark.parametrize("in_memory", [False, True])
def test_files_that_cannot_be_decoded(tmp_path, content, reason, in_memory):
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    with pytest.raises(batchwarp.ImageFileError) as caught:
        image.load_img(io.BytesIO(content) if in_memory else os.fsencode(path))
    assert caught.value.path == ("<BytesIO>" if in_memory else str(path))
    assert reason in caught.value.reason
    assert "0x" not in str(caught.value)


@pytest.mark.parametrize("target_size", [(0, 8), (8,), 8, (8.0, 8), "ab", (-1, 3)])
def test_sizes_that_are_none(folder, target_size):
    with pytest.raises(ValueError, match=r"`target_size` should be a tuple.*Received"):
        image.load_img(folder / "rgb.jpg", target_size=target_size)


def test_images_turned_by_their_exif_orientation(folder, keras):
    plain = image.load_img(folder / "exif.jpg")
    assert_same_picture(plain, keras.utils.load_img(folder / "exif.jpg"))
    turned = image.load_img(folder / "exif.jpg", exif_transpose=True)
    np.testing.assert_array_equal(np.asarray(turned), np.rot90(np.asarray(plain), -1))
    upright = image.load_img(folder / "rgb.png", exif_transpose=True)
    assert_same_picture(upright.copy(), RGB)


def without_deprecations(function, *arguments, **options):
    """Calls Keras, which passes Pillow an argument that is to go away."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return function(*arguments, **options)


@pytest.mark.parametrize("extension", ["png", "jpg", "JPEG", "bmp", "tiff"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [False, True])
def test_saved_files(tmp_path, keras, extension, channels, scale):
    x = noise((9, 12, channels), "float32") / 2 + 20
    image.save_img(tmp_path / f"ours.{extension}", x, scale=scale)
    theirs = tmp_path / f"theirs.{extension}"
    without_deprecations(keras.utils.save_img, theirs, x, scale=scale)
    assert (tmp_path / f"ours.{extension}").read_bytes() == theirs.read_bytes()


def test_saving_a_format_whose_extension_is_not_its_name(tmp_path, keras):
    with pytest.raises(KeyError, match="TIF"):
        without_deprecations(keras.utils.save_img, tmp_path / "theirs.tif", noise((9, 12, 3)))
    image.save_img(tmp_path / "ours.tif", noise((9, 12, 3)))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "ours.tif")).shape, (9, 12, 3))


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((9, 12, 3), {"file_format": "jpg", "quality": 30}),
        ((3, 9, 12), {"file_format": "png", "data_format": "channels_first"}),
        ((9, 12, 4), {"file_format": "png"}),
    ],
)
def test_saving_to_file_objects(keras, shape, options):
    ours, theirs = io.BytesIO(), io.BytesIO()
    image.save_img(ours, noise(shape), **options)
    without_deprecations(keras.utils.save_img, theirs, noise(shape), **options)
    assert ours.getvalue() == theirs.getvalue()


def test_saving_transparency_as_jpeg(tmp_path, keras):
    x = noise((9, 12, 4))
    message = "The JPEG format does not support RGBA images, converting to RGB."
    with pytest.warns(UserWarning, match=message) as caught:
        image.save_img(str(tmp_path / "ours.jpg"), x)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=message):
        without_deprecations(keras.utils.save_img, tmp_path / "theirs.jpg", x)
    assert (tmp_path / "ours.jpg").read_bytes() == (tmp_path / "theirs.jpg").read_bytes()


def test_what_cannot_be_saved(tmp_path, keras):
    x = noise((9, 12, 3))
    for function in (image.save_img, keras.utils.save_img):
        for arguments in (
            (tmp_path / "x.nonsense", x),
            (tmp_path / "x.png", x[0]),
            (tmp_path / "x.png", noise((9, 12, 2))),
            (tmp_path / "x.png", x, "rows_first"),
        ):
            with pytest.raises((ValueError, KeyError)):
                without_deprecations(function, *arguments)
    assert not list(tmp_path.iterdir())


def test_file_names_that_are_valid(folder):
    from keras_reference import keras_image

    theirs = keras_image().validate_filename
    formats = ("png", "jpg")
    for name in ("rgb.png", "RGB.PNG", "rgb.bmp", "none.png", "grey.jpg", ""):
        path = str(folder / name)
        assert image.validate_filename(path, formats) == theirs(path, formats), name
    assert image.validate_filename(folder / "rgb.png", {"png"})
    assert not image.validate_filename(folder, {""})


def test_listing_pictures(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b/2.jpg", "b/1.PNG", "a.tiff", "b/c/x.gif", "b/c/y.bmp", "jpg", "n.npy"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def listed(*arguments):
        return [path.replace(os.sep, "/") for path in image.list_pictures(*arguments)]

    assert listed(".") == ["./a.tiff", "./b/1.PNG", "./b/2.jpg", "./b/c/y.bmp"]
    assert listed(Path("b"), "jpg|gif") == ["b/2.jpg", "b/c/x.gif"]
    assert listed("b", ["png"]) == ["b/1.PNG"]
    assert listed("nowhere") == []


OLD_NAMES = """
    apply_affine_transform apply_brightness_shift apply_channel_shift array_to_img flip_axis
    img_to_array list_pictures load_img random_brightness random_channel_shift random_rotation
    random_shear random_shift random_zoom save_img transform_matrix_offset_center validate_filename
    ImageDataGenerator Iterator NumpyArrayIterator
    """


def test_the_names_of_the_older_package():
    assert set(OLD_NAMES.split()) <= set(image.__all__)
    assert list(inspect.signature(image.list_pictures).parameters) == ["directory", "ext"]
