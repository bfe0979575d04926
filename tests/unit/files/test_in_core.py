"""Files made by the core: the pixels of the other ways, and what is left to them."""

from __future__ import annotations

import io
import os
import signal
import threading

import numpy as np
import pytest
from PIL import Image, ImageOps

from batchwarp import _core
from batchwarp.files import libjpeg, reader
from batchwarp.files.in_core import Warp, made_in_core, makes
from batchwarp.files.options import Decoding
from batchwarp.ops.list import COLUMNS
from image_files import KINDS, flow, picture, save, save_numbered, values

pytestmark = pytest.mark.skipif(not libjpeg.is_used(), reason="JPEG files are not the core's here")

ORDINARY = [kind for kind in KINDS if kind.startswith("jpeg") and kind != "jpeg-cmyk"]


@pytest.fixture
def photographs(tmp_path):
    """Paths of files of ordinary kinds, the last one smaller than most targets."""
    paths = [
        save(tmp_path / str(number), kind, picture(41, 67, number))
        for number, kind in enumerate(ORDINARY)
    ]
    return [str(path) for path in (*paths, save(tmp_path / "small", "jpeg", picture(9, 8)))]


def decoded(paths, options):
    """The images that the way of one file makes."""
    return [reader.load(path, options, 0) for path in paths]


@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
@pytest.mark.parametrize("interpolation", _core.INTERPOLATIONS)
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("size", [(20, 30), (41, 67), (41, 20), (67, 41), (90, 100), (3, 1)])
def test_pixels(photographs, color_mode, interpolation, keep, size):
    options = Decoding(size, color_mode, interpolation, keep)
    expected = decoded(photographs, options)
    images = np.empty((len(photographs), *expected[0].image.shape), np.uint8)
    made = made_in_core(photographs, options, images)
    for image, ours, theirs in zip(images, made, expected, strict=True):
        assert ours.image.base is images
        assert (ours.size, ours.signature) == (theirs.size, theirs.signature)
        np.testing.assert_array_equal(image, theirs.image)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("size", [(5, 8), (10, 16), (30, 40), (50, 90)])
def test_scaled(photographs, keep, size):
    """At a half, a quarter, an eighth or none, as the way of one file has it."""
    options = Decoding(size, keep_aspect_ratio=keep, scaled_decode=True, interpolation="bilinear")
    expected = decoded(photographs, options)
    images = np.empty((len(photographs), *size, 3), np.uint8)
    assert all(made_in_core(photographs, options, images))
    for image, theirs in zip(images, expected, strict=True):
        np.testing.assert_array_equal(image, theirs.image)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "uint8"])
@pytest.mark.parametrize("order", [0, 1, 3])
def test_images_are_augmented(photographs, data_format, dtype, order):
    options = Decoding((20, 30))
    plan = _core.Plan(
        height=20, width=30, channels=3, data_format=data_format, interpolation_order=order
    )
    params = np.tile([column.neutral for column in COLUMNS], (6, 1))
    params[:, 0] = np.linspace(0, 1, 6)
    pixels = np.stack([loaded.image for loaded in decoded(photographs, options)])
    first = data_format == "channels_first"
    if first:
        pixels = pixels.transpose(0, 3, 1, 2)
    expected = np.empty(pixels.shape, dtype)
    _core.augment_batch(pixels, None, params, plan, expected)
    for images in (None, np.empty((6, 20, 30, 3), np.uint8)):
        batch = np.full(expected.shape, 77, dtype)
        made = made_in_core(photographs, options, images, Warp(plan, params, batch))
        assert all(loaded.is_warped for loaded in made)
        np.testing.assert_array_equal(batch, expected)
        assert all((loaded.image is None) == (images is None) for loaded in made)


def test_what_is_left(tmp_path):
    """All that is no ordinary JPEG file, cannot be read, or is not wanted."""
    good = save(tmp_path / "good", "jpeg")
    data = good.read_bytes()
    contents = {
        "empty": b"", "short": data[:2], "three": data[:3], "ends early": data[:-40],
        "no image": b"\xff\xd8\xff" + bytes(500),
    }  # fmt: skip
    paths = [save(tmp_path / kind, kind) for kind in KINDS if kind not in ORDINARY]
    for name, content in contents.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(content)
    paths += [tmp_path, tmp_path / "missing.jpg", None, "a\0b.jpg"]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
        paths.append(tmp_path / "pipe.jpg")
    images = np.zeros((len(paths) + 1, 6, 5, 3), np.uint8)
    *left, made = made_in_core([*map(str, paths[:-2]), *paths[-2:], str(good)], DECODING, images)
    assert left == [None] * len(paths)
    np.testing.assert_array_equal(images[-1], reader.load(str(good), DECODING, 3).image)
    assert made.image is not None


DECODING = Decoding((6, 5))


def test_paths_of_all_kinds(tmp_path):
    path = save(tmp_path / "bild-ü", "jpeg")
    images = np.empty((3, 6, 5, 3), np.uint8)
    made = made_in_core([str(path), path, os.fsencode(path)], DECODING, images)
    assert all(made)
    assert (images == images[0]).all()


def test_too_large_a_file_is_left(photographs, monkeypatch):
    images = np.empty((1, 6, 5, 3), np.uint8)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 41 * 67)
    assert made_in_core(photographs[:1], DECODING, images) != [None]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 41 * 67 - 1)
    assert made_in_core(photographs[:1], DECODING, images) == [None]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert made_in_core(photographs[:1], DECODING, images) != [None]


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
def test_files_that_are_turned(tmp_path, interpolation, keep, color_mode):
    for number in range(10):
        exif = Image.Exif()
        exif[0x0112] = number
        kind = picture(41, 67, number).convert("RGB" if number % 2 else "L")
        kind.save(tmp_path / f"{number}.jpg", exif=exif)
    paths = [str(path) for path in sorted(tmp_path.iterdir())]
    options = Decoding((20, 33), color_mode, interpolation, keep, exif_transpose=True)
    images = np.empty((10, 20, 33, {"rgb": 3, "rgba": 4, "grayscale": 1}[color_mode]), np.uint8)
    made = made_in_core(paths, options, images)
    for path, image, one in zip(paths, images, made, strict=True):
        with Image.open(path) as stored:
            turned = ImageOps.exif_transpose(stored)
        assert one.size == (turned.height, turned.width)
        np.testing.assert_array_equal(image, reader.load(path, options, 0).image)


def test_a_file_that_is_turned_nobody_knows_how_is_left(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    damaged = exif.tobytes().replace(b"\x01\x12\x00\x03", b"\x01\x12\x00\x04")
    picture(41, 67).save(tmp_path / "turned.jpg", exif=damaged)
    images = np.empty((1, 6, 5, 3), np.uint8)
    paths = [str(tmp_path / "turned.jpg")]
    assert made_in_core(paths, Decoding((6, 5), exif_transpose=True), images) == [None]
    assert made_in_core(paths, DECODING, images) != [None]


def test_what_is_said_of_files(photographs, tmp_path):
    """Nothing where nobody asks and all is made: what is left is what is said then."""
    decoding = _core.FileDecoding(
        size=(6, 5), channels=3, interpolation="nearest", keep_aspect_ratio=False,
        exif_transpose=False, scaled_decode=False, pillow=(13, 0), max_pixels=0,
    )  # fmt: skip
    for described in (True, False):
        _, found, _ = _core.make_files(photographs, decoding, described=described)
        assert (found is None) == (not described)
    other = str(save(tmp_path / "other", "png"))
    _, found, _ = _core.make_files([photographs[0], other], decoding, described=False)
    assert found[0].tolist() == [True, False]


@pytest.mark.parametrize("color_mode", ["unchanged", "palette"])
def test_what_the_core_does_not_make(color_mode, monkeypatch):
    assert makes(DECODING)
    assert not makes(Decoding((6, 5), color_mode))
    assert not makes(Decoding(None))
    for way in ("opencv", "pillow"):
        monkeypatch.setenv("BATCHWARP_JPEG", way)
        assert not makes(DECODING)


@pytest.mark.parametrize(
    ("images", "dst", "says"),
    [
        (
            np.empty((2, 6, 5, 3), np.uint8),
            None,
            "`images` must hold one of 6 x 5 x 3 for each",
        ),
        (np.empty((1, 6, 5, 1), np.uint8), None, "`images` must hold one of"),
        (np.empty((1, 6, 5, 3), np.float32), None, "`images` must be uint8"),
        (np.empty((1, 6, 10, 3), np.uint8)[:, :, ::2], None, "without gaps"),
        (None, np.empty((2, 6, 5, 3), np.float32), "`dst` must hold an image for each of 1 file"),
        (None, np.empty((1, 6, 6, 3), np.float32), "`dst` must hold images of the plan's height"),
    ],
)
def test_refused_arrays(tmp_path, images, dst, says):
    path = str(save(tmp_path / "x", "jpeg"))
    plan = None if dst is None else _core.Plan(height=6, width=5, channels=3)
    warp = None if dst is None else Warp(plan, None, dst)
    with pytest.raises(ValueError, match=says):
        made_in_core([path], DECODING, images, warp)


@pytest.mark.parametrize("size", [(0, 5), (6, 2**31)])
def test_refused_sizes(size):
    decoding = _core.FileDecoding(
        size=size, channels=3, interpolation="nearest", keep_aspect_ratio=False,
        exif_transpose=False, scaled_decode=False, pillow=(13, 0), max_pixels=0,
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"`size` must be a height and a width from 1 to"):
        _core.make_files([], decoding)


def test_flows_decode_in_the_core(tmp_path, monkeypatch):
    """No Python sees the pixels of a JPEG file, cached or not; other files do not suffer."""
    folder = save_numbered(tmp_path / "data")
    for number in range(3):
        Image.new("RGB", (8, 7), (number,) * 3).save(folder / "a" / f"x{number}.jpg")
    seen = []
    monkeypatch.setattr(reader, "decode", lambda *a: seen.append(a[1]) or decode(*a))
    for cache in (None, "memory", str(tmp_path / "cache")):
        files = flow(folder, cache=cache, batch_size=13)
        for _ in range(2):
            images, labels = next(files)
            assert values(images) == [0, 2, 4, 6, 8, 0, 1, 2, 1, 3, 5, 7, 9]
        assert labels.tolist() == [0] * 8 + [1] * 5
    assert {name.rpartition(".")[2] for name in seen} == {"png"}
    # What `class_mode="input"` and `fit` see are files as they are.
    seen.clear()
    [chunk] = files.raw_chunks(20)
    assert values(chunk) == values(images)
    assert seen == []


decode = reader.decode


@pytest.mark.parametrize("on_error", ["skip", "zeros"])
def test_files_that_cannot_be_read_among_others(tmp_path, on_error):
    for number in range(5):
        Image.new("RGB", (8, 7), (number * 9,) * 3).save(tmp_path / f"{number}.jpg")
    (tmp_path / "2.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (tmp_path / "a").mkdir()
    for path in tmp_path.glob("*.jpg"):
        path.rename(tmp_path / "a" / path.name)
    files = flow(tmp_path, on_error=on_error, batch_size=5)
    assert values(next(files)[0]) == [0, 9, 27 if on_error == "skip" else 0, 27, 36]
    assert [os.path.basename(error.path) for error in files.errors] == ["2.jpg"]  # noqa: PTH119


def test_python_runs_while_the_core_works(tmp_path):
    """The interpreter's lock is not held: another thread counts on."""
    content = io.BytesIO()
    picture(1500, 1600).save(content, "jpeg")
    (tmp_path / "x.jpg").write_bytes(content.getvalue())
    images = np.empty((12, 6, 5, 3), np.uint8)
    counted, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = counted[0]
        _core.make_files([str(tmp_path / "x.jpg")] * 12, decoding(), images, threads=1)
        assert counted[0] > before
    finally:
        stop.set()
        thread.join()


class Stop(Exception):
    """What the handler of a signal raises."""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarms")
def test_signals_are_heard(tmp_path):
    path = tmp_path / "x.jpg"
    picture(1500, 1600).save(path)
    images = np.empty((5000, 6, 5, 3), np.uint8)

    def handler(number, frame):
        raise Stop

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Stop):
            made_in_core([str(path)] * len(images), DECODING, images)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert made_in_core([str(path)], DECODING, images[:1]) != [None]


def decoding():
    return _core.FileDecoding(
        size=(6, 5), channels=3, interpolation="nearest", keep_aspect_ratio=False,
        exif_transpose=False, scaled_decode=False, pillow=(13, 0), max_pixels=0,
    )  # fmt: skip
