"""The migration page: its code runs, and gives what Keras' generator gives."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp.training.scripts.catalogue import SCRIPTS

PAGE = Path(batchwarp.__file__).parent / "training" / "MIGRATION.md"
if not PAGE.is_file():  # an editable install keeps texts in the checkout
    PAGE = Path(__file__).parents[3] / "python" / "batchwarp" / "training" / "MIGRATION.md"
DIFFS = dict(
    re.findall(r"^## ([^\n(]+?) \(.*?^```diff\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
)


class Model:
    """Takes a batch of what it is to be fitted to."""

    def compile(self, **_):
        pass

    def fit(self, data, **arguments):
        self.batch = next(data)
        if hasattr(arguments.get("validation_data"), "batch_size"):
            next(arguments["validation_data"])
        return type("History", (), {"history": {"accuracy": []}})

    def save(self, path):
        assert path.endswith(".keras")


@pytest.fixture
def tutorial(tmp_path):
    """What a tutorial has defined before the lines in question."""
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
        for number in range(3):
            Image.new("RGB", (20, 30), (number, 0, 90)).save(tmp_path / name / f"{number}.png")
    x = np.random.default_rng(0).random((40, 28, 28, 1), np.float32)
    y = np.eye(10)[np.arange(40) % 10]
    return {
        "x_train": x,
        "y_train": y,
        "x_valid": x,
        "y_valid": y,
        "train_images": x,
        "train_labels": y,
        "batch_size": 8,
        "train_dir": str(tmp_path),
        "validation_dir": str(tmp_path),
        "images": np.tile(x[:24], (1, 1, 1, 3)),
        "masks": (x[:24] > 0.5).astype(np.uint8),
        "model": Model(),
    }


def test_every_script_is_on_the_page():
    page = PAGE.read_text("utf-8")
    assert len(DIFFS) == 6
    for script in SCRIPTS:
        assert f"batchwarp train {script.name}" in page


@pytest.mark.parametrize("name", list(DIFFS))
def test_code_of_the_page_runs(name, tutorial, capsys):
    lines = DIFFS[name].splitlines()
    assert {line[:1] for line in lines} <= {"-", "+", " "}
    exec("\n".join(line[1:] for line in lines if line[:1] != "-"), tutorial)
    if "x_augmented" in tutorial:
        assert tutorial["x_augmented"].shape == (20, 28, 28, 1)
    elif name == "Segmentation":
        images, masks = tutorial["model"].batch
        assert images.shape == (8, 28, 28, 3)
        assert masks.shape == (8, 28, 28, 1)
        assert set(np.unique(masks)) == {0, 1}
    elif "train_generator" in tutorial:
        assert next(tutorial["train_generator"])[0].shape == (6, 150, 150, 3)
    else:
        assert tutorial["model"].batch[0].shape[1:] == (28, 28, 1)
