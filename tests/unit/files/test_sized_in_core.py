"""Files that keep their sizes, made by the core: what Python makes of them, and what is left."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp import _core, ops, runtime
from batchwarp.augment import native_pipeline
from batchwarp.files import libjpeg, reader
from image_files import KINDS, picture, save

pytestmark = pytest.mark.skipif(not libjpeg.is_used(), reason="JPEG files are not the core's here")

ORDINARY = [kind for kind in KINDS if kind.startswith("jpeg") and kind != "jpeg-cmyk"]
SIZES = [(90, 140), (140, 90), (33, 33), (170, 150), (64, 65), (31, 90), (200, 257)]
CROP = ops.RandomResizedCrop(24)
RECIPES = {
    "crop": [CROP, ops.Flip(), ops.ColorJitter(0.2, 0.2, 0.2, 0.05), ops.Normalize(100, 50)],
    "plain crop": [ops.RandomResizedCrop((40, 24), antialias=False)],
    "torchvision": [ops.Resize(28), ops.CenterCrop((20, 24)), ops.RandAugment()],
    "centre": [ops.CenterCrop(30)],
    "policies": [CROP, ops.OneOf(ops.Invert(), ops.Rotate90(), p=0.7), ops.AutoContrast(p=0.5)],
    "mixture": [ops.Resize((24, 24)), ops.AugMix()],
    "corner": [ops.Pad(6), ops.RandomCrop((25, 31))],
    "later": [ops.Affine(rotation=30), ops.Pad(3), ops.RandomCrop(25), ops.Erase()],
    "perspective": [ops.Perspective(0.4), ops.RandomCrop(30)],
    "displaced": [ops.Elastic(20, 3), ops.CenterCrop(28)],
    "mixed": [CROP, ops.MixUp(p=0.7), ops.CutMix()],
}


@pytest.fixture
def folder(tmp_path):
    """Ordinary files of several sizes and kinds, and one of another format."""
    for number in range(14):
        kind = "png" if number == 6 else ORDINARY[number % len(ORDINARY)]
        image = picture(*SIZES[number % len(SIZES)], seed=number)
        save(tmp_path / "files" / "ab"[number % 2] / f"{number:02}", kind, image)
    return tmp_path / "files"


def flow(folder, recipe, settings=None, **arguments):
    made = batchwarp.ImageDataGenerator(operations=recipe, **(settings or {}))
    options = {"target_size": None, "batch_size": 5, "seed": 7, "class_mode": "categorical"}
    return made.flow_from_directory(folder, **options | arguments)


def passes(iterator, count=2):
    return [next(iterator) for _ in range(count * len(iterator))]


@pytest.fixture
def decoded(monkeypatch):
    """The ends of the names of files that Python has decoded."""
    seen = []

    def decode(*arguments, real=reader.decode):
        seen.append(str(arguments[1]).rpartition(".")[2])
        return real(*arguments)

    monkeypatch.setattr(reader, "decode", decode)
    return seen


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("recipe", RECIPES)
def test_pixels(folder, by_python, decoded, recipe, threads):
    before = runtime.get_num_threads()
    runtime.set_num_threads(threads)
    try:
        made = passes(flow(folder, RECIPES[recipe]))
        assert set(decoded) == {"png"}
        expected = by_python(lambda: passes(flow(folder, RECIPES[recipe])))
    finally:
        runtime.set_num_threads(before)
    np.testing.assert_equal(made, expected)


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({"draws": "keyed"}, {"shuffle": True}),
        ({"data_format": "channels_first", "rescale": 1 / 255}, {}),
        ({"samplewise_center": True, "dtype": "float64"}, {}),
        ({"dtype": "uint8"}, {"class_mode": "input"}),
        ({"preprocessing_function": lambda image: image / 2}, {"prefetch": 2}),
        ({"fill_mode": "wrap", "interpolation_order": 3}, {}),
        ({"fill_mode": "constant", "cval": 9.0, "interpolation_order": 0}, {}),
        ({"validation_split": 0.5}, {"subset": "validation"}),
        ({}, {"color_mode": "grayscale"}),
        ({}, {"color_mode": "rgba", "handover": "uint8"}),
    ],
)
@pytest.mark.parametrize("name", ["plain crop", "corner", "later"])
def test_settings(folder, by_python, name, settings, arguments):
    def run():
        return passes(flow(folder, RECIPES[name], settings, **arguments))

    np.testing.assert_equal(run(), by_python(run))


ARGUMENTS = {
    "moves": {"rotation_range": 20, "width_shift_range": 0.2, "zoom_range": 0.3},
    "pixels": {"height_shift_range": 7, "width_shift_range": [-3, 0, 5], "vertical_flip": True},
    "colours": {"shear_range": 9, "channel_shift_range": 30.0, "horizontal_flip": True},
    "brightness": {"brightness_range": (0.6, 1.5)},
}


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({}, {}),
        ({"draws": "keyed"}, {"shuffle": True}),
        ({"data_format": "channels_first", "dtype": "float64"}, {}),
        ({"fill_mode": "wrap", "interpolation_order": 3}, {"masks": True}),
        ({"preprocessing_function": lambda image: image / 2}, {"prefetch": 2}),
        ({"rescale": 1 / 255}, {"on_error": "skip"}),
        ({}, {"handover": "uint8"}),
    ],
)
@pytest.mark.parametrize("name", ["crop", "plain crop", "later"])
@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_arguments_of_keras(folder, by_python, decoded, arguments, name, settings, options):
    if "masks" in options:
        for path in folder.glob("*/*"):
            target = folder.parent / "masks" / path.relative_to(folder).with_suffix(".png")
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.open(path).convert("L").save(target)
        options = {**options, "masks": folder.parent / "masks"}
    if "on_error" in options:
        path = folder / "a" / "04.jpg"
        path.write_bytes(path.read_bytes()[:-60])

    def run():
        iterator = flow(folder, RECIPES[name], {**settings, **ARGUMENTS[arguments]}, **options)
        return passes(iterator), iterator._random.randint(2**31)

    made = run()
    assert ("jpg" in decoded) == ("on_error" in options)
    np.testing.assert_equal(made, by_python(run))


def test_a_size_that_only_one_of_several_files_has_is_made_in_the_core(tmp_path, decoded):
    """So is each of more sizes than plans are kept for."""
    for number in range(9):
        save(tmp_path / "a" / str(number), "jpeg", picture(40 + number, 60 - number, number))
    expected = passes(flow(tmp_path, [CROP]))
    assert decoded == []
    before, native_pipeline._SIZES = native_pipeline._SIZES, 5
    try:
        np.testing.assert_equal(passes(flow(tmp_path, [CROP])), expected)
    finally:
        native_pipeline._SIZES = before
    assert decoded == []


@pytest.mark.parametrize("batch_size", [1, 4])
def test_plans_that_do_not_fit_into_a_batch(tmp_path, monkeypatch, batch_size):
    for number in range(5):
        save(tmp_path / "a" / str(number), "jpeg", picture(40 + number, 60 - number, number))
    expected = passes(flow(tmp_path, [CROP], batch_size=batch_size))
    monkeypatch.setattr(native_pipeline, "_SIZES", 1)
    np.testing.assert_equal(passes(flow(tmp_path, [CROP], batch_size=batch_size)), expected)


@pytest.mark.parametrize("on_error", ["raise", "zeros", "skip"])
def test_damaged_files(folder, by_python, on_error):
    path = folder / "a" / "04.jpg"
    for content in (path.read_bytes()[:-60], b"\xff\xd8\xff" + bytes(500), b""):
        path.write_bytes(content)

        def run():
            files, made = flow(folder, [CROP], on_error=on_error, shuffle=False), []
            for _ in range(2 * len(files)):
                try:
                    made.append(next(files))
                except batchwarp.ImageFileError as error:
                    made.append(str(error))
            return made, [str(error) for error in files.errors]

        made = run()
        np.testing.assert_equal(made, by_python(run))
        assert len(made[1]) == 1


@pytest.mark.parametrize("on_error", ["raise", "zeros", "skip"])
def test_files_that_are_too_small(folder, by_python, on_error):
    def run():
        recipe = [ops.CenterCrop(34)]
        files, made = flow(folder, recipe, on_error=on_error, shuffle=False), []
        for _ in range(2 * len(files)):
            try:
                made.append(next(files))
            except batchwarp.ImageFileError as error:
                made.append(str(error))
        return made, sorted(map(str, files.errors))

    made = run()
    np.testing.assert_equal(made, by_python(run))
    assert len(made[1]) == (3 if on_error == "raise" else 4)  # two of them are in one batch
    assert "`size` of `CenterCrop`" in made[1][0]


@pytest.mark.parametrize("upright", [False, True])
def test_pictures_that_are_to_be_turned(folder, by_python, decoded, upright):
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        picture(60, 90, orientation).save(folder / "a" / f"turned-{orientation}.jpg", exif=exif)

    def run():
        return passes(flow(folder, [CROP], exif_transpose=upright))

    made = run()
    assert set(decoded) == {"png"}
    np.testing.assert_equal(made, by_python(run))


def test_pictures_with_more_pixels_than_pillow_accepts(folder, decoded, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200 * 257 - 1)
    with pytest.warns(Image.DecompressionBombWarning):
        passes(flow(folder, [CROP]))
    assert "jpg" in decoded


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("name", ["plain crop", "torchvision", "later"])
def test_what_moves_with_images(folder, by_python, name, data_format):
    for path in folder.glob("*/*"):
        mask = np.asarray(Image.open(path).convert("L")) // 32
        target = folder.parent / "masks" / path.relative_to(folder).with_suffix(".png")
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(target)

    def run():
        settings = {"data_format": data_format}
        return passes(flow(folder, RECIPES[name], settings, masks=folder.parent / "masks"))

    np.testing.assert_equal(run(), by_python(run))


def test_parts_of_a_batch_and_flows_that_go_on(folder):
    def run(batch_size=4, **arguments):
        settings = {"draws": "keyed"}
        return flow(folder, [CROP], settings, class_mode=None, batch_size=batch_size, **arguments)

    parts = [passes(run(shard=(index, 2))) for index in range(2)]
    for whole, one, other in zip(passes(run(8)), *parts, strict=True):
        np.testing.assert_array_equal(whole, np.concatenate((one, other)))
    iterator = run()
    next(iterator)
    state = iterator.state_dict()
    expected = [next(iterator) for _ in range(6)]
    again = run()
    again.load_state_dict(state)
    np.testing.assert_equal([next(again) for _ in range(6)], expected)


def test_a_generator_of_another_layout_than_the_iterator(folder, by_python):
    generator = batchwarp.ImageDataGenerator(operations=[CROP], data_format="channels_first")

    def run():
        iterator = batchwarp.image.DirectoryIterator(
            folder, generator, target_size=None, data_format="channels_last", seed=3
        )
        return [next(iterator)]

    def outcome():
        try:
            return run()
        except (ValueError, batchwarp.ImageFileError) as error:
            return str(error)

    np.testing.assert_equal(outcome(), by_python(outcome))


def decoding(size=(0, 0), channels=3):
    return _core.FileDecoding(
        size=size, channels=channels, interpolation="nearest", keep_aspect_ratio=False,
        exif_transpose=False, scaled_decode=False, pillow=(13, 0), max_pixels=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("samples", "shape", "channels", "says"),
    [
        (np.zeros(2, np.uint64), (1, 6, 5, 3), 3, "`samples` must"),
        (np.zeros(1, np.int64), (1, 6, 5, 3), 3, "`samples` must"),
        (np.zeros(1, np.uint64), (2, 6, 5, 3), 3, "`dst` must hold an image for each of 1 file"),
        (np.zeros(1, np.uint64), (1, 6, 6, 3), 3, "`dst` must hold images of the plan's height"),
        (np.zeros(1, np.uint64), (1, 6, 5, 1), 1, "channels"),
        (np.zeros(1, np.uint64), (1, 6, 5, 3), 2, "`channels` must be 1, 3 or 4"),
    ],
)
def test_refused_arrays(tmp_path, samples, shape, channels, says):
    plans = _core.PlansBySize(3)
    plans.add(_core.Plan(height=6, width=5, channels=3))
    path = str(save(tmp_path / "x", "jpeg", picture(6, 5)))
    target = np.empty(shape, np.float32)
    with pytest.raises((ValueError, TypeError), match=says):
        _core.make_sized_files(
            [path], decoding(channels=channels), plans, samples, 0, 0, target, channels_first=False
        )


def test_what_is_said_of_files_without_a_plan(tmp_path):
    plans = _core.PlansBySize(1)
    plans.add(_core.Plan(height=6, width=5, channels=3))
    plans.add(_core.Plan(height=7, width=5, channels=3))  # in place of the first
    paths = [str(save(tmp_path / "x", "jpeg", picture(6, 5))), str(tmp_path / "missing"), ""]
    refused, (made, _, sizes), _ = _core.make_sized_files(
        paths, decoding(), plans, np.zeros(3, np.uint64), 0, 0, np.empty((3, 6, 5, 3), np.float32),
        channels_first=False,
    )  # fmt: skip
    assert refused == 0
    assert made.tolist() == [False] * 3
    assert sizes.tolist() == [[6, 5], [0, 0], [0, 0]]


def test_plans_that_are_refused():
    with pytest.raises(ValueError, match=r"`most` must be at least 1\. Received: 0"):
        _core.PlansBySize(0)
    with pytest.raises(ValueError, match=r"`params` must be at least 0\. Received: -1"):
        _core.PlansBySize(1, -1)
    plans = _core.PlansBySize(1, 2)
    plain, moved = (
        _core.Plan(height=6, width=5, channels=3, steps=steps)
        for steps in ([], [("keras_affine", {})])
    )
    other = _core.Plan(height=5, width=6, channels=3, steps=[])
    for arguments, says in [
        ((plain, [0], [1.0]), "`columns` must be at most 0, as many as the plan has. Received: 1"),
        ((moved, [0], []), "`factors` must be one for each of 1 columns. Received: 0"),
        ((moved, [2], [1.0]), "`columns` must be from 0 to 1. Received: 2"),
        ((moved, [-1], [1.0]), "`columns` must be from 0 to 1. Received: -1"),
        ((plain, [], [], moved), "`columns` must be 6, as many as the plan has. Received: 0"),
        ((plain, [], [], other), "`before` must make images of 6 x 5 of such images"),
    ]:
        with pytest.raises(ValueError, match=says):
            plans.add(*arguments)
    with pytest.raises(TypeError, match="`between` must be a dtype of images"):
        plans.add(plain, between=np.dtype(np.int32))
