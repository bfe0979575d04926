"""Damaged files: pixels that Pillow and so Keras sees, or `ImageFileError`; never a crash."""

from __future__ import annotations

import io
import os
import re
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from batchwarp.errors import ImageFileError
from batchwarp.files.jpeg import ordinary_jpeg
from batchwarp.files.options import Decoding
from batchwarp.files.reader import load
from image_files import KINDS, picture
from keras_reference import quiet

MODES = {"rgb": "RGB", "rgba": "RGBA", "grayscale": "L"}
GREY = ("L", "I;16", "I")
EXAMPLES = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def encoded(kind):
    _, convert, options = KINDS[kind]
    content = io.BytesIO()
    name = {"jpg": "jpeg", "tif": "tiff"}.get(KINDS[kind][0].lower(), KINDS[kind][0])
    convert(picture(33, 40)).save(content, name, **options)
    return content.getvalue()


JPEGS = [encoded(kind) for kind in KINDS if kind.startswith("jpeg")]
OTHERS = [encoded(kind) for kind in KINDS if not kind.startswith("jpeg")]
for kind in ("gif", "webp"):
    buffer = io.BytesIO()
    picture(33, 40).save(buffer, kind)
    OTHERS.append(buffer.getvalue())


@st.composite
def damaged(draw, seeds):
    """A file that is cut, has bytes or bits changed, or a piece removed, repeated or exchanged."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 3))):
        position = draw(st.integers(0, max(0, len(data) - 1)))
        change = draw(st.sampled_from(["cut", "bit", "byte", "remove", "repeat", "splice"]))
        if change == "cut":
            del data[position:]
        elif change in ("bit", "byte") and data:
            data[position] ^= 1 << draw(st.integers(0, 7)) if change == "bit" else 0xFF
        elif change in ("remove", "repeat"):
            piece = data[position : position + draw(st.integers(1, 40))]
            data[position : position + len(piece)] = b"" if change == "remove" else piece * 2
        elif change == "splice":
            data[position:] = draw(st.sampled_from(seeds))[position:]
    return bytes(data)


@contextmanager
def silent():
    """Switches off what libjpeg and libtiff print, and Pillow's warnings."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@pytest.fixture(autouse=True)
def _small_images_only(monkeypatch):
    """A changed byte may ask for gigabytes; Pillow refuses more than twice this many pixels."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100_000)


def as_keras_reads_it(data, color_mode, size, interpolation):
    """Returns an array as Keras' `load_img` with Pillow gives it, or the error."""
    try:
        image = Image.open(io.BytesIO(data))
        if not (color_mode == "grayscale" and image.mode in GREY):
            image = image.convert(MODES[color_mode])
        if image.size != (size[1], size[0]):
            image = image.resize((size[1], size[0]), Image.Resampling[interpolation.upper()])
        return np.asarray(image)
    except Exception as error:  # noqa: BLE001 - of all kinds
        return error


def assert_read_as_by_keras(data, path, color_mode, size, interpolation):
    path.write_bytes(data)
    with silent():
        expected = as_keras_reads_it(data, color_mode, size, interpolation)
        loaded = load(str(path), Decoding(size, color_mode, interpolation), 0)
    if isinstance(expected, Exception):
        assert loaded.image is None
        assert type(loaded.error) is ImageFileError
        assert loaded.error.path == str(path)
        assert loaded.error.reason
    else:
        assert loaded.error is None, loaded.error
        np.testing.assert_array_equal(loaded.image.squeeze(), expected.squeeze())


COLOR_MODES = st.sampled_from(list(MODES))
SIZES = st.sampled_from([(33, 40), (9, 14), (50, 41)])
INTERPOLATIONS = st.sampled_from(["nearest", "bilinear", "lanczos"])


@EXAMPLES
@given(damaged(JPEGS), COLOR_MODES, SIZES, INTERPOLATIONS)
def test_damaged_jpeg_files(tmp_path, data, color_mode, size, interpolation):
    assert_read_as_by_keras(data, tmp_path / "x.jpg", color_mode, size, interpolation)


@EXAMPLES
@given(damaged(OTHERS), COLOR_MODES, SIZES, INTERPOLATIONS)
def test_other_damaged_files(tmp_path, data, color_mode, size, interpolation):
    assert_read_as_by_keras(data, tmp_path / "x.png", color_mode, size, interpolation)


@EXAMPLES
@given(st.data())
def test_every_way_of_reading_ends(tmp_path, data):
    """With the options that Keras does not have there is nothing to compare with."""
    path = tmp_path / "x.png"
    path.write_bytes(data.draw(damaged(JPEGS + OTHERS)))
    options = Decoding(
        data.draw(SIZES),
        data.draw(st.sampled_from([*MODES, "unchanged"])),
        keep_aspect_ratio=data.draw(st.booleans()),
        exif_transpose=data.draw(st.booleans()),
        scaled_decode=data.draw(st.booleans()),
    )
    with silent():
        loaded = load(str(path), options, 0)
    if loaded.error is None:
        assert loaded.image.shape[:2] == options.target_size
    else:
        assert type(loaded.error) is ImageFileError


MARKERS = st.sampled_from([b"\xff\xd8\xff", b"\xff\xc0", b"\xff\xc2", b"\xff\xda", b"\xff\xd9"])


@EXAMPLES
@given(st.lists(st.binary(max_size=20) | MARKERS, max_size=12))
def test_headers_of_random_bytes(pieces):
    for start in (b"", b"\xff\xd8\xff", JPEGS[0][:160]):
        header = ordinary_jpeg(start + b"".join(pieces))
        if header is not None:
            assert header.height >= 1
            assert header.width >= 1
            assert header.components in (1, 3)


@EXAMPLES
@given(damaged(JPEGS))
def test_headers_agree_with_pillow(data):
    header = ordinary_jpeg(data)
    if header is None:
        return
    with silent():
        try:
            image = Image.open(io.BytesIO(data))
        except Exception:  # noqa: BLE001 - of all kinds
            return
    assert (header.width, header.height) == image.size
    assert header.components == len(image.getbands())


def test_whole_files_have_headers():
    """Otherwise OpenCV would never be asked, and all else here would only compare Pillow."""
    found = [ordinary_jpeg(data) for data in JPEGS]
    assert sum(header is not None for header in found) == len(JPEGS) - 1  # CMYK is not ordinary
    assert all(header[:2] == (33, 40) for header in found if header is not None)
    assert not any(ordinary_jpeg(data[:-2]) for data in JPEGS)
    assert not any(ordinary_jpeg(data) for data in OTHERS)


def test_progressive_files_without_their_last_scans(tmp_path):
    """Such a file is whole for both decoders, which smooth what the missing scans would tell."""
    data = JPEGS[[kind for kind in KINDS if kind.startswith("jpeg")].index("jpeg-progressive")]
    scans = [found.start() for found in re.finditer(b"\xff\xda", data)]
    assert len(scans) > 5
    for end in scans[1:]:
        cut = data[:end] + b"\xff\xd9"
        if ordinary_jpeg(cut) is None:  # tables that belonged to the scan are the end
            continue
        assert_read_as_by_keras(cut, tmp_path / "x.jpg", "rgb", (33, 40), "nearest")
    assert ordinary_jpeg(data[: scans[1]] + b"\xff\xd9") is not None
