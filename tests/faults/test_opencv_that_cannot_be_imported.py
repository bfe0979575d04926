"""A build of OpenCV whose libraries are not there, as libGL where there is no display."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import cv2
import numpy as np
import pytest

from batchwarp.errors import ImageFileError
from batchwarp.files import libjpeg, opencv
from image_files import flow, save

LACK = "libGL.so.1: cannot open shared object file"
PROGRAM = """
    import sys, warnings
    sys.modules["keras"] = None
    import numpy as np
    import batchwarp
    generator = batchwarp.ImageDataGenerator()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        flow = generator.flow_from_directory(
            sys.argv[1], target_size=(6, 5), batch_size=3, shuffle=False
        )
        batches = [next(flow)[0] for _ in range(4)]
    np.save(sys.argv[2], np.concatenate(batches))
    for one in caught:
        print(one.category.__name__, one.message)
"""


@pytest.mark.parametrize("way", ["", "opencv"])
def test_jpeg_files_are_decoded_all_the_same(tmp_path, way):
    """Without a word where OpenCV is not needed, with one warning where it is."""
    if not way and not libjpeg.is_used():
        pytest.skip("OpenCV decodes JPEG files here")
    for number in range(5):
        save(tmp_path / "data" / "a" / str(number), "jpeg")
    (tmp_path / "cv2.py").write_text(f"raise ImportError({LACK!r})")
    found = tmp_path / "found.npy"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path / "data"), str(found)],
        capture_output=True, text=True, timeout=100, check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "BATCHWARP_JPEG": way},
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("", 0)
    said = [line for line in done.stdout.splitlines() if not line.startswith("Found")]
    expected = f"RuntimeWarning OpenCV cannot be imported: {LACK}. JPEG files are decoded with"
    assert len(said) == bool(way)
    assert all(line.startswith(expected) for line in said)
    files = flow(tmp_path / "data", batch_size=3)
    batches = np.concatenate([next(files)[0] for _ in range(4)])
    np.testing.assert_array_equal(np.load(found), batches)


def test_deep_colours_say_what_they_need(tmp_path, monkeypatch):
    """The one kind of file that nothing else reads; grey ones do not ask for it."""
    save(tmp_path / "grey" / "0" / "a", "png-16")
    (tmp_path / "colours" / "0").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "colours" / "0" / "a.png"), np.full((9, 9, 3), 999, np.uint16))
    grey, colours = (
        flow(tmp_path / name, color_mode="unchanged", target_size=(9, 9))
        for name in ("grey", "colours")
    )
    monkeypatch.setitem(sys.modules, "cv2", None)
    opencv.library.cache_clear()
    try:
        assert next(grey)[0].max() > 255
        with pytest.raises(ImageFileError, match=r"needs OpenCV.*pip install opencv-python"):
            next(colours)
    finally:
        opencv.library.cache_clear()
    monkeypatch.undo()
    assert next(flow(tmp_path / "colours", color_mode="unchanged"))[0].max() == 999
