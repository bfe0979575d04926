"""Images as they are stored."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp.files.options import Decoding
from batchwarp.files.reader import load
from batchwarp.files.unchanged import decode
from image_files import SIZE, flow, grey16, picture, save, solid, values


def unchanged(path):
    """Returns a file's image at its own size, as `color_mode="unchanged"` reads it."""
    data = load(str(path), Decoding((1, 1), "unchanged"), 0)
    assert data.error is None, data.error
    return decode(path.read_bytes(), str(path), False).image


def png(pixels, color_type):
    """Encodes pixels of 16 bits, which Pillow cannot, as PNG without filters."""
    height, width = pixels.shape[:2]
    rows = pixels.astype(">u2").reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    return png_chunks(header, b"".join(b"\0" + row.tobytes() for row in rows))


def png_chunks(header, content):
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(content)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


DEEP = np.random.RandomState(0).randint(0, 65536, (9, 7, 6))


@pytest.mark.parametrize(("color_type", "channels"), [(0, 1), (2, 3), (6, 4)])
def test_deep_png_files_stay_as_they_are(tmp_path, color_type, channels):
    path = tmp_path / "a" / "x.png"
    path.parent.mkdir()
    expected = DEEP[..., :channels].astype(np.uint16)
    path.write_bytes(png(expected, color_type))
    found = unchanged(path)
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, expected)
    iterator = flow(tmp_path, color_mode="unchanged", class_mode=None, target_size=(9, 7))
    assert iterator.image_shape == (9, 7, channels)
    np.testing.assert_array_equal(next(iterator)[0], expected.astype(np.float32))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK", "P", "1", "I;16", "F"])
def test_modes_of_pillow_stay_as_they_are(tmp_path, mode):
    image = grey16(picture()) if mode == "I;16" else picture().convert(mode)
    expected = np.asarray(image.convert({"P": "RGB"}.get(mode, mode)))
    for extension in ("tif", "png"):
        path = tmp_path / f"x.{extension}"
        if extension == "png" and mode in ("CMYK", "F"):  # PNG does not have these
            continue
        image.save(path)
        found = unchanged(path)
        np.testing.assert_array_equal(found.squeeze(), expected * 255 if mode == "1" else expected)
        assert found.dtype == ("uint8" if mode == "1" else expected.dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_tiff_files_of_all_depths_stay_as_they_are(tmp_path, dtype, channels):
    cv2 = pytest.importorskip("cv2")
    stored = (DEEP[..., :channels] % 120).astype(dtype)
    order = [2, 1, 0, 3][:channels] if channels > 1 else [0]
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.tif").write_bytes(cv2.imencode(".tif", stored[..., order])[1])
    found = unchanged(tmp_path / "a" / "x.tif")
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, stored)
    iterator = flow(tmp_path, color_mode="unchanged", class_mode=None, target_size=(9, 7))
    np.testing.assert_array_equal(next(iterator)[0], stored.astype(np.float32))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float16", "float64", "bool", ">u2"])
def test_arrays_in_files(tmp_path, dtype):
    (tmp_path / "a").mkdir()
    stored = (DEEP % 200).astype(dtype)
    np.save(tmp_path / "a" / "x.npy", stored)
    arguments = {"formats": "npy", "color_mode": "unchanged", "class_mode": None}
    iterator = flow(tmp_path, target_size=(9, 7), **arguments)
    assert iterator.image_shape == (9, 7, 6)
    np.testing.assert_array_equal(next(iterator)[0], stored.astype(np.float32))
    smaller = next(flow(tmp_path, target_size=(4, 3), interpolation="bilinear", **arguments))
    assert smaller.shape == (1, 4, 3, 6)
    expected = Image.fromarray(stored[..., 5].astype("float32")).resize((3, 4), 2)
    tolerance = 0.5 if np.dtype(dtype).kind in "iub" else 0.1
    np.testing.assert_allclose(smaller[0, ..., 5], np.asarray(expected), atol=tolerance)


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (np.zeros(5), r"float64 of shape \(5,\)"),
        (np.zeros((2, 3, 4, 5)), r"float64 of shape \(2, 3, 4, 5\)"),
        (np.zeros((0, 4, 3)), r"float64 of shape \(0, 4, 3\)"),
        (np.zeros((2, 3), complex), "complex128"),
        (np.array([["a"]]), "<U1"),
        (np.array([[None]]), "[Oo]bject"),
    ],
    ids=repr,
)
def test_arrays_that_are_no_images(tmp_path, stored, reason):
    (tmp_path / "a").mkdir()
    np.save(tmp_path / "a" / "x.npy", stored)
    with pytest.raises(batchwarp.ImageFileError, match=rf"x\.npy: .*{reason}"):
        next(flow(tmp_path, formats=["npy"], color_mode="unchanged"))


def test_files_with_other_channels_than_the_first(tmp_path):
    solid(tmp_path / "a" / "1.png", 1)
    save(tmp_path / "a" / "2", "jpeg-grey")
    iterator = flow(tmp_path, color_mode="unchanged")
    with pytest.raises(batchwarp.ImageFileError, match="has 1 channels where the images before it"):
        next(iterator)
    assert iterator.errors[0].path == str(tmp_path / "a" / "2.jpg")
    images, _ = next(flow(tmp_path, color_mode="unchanged", on_error="skip"))
    assert values(images) == [1, 1]


def test_depths_in_one_batch(tmp_path):
    """A batch with images of several depths is of floats, whatever their order."""
    for first, second in (("png-16", "jpeg-grey"), ("jpeg-grey", "png-16")):
        folder = tmp_path / first
        save(folder / "a" / "1", first, picture(*SIZE))
        save(folder / "a" / "2", second, picture(*SIZE))
        images, _ = next(flow(folder, color_mode="unchanged"))
        paths = sorted((folder / "a").iterdir())
        for image, path in zip(images, paths, strict=True):
            np.testing.assert_array_equal(image[..., 0], np.asarray(Image.open(path)))
