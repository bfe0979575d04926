"""`batchwarp check` of files that make decoders print, and of those that only "unchanged" reads."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp.cli import main
from image_files import flow, picture, save
from tiff_files import tiff

DEEP = np.random.RandomState(0).randint(0, 65536, (11, 21, 3)).astype(np.uint16)


def noisy(folder):
    """Saves files over which libjpeg, libpng, libtiff or Pillow print lines or warn."""
    folder.mkdir(parents=True)
    content = io.BytesIO()
    picture(60, 80).save(content, "jpeg")
    data = bytearray(content.getvalue())
    data[-200:-100] = bytes(range(100))  # can be read all the same
    (folder / "jpeg.jpg").write_bytes(data)
    damaged = {"rows": 60, "photometric": 2, "damage": lambda block: block[: len(block) // 2]}
    pixels = np.asarray(picture(60, 80))
    for compression in ("deflate", "packbits"):
        (folder / f"{compression}.tif").write_bytes(
            tiff(pixels, compression=compression, **damaged)
        )
    picture().quantize(16).save(folder / "palette.png", transparency=bytes(range(16)))
    exif = (
        b"Exif\0\0II*\0\x08\0\0\0\x09\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x0f\x01\x02\0\xff\0\0\0"
    )
    picture().save(folder / "exif.jpg", exif=exif)
    (folder / "deep.tif").write_bytes(tiff(DEEP.astype("float32"), photometric=2, planar=2))
    np.save(folder / "array.npy", DEEP)
    return folder.parent


def check(capfd, folder, *options):
    """Returns the status, the reasons by the files' names, and what went to standard error."""
    capfd.readouterr()
    status = main(["check", str(folder), "--json", "--formats", "jpg,tif,png,npy", *options])
    output = capfd.readouterr()
    bad = json.loads(output.out)["bad"]
    return status, {Path(path).name: bad[path] for path in bad}, output.err


def test_nothing_but_the_result(tmp_path, capfd):
    status, bad, stderr = check(capfd, noisy(tmp_path / "a"))
    assert status == 1
    assert stderr == ""
    assert bad == {
        "deflate.tif": "its compressed pixels are damaged or end early",
        "packbits.tif": "its compressed pixels are damaged or end early",
        "deep.tif": "a TIFF image of a layout that Pillow does not read (3 × float32, RGB, no "
        'compression, planar configuration 2); try `color_mode="unchanged"`',
        "array.npy": 'an array of NumPy\'s, which only `color_mode="unchanged"` reads',
    }
    status, bad, stderr = check(capfd, tmp_path, "--color-mode", "unchanged")
    assert status == 1
    assert stderr == ""
    assert sorted(bad) == ["deflate.tif", "packbits.tif", "palette.png"]
    assert "has 4 channels where the images before it have 3" in bad["palette.png"]


def test_color_modes(tmp_path, capsys):
    (tmp_path / "a").mkdir()
    save(tmp_path / "a" / "1", "jpeg-grey")
    np.save(tmp_path / "a" / "2.npy", DEEP[..., :1])
    options = ["check", str(tmp_path), "--formats", "jpg,npy", "--color-mode"]
    for color_mode, bad in (("rgb", 1), ("grayscale", 1), ("unchanged", 0), ("palette", 0)):
        assert main([*options, color_mode]) == bool(bad)
    output = capsys.readouterr().out
    assert output.count("an array of NumPy's") == 2
    assert main([*options, "bgr"]) == 2
    assert "invalid choice: 'bgr'" in capsys.readouterr().err


def test_progress_and_errors_still_reach_the_terminal(tmp_path, capfd):
    noisy(tmp_path / "a")
    capfd.readouterr()
    assert main(["check", str(tmp_path)]) == 1
    assert capfd.readouterr().err == ""
    os.write(2, b"still there")
    sys.stderr.write("this, too")
    assert capfd.readouterr().err == "still therethis, too"


@pytest.mark.parametrize("color_mode", ["rgb", "grayscale", "rgba"])
def test_palettes_with_several_transparencies(tmp_path, recwarn, color_mode):
    """Pillow warned that they should be converted, which they were."""
    (tmp_path / "a").mkdir()
    image = picture().quantize(16)
    image.save(tmp_path / "a" / "x.png", transparency=bytes(range(16)))
    batch = next(flow(tmp_path, color_mode=color_mode, class_mode=None, target_size=(17, 23)))
    mode = {"rgb": "RGB", "grayscale": "L", "rgba": "RGBA"}[color_mode]
    if color_mode != "rgba":
        expected = image.convert(mode)
    else:
        expected = Image.open(tmp_path / "a" / "x.png").convert(mode)
    np.testing.assert_array_equal(batch[0].squeeze(), np.asarray(expected))
    assert not recwarn


@pytest.mark.parametrize("name", ["deflate.tif", "packbits.tif"])
def test_reasons_are_words(tmp_path, capfd, name):
    """They were "decoder error -2"."""
    noisy(tmp_path / "a")
    with pytest.raises(batchwarp.ImageFileError, match="compressed pixels are damaged"):
        batchwarp.image.load_img(tmp_path / "a" / name)
    save(tmp_path / "a" / "x", "png")
    cut = (tmp_path / "a" / "x.png").read_bytes()[:-40]
    (tmp_path / "a" / "x.png").write_bytes(cut)
    with pytest.raises(batchwarp.ImageFileError, match=r"truncated$"):
        batchwarp.image.load_img(tmp_path / "a" / "x.png")
    capfd.readouterr()
