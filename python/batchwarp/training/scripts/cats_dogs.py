"""Cats or dogs: a small convolutional model on photographs, read from folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batchwarp.console.errors import UsageError
from batchwarp.training.data.datasets import DATA_VARIABLE, find
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

__all__ = ["AUGMENTATION", "CLASSES", "SCRIPT", "find_folder"]

CLASSES = ("cats", "dogs")
SIZE = (150, 150)

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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the script's options to a parser."""
    options.add_common(
        parser,
        data="folder with train/cats, train/dogs, validation/cats and validation/dogs (default: "
        f"cats_dogs in the folder that ${DATA_VARIABLE} names)",
        epochs=50,
        batch_size=20,
        least_images=20,
        out="batchwarp-cats-dogs",
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
    recipe = chosen_recipe(arguments, AUGMENTATION, (*SIZE, 3), mixed_classes=len(CLASSES))
    folder = find_folder(arguments.data)
    keras = prepare(arguments)
    generator = options.generator_class(arguments)
    datagen = generator(rescale=1 / 255, **recipe.arguments)
    common = {
        "target_size": SIZE,
        "classes": list(CLASSES),
        "class_mode": "binary",
        "batch_size": arguments.batch_size,
        "seed": arguments.seed,
        **_extras(arguments),
    }
    training = datagen.flow_from_directory(
        str(folder / "train"), **common, **options.sharding(arguments)
    )
    validation = generator(rescale=1 / 255).flow_from_directory(
        str(folder / "validation"), shuffle=False, **common
    )
    for flow in (training, validation):
        if not flow.samples:
            raise DatasetError(flow.directory, "there is no picture in the folders of its classes")
        check_readable(flow)
    validated = part_of("validation", validation, arguments.limit)

    def build() -> Any:
        model = models.cats_dogs(*SIZE)
        model.compile(
            optimizer=keras.optimizers.Adam(1e-4), loss="binary_crossentropy", metrics=["accuracy"]
        )
        return model

    settings = {
        "data": str(folder),
        "images": {"training": training.samples, "validation": validation.samples},
        **recipe.settings,
        "cache": arguments.cache,
    }
    with Run(
        "cats-dogs", "Cats and dogs", arguments, classes=CLASSES, settings=settings
    ) as this_run:
        photographs = some_pictures(training, 20, arguments.seed, target_size=SIZE)
        this_run.outcome.draw_batch(datagen, photographs)
        this_run.outcome.draw_variants(datagen, photographs[0])
        model = this_run.fitting.model(build)
        this_run.fitting.fit(
            model,
            training,
            epochs=arguments.epochs,
            steps=limited_steps(arguments.limit, arguments.batch_size),
            validation_data=validated.flow,
            # The model says how much of a picture is a dog.
            labels=(lambda weights: weights[:, 1]) if recipe.mixes else None,
        )
        this_run.outcome.evaluate([validated])
        this_run.outcome.list_unread([training, validation])


def find_folder(given: Path | None) -> Path:
    """Returns the folder of the photographs, with all that must be in it.

    Args:
        given: What the user has named; None looks for `$BATCHWARP_DATA/cats_dogs`.

    Raises:
        DatasetError: If there is none, or a folder in it is missing.
    """
    folder = find(given, "cats_dogs")
    if folder is None:
        raise DatasetError(
            "cats and dogs",
            "not found. Ways to give it: (1) --data FOLDER with train/cats, train/dogs, "
            "validation/cats and validation/dogs, for example the first pictures of Kaggle's "
            f"competition dogs-vs-cats; (2) a folder cats_dogs in the folder that ${DATA_VARIABLE} "
            "names",
        )
    check_folders(folder, ("train", "validation"), CLASSES)
    return folder


def _extras(arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns the arguments of `flow_from_directory` that only batchwarp has."""
    if arguments.generator == "batchwarp":
        return {"cache": arguments.cache, "on_error": "skip"}
    if arguments.cache is not None:
        raise UsageError("argument --cache: Keras' generator cannot keep decoded photographs")
    return {}


SCRIPT = Script(
    name="cats-dogs",
    summary="tell cats from dogs: a small convolutional model on photographs in folders",
    add_arguments=add_arguments,
    run=run,
    description=(
        "Trains a small network to tell cats from dogs on photographs in folders: 2,000 to "
        "learn from, 1,000 to be tried on. That is few: without augmentation (--no-augment) "
        "the network soon knows its photographs by heart, which the learning curves show. "
        "Leaves the model, the curves, what is taken for what, every mistake with its file, "
        "and a report that holds it all."
    ),
    example="batchwarp train cats-dogs --data photographs --epochs 10 --cache memory",
)
