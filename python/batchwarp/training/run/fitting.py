"""The fitting of a run: epochs that are kept as they end, and what Ctrl-C may cut short."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from batchwarp.callbacks import DataCheckpoint, InputMeter
from batchwarp.callbacks.archive import read_archive
from batchwarp.console.frameworks import load_keras
from batchwarp.console.output import is_terminal, say
from batchwarp.iterators import Iterator
from batchwarp.training.results.names import CHECKPOINT_FILE, LAST_MODEL_FILE, MODEL_FILE
from batchwarp.training.run.continuation import (
    callback_states,
    continue_flow,
    random_states,
    restore_callbacks,
    restore_random_states,
)
from batchwarp.training.run.interrupts import InterruptGate
from batchwarp.training.run.outcome import Outcome
from batchwarp.training.run.record import Record
from batchwarp.training.run.shared_arrays import SharedArrays
from batchwarp.training.run.timing import EpochClock, timed_batches

__all__ = ["Fitting"]

# An epoch is saved so often, but not after fewer steps: there is more to do than to save.
_SAVES = 10
_LEAST_STEPS = 20


class Fitting:
    """Trains the model of a run, and keeps every epoch in its record.

    Args:
        record: The record.
        outcome: What draws the learning curves.
        shared_seed: Seed of the orders of arrays that several processes train on together, each on
            its part of a batch; None if there is one process.

    Attributes:
        interrupted: Whether Ctrl-C has ended a training.
    """

    def __init__(self, record: Record, outcome: Outcome, *, shared_seed: int | None = None) -> None:
        self.interrupted = False
        self._shared_seed = shared_seed
        self._record = record
        self._outcome = outcome

    def model(self, build: Callable[[], Any]) -> Any:
        """Returns the model to train: a new one, or that of the run to go on with.

        Args:
            build: Makes a compiled model.

        Returns:
            The model, compiled.
        """
        record = self._record
        model = build()
        record.settings["parameters"] = model.count_params()
        record.write()
        say(f"Model {model.name}: {model.count_params():,} parameters")
        if not record.epochs:
            return model
        say(f"Going on after epoch {record.epochs}")
        return record.load_model(record.checkpoint)

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
        labels: Callable[[Any], Any] | None = None,
        **arguments: Any,
    ) -> None:
        """Trains a model up to a number of epochs, with Keras' progress bar; keeps the history.

        After each epoch the model is saved and `history.json` grows; `curves.png` is drawn at the
        end, even if the end is an interruption. Within epochs of batchwarp's batches, model and
        data are saved, too, and a run that was killed goes on from there.

        Ctrl-C ends the training, and the run goes on with the model of the last complete epoch; a
        second one, or one before the first epoch is complete, ends the run. It is held back during
        a step, in which the model's variables are changing or, with JAX, are not there, and while
        the files of an epoch are being written.

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
            labels: What makes of the labels of a batch those that the model learns.
            **arguments: Further arguments of `model.fit`.
        """
        record = self._record
        if record.epochs >= epochs or self.interrupted:
            return
        kept = list(callbacks)
        if best is not None:
            checkpoint = load_keras().callbacks.ModelCheckpoint
            kept.append(checkpoint(str(record.best_checkpoint), save_best_only=True, **best))
        name = MODEL_FILE if best is None else LAST_MODEL_FILE
        flow = x if y is None else None
        if self._shared_seed is not None and y is not None:
            arrays = SharedArrays(x, y, record.epochs, self._shared_seed, **arguments)
            x, y, arguments = arrays.batches, None, arrays.arguments
        clock, gate = EpochClock(), InterruptGate()
        keeper = _EpochKeeper(record, name, clock, gate, flow, kept, whole)
        # Last, since what it restores of random layers is later than what the others do.
        within = self._within_epochs(flow, steps)
        meter = InputMeter(verbose=False)
        try:
            with gate:
                model.fit(
                    x if flow is None else timed_batches(flow, clock, steps, labels),
                    y,
                    epochs=epochs,
                    initial_epoch=record.epochs,
                    callbacks=[*keeper.callbacks, *within, *([] if flow is None else [meter])],
                    # A flow has an order of its own; Keras would shuffle its batches once more.
                    shuffle=y is not None,
                    # A progress bar redraws its line, which is of no use in a file.
                    verbose=1 if is_terminal(sys.stdout) else 2,
                    **arguments,
                )
        except KeyboardInterrupt:
            if not record.epochs:
                record.save_model(whole or model, name)
                raise
            self.interrupted = True
            say(
                f"\nInterrupted. Going on with the model of epoch {record.epochs}; "
                "Ctrl-C once more ends the run."
            )
        finally:
            if record.epochs:
                self._outcome.draw_curves()
        self._record_times(clock)
        if meter.epochs:
            self._record.add(steps=meter.verdict)

    def _within_epochs(self, flow: Any, steps: int | None) -> list[Any]:
        """Returns what saves the epoch under way, if it can be gone on with."""
        path = self._record.path(CHECKPOINT_FILE)
        # Processes that train together go on after a complete epoch, about which all agree.
        alone = self._shared_seed is None
        if not (alone and isinstance(flow, Iterator)) or (
            flow.state_dict()["numpy_random"] is not None
        ):
            path.unlink(missing_ok=True)
            return []
        self._prepare_to_go_on(flow)
        count = len(flow) if steps is None else min(len(flow), steps)
        every = max(_LEAST_STEPS, count // _SAVES)
        return [DataCheckpoint(path, flow, every, steps=count)]

    def _prepare_to_go_on(self, flow: Iterator) -> None:
        """Keeps what was saved of the epoch that comes next, and removes all else."""
        path, epochs = self._record.path(CHECKPOINT_FILE), self._record.epochs
        reason = ""
        try:
            found = read_archive(path)
            if found is None:
                return
            content, _ = found
            if content["epoch"] == epochs:
                flow.load_state_dict(content["begin"]["flow"])
                say(f"Going on in epoch {epochs + 1}, after step {content['step']}")
                return
        except ValueError as error:  # of another recipe, for example, which is no mistake
            reason = " ".join(str(error).split())
        with suppress(FileNotFoundError):
            path.unlink()
        if reason:
            say(f"Beginning epoch {epochs + 1} anew: {reason}")

    def _record_times(self, clock: EpochClock) -> None:
        history = self._record.history
        times: dict[str, object] = {
            "seconds_per_epoch": round(statistics.median(history["seconds"]), 2)
        }
        if clock.making:
            times["generator_images_per_second"] = round(clock.images / clock.making)
        if "waiting" in history:
            times["waiting"] = round(statistics.median(history["waiting"]), 4)
        self._record.add(**times)


class _EpochKeeper:
    """Goes on where the run before has stopped, and keeps each epoch that ends.

    Args:
        record: The record of the run.
        name: The file that the model of an epoch is saved as.
        clock: Takes the times.
        gate: Holds back Ctrl-C during steps and while an epoch is kept.
        flow: The batches; None for an array.
        callbacks: The script's callbacks.
        whole: The model to save; None for the one that is trained.

    Attributes:
        callbacks: Those of `fit`: the script's, between those that keep the results.
    """

    def __init__(
        self,
        record: Record,
        name: str,
        clock: EpochClock,
        gate: InterruptGate,
        flow: Any,
        callbacks: Sequence[Any],
        whole: Any,
    ) -> None:
        self._record = record
        self._name = name
        self._clock = clock
        self._gate = gate
        self._flow = flow
        self._scripts_own = callbacks
        self._whole = whole
        self._earlier = record.state
        make = load_keras().callbacks.LambdaCallback

        def hold(*_: object, **__: object) -> None:
            gate.hold()

        def release(*_: object, **__: object) -> None:
            gate.release()

        first = make(on_train_batch_begin=hold, on_test_batch_begin=hold, on_epoch_end=hold)
        self._last: Any = make(
            on_train_begin=lambda *_, **__: self._go_on(),
            on_train_batch_end=release,
            on_test_batch_end=release,
            on_epoch_end=lambda _, logs: self._end_epoch(logs),
        )
        self.callbacks = [clock.callback, first, *callbacks, self._last]

    @property
    def _model(self) -> Any:
        """The model to save."""
        return self._whole or self._last.model

    def _go_on(self) -> None:
        """Restores, as training begins, what no saved model contains."""
        restore_callbacks(self._scripts_own, self._earlier.get("callbacks", []))
        if self._earlier.get("random") is not None:
            restore_random_states(self._model, self._earlier["random"])
        batches_seen = self._earlier.get("batches_seen")
        if self._flow is not None and batches_seen:
            continue_flow(self._flow, batches_seen, self._earlier.get("passes"))

    def _end_epoch(self, logs: Mapping[str, float]) -> None:
        """Keeps an epoch, and lets Ctrl-C through again."""
        times = self._clock.epoch()  # without the saving
        model = self._model
        self._record.save_model(model, self._name)
        state = {
            "callbacks": callback_states(self._scripts_own),
            "batches_seen": getattr(self._flow, "total_batches_seen", None),
            "passes": getattr(self._flow, "passes", None),
            "random": random_states(model),
        }
        self._record.add_epoch({**logs, **times}, state)
        self._gate.release()
