"""`batchwarp train --workers`: what several workers train, one killed on the way, is one run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

psutil = pytest.importorskip("psutil", reason="it finds the workers")
pytest.importorskip("ray", reason="it starts the workers")
pytest.importorskip("jax", reason="the workers train on it")

EPOCHS = 8
TIMEOUT = 200


def start(folder, workers, batch_size):
    command = [sys.executable, "-m", "batchwarp", "train", "ox", "--out", str(folder)]
    command += ["--workers", str(workers), "--batch-size", str(batch_size)]
    command += ["--epochs", str(EPOCHS), "--limit", "96"]
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    return subprocess.Popen(
        command,
        env={**environment, "RAY_USAGE_STATS_ENABLED": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def history(folder):
    try:
        return json.loads((folder / "history.json").read_text())
    except FileNotFoundError:
        return {"loss": []}


def kill_a_worker(process, folder):
    """Kills a worker when the first epoch is complete, and the run is not."""
    deadline = time.monotonic() + TIMEOUT
    while not history(folder)["loss"]:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    workers = [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if "RayTrainWorker" in " ".join(child.cmdline())
    ]
    assert len(workers) == 2
    os.kill(workers[-1].pid, signal.SIGKILL)
    assert len(history(folder)["loss"]) < EPOCHS


def ended(process):
    try:
        output, _ = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
    assert process.returncode == 0, output
    return output


def test_a_run_in_workers_is_one_run(tmp_path):
    alone, together = tmp_path / "alone", tmp_path / "together"
    output = ended(start(alone, 1, 16))
    assert output.count("Results are in") == 1
    process = start(together, 2, 8)
    try:
        kill_a_worker(process, together)
    finally:
        output = ended(process)
    assert "Going on after epoch" in output
    record = json.loads((together / "run.json").read_text())
    assert record["status"] == "finished"
    assert record["settings"]["workers"] == 2
    assert not (together / ".workers").exists()
    wanted, found = history(alone), history(together)
    for name in ("loss", "val_loss"):
        assert len(found[name]) == EPOCHS
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-3)
    assert (together / "report.html").stat().st_size > 0
