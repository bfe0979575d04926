"""Sign language letters: a convolutional model on hands, with augmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batchwarp.console.output import say
from batchwarp.training.data.datasets import DATA_VARIABLE
from batchwarp.training.data.sign_mnist import load_sign_mnist
from batchwarp.training.networks import models
from batchwarp.training.run.runner import Run, prepare
from batchwarp.training.scripts import options
from batchwarp.training.scripts.recipes import chosen_recipe
from batchwarp.training.scripts.script import Script

if TYPE_CHECKING:
    import argparse

__all__ = ["SCRIPT"]

# A hand may be a left or a right one, but fingers do not point down.
AUGMENTATION: dict[str, Any] = {
    "rotation_range": 10,
    "zoom_range": 0.1,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "horizontal_flip": True,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the script's options to a parser."""
    options.add_common(
        parser,
        data="folder with sign_mnist_train.csv and sign_mnist_test.csv, or the same as .npz "
        f"(default: sign_mnist in the folder that ${DATA_VARIABLE} names)",
        epochs=20,
        batch_size=32,
        least_images=32,
        out="batchwarp-asl",
    )


def run(arguments: argparse.Namespace) -> None:
    """Trains and tests; writes the results to a folder.

    Args:
        arguments: The parsed options.

    Raises:
        UsageError: If data or packages are missing, or the folder cannot be written to.
    """
    recipe = chosen_recipe(arguments, AUGMENTATION, (28, 28, 1))
    data = load_sign_mnist(arguments.data).limited(arguments.limit)
    keras = prepare(arguments)
    generator = options.generator_class(arguments)
    datagen = generator(rescale=1 / 255, **recipe.arguments)
    # Nothing is to be learnt from the data here; featurewise options would need it.
    datagen.fit(data.x_train)
    y_train, y_test = (
        keras.utils.to_categorical(y, len(data.classes)) for y in (data.y_train, data.y_test)
    )
    training = datagen.flow(
        data.x_train,
        y_train,
        batch_size=arguments.batch_size,
        seed=arguments.seed,
        **options.sharding(arguments),
    )
    test = generator(rescale=1 / 255).flow(data.x_test, y_test, batch_size=256, shuffle=False)

    def build() -> Any:
        model = models.asl()
        model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
        return model

    settings = {
        "data": data.source,
        "images": {"training": len(data.x_train), "test": len(data.x_test)},
        **recipe.settings,
    }
    with Run("asl", "ASL letters", arguments, classes=data.classes, settings=settings) as this_run:
        this_run.outcome.draw_batch(datagen, data.x_train[:32], data.y_train[:32])
        model = this_run.fitting.model(build)
        # At a constant rate the accuracy on new pictures jumps up and down to the end.
        slower = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=2)
        this_run.fitting.fit(
            model, training, epochs=arguments.epochs, validation_data=test, callbacks=[slower]
        )
        saved = this_run.outcome.evaluate([data.test_part(test)])
        # What somebody else would do with the saved model: load it and ask it about one picture.
        chances = saved.predict(data.x_test[:1] / 255.0, verbose=0)[0]
        say(
            f"The saved model takes test picture 1, a letter {data.classes[data.y_test[0]]}, for "
            f"{data.classes[chances.argmax()]} (probability {chances.max():.3f})."
        )
        if not recipe.operations:
            this_run.outcome.compare_generators(
                {"rescale": 1 / 255, **recipe.arguments}, data.x_train, data.y_train
            )


SCRIPT = Script(
    name="asl",
    summary="read the letters of American Sign Language from pictures of hands",
    add_arguments=add_arguments,
    run=run,
    description=(
        "Trains a network to read the letters of American Sign Language from pictures of "
        "hands. In every epoch it sees all pictures once, each turned, moved, zoomed and "
        "mirrored a little at random, so that it cannot learn them by heart; then it is tried "
        "on pictures of other hands. Leaves the model, learning curves, a table of what is "
        "taken for what, every mistake, and a report that holds it all."
    ),
    example="batchwarp train asl --data sign_mnist --epochs 3",
)
