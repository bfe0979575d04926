"""Ctrl-C and other ends of whole commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

pytest.importorskip("tensorflow", reason="the scripts train with it")
pytest.importorskip("matplotlib", reason="the scripts draw with it")

from batchwarp.cli import main

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

MANY = "1000"


@pytest.fixture
def arguments(write_fashion_mnist, tmp_path):
    """A command that trains on very little."""
    write_fashion_mnist(tmp_path / "data", train=40)
    script = ["train", "fashion-mnist", "--data", str(tmp_path / "data"), "--limit", "32"]
    return [*script, "--out", str(tmp_path / "out")]


@contextmanager
def running(arguments, until):
    """Starts a command, and reads what it prints up to a line that begins as given."""
    with subprocess.Popen(
        [sys.executable, "-m", "batchwarp", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    ) as process:
        try:
            if not any(line.startswith(until) for line in process.stdout):
                pytest.fail(f"no line {until!r}: {process.stderr.read()}")
            yield process
        finally:
            process.kill()


def record_of(out):
    return json.loads((out / "run.json").read_text())


@pytest.mark.slow
def test_ctrl_c_leaves_a_run_to_go_on_with(arguments, tmp_path, capsys):
    out = tmp_path / "out"
    with running([*arguments, "--epochs", MANY], f"Epoch 2/{MANY}") as process:
        # While it is at work, nobody else may write to its folder.
        assert main([*arguments, "--epochs", "1"]) == 2
        assert f"another run is at work in {out}" in capsys.readouterr().err
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "Interrupted. Going on with the model of epoch" in output
    history = json.loads((out / "history.json").read_text())
    epochs = len(history["loss"])
    assert epochs >= 1
    assert record_of(out)["status"] == "interrupted"
    assert record_of(out)["results"]["epochs"] == epochs
    for name in ("model.keras", "report.html", "curves.png", "confusion.png"):
        assert (out / name).stat().st_size > 1000, name

    assert main([*arguments, "--epochs", str(epochs + 1), "--resume"]) == 0
    assert f"Going on after epoch {epochs}\n" in capsys.readouterr().out
    assert record_of(out)["status"] == "finished"
    longer = json.loads((out / "history.json").read_text())
    assert longer["loss"][:epochs] == history["loss"]
    assert len(longer["loss"]) == epochs + 1


@pytest.mark.slow
def test_reader_of_the_output_that_leaves_interrupts(arguments, tmp_path):
    with running([*arguments, "--epochs", MANY], f"Epoch 1/{MANY}") as process:
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(timeout=120) == 130, errors
    assert "Traceback" not in errors
    out = tmp_path / "out"
    assert record_of(out)["status"] == "interrupted"
    assert (out / "report.html").exists()
    assert (out / "model.keras").exists()
