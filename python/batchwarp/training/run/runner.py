"""What every training script does alike: set up, keep the results, survive an interruption."""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

import batchwarp
from batchwarp.console.errors import UsageError
from batchwarp.console.files import remove_unfinished, replacing, unfinished, write_json
from batchwarp.console.frameworks import keras_generator_class, load_keras, quiet_keras
from batchwarp.console.output import discard_output, is_terminal, say
from batchwarp.training.data.part import Part
from batchwarp.training.results import evaluation, machine, plots, report, summary
from batchwarp.training.results.evaluation import Evaluation
from batchwarp.training.results.names import (
    CONFUSION_FILE,
    H5_FILE,
    HISTORY_FILE,
    LAST_MODEL_FILE,
    MISCLASSIFIED_FILE,
    MISTAKES_FILE,
    MODEL_FILE,
    PICTURES,
    RECORD_FILE,
    REPORT_FILE,
)
from batchwarp.training.run import speed
from batchwarp.training.run.claim import Claim
from batchwarp.training.run.continuation import (
    callback_states,
    continue_flow,
    random_states,
    restore_callbacks,
    restore_random_states,
)
from batchwarp.training.run.interrupts import InterruptGate
from batchwarp.training.run.timing import EpochClock, timed_batches

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Run", "prepare"]

# A picture of more would be too long to look at.
MOST_MISCLASSIFIED = 100
# Settings that a run may go on with when they have changed.
_CHANGEABLE = frozenset({"epochs", "threads", "generator", "versions", "processor", "cache"})


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
    """One run of a training script and the folder of its results.

    A context manager: settings, results and the run's fate are kept in `run.json`, the values of
    each epoch in `history.json`; both are rewritten whenever something becomes known. Files are
    written as soon as their content exists, so an interrupted run leaves what it had computed.

    Args:
        script: Name of the script.
        title: Title of the report and the pictures.
        options: Parsed options, those of `options.add_common`, after `prepare`.
        classes: Names of the classes.
        settings: What the script does besides the common options, for `run.json`.

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
        self.folder: Path = options.out.absolute()
        self.title = title
        self.classes = tuple(classes)
        self.history: dict[str, list[float]] = {}
        self._options = options
        self._script = script
        self._status = "running"
        self._interrupted = False
        self._results: dict[str, object] = {}
        self._state: dict[str, Any] = {}
        self._evaluations: list[Evaluation] = []
        self._settings = {**_common_settings(options), "classes": list(classes), **settings}
        try:
            if options.resume:
                self._take_up()
            else:
                self.folder.mkdir(parents=True, exist_ok=True)
                for path in self._files():
                    path.unlink()
            remove_unfinished(self.folder)
            self._write_record()
        except OSError as error:
            reason = error.strerror or error
            raise UsageError(f"argument --out: cannot write to {options.out}: {reason}") from error

    def _files(self) -> list[Path]:
        """Returns the files of a run that are there."""
        names = (
            RECORD_FILE,
            HISTORY_FILE,
            REPORT_FILE,
            MODEL_FILE,
            LAST_MODEL_FILE,
            H5_FILE,
            MISCLASSIFIED_FILE,
            *PICTURES,
            CONFUSION_FILE,
            MISTAKES_FILE,
        )
        return [path for name in names if (path := self.folder / name).is_file()]

    def path(self, name: str) -> Path:
        """Returns the path of one of the run's files."""
        return self.folder / name

    def record(self, **results: object) -> None:
        """Adds results to `run.json`.

        Args:
            **results: Names and values, which must be representable in JSON.
        """
        self._results.update(results)
        self._write_record()

    def _write_record(self) -> None:
        write_json(
            self.path(RECORD_FILE),
            {
                "script": self._script,
                "status": self._status,
                "settings": self._settings,
                "results": self._results,
                "state": self._state,
            },
        )

    def _take_up(self) -> None:
        """Reads what an earlier run has left, to go on with it."""
        where = f"argument --resume: {self._options.out}"
        try:
            earlier = json.loads(self.path(RECORD_FILE).read_text(encoding="utf-8"))
            settings = dict(earlier["settings"])
            results = dict(earlier["results"])
            state = dict(earlier["state"])
            history = _checked_history(state.get("history", {}))
            script = earlier["script"]
        except FileNotFoundError as error:
            raise UsageError(f"{where}: no run to go on with, there is no {RECORD_FILE}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{where}: {RECORD_FILE} is damaged") from error
        if script != self._script:
            raise UsageError(f"{where}: its run is one of {script}, not of {self._script}")
        # As JSON has it: a tuple comes back as a list.
        wanted = json.loads(json.dumps(self._settings))
        for name in wanted.keys() - _CHANGEABLE:
            if wanted[name] != settings.get(name):
                raise UsageError(
                    f"{where}: its run had {name} {settings.get(name)!r}, not {wanted[name]!r}"
                )
        if not history:
            say(f"No epoch of the run in {self._options.out} is complete: beginning anew")
            return
        if not self._checkpoint().is_file():
            raise UsageError(f"{where}: no run to go on with, there is no model")
        self._state, self._results, self.history = state, results, history
        # A run that was killed may have left the epochs before, and people edit what they can read.
        write_json(self.path(HISTORY_FILE), history)

    @property
    def epochs(self) -> int:
        """Number of epochs that have been trained."""
        return len(self.history.get("loss", ()))

    def _checkpoint(self) -> Path:
        """Returns the file of the model after the last epoch."""
        last = self.path(LAST_MODEL_FILE)
        return last if last.is_file() else self.path(MODEL_FILE)

    def model(self, build: Callable[[], Any]) -> Any:
        """Returns the model to train: a new one, or that of the run to go on with.

        Args:
            build: Makes a compiled model.

        Returns:
            The model, compiled.
        """
        model = build()
        self._settings["parameters"] = model.count_params()
        self._write_record()
        say(f"Model {model.name}: {model.count_params():,} parameters")
        if not self.epochs:
            return model
        say(f"Going on after epoch {self.epochs}")
        return self._load(self._checkpoint())

    def _load(self, path: Path) -> Any:
        """Loads a model that the run has saved."""
        try:
            return load_keras().models.load_model(path)
        except (OSError, ValueError, KeyError) as error:
            reason = " ".join(str(error).split())
            raise UsageError(f"{path}: cannot be loaded as a Keras model ({reason})") from error

    def draw_batch(
        self, datagen: Any, images: NDArray[Any], labels: NDArray[np.integer[Any]] | None = None
    ) -> None:
        """Draws images above what a generator makes of them, as `before-after.png`.

        Args:
            datagen: The generator.
            images: Images of shape `(n, height, width, channels)`, 0 to 255.
            labels: Their classes, to be written below them.
        """
        plots.before_after(
            images / 255.0,
            self._augmented(datagen, images),
            self.path("before-after.png"),
            title=f"{self.title}: a batch before and after augmentation",
            names=[] if labels is None else [self.classes[label] for label in labels],
        )

    def draw_variants(self, datagen: Any, image: NDArray[Any], count: int = 20) -> None:
        """Draws variants of one image, as `variants.png`.

        Args:
            datagen: The generator.
            image: Image of shape `(height, width, channels)`, 0 to 255.
            count: Number of variants.
        """
        variants = self._augmented(datagen, np.repeat(image[np.newaxis], count, axis=0))
        plots.pictures(
            variants,
            [""] * count,
            self.path("variants.png"),
            title=f"{self.title}: {count} variants of one picture",
        )

    def _augmented(self, datagen: Any, images: NDArray[Any]) -> NDArray[Any]:
        flow = datagen.flow(images, batch_size=len(images), shuffle=False, seed=self._options.seed)
        batch: NDArray[Any] = next(flow)
        return batch

    def fit(
        self,
        model: Any,
        x: Any,
        y: Any = None,
        *,
        epochs: int,
        steps: int | None = None,
        callbacks: Sequence[Any] = (),
        best: Mapping[str, str] | None = None,
        whole: Any = None,
        **arguments: Any,
    ) -> None:
        """Trains a model up to a number of epochs, with Keras' progress bar; keeps the history.

        After each epoch the model is saved and `history.json` grows; `curves.png` is drawn at the
        end, even if the end is an interruption. Ctrl-C ends the training, and the run goes on with
        the model of the last complete epoch; a second one, or one before the first epoch is
        complete, ends the run. It is held back during a step, in which the model's variables are
        changing or, with JAX, are not there, and while the files of an epoch are being written.

        Args:
            model: A compiled Keras model.
            x: Images, or the batches of a generator.
            y: Labels, if x is an array.
            epochs: Number of epochs, with those of the run that is gone on with.
            steps: Batches of x in an epoch; None takes a whole pass.
            callbacks: Further callbacks; what they remember is kept for `--resume`.
            best: `monitor` and `mode` of a ModelCheckpoint, if `model.keras` shall be the best
                model and not the last one.
            whole: The model to save, if the one to train is only a part of it; not with `best`.
            **arguments: Further arguments of `model.fit`.
        """
        if self.epochs >= epochs or self._interrupted:
            return
        callbacks = list(callbacks)
        if best is not None:
            checkpoint = load_keras().callbacks.ModelCheckpoint
            # Not the file itself, which would be lost if the run were killed while writing.
            path = unfinished(self.path(MODEL_FILE))
            callbacks.append(checkpoint(str(path), save_best_only=True, **best))
        clock = EpochClock()
        flow = x if y is None else None
        gate = InterruptGate()
        name = MODEL_FILE if best is None else LAST_MODEL_FILE
        try:
            with gate:
                model.fit(
                    x if flow is None else timed_batches(flow, clock, steps),
                    y,
                    epochs=epochs,
                    initial_epoch=self.epochs,
                    callbacks=self._callbacks(gate, clock, flow, callbacks, name, whole),
                    # A flow has an order of its own; Keras would shuffle its batches once more.
                    shuffle=flow is None,
                    # A progress bar redraws its line, which is of no use in a file.
                    verbose=1 if is_terminal(sys.stdout) else 2,
                    **arguments,
                )
        except KeyboardInterrupt:
            if not self.epochs:
                self._save(whole or model, name)
                raise
            self._interrupted = True
            say(
                f"\nInterrupted. Going on with the model of epoch {self.epochs}; "
                "Ctrl-C once more ends the run."
            )
        finally:
            if self.epochs:
                plots.curves(
                    self.history,
                    self.path("curves.png"),
                    title=f"{self.title}: learning curves",
                )
        self._record_times(clock)

    def _callbacks(
        self,
        gate: InterruptGate,
        clock: EpochClock,
        flow: Any,
        callbacks: list[Any],
        name: str,
        whole: Any,
    ) -> list[Any]:
        """Returns the callbacks of `fit`: the script's, between those that keep the results."""
        keras = load_keras()
        make = keras.callbacks.LambdaCallback
        states = self._state.get("callbacks", [])
        batches_seen = self._state.get("batches_seen")
        random = self._state.get("random")

        def go_on() -> None:
            restore_callbacks(callbacks, states)
            if random is not None:
                restore_random_states(whole or last.model, random)
            if flow is not None and batches_seen:
                continue_flow(flow, batches_seen)

        def keep(model: Any, logs: Mapping[str, Any]) -> None:
            times = clock.epoch()  # without the saving
            self._save(model, name)
            best = unfinished(self.path(MODEL_FILE))
            if best.is_file():
                best.replace(self.path(MODEL_FILE))
            for metric, value in {**logs, **times}.items():
                self.history.setdefault(metric, []).append(float(value))
            self._state = {
                # Here, too: what belongs together must be written together.
                "history": self.history,
                "callbacks": callback_states(callbacks),
                "batches_seen": getattr(flow, "total_batches_seen", None),
                "random": random_states(model),
            }
            self._write_record()
            write_json(self.path(HISTORY_FILE), self.history)

        def end_epoch(_: int, logs: Mapping[str, Any]) -> None:
            keep(whole or last.model, logs)
            gate.release()

        def hold(*_: object, **__: object) -> None:
            gate.hold()

        def release(*_: object, **__: object) -> None:
            gate.release()

        first = make(on_train_batch_begin=hold, on_test_batch_begin=hold, on_epoch_end=hold)
        last: Any = make(
            on_train_begin=lambda *_, **__: go_on(),
            on_train_batch_end=release,
            on_test_batch_end=release,
            on_epoch_end=end_epoch,
        )
        return [clock.callback, first, *callbacks, last]

    def _save(self, model: Any, name: str) -> None:
        with replacing(self.path(name)) as temporary:
            model.save(temporary)

    def _record_times(self, clock: EpochClock) -> None:
        times: dict[str, object] = {
            "seconds_per_epoch": round(statistics.median(self.history["seconds"]), 2)
        }
        if clock.making:
            times["generator_images_per_second"] = round(clock.images / clock.making)
        if "waiting" in self.history:
            times["waiting"] = round(statistics.median(self.history["waiting"]), 4)
        self.record(**times)

    def evaluate(self, parts: Sequence[Part]) -> Any:
        """Tries the saved model on parts of the data; writes what it got wrong.

        Args:
            parts: The parts.

        Returns:
            The model, loaded from `model.keras`.
        """
        model = self._load(self.path(MODEL_FILE))
        if self._options.h5:
            with quiet_keras():  # says that the format is old, which is why it was asked for
                self._save(model, H5_FILE)
        self._evaluations = [
            evaluation.evaluate(model, part, self.classes, most=MOST_MISCLASSIFIED)
            for part in parts
        ]
        self.record(epochs=self.epochs, parts=evaluation.record(self._evaluations, self.classes))
        self._draw_evaluations()
        return model

    def _draw_evaluations(self) -> None:
        evaluations = self._evaluations
        evaluation.write_misclassified(evaluations, self.classes, self.path(MISCLASSIFIED_FILE))
        plots.confusion_matrix(
            {one.part: one.matrix for one in evaluations},
            self.classes,
            self.path(CONFUSION_FILE),
            title=f"{self.title}: confusion matrices",
        )
        mistakes = [mistake for one in evaluations for mistake in one.misclassified]
        picture = self.path(MISTAKES_FILE)
        if not mistakes:
            picture.unlink(missing_ok=True)  # of the epochs before
            return
        count = sum(one.wrong for one in evaluations)
        shown = f"all {count}" if len(mistakes) == count else f"{len(mistakes)} of {count}"
        plots.pictures(
            np.stack([mistake.image for mistake in mistakes]),
            [
                f"{one.part}\n{self.classes[one.true]} taken for {self.classes[one.predicted]}"
                for one in mistakes
            ],
            picture,
            title=f"{self.title}: {shown} misclassified pictures",
        )

    def list_unread(self, flows: Sequence[Any]) -> None:
        """Lists the files that could not be read.

        Args:
            flows: Iterators over files; those of Keras have no list.
        """
        errors = [error for flow in flows for error in getattr(flow, "errors", ())]
        unread = sorted({str(error) for error in errors})
        self.record(unread=unread)
        if unread:
            more = ", ..." if len(unread) > 1 else ""
            say(f"{len(unread)} pictures could not be read and were left out: {unread[0]}{more}")

    def compare_generators(
        self, augmentation: Mapping[str, Any], x: NDArray[np.uint8], y: NDArray[Any]
    ) -> None:
        """Compares the speed of augmentation with Keras' own generator.

        Args:
            augmentation: Arguments of both generators.
            x: Images of shape `(n, height, width, channels)`; the first 512 are used.
            y: Their labels.
        """
        size, seed = self._options.batch_size, self._options.seed
        result = speed.compare(augmentation, x[:512], y[:512], batch_size=size, seed=seed)
        self.record(
            speed={
                "batchwarp_images_per_second": round(result.batchwarp),
                "keras_images_per_second": round(result.keras),
                "ratio": round(result.ratio, 2),
                "repeats": result.repeats,
                "threads": result.threads,
                "largest_pixel_difference": result.difference,
            }
        )
        height, width, channels = x.shape[1:]
        say(
            f"Augmentation: batchwarp {result.batchwarp:,.0f} images/s, "
            f"Keras {result.keras:,.0f} images/s: {result.ratio:.1f} times as fast"
        )
        say(
            f"  ({width}x{height}x{channels} pixels, batches of {size}, "
            f"{result.threads} thread(s), medians of {result.repeats} measurements in turn; "
            f"same seed, largest pixel difference {result.difference:.1e} of 1)"
        )

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
            raise _cannot_go_on(failure, self.folder) from failure

    def _end(self, error: BaseException | None) -> None:
        """Keeps the run's fate, writes the report, and says where it is."""
        if isinstance(error, BrokenPipeError):  # whoever read the output has enough of it
            discard_output()
            self._interrupted = True
        elif error is not None and not isinstance(error, KeyboardInterrupt):
            self._fail(error)
            return
        interrupted = self._interrupted or error is not None
        self._status = "interrupted" if interrupted else "finished"
        self._write_record()
        self._write_report()
        if self.epochs:
            summary.show(self.title, self._results)
        say("Interrupted. What was computed until then is in" if interrupted else "Results are in")
        say(f"{self.folder}:")
        say("  " + ", ".join(path.name for path in self._files()))
        if self._interrupted:
            raise KeyboardInterrupt from error

    def _fail(self, error: BaseException) -> None:
        """Keeps that the run has failed.

        Raises:
            UsageError: If it was the system that failed, as when the disk is full.
        """
        self._status = "failed"
        with suppress(OSError):
            self._write_record()
        if isinstance(error, OSError):
            raise _cannot_go_on(error, self.folder) from error

    def _write_report(self) -> None:
        pictures = [(heading, self.path(name)) for name, heading in PICTURES.items()]
        report.write_report(
            self.path(REPORT_FILE),
            report.Report(
                title=self.title,
                script=self._script,
                status=self._status,
                settings=self._settings,
                results=self._results,
                history=self.history,
                pictures=pictures,
                evaluations=self._evaluations,
                classes=self.classes,
            ),
        )


def _cannot_go_on(error: OSError, folder: Path) -> UsageError:
    """Returns what to tell the user of an error of the system in the middle of a run."""
    what = f"{error.filename or folder}: {error.strerror}" if error.strerror else str(error)
    return UsageError(f"the run in {folder} has ended: {' '.join(what.split())}")


def _checked_history(history: Any) -> dict[str, list[float]]:
    """Returns the values of each epoch by name.

    Raises:
        TypeError: If it is anything else.
    """
    lists: list[Any] = list(history.values()) if isinstance(history, dict) else [None]
    if not all(
        isinstance(values, list)
        and len(values) == len(lists[0])
        and all(isinstance(value, (int, float)) for value in values)
        for values in lists
    ):
        raise TypeError("`history` must be lists of numbers of one length")
    return dict(history)


def _common_settings(options: argparse.Namespace) -> dict[str, object]:
    """Returns what all scripts are asked, and what they run on."""
    keras = load_keras()
    return {
        "epochs": options.epochs,
        "batch_size": options.batch_size,
        "limit": options.limit,
        "seed": options.seed,
        "generator": options.generator,
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
