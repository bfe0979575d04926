"""Fashion-MNIST: four convolutional models, the last one with augmented pictures in addition."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

import numpy as np

import batchwarp
from batchwarp.training import models, options, plots
from batchwarp.training.datasets import DATA_VARIABLE, Dataset, load_fashion_mnist
from batchwarp.training.runner import Run, Script, prepare, say

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SCRIPT"]

VALIDATION_SPLIT = 0.25
LEAST_IMAGES = 20

AUGMENTATION: dict[str, Any] = {
    "rescale": 1 / 255,
    "rotation_range": 10,
    "zoom_range": 0.1,
    "shear_range": 0.5,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "horizontal_flip": True,
}

MODEL_FILE = "model.keras"
BEFORE_AFTER_FILE = "before-after.png"

_VARIANTS = {
    "a": "convolutions only",
    "b": "with pooling and dropout",
    "c": "in the style of VGG",
    "d": "as c, with half as many augmented pictures in addition",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the script's options to a parser."""
    parser.add_argument(
        "--model",
        choices=tuple(_VARIANTS),
        required=True,
        help="; ".join(f"{name}: {what}" for name, what in _VARIANTS.items()),
    )
    options.add_common(
        parser,
        data="folder with Fashion-MNIST's four IDX files, .gz or plain (default: "
        f"fashion-mnist in the folder that ${DATA_VARIABLE} names, then Debian's package "
        "dataset-fashion-mnist, then a download by Keras)",
        epochs=25,
        batch_size=32,
        least_images=LEAST_IMAGES,
        out="batchwarp-fashion-mnist",
    )


def run(arguments: argparse.Namespace) -> None:
    """Trains and tests; writes the results to a folder.

    Args:
        arguments: The parsed options.

    Raises:
        UsageError: If data or packages are missing, or the folder cannot be written to.
    """
    plots.require_matplotlib()
    begin = time.perf_counter()
    data = load_fashion_mnist(arguments.data).limited(arguments.limit)
    say(
        f"{len(data.x_train):,} training and {len(data.x_test):,} test pictures: {data.source} "
        f"({time.perf_counter() - begin:.1f} s)"
    )
    keras = prepare(arguments)
    model = models.fashion_mnist(arguments.model)
    say(f"Model {arguments.model} ({_VARIANTS[arguments.model]}): {model.count_params():,} params")
    settings = {
        "model": arguments.model,
        "parameters": model.count_params(),
        "data": data.source,
        "epochs": arguments.epochs,
        "batch_size": arguments.batch_size,
        "seed": arguments.seed,
        "threads": batchwarp.runtime.get_num_threads(),
        "images": {"training": len(data.x_train), "test": len(data.x_test)},
        "validation_split": VALIDATION_SPLIT,
        "augmentation": AUGMENTATION if arguments.model == "d" else None,
    }
    with Run("fashion-mnist", arguments.out, (MODEL_FILE, BEFORE_AFTER_FILE), settings) as this_run:
        x = np.asarray(data.x_train / np.float32(255), np.float32)
        y = data.y_train
        if arguments.model == "d":
            x, y = _enlarge(this_run, data, x, arguments.seed)
        _train(keras, this_run, model, x, y, arguments)
        loss, accuracy = model.evaluate(
            data.x_test / np.float32(255), data.y_test, batch_size=256, verbose=0
        )
        this_run.record(test_loss=loss, test_accuracy=accuracy)
        say(f"Test accuracy {accuracy:.4f}, test loss {loss:.4f}")


def _enlarge(
    this_run: Run, data: Dataset, x: NDArray[np.float32], seed: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Appends half as many augmented pictures of originals chosen at random.

    The last quarter, which Keras takes for validation, is therefore augmented pictures only; their
    originals are among the training pictures.
    """
    count = len(x) // 2
    chosen = np.random.RandomState(seed).randint(len(x), size=count)
    originals = data.x_train[chosen]
    begin = time.perf_counter()
    augmented = (
        batchwarp.ImageDataGenerator(**AUGMENTATION)
        .flow(originals, np.zeros(count), batch_size=count, shuffle=False, seed=seed)
        .next()[0]
    )
    seconds = time.perf_counter() - begin
    this_run.record(augmented_images=count, augmentation_seconds=round(seconds, 4))
    say(f"{count:,} augmented pictures in {seconds:.2f} s")
    labels = data.y_train[chosen]
    plots.before_after(
        originals[:32] / 255.0,
        augmented[:32],
        this_run.path(BEFORE_AFTER_FILE),
        title="Fashion-MNIST: originals chosen at random, before and after augmentation",
        names=[data.classes[label] for label in labels[:32]],
    )
    return np.concatenate([x, augmented]), np.concatenate([data.y_train, labels])


def _train(
    keras: Any,
    this_run: Run,
    model: Any,
    x: NDArray[np.float32],
    y: NDArray[np.uint8],
    arguments: argparse.Namespace,
) -> None:
    """Trains the model, which is saved after every epoch."""
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = this_run.fit(
        model,
        x,
        y,
        epochs=arguments.epochs,
        title=f"Fashion-MNIST, model {arguments.model}: learning curves",
        batch_size=arguments.batch_size,
        validation_split=VALIDATION_SPLIT,
        callbacks=[keras.callbacks.ModelCheckpoint(str(this_run.path(MODEL_FILE)))],
    )
    this_run.record(**{f"last_{name}": values[-1] for name, values in history.items()})


SCRIPT = Script(
    name="fashion-mnist",
    summary="Fashion-MNIST with one of four convolutional models, one of them on augmented data",
    add_arguments=add_arguments,
    run=run,
)
