"""Files that the core decodes, of which Python has the bytes."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp import _core, ops
from batchwarp.files import libjpeg, reader, samples
from batchwarp.files.handed import Handed, handed_over
from batchwarp.files.in_core import made_in_core
from batchwarp.files.options import Decoding
from image_files import KINDS, flow, picture, save

pytestmark = pytest.mark.skipif(not libjpeg.is_used(), reason="JPEG files are not the core's here")

ORDINARY = [kind for kind in KINDS if kind.startswith("jpeg") and kind != "jpeg-cmyk"]


def content(orientation=None, kind="jpeg", size=(41, 67), seed=0):
    """The bytes of a JPEG file, with an orientation if there is one."""
    _, convert, options = KINDS[kind]
    file, exif = io.BytesIO(), Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
        options = {**options, "exif": exif}
    convert(picture(*size, seed=seed)).save(file, "jpeg", **options)
    return file.getvalue()


@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "lanczos"])
@pytest.mark.parametrize(
    ("size", "keep", "scaled"),
    [((20, 30), False, False), ((20, 30), True, False), ((67, 41), True, False),
     ((41, 67), False, False), ((90, 100), True, False), ((9, 5), True, True)],
)  # fmt: skip
def test_pixels_of_turned_images(color_mode, interpolation, size, keep, scaled):
    options = Decoding(size, color_mode, interpolation, keep, exif_transpose=True)
    options = Decoding(**{**vars(options), "scaled_decode": scaled})
    files = [content(number, kind) for number in range(10) for kind in ("jpeg", "jpeg-grey")]
    files += [content(None, kind) for kind in ORDINARY]
    handed = [handed_over(data, "name", (1, 2), options) for data in files]
    assert {one.orientation for one in handed} == set(range(1, 9))
    expected = [
        reader.load("", options, 0, content=lambda data=data: (data, (1, 2))) for data in files
    ]
    images = np.empty((len(files), *expected[0].image.shape), np.uint8)
    made = made_in_core([None] * len(files), options, images, handed=handed)
    for image, ours, theirs in zip(images, made, expected, strict=True):
        assert ours.size == theirs.size
        np.testing.assert_array_equal(image, theirs.image)


def test_what_is_handed_over(tmp_path):
    options = Decoding((6, 5))
    upright = Decoding((6, 5), exif_transpose=True)
    data = content(6)
    assert handed_over(data, "name", (3, 4), options) == Handed(data, "name", (3, 4), 1)
    assert handed_over(data, "name", (3, 4), upright).orientation == 6
    others = [save(tmp_path / kind, kind) for kind in KINDS if not kind.startswith("jpeg")]
    for other in (*(path.read_bytes() for path in others), b"", b"\xff\xd8"):
        assert handed_over(other, "name", (0, 0), options) is None
    assert handed_over(b"\xff\xd8\xff" + bytes(90), "name", (0, 0), upright) is None
    # The core leaves it, and whoever is asked then has its bytes.
    assert handed_over(data[:-50], "name", (0, 0), upright).orientation == 6
    of_pillow_alone = data.replace(b"\x01\x12\x00\x03", b"\x01\x12\x00\x01")
    assert handed_over(of_pillow_alone, "name", (0, 0), upright).orientation == 1


def test_some_are_read_by_their_paths(tmp_path):
    options = Decoding((6, 5))
    path, data = str(save(tmp_path / "x", "jpeg")), content()
    images = np.full((4, 6, 5, 3), 7, np.uint8)
    handed = [None, Handed(data, "", (0, 0), 1), Handed(b"", "", (0, 0), 1), None]
    first, second, *left = made_in_core([path, path, None, None], options, images, handed=handed)
    np.testing.assert_array_equal(images[0], reader.load(path, options, 0).image)
    assert (first.size, second.size) == ((17, 23), (41, 67))
    assert left == [None, None]
    assert (images[2:] == 7).all()


@pytest.mark.parametrize(
    ("contents", "orientations", "says"),
    [
        ([b""], [1, 1], "`orientations` must be one for each of 1 contents. Received: 2"),
        ([b"", b""], [1, 1], "`contents` must be one for each of 1 files. Received: 2"),
        ([b""], [0], "`orientations` must be from 1 to 8. Received: 0"),
        ([b""], [9], "`orientations` must be from 1 to 8. Received: 9"),
        (["text"], [1], "a bytes-like object is required"),
    ],
)
def test_refused_contents(contents, orientations, says):
    decoding = _core.FileDecoding(
        size=(6, 5), channels=3, interpolation="nearest", keep_aspect_ratio=False,
        exif_transpose=False, scaled_decode=False, pillow=(13, 0), max_pixels=0,
    )  # fmt: skip
    kept = bytearray(content())
    with pytest.raises((ValueError, TypeError), match=says):
        _core.make_files([""], decoding, contents=contents, orientations=orientations)
    with pytest.raises(TypeError):
        _core.make_files(["", ""], decoding, contents=[kept, 5], orientations=[1, 1])
    _core.make_files([""], decoding, contents=[kept], orientations=[1])
    kept.append(0)  # nobody holds it any more, which would be a BufferError


@pytest.fixture
def decoded(monkeypatch):
    """The names of what Python has decoded."""
    seen = []

    def decode(*arguments, real=reader.decode):
        seen.append(str(arguments[1]))
        return real(*arguments)

    monkeypatch.setattr(reader, "decode", decode)
    monkeypatch.setattr(samples, "decode", decode)
    return seen


RECIPE = [ops.RandomResizedCrop(24), ops.Flip()]
GENERATORS = {
    "keras": ({"rotation_range": 30, "rescale": 1 / 255}, {"target_size": (20, 24)}),
    "stored": ({"preprocessing_function": lambda image: image + 1}, {"target_size": (20, 24)}),
    "own sizes": ({"operations": RECIPE}, {"target_size": None}),
    "later": ({"operations": RECIPE}, {"target_size": (40, 50), "interpolation": "bilinear"}),
}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "files" / "a"
    folder.mkdir(parents=True)
    for number in range(9):
        data = content(number, ORDINARY[number % len(ORDINARY)], (40 + number, 67), number)
        (folder / f"{number}.jpg").write_bytes(data)
    save(folder / "p", "png")
    return folder.parent


def taken(files, count):
    """Batches, or what went wrong in their place, and the errors in the end."""
    made = []
    for _ in range(count):
        try:
            made.append(next(files))
        except batchwarp.ImageFileError as error:
            made.append(str(error))
    return made, sorted(map(str, files.errors))


@pytest.mark.parametrize("damage", [False, True])
@pytest.mark.parametrize("on_error", ["raise", "zeros", "skip"])
@pytest.mark.parametrize("name", GENERATORS)
def test_flows_with_encoded_caches(folder, decoded, by_python, name, on_error, damage):
    if damage:
        path = folder / "a" / "3.jpg"
        path.write_bytes(path.read_bytes()[:-60])
    settings, options = GENERATORS[name]

    def run(cache):
        files = flow(
            folder, settings, **options, seed=3, shuffle=True, exif_transpose=True,
            cache=str(folder.parent / cache), cache_format="encoded", on_error=on_error,
        )  # fmt: skip
        return taken(files, 6)

    made = run("cache"), run("cache")
    # The next one in its place is asked for by itself.
    others = {"4.jpg"} if damage and on_error == "skip" else set()
    assert {Path(name).name for name in decoded} <= {"p.png", "3.jpg"} | others
    assert any(name.endswith("3.jpg") for name in decoded) == damage
    np.testing.assert_equal(made[0], by_python(lambda: run("other")))
    np.testing.assert_equal(made[1], made[0])


@pytest.mark.parametrize("exif_transpose", [False, True])
@pytest.mark.parametrize("cache", [None, "memory"])
@pytest.mark.parametrize("name", GENERATORS)
def test_flows_of_turned_files(folder, decoded, by_python, name, cache, exif_transpose):
    settings, options = GENERATORS[name]
    if options["target_size"] is not None:
        options = {**options, "cache": cache}

    def run():
        files = flow(folder, settings, **options, seed=4, exif_transpose=exif_transpose)
        return taken(files, 6)

    made = run()
    assert {name.rpartition(".")[2] for name in decoded} == {"png"}
    np.testing.assert_equal(made, by_python(run))


def test_turned_files_in_a_cache_on_disk(folder, decoded):
    def run():
        options = {"exif_transpose": True, "cache": str(folder.parent / "cache"), "batch_size": 10}
        return flow(folder, target_size=(20, 24), **options)

    long_ago = 10**9  # what has just been written may still change
    for path in folder.glob("*/*"):
        os.utime(path, (long_ago, long_ago))
    first = next(run())
    again = run()
    assert again._files.find(np.arange(10)).all()
    np.testing.assert_equal(next(again), first)
    for path in folder.glob("*/?.jpg"):
        os.utime(path, (long_ago + 5, long_ago + 5))
    assert again._files.find(np.arange(10)).all()  # as it was found when the flow was made
    assert run()._files.find(np.arange(10)).tolist() == [False] * 9 + [True]


class Asked:
    """Samples in several forms, which know how often they were asked for."""

    def __init__(self, folder, damage):
        paths = sorted(folder.glob("*/*"))
        self.samples = [path.read_bytes() for path in paths]
        self.samples[1] = str(paths[1])
        self.samples[2] = np.asarray(picture(44, 50))
        self.samples[4] = picture(35, 61)
        if damage:
            self.samples[3] = self.samples[3][:-60]
        self.asked = []

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, row):
        self.asked.append(row)
        return self.samples[row]


@pytest.mark.parametrize("damage", [False, True])
@pytest.mark.parametrize("on_error", ["raise", "zeros", "skip"])
@pytest.mark.parametrize("name", GENERATORS)
def test_flows_of_samples(folder, decoded, by_python, name, on_error, damage):
    settings, options = GENERATORS[name]

    def run():
        asked = Asked(folder, damage)
        files = batchwarp.ImageDataGenerator(**settings).flow_from_samples(
            asked, class_mode=None, batch_size=5, seed=2, exif_transpose=True,
            on_error=on_error, **options,
        )  # fmt: skip
        asked.asked.clear()
        made = taken(files, 4)
        if not damage:
            assert sorted(asked.asked) == sorted([*range(10)] * 2)  # each once in a pass
        return made

    made = run()
    assert len(decoded) <= 2 * (1 + damage)  # the PNG file, and the damaged one
    np.testing.assert_equal(made, by_python(run))
