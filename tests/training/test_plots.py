"""The pictures that the training scripts save."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("matplotlib", reason="it draws the pictures")

from batchwarp.training import plots
from batchwarp.training.files import replacing, write_json


def assert_is_a_picture(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        pixels = np.asarray(picture.convert("L"))
    assert pixels.size > 100_000
    assert 0.003 < (pixels < 200).mean() < 0.9


HISTORY = {"loss": [0.7, 0.4, 0.3], "accuracy": [0.5, 0.8, 0.9], "learning_rate": [0.1] * 3}


@pytest.mark.parametrize(
    "history",
    [
        HISTORY,
        HISTORY | {"val_loss": [0.8, 0.6, 0.5], "val_accuracy": [0.4, 0.6, 0.7]},
        {name: values[:1] for name, values in HISTORY.items()},
        {"loss": [float("nan")] * 3, "accuracy": [0.1] * 3},
    ],
    ids=["training only", "with validation", "one epoch", "diverged"],
)
def test_curves(tmp_path, history):
    path = tmp_path / "curves.png"
    plots.curves(history, path, title="Curves")
    assert_is_a_picture(path)


@pytest.mark.parametrize("count", [1, 8, 13])
def test_before_after(tmp_path, count):
    images = np.random.default_rng(0).random((count, 28, 20, 1))
    path = tmp_path / "grid.png"
    plots.before_after(images, 1 - images, path, title="Grid", names=["shirt"] * count)
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert len(np.unique(np.asarray(picture.convert("L")))) > 50


@pytest.mark.parametrize("count", [1, 9])
def test_pictures(tmp_path, count):
    channels = 1 if count == 1 else 3
    images = np.random.default_rng(0).random((count, 38, 46, channels))
    path = tmp_path / "wrong.png"
    plots.pictures(images, ["X taken for O"] * count, path, title="Misclassified")
    assert_is_a_picture(path)


def test_confusion_matrix_with_an_empty_class(tmp_path):
    path = tmp_path / "confusion.png"
    matrices = {"training": np.array([[90, 10], [3, 97]]), "test": np.array([[5, 1], [0, 0]])}
    plots.confusion_matrix(matrices, ("O", "X"), path, title="Confusion")
    assert_is_a_picture(path)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "result.json"
    write_json(path, {"a": 1})
    before = path.read_bytes()

    def fail():
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_plotting_does_not_touch_pyplot(tmp_path):
    code = (
        "import sys, pathlib\n"
        "from batchwarp.training import plots\n"
        "plots.curves({'loss': [1.0]}, pathlib.Path(sys.argv[1]), title='')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "c.png")], check=True, timeout=60)
