"""Whole trainings, for the training page: hours of two cores, minutes on a card."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .backend import use
from .findings import WrongError
from .process import tail
from .task import Task

DRY = ("--limit", "64", "--epochs", "1")
USAGE = 2  # the status of `batchwarp train` where its user can put it right: no data, say


def train(task: Task, name: str, *words: str) -> None:
    """Runs `batchwarp train`, and takes down what it has reached.

    Args:
        task: whose findings take it.
        name: of the run, as the training page has it.
        words: the script and its options.
    """
    out = Path(task.settings.work, "runs", name)
    few = DRY if task.settings.dry_run else ()
    code, text = task.run(
        [sys.executable, "-m", "batchwarp", "train", *words, "--out", str(out), *few],
        environment={"KERAS_BACKEND": use(task.settings)},
    )
    if code:
        raise WrongError(f"it ended with {code}:\n{tail(text)}")
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    results = record["results"]
    task.findings.figures(
        {
            f"accuracy, {part}": figures["accuracy"]
            for part, figures in results["parts"].items()
            if "accuracy" in figures
        }
    )
    for figure in ("epochs", "seconds_per_epoch", "waiting"):
        if figure in results:
            task.findings.figure(figure, results[figure])
    task.findings.note(f"For the training page: `python -m benchmarks.results.training {out}`")


def fashion_c(task: Task) -> None:
    """Fashion-MNIST, in the style of VGG."""
    train(task, "fashion-mnist-c", "fashion-mnist", "--model", "c")


def fashion_d(task: Task) -> None:
    """The same with half as many augmented pictures in addition."""
    train(task, "fashion-mnist-d", "fashion-mnist", "--model", "d")


def cats_dogs_plain(task: Task) -> None:
    """Cats and dogs as they are."""
    train(task, "cats-dogs-plain", "cats-dogs", "--no-augment", "--cache", "memory")


def cats_dogs(task: Task) -> None:
    """Cats and dogs, augmented."""
    train(task, "cats-dogs", "cats-dogs", "--cache", "memory")
