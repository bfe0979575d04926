"""JPEG files through OpenCV: whether it may be trusted, and what happens if not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from batchwarp.files import opencv
from batchwarp.files.decode import decode
from batchwarp.files.options import Decoding


@pytest.fixture
def photograph(tmp_path):
    gradient = np.linspace(0, 255, 40 * 60 * 3).reshape(40, 60, 3).astype(np.uint8)
    path = tmp_path / "photograph.jpg"
    Image.fromarray(gradient).save(path)
    return path.read_bytes()


@pytest.fixture
def asked_anew():
    """Whether OpenCV agrees is asked once; here it is asked again, before and after."""
    opencv.agrees_with_pillow.cache_clear()
    yield
    opencv.agrees_with_pillow.cache_clear()


def test_the_installed_builds_agree(asked_anew):
    assert opencv.agrees_with_pillow()


def test_a_build_with_other_pixels_is_not_used(asked_anew, monkeypatch, photograph):
    monkeypatch.setenv("BATCHWARP_JPEG", "opencv")
    expected = decode(photograph, "", Decoding((20, 30)))[0]
    opencv.agrees_with_pillow.cache_clear()
    original = cv2.imdecode
    monkeypatch.setattr(cv2, "imdecode", lambda *arguments: original(*arguments) ^ 1)
    with pytest.warns(RuntimeWarning, match="OpenCV decodes JPEG files to other pixels"):
        found = decode(photograph, "", Decoding((20, 30)))[0]
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(decode(photograph, "", Decoding((20, 30)))[0], expected)


def test_an_old_opencv_gives_the_same_pixels(monkeypatch, photograph):
    expected = opencv.decode_jpeg(photograph, grey=False)
    monkeypatch.delattr(cv2, "IMREAD_COLOR_RGB", raising=False)
    flags = opencv._opencv.__wrapped__(False, 1)
    assert not flags[2]
    monkeypatch.setattr(opencv, "_opencv", lambda *_: flags)
    np.testing.assert_array_equal(opencv.decode_jpeg(photograph, grey=False), expected)


def test_what_opencv_cannot_decode(monkeypatch, photograph):
    assert opencv.decode_jpeg(b"\xff\xd8\xff", grey=False) is None

    def fails(*arguments):
        raise cv2.error("no memory")

    monkeypatch.setattr(cv2, "imdecode", fails)
    assert opencv.decode_jpeg(photograph, grey=False) is None


@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
@pytest.mark.parametrize("grey", [False, True])
def test_reduction(reduction, grey, photograph, tmp_path):
    if grey:
        path = tmp_path / "grey.jpg"
        Image.fromarray(np.full((40, 60), 90, np.uint8)).save(path)
        photograph = path.read_bytes()
    image = opencv.decode_jpeg(photograph, grey, reduction)
    assert image.shape == (40 // reduction, -(-60 // reduction), 1 if grey else 3)
