"""Image files whose samples a decoder for pictures takes for something else, kept unchanged."""

from __future__ import annotations

import io
import itertools
import os
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile, PngImagePlugin

import batchwarp
from batchwarp.files.cache.listing import summaries
from batchwarp.files.options import Decoding
from batchwarp.files.reader import load
from image_files import flow, picture
from tiff_files import COMPRESSIONS, tiff

DEEP = np.random.RandomState(0).randint(0, 65536, (11, 21, 6)).astype(np.uint16)
DEEP[:3] = DEEP[:1, :1]  # so that there is something to compress
SHALLOW = (DEEP >> 8).astype(np.uint8)


def read(tmp_path, data, size=(11, 21), suffix="tif", **options):
    """Returns the image of a file, at its own size, and the reason if it cannot be read."""
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(data)
    loaded = load(str(path), Decoding(size, **{"color_mode": "unchanged", **options}), 0)
    return loaded.image, None if loaded.error is None else loaded.error.reason


def assert_stored(tmp_path, data, expected, **options):
    found, reason = read(tmp_path, data, **options)
    assert reason is None
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


# TIFF


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "uint32", "float32", "float64"])
@pytest.mark.parametrize("planar", [1, 2])
def test_tiff_of_any_number_of_channels(tmp_path, channels, dtype, planar):
    stored = DEEP[..., :channels].astype(dtype)
    for photometric in {1, 2 if channels > 2 else 1}:
        for order in "<>":
            data = tiff(stored, photometric=photometric, planar=planar, order=order)
            assert_stored(tmp_path, data, stored)


@pytest.mark.parametrize("extra", [None, (0,), (1,), (2,)])
@pytest.mark.parametrize("stored", [SHALLOW, DEEP], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize("planar", [1, 2])
def test_colours_are_multiplied_by_no_alpha(tmp_path, extra, stored, planar):
    stored = stored[..., :4]
    data = tiff(stored, photometric=2, extra=extra, planar=planar, compression="deflate")
    assert_stored(tmp_path, data, stored)


def test_translucent_tiff_as_pillow_saves_it(tmp_path):
    stored = SHALLOW[..., :4]
    Image.fromarray(stored).save(tmp_path / "saved.tif")
    assert_stored(tmp_path, (tmp_path / "saved.tif").read_bytes(), stored)


@pytest.mark.parametrize("bits", [2, 4, 6, 10, 12, 14])
def test_samples_of_odd_bits_are_not_multiplied(tmp_path, bits):
    stored = (SHALLOW if bits < 8 else DEEP)[..., :3] >> ((8 if bits < 8 else 16) - bits)
    for channels, photometric in ((1, 0), (1, 1), (3, 2)):
        data = tiff(stored[..., :channels], photometric=photometric, bits=bits)
        assert_stored(tmp_path, data, stored[..., :channels])


def test_grey_of_which_0_is_white_stays_as_it_is_stored(tmp_path):
    for stored in (SHALLOW[..., :1], DEEP[..., :1]):
        assert_stored(tmp_path, tiff(stored, photometric=0), stored)


def test_single_bits_are_0_and_255(tmp_path):
    bits = SHALLOW[..., :1] & 1
    for photometric in (0, 1):
        assert_stored(tmp_path, tiff(bits, photometric=photometric, bits=1), bits * np.uint8(255))
    for compression in ("group3", "group4", "tiff_ccitt"):
        image = Image.fromarray(bits[..., 0] > 0)
        image.save(tmp_path / "fax.tif", compression=compression)
        data = (tmp_path / "fax.tif").read_bytes()
        with Image.open(io.BytesIO(data)) as stored:
            flipped = stored.tag_v2[262] == 0
        assert_stored(tmp_path, data, (bits ^ flipped) * np.uint8(255))


def test_cmyk_of_16_bits(tmp_path):
    assert_stored(tmp_path, tiff(DEEP[..., :4], photometric=5), DEEP[..., :4])


def test_tiff_images_are_turned(tmp_path):
    """In any case, as Pillow does in the other color modes."""
    for exif_transpose in (False, True):
        data = tiff(DEEP, orientation=6)
        found, _ = read(tmp_path, data, (21, 11), exif_transpose=exif_transpose)
        np.testing.assert_array_equal(found, np.rot90(DEEP, -1))


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ({"stored": DEEP.astype(np.complex64)}, "6 × complex64, grey.*not real numbers"),
        ({"more": ((258, "H", (16, 16, 8, 8, 8, 8)),)}, "uint16/uint16/uint8.*differ in depth"),
        ({"more": ((259, "H", (34887,)),)}, "6 × uint16, grey, LERC"),
        ({"more": ((259, "H", (34712,)),)}, "JPEG 2000"),
        ({"more": ((259, "H", (12345,)),)}, "compression 12345"),
        ({"photometric": 6, "stored": SHALLOW[..., :3]}, "Y'CbCr.*lower resolution"),
        ({"more": ((259, "H", (7,)),), "planar": 2}, "JPEG.*planar configuration 2"),
        ({"more": ((317, "H", (2,)),)}, r"predictor 2\): a predictor without"),
        ({"photometric": 3, "stored": SHALLOW[..., :1]}, "palette"),
    ],
    ids=str,
)
def test_layouts_that_are_not_read_are_named(tmp_path, layout, words):
    layout = {"stored": DEEP, **layout}
    image, reason = read(tmp_path, tiff(layout.pop("stored"), **layout))
    assert image is None
    assert re.search(words, reason)


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("stored", [SHALLOW[..., :3], DEEP[..., :3]], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_damaged_tiff_is_an_error(tmp_path, capfd, compression, stored, tile):
    if compression in ("lzw", "lzma", "zstd"):
        pytest.importorskip("imagecodecs", reason="compresses")
    layout = {"photometric": 2, "compression": compression, "tile": tile}
    assert_stored(tmp_path, tiff(stored, **layout), stored)
    damages = [lambda block: block[: len(block) // 2], lambda block: block[:1]]
    if compression == "deflate":  # which has a checksum
        damages.append(lambda block: block[:-1] + bytes((block[-1] ^ 1,)))
        damages.append(lambda block: block[:20] + bytes(len(block) - 20))
    for damage in damages:
        image, reason = read(tmp_path, tiff(stored, **layout, damage=damage))
        assert image is None
        assert "damaged" in reason
    capfd.readouterr()  # libtiff has something to say


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate", "packbits"])
def test_tiff_files_that_end_early(tmp_path, capfd, compression):
    picture(60, 80).save(tmp_path / "saved.tif", compression=compression)
    data = (tmp_path / "saved.tif").read_bytes()
    for end in (5, 30, len(data) // 2, len(data) - 1):
        image, reason = read(tmp_path, data[:end])
        assert image is None
        assert "ends early" in reason
    capfd.readouterr()


DEPTHS = [("u", bits) for bits in (1, 2, 4, 6, 8, 10, 12, 14, 16, 32, 64)]
DEPTHS += [*(("i", bits) for bits in (8, 16, 32, 64)), ("f", 16), ("f", 32), ("f", 64)]
# Photometric, samples, extra samples.
MEANINGS = [(0, 1, None), (1, 1, None), (1, 3, (0, 0)), (1, 4, (0, 0, 0)), (1, 6, (0,) * 5)]
MEANINGS += [(1, 2, (extra,)) for extra in (0, 1, 2)] + [(2, 3, None), (2, 4, None)]
MEANINGS += [(2, 4, (extra,)) for extra in (0, 1, 2)] + [(2, 5, (0, 0)), (2, 5, (2, 0))]
MEANINGS += [(5, 4, None), (5, 5, (0,)), (8, 3, None)]
SWEEP = list(
    itertools.product(
        DEPTHS,
        MEANINGS,
        (1, 2),  # planar configuration
        COMPRESSIONS,
        (1, 2, 3),  # predictor
        (None, (16, 16)),  # tiles
        "<>",
        (False, True),  # BigTIFF
        (1, 2),  # fill order
    )
)


def is_possible(combination):
    (kind, bits), (_, channels, _), planar, compression, predictor, *_ = combination
    return (
        (planar == 1 or channels > 1)
        and (predictor == 1 or compression not in ("none", "packbits"))
        and (predictor != 2 or bits in (8, 16, 32, 64))
        and (predictor != 3 or kind == "f")
    )


def test_layouts_as_tifffile_reads_them(tmp_path):
    """Samples of all combinations, or all of them if `BATCHWARP_ALL_LAYOUTS` is set."""
    tifffile = pytest.importorskip("tifffile", reason="reads the same files")
    pytest.importorskip("imagecodecs", reason="compresses and decompresses")
    possible = [combination for combination in SWEEP if is_possible(combination)]
    if not os.environ.get("BATCHWARP_ALL_LAYOUTS"):
        chosen = np.random.RandomState(0).permutation(len(possible))[:400]
        possible = [possible[index] for index in chosen]
    for combination in possible:
        (kind, bits), (photometric, channels, extra), planar, compression, *rest = combination
        predictor, tile, order, big, fill_order = rest
        size = next(size for size in (1, 2, 4, 8) if bits <= 8 * size)
        numbers = np.random.RandomState(bits).randint(0, 2 ** min(bits, 31), (11, 21, channels))
        numbers[:4] = numbers[0, 0]
        stored = (numbers - (2 ** min(bits, 31) // 2) * (kind != "u")).astype(f"{kind}{size}")
        data = tiff(
            stored,
            photometric=photometric,
            extra=extra,
            bits=bits if bits not in (8, 16, 32, 64) else None,
            planar=planar,
            compression=compression,
            predictor=predictor,
            tile=tile,
            order=order,
            big=big,
            fill_order=fill_order,
        )
        theirs = tifffile.imread(io.BytesIO(data))
        if planar == 2:
            theirs = np.moveaxis(theirs, 0, -1)
        np.testing.assert_array_equal(theirs.reshape(stored.shape), stored, str(combination))
        ours, reason = read(tmp_path, data)
        assert reason is None, combination
        assert ours.dtype == stored.dtype, combination
        expected = stored * np.uint8(255) if bits == 1 and channels == 1 else stored
        np.testing.assert_array_equal(ours, expected, str(combination))


# PNG


def png(header, content, *others, end=b"IEND"):
    """Returns a PNG file of uncompressed rows, with other chunks before its pixels."""
    chunks = [(b"IHDR", header), *others, (b"IDAT", zlib.compress(content)), (end, b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def deep_png(stored, color_type, *others, bits=16):
    height, width = stored.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    rows = stored.astype(">u2" if bits == 16 else "u1").reshape(height, -1)
    return png(header, b"".join(b"\0" + row.tobytes() for row in rows), *others)


PNGS = [(0, 1), (4, 2), (2, 3), (6, 4)]


@pytest.mark.parametrize(("color_type", "channels"), PNGS)
def test_png_of_16_bits(tmp_path, color_type, channels):
    stored = DEEP[..., :channels]
    data = deep_png(stored, color_type)
    for tail in (b"", b"\0", b"more than a kilobyte " * 99):
        assert_stored(tmp_path, data + tail, stored, suffix="png")


@pytest.mark.parametrize("bits", [8, 16])
def test_a_transparent_colour_is_no_channel(tmp_path, bits):
    for color_type, channels in ((0, 1), (2, 3)):
        stored = (DEEP if bits == 16 else SHALLOW)[..., :channels]
        key = struct.pack(f">{channels}H", *stored[0, 0])
        data = deep_png(stored, color_type, (b"tRNS", key), bits=bits)
        assert_stored(tmp_path, data, stored, suffix="png")


@pytest.mark.parametrize("bits", [8, 16])
def test_an_animation_apart_from_the_image(tmp_path, bits):
    stored = (DEEP if bits == 16 else SHALLOW)[..., :3]
    control = struct.pack(">IIIIIHHBB", 0, 21, 11, 0, 0, 1, 1, 0, 0)
    data = deep_png(stored, 2, (b"acTL", struct.pack(">II", 1, 0)), bits=bits)
    frame = zlib.compress(b"\0" * (11 * (1 + 63 * bits // 8)))
    chunks = b""
    for name, content in ((b"fcTL", control), (b"fdAT", struct.pack(">I", 1) + frame)):
        checksum = struct.pack(">I", zlib.crc32(name + content))
        chunks += struct.pack(">I", len(content)) + name + content + checksum
    assert_stored(tmp_path, data[:-12] + chunks + data[-12:], stored, suffix="png")


@pytest.mark.parametrize(("color_type", "channels"), PNGS)
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("forgiving", [False, True])
def test_damaged_png_is_an_error(tmp_path, monkeypatch, color_type, channels, bits, forgiving):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", forgiving)
    stored = (DEEP if bits == 16 else SHALLOW)[..., :channels]
    data = deep_png(stored, color_type, bits=bits)
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 16
    for content, words in (
        (data[: len(data) // 2], "ends early"),
        (data[:-20], "ends early"),
        (data[:20], "ends early"),
        (bytes(flipped), "checksum of its chunk IDAT"),
    ):
        image, reason = read(tmp_path, content, suffix="png")
        assert image is None
        assert words in reason
    assert_stored(tmp_path, data[:-12], stored, suffix="png")  # nothing but its end is missing


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_png_of_few_bits(tmp_path, bits):
    stored = SHALLOW[:, :16, :1] >> (8 - bits)
    digits = (stored[..., 0][..., np.newaxis] >> np.arange(bits)[::-1]) & 1
    rows = np.packbits(digits.reshape(11, -1), axis=1)
    header = struct.pack(">IIBBBBB", 16, 11, bits, 0, 0, 0, 0)
    data = png(header, b"".join(b"\0" + row.tobytes() for row in rows))
    expected = stored * np.uint8(255) if bits == 1 else stored
    assert_stored(tmp_path, data, expected, size=(11, 16), suffix="png")


def test_interlaced_png_of_16_bits(tmp_path):
    """Its seven passes, each of a part of the pixels."""
    passes = [(0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2)]
    passes.append((1, 2, 0, 1))
    for color_type, channels in PNGS:
        stored = DEEP[..., :channels]
        content = b""
        for top, down, left, right in passes:
            for row in stored[top::down, left::right]:
                content += b"\0" + row.astype(">u2").tobytes() if row.size else b""
        header = struct.pack(">IIBBBBB", 21, 11, 16, color_type, 0, 0, 1)
        assert_stored(tmp_path, png(header, content), stored, suffix="png")


# Others


@pytest.mark.parametrize("greatest", [15, 255, 1000, 65535])
@pytest.mark.parametrize(("kind", "channels"), [(2, 1), (3, 3), (5, 1), (6, 3)])
def test_ppm_of_any_depth(tmp_path, greatest, kind, channels):
    dtype = "uint8" if greatest < 256 else "uint16"
    stored = (DEEP[..., :channels].astype(int) % (greatest + 1)).astype(dtype)
    text = " ".join(map(str, stored.ravel())).encode()
    content = text if kind < 4 else stored.astype(stored.dtype.newbyteorder(">")).tobytes()
    data = b"P%d # a comment\n21 11\n%d\n" % (kind, greatest) + content
    assert_stored(tmp_path, data, stored, suffix="ppm")
    if greatest != 255:
        image, reason = read(tmp_path, data[: -len(content) // 2], suffix="ppm")
        assert image is None
        assert "ends early" in reason


def test_formats_of_which_8_bits_would_be_read(tmp_path):
    header = b"\xff\x4f\xff\x51" + struct.pack(">HHIIIIIIIIH", 47, 0, 9, 9, 0, 0, 9, 9, 0, 0, 3)
    image, reason = read(tmp_path, header + bytes((15, 1, 1)) * 3 + bytes(99), suffix="jp2")
    assert image is None
    assert "JPEG 2000 image of 3 × 16 bits" in reason


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_translucent_pictures(tmp_path, suffix):
    stored = SHALLOW[..., :4]
    path = tmp_path / f"saved.{suffix}"
    Image.fromarray(stored).save(
        path, **({"lossless": True, "exact": True} if suffix == "webp" else {})
    )
    assert_stored(tmp_path, path.read_bytes(), stored, suffix=suffix)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["bool", ">i8", "<u4", ">f2", "int64", "uint64", "int8", ">f8"])
def test_arrays_of_any_dtype(tmp_path, order, dtype):
    stored = np.asarray(DEEP % 100, dtype, order=order)
    np.save(tmp_path / "saved.npy", stored)
    content = (tmp_path / "saved.npy").read_bytes()
    native = np.dtype("uint8") if dtype == "bool" else stored.dtype.newbyteorder("=")
    assert_stored(tmp_path, content, stored.astype(native), suffix="npy")
    for end in (20, 200, len(content) - 1):
        image, reason = read(tmp_path, content[:end], suffix="npy")
        assert image is None
        assert reason


@pytest.mark.parametrize("shape", ["(9999999, 9999999, 99)", "(-1, 5)", "(0, 5)", "()", "(2**9,)"])
def test_arrays_of_impossible_sizes(tmp_path, shape):
    """They were "too little memory", which is not the file's fault."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}".encode()
    data = b"\x93NUMPY\x01\0" + struct.pack("<H", len(header) + 1) + header + b"\n" + bytes(80)
    image, reason = read(tmp_path, data, suffix="npy")
    assert image is None
    assert reason


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_jpeg_within_tiff(tmp_path, mode, orientation):
    path = tmp_path / "saved.tif"
    picture(40, 30).convert(mode).save(path, compression="jpeg", tiffinfo={274: orientation})
    with Image.open(path) as stored:
        expected = np.asarray(stored).reshape(*stored.size[::-1], -1)
    assert expected.shape[:2] == ((40, 30) if orientation == 1 else (30, 40))
    assert_stored(tmp_path, path.read_bytes(), expected, size=expected.shape[:2])


def test_arrays_that_would_run_code(tmp_path):
    np.save(tmp_path / "saved.npy", np.array([[print]]), allow_pickle=True)
    image, reason = read(tmp_path, (tmp_path / "saved.npy").read_bytes(), suffix="npy")
    assert image is None
    assert "allow_pickle" in reason or "object" in reason.lower()


def test_planar_tiff_in_a_flow(tmp_path):
    """The first plane came as if it were interleaved, and the rest as what was in memory."""
    (tmp_path / "a").mkdir()
    stored = DEEP[..., :3]
    (tmp_path / "a" / "x.tif").write_bytes(tiff(stored, photometric=2, planar=2))
    images = next(flow(tmp_path, color_mode="unchanged", class_mode=None, target_size=(11, 21)))
    np.testing.assert_array_equal(images[0], stored.astype(np.float32))


def test_an_orientation_that_cannot_be_read(tmp_path):
    stored = np.asarray(picture(11, 21))
    for info in ({"exif": b"Exif\0\0no TIFF"}, {}):
        path = tmp_path / "x.png"
        extra = PngImagePlugin.PngInfo()
        if not info:
            extra.add(b"eXIf", b"neither")
        Image.fromarray(stored).save(path, pnginfo=extra, **info)
        for color_mode in ("rgb", "unchanged"):
            loaded = load(str(path), Decoding((11, 21), color_mode, exif_transpose=True), 0)
            assert loaded.error is None
            np.testing.assert_array_equal(loaded.image, stored)
        image = batchwarp.image.load_img(path, exif_transpose=True)
        np.testing.assert_array_equal(np.asarray(image), stored)
    assert Path(path).exists()


def test_cached_samples_of_earlier_versions_are_not_taken(tmp_path):
    (tmp_path / "a").mkdir()
    Image.fromarray(SHALLOW[..., :4]).save(tmp_path / "a" / "x.tif")
    options = {"class_mode": None, "target_size": (11, 21), "classes": ["a"]}
    next(flow(tmp_path, color_mode="unchanged", cache=tmp_path / "cached", **options))
    next(flow(tmp_path, color_mode="rgba", cache=tmp_path / "cached", **options))
    settings = [found.settings for found in summaries(tmp_path / "cached")]
    samples = {found["color_mode"]: found.get("samples") for found in settings}
    assert samples == {"unchanged": "as stored", "rgba": None}
