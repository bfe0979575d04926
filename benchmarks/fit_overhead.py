"""What does a step of `model.fit` cost, by the way in which its batches come?

The model is linear, so that nearly all of a step is Keras, TensorFlow and the delivery of the
batch. Each way trains a model of its own; they take turns, an epoch each, and an epoch counts from
its first to its last callback, what is done at its start included. What is said against another way
is the median of the ratios of rounds.

What a flow costs beside the least that Keras can be given is less than epochs differ by. So these
two train one model, in turns of a few steps: see `harness/fits_in_turn.py`.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

import numpy as np

import batchwarp
from batchwarp.console.frameworks import keras_generator_class, load_keras
from batchwarp.console.options import at_least

from .harness.fits_in_turn import STEPS, steps_in_turn
from .harness.images import images
from .harness.machine import machine
from .harness.options import parse, parser
from .harness.report import report, table, track
from .harness.timing import Timing, as_json
from .harness.turns import turns

SIZE = (28, 28, 1)
CLASSES = 24
BATCH = 32
AUGMENT: dict[str, Any] = {
    "rescale": 1 / 255,
    "rotation_range": 10,
    "zoom_range": 0.1,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
}
ARRAYS, SLICES = "fit(x, y)", "a PyDataset that slices"
DATASET, FLOW = "to_tf_dataset, augmented", "batchwarp's flow, augmented"
# What each way is compared with: the same kind of delivery of arrays as they are.
BASES = {
    DATASET: ARRAYS,
    "to_tf_dataset, rescaled only": ARRAYS,
    FLOW: SLICES,
    "Keras' flow, augmented": SLICES,
}

# Of a step, for each way and round; in a round, those that were taken one after the other.
Seconds = dict[str, list[list[float]]]
TURNS = 40  # that each of the two takes in a round


def slicing(keras: Any, x: Any, y: Any) -> Any:
    """Returns the least that Keras can be given batch by batch: views of arrays."""

    class Slices(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return len(x) // BATCH

        def __getitem__(self, index: int) -> tuple[Any, Any]:
            part = slice(index * BATCH, (index + 1) * BATCH)
            return x[part], y[part]

    return Slices()


def deliveries(keras: Any, steps: int) -> dict[str, dict[str, Any]]:
    """Returns the arguments of `fit` for each way to deliver the same number of batches."""
    x = images(steps * BATCH, *SIZE, "uint8")
    y = np.arange(len(x)) % CLASSES
    scaled = x.astype(np.float32) / 255
    ours = batchwarp.ImageDataGenerator(**AUGMENT)
    plain = batchwarp.ImageDataGenerator(rescale=1 / 255)
    theirs = keras_generator_class()(**AUGMENT)
    flow: dict[str, Any] = {"batch_size": BATCH, "seed": 1}
    data: dict[str, Any] = {"shuffle": False}  # or Keras warns that it does not shuffle data sets
    return {
        ARRAYS: {"x": scaled, "y": y, "batch_size": BATCH},
        "to_tf_dataset, rescaled only": {"x": plain.flow(x, y, **flow).to_tf_dataset(), **data},
        DATASET: {"x": ours.flow(x, y, **flow).to_tf_dataset(), **data},
        SLICES: {"x": slicing(keras, scaled, y)},
        FLOW: {"x": ours.flow(x, y, **flow)},
        "Keras' flow, augmented": {"x": theirs.flow(x, y, **flow)},
    }


def linear(keras: Any) -> Any:
    """Returns the model, compiled."""
    layers = keras.layers
    model = keras.Sequential([layers.Input(SIZE), layers.Flatten(), layers.Dense(CLASSES)])
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), optimizer="sgd"
    )
    return model


def trainer(keras: Any, arguments: dict[str, Any], steps: int) -> Callable[[], float]:
    """Returns a function that trains for an epoch and returns the seconds of one step."""
    model = linear(keras)
    ticks: list[float] = []

    def tick(*_: Any, **__: Any) -> None:
        ticks.append(time.perf_counter())

    watch = keras.callbacks.LambdaCallback(on_epoch_begin=tick, on_epoch_end=tick)

    def epoch() -> float:
        ticks.clear()
        model.fit(**arguments, verbose=0, callbacks=[watch])
        start, end = ticks
        return (end - start) / steps

    return epoch


def by_epochs(keras: Any, ways: Mapping[str, dict[str, Any]], steps: int, rounds: int) -> Seconds:
    """Times all ways in turn, an epoch each; returns the seconds of a step, by rounds."""
    epochs = {name: trainer(keras, how, steps) for name, how in ways.items()}
    for epoch in epochs.values():  # traces the model's functions
        epoch()
    seconds: Seconds = {name: [] for name in epochs}
    order = list(epochs)
    taking = turns()
    taking.start_race()
    for number in track(range(rounds), "fit_overhead", lambda number: f"epochs {number + 1}"):
        first = number % len(order)
        for name in order[first:] + order[:first]:
            taking.hand_over(number)
            seconds[name].append([epochs[name]()])
    return seconds


def by_steps(keras: Any, ways: Mapping[str, dict[str, Any]], count: int, rounds: int) -> Seconds:
    """Times the two in turn, a few steps each; returns the seconds of a step, by rounds."""
    model = linear(keras)
    pair = {name: ways[name]["x"] for name in (SLICES, FLOW)}
    for data in pair.values():  # traces the model's function
        model.fit(x=data, verbose=0)
    seconds: Seconds = {name: [] for name in pair}
    taking = turns()
    taking.start_race()
    for number in track(range(rounds), "fit_overhead", lambda number: f"steps {number + 1}"):
        taking.hand_over(number)
        for name, taken in steps_in_turn(keras, model, pair, count).items():
            seconds[name].append(taken)
    return seconds


def against(seconds: Seconds) -> dict[str, float]:
    """Returns what steps take in terms of those beside them, for ways that are compared here."""
    taken = {name: list(chain.from_iterable(rounds)) for name, rounds in seconds.items()}
    ratios = {}
    for name, base in BASES.items():
        if name in taken:
            pairs = zip(taken[name], taken[base], strict=True)
            ratios[name] = statistics.median(one / other for one, other in pairs)
    return ratios


def text(timings: Mapping[str, Timing], ratios: Mapping[str, float]) -> str:
    """Returns a table."""
    rows = []
    for name, timing in timings.items():
        beside = f"{ratios[name]:.2f} × {BASES[name]}" if name in ratios else ""
        rows.append([name, f"{timing.median * 1e6:.0f}", f"{timing.fastest * 1e6:.0f}", beside])
    return table(["batches from", "step, µs", "fastest", "against"], rows)


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser(
        "One step of `model.fit` on a linear model, 32 × 28×28×1, by way of delivery.", rounds=15
    )
    options.add_argument(
        "--steps", type=at_least(1), default=200, help="batches an epoch (default: 200)"
    )
    arguments = parse(options, "scipy", "tensorflow")
    turns_each = TURNS
    if arguments.tiny:
        arguments.steps, turns_each = 3, 2
    about = machine("keras", "scipy", "tensorflow")
    keras = load_keras()
    ways = deliveries(keras, arguments.steps)
    taken = {
        "an epoch each": by_epochs(keras, ways, arguments.steps, arguments.rounds),
        f"{STEPS} steps each, of one model": by_steps(keras, ways, turns_each, arguments.rounds),
    }
    tables: list[str] = []
    timings: dict[str, Timing] = {}
    for turn, seconds in taken.items():
        found = {name: Timing.of(one) for name, one in seconds.items()}
        tables.append(f"Turns: {turn}\n\n{text(found, against(seconds))}")
        timings |= {f"{name}; {turn}": timing for name, timing in found.items()}
    epochs, steps = map(against, taken.values())
    figures = {
        "steps": arguments.steps,
        "batch": BATCH,
        "seconds": as_json(timings),
        "metrics": {"to_tf_dataset": epochs[DATASET], "flow": steps[FLOW]},
    }
    report("\n\n".join(tables), figures, about, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
