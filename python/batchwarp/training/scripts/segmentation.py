"""Segmentation: a small U-Net that finds shapes in pictures, trained with augmented masks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from batchwarp.console.errors import UsageError
from batchwarp.console.output import say
from batchwarp.training.data import scenes
from batchwarp.training.data.part import MaskedPart
from batchwarp.training.networks import models
from batchwarp.training.run.runner import Run, prepare
from batchwarp.training.scripts import options
from batchwarp.training.scripts.recipes import chosen_recipe
from batchwarp.training.scripts.script import Script

if TYPE_CHECKING:
    import argparse

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SCRIPT"]

_IMAGES = {"training": 600, "validation": 100, "test": 200}
_STREAMS = (scenes.TRAIN_STREAM, scenes.VALIDATION_STREAM, scenes.TEST_STREAM)
_SHAPE = (scenes.SIDE, scenes.SIDE, 3)

# Masks turn, move and are mirrored with their pictures; brightness and colours are the pictures'
# alone.
AUGMENTATION: dict[str, Any] = {
    "rotation_range": 30,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "zoom_range": 0.15,
    "horizontal_flip": True,
    "vertical_flip": True,
    "channel_shift_range": 20,
    "brightness_range": (0.8, 1.2),
    "fill_mode": "reflect",
}
# Of what is watched, the loss: the mean IoU jumps when a rare class is found at last.
WATCHED = {"monitor": "val_loss", "mode": "min"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the script's options to a parser."""
    options.add_common(
        parser, data=None, epochs=12, batch_size=16, least_images=8, out="batchwarp-segmentation"
    )


def run(arguments: argparse.Namespace) -> None:
    """Trains, tests and measures; writes the results to a folder.

    Args:
        arguments: The parsed options.

    Raises:
        UsageError: If packages are missing, or the folder cannot be written to.
    """
    if arguments.generator == "keras":
        raise UsageError(
            "argument --generator: Keras' generator moves no masks. A second one with the same "
            "seed would, but not beside brightness, which the masks must not have"
        )
    recipe = chosen_recipe(arguments, AUGMENTATION, _SHAPE, masks=True)
    keras = prepare(arguments)
    sets = _draw_sets(arguments.limit, arguments.seed)
    generator = options.generator_class(arguments.generator)
    datagen = generator(rescale=1 / 255, **recipe.arguments)
    x, masks = sets["training"]
    training = datagen.flow(x, masks=masks, batch_size=arguments.batch_size, seed=arguments.seed)
    parts = {name: _part(name, generator(rescale=1 / 255), *sets[name]) for name in sets}

    def build() -> Any:
        classes = len(scenes.CLASSES)
        model = models.segmentation(*_SHAPE[:2], classes)
        iou = keras.metrics.MeanIoU(classes, sparse_y_pred=False, name="mean_iou")
        model.compile(
            optimizer=keras.optimizers.Adam(3e-3),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy", iou],
        )
        return model

    settings = {
        "data": "drawn by the program",
        "images": {name: len(images) for name, (images, _) in sets.items()},
        **recipe.settings,
    }
    with Run(
        "segmentation", "Shapes", arguments, classes=scenes.CLASSES, settings=settings
    ) as this_run:
        this_run.outcome.draw_masks(datagen, x[:16], masks[:16])
        model = this_run.fitting.model(build)
        this_run.fitting.fit(
            model,
            training,
            epochs=arguments.epochs,
            validation_data=parts["validation"].flow,
            callbacks=[keras.callbacks.ReduceLROnPlateau(patience=2, factor=0.5, **WATCHED)],
            best=WATCHED,
        )
        this_run.outcome.evaluate_masks([parts["validation"], parts["test"]])


def _draw_sets(
    limit: int | None, seed: int
) -> dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Draws pictures and masks of each part, at most `limit` of each."""
    begin = time.perf_counter()
    sets = {}
    for (name, count), stream in zip(_IMAGES.items(), _STREAMS, strict=True):
        count = count if limit is None else min(count, limit)
        sets[name] = scenes.draw_set(count, seed=seed, stream=stream)
    counted = ", ".join(f"{len(x):,} for {name}" for name, (x, _) in sets.items())
    say(f"Pictures drawn: {counted} ({time.perf_counter() - begin:.1f} s)")
    return sets


def _part(name: str, plain: Any, x: NDArray[np.uint8], masks: NDArray[np.uint8]) -> MaskedPart:
    """Returns pictures and masks to try the model on."""
    flow = plain.flow(x, masks=masks, batch_size=50, shuffle=False)
    return MaskedPart(name, flow, [f"{name} picture {number}" for number in range(1, len(x) + 1)])


SCRIPT = Script(
    name="segmentation",
    summary="find shapes in pictures, pixel by pixel: a small U-Net, on masks of its own",
    add_arguments=add_arguments,
    run=run,
    description=(
        "Trains a small U-Net (2015) to say of each pixel of a picture what it belongs to: a disc, "
        "a square, a triangle, a ring or the background. The program draws the pictures and "
        "their masks itself. In every epoch they are turned, moved, zoomed and mirrored at random, "
        "masks exactly as their pictures; brightness and colours change in the pictures alone. The "
        "best network on pictures held back for validation is kept. Leaves the model, learning "
        "curves, the intersection over union (IoU) of each class, the worst pictures beside "
        "what was found in them, and a report that holds it all."
    ),
    example="batchwarp train segmentation --epochs 3",
)
