"""Does a model become as good on batches of bytes as on batches of floats?

For each seed, two models begin with the same weights and see the same images in the same order,
one as a flow of floats makes them, the other as `handover="uint8"` rounds them, before
`flow.normalization_layer()`. What rounding changes grows with every step, as what any other small
change does; so the differences are shown beside those between seeds, which are chance as well.
"""

from __future__ import annotations

import logging
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import batchwarp
from batchwarp.console.frameworks import load_keras
from batchwarp.console.options import at_least
from batchwarp.training.data.datasets import DATA_VARIABLE, Dataset
from batchwarp.training.data.drawings import CLASSES, TEST_STREAM, TRAIN_STREAM, draw_set
from batchwarp.training.data.sign_mnist import load_sign_mnist

from .against_keras import SETTINGS
from .harness.machine import machine
from .harness.options import parse, parser
from .harness.report import plural, report, table, track

BATCH = 32
FLOATS, BYTES = "floats", "bytes"
HANDED_OVER = {FLOATS: None, BYTES: "uint8"}
Accuracies = Mapping[str, Sequence[float]]  # one for each seed


def data(training: int, tests: int) -> tuple[str, Dataset]:
    """Returns letters of the sign language if they are there, else drawings of O and X.

    Args:
        training: how many images to train on, at most.
        tests: how many to test with, at most.

    Returns:
        What they are, in words, and the images.
    """
    folder = os.environ.get(DATA_VARIABLE)
    if folder and Path(folder, "sign_mnist").is_dir():
        name, found = "letters of the sign language", load_sign_mnist(None)
    else:
        name = "drawings of O and X"
        x_train, y_train = draw_set(training, seed=0, stream=TRAIN_STREAM)
        x_test, y_test = draw_set(tests, seed=0, stream=TEST_STREAM)
        found = Dataset(x_train, y_train, x_test, y_test, classes=CLASSES, source=name)
    return name, Dataset(
        x_train=found.x_train[:training],
        y_train=found.y_train[:training],
        x_test=found.x_test[:tests],
        y_test=found.y_test[:tests],
        classes=found.classes,
        source=found.source,
    )


def accuracy(images: Dataset, handover: str | None, seed: int, epochs: int) -> float:
    """Trains a small network and returns its accuracy on images that it has not seen.

    Args:
        images: what to train on and to test with.
        handover: of the flows.
        seed: of the weights, the order and the transforms.
        epochs: how often each image is seen.

    Returns:
        The share of the test images whose class was found.
    """
    keras = load_keras()
    # Each model is traced once, which TensorFlow takes for one that is traced again and again.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    keras.utils.set_random_seed(seed)
    generator = batchwarp.ImageDataGenerator(**{**SETTINGS["ASL"], "rescale": 1 / 255})
    flow: dict[str, Any] = {"batch_size": BATCH, "handover": handover}
    training = generator.flow(images.x_train, images.y_train, seed=seed, **flow)
    plain = batchwarp.ImageDataGenerator(rescale=1 / 255)
    tests = plain.flow(images.x_test, images.y_test, shuffle=False, **flow)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input(images.x_train.shape[1:]),
            *([training.normalization_layer()] if handover else []),
            *(layers.Conv2D(24, 3, activation="relu"), layers.MaxPooling2D()),
            *(layers.Conv2D(48, 3, activation="relu"), layers.MaxPooling2D()),
            *(layers.Flatten(), layers.Dense(96, activation="relu"), layers.Dropout(0.3)),
            layers.Dense(len(images.classes), activation="softmax"),
        ]
    )
    # Ends at 0: at a constant rate, accuracies jump up and down to the end.
    rate = keras.optimizers.schedules.CosineDecay(0.002, epochs * len(training))
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(training, epochs=epochs, verbose=0)
    return float(model.evaluate(tests, verbose=0, return_dict=True)["accuracy"])


def summary(found: Accuracies) -> dict[str, float]:
    """Returns the metrics, as shares of the test images.

    Args:
        found: the accuracies of both ways, by seed in the same order; at least two.

    Returns:
        The means, the standard deviation over seeds, the mean of the differences between models of
        the same seed, bytes minus floats, and the standard error of that mean.
    """
    floats, handed = (np.asarray(found[name]) for name in (FLOATS, BYTES))
    differences = handed - floats
    return {
        "accuracy/floats": float(floats.mean()),
        "accuracy/bytes": float(handed.mean()),
        "deviation over seeds": statistics.mean(statistics.stdev(found[name]) for name in found),
        "difference": float(differences.mean()),
        "standard error": float(differences.std(ddof=1) / np.sqrt(len(differences))),
    }


def text(found: Accuracies, metrics: Mapping[str, float]) -> str:
    """Returns the table: per cent for each seed, and what they come to."""
    pairs = zip(found[FLOATS], found[BYTES], strict=True)
    rows = [
        [f"seed {seed}", f"{100 * a:.2f}", f"{100 * b:.2f}", f"{100 * (b - a):+.2f}"]
        for seed, (a, b) in enumerate(pairs)
    ]
    mean = f"{100 * metrics['difference']:+.2f} ± {100 * metrics['standard error']:.2f}"
    both = (f"{100 * metrics[f'accuracy/{name}']:.2f}" for name in (FLOATS, BYTES))
    return table(["accuracy, %", FLOATS, BYTES, "difference"], [*rows, ["mean", *both, mean]])


def main() -> int:
    """Runs the comparison; returns the exit code."""
    options = parser("Accuracy of a small network that is trained on bytes, and on floats.")
    options.add_argument(
        "--seeds", type=at_least(2), default=6, metavar="N", help="pairs of models (default: 6)"
    )
    options.add_argument(
        "--epochs", type=at_least(1), default=5, metavar="N", help="of each model (default: 5)"
    )
    arguments = parse(options, "matplotlib", "scipy", "tensorflow")
    sizes = (12_800, 7172)
    if arguments.tiny:
        arguments.seeds, arguments.epochs, sizes = 2, 1, (2 * BATCH, BATCH)
    name, images = data(*sizes)
    about = machine("keras", "tensorflow")
    found: dict[str, list[float]] = {name: [] for name in HANDED_OVER}
    for seed in track(range(arguments.seeds), "handover", lambda seed: f"seed {seed}"):
        for way, handover in HANDED_OVER.items():
            found[way].append(accuracy(images, handover, seed, arguments.epochs))
    metrics = summary(found)
    trained = (
        f"Trained {plural(arguments.epochs, 'epoch')} on {len(images.x_train):,} {name}, tested "
        f"with {len(images.x_test):,} others. Between seeds, accuracies have a standard deviation "
        f"of {100 * metrics['deviation over seeds']:.2f}."
    )
    figures = {"accuracies": found, "metrics": metrics}
    report(f"{text(found, metrics)}\n\n{trained}", figures, about, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
