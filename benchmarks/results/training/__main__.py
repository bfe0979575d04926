"""Keeps the results of training runs, and writes the table of the training page.

    batchwarp train asl --out runs/asl
    python -m benchmarks.results.training runs/asl …    keep these runs, then write the table
    python -m benchmarks.results.training               write the table anew

A run is kept under the name of its folder: what it was asked and what it reached (`run.json`), the
values of each epoch (`history.json`) and the curves. Names of folders on the machine are left out.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness.machine import machine
from benchmarks.harness.report import table

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[2] / "python" / "batchwarp" / "training" / "README.md"
START, END = "<!-- runs: python -m benchmarks.results.training -->", "<!-- end of runs -->"

# What the tutorials, or the book behind them, reach; on which pictures is in the last column.
HEADLINES = {
    "asl": ".9962 (20 epochs)",
    "mnist": ".99 (5 epochs)",
    "ox": ".93",
    "ox-handdrawn": ".93",
    "fashion-mnist-a": ".854 (25 epochs)",
    "fashion-mnist-b": ".886 (25 epochs)",
    "fashion-mnist-c": ".923 (25 epochs)",
    "fashion-mnist-d": ".926 (25 epochs)",
}
_HEADER = (
    "run",
    "epochs",
    "accuracy",
    "of the best epoch",
    "tutorial",
    "s per epoch",
    "waiting",
    "on",
)
_KEPT_SETTINGS = (
    *("epochs", "batch_size", "limit", "seed", "generator", "threads", "parameters", "model"),
    *("mode", "base", "images", "validation_split", "recipe", "augmentation", "versions"),
)
_KEPT_RESULTS = (
    *("epochs", "best_epoch", "parts", "seconds_per_epoch", "waiting"),
    *("generator_images_per_second", "speed"),
)


def keep(run: Path, folder: Path, commit: str) -> None:
    """Keeps the results of a run.

    Args:
        run: The `--out` folder of a finished run.
        folder: Where the folder of its results goes.
        commit: Of the code that made it.

    Raises:
        SystemExit: If it is not the folder of a finished run.
    """
    try:
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise SystemExit(f"error: {run}: not the folder of a run ({error})") from error
    if record["status"] != "finished":
        raise SystemExit(f"error: {run}: the run is {record['status']}")
    kept = {
        "script": record["script"],
        "commit": commit,
        "settings": _some(record["settings"], _KEPT_SETTINGS),
        "results": _some(record["results"], _KEPT_RESULTS),
    }
    target = folder / run.name
    target.mkdir(exist_ok=True)
    text = json.dumps(kept, indent=2, ensure_ascii=False)
    (target / "run.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    for name in ("history.json", "curves.png"):
        shutil.copyfile(run / name, target / name)


def _some(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def load(folder: Path) -> dict[str, tuple[dict[str, Any], dict[str, list[float]]]]:
    """Returns record and history of all runs that are kept, by name."""
    return {
        path.parent.name: (
            json.loads(path.read_text(encoding="utf-8")),
            json.loads((path.parent / "history.json").read_text(encoding="utf-8")),
        )
        for path in sorted(folder.glob("*/run.json"))
    }


def runs_table(runs: Mapping[str, tuple[Mapping[str, Any], Mapping[str, list[float]]]]) -> str:
    """Returns the table of the training page.

    Args:
        runs: What `load` has returned.

    Returns:
        Markdown.
    """
    rows = [_row(name, *run) for name, run in runs.items()]
    settings = [record["settings"] for record, _ in runs.values()]
    seeds = sorted({str(one["seed"]) for one in settings})
    commits = dict.fromkeys(record["commit"] for record, _ in runs.values())
    versions = settings[0]["versions"]
    footnote = (
        f"Seed {', '.join(seeds)}; commit {', '.join(commits)}; Keras {versions['keras']} on "
        f"{versions['backend']}, {settings[0]['threads']} threads."
    )
    return f"{table(_HEADER, rows)}\n\n{footnote}"


def _row(name: str, record: Mapping[str, Any], history: Mapping[str, list[float]]) -> list[str]:
    results = record["results"]
    part, values = list(results["parts"].items())[-1]
    best = max(range(len(history["val_accuracy"])), key=history["val_accuracy"].__getitem__)
    waiting = results.get("waiting")
    return [
        f"[{name}](../../../benchmarks/results/training/{name}/curves.png)",
        str(results["epochs"]),
        f"{values['accuracy']:.4f}",
        f"{history['val_accuracy'][best]:.4f} ({best + 1})",
        HEADLINES.get(name, ""),
        f"{results['seconds_per_epoch']:.0f}",
        "" if waiting is None else f"{waiting:.1%}",
        f"{sum(map(sum, values['confusion'])):,} {part} pictures",
    ]


def with_table(page: str, text: str) -> str:
    """Returns the training page with its table replaced.

    Args:
        page: Its text, with the two marks `START` and `END`.
        text: The table.

    Raises:
        ValueError: If the marks are not there, once each and in this order.
    """
    before, found, rest = page.partition(START)
    _, ended, after = rest.partition(END)
    if not found or not ended or START in rest or END in after:
        raise ValueError(f"the page must have the marks {START!r} and {END!r}, once each")
    return f"{before}{START}\n{text}\n{END}{after}"


def main(words: Sequence[str] | None = None) -> int:
    """Does what the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.results.training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN", help="--out folder of a run")
    parser.add_argument("--commit", help="of the code that made them (default: that of now)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where results are kept")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write into")
    options = parser.parse_args(words)
    for run in options.runs:
        keep(run, options.folder, options.commit or machine()["commit"])
    runs = load(options.folder)
    if not runs:
        parser.error(f"no runs are kept in {options.folder}")
    page = options.page.read_text(encoding="utf-8")
    options.page.write_text(with_table(page, runs_table(runs)), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
