"""Every example runs as it stands, and shows a result."""

from __future__ import annotations

import ast
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Runs an example in an empty folder; returns what it printed.

    In this process: importing TensorFlow takes longer than any of them.
    """

    def run_example(name):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [name])
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run_example


def last(output, metric):
    return float(re.findall(rf"\b{metric}: ([\d.]+)", output)[-1])


@pytest.mark.parametrize("name", ["arrays.py", "directory.py", "recipe.py"])
def test_training_with_validation_succeeds(run, name):
    pytest.importorskip("tensorflow", reason="Keras trains on it")
    assert last(run(name), "val_accuracy") > 0.9


def test_training_on_a_dataframe_succeeds(run):
    pytest.importorskip("pandas", reason="it has the dataframe")
    pytest.importorskip("tensorflow", reason="Keras trains on it")
    assert last(run("dataframe.py"), "val_mae") < 0.03


def test_training_on_a_dataset_succeeds(run):
    pytest.importorskip("tensorflow", reason="it has the dataset")
    assert last(run("tf_data.py"), "accuracy") > 0.9


def test_training_on_masks_succeeds(run):
    pytest.importorskip("tensorflow", reason="Keras trains on it")
    assert last(run("segmentation.py"), "val_iou") > 0.6


def test_training_on_boxes_succeeds(run):
    pytest.importorskip("tensorflow", reason="Keras trains on it")
    before, after = map(float, re.findall(r"recall \w+: ([\d.]+)", run("detection.py")))
    assert before < 0.3
    assert after > 0.7


def test_the_loop_of_pytorch_succeeds(run):
    pytest.importorskip("torch", reason="the example needs PyTorch")
    assert float(run("pytorch_loop.py").split()[-1]) > 0.9


def test_the_loop_of_jax_succeeds(tmp_path):
    pytest.importorskip("jax", reason="the example needs JAX")
    # In a process of its own: how many devices there are is said before JAX is imported.
    flags = {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    made = subprocess.run(
        [sys.executable, str(EXAMPLES / "jax_loop.py")],
        cwd=tmp_path,
        env=os.environ | flags,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert "20 images a device" in made.stdout
    assert last(made.stdout, "accuracy") > 0.9


@pytest.mark.filterwarnings("ignore")  # Lightning advises about workers, which there are none of
def test_the_loop_of_lightning_succeeds(run):
    pytest.importorskip("lightning", reason="the example needs Lightning")
    assert last(run("lightning_loop.py"), "val_accuracy") > 0.9


def test_the_loop_of_torch_in_two_processes_succeeds(tmp_path):
    pytest.importorskip("torch", reason="the example needs PyTorch")
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    made = subprocess.run(
        [sys.executable, *torchrun, str(EXAMPLES / "torchrun_loop.py")],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert "2 processes" in made.stdout
    assert last(made.stdout, "accuracy") > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "library"), [("ray_train.py", "jax"), ("ray_train_torch.py", "torch")]
)
def test_training_by_workers_succeeds(tmp_path, name, library):
    pytest.importorskip(library, reason="the workers train with it")
    pytest.importorskip("ray", reason="it starts the workers")
    # Not in this process: workers take over what it has imported, and its standard output.
    command = [sys.executable, str(EXAMPLES / name), str(tmp_path)]
    made = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert last(made.stdout, "accuracy") > 0.9
    assert list(tmp_path.glob("ray_train_run*/checkpoint*"))


@pytest.fixture
def shown(monkeypatch):
    """The pictures that an example shows, as arrays."""
    plt = pytest.importorskip("matplotlib.pyplot", reason="it draws the pictures")
    plt.switch_backend("agg")
    pictures = []

    def show():
        figure = plt.gcf()
        figure.canvas.draw()
        pictures.append(np.asarray(figure.canvas.buffer_rgba())[..., :3])
        plt.close(figure)

    monkeypatch.setattr(plt, "show", show)
    return pictures


def test_the_explanation_is_of_the_batch(run, shown):
    printed = run("explain.py")
    assert "theta" in printed
    assert last(printed, "the greatest difference") == 0
    (picture,) = shown
    assert picture.std() > 30


def test_targets_are_drawn(run, shown):
    run("targets.py")
    (picture,) = shown
    for colour in ((0, 255, 0), (255, 0, 0), (255, 215, 0), (0, 255, 255)):  # eyes, box, mask
        assert (np.abs(picture.astype(int) - colour).max(-1) < 12).sum() > 50, colour


def test_the_function_is_what_the_loop_waits_for(run, shown):
    printed = " ".join(run("waiting.py").split())
    share, function = re.findall(r"^(\d+)% .* function (\d+)", printed)[0]
    assert int(share) >= int(function) > 30
    (picture,) = shown
    assert picture.std() > 5


def test_the_custom_function_is_drawn(run, shown):
    assert "a batch of (8, 64, 64, 3)" in run("custom_function.py")
    (picture,) = shown
    assert picture.std() > 30


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_it_begins_with_a_title(path):
    """The site's page of it does."""
    title, line, _ = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).split("\n", 2)
    assert line == "=" * len(title)


def test_all_are_tested_and_listed():
    names = {path.name for path in EXAMPLES.glob("*.py")}
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\((\w+\.py)\)", listed)) == names
    assert set(re.findall(r'"(\w+\.py)"', Path(__file__).read_text(encoding="utf-8"))) == names
