"""The pictures that the training scripts save."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("matplotlib", reason="it draws the pictures")

from batchwarp.console.files import replacing, write_json
from batchwarp.training.results import plots


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
        HISTORY | {"mean_iou": [0.2, 0.4, 0.6], "val_mean_iou": [0.1, 0.3, 0.5]},
    ],
    ids=["training only", "with validation", "one epoch", "diverged", "masks"],
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


def test_captions_are_no_wider_than_their_pictures(drawn):
    names = ["test\nAnkle boot taken for T-shirt/top", "test\n" + "classification" * 4] * 8
    images = np.zeros((16, 28, 28, 1))
    plots.pictures(images, names, "x.png", title="Wrong")
    (figure,) = drawn
    figure.draw_without_rendering()
    for axes in figure.axes:
        for label in axes.get_xticklabels():
            assert label.get_window_extent().width < 1.1 * axes.get_window_extent().width / 8
        # Below the picture there is room for all lines.
        assert axes.get_tightbbox().height < 2 * axes.get_window_extent().height
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    assert boxes[0].y0 >= boxes[1].y1


def test_confusion_matrix_with_an_empty_class(tmp_path):
    path = tmp_path / "confusion.png"
    matrices = {"training": np.array([[90, 10], [3, 97]]), "test": np.array([[5, 1], [0, 0]])}
    plots.confusion_matrix(matrices, ("O", "X"), path, title="Confusion")
    assert_is_a_picture(path)


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are drawn instead of being saved."""
    figures = []
    monkeypatch.setattr(plots, "save", lambda figure, _: figures.append(figure))
    return figures


@pytest.mark.parametrize(("count", "parts"), [(2, 3), (10, 2), (24, 1)])
def test_numbers_of_confusion_matrices_fit_into_their_cells(tmp_path, drawn, count, parts):
    matrix = np.eye(count, dtype=np.int64) * 1234
    names = [f"class {label}" for label in range(count)]
    matrices = {f"part {index}": matrix for index in range(parts)}
    plots.confusion_matrix(matrices, names, tmp_path / "confusion.png", title="Confusion")
    (figure,) = drawn
    figure.canvas.draw()
    assert len(figure.axes) == parts
    for axes in figure.axes:
        cell = axes.get_window_extent().width / count
        assert len(axes.texts) == (count**2 if count == 2 else count)
        for text in axes.texts:
            assert text.get_window_extent().width < cell
    assert figure.get_size_inches()[0] < 11


def test_numbers_that_do_not_fit_are_left_out(tmp_path, drawn):
    matrix = np.eye(60, dtype=np.int64) * 1234
    plots.confusion_matrix({"test": matrix}, ["class"] * 60, tmp_path / "c.png", title="Many")
    assert not drawn[0].axes[0].texts


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
        "from batchwarp.training.results import plots\n"
        "plots.curves({'loss': [1.0]}, pathlib.Path(sys.argv[1]), title='')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "c.png")], check=True, timeout=60)
