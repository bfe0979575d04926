"""What every training script does alike."""

from __future__ import annotations

import argparse
import json
import signal

import pytest

import batchwarp
from batchwarp.training import runner
from batchwarp.training.errors import UsageError


def start(folder, outputs=("model.keras",)):
    return runner.Run("example", folder, outputs, {"seed": 3})


def record_of(folder):
    return json.loads((folder / runner.RECORD_FILE).read_text())


def test_run_keeps_settings_results_and_status(tmp_path, capsys):
    folder = tmp_path / "a" / "b"
    with start(folder) as run:
        assert record_of(folder)["status"] == "running"
        run.record(accuracy=0.9)
        assert record_of(folder)["results"] == {"accuracy": 0.9}
        run.path("model.keras").write_text("model")
    record = record_of(folder)
    assert record["script"] == "example"
    assert record["batchwarp"] == batchwarp.__version__
    assert record["settings"] == {"seed": 3}
    assert record["status"] == "finished"
    output = capsys.readouterr().out
    assert str(folder) in output
    assert "model.keras" in output


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt, "interrupted"), (ZeroDivisionError, "failed")]
)
def test_run_that_ends_early_says_so_in_its_record(tmp_path, error, status):
    def end_early():
        with start(tmp_path) as run:
            run.record(loss=1.5)
            raise error

    with pytest.raises(error):
        end_early()
    assert record_of(tmp_path)["status"] == status
    assert record_of(tmp_path)["results"] == {"loss": 1.5}


def test_results_of_an_earlier_run_are_removed_and_other_files_are_not(tmp_path):
    for name in ("model.keras", "curves.png", "history.csv", "mine.txt"):
        (tmp_path / name).write_text("old")
    start(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"run.json", "mine.txt"}


def test_undeclared_files_are_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"'other\.png' is not among"):
        start(tmp_path).path("other.png")


def test_folder_that_cannot_be_made_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"argument --out: cannot write to .*file"):
        start(tmp_path / "file" / "folder")


def test_interrupt_gate_delays_ctrl_c_until_it_is_released():
    gate = runner._InterruptGate()
    before = signal.getsignal(signal.SIGINT)
    reached = []

    def interrupted():
        with gate:
            gate.hold()
            signal.raise_signal(signal.SIGINT)
            reached.append("after the signal")
            gate.release()
            reached.append("after the release")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert reached == ["after the signal"]
    assert signal.getsignal(signal.SIGINT) is before


def test_interrupt_gate_lets_ctrl_c_through_when_open():
    def interrupted():
        with runner._InterruptGate():
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interrupted()


class Model:
    """Pretends to train for two epochs and is interrupted in the third, or in its checkpoint."""

    def __init__(self, interrupt_in):
        self.interrupt_in = interrupt_in

    def fit(self, *, epochs, callbacks, **_):
        for callback in callbacks:
            callback.set_model(self)
            callback.on_train_begin({})
        for epoch in range(epochs):
            if epoch == 2 and self.interrupt_in == "epoch":
                signal.raise_signal(signal.SIGINT)
            for callback in callbacks:
                callback.on_epoch_end(epoch, {"loss": 1 / (epoch + 1), "accuracy": epoch / 10})


@pytest.mark.parametrize(("interrupt_in", "epochs"), [("epoch", 2), ("checkpoint", 3)])
def test_interrupted_training_keeps_history_and_curves(tmp_path, interrupt_in, epochs):
    keras = pytest.importorskip("keras", reason="the callbacks are Keras callbacks")

    def checkpoint(epoch, _):
        if epoch == 2:
            signal.raise_signal(signal.SIGINT)
        run.path("model.keras").write_text(f"model of epoch {epoch + 1}")

    callback = keras.callbacks.LambdaCallback(on_epoch_end=checkpoint)
    run = start(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run.fit(Model(interrupt_in), epochs=9, title="Example", callbacks=[callback])
    rows = run.path("history.csv").read_text().splitlines()
    assert rows[0] == "epoch,loss,accuracy"
    assert [row.split(",")[0] for row in rows[1:]] == [str(i + 1) for i in range(epochs)]
    assert run.path("model.keras").read_text() == f"model of epoch {epochs}"
    assert run.path("curves.png").stat().st_size > 1000


def test_threads_that_the_core_refuses_are_a_usage_error(monkeypatch):
    pytest.importorskip("tensorflow", reason="prepare() imports it")

    def refuse(n):
        raise ValueError(f"`n` must be at most 4, received: {n}")

    monkeypatch.setattr(batchwarp.runtime, "set_num_threads", refuse)
    with pytest.raises(UsageError, match="argument --threads: `n` must be at most 4"):
        runner.prepare(argparse.Namespace(seed=0, threads=5))
