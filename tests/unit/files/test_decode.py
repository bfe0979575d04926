"""One file to pixels: read as a whole, decoded smaller, refused."""

from __future__ import annotations

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp.files import decode
from batchwarp.files.decode import Decoding
from batchwarp.files.reader import load
from image_files import SIZE, flow, picture, save, save_numbered, solid, values
from keras_reference import noise


@pytest.mark.parametrize("size", [0, 256, 70_000])
def test_a_file_is_read_as_a_whole(tmp_path, size):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * (size // 256))
    data, signature = decode.read_file(str(path))
    assert data == path.read_bytes()
    assert signature == (path.stat().st_size, path.stat().st_mtime_ns)


def test_a_file_that_takes_several_calls(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(200)))
    read = decode.os.read
    monkeypatch.setattr(decode.os, "read", lambda descriptor, size: read(descriptor, min(size, 7)))
    assert decode.read_file(str(path))[0] == path.read_bytes()


def test_no_descriptor_stays_open(tmp_path, monkeypatch):
    closed = []
    close = decode.os.close
    monkeypatch.setattr(decode.os, "close", lambda number: (closed.append(number), close(number)))
    with pytest.raises(OSError, match=r"not a regular file|Permission denied|Is a directory"):
        decode.read_file(str(tmp_path))
    assert len(closed) == 1 or decode.os.name == "nt"


@pytest.fixture
def numbered(tmp_path):
    return save_numbered(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe(tmp_path):
    solid(tmp_path / "a" / "1.png", 1)
    os.mkfifo(tmp_path / "a" / "pipe.jpg")
    with pytest.raises(batchwarp.ImageFileError, match=r"pipe\.jpg: not a regular file"):
        next(flow(tmp_path))
    images, _ = next(flow(tmp_path, on_error="skip"))
    assert values(images) == [1, 1]


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="everything may be read by this user"
)
def test_files_that_may_not_be_read(numbered):
    path = numbered / "a" / "2.png"
    path.chmod(0)
    with pytest.raises(batchwarp.ImageFileError, match=r"2\.png: Permission denied"):
        next(flow(numbered))


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


def png_chunks(header, content):
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(content)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


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
