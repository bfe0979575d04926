"""`batchwarp bench --mine`: a folder, and scripts with `fit` and with a loop of their own."""

from __future__ import annotations

import json
import re

import pytest

from batchwarp.cli import main
from image_files import picture, save

FIT = """
import sys
import numpy as np, keras
from batchwarp import ImageDataGenerator

model = keras.Sequential(
    [keras.layers.Input((6, 5, 3)), keras.layers.Flatten(), keras.layers.Dense(1)]
)
model.compile("sgd", "mse")
x = np.zeros((40, 6, 5, 3), np.uint8)
flow = ImageDataGenerator(rotation_range=20).flow(x, np.zeros(40), batch_size=4)
model.fit(flow, epochs=1, verbose=0)
model.fit(flow, epochs=50, verbose=0)
raise RuntimeError("nobody gets here")
"""

LOOP = """
import numpy as np
from batchwarp import ImageDataGenerator

if __name__ == "__main__":
    x = np.zeros((40, 6, 5, 3), np.uint8)
    for batch in ImageDataGenerator().flow(x, batch_size=4):
        pass
"""


@pytest.fixture
def folder(tmp_path):
    for kind in ("jpeg", "png"):
        (tmp_path / "images" / kind).mkdir(parents=True)
        for number in range(4):
            save(tmp_path / "images" / kind / str(number), kind, picture(seed=number))
    return str(tmp_path / "images")


@pytest.fixture
def script(tmp_path):
    def write(text):
        path = tmp_path / "mine.py"
        path.write_text(text)
        return str(path)

    return write


def bench(*arguments):
    return main(["bench", "--mine", *arguments])


def test_a_folder(folder, tmp_path, capsys):
    options = ("--steps", "5", "--batch-size", "4", "--target-size", "9", "7")
    files = ("--json", str(tmp_path / "x.json"), "--trace", str(tmp_path / "t.json"))
    settings = ("--rotation-range", "20", "--scaled-decode", "--interpolation", "bilinear")
    assert bench(folder, *options, *files, *settings) == 0
    said = capsys.readouterr().out
    found = re.search(
        r"A batch of 4 takes [\d.]+ ms, [\d,]+ images a second. Of 100 points: "
        r"read (\d+), decode (\d+), warp (\d+), hand-over (\d+)\n",
        said,
    )
    assert sum(map(int, found.groups())) == 100
    assert "--step MS" in said
    report = json.loads((tmp_path / "x.json").read_text())
    assert report["all"]["steps"] == 5
    assert report["setting"]["bytes_to_cache"] == 8 * 9 * 7 * 3
    assert json.loads((tmp_path / "t.json").read_text())["traceEvents"]


def test_a_folder_and_a_model(folder, capsys):
    assert bench(folder, "--steps", "4", "--step", "30", "--target-size", "9", "7") == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert re.match(r"\d+% of each step of .* waits for data: read|No step waits for data", line)


def test_fit_of_a_script(keras, script, tmp_path, capsys):
    fit = keras.Model.fit
    assert bench(script(FIT), "--steps", "25", "--json", str(tmp_path / "x.json")) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("Running ")
    assert last.startswith("`fit` (2 in all, the longest one), 25 steps: ")
    assert json.loads((tmp_path / "x.json").read_text())["all"]["steps"] == 25
    assert keras.Model.fit is fit


@pytest.mark.filterwarnings("ignore")  # it is an old one
def test_fit_on_the_generator_of_keras(keras, script, capsys):
    pytest.importorskip("scipy", reason="Keras' generator warps with it")
    ours = "from batchwarp import ImageDataGenerator"
    theirs = "from keras.src.legacy.preprocessing.image import ImageDataGenerator"
    path = script(FIT.replace(ours, theirs))
    assert bench(path, "--steps", "3") == 0
    assert f"`batchwarp doctor {path}` shows how to swap it" in capsys.readouterr().out


def test_a_loop_of_a_script(script, capsys):
    assert bench(script(LOOP), "--steps", "7") == 0
    assert "its own loop over a flow, 7 steps: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("print(1)", "no step could be measured"),
        ("raise ValueError('mine')", "mine.py: ValueError: mine"),
        ("raise SystemExit(3)", "mine.py: ended with 3"),
        ("def", "mine.py: SyntaxError"),
    ],
)
def test_scripts_without_steps(script, capsys, text, said):
    assert bench(script(text)) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "--mine: nowhere: is neither a folder nor a .py file"),
        (["{folder}/../a.ipynb"], "a.ipynb` makes a script of it"),
        (["{folder}", "kernels"], "--mine is measured alone"),
        (["{folder}", "--list"], "--mine is measured alone"),
        (["{folder}/jpeg"], "has no folders with images in them"),
        (["{folder}", "--step", "-1"], "--step: must be at least 0"),
        (["{folder}", "--rotation-range", "x"], "--rotation-range"),
        (["{folder}", "--zoom-range", "1", "2", "3"], "--zoom-range"),
        (["{folder}", "--trace", "x.txt"], "`trace` should be a .json file"),
        (["{folder}", "--recipe", "nowhere.json"], "--recipe: nowhere.json"),
    ],
)
def test_options(folder, tmp_path, capsys, arguments, said):
    (tmp_path / "a.ipynb").touch()
    assert bench(*(one.format(folder=folder) for one in arguments)) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_no_image(folder, tmp_path, capsys):
    (tmp_path / "images" / "jpeg" / "bad.jpg").write_bytes(b"bad")
    assert bench(folder, "--steps", "4") == 2
    assert "bad.jpg" in capsys.readouterr().err


def test_a_recipe(folder, tmp_path, capsys):
    (tmp_path / "recipe.json").write_text('[{"operation": "Flip", "horizontal": 0.5}]')
    assert bench(folder, "--steps", "2", "--recipe", str(tmp_path / "recipe.json")) == 0
    assert "warp" in capsys.readouterr().out
