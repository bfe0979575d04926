"""Images that are kept unchanged, resized: of any number of channels, and of any dtype."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp.files.options import Decoding
from batchwarp.files.reader import load
from batchwarp.files.resampling import resize
from tiff_files import tiff

METHODS = ["nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"]
COLOUR = (100, 100, 100, 0)


def unchanged(path, interpolation, size=(5, 4)):
    loaded = load(str(path), Decoding(size, "unchanged", interpolation), 0)
    assert loaded.error is None, loaded.error
    return loaded.image


@pytest.mark.parametrize("interpolation", METHODS)
@pytest.mark.parametrize("suffix", ["npy", "jpg", "tif"])
def test_a_fourth_channel_that_is_no_alpha(tmp_path, interpolation, suffix):
    """It counted as one, and where it is 0 the others became 0."""
    stored = np.full((9, 7, 4), COLOUR, np.uint8)
    path = tmp_path / f"x.{suffix}"
    if suffix == "npy":
        np.save(path, stored)
    elif suffix == "jpg":
        Image.fromarray(stored, "CMYK").save(path, quality=100)
    else:
        path.write_bytes(tiff(stored, photometric=1, extra=(0, 0, 0)))
    assert np.abs(unchanged(path, interpolation).astype(int) - COLOUR).max() <= (suffix == "jpg")


@pytest.mark.parametrize("interpolation", METHODS)
@pytest.mark.parametrize(("extra", "is_alpha"), [(None, True), ((2,), True), ((1,), False)])
def test_an_alpha_channel(tmp_path, interpolation, extra, is_alpha):
    """Colours that are seen count more, as in Pillow; not those that are multiplied already."""
    stored = np.random.RandomState(0).randint(0, 256, (9, 7, 4)).astype(np.uint8)
    path = tmp_path / "x.tif"
    path.write_bytes(tiff(stored, photometric=2, extra=extra))
    found = unchanged(path, interpolation)
    method = Image.Resampling[interpolation.upper()]
    expected = np.asarray(Image.fromarray(stored).resize((4, 5), method))
    assert np.array_equal(found, expected) == (is_alpha or interpolation == "nearest")


INTEGERS = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]


@pytest.mark.parametrize("dtype", [*INTEGERS, "float16", "float32", "float64", "bool"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_nearest_chooses_pixels(tmp_path, dtype, channels):
    raw = np.random.RandomState(0).bytes(9 * 7 * channels * 8)
    if dtype == "bool":
        stored = (np.frombuffer(raw, "u8") % 2).astype(bool)
    else:
        stored = np.frombuffer(raw, dtype)[: 9 * 7 * channels]
    stored = stored.reshape(9, 7, channels)
    np.save(tmp_path / "x.npy", stored)
    for size in ((5, 4), (9, 3), (20, 30)):
        positions = Image.fromarray(np.arange(63, dtype=np.int32).reshape(9, 7))
        rows, columns = np.divmod(np.asarray(positions.resize(size[::-1], 0)), 7)
        found = unchanged(tmp_path / "x.npy", "nearest", size)
        np.testing.assert_array_equal(found, stored[rows, columns])


@pytest.mark.parametrize("interpolation", METHODS)
@pytest.mark.parametrize("dtype", INTEGERS)
def test_the_limits_of_integers_stay(tmp_path, interpolation, dtype):
    """The largest became the smallest."""
    limits = np.iinfo(dtype)
    for value in (limits.min, limits.max, limits.max // 3):
        np.save(tmp_path / "x.npy", np.full((9, 7, 2), value, dtype))
        found = unchanged(tmp_path / "x.npy", interpolation)
        assert found.dtype == dtype
        # Of numbers of 64 bits, a float64 has 53.
        assert max(abs(int(x) - value) for x in found.ravel()) <= abs(value) >> 51


@pytest.mark.parametrize("interpolation", METHODS[1:])
@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "float64"])
def test_large_numbers_keep_their_last_digits(tmp_path, interpolation, dtype):
    """2²⁴ + 1 became 2²⁴."""
    slope = np.arange(9 * 7).reshape(9, 7, 1)
    np.save(tmp_path / "x.npy", (slope + 2**30 + 1).astype(dtype))
    np.save(tmp_path / "small.npy", slope.astype("float64"))
    expected = unchanged(tmp_path / "small.npy", interpolation) + 2**30 + 1
    found = unchanged(tmp_path / "x.npy", interpolation)
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.5 if dtype != "float64" else 1e-6)


@pytest.mark.parametrize("interpolation", METHODS)
@pytest.mark.parametrize("size", [(5, 4), (9, 20), (40, 7), (1, 1), (31, 2)])
def test_float64_as_pillow_resizes_float32(interpolation, size):
    image = np.random.RandomState(0).standard_normal((9, 7, 2)).astype(np.float32)
    for box in ((0, 0, 7, 9), (1, 2, 5, 8)):
        expected = resize(image, size, interpolation, box)
        found = resize(image.astype(np.float64), size, interpolation, box)
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_large_numbers_in_a_flow(tmp_path):
    (tmp_path / "a").mkdir()
    stored = np.full((9, 7, 2), 2**24 + 1, np.int32)
    np.save(tmp_path / "a" / "x.npy", stored)
    generator = batchwarp.ImageDataGenerator(dtype="float64")
    images = next(
        generator.flow_from_directory(
            tmp_path, (5, 4), "unchanged", class_mode=None, formats="npy", interpolation="bilinear"
        )
    )
    assert images.dtype == np.float64
    np.testing.assert_array_equal(images, 2**24 + 1)
