"""Cats or dogs: a small convolutional model on photographs, read from folders."""

from __future__ import annotations

import argparse
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import batchwarp
from batchwarp.errors import ImageFileError
from batchwarp.image import img_to_array, load_img
from batchwarp.training import models, options, plots
from batchwarp.training.datasets import DATA_VARIABLE
from batchwarp.training.errors import DatasetError
from batchwarp.training.runner import Run, Script, StepTimes, prepare, say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from batchwarp.image import DirectoryIterator

__all__ = ["SCRIPT"]

CLASSES = ("cats", "dogs")
SIZE = (150, 150)
LEAST_IMAGES = 20

AUGMENTATION: dict[str, Any] = {
    "rotation_range": 20,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "shear_range": 0.1,
    "zoom_range": 0.1,
    "horizontal_flip": True,
    "vertical_flip": True,
    "fill_mode": "nearest",
}

MODEL_FILE = "model.keras"
BATCH_FILE = "batch.png"
VARIANTS_FILE = "variants.png"
SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the script's options to a parser."""
    options.add_common(
        parser,
        data="folder with train/cats, train/dogs, validation/cats and validation/dogs (default: "
        f"cats_dogs in the folder that ${DATA_VARIABLE} names)",
        epochs=50,
        batch_size=20,
        least_images=LEAST_IMAGES,
        out="batchwarp-cats-dogs",
    )
    parser.add_argument(
        "--no-augment", action="store_true", help="train on the photographs as they are"
    )
    parser.add_argument(
        "--cache",
        metavar="FOLDER",
        help="keep the decoded photographs in FOLDER for later epochs and runs; "
        "`memory` keeps them for this run only (default: decode them in every epoch)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Trains and validates; writes the results to a folder.

    Args:
        arguments: The parsed options.

    Raises:
        UsageError: If data or packages are missing, or the folder cannot be written to.
    """
    plots.require_matplotlib()
    folder = _folder(arguments.data)
    keras = prepare(arguments)
    augmentation = {} if arguments.no_augment else AUGMENTATION
    datagen = batchwarp.ImageDataGenerator(rescale=1 / 255, **augmentation)
    training = _flow(datagen, folder / "train", arguments)
    validation = _flow(
        batchwarp.ImageDataGenerator(rescale=1 / 255), folder / "validation", arguments
    )
    model = models.cats_dogs(*SIZE)
    settings = {
        "data": str(folder),
        "parameters": model.count_params(),
        "epochs": arguments.epochs,
        "batch_size": arguments.batch_size,
        "seed": arguments.seed,
        "threads": batchwarp.runtime.get_num_threads(),
        "images": {"training": training.samples, "validation": validation.samples},
        "cache": arguments.cache,
        "augmentation": augmentation or None,
    }
    outputs = (MODEL_FILE, BATCH_FILE, VARIANTS_FILE)
    with Run("cats-dogs", arguments.out, outputs, settings) as this_run:
        _draw(this_run, datagen, training, arguments.seed)
        _train(keras, this_run, model, training, validation, arguments)


def _folder(given: Path | None) -> Path:
    """Returns the folder of the photographs, with all that must be in it."""
    root = os.environ.get(DATA_VARIABLE)
    folder = given if given is not None else Path(root) / "cats_dogs" if root else None
    if folder is None:
        raise DatasetError(
            "cats and dogs",
            "not found. Ways to give it: (1) --data FOLDER with train/cats, train/dogs, "
            "validation/cats and validation/dogs, for example the first pictures of Kaggle's "
            f"competition dogs-vs-cats; (2) a folder cats_dogs in the folder that ${DATA_VARIABLE} "
            "names",
        )
    for part in ("train", "validation"):
        for name in CLASSES:
            if not (folder / part / name).is_dir():
                raise DatasetError(folder / part / name, "there is no such folder")
    return folder


def _flow(
    datagen: batchwarp.ImageDataGenerator, folder: Path, arguments: argparse.Namespace
) -> DirectoryIterator:
    """Returns the batches of a folder; photographs that cannot be read are left out and listed."""
    flow = datagen.flow_from_directory(
        folder,
        target_size=SIZE,
        classes=CLASSES,
        class_mode="binary",
        batch_size=arguments.batch_size,
        seed=arguments.seed,
        cache=arguments.cache,
        on_error="skip",
    )
    if not flow.samples:
        raise DatasetError(folder, "there is no photograph in the folders of its classes")
    return flow


def _draw(
    this_run: Run,
    datagen: batchwarp.ImageDataGenerator,
    training: DirectoryIterator,
    seed: int,
) -> None:
    """Draws photographs with what training sees of them, and variants of the first one."""
    originals = _originals(training, seed)
    plots.before_after(
        originals / 255.0,
        next(datagen.flow(originals, batch_size=SHOWN, shuffle=False, seed=seed)),
        this_run.path(BATCH_FILE),
        title="Cats and dogs: photographs, and what training sees of them",
    )
    same = np.repeat(originals[:1], SHOWN, axis=0)
    plots.pictures(
        next(datagen.flow(same, batch_size=SHOWN, shuffle=False, seed=seed)),
        [""] * len(same),
        this_run.path(VARIANTS_FILE),
        title=f"Cats and dogs: {len(same)} variants of one photograph",
    )


def _originals(training: DirectoryIterator, seed: int) -> NDArray[np.float32]:
    """Returns photographs chosen at random, of those that can be read."""
    images: list[NDArray[np.float32]] = []
    for row in np.random.RandomState(seed).permutation(training.samples):
        with suppress(ImageFileError):
            picture = load_img(training.filepaths[row], target_size=SIZE)
            images.append(img_to_array(picture, dtype="float32"))
        if len(images) == SHOWN:
            break
    if not images:
        raise DatasetError(training.directory, "none of its photographs can be read")
    return np.stack(images)


def _train(
    keras: Any,
    this_run: Run,
    model: Any,
    training: DirectoryIterator,
    validation: DirectoryIterator,
    arguments: argparse.Namespace,
) -> None:
    """Trains the model, which is saved after every epoch."""
    model.compile(
        optimizer=keras.optimizers.Adam(1e-4), loss="binary_crossentropy", metrics=["accuracy"]
    )
    steps = StepTimes()
    begin = time.perf_counter()
    history = this_run.fit(
        model,
        training,
        epochs=arguments.epochs,
        title="Cats and dogs: learning curves",
        steps_per_epoch=_steps(training, arguments.limit),
        validation_data=validation,
        validation_steps=_steps(validation, arguments.limit),
        callbacks=[keras.callbacks.ModelCheckpoint(str(this_run.path(MODEL_FILE))), steps.callback],
    )
    seconds = time.perf_counter() - begin
    best = int(np.argmax(history["val_accuracy"]))
    unread = [str(error) for error in [*training.errors, *validation.errors]]
    this_run.record(
        seconds=round(seconds, 1),
        step_milliseconds=steps.medians,
        best_epoch=best + 1,
        best_validation_accuracy=history["val_accuracy"][best],
        last_validation_accuracy=history["val_accuracy"][-1],
        unread=unread,
    )
    say(
        f"Validation accuracy {history['val_accuracy'][-1]:.4f} after {len(history['loss'])} "
        f"epochs, at best {history['val_accuracy'][best]:.4f} after {best + 1}"
    )
    say(f"{seconds / len(history['loss']):.1f} s an epoch with validation")
    if steps.medians:  # an epoch of one step has none
        say(f"A training step of {arguments.batch_size} photographs: {steps.medians[-1]:.0f} ms")
    if unread:
        say(f"{len(unread)} photographs could not be read and were left out: {unread[0]}, ...")


def _steps(flow: DirectoryIterator, limit: int | None) -> int:
    """Returns how many batches an epoch takes, so that it sees no more than `limit` photographs."""
    return len(flow) if limit is None else min(len(flow), -(-limit // flow.batch_size))


SCRIPT = Script(
    name="cats-dogs",
    summary="tell cats from dogs: a small convolutional model on photographs in folders",
    add_arguments=add_arguments,
    run=run,
)
