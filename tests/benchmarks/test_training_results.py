"""The kept results of training runs, and the table of the training page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from batchwarp.console.files import write_json

ROOT = Path(__file__).parent.parent.parent

pytest.importorskip("rich", reason="benchmarks need the extra `bench`")


@pytest.fixture
def training(monkeypatch):
    """The module, which belongs to a checkout and is not in the package."""
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.results.training import __main__

    return __main__


@pytest.fixture
def run(tmp_path):
    """The folder of a finished run."""
    folder = tmp_path / "runs" / "asl"
    folder.mkdir(parents=True)
    record = {
        "script": "asl",
        "status": "finished",
        "settings": {
            "epochs": 3,
            "seed": 4,
            "threads": 2,
            "data": "/home/me/sign_mnist",
            "versions": {"keras": "3.15.1", "backend": "jax"},
        },
        "results": {
            "epochs": 3,
            "parts": {"test": {"accuracy": 0.75, "confusion": [[2000, 10], [490, 0]]}},
            "seconds_per_epoch": 12.4,
            "waiting": 0.0123,
            "unread": ["/home/me/x.png: damaged"],
        },
        "state": {"random": [[1, 2]]},
    }
    write_json(folder / "run.json", record)
    history = {"loss": [3.0, 2, 1], "val_accuracy": [0.5, 0.8, 0.75]}
    write_json(folder / "history.json", history)
    (folder / "curves.png").write_bytes(b"curves")
    return folder


@pytest.fixture
def page(training, tmp_path):
    path = tmp_path / "page.md"
    path.write_text(f"before\n{training.START}\nold\n{training.END}\nafter\n")
    return path


def test_a_run_is_kept_without_names_of_this_machine(training, run, page, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    words = [str(run), "--folder", str(kept), "--page", str(page), "--commit", "abc"]
    assert training.main(words) == 0
    text = (kept / "asl" / "run.json").read_text()
    assert "/home" not in text
    assert json.loads(text)["results"]["parts"]["test"]["accuracy"] == 0.75
    assert (kept / "asl" / "curves.png").read_bytes() == b"curves"
    lines = page.read_text().splitlines()
    assert lines[0] == "before"
    assert lines[-1] == "after"
    row = next(line for line in lines if "asl" in line)
    for cell in (" 0.7500 ", " 0.8000 (2) ", " .9962 ", " 12 ", " 1.2% ", " 2,500 test pictures "):
        assert cell in row
    assert any(line.startswith("Seed 4; commit abc; Keras 3.15.1 on jax") for line in lines)


def test_only_finished_runs_are_kept(training, run, tmp_path):
    record = json.loads((run / "run.json").read_text())
    write_json(run / "run.json", {**record, "status": "interrupted"})
    with pytest.raises(SystemExit, match="the run is interrupted"):
        training.keep(run, tmp_path, "abc")
    with pytest.raises(SystemExit, match="not the folder of a run"):
        training.keep(tmp_path / "nowhere", tmp_path, "abc")


def test_page_without_marks_is_refused(training):
    with pytest.raises(ValueError, match="once each"):
        training.with_table("no marks", "table")


def test_the_page_has_the_table_of_the_runs_that_are_kept(training):
    runs = training.load(training.FOLDER)
    assert runs
    page = training.PAGE.read_text(encoding="utf-8")
    assert training.with_table(page, training.runs_table(runs)) == page
