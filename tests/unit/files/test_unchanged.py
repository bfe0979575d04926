"""Pixels of files as Keras does not have them: turned upright, unchanged, decoded smaller."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import batchwarp
from batchwarp.files.decode import Decoding
from batchwarp.files.reader import load
from batchwarp.files.unchanged import decode
from image_files import SIZE, flow, grey16, picture, save, solid, values
from keras_reference import noise


@pytest.mark.parametrize("kind", ["jpeg", "jpeg-grey", "jpeg-progressive", "jpeg-444"])
@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
@pytest.mark.parametrize("target_size", [(60, 50), (30, 20), (15, 40), (300, 300)])
def test_scaled_decoding(tmp_path, kind, color_mode, target_size):
    y, x = np.mgrid[:263, :331]
    smooth = np.stack((y * 0.9, x * 0.7, (x + y) * 0.4), axis=2).astype(np.uint8)
    save(tmp_path / "a" / "x", kind, Image.fromarray(smooth))
    arguments = {"target_size": target_size, "color_mode": color_mode, "class_mode": None}
    for keep in (False, True):
        ours, plain = (
            next(flow(tmp_path, scaled_decode=scaled, keep_aspect_ratio=keep, **arguments))
            for scaled in (True, False)
        )
        assert ours.shape == plain.shape
        assert np.abs(ours - plain).mean() < 3
        assert np.abs(ours - plain).max() < 25
        if target_size == (300, 300):
            np.testing.assert_array_equal(ours, plain)
        elif target_size == (30, 20):
            assert (ours != plain).any()


@pytest.mark.parametrize("kind", ["jpeg", "jpeg-grey", "jpeg-cmyk", "png", "png-alpha", "tiff"])
@pytest.mark.parametrize("color_mode", ["rgb", "grayscale", "unchanged"])
def test_images_turned_by_their_exif_orientation(tmp_path, kind, color_mode):
    path = save(tmp_path / "x", kind, picture(12, 19))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        with Image.open(path) as stored:
            stored.load()
            stored.save(tmp_path / f"{orientation}{path.suffix}", exif=exif)
        with Image.open(tmp_path / f"{orientation}{path.suffix}") as stored:
            turned = ImageOps.exif_transpose(stored)
            if color_mode != "unchanged":
                mode = {"rgb": "RGB", "grayscale": "L"}[color_mode]
                stored, turned = (
                    image if image.mode == mode else image.convert(mode)
                    for image in (stored, turned)
                )
            for image, transpose in ((stored, False), (turned, True)):
                expected = np.asarray(image)
                loaded = load(
                    str(tmp_path / f"{orientation}{path.suffix}"),
                    Decoding(expected.shape[:2], color_mode, exif_transpose=transpose),
                    0,
                )
                assert loaded.error is None
                np.testing.assert_array_equal(loaded.image.squeeze(), expected.squeeze())


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_deep_images_turned_by_their_exif_orientation(tmp_path, extension):
    """OpenCV reads these, and turns TIFF images by itself, as Pillow does."""
    path = str(tmp_path / f"x.{extension}")
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        grey16(picture(12, 19)).save(path, exif=exif)
        # By its name, Pillow would map the file into memory, and not turn it.
        with Image.open(io.BytesIO(Path(path).read_bytes())) as stored:
            stored.load()
            expected = np.asarray(ImageOps.exif_transpose(stored))
        options = Decoding(expected.shape, "unchanged", exif_transpose=True)
        np.testing.assert_array_equal(load(path, options, 1).image[..., 0], expected)


def test_an_orientation_that_is_no_number(tmp_path):
    """Pillow passes over it."""
    path = tmp_path / "x.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    damaged = exif.tobytes().replace(
        b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06", b"\x01\x12\x00\x02\x00\x00\x00\x026\x00"
    )
    assert damaged != exif.tobytes()
    picture(12, 19).save(path, exif=damaged)
    loaded = load(str(path), Decoding((12, 19), exif_transpose=True), 3)
    np.testing.assert_array_equal(loaded.image, np.asarray(Image.open(path)))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "lanczos"])
def test_what_scaled_decoding_makes_of_edges(tmp_path, interpolation):
    """Averages, where "nearest" would choose single pixels; the documentation says so."""
    grid = np.zeros((256, 256, 3), np.uint8)
    grid[::2, ::2] = 255
    save(tmp_path / "a" / "x", "jpeg-444", Image.fromarray(grid))
    scaled, plain = (
        next(
            flow(
                tmp_path,
                scaled_decode=scaled,
                target_size=(32, 32),
                interpolation=interpolation,
                class_mode=None,
            )
        )
        for scaled in (True, False)
    )
    assert (np.abs(scaled - plain).max() > 100) == (interpolation == "nearest")


# What is stored as it is


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


def test_more_formats(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    for name in ("1.webp", "2.gif", "3.png", "4.WEBP"):
        picture(*SIZE).save(folder / name, **({"lossless": True} if "1" in name else {}))
    for formats in (("webp", "gif"), [".WEBP", "Gif"]):
        iterator = flow(tmp_path, formats=formats)
        assert [Path(name).name for name in iterator.filenames] == ["1.webp", "2.gif", "4.WEBP"]
        np.testing.assert_array_equal(next(iterator)[0][0], np.asarray(picture(*SIZE)))
    assert len(flow(tmp_path).filenames) == 1
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"filename": ["1.webp", "2.gif", "3.png"]})
    with pytest.warns(UserWarning, match="1 invalid image filename"):
        iterator = batchwarp.ImageDataGenerator().flow_from_dataframe(
            frame, folder, class_mode=None, formats=["webp", "gif"]
        )
    assert iterator.filenames == ["1.webp", "2.gif"]


# Decompression bombs


def bomb_jpeg():
    content = io.BytesIO()
    picture().save(content, "jpeg")
    data = bytearray(content.getvalue())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 60000, 60000)
    return bytes(data)


def bomb_tiff(dtype="<I", width=40000, height=50000):
    """A TIFF file of three channels of 16 bits, which OpenCV reads and Pillow does not."""
    tags = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 16), (259, 3, 1, 1),
        (262, 3, 1, 2), (273, 4, 1, 8), (277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, 100),
    ]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + bytes(200)


BOMBS = {
    "x.jpg": bomb_jpeg,
    "8 bits.png": lambda: png_chunks(struct.pack(">IIBBBBB", 50000, 50000, 8, 2, 0, 0, 0), b""),
    "16 bits.png": lambda: png_chunks(struct.pack(">IIBBBBB", 50000, 50000, 16, 2, 0, 0, 0), b""),
    "x.tif": bomb_tiff,
    "x.ppm": lambda: b"P6 50000 50000 255\n",
    "x.bmp": lambda: (
        b"BM" + struct.pack("<4I2i2H6I", 99, 0, 54, 40, 50000, 50000, 1, 24, 0, 0, 0, 0, 0, 0)
    ),
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("color_mode", ["rgb", "grayscale", "unchanged"])
def test_decompression_bombs(tmp_path, name, color_mode):
    path = tmp_path / "a" / name
    path.parent.mkdir()
    path.write_bytes(BOMBS[name]())
    loaded = load(str(path), Decoding((8, 8), color_mode), 0)
    assert "decompression bomb" in loaded.error.reason
    with pytest.raises(batchwarp.ImageFileError, match="bomb"):
        next(flow(tmp_path, color_mode=color_mode))


def test_noise_through_a_lossless_file(tmp_path):
    pixels = noise((*SIZE, 3))
    (tmp_path / "a").mkdir()
    Image.fromarray(pixels).save(tmp_path / "a" / "x.png")
    np.testing.assert_array_equal(next(flow(tmp_path))[0][0], pixels)
