"""Images turned upright."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from batchwarp.files.decode import Decoding
from batchwarp.files.reader import load
from batchwarp.files.sizes import size_of_file
from image_files import grey16, picture, save


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


def test_a_file_that_pillow_does_not_open(tmp_path):
    """One that libjpeg reads as far as it is looked at, and Pillow not even to its EXIF data."""
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "x.jpg"
    picture(12, 19).save(path, exif=exif)
    data = path.read_bytes()
    start = data.index(b"\xff\xdb")
    length = int.from_bytes(data[start + 2 : start + 4], "big")
    short = b"\xff\xdb" + (length - 1).to_bytes(2, "big") + data[start + 4 : start + 1 + length]
    path.write_bytes(data[:start] + short + data[start + 2 + length :])
    with pytest.raises(Image.UnidentifiedImageError):
        Image.open(path)
    options = Decoding((12, 19), exif_transpose=True)
    for loaded in (load(str(path), options, 3), size_of_file(str(path), options)):
        assert loaded.error.reason == "not an image, or of a format that Pillow does not read"


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
