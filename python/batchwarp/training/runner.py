"""What every training script does alike: set up, keep the results, survive an interruption."""

from __future__ import annotations

import argparse
import itertools
import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import batchwarp
from batchwarp.training import plots
from batchwarp.training.errors import UsageError
from batchwarp.training.files import replacing, write_json
from batchwarp.training.frameworks import load_keras

__all__ = [
    "CURVES_FILE",
    "HISTORY_FILE",
    "RECORD_FILE",
    "Run",
    "Script",
    "StepTimes",
    "prepare",
    "say",
]

RECORD_FILE = "run.json"
HISTORY_FILE = "history.csv"
CURVES_FILE = "curves.png"


@dataclass(frozen=True)
class Script:
    """A training script, as the command line sees it.

    Attributes:
        name: Its name on the command line.
        summary: What it does, in a line.
        add_arguments: Adds its options to a parser.
        run: Does it, with the parsed options.
    """

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]


def say(text: str) -> None:
    """Prints a line at once, so that it keeps its place among Keras' own output."""
    print(text, flush=True)


def prepare(options: argparse.Namespace) -> Any:
    """Imports Keras and sets seed and threads as the options say.

    Args:
        options: Parsed options with `seed` and `threads`.

    Returns:
        The module `keras`.

    Raises:
        UsageError: If TensorFlow, Keras or matplotlib cannot be imported, or the number of threads
            is not accepted.
    """
    plots.require_matplotlib()
    keras = load_keras()
    keras.utils.set_random_seed(options.seed)
    if options.threads is not None:
        try:
            batchwarp.runtime.set_num_threads(options.threads)
        except ValueError as error:
            raise UsageError(f"argument --threads: {error}") from error
    return keras


class Run:
    """One run of a training script and the folder of its results.

    A context manager: settings, results and the run's fate are kept in `run.json`, which is
    rewritten whenever something becomes known. Files are written as soon as their content exists,
    so an interrupted run leaves what it had computed.

    Args:
        script: Name of the script.
        folder: Folder of the results; it is made if need be.
        outputs: Names of the files that the script writes besides `run.json`, `history.csv` and
            `curves.png`. Those of an earlier run are removed, so that results never mix.
        settings: What the run was asked to do, for `run.json`.

    Raises:
        UsageError: If the folder cannot be made or written to.
    """

    def __init__(
        self, script: str, folder: Path, outputs: Sequence[str], settings: Mapping[str, object]
    ) -> None:
        self.folder = folder.absolute()
        self._names = (RECORD_FILE, HISTORY_FILE, CURVES_FILE, *outputs)
        self._record: dict[str, object] = {
            "script": script,
            "batchwarp": batchwarp.__version__,
            "status": "running",
            "settings": dict(settings),
            "results": {},
        }
        self._results: dict[str, object] = {}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name in self._names:
                (self.folder / name).unlink(missing_ok=True)
            self._write_record("running")
        except OSError as error:
            reason = error.strerror or error
            raise UsageError(f"argument --out: cannot write to {folder}: {reason}") from error

    def path(self, name: str) -> Path:
        """Returns the path of one of the run's files.

        Args:
            name: Name of the file, one of the declared `outputs`.

        Raises:
            ValueError: If the name was not declared.
        """
        if name not in self._names:
            raise ValueError(f"{name!r} is not among this run's files: {', '.join(self._names)}")
        return self.folder / name

    def record(self, **results: object) -> None:
        """Adds results to `run.json`.

        Args:
            **results: Names and values, which must be representable in JSON.
        """
        self._results.update(results)
        self._write_record("running")

    def _write_record(self, status: str) -> None:
        self._record["status"] = status
        self._record["results"] = self._results
        write_json(self.path(RECORD_FILE), self._record)

    def fit(
        self,
        model: Any,
        *data: Any,
        epochs: int,
        title: str,
        callbacks: Sequence[Any] = (),
        **arguments: Any,
    ) -> dict[str, list[float]]:
        """Trains a model with Keras' progress bar and keeps the history.

        `history.csv` grows with every epoch and `curves.png` is drawn at the end, even if the end
        is an interruption. Ctrl-C is heard during an epoch, but not while its checkpoint and its
        line of the history are being written.

        Args:
            model: A compiled Keras model.
            *data: Positional arguments of `model.fit`.
            epochs: Number of epochs.
            title: Title of the curves.
            callbacks: Callbacks besides those of the history.
            **arguments: Further arguments of `model.fit`.

        Returns:
            The values of every metric per epoch.
        """
        keras = load_keras()
        history = keras.callbacks.History()
        gate = _InterruptGate()
        first = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: gate.hold())
        keep = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda *_: self._write_history(history.history)
        )
        last = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: gate.release())
        try:
            with gate:
                model.fit(
                    *data,
                    epochs=epochs,
                    callbacks=[first, *callbacks, history, keep, last],
                    # A progress bar redraws its line, which is of no use in a file.
                    verbose=1 if sys.stdout.isatty() else 2,
                    **arguments,
                )
        finally:
            if history.history:
                plots.curves(history.history, self.path(CURVES_FILE), title=title)
        return {name: [float(v) for v in values] for name, values in history.history.items()}

    def _write_history(self, history: Mapping[str, Sequence[float]]) -> None:
        """Writes the history as a table; epochs count from 1, as Keras prints them."""
        rows = [["epoch", *history]]
        for epoch, values in enumerate(zip(*history.values(), strict=True), start=1):
            rows.append([str(epoch), *(f"{value:.7g}" for value in values)])
        with replacing(self.path(HISTORY_FILE)) as temporary:
            temporary.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._write_record("finished")
            self._list_files("Results are in")
        elif issubclass(kind, KeyboardInterrupt):
            self._write_record("interrupted")
            self._list_files("\nInterrupted. What was computed until then is in")
        else:
            self._write_record("failed")

    def _list_files(self, heading: str) -> None:
        say(f"{heading} {self.folder}:")
        say("  " + ", ".join(name for name in self._names if (self.folder / name).exists()))


class StepTimes:
    """Measures how long training steps take, from the end of one to the end of the next.

    Waiting for the next batch is part of it.

    Attributes:
        medians: List of the median of each epoch, milliseconds.
        callback: For the `callbacks` of `fit`.
    """

    def __init__(self) -> None:
        self.medians: list[float] = []
        self._ends: list[float] = []
        self.callback = load_keras().callbacks.LambdaCallback(
            on_epoch_begin=lambda *_, **__: self._ends.clear(),
            on_train_batch_end=lambda *_, **__: self._ends.append(time.perf_counter()),
            on_epoch_end=lambda *_, **__: self._finish(),
        )

    def _finish(self) -> None:
        steps = [end - begin for begin, end in itertools.pairwise(self._ends)]
        if steps:
            self.medians.append(round(1e3 * statistics.median(steps), 2))


class _InterruptGate:
    """Holds back Ctrl-C for a while; a context manager that is active in the main thread only."""

    def __init__(self) -> None:
        self._held = False
        self._pending = False
        self._before: Any = None
        self._active = False

    def hold(self) -> None:
        """Holds back interruptions from now on."""
        self._held = True

    def release(self) -> None:
        """Lets interruptions through again.

        Raises:
            KeyboardInterrupt: If there was one in the meantime.
        """
        self._held = False
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._held:
            self._pending = True
        else:
            signal.default_int_handler(number, frame)

    def __enter__(self) -> None:
        self._before = signal.getsignal(signal.SIGINT)
        # Somebody else's handler, or none, stays: there is no KeyboardInterrupt to hold back then.
        self._active = (
            threading.current_thread() is threading.main_thread()
            and self._before is signal.default_int_handler
        )
        if self._active:
            signal.signal(signal.SIGINT, self._handle)

    def __exit__(self, *_: object) -> None:
        if self._active:
            signal.signal(signal.SIGINT, self._before)
