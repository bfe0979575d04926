"""`batchwarp preview`: the picture, the parameters beside it, and what is refused."""

from __future__ import annotations

import base64
import contextlib
import inspect
import io
import json
import os
import re
import shlex
import struct
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("matplotlib", reason="it draws the picture")

import annotation_files
import image_files
from batchwarp import ImageDataGenerator, runtime
from batchwarp.cli import _parser, main, preview, preview_overlay, preview_result
from batchwarp.cli.generator_options import OPTIONS, flag, generator_arguments
from batchwarp.cli.terminal_images import escape_sequence, image_protocol

GEOMETRY = shlex.split(
    "--rotation-range 20 --width-shift-range 0.1 --height-shift-range 3 --zoom-range 0.2 "
    "--shear-range 9 --horizontal-flip --channel-shift-range 30 --brightness-range 0.5 1.5"
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The picture goes to the current folder, and no terminal is the one of the tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("TMUX", "TERM", "TERM_PROGRAM", "LC_TERMINAL", "KITTY_WINDOW_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def photo(tmp_path):
    # Large enough to be shown pixel by pixel.
    return image_files.save(tmp_path / "photo", "png", image_files.picture(120, 130))


@pytest.fixture
def folder(tmp_path):
    for number in range(5):
        image = image_files.picture(21, 17, number)
        image_files.save(tmp_path / "data" / "ab"[number % 2] / str(number), "png", image)
    return tmp_path / "data"


def described(arguments, capsys):
    """Runs the command and returns the JSON that it prints."""
    assert main(["preview", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def fails(arguments, capsys):
    """Runs a command that must fail; returns its one line on standard error."""
    assert main(["preview", *map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def executed(result):
    """Runs the lines of Python that the command gives."""
    names = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec("\n".join(result["python"]), names)
    return names


def pixels(path="preview.png"):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def places(picture, image):
    """Returns where in a picture an image of bytes is, up to one in each value."""
    image = np.broadcast_to(image, (*image.shape[:2], 3)).astype(int)
    height, width = image.shape[:2]
    corners = np.abs(picture - image[0, 0]).max(axis=2) <= 1
    return [
        (y, x)
        for y, x in np.argwhere(corners[: 1 - height, : 1 - width])
        if np.abs(picture[y : y + height, x : x + width] - image).max() <= 1
    ]


# What is typed, and the argument that it becomes.
EXAMPLES = {
    "featurewise_center": ("", True),
    "samplewise_center": ("", True),
    "featurewise_std_normalization": ("", True),
    "samplewise_std_normalization": ("", True),
    "zca_whitening": ("", True),
    "zca_epsilon": ("1e-3", 0.001),
    "rotation_range": ("20", 20),
    "width_shift_range": ("0.1", 0.1),
    "height_shift_range": ("-3 1 4", [-3, 1, 4]),
    "brightness_range": ("0.5 1.5", [0.5, 1.5]),
    "shear_range": ("7.5", 7.5),
    "zoom_range": ("0.9 1.2", [0.9, 1.2]),
    "channel_shift_range": ("30", 30),
    "fill_mode": ("reflect", "reflect"),
    "cval": ("-1.5", -1.5),
    "horizontal_flip": ("", True),
    "vertical_flip": ("", True),
    "rescale": ("1/255", 1 / 255),
    "data_format": ("channels_first", "channels_first"),
    "validation_split": ("1/4", 0.25),
    "interpolation_order": ("3", 3),
    "dtype": ("float16", "float16"),
    "validation_augment": ("", False),
    "split": ("hash", "hash"),
    "split_seed": ("5", 5),
}


def test_every_argument_of_the_generator_is_an_option():
    names = [option.name for options in OPTIONS.values() for option in options]
    arguments = set(inspect.signature(ImageDataGenerator).parameters) - {
        "preprocessing_function",
        "operations",  # options of their own
        "draws",
        "value_range",
    }
    assert len(names) == len(set(names))
    assert set(names) == arguments == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_options_become_arguments(name):
    typed, value = EXAMPLES[name]
    options = _parser().parse_args(["preview", "x.png", flag(name), *typed.split()])
    arguments = generator_arguments(options)
    assert arguments == {name: value}
    assert type(arguments[name]) is type(value)


def test_whole_numbers_stay_whole():
    """A shift of 3 means one of 0, 1 and 2 pixels, one of 3.0 any number of pixels up to 3."""
    options = ["x.png", "--width-shift-range", "3", "--height-shift-range", "3.0"]
    arguments = generator_arguments(_parser().parse_args(["preview", *options]))
    assert [type(value) for value in arguments.values()] == [int, float]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("--rotation-range x", "--rotation-range: 'x' is not a number"),
        ("--rescale 1/0", "--rescale: '1/0' is not a number"),
        ("--rotation-range nan", "--rotation-range: `rotation_range` should be a finite number"),
        ("--zoom-range 1 x.png", "--zoom-range: 'x.png' is not a number; what is no value of"),
        ("--brightness-range 1", "--brightness-range: expected 2 arguments"),
        ("--zoom-range 1 2 3", "--zoom-range: `zoom_range` should be a float or a tuple"),
        ("--validation-split 2", "--validation-split: `validation_split` must be strictly"),
        ("--interpolation-order 9", "--interpolation-order: `interpolation_order` should be"),
        ("--split-seed -1", "--split-seed: `split_seed` should be an integer"),
        ("--zca-epsilon -1", "--zca-epsilon: `zca_epsilon` should be at least 0"),
        ("--dtype complex64", "--dtype: `dtype` should be a floating-point or integer"),
        ("--fill-mode edge", "--fill-mode: invalid choice: 'edge'"),
        ("--dtype int16 --samplewise-center", "--dtype: int16 cannot hold standardised values"),
        ("--cval inf", "--cval: `cval` should be a finite number"),
        ("--target-size 0 3", "--target-size: must be at least 1"),
        ("--count 401", "--count: must be at most 400 with --columns 5, received: 401"),
        ("--columns 101", "--columns: must be at most 100"),
        ("--featurewise-center", "--featurewise-center: give a folder, whose statistics it needs"),
        ("--zca-whitening", "--zca-whitening: give a folder"),
        ("--shuffle", "--shuffle: give a folder"),
        ("--subset training", "--subset: give a folder"),
        ("--out picture.jpg", "--out: picture.jpg: its name should end in .png"),
        ("--out none/picture.png", "--out: none: no such folder"),
        ("--out photo.png", "--out: photo.png: is the image itself"),
        ("--show terminal", "--show terminal: this terminal is not known to show pictures"),
        ("--show terminal --json", "--show terminal: not together with --json"),
    ],
)
def test_wrong_options_are_named(typed, message, photo, capsys):
    before = photo.read_bytes()
    assert message in fails([photo.name, *typed.split()], capsys)
    assert photo.read_bytes() == before
    assert sorted(path.name for path in photo.parent.iterdir()) == [photo.name]


def test_wrong_sources_are_named(tmp_path, folder, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("no image")
    assert "missing.png: no such file or folder" in fails(["missing.png"], capsys)
    assert "text.png: " in fails(["text.png"], capsys)
    assert "empty: no image files in it" in fails(["empty"], capsys)
    (tmp_path / "empty" / "sub").mkdir()
    (tmp_path / "empty" / "sub" / "notes.txt").write_text("no image")
    assert "empty: no image files in it" in fails(["empty"], capsys)
    assert "--subset: needs --validation-split" in fails(["data", "--subset", "training"], capsys)
    none = ["data", "--validation-split", "0.1", "--subset", "validation"]
    assert "data: no images are in the subset 'validation'" in fails(none, capsys)
    whiten = fails(["data", "--zca-whitening"], capsys)
    assert "--zca-whitening: images of 196,608 values need a matrix of 154.6 GB" in whiten
    (folder / "a" / "0.png").write_text("no image")
    assert "0.png: " in fails(["data"], capsys)
    assert not (tmp_path / "preview.png").exists()


def test_a_picture_of_the_folder_is_not_replaced(folder, capsys):
    inside = folder / "a" / "0.png"
    assert "is one of the images" in fails([folder, "--out", inside], capsys)


def test_a_picture_that_cannot_be_written(photo, capsys):
    photo.with_name(".preview-unfinished.png").mkdir()
    assert "--out: preview.png: cannot be written: " in fails([photo], capsys)


def files_of(result):
    return [variant["file"].replace("\\", "/") for variant in result["variants"]]


def test_the_parameters_are_those_of_the_picture(photo, capsys):
    result = described([photo, *GEOMETRY, "--count", "3", "--seed", "7"], capsys)
    assert result["seed"] == 7
    names = executed(result)
    generator, picture = names["datagen"], pixels()
    assert generator.get_config() == ImageDataGenerator(**result["generator"]).get_config()
    assert names["batch"].shape == (3, 120, 130, 3)
    rows = []
    for image, batch_image, variant in zip(
        names["x"], names["batch"], result["variants"], strict=True
    ):
        made = generator.apply_transform(image, variant["parameters"])
        np.testing.assert_allclose(made, batch_image, atol=1e-3)
        rows.append(*places(picture, made.astype(int)))
    original = places(picture, names["x"][0])
    assert len({y for y, _ in rows}) == 1
    assert rows == sorted(rows)
    assert original < rows[:1]


def test_a_seed_makes_the_picture_again(photo, capsys):
    once = described([photo, *GEOMETRY, "--count", "2"], capsys)
    first = pixels()
    again = described([photo, *GEOMETRY, "--count", "2", "--seed", once["seed"]], capsys)
    assert again == once
    assert np.array_equal(pixels(), first)
    other = described([photo, *GEOMETRY, "--count", "2"], capsys)
    assert other["seed"] != once["seed"]


def test_threads_change_nothing(photo, capsys):
    before = runtime.get_num_threads()
    try:
        arguments = [photo, *GEOMETRY, "--count", "2", "--seed", "1"]
        one = described([*arguments, "--threads", "1"], capsys)
        assert runtime.get_num_threads() == 1
        assert described([*arguments, "--threads", "2"], capsys) == one
    finally:
        runtime.set_num_threads(before)


@pytest.mark.parametrize(
    "more",
    [
        "--data-format channels_first --rescale 1/255",
        "--color-mode grayscale --target-size 30 40 --interpolation bilinear",
        "--color-mode rgba",
        "--dtype float64 --interpolation-order 3",
        # This one goes image by image through the generator's methods.
        "--dtype uint8 --rescale 1/2 --channel-shift-range 9",
        "--samplewise-center --samplewise-std-normalization",
    ],
)
def test_the_lines_of_python_give_the_same_batch(more, photo, capsys, monkeypatch):
    seen = []
    pictures = preview_result.Pictures
    monkeypatch.setattr(pictures, "add", spy(pictures.add, seen))
    arguments = [photo, "--rotation-range", "20", "--count", "2", *more.split()]
    names = executed(described(arguments, capsys))
    original, *variants = [seen[0], seen[1], seen[2]]
    batch, x = names["batch"], names["x"]
    if "channels_first" in more:
        batch, x = batch.transpose(0, 2, 3, 1), x.transpose(0, 2, 3, 1)
    assert np.array_equal(original, x[0])
    assert variants[0].dtype == batch.dtype
    assert np.array_equal(np.stack(variants), batch)


@pytest.mark.parametrize("shuffle", [False, True])
def test_variants_are_the_next_batch(shuffle, folder):
    generator = ImageDataGenerator(rotation_range=20, width_shift_range=[1, 3], zoom_range=0.2)
    options = {"target_size": (9, 8), "batch_size": 3, "shuffle": shuffle, "seed": 2}
    with contextlib.redirect_stdout(io.StringIO()):
        one, other = (
            generator.flow_from_directory(folder, class_mode=None, **options) for _ in range(2)
        )
    for count in (3, 2, 3):
        variants = list(one.next_variants())
        assert len(variants) == count
        assert np.array_equal([variant.image for variant in variants], next(other))


def test_parameters_are_those_that_the_generator_draws():
    options = _parser().parse_args(["preview", "x.png", *GEOMETRY])
    generator = ImageDataGenerator(**generator_arguments(options))
    flow = generator.flow(np.zeros((4, 9, 8, 3)), batch_size=4, shuffle=False)
    np.random.seed(6)
    expected = [generator.get_random_transform((9, 8, 3)) for _ in range(4)]
    np.random.seed(6)
    assert [variant.parameters for variant in flow.next_variants()] == [
        pytest.approx(parameters) for parameters in expected
    ]


def spy(method, seen):
    def call(self, image):
        seen.append(image)
        return method(self, image)

    return call


def test_a_folder(folder, capsys):
    arguments = [folder, *GEOMETRY, "--count", "4", "--target-size", "112", "120"]
    result = described([*arguments, "--seed", "3"], capsys)
    names, picture = executed(result), pixels()
    files = files_of(result)
    assert files == ["a/0.png", "a/2.png", "a/4.png", "b/1.png"]
    with Image.open(folder / files[1]) as image:
        original = np.asarray(image.resize((120, 112), Image.Resampling.NEAREST), np.float32)
    made = names["datagen"].apply_transform(original, result["variants"][1]["parameters"])
    np.testing.assert_allclose(made, names["batch"][1], atol=1e-3)
    (above, left), *_ = places(picture, original)
    assert (above + 114, left) in places(picture, made.astype(int))

    shuffled = described([*arguments, "--seed", "3", "--shuffle"], capsys)
    drawn = files_of(shuffled)
    order = executed(shuffled)["flow"].index_array[:4]
    assert drawn == [
        sorted(["a/0.png", "a/2.png", "a/4.png", "b/1.png", "b/3.png"])[i] for i in order
    ]
    assert drawn != files


def test_a_folder_with_images_in_it(folder, capsys):
    result = described(
        [folder / "a", "--rotation-range", "20", "--seed", "3", "--columns", "9"], capsys
    )
    assert [variant["file"] for variant in result["variants"]] == ["0.png", "2.png", "4.png"]
    assert executed(result)["batch"].shape == (3, 256, 256, 3)


@pytest.mark.parametrize("subset", [None, "training", "validation"])
def test_statistics_of_a_folder(subset, folder, capsys):
    arguments = ["--featurewise-std-normalization", "--rescale", "1/255", "--target-size", "8", "8"]
    arguments += ["--validation-split", "0.4", *(["--subset", subset] if subset else [])]
    assert main(["preview", str(folder), *arguments, "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1  # that the centre is implied, as in Python
    assert "overrides setting of `featurewise_center`" in captured.err
    result = json.loads(captured.out)
    with pytest.warns(UserWarning, match="featurewise_center"):
        names = executed(result)
    assert names["datagen"].mean.shape == (1, 1, 3)
    assert names.get("training", names["flow"]).subset == ("training" if subset else None)
    assert result["black"] == pytest.approx(names["batch"].min())
    assert result["white"] == pytest.approx(names["batch"].max())
    assert result["black"] < -0.5


def test_whitening(folder, capsys):
    arguments = [folder, "--zca-whitening", "--featurewise-center", "--target-size", "6", "7"]
    result = described([*arguments, "--fit-samples", "3"], capsys)
    names = executed(result)
    assert names["datagen"].zca_whitening_matrix.shape == (126, 126)
    assert result["white"] == pytest.approx(names["batch"].max(), rel=1e-5)


def test_values_are_shown_in_the_range_that_rescaling_gives(photo, capsys):
    result = described([photo, "--rescale", "1/255", "--horizontal-flip", "--count", "1"], capsys)
    assert (result["black"], result["white"]) == (0, pytest.approx(1))
    assert places(pixels(), (executed(result)["batch"][0] * 255).round())
    outside = ["--fill-mode", "constant", "--cval", "-100", "--rotation-range", "90"]
    result = described([photo, *outside, "--count", "2", "--seed", "0"], capsys)
    assert result["black"] == -100


def test_images_of_16_bits_are_shown(tmp_path, capsys):
    path = image_files.save(tmp_path / "deep", "png-16")
    result = described([path, "--color-mode", "grayscale", "--vertical-flip"], capsys)
    assert result["white"] > 255
    assert len(np.unique(pixels())) > 50


@pytest.mark.parametrize("source", ["photo.png", "data"])
def test_without_options_the_originals_are_shown(source, photo, folder, capsys):
    assert main(["preview", source, "--target-size", "112", "112", "--count", "3"]) == 0
    assert "No option changes the images" in capsys.readouterr().out
    file = photo if source == "photo.png" else folder / "a" / "0.png"
    with Image.open(file) as image:
        original = image.convert("RGB").resize((112, 112), Image.Resampling.NEAREST)
    assert len(places(pixels(), np.asarray(original))) == 1


def test_the_table(photo, capsys):
    arguments = ["--rotation-range", "20", "--vertical-flip", "--count", "6", "--seed", "5"]
    assert main(["preview", str(photo), *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["theta", "tx", "ty"]
    flow = described([photo, *arguments], capsys)
    for line, variant in zip(lines[1:], flow["variants"], strict=False):
        number, theta, *_, vertical, shift, brightness = line.split()
        assert int(number) == variant["number"]
        assert float(theta) == pytest.approx(variant["parameters"]["theta"], abs=5e-4)
        assert int(vertical) == variant["parameters"]["flip_vertical"]
        assert (shift, brightness) == ("-", "-")
    assert lines[9].startswith("seed 5;")
    assert lines[-1].endswith("preview.png")


@pytest.mark.parametrize(
    ("size", "columns"), [((1, 400), 30), ((400, 1), 1), ((3, 2), 1), ((3, 2), 30), ((500, 400), 1)]
)
def test_images_of_any_size_fit(size, columns, tmp_path, capsys):
    path = image_files.save(tmp_path / "image", "png", image_files.picture(*size))
    described([path, "--rotation-range", "9", "--count", "3", "--columns", columns], capsys)
    height, width = pixels().shape[:2]
    assert 100 < height < 1600
    assert 600 < width < 1600


def test_names_that_are_no_formulas_nor_in_the_font(tmp_path, capsys):
    path = image_files.save(tmp_path / "$x^$ 猫", "png")
    result = described([path, "--rotation-range", "9", "--count", "1"], capsys)
    assert executed(result)["batch"].shape[0] == 1


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM_PROGRAM": "WezTerm", "TERM": "xterm-256color"}, "iterm2"),
        ({"TERM_PROGRAM": "vscode"}, "iterm2"),
        ({"LC_TERMINAL": "iTerm2"}, "iterm2"),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"KITTY_WINDOW_ID": "1", "TERM": "xterm-256color"}, "kitty"),
        ({"KITTY_WINDOW_ID": "1", "TERM": "tmux-256color", "TMUX": "socket"}, None),
        ({"TERM_PROGRAM": "Apple_Terminal", "TERM": "xterm-256color"}, None),
        ({}, None),
    ],
)
def test_protocols_of_terminals(environment, protocol):
    assert image_protocol(environment) == protocol


def decoded(output):
    """Returns the PNG that an output shows, and the keys that come with it."""
    found = re.search(r"\x1b\]1337;File=([^:]*):([^\x07]*)\x07", output)
    if found:
        keys = dict(part.split("=") for part in found[1].split(";"))
        return base64.b64decode(found[2], validate=True), keys
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", output)
    keys = [dict(key.split("=") for key in part[0].split(",")) for part in parts]
    assert all(len(part[1]) <= 4096 for part in parts)
    assert [key["m"] for key in keys] == ["1"] * (len(parts) - 1) + ["0"]
    assert all(set(key) == {"m"} for key in keys[1:])
    return base64.b64decode("".join(part[1] for part in parts), validate=True), keys[0]


@pytest.mark.parametrize("length", [1, 3072, 3073, 20_000])
def test_escape_sequences(length):
    png = np.random.default_rng(0).bytes(length)
    shown, keys = decoded(escape_sequence(png, "kitty", 80))
    assert shown == png
    assert (keys["a"], keys["f"], keys["c"]) == ("T", "100", "80")
    shown, keys = decoded(escape_sequence(png, "iterm2"))
    assert shown == png
    assert keys == {"size": str(length), "width": "auto", "inline": "1"}


@pytest.mark.parametrize("terminal", ["xterm-kitty", "iTerm.app"])
def test_the_picture_in_the_terminal(terminal, photo, monkeypatch, capsys):
    monkeypatch.setenv("TERM" if "xterm" in terminal else "TERM_PROGRAM", terminal)
    arguments = ["preview", str(photo), "--rotation-range", "9", "--count", "1"]
    assert main([*arguments, "--show", "terminal"]) == 0
    assert decoded(capsys.readouterr().out)[0] == (photo.parent / "preview.png").read_bytes()
    assert main(arguments) == 0
    assert "\x1b" not in capsys.readouterr().out  # no terminal is there


@contextlib.contextmanager
def terminal(columns, pixels_wide):
    """Puts a terminal in the place of the standard output; gives a list for what it is sent."""
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, pixels_wide, 400))
    received = []

    def read():
        with contextlib.suppress(OSError):  # how Linux reports the end
            while part := os.read(ours, 65536):
                received.append(part.decode())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with os.fdopen(theirs, "w") as stream, contextlib.redirect_stdout(stream):
            yield received
    finally:
        reader.join(timeout=60)
        os.close(ours)


@pytest.mark.skipif(sys.platform == "win32", reason="has no pseudo-terminals")
@pytest.mark.parametrize(("pixels_wide", "keys"), [(2000, None), (300, "40"), (0, None)])
def test_the_picture_is_shown_if_there_is_a_terminal(pixels_wide, keys, photo, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-kitty")
    arguments = ["preview", str(photo), "--rotation-range", "9", "--count", "1"]
    with terminal(40, pixels_wide) as received:
        assert main(arguments) == 0
    png, found = decoded("".join(received))
    assert png == (photo.parent / "preview.png").read_bytes()
    assert found.get("c") == keys
    for more in (["--show", "none"], ["--json"]):
        with terminal(40, pixels_wide) as received:
            assert main([*arguments, *more]) == 0
        assert "\x1b" not in "".join(received)


def test_the_picture_in_a_window(photo, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(preview.webbrowser, "open", lambda url: opened.append(url) or True)
    arguments = ["preview", str(photo), "--count", "1"]
    assert main([*arguments, "--show", "window"]) == 0
    assert opened == [(photo.parent / "preview.png").resolve().as_uri()]
    monkeypatch.setattr(preview.webbrowser, "open", lambda _: False)
    assert main([*arguments, "--show", "window"]) == 2
    assert (
        "--show window: there is no viewer; the picture is preview.png" in capsys.readouterr().err
    )


def test_missing_matplotlib_says_how_to_install_it(photo, monkeypatch, capsys):
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install 'batchwarp[train]'" in fails([photo], capsys)


def test_help_says_how_to_get_the_batch(capsys):
    with pytest.raises(SystemExit):
        main(["preview", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "shuffle=False, seed=SEED" in text
    assert "--rescale N" in text


def test_neither_keras_nor_tensorflow_is_imported(folder, photo):
    code = (
        "import sys; from batchwarp.cli import main\n"
        "assert main(['preview', sys.argv[1], '--rotation-range', '9', '--count', '1']) == 0\n"
        "assert main(['preview', sys.argv[2], '--samplewise-center', '--count', '2']) == 0\n"
        "heavy = {'keras', 'pandas', 'scipy', 'tensorflow'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(photo), str(folder)]
    subprocess.run(command, check=True, timeout=60, stdout=subprocess.DEVNULL)


class TestBeside:
    """Masks and annotations, drawn over a folder's images."""

    @pytest.fixture
    def coco(self, tmp_path):
        pytest.importorskip("pycocotools")
        return annotation_files.save_coco(tmp_path / "set")

    @pytest.fixture
    def masks(self, folder, tmp_path):
        for path in folder.rglob("*.png"):
            mask = tmp_path / "masks" / path.relative_to(folder)
            mask.parent.mkdir(parents=True, exist_ok=True)
            values = np.zeros((21, 17), np.uint8)
            values[5:15, 3:12] = 1
            Image.fromarray(values).save(mask)
        return tmp_path / "masks"

    def arguments(self, coco, *others):
        size = ["--target-size", 60, 60]
        return [coco.parent / "images", "--coco", coco, "--count", 3, *size, *others]

    @pytest.mark.parametrize(
        "how", [["--horizontal-flip"], ["--operation", "Flip(1.0)"], ["--rescale", "1/255"]]
    )
    def test_the_lines_of_python_give_what_is_drawn(self, coco, capsys, how):
        result = described(self.arguments(coco, "--seed", 4, *how), capsys)
        batch = executed(result)["batch"]
        targets = batch[1] if isinstance(batch, tuple) else batch
        assert {"masks", "boxes", "keypoints"} <= set(targets)
        assert (targets["boxes"]["labels"] != -1).sum() == 3
        assert [one["file"] for one in result["variants"]] == [
            os.path.normpath(name) for name in annotation_files.NAMES
        ]

    def test_boxes_stand_where_they_are_before_and_after(self, coco, capsys):
        """Of a mirrored batch, the overlay of an original is the mirrored one of its image."""
        from batchwarp.cli import preview_beside, preview_recipe

        captured = []
        real = preview_beside.Beside.overlays

        def overlays(self, targets, first):
            captured.append(real(self, targets, first))
            return captured[-1]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(preview_recipe.Beside, "overlays", overlays)
            described(self.arguments(coco, "--operation", "Flip(1.0)"), capsys)
        before, after = captured
        assert len(before) == len(after) == 3
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(other.masks[0], one.masks[0][:, ::-1])
            kept = (one.boxes != -1).all(axis=1)
            np.testing.assert_allclose(
                other.boxes[kept][:, [0, 2]], 60 - one.boxes[kept][:, [2, 0]], atol=1e-4
            )

    def test_the_picture_has_the_colours_of_classes(self, coco, capsys):
        described(self.arguments(coco), capsys)
        plain = pixels()
        assert main(["preview", *map(str, self.arguments(coco)), "--rotation-range", "5"]) == 0
        for colour in preview_overlay._COLOURS[:2]:  # person, bottle
            for picture in (plain, pixels()):
                assert (np.abs(picture - colour).max(axis=2) <= 2).sum() > 50

    @pytest.mark.parametrize("how", [["--horizontal-flip"], ["--operation", "Flip(1.0)"]])
    def test_masks(self, folder, masks, capsys, how):
        arguments = [folder, "--masks", masks, "--target-size", 21, 17, *how]
        result = described(arguments, capsys)
        batch = executed(result)["batch"]
        found = batch["masks"] if isinstance(batch, dict) else batch[1]
        assert found.shape == (5, 21, 17)
        colour = preview_overlay._COLOURS[0]
        assert (np.abs(pixels() - colour).max(axis=2) <= 2).sum() > 100

    def test_channels_first(self, coco, folder, masks, capsys):
        for how in (["--data-format", "channels_first"], ["--fused", "off"]):
            operation = ["--operation", "Affine(rotation=9)"]
            described(self.arguments(coco, *operation, *how), capsys)
            described([folder, "--masks", masks, *operation, *how], capsys)

    def test_data_sets_without_outlines_and_keypoints(self, tmp_path, capsys):
        content = annotation_files.coco_content()
        for entry in content["annotations"]:
            entry["segmentation"] = []
        del content["categories"][1]["keypoints"]
        coco = annotation_files.save_coco(tmp_path / "boxes", content)
        batch = executed(described(self.arguments(coco), capsys))["batch"]
        assert list(batch[1]) == ["boxes", "labels"]

    def test_lines_of_yolo(self, tmp_path, capsys):
        """Boxes, polygons and keypoints, each with what belongs to it."""
        pytest.importorskip("pycocotools")
        images = annotation_files.save_yolo(tmp_path)
        labels = tmp_path / "labels"
        size = ["--target-size", 60, 60, "--count", 3]
        batch = executed(described([images, "--yolo", *size], capsys))["batch"]
        assert list(batch[1]) == ["boxes", "labels"]
        (labels / "a.txt").write_text("0 .1 .1 .9 .1 .9 .9\n1 .2 .2 .3 .2 .3 .3\n")
        batch = executed(described([images, "--yolo", labels, *size], capsys))["batch"]
        assert set(batch[1]) == {"boxes", "masks"}
        assert set(np.unique(batch[1]["masks"])) == {0, 1, 2}
        for colour in preview_overlay._COLOURS[:2]:
            assert (np.abs(pixels() - colour).max(axis=2) <= 2).sum() > 50

    def test_poses_of_yolo(self, tmp_path, capsys):
        pytest.importorskip("yaml")
        images, data = annotation_files.save_yolo(tmp_path), tmp_path / "data.yaml"
        (tmp_path / "labels" / "a.txt").write_text("0 .5 .5 .2 .2 .5 .5 .6 .6\n")
        data.write_text("names: [cat]\nkpt_shape: [2, 2]\n")
        arguments = [images, "--yolo", "--data", data, "--target-size", 60, 60]
        batch = executed(described([*arguments, "--operation", "Flip(1.0)"], capsys))["batch"]
        assert {"boxes", "keypoints"} <= set(batch)
        np.testing.assert_allclose(batch["keypoints"][0, 0], [29.5, 29.5], atol=1e-5)

    def test_mistakes_of_yolo(self, folder, photo, tmp_path, capsys):
        assert "--yolo: give a folder" in fails([photo, "--yolo"], capsys)
        assert "--data: is for --yolo" in fails([folder, "--data", photo], capsys)
        nowhere = tmp_path / "nowhere"
        assert "`label_dir` should be a folder" in fails([folder, "--yolo", nowhere], capsys)
        assert "none of its 0 text files" in fails([folder, "--yolo"], capsys)

    def test_mistakes(self, coco, folder, photo, tmp_path, capsys):
        assert "--coco: give a folder" in fails([photo, "--coco", coco], capsys)
        assert "--masks: give a folder" in fails([photo, "--masks", folder], capsys)
        nowhere = tmp_path / "nowhere"
        assert "no such folder" in fails([folder, "--masks", nowhere], capsys)
        assert "--coco:" in fails([folder, "--coco", nowhere], capsys)
        coco.write_text("{")
        assert "is cut off" in fails([folder, "--coco", coco], capsys)
        assert "not allowed with" in fails([folder, "--coco", coco, "--masks", folder], capsys)
        masks = tmp_path / "few"
        masks.mkdir()
        assert "images without a mask" in fails([folder, "--masks", masks], capsys)


def test_variants_have_what_moves_with_them():
    x = np.zeros((3, 8, 10, 3), np.uint8)
    masks = np.arange(3 * 80, dtype=np.uint8).reshape(3, 8, 10)
    one, other = (
        ImageDataGenerator(rotation_range=30).flow(x, masks=masks, shuffle=False, seed=2)
        for _ in range(2)
    )
    variants = list(one.next_variants())
    _, wanted = next(other)
    found = np.concatenate([variant.targets["masks"] for variant in variants])
    np.testing.assert_array_equal(found, wanted)
