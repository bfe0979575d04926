"""JPEG files in the core, with Pillow's own library: its pixels, and what happens without it."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, _imaging

from batchwarp import _core
from batchwarp.files import libjpeg, opencv, pictures
from batchwarp.files.decode import decode
from batchwarp.files.jpeg import ordinary_jpeg
from batchwarp.files.options import Decoding
from image_files import KINDS, picture

has_library = pytest.mark.skipif(
    libjpeg.unavailable_reason() is not None, reason=str(libjpeg.unavailable_reason())
)


def jpeg(height=40, width=60, kind="jpeg", seed=0, **options):
    file = io.BytesIO()
    _, convert, saved_with = KINDS[kind]
    convert(picture(height, width, seed)).save(file, "JPEG", **{**saved_with, **options})
    return file.getvalue()


def with_pillow(data, mode="RGB"):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert(mode)).reshape(image.height, image.width, len(mode))


@pytest.fixture
def asked_anew():
    """Whether there is a library is asked once; here it is asked again, before and after."""
    libjpeg.unavailable_reason.cache_clear()
    yield
    libjpeg.unavailable_reason.cache_clear()
    libjpeg.unavailable_reason()


@pytest.mark.skipif(sys.platform == "win32", reason="Pillow's wheel has it within its module")
def test_pillows_library_is_found():
    assert libjpeg.unavailable_reason() is None
    assert "libjpeg-turbo" in _core.libjpeg_version()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="paths are Unicode there")
def test_a_path_of_other_bytes_than_text(asked_anew, monkeypatch, tmp_path):
    folder = tmp_path / os.fsdecode(b"\xff")
    folder.mkdir()
    found = folder / "_imaging.so"
    monkeypatch.setattr(_imaging, "__file__", str(found))
    assert "cannot be loaded" in libjpeg.unavailable_reason()
    found.symlink_to(_imaging.__spec__.origin)
    libjpeg.unavailable_reason.cache_clear()
    assert libjpeg.unavailable_reason() is None


@has_library
@pytest.mark.parametrize(
    "kind", ["jpeg", "jpeg-444", "jpeg-progressive", "jpeg-grey", "jpeg-restarts"]
)
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (16, 16), (41, 70), (130, 75)])
def test_pixels_are_pillows(kind, size):
    for seed, quality in enumerate((1, 30, 95)):
        data = jpeg(*size, kind, seed, quality=quality)
        header = ordinary_jpeg(data)
        expected = with_pillow(data)
        np.testing.assert_array_equal(libjpeg.decode_jpeg(data, header, grey=False), expected)
        if header.components == 1:
            found = libjpeg.decode_jpeg(data, header, grey=True)
            np.testing.assert_array_equal(found, with_pillow(data, "L"))


@has_library
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_parts_are_those_of_pillows_pixels(subsampling):
    data = jpeg(95, 61, subsampling=subsampling)
    expected = with_pillow(data)
    random = np.random.RandomState(0)
    for _ in range(20):
        left, right = sorted(random.choice(62, 2, replace=False))
        top, bottom = sorted(random.choice(96, 2, replace=False))
        part = np.empty((bottom - top, right - left, 3), np.uint8)
        assert _core.decode_jpeg(data, part, window=(left, top, right, bottom))
        np.testing.assert_array_equal(part, expected[top:bottom, left:right])
        rows, columns = random.randint(0, 95, 9), random.randint(0, 61, 7)
        some = np.empty((9, 7, 3), np.uint8)
        assert _core.decode_jpeg(data, some, rows=rows, columns=columns)
        np.testing.assert_array_equal(some, expected[np.ix_(rows, columns)])


@has_library
@pytest.mark.parametrize("reduction", [2, 4, 8])
def test_scales_are_opencvs_reductions(reduction):
    data = jpeg(95, 61)
    found = libjpeg.decode_jpeg(data, ordinary_jpeg(data), grey=False, scale=8 // reduction)
    np.testing.assert_array_equal(found, opencv.decode_jpeg(data, False, reduction))


@has_library
def test_what_is_unusual_is_left_to_pillow():
    image = np.empty((17, 23, 3), np.uint8)
    assert not _core.decode_jpeg(jpeg(17, 23, "jpeg-cmyk"), image)
    assert not _core.decode_jpeg(jpeg(17, 23)[:-20], image)
    assert not _core.decode_jpeg(b"", image)


@has_library
def test_wrong_arguments():
    data = jpeg(17, 23)
    image = np.empty((17, 23, 3), np.uint8)
    for wrong, message in (
        ({"scale": 0}, "`scale` must be from 1 to 16"),
        ({"window": (0, 0, 24, 17)}, "must lie within its image of 17 x 23"),
        ({"window": (0, 0, 5, 5)}, r"must be uint8 of shape \(5, 5, 3\)"),
        ({"rows": np.array([1])}, "must be given together"),
        ({"rows": np.array([[1]])}, "`rows` must be a C-contiguous"),
        ({"rows": np.array([17]), "columns": np.array([1])}, "must lie within"),
    ):
        with pytest.raises(ValueError, match=message):
            _core.decode_jpeg(data, image, **wrong)
    image.flags.writeable = False
    with pytest.raises(ValueError, match="`dst` must be writable"):
        _core.decode_jpeg(data, image)


WITHOUT = {
    "cannot be loaded": lambda patch: patch.setattr(_imaging, "__file__", "/there/is/none.so"),
    "has no file": lambda patch: patch.delattr(_imaging, "__file__"),
    "other pixels": lambda patch: patch.setattr(libjpeg, "_same_pixels", lambda *_: False),
}


@pytest.mark.parametrize("reason", WITHOUT)
def test_without_the_library_opencv_gives_the_same_pixels(reason, asked_anew, monkeypatch):
    data = jpeg()
    expected = decode(data, "", Decoding((20, 30)))[0]
    pictures.pillow()
    with monkeypatch.context() as patch:
        WITHOUT[reason](patch)
        _core.use_libjpeg("")
        libjpeg.unavailable_reason.cache_clear()
        assert reason in libjpeg.unavailable_reason()
        assert reason in libjpeg.description()
        assert not libjpeg.is_used()
    assert _core.libjpeg_version() == ""
    np.testing.assert_array_equal(decode(data, "", Decoding((20, 30)))[0], expected)


def test_ways_can_be_forced(monkeypatch):
    data = jpeg()
    expected = with_pillow(data)
    came = []
    for module in (libjpeg, opencv):
        function = module.decode_jpeg
        monkeypatch.setattr(
            module,
            "decode_jpeg",
            lambda *args, _=function, **options: came.append(_) or _(*args, **options),
        )
    for way, used in (("core", "libjpeg"), ("opencv", "opencv"), ("pillow", None)):
        if way == "core" and libjpeg.unavailable_reason() is not None:
            continue
        came.clear()
        monkeypatch.setenv("BATCHWARP_JPEG", way)
        np.testing.assert_array_equal(decode(data, "", Decoding(None))[0], expected)
        assert [function.__module__ for function in came] == (
            [f"batchwarp.files.{used}"] if used else []
        )
        assert way in libjpeg.description()


def test_the_core_is_forced_and_there_is_no_library(asked_anew, monkeypatch):
    monkeypatch.setenv("BATCHWARP_JPEG", "core")
    monkeypatch.setattr(libjpeg, "_same_pixels", lambda *_: False)
    with pytest.raises(RuntimeError, match="`BATCHWARP_JPEG` is 'core', but Pillow's"):
        libjpeg.is_used()


def test_a_forked_child_and_threads_decode():
    code = """
import io, multiprocessing, sys
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from batchwarp.files.decode import decode
from batchwarp.files.options import Decoding
data = sys.stdin.buffer.read()
def work(_):
    return decode(data, "", Decoding(None))[0].tobytes()
if __name__ == "__main__":
    with ThreadPoolExecutor(4) as threads:
        results = set(threads.map(work, range(40)))
    if hasattr(__import__("os"), "fork"):
        with multiprocessing.get_context("fork").Pool(2) as pool:
            results |= set(pool.map(work, range(8)))
    assert len(results) == 1, len(results)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        input=jpeg(),
        capture_output=True,
        timeout=120,
        env={**os.environ},
    )
    assert done.returncode == 0, done.stderr.decode()
