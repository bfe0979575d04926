"""The training scripts on Keras' other backends, where these are installed, without TensorFlow."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("keras", reason="the scripts train with it")
pytest.importorskip("matplotlib", reason="the scripts draw with it")
pytest.importorskip("scipy", reason="Keras' generator, which ours is compared with, warps with it")

# Runs commands, one per line of the standard input, in a process that cannot import TensorFlow.
RUN = """
import json, sys
sys.modules["tensorflow"] = None
from batchwarp.cli import main
from batchwarp.training.run import speed

full = speed.compare
speed.compare = lambda *args, **more: full(*args, **more, repeats=1, seconds=0.001)
for line in sys.stdin:
    status = main(json.loads(line))
    if status:
        sys.exit(status)
"""


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_scripts_on_another_backend(backend, write_fashion_mnist, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    write_fashion_mnist(tmp_path / "data", train=40)
    ox = ["train", "ox", "--limit", "20", "--batch-size", "8"]
    mnist = ["train", "mnist", "--data", tmp_path / "data", "--limit", "32", "--epochs", "1"]
    commands = [
        [*ox, "--epochs", "2", "--out", tmp_path / "whole"],
        [*ox, "--epochs", "1", "--out", tmp_path / "parts"],
        [*ox, "--epochs", "2", "--out", tmp_path / "parts", "--resume"],
        [*mnist, "--out", tmp_path / "mnist", "--generator", "keras", "--h5"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input="\n".join(json.dumps([str(part) for part in command]) for command in commands),
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    for name in ("whole", "parts", "mnist"):
        record = json.loads((tmp_path / name / "run.json").read_text())
        assert record["status"] == "finished"
        assert record["settings"]["versions"]["backend"] == backend
        assert 0 <= record["results"]["waiting"] <= 1
        for file in ("model.keras", "report.html", "curves.png", "confusion.png"):
            assert (tmp_path / name / file).stat().st_size > 1000, (name, file)
    assert (tmp_path / "mnist" / "model.h5").stat().st_size > 1000
    # The order of the pictures, their variants and the dropout go on where they were.
    whole, parts = (
        json.loads((tmp_path / name / "history.json").read_text()) for name in ("whole", "parts")
    )
    for metric in ("loss", "val_loss", "learning_rate"):
        np.testing.assert_allclose(parts[metric], whole[metric], rtol=1e-4, err_msg=metric)
