"""What does a step of `model.fit` cost, by the way in which its batches come?

The model is linear, so that nearly all of a step is Keras, TensorFlow and the delivery of the
batch. Each way trains a model of its own; they take turns, an epoch each, and an epoch counts from
its first to its last callback, what is done at its start included.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import batchwarp
from batchwarp.console.frameworks import keras_generator_class, load_keras
from batchwarp.console.options import at_least

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


def trainer(keras: Any, arguments: dict[str, Any], steps: int) -> Callable[[], float]:
    """Returns a function that trains for an epoch and returns the seconds of one step."""
    layers = keras.layers
    model = keras.Sequential([layers.Input(SIZE), layers.Flatten(), layers.Dense(CLASSES)])
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), optimizer="sgd"
    )
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


def measure(steps: int, rounds: int) -> dict[str, Timing]:
    """Times all ways in turn; returns the time of one step for each."""
    keras = load_keras()
    epochs = {name: trainer(keras, how, steps) for name, how in deliveries(keras, steps).items()}
    for epoch in epochs.values():  # traces the model's functions
        epoch()
    seconds: dict[str, list[list[float]]] = {name: [] for name in epochs}
    order = list(epochs)
    taking = turns()
    taking.start_race()
    for number in track(range(rounds), "fit_overhead", lambda number: f"round {number + 1}"):
        first = number % len(order)
        for name in order[first:] + order[:first]:
            taking.hand_over(number)
            seconds[name].append([epochs[name]()])
    return {name: Timing.of(taken) for name, taken in seconds.items()}


def text(timings: Mapping[str, Timing], ratios: Mapping[str, float]) -> str:
    """Returns the table."""
    rows = []
    for name, timing in timings.items():
        ratio = f"{ratios[name]:.2f} × {BASES[name]}" if name in BASES else ""
        rows.append([name, f"{timing.median * 1e6:.0f}", f"{timing.fastest * 1e6:.0f}", ratio])
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
    if arguments.tiny:
        arguments.steps = 3
    about = machine("keras", "scipy", "tensorflow")
    timings = measure(arguments.steps, arguments.rounds)
    ratios = {name: timings[name].median / timings[base].median for name, base in BASES.items()}
    figures = {
        "steps": arguments.steps,
        "batch": BATCH,
        "seconds": as_json(timings),
        "metrics": {"to_tf_dataset": ratios[DATASET], "flow": ratios[FLOW]},
    }
    report(text(timings, ratios), figures, about, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
