"""What every training script does alike: set up, keep the results, survive an interruption."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

import batchwarp
from batchwarp.console.errors import UsageError
from batchwarp.console.frameworks import keras_generator_class, load_keras
from batchwarp.console.output import discard_output, say
from batchwarp.training.results import machine, plots, report, summary
from batchwarp.training.run.claim import Claim
from batchwarp.training.run.fitting import Fitting
from batchwarp.training.run.outcome import Outcome
from batchwarp.training.run.record import Record

__all__ = ["Run", "prepare"]


def prepare(options: argparse.Namespace) -> Any:
    """Imports Keras and all else that a run needs, and sets seed and threads as the options say.

    Args:
        options: Parsed options with `seed`, `threads` and `out`; gets `claim`, the right to write
            to the folder of results.

    Returns:
        The module `keras`.

    Raises:
        UsageError: If a package cannot be imported, the number of threads is not accepted, or
            another run is at work in the folder.
    """
    plots.require_matplotlib()
    report.require_jinja()
    summary.require_rich()
    keras = load_keras()
    keras_generator_class()  # what it lacks should be known now, not after the training
    keras.utils.set_random_seed(options.seed)
    if options.threads is not None:
        try:
            batchwarp.runtime.set_num_threads(options.threads)
        except ValueError as error:
            raise UsageError(f"argument --threads: {error}") from error
    options.claim = Claim(options.out)
    return keras


class Run:
    """One run of a training script: a context manager that keeps its fate and writes its report.

    Files are written as soon as their content exists, so an interrupted run leaves what it had
    computed.

    Args:
        script: Name of the script.
        title: Title of the report and the pictures.
        options: Parsed options, those of `options.add_common`, after `prepare`.
        classes: Names of the classes.
        settings: What the script does besides the common options, for `run.json`.

    Attributes:
        record: What is in its folder.
        fitting: Trains its model.
        outcome: Evaluates its model, draws its pictures, writes its report.

    Raises:
        UsageError: If the folder cannot be made or written to, or there is no such run in it to go
            on with.
    """

    def __init__(
        self,
        script: str,
        title: str,
        options: argparse.Namespace,
        *,
        classes: Sequence[str],
        settings: Mapping[str, object],
    ) -> None:
        settings = {**_common_settings(options), "classes": list(classes), **settings}
        try:
            self.record = Record(script, options.out, settings, resume=options.resume)
        except OSError as error:
            reason = error.strerror or error
            raise UsageError(f"argument --out: cannot write to {options.out}: {reason}") from error
        self.outcome = Outcome(
            self.record,
            title,
            classes,
            batch_size=options.batch_size,
            seed=options.seed,
            h5=options.h5,
        )
        shared_seed = None if options.workers is None else options.seed
        self.fitting = Fitting(self.record, self.outcome, shared_seed=shared_seed)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._end(error)
        except BrokenPipeError:
            raise  # nothing of the run is lost by it
        except OSError as failure:
            raise _cannot_go_on(failure, self.record.folder) from failure

    def _end(self, error: BaseException | None) -> None:
        """Keeps the run's fate, writes the report, and says where it is."""
        interrupted = self.fitting.interrupted
        if isinstance(error, BrokenPipeError):  # whoever read the output has enough of it
            discard_output()
            interrupted = True
        elif error is not None and not isinstance(error, KeyboardInterrupt):
            self._fail(error)
            return
        record = self.record
        complete = not interrupted and error is None
        record.status = "finished" if complete else "interrupted"
        record.write()
        self.outcome.write_report()
        self.outcome.show_summary()
        say("Results are in" if complete else "Interrupted. What was computed until then is in")
        say(f"{record.folder}:")
        say("  " + ", ".join(path.name for path in record.files()))
        if interrupted:
            raise KeyboardInterrupt from error

    def _fail(self, error: BaseException) -> None:
        """Keeps that the run has failed.

        Raises:
            UsageError: If it was the system that failed, as when the disk is full.
        """
        self.record.status = "failed"
        with suppress(OSError):
            self.record.write()
        if isinstance(error, OSError):
            raise _cannot_go_on(error, self.record.folder) from error


def _cannot_go_on(error: OSError, folder: Path) -> UsageError:
    """Returns what to tell the user of an error of the system in the middle of a run."""
    what = f"{error.filename or folder}: {error.strerror}" if error.strerror else str(error)
    return UsageError(f"the run in {folder} has ended: {' '.join(what.split())}")


def _common_settings(options: argparse.Namespace) -> dict[str, object]:
    """Returns what all scripts are asked, and what they run on."""
    keras = load_keras()
    return {
        "epochs": options.epochs,
        "batch_size": options.batch_size,
        "limit": options.limit,
        "seed": options.seed,
        "generator": options.generator,
        **({} if options.workers is None else {"workers": options.workers}),
        "threads": batchwarp.runtime.get_num_threads(),
        "rescale": 1 / 255,
        "versions": {
            "batchwarp": batchwarp.__version__,
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "processor": machine.processor(),
    }
