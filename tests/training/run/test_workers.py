"""What `--workers` refuses before anything is started, and arrays that are shared out."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from batchwarp.cli import main
from batchwarp.training.run.shared_arrays import SharedArrays


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Runs `batchwarp train ox --workers 2`; returns the error."""
    monkeypatch.delenv("KERAS_BACKEND", raising=False)

    def train(*arguments):
        command = ["train", "ox", "--workers", "2", "--out", str(tmp_path / "out"), *arguments]
        assert main(command) == 2
        assert not (tmp_path / "out").exists()
        return capsys.readouterr().err

    return train


def test_what_workers_cannot_do(run, monkeypatch):
    assert "argument --workers: Keras' generator makes all of each batch" in run(
        "--generator", "keras"
    )
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert "KERAS_BACKEND should be jax, on which Keras trains" in run()


@pytest.mark.parametrize("package", ["ray", "jax"])
def test_packages_that_are_missing(run, monkeypatch, package):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == package else name == "jax" or found(name, *more),
    )
    monkeypatch.setitem(sys.modules, "ray", None)
    error = run()
    assert f"argument --workers: {package} is needed and cannot be imported" in error
    assert error.rstrip().endswith("pip install 'batchwarp[ray]'")


def test_no_workers(capsys):
    assert main(["train", "ox", "--workers", "0"]) == 2
    assert "argument --workers" in capsys.readouterr().err


def test_features_are_not_shared_out(capsys):
    from batchwarp.training.run import workers
    from batchwarp.training.scripts import transfer

    arguments = ["train", "transfer", "--workers", "2"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "run_in_workers", None)
        # What a worker does first.
        patch.setattr(
            "batchwarp.training.scripts.script.run_in_workers",
            lambda _, options: transfer.SCRIPT.run(options),
        )
        assert main([*arguments, "--mode", "extract"]) == 2
    assert "argument --workers: --mode extract looks at each picture once" in (
        capsys.readouterr().err
    )


def test_arrays_are_shared_out(monkeypatch, keras):
    x = np.arange(40, dtype=np.float32).reshape(40, 1)
    y = np.arange(40)

    def arrays(rank, epochs=0):
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setenv("WORLD_SIZE", "3")
        return SharedArrays(
            x, y, epochs, 5, batch_size=4, validation_split=0.25, class_weight={0: 1.0}
        )

    for name in ("ray.train", "torch.distributed", "jax"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    parts = [arrays(rank) for rank in range(3)]
    batches = [part.batches for part in parts]
    assert parts[0].arguments.keys() == {"class_weight", "validation_data"}
    np.testing.assert_array_equal(parts[0].arguments["validation_data"][1], y[30:])
    passes = []
    for _ in range(2):
        steps = [[part[step] for part in batches] for step in range(len(batches[0]))]
        assert [{len(labels) for _, labels in step} for step in steps] == [{4}, {4}, {2}]
        labels = np.concatenate([labels for step in steps for _, labels in step])
        np.testing.assert_array_equal(np.sort(labels), y[:30])
        np.testing.assert_array_equal(
            np.concatenate([images for step in steps for images, _ in step])[:, 0], labels
        )
        passes.append(labels)
        for part in batches:
            part.on_epoch_end()
    assert not np.array_equal(*passes)
    # A run that goes on has the orders that it would have had.
    np.testing.assert_array_equal(arrays(0, 1).batches[0][1], passes[1][:4])
