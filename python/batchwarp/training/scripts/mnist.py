"""Handwritten digits: a small convolutional model on MNIST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batchwarp.training.data.datasets import DATA_VARIABLE, load_mnist
from batchwarp.training.networks import models
from batchwarp.training.run.runner import Run, prepare
from batchwarp.training.scripts import options
from batchwarp.training.scripts.recipes import chosen_recipe
from batchwarp.training.scripts.script import Script

if TYPE_CHECKING:
    import argparse

__all__ = ["SCRIPT"]

# No flips: a mirrored 2 is no digit. Few epochs do not pay for more.
AUGMENTATION: dict[str, Any] = {
    "rotation_range": 5,
    "zoom_range": 0.05,
    "width_shift_range": 0.05,
    "height_shift_range": 0.05,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the script's options to a parser."""
    options.add_common(
        parser,
        data="folder with mnist.npz or MNIST's four IDX files, .gz or plain (default: mnist in "
        f"the folder that ${DATA_VARIABLE} names, then a download by Keras)",
        epochs=5,
        batch_size=64,
        least_images=32,
        out="batchwarp-mnist",
    )


def run(arguments: argparse.Namespace) -> None:
    """Trains and tests; writes the results to a folder.

    Args:
        arguments: The parsed options.

    Raises:
        UsageError: If data or packages are missing, or the folder cannot be written to.
    """
    recipe = chosen_recipe(arguments, AUGMENTATION, (28, 28, 1))
    data = load_mnist(arguments.data).limited(arguments.limit)
    prepare(arguments)
    generator = options.generator_class(arguments)
    datagen = generator(rescale=1 / 255, **recipe.arguments)
    training = datagen.flow(
        data.x_train,
        data.y_train,
        batch_size=arguments.batch_size,
        seed=arguments.seed,
        **options.sharding(arguments),
    )
    test = generator(rescale=1 / 255).flow(data.x_test, data.y_test, batch_size=256, shuffle=False)

    def build() -> Any:
        model = models.mnist()
        model.compile(
            optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        return model

    settings = {
        "data": data.source,
        "images": {"training": len(data.x_train), "test": len(data.x_test)},
        **recipe.settings,
    }
    with Run("mnist", "MNIST", arguments, classes=data.classes, settings=settings) as this_run:
        this_run.outcome.draw_batch(datagen, data.x_train[:32], data.y_train[:32])
        model = this_run.fitting.model(build)
        this_run.fitting.fit(model, training, epochs=arguments.epochs, validation_data=test)
        this_run.outcome.evaluate([data.test_part(test)])
        if not recipe.operations:
            this_run.outcome.compare_generators(
                {"rescale": 1 / 255, **recipe.arguments}, data.x_train, data.y_train
            )


SCRIPT = Script(
    name="mnist",
    summary="read handwritten digits",
    add_arguments=add_arguments,
    run=run,
    description=(
        "Trains a small network to read handwritten digits, the first exercise of every "
        "textbook: 60,000 pictures to learn from, 10,000 to be tried on, about 99 of 100 "
        "right after five epochs. The digits are turned and moved a little at random in each "
        "epoch. Leaves the model, learning curves, a table of what is taken for what, every "
        "mistake, and a report that holds it all."
    ),
    example="batchwarp train mnist --limit 6000",
)
