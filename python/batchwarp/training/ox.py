"""O or X: a small LeNet that tells noughts from crosses, trained with augmentation."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

import numpy as np

import batchwarp
from batchwarp.training import drawings, models, options, plots, speed
from batchwarp.training.datasets import Dataset, load_picture_folders
from batchwarp.training.errors import DatasetError
from batchwarp.training.frameworks import keras_generator_class
from batchwarp.training.runner import Run, Script, prepare, say

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["SCRIPT"]

TRAIN_IMAGES = 1200
TEST_IMAGES = 400
VALIDATION_SHARE = 0.2
LEAST_IMAGES = 20

# Mirrored and moved letters are still the same letters.
AUGMENTATION: dict[str, Any] = {
    "rescale": 1 / 255,
    "horizontal_flip": True,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
}

MODEL_FILE = "model.keras"
BEFORE_AFTER_FILE = "before-after.png"
CONFUSION_FILE = "confusion.png"
MISCLASSIFIED_FILE = "misclassified.png"
# A picture of more would be too long to look at.
MOST_MISCLASSIFIED = 160


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the script's options to a parser."""
    options.add_common(
        parser,
        data="folder with train/O, train/X, test/O and test/X, pictures of one letter each "
        "(default: the program draws its own)",
        epochs=30,
        batch_size=16,
        least_images=LEAST_IMAGES,
        out="batchwarp-ox",
    )


def run(arguments: argparse.Namespace) -> None:
    """Trains, tests and measures; writes the results to a folder.

    Args:
        arguments: The parsed options.

    Raises:
        UsageError: If data or packages are missing, or the folder cannot be written to.
    """
    plots.require_matplotlib()
    data = _load(arguments.data, arguments.limit, arguments.seed)
    fitting, validation = _split(data.y_train, arguments.seed, data.source)
    keras = prepare(arguments)
    keras_generator_class()  # what it lacks should be known now, not after the training
    settings = {
        "data": data.source,
        "epochs": arguments.epochs,
        "batch_size": arguments.batch_size,
        "seed": arguments.seed,
        "threads": batchwarp.runtime.get_num_threads(),
        "images": {
            "training": len(fitting),
            "validation": len(validation),
            "test": len(data.x_test),
        },
        "augmentation": AUGMENTATION,
    }
    outputs = (MODEL_FILE, BEFORE_AFTER_FILE, CONFUSION_FILE, MISCLASSIFIED_FILE)
    with Run("ox", arguments.out, outputs, settings) as this_run:
        parts = {
            "training": (data.x_train[fitting], data.y_train[fitting]),
            "validation": (data.x_train[validation], data.y_train[validation]),
            "test": (data.x_test, data.y_test),
        }
        _train(keras, this_run, parts, arguments)
        _examine(keras, this_run, parts, data.classes)
        _measure(this_run, *parts["training"], arguments)


def _load(folder: Path | None, limit: int | None, seed: int) -> Dataset:
    """Loads the pictures of a folder, or draws some."""
    begin = time.perf_counter()
    if folder is not None:
        data = load_picture_folders(
            folder,
            drawings.CLASSES,
            height=drawings.HEIGHT,
            width=drawings.WIDTH,
            limit=limit,
        )
    else:
        train, test = (
            drawings.draw_set(count if limit is None else min(count, limit), seed=seed, stream=part)
            for count, part in (
                (TRAIN_IMAGES, drawings.TRAIN_STREAM),
                (TEST_IMAGES, drawings.TEST_STREAM),
            )
        )
        data = Dataset(*train, *test, classes=drawings.CLASSES, source="drawn by the program")
    say(
        f"{len(data.x_train):,} training and {len(data.x_test):,} test pictures of "
        f"{drawings.WIDTH}x{drawings.HEIGHT} pixels: {data.source}"
        f" ({time.perf_counter() - begin:.1f} s)"
    )
    return data


def _split(
    labels: NDArray[np.uint8], seed: int, source: str
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Returns the indices of pictures to fit and of pictures to validate, per class at random."""
    rng = np.random.default_rng(seed)
    fitting = []
    validation = []
    for label, name in enumerate(drawings.CLASSES):
        members = rng.permutation(np.flatnonzero(labels == label))
        held_back = max(1, round(VALIDATION_SHARE * len(members)))
        if held_back >= len(members):
            raise DatasetError(
                source, f"there must be at least 2 training pictures of {name} to split"
            )
        validation.append(members[:held_back])
        fitting.append(members[held_back:])
    return np.sort(np.concatenate(fitting)), np.sort(np.concatenate(validation))


def _train(
    keras: Any,
    this_run: Run,
    parts: dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]],
    arguments: argparse.Namespace,
) -> None:
    """Trains the model; the best one is in the run's folder afterwards."""
    x, y = parts["training"]
    generator = batchwarp.ImageDataGenerator(**AUGMENTATION)
    shown = 32
    augmented = next(
        generator.flow(x[:shown], batch_size=shown, shuffle=False, seed=arguments.seed)
    )
    plots.before_after(
        x[:shown] / 255.0,
        augmented,
        this_run.path(BEFORE_AFTER_FILE),
        title="O and X: training pictures, before and after augmentation",
    )
    model = models.ox(drawings.HEIGHT, drawings.WIDTH)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    x_validation, y_validation = parts["validation"]
    # What is watched is the loss: with few pictures, accuracy moves in steps and has ties.
    watched = {"monitor": "val_loss", "mode": "min"}
    callbacks = keras.callbacks
    history = this_run.fit(
        model,
        generator.flow(x, y, batch_size=arguments.batch_size, seed=arguments.seed),
        epochs=arguments.epochs,
        title="O and X: learning curves",
        validation_data=(x_validation / np.float32(255), y_validation),
        callbacks=[
            callbacks.ModelCheckpoint(
                str(this_run.path(MODEL_FILE)), save_best_only=True, **watched
            ),
            callbacks.ReduceLROnPlateau(patience=2, factor=0.5, **watched),
            callbacks.EarlyStopping(patience=10, **watched),
        ],
    )
    best = int(np.argmin(history["val_loss"]))
    this_run.record(epochs=len(history["loss"]), best_epoch=best + 1)
    say(
        f"{len(history['loss'])} epochs; the best on the validation pictures was number "
        f"{best + 1}, which is saved."
    )


def _examine(
    keras: Any,
    this_run: Run,
    parts: dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]],
    classes: tuple[str, ...],
) -> None:
    """Tests the saved model and draws what it got wrong."""
    model = keras.models.load_model(this_run.path(MODEL_FILE))
    matrices = {}
    accuracies = {}
    wrong_images = []
    wrong_names = []
    for part, (x, y) in parts.items():
        chance = model.predict(x / np.float32(255), batch_size=256, verbose=0)[:, 0]
        predicted = (chance > 0.5).astype(np.intp)
        matrix = np.zeros((len(classes), len(classes)), np.int64)
        np.add.at(matrix, (y, predicted), 1)
        matrices[part] = matrix
        accuracies[part] = float(np.mean(predicted == y))
        wrong = np.flatnonzero(predicted != y)
        wrong_images.append(x[wrong])
        wrong_names += [f"{part}\n{classes[y[i]]} taken for {classes[predicted[i]]}" for i in wrong]
    this_run.record(
        accuracy=accuracies,
        confusion={part: matrix.tolist() for part, matrix in matrices.items()},
    )
    plots.confusion_matrix(
        matrices, classes, this_run.path(CONFUSION_FILE), title="O and X: confusion matrices"
    )
    if wrong_names:
        title = f"O and X: all {len(wrong_names)} misclassified pictures"
        if len(wrong_names) > MOST_MISCLASSIFIED:
            title = (
                f"O and X: the first {MOST_MISCLASSIFIED} of {len(wrong_names)} "
                "misclassified pictures"
            )
        plots.pictures(
            np.concatenate(wrong_images)[:MOST_MISCLASSIFIED] / 255.0,
            wrong_names[:MOST_MISCLASSIFIED],
            this_run.path(MISCLASSIFIED_FILE),
            title=title,
        )
    say("Accuracy: " + ", ".join(f"{part} {value:.4f}" for part, value in accuracies.items()))
    say(
        "Misclassified: "
        + ", ".join(
            f"{matrix.sum() - np.trace(matrix)} of {matrix.sum():,} ({part})"
            for part, matrix in matrices.items()
        )
    )


def _measure(
    this_run: Run, x: NDArray[np.uint8], y: NDArray[np.uint8], arguments: argparse.Namespace
) -> None:
    """Compares the augmentation's speed with Keras' own generator."""
    result = speed.compare(AUGMENTATION, x, y, batch_size=arguments.batch_size, seed=arguments.seed)
    this_run.record(
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
        f"  ({width}x{height}x{channels} pixels, batches of {arguments.batch_size}, "
        f"{result.threads} thread(s), medians of {result.repeats} measurements in turn; "
        f"same seed, largest pixel difference {result.difference:.1e} of 1)"
    )


SCRIPT = Script(
    name="ox",
    summary="tell O from X: a LeNet-like model on drawings that the program makes, or your own",
    add_arguments=add_arguments,
    run=run,
)
