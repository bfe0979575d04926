"""Fashion-MNIST: four convolutional models, the last one with augmented pictures in addition."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.console.errors import UsageError
from batchwarp.console.output import say
from batchwarp.training.data.datasets import DATA_VARIABLE, Dataset, load_fashion_mnist
from batchwarp.training.networks import models
from batchwarp.training.run.runner import Run, prepare
from batchwarp.training.scripts import options
from batchwarp.training.scripts.recipes import NONE, Recipe, chosen_recipe
from batchwarp.training.scripts.script import Script

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

__all__ = ["SCRIPT"]

VALIDATION_SPLIT = 0.25

AUGMENTATION: dict[str, Any] = {
    "rotation_range": 10,
    "zoom_range": 0.1,
    "shear_range": 0.5,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "horizontal_flip": True,
}

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
        default="b",
        help="; ".join(f"{name}: {what}" for name, what in _VARIANTS.items())
        + " (default: %(default)s)",
    )
    options.add_common(
        parser,
        data="folder with Fashion-MNIST's four IDX files, .gz or plain (default: "
        f"fashion-mnist in the folder that ${DATA_VARIABLE} names, then Debian's package "
        "dataset-fashion-mnist, then a download by Keras)",
        epochs=25,
        batch_size=32,
        least_images=32,
        out="batchwarp-fashion-mnist",
    )


def run(arguments: argparse.Namespace) -> None:
    """Trains and tests; writes the results to a folder.

    Args:
        arguments: The parsed options.

    Raises:
        UsageError: If data or packages are missing, or the folder cannot be written to.
    """
    augmented = arguments.model == "d"
    recipe = chosen_recipe(arguments, AUGMENTATION, (28, 28, 1))
    if augmented and not recipe.arguments:
        raise UsageError("argument --no-augment: model d without augmentation is --model c")
    if recipe.operations and not augmented:
        raise UsageError("argument --recipe: only --model d has augmented pictures")
    data = load_fashion_mnist(arguments.data).limited(arguments.limit)
    prepare(arguments)
    generator = options.generator_class(arguments)
    datagen = generator(rescale=1 / 255, **recipe.arguments)
    test = generator(rescale=1 / 255).flow(data.x_test, data.y_test, batch_size=256, shuffle=False)

    def build() -> Any:
        model = models.fashion_mnist(arguments.model)
        model.compile(
            optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        return model

    settings = {
        "model": arguments.model,
        "data": data.source,
        "images": {"training": len(data.x_train), "test": len(data.x_test)},
        "validation_split": VALIDATION_SPLIT,
        **(recipe if augmented else Recipe(NONE)).settings,
    }
    title = f"Fashion-MNIST, model {arguments.model}"
    with Run(
        "fashion-mnist", title, arguments, classes=data.classes, settings=settings
    ) as this_run:
        x, y = data.x_train / np.float32(255), data.y_train
        if augmented:
            this_run.outcome.draw_batch(datagen, data.x_train[:32], data.y_train[:32])
            more_x, more_y = _augmented(datagen, data, arguments.seed)
            x, y = np.concatenate([x, more_x]), np.concatenate([y, more_y])
        model = this_run.fitting.model(build)
        this_run.fitting.fit(
            model,
            x,
            y,
            epochs=arguments.epochs,
            batch_size=arguments.batch_size,
            # The last quarter: of model d, augmented pictures whose originals are trained on.
            validation_split=VALIDATION_SPLIT,
        )
        this_run.outcome.evaluate([data.test_part(test)])


def _augmented(
    datagen: Any, data: Dataset, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Returns half as many augmented pictures as there are, of originals chosen at random."""
    count = len(data.x_train) // 2
    chosen = np.random.RandomState(seed).randint(len(data.x_train), size=count)
    begin = time.perf_counter()
    flow = datagen.flow(
        data.x_train[chosen], data.y_train[chosen], batch_size=count, shuffle=False, seed=seed
    )
    x, y = next(flow)
    say(f"{count:,} augmented pictures in {time.perf_counter() - begin:.2f} s")
    return x, y


SCRIPT = Script(
    name="fashion-mnist",
    summary="tell clothes apart with one of four convolutional models",
    add_arguments=add_arguments,
    run=run,
    description=(
        "Trains one of four networks to tell ten kinds of clothes apart. Compare them: a has "
        "convolutions only, and learns its pictures by heart; b has pooling and dropout "
        "against that; c is deeper, in the style of VGG; d is c with 30,000 pictures in "
        "addition that augmentation has made of others; the others use no generator in training. "
        "Leaves the model, learning curves, a "
        "table of what is taken for what, every mistake, and a report that holds it all."
    ),
    example="batchwarp train fashion-mnist --model b --epochs 3",
)
