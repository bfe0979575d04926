"""Open files and memory run out for a moment: that is no fault of the image at hand."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap

import cv2
import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp.files import decode
from image_files import flow, picture, save_numbered, values


@pytest.fixture
def numbered(tmp_path):
    return save_numbered(tmp_path)


def failing(function, error, number):
    """Returns the function, but that its call of this number raises."""
    calls = iter(range(1, 1_000))

    def fails(*arguments, **options):
        if next(calls) == number:
            raise error
        return function(*arguments, **options)

    return fails


@pytest.mark.parametrize("on_error", ["raise", "skip", "zeros"])
@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_the_error_names_cause_and_file_and_no_file_is_passed_over(
    numbered, monkeypatch, on_error, number
):
    iterator = flow(numbered, batch_size=10, on_error=on_error)
    with monkeypatch.context() as patch:
        error = OSError(number, os.strerror(number))
        patch.setattr(decode.os, "open", failing(os.open, error, 3))
        with pytest.raises(OSError, match=rf"{os.strerror(number)}.*\.png") as caught:
            next(iterator)
    assert not isinstance(caught.value, batchwarp.ImageFileError)
    assert (caught.value.errno, iterator.errors) == (number, [])
    assert values(next(iterator)[0]) == [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]


@pytest.mark.parametrize("on_error", ["skip", "zeros"])
@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        OSError("out of memory when reading image file"),
    ],
    ids=str,
)
def test_too_little_memory(numbered, monkeypatch, error, on_error):
    iterator = flow(numbered, batch_size=10, on_error=on_error)
    with monkeypatch.context() as patch:
        patch.setattr(Image, "open", failing(Image.open, error, 3))
        with pytest.raises(MemoryError, match=r"\.png: .*[Oo]ut of memory|allocate memory"):
            next(iterator)
    assert iterator.errors == []
    assert values(next(iterator)[0]) == [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]


def test_too_little_memory_where_the_kind_of_pixels_is_found_out(numbered, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(decode.os, "open", failing(os.open, OSError(errno.EMFILE, "full"), 1))
        with pytest.raises(OSError, match="Too many open files"):
            flow(numbered, color_mode="unchanged", on_error="skip")


def test_load_img(numbered, monkeypatch):
    monkeypatch.setattr(Image, "open", failing(Image.open, MemoryError("no pages"), 1))
    with pytest.raises(MemoryError, match="no pages"):
        batchwarp.image.load_img(numbered / "a" / "0.png")


@pytest.mark.parametrize("is_first_call", [True, False])
def test_opencv_without_memory_is_not_one_that_disagrees(tmp_path, monkeypatch, is_first_call):
    monkeypatch.setenv("BATCHWARP_JPEG", "opencv")
    decode.opencv.agrees_with_pillow.cache_clear()
    if is_first_call:
        decode.opencv.library.cache_clear()
        decode.opencv._opencv.cache_clear()
    else:
        decode.opencv.library()
    (tmp_path / "a").mkdir()
    picture().save(tmp_path / "a" / "0.jpg")
    iterator = flow(tmp_path, batch_size=1)
    error = cv2.error("Failed to allocate 1 bytes")
    error.code = cv2.Error.StsNoMem
    with monkeypatch.context() as patch:
        patch.setattr(cv2, "imdecode", failing(cv2.imdecode, error, 1))
        with pytest.raises(MemoryError, match="Failed to allocate"):
            next(iterator)
    expected = np.asarray(batchwarp.image.load_img(tmp_path / "a" / "0.jpg", target_size=(6, 5)))
    np.testing.assert_array_equal(next(iterator)[0][0], expected)
    assert decode.opencv.agrees_with_pillow()


def as_jpeg(folder):
    """Makes JPEG files of all files of a folder; of one value, they lose nothing."""
    for path in folder.rglob("*.png"):
        Image.open(path).save(path.with_suffix(".jpg"))
        path.unlink()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_a_real_limit(numbered, kind):
    if kind == "jpg":
        as_jpeg(numbered)
    code = """
        import resource, sys
        sys.modules["keras"] = None
        import numpy as np
        import batchwarp
        generator = batchwarp.ImageDataGenerator()
        flow = generator.flow_from_directory(
            sys.argv[1], target_size=(4, 4), batch_size=10, shuffle=False, on_error="skip"
        )
        images = next(flow)[0]
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
        try:
            next(flow)
        except OSError as error:
            print(type(error).__name__, error)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert np.array_equal(next(flow)[0], images)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(numbered)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("", 0)
    assert f"OSError [Errno {errno.EMFILE}] {os.strerror(errno.EMFILE)}: '{numbered}" in done.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems count otherwise")
def test_real_want_of_memory(tmp_path):
    """Of an image that does not fit, the core leaves the file, and Python says which it is."""
    code = """
        import resource, sys
        from pathlib import Path
        sys.modules["keras"] = None
        import numpy as np
        import batchwarp
        generator = batchwarp.ImageDataGenerator()
        flow = generator.flow_from_directory(
            sys.argv[1], target_size=(4, 4), batch_size=2, shuffle=False, on_error="skip",
            interpolation="bilinear",
        )
        images = next(flow)[0]
        before = resource.getrlimit(resource.RLIMIT_AS)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + 30 * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
        try:
            next(flow)
        except MemoryError as error:
            print(type(error).__name__, error)
        resource.setrlimit(resource.RLIMIT_AS, before)
        assert np.array_equal(next(flow)[0], images)
    """
    for number in range(2):
        path = tmp_path / "a" / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        picture(9, 8, number).resize((6000, 5000)).save(path)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
        capture_output=True, text=True, timeout=100, check=False,
        env={**os.environ, "BATCHWARP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("", 0)
    assert f"MemoryError {tmp_path}" in done.stdout
