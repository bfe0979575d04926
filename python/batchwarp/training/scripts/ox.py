"""O or X: a small LeNet that tells noughts from crosses, trained with augmentation."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.console.output import say
from batchwarp.training.data import drawings
from batchwarp.training.data.errors import DatasetError
from batchwarp.training.data.folders import (
    check_folders,
    check_readable,
    limited_steps,
    part_of,
    some_pictures,
)
from batchwarp.training.networks import models
from batchwarp.training.run.runner import Run, prepare
from batchwarp.training.scripts import options
from batchwarp.training.scripts.recipes import chosen_recipe
from batchwarp.training.scripts.script import Script

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

__all__ = ["AUGMENTATION", "SCRIPT", "draw_sets"]

TRAIN_IMAGES = 1200
TEST_IMAGES = 400
VALIDATION_SHARE = 0.2
SIZE = (drawings.HEIGHT, drawings.WIDTH)
INTERPOLATION = "bilinear"  # thin strokes vanish with Keras' default, nearest
READING: dict[str, Any] = {
    "target_size": SIZE,
    "color_mode": "grayscale",
    "interpolation": INTERPOLATION,
}

# Mirrored and moved letters are still the same letters.
AUGMENTATION: dict[str, Any] = {
    "horizontal_flip": True,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
}
# What is watched is the loss: with few pictures, accuracy moves in steps and has ties.
WATCHED = {"monitor": "val_loss", "mode": "min"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the script's options to a parser."""
    options.add_common(
        parser,
        data="folder with train/O, train/X, test/O and test/X, pictures of one letter each "
        "(default: the program draws its own, into the folder drawings of --out)",
        epochs=30,
        batch_size=16,
        least_images=20,
        out="batchwarp-ox",
    )


def run(arguments: argparse.Namespace) -> None:
    """Trains, tests and measures; writes the results to a folder.

    Args:
        arguments: The parsed options.

    Raises:
        UsageError: If data or packages are missing, or the folder cannot be written to.
    """
    recipe = chosen_recipe(arguments, AUGMENTATION, (*SIZE, 1))
    folder = arguments.data
    if folder is not None:
        check_folders(folder, ("train", "test"), drawings.CLASSES)
    keras = prepare(arguments)
    if folder is None:
        folder = draw_sets(arguments.out / "drawings", arguments.limit, arguments.seed)
    generator = options.generator_class(arguments)
    plain = generator(rescale=1 / 255, validation_split=VALIDATION_SHARE)
    datagen = generator(rescale=1 / 255, validation_split=VALIDATION_SHARE, **recipe.arguments)
    training, flows = _flows(folder, datagen, plain, generator(rescale=1 / 255), arguments)
    for name, flow in flows.items():
        if len(set(flow.classes)) < len(drawings.CLASSES):
            raise DatasetError(flow.directory, f"too few pictures: {name} needs some of O and of X")
        check_readable(flow)
    limit = None if arguments.data is None else arguments.limit
    parts = {name: part_of(name, flow, limit) for name, flow in flows.items()}

    def build() -> Any:
        model = models.ox(*SIZE)
        model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
        return model

    settings = {
        "data": "drawn by the program" if arguments.data is None else str(folder),
        "images": {name: len(part.labels) for name, part in parts.items()},
        "interpolation": INTERPOLATION,
        **recipe.settings,
    }
    with Run("ox", "O and X", arguments, classes=drawings.CLASSES, settings=settings) as this_run:
        shown = some_pictures(training, 512, arguments.seed, **READING)
        this_run.outcome.draw_batch(datagen, shown[:32])
        model = this_run.fitting.model(build)
        this_run.fitting.fit(
            model,
            training,
            epochs=arguments.epochs,
            steps=limited_steps(limit, arguments.batch_size),
            validation_data=parts["validation"].flow,
            callbacks=[
                keras.callbacks.ReduceLROnPlateau(patience=2, factor=0.5, **WATCHED),
                keras.callbacks.EarlyStopping(patience=10, **WATCHED),
            ],
            best=WATCHED,
        )
        record = this_run.record
        best = int(np.argmin(record.history["val_loss"])) + 1
        record.add(best_epoch=best)
        say(f"{record.epochs} epochs; the best on the validation pictures was number {best}.")
        this_run.outcome.evaluate(list(parts.values()))
        this_run.outcome.list_unread([training, *flows.values()])
        if not recipe.operations:
            this_run.outcome.compare_generators(
                {"rescale": 1 / 255, **recipe.arguments},
                shown.astype(np.uint8),
                np.zeros(len(shown)),
            )


def _flows(
    folder: Path, datagen: Any, plain: Any, whole: Any, arguments: argparse.Namespace
) -> tuple[Any, dict[str, Any]]:
    """Returns the batches to train on, and by name those to try the model on, in order.

    Args:
        folder: Folder with `train` and `test`.
        datagen: The generator of the former.
        plain: That of the same pictures and of those for validation, without augmentation.
        whole: That of the test pictures, all of them.
        arguments: The parsed options.
    """
    common = {
        **READING,
        "classes": list(drawings.CLASSES),
        "class_mode": "binary",
        "batch_size": arguments.batch_size,
        "seed": arguments.seed,
        **({"on_error": "skip"} if arguments.generator == "batchwarp" else {}),
    }
    train, test = str(folder / "train"), str(folder / "test")
    training = datagen.flow_from_directory(
        train, subset="training", **common, **options.sharding(arguments)
    )
    common["shuffle"] = False
    return training, {
        "training": plain.flow_from_directory(train, subset="training", **common),
        "validation": plain.flow_from_directory(train, subset="validation", **common),
        "test": whole.flow_from_directory(test, **common),
    }


def draw_sets(folder: Path, limit: int | None, seed: int) -> Path:
    """Draws the pictures of both sets.

    Args:
        folder: Folder to write `train` and `test` into.
        limit: Draw at most this many for each; None draws all.
        seed: Seed of the drawings.

    Returns:
        The folder.
    """
    begin = time.perf_counter()
    for part, stream, count in (
        ("train", drawings.TRAIN_STREAM, TRAIN_IMAGES),
        ("test", drawings.TEST_STREAM, TEST_IMAGES),
    ):
        count = count if limit is None else min(count, limit)
        drawings.write_set(folder / part, count, seed=seed, stream=stream)
        say(f"{count:,} pictures drawn for {part}, in {folder / part}")
    say(f"({time.perf_counter() - begin:.1f} s)")
    return folder


SCRIPT = Script(
    name="ox",
    summary="tell O from X: a LeNet-like model on drawings that the program makes, or your own",
    add_arguments=add_arguments,
    run=run,
    description=(
        "Trains a small network (LeNet, 1998) to tell the letter O from the letter X. The "
        "program draws the pictures itself: pens, brushes, fonts, on paper that is "
        "photographed; or give your own with --data. The best network on pictures held back "
        "for validation is kept, the rate of learning is lowered when it stagnates, and "
        "training ends when nothing gets better. Leaves the model, learning curves, what is "
        "taken for what, every mistake with its file, and a report that holds it all; ends "
        "with the speed of the augmentation against Keras' own."
    ),
    example="batchwarp train ox --epochs 5",
)
