"""What the steps of a training wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

from batchwarp import _keras
from batchwarp._arguments import boolean, integer
from batchwarp.callbacks.input_drawing import draw, require_matplotlib
from batchwarp.callbacks.input_figures import InputFigures, advice, sums, verdict
from batchwarp.callbacks.input_files import output_path, write_report
from batchwarp.callbacks.input_records import BatchRecords
from batchwarp.callbacks.input_trace import Trace
from batchwarp.callbacks.keras_steps import fit_on_one, timed, untimed
from batchwarp.iterators.base import Iterator as Flow

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["InputMeter"]


class InputMeter:
    """Measures what the steps of a training wait for, and says what would change it.

    As a callback of Keras' `fit`, with any input and on every backend, or around a loop of one's
    own::

        model.fit(flow, epochs=20, callbacks=[InputMeter(flow)])

        with InputMeter(flow):
            for _ in range(len(flow)):
                train(*next(flow))

    After each epoch and at the end there is one line: "31% of each step of 120 ms waits for data:
    read 4, decode 19, warp 5, hand-over 3; `cache='memory'` would take 21 points off; 8 threads
    would take 14 points off, more would not". Figures are points of 100 of a step. "hand-over" is
    all that is none of the others: the order, labels, and the way from the flow to the model; a
    `preprocessing_function` or an overridden method is "function". Phases are known of flows of
    batchwarp whose batches this process makes; for other input there is the share alone. What would
    come of a cache or of threads is computed, for a model that does not use the processors itself.

    The first step, which compiles, is not counted; nor is validation. While it measures, Keras
    waits for the end of each step, as for every callback that looks at batches, so that a wait
    begins when the device has nothing left to do. On TensorFlow, steps of one `steps_per_execution`
    are called one by one. Place it last: on JAX and PyTorch what other callbacks do between two
    steps counts as waiting.

    Args:
        flow: The flow whose batches count; `None` for all that are made meanwhile. A data set of
            `batchwarp.torch` or a `DataLoader` of one stands for its flow.
        json: String or path-like, a file that gets the figures after each epoch; `None` for none.
        picture: String or path-like, a `.png` or `.svg` file that gets a bar for each epoch, drawn
            at the end by matplotlib; `None` for none.
        trace: String or path-like, a `.json` file that gets what each thread did along time, for
            Chrome's `chrome://tracing` and https://ui.perfetto.dev; `None` for none.
        synchronize: Function without arguments that returns when the device has nothing left to do,
            as `torch.cuda.synchronize`; in loops of one's own it is called before each wait, since
            a device that is still busy waits for nothing. `None` where steps end by themselves.
        verbose: Boolean, whether to print the lines.

    Raises:
        ImportError: If there is no matplotlib for a `picture`.
        TypeError: If `flow` is nothing of the above, or `synchronize` no function.
        ValueError: If a file has another ending, or its folder does not exist.

    Example:
        >>> flow = ImageDataGenerator(rotation_range=20).flow(np.zeros((32, 9, 9, 3)), batch_size=8)
        >>> with InputMeter(flow, verbose=False) as meter:
        ...     for _ in range(len(flow)):
        ...         batch = next(flow)
        >>> "waits for data" in meter.verdict  # what for, and what there is against it
        True
    """

    model: Any
    params: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:  # noqa: ARG004 - they are for __init__
        """Makes an instance that is a `keras.callbacks.Callback`, too, if Keras is imported."""
        made: Any = cls
        if _keras.backend() is not None and not issubclass(cls, _keras.callback()):
            made = type(cls.__name__, (cls, _keras.callback()), {"__doc__": cls.__doc__})
        instance: Self = object.__new__(made)
        return instance

    def __init__(
        self,
        flow: Any = None,
        *,
        json: Any = None,
        picture: Any = None,
        trace: Any = None,
        synchronize: Callable[[], Any] | None = None,
        verbose: bool = True,
    ) -> None:
        super().__init__()
        self._json = output_path("json", json, ".json")
        self._picture = output_path("picture", picture, ".png", ".svg")
        self._trace_path = output_path("trace", trace, ".json")
        if self._picture is not None:
            require_matplotlib()
        if synchronize is not None and not callable(synchronize):
            raise TypeError(
                "`synchronize` should be a function without arguments, as "
                f"`torch.cuda.synchronize`, or `None`. Received: {synchronize!r}"
            )
        self._synchronize = synchronize
        self._verbose = boolean("verbose", verbose)
        self._trace = None if self._trace_path is None else Trace()
        keep = None if self._trace is None else self._trace.making
        self._records = BatchRecords(_source_of(flow), keep, (self._asking, self._asked))
        self._now: Callable[[], int] = time.perf_counter_ns
        self._bound: float | None = None
        self._restart()

    def __getattr__(self, name: str) -> Any:
        if name == "on_batch_end":  # for which Keras asks first
            raise TypeError("an `InputMeter` for `fit` should be made after Keras is imported")
        raise AttributeError(f"`{type(self).__name__}` has no attribute {name!r}")

    def _restart(self) -> None:
        self._epochs: list[InputFigures] = []
        self._is_warm = False  # the first step, which compiles, is over
        self._is_open = False  # an epoch is under way
        self._is_watching = False
        self._seen = False  # a step of this epoch has been asked for
        self._waited = self._start = self._free = self._given = 0
        self._steps = self._latest = 0  # of this epoch
        self._fetches_inside = False
        self._thread = threading.get_ident()
        self._records.forget()

    # What has been measured.

    @property
    def epochs(self) -> tuple[InputFigures, ...]:
        """The figures of each epoch that is over."""
        return tuple(self._epochs)

    @property
    def figures(self) -> InputFigures:
        """The figures of all epochs together."""
        return sums(self._epochs)

    @property
    def verdict(self) -> str:
        """What steps wait for, and what would change it, in one line."""
        said = verdict(self.figures, self._records.setting())
        return said if self._bound is None else f"{said}; {self._checked()}"

    def report(self) -> dict[str, Any]:
        """Returns all figures, in types that JSON has: what the file `json` gets."""
        figures, setting = self.figures, self._records.setting()
        return {
            "format": 1,
            "verdict": self.verdict,
            "all": figures.described(),
            "advice": asdict(advice(figures, setting)),
            "setting": asdict(setting),
            "seconds_per_step_of_one_batch": self._bound,
            "epochs": [one.described() for one in self._epochs],
        }

    def bound(
        self,
        model: Any = None,
        batch: Any = None,
        *,
        step: Callable[[], Any] | None = None,
        steps: int = 20,
    ) -> float:
        """Returns how long a step takes whose data is there, by running some on one batch.

        It is what no cache and no thread can go below, and checks what was measured: `verdict` and
        `report` have it from then on. With a Keras model its variables, and those of its optimizer
        and metrics, are afterwards what they were before.

        Args:
            model: A Keras model, built and compiled.
            batch: Tuple as of the flow, what it is trained on.
            step: Function without arguments that does one step on one batch, instead of these.
            steps: Integer of at least 1, how many; one more, which may compile, is not counted.

        Returns:
            Float, seconds.

        Raises:
            ValueError: If neither a model with a batch nor a step is given, or both are.
        """
        steps = integer("steps", steps, 1)
        if (step is None) == (model is None) or (model is None) != (batch is None):
            raise ValueError(
                "either `model` and `batch` should be given, or `step`. Received: "
                f"model={model!r}, batch of {type(batch).__name__}, step={step!r}"
            )
        if step is not None:
            self._bound = self._time_of(step, steps)
        else:
            inner = type(self)(verbose=False)
            fit_on_one(model, batch, steps, inner)
            figures = inner.figures
            self._bound = (figures.seconds - figures.waited) / figures.steps
        return self._bound

    def _time_of(self, step: Callable[[], Any], steps: int) -> float:
        synchronize = self._synchronize or (lambda: None)
        step()
        synchronize()
        begin = self._now()
        for _ in range(steps):
            step()
            synchronize()
        return (self._now() - begin) / 1e9 / steps

    def _checked(self) -> str:
        assert self._bound is not None
        figures = self.figures
        one = f"on one batch in memory a step takes {_milliseconds(self._bound)}"
        if not figures.steps:
            return one
        left = (figures.seconds - figures.waited) / figures.steps
        return f"{one}, and one of these, without its waiting, {_milliseconds(left)}"

    # Steps, from whatever calls them.

    def _begin_epoch(self) -> None:
        self._waited = self._steps = self._latest = 0
        self._is_open, self._seen = True, False
        self._start = self._free = self._given = self._now()
        self._records.clear()
        self._records.counts = True

    def _wait(self, begin: int, end: int) -> None:
        self._waited += end - begin
        if self._trace is not None and self._seen and begin > self._given:
            self._trace.step("step", self._given, begin)
        self._given, self._seen = end, True
        if self._trace is not None:
            self._trace.step("wait", begin, end)

    def _end_step(self, count: int = 1) -> None:
        now = self._now()
        if self._trace is not None:
            self._trace.step("step", self._given, now)
        self._free, self._seen = now, False
        self._steps += count
        if not self._is_warm:
            self._is_warm = True
            self._waited = self._steps = 0
            self._start = now
            self._records.clear()

    def _end_epoch(self) -> str:
        self._is_open = self._records.counts = False
        seconds = (self._free - self._start) / 1e9
        figures = self._records.figures(self._steps, seconds, self._waited / 1e9)
        self._epochs.append(figures)
        if self._json is not None:
            write_report(self._json, self.report())
        return verdict(figures, self._records.setting())

    def write(self) -> None:
        """Writes the files that it was made with, as it does itself at the end."""
        if self._json is not None:
            write_report(self._json, self.report())
        if self._picture is not None:
            draw(self._epochs, self._picture)
        if self._trace is not None and self._trace_path is not None:
            self._trace.write(self._trace_path)

    def _finish(self) -> None:
        self._records.stop()
        self.write()

    def _say(self, text: str) -> None:
        if self._verbose:
            _keras.print_message(text)

    # As a callback of Keras.

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras' arguments, here and below
        """Begins to measure."""
        self._restart()
        if _keras.backend() == "tensorflow":
            # The data is fetched within the step, by TensorFlow.
            self._fetches_inside = True
            self.model.train_function = timed(
                self.model.train_function, lambda: self._now(), self._wait
            )
        self._records.start()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Begins an epoch."""
        self._begin_epoch()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Ends a wait, where data has been fetched before."""
        if not self._fetches_inside or not self._latest:
            self._wait(self._free, self._now())

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Ends a step."""
        latest = batch + 1
        if self.params.get("steps"):  # of several that are executed at once, the last may be fewer
            latest = min(latest, self.params["steps"])
        self._end_step(latest - self._latest)
        self._latest = latest

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Leaves out what is made for validation."""
        self._records.counts = False

    def on_test_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Goes on."""
        self._records.counts = self._is_open

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Says what the steps of the epoch have waited for."""
        said = self._end_epoch()
        # Keras' progress bar has not ended its line yet.
        first = "\n" if self.params.get("verbose") in (1, "auto") else ""
        self._say(f"{first}Epoch {epoch + 1}: {said}")

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Says what all steps have waited for."""
        self.model.train_function = untimed(self.model.train_function)
        self._finish()
        if len(self._epochs) > 1:
            self._say(f"All {len(self._epochs)} epochs: {self.verdict}")

    # Around loops of one's own.

    def __enter__(self) -> Self:
        self._restart()
        self._records.start(waits=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._is_open and error is None:
            self.end_epoch()
        self._finish()
        if error is None:
            if not self._epochs:
                self._say(
                    "nothing has asked the flow for batches in this thread: go through what does, "
                    "as a `DataLoader`, by `for batch in meter.watch(loader)`"
                )
            elif len(self._epochs) > 1:
                self._say(f"All {len(self._epochs)} epochs: {self.verdict}")

    def end_epoch(self) -> str:
        """Ends an epoch of a loop of one's own; what is asked for next begins another one.

        Returns:
            String, what its steps have waited for.

        Raises:
            RuntimeError: If no batch has been asked for.
        """
        if not self._is_open:
            raise RuntimeError(
                "`end_epoch` should be called after batches have been asked for: there were none "
                "since the last epoch ended, as it does with each pass over `watch(...)`"
            )
        if self._seen:
            self._before_wait()
        said = self._end_epoch()
        self._say(f"Epoch {len(self._epochs)}: {said}")
        return said

    def watch(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Yields what an iterable yields, as an epoch, and measures how long it takes.

        For what is no flow itself: a `DataLoader` with or without workers, a `tf.data.Dataset`. To
        be used within the `with` block.

        Args:
            batches: Iterable of batches.

        Yields:
            Its batches.
        """
        iterator = iter(batches)
        self._is_watching = True
        try:
            while True:
                self._before_wait()
                begin = self._now()
                try:
                    batch = next(iterator)
                except StopIteration:
                    break
                self._wait(begin, self._now())
                yield batch
        finally:
            self._is_watching = False
            if self._is_open:
                self.end_epoch()

    def _before_wait(self) -> None:
        """Ends a step, in a loop that asks for the next batch."""
        if self._synchronize is not None:
            self._synchronize()
        if not self._is_open:
            self._begin_epoch()
        elif self._seen:
            self._end_step()

    def _asking(self) -> None:
        if not self._is_watching and threading.get_ident() == self._thread:
            self._before_wait()

    def _asked(self, begin: int, end: int) -> None:
        if not self._is_watching and threading.get_ident() == self._thread:
            self._wait(begin, end)


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms"


def _source_of(flow: Any) -> object | None:
    """Returns what tells the batches of a flow from others, `None` for no flow."""
    if flow is None:
        return None
    found = flow
    for name in ("dataset", "flow"):  # of a `DataLoader`, and of what it reads
        found = getattr(found, name, found)
    if not isinstance(found, Flow):
        raise TypeError(
            "`flow` should be a flow as from `ImageDataGenerator.flow`, or what reads one, as of "
            "`batchwarp.torch`; of what `to_tf_dataset` returns, the flow itself. "
            f"Received: {type(flow).__name__}"
        )
    return found.batches_of
