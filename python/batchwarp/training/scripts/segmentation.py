"""Segmentation: a small U-Net that finds shapes in pictures, trained with augmented masks."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from batchwarp.console.errors import UsageError
from batchwarp.console.options import at_least
from batchwarp.console.output import say
from batchwarp.training.data import masked, scenes
from batchwarp.training.data.masked import MaskedPictures
from batchwarp.training.data.part import MaskedPart
from batchwarp.training.networks import models
from batchwarp.training.run.runner import Run, prepare
from batchwarp.training.scripts import options
from batchwarp.training.scripts.recipes import chosen_recipe
from batchwarp.training.scripts.script import Script

__all__ = ["SCRIPT"]

_STEP = 8  # what sides are multiples of, for the network halves them three times

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
        parser,
        data="folder of pictures of your own, with --masks (default: the program draws its own)",
        epochs=12,
        batch_size=8,
        least_images=8,
        out="batchwarp-segmentation",
    )
    add = parser.add_argument
    add(
        "--masks",
        type=Path,
        metavar="DIR",
        help="folder with a mask for each picture of --data, of the same name up to the extension: "
        "PNG with one channel or a palette, whose values are the classes",
    )
    add(
        "--classes",
        type=lambda text: [name.strip() for name in text.split(",")],
        metavar="NAME,NAME",
        help="names of the values in the masks of --masks, in ascending order (default: the "
        "values); the first one is the background",
    )
    add(
        "--size",
        type=_side,
        metavar="N",
        help="height and width that the pictures of --data are brought to, a multiple of "
        f"{_STEP} (default: 128)",
    )


def _side(text: str) -> int:
    """Parses a length of sides that the network can halve."""
    side = at_least(4 * _STEP)(text)
    if side % _STEP:
        raise argparse.ArgumentTypeError(f"must be a multiple of {_STEP}, received: {text}")
    return side


def run(arguments: argparse.Namespace) -> None:
    """Trains and tests; writes the results to a folder.

    Args:
        arguments: The parsed options.

    Raises:
        UsageError: If data or packages are missing, options do not go together, or the folder
            cannot be written to.
    """
    _check(arguments)
    own = arguments.data is not None
    side = (arguments.size or 128) if own else scenes.SIDE
    recipe = chosen_recipe(arguments, AUGMENTATION, (side, side, 3), masks=True)
    sets, classes = _pictures(arguments, side)
    keras = prepare(arguments)
    generator = options.generator_class(arguments)
    datagen = generator(rescale=1 / 255, **recipe.arguments)
    first = sets["training"]
    training = datagen.flow(
        first.x,
        masks=first.masks,
        batch_size=arguments.batch_size,
        seed=arguments.seed,
        **options.sharding(arguments),
    )
    plain = generator(rescale=1 / 255)
    parts = [_part(name, plain, sets[name]) for name in sets if name != "training"]

    def build() -> Any:
        model = models.segmentation(side, side, len(classes))
        iou = keras.metrics.MeanIoU(len(classes), sparse_y_pred=False, name="mean_iou")
        model.compile(
            optimizer=keras.optimizers.Adam(3e-3),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy", iou],
        )
        return model

    settings = {
        "data": str(arguments.data) if own else "drawn by the program",
        "masks": str(arguments.masks) if own else None,
        "images": {name: len(pictures.x) for name, pictures in sets.items()},
        "interpolation": masked.INTERPOLATION,
        "size": side,
        **recipe.settings,
    }
    with Run(
        "segmentation", "Segmentation", arguments, classes=classes, settings=settings
    ) as this_run:
        this_run.outcome.draw_masks(datagen, first.x[:16], first.masks[:16])
        model = this_run.fitting.model(build)
        this_run.fitting.fit(
            model,
            training,
            epochs=arguments.epochs,
            validation_data=parts[0].flow,
            callbacks=[keras.callbacks.ReduceLROnPlateau(patience=2, factor=0.5, **WATCHED)],
            best=WATCHED,
        )
        this_run.outcome.evaluate_masks(parts)


def _check(arguments: argparse.Namespace) -> None:
    """Checks that options go together."""
    if arguments.generator == "keras":
        raise UsageError(
            "argument --generator: Keras' generator moves no masks. A second one with the same "
            "seed would, but not beside brightness, which the masks must not have"
        )
    if (arguments.data is None) != (arguments.masks is None):
        raise UsageError("arguments --data and --masks: one of them says nothing without the other")
    for name in ("classes", "size"):
        if arguments.data is None and getattr(arguments, name) is not None:
            raise UsageError(f"argument --{name}: it is for pictures of your own, with --data")


def _pictures(
    arguments: argparse.Namespace, side: int
) -> tuple[dict[str, MaskedPictures], Sequence[str]]:
    """Draws pictures and masks of each part, or reads them; returns the names of classes, too."""
    begin = time.perf_counter()
    limit, seed = arguments.limit, arguments.seed
    if arguments.data is None:
        sets, classes = masked.drawn(limit, seed), list(scenes.CLASSES)
    else:
        sets, values = masked.read_folders(arguments.data, arguments.masks, side, limit, seed)
        classes = arguments.classes or [str(value) for value in values]
        if len(classes) != len(values):
            raise UsageError(
                f"argument --classes: {len(classes)} names, but the masks have {len(values)} "
                f"values: {', '.join(map(str, values))}"
            )
    counted = ", ".join(f"{len(pictures.x):,} for {name}" for name, pictures in sets.items())
    say(f"Pictures: {counted} ({time.perf_counter() - begin:.1f} s)")
    return sets, classes


def _part(name: str, plain: Any, pictures: MaskedPictures) -> MaskedPart:
    """Returns pictures and masks to try the model on."""
    flow = plain.flow(pictures.x, masks=pictures.masks, batch_size=50, shuffle=False)
    return MaskedPart(name, flow, pictures.sources)


SCRIPT = Script(
    name="segmentation",
    summary="find shapes in pictures, pixel by pixel: a small U-Net, on masks of its own",
    add_arguments=add_arguments,
    run=run,
    description=(
        "Trains a small U-Net (2015) to say of each pixel of a picture what it belongs to: a disc, "
        "a square, a triangle, a ring or the background. The program draws the pictures and "
        "their masks itself; or give your own with --data and --masks. In every epoch they are "
        "turned, moved, zoomed and mirrored at random, masks exactly as their pictures; brightness "
        "and colours change in the pictures alone. The best network on pictures held back for "
        "validation is kept. Leaves the model, learning curves, the intersection over union (IoU) "
        "of each class, the worst pictures beside what was found in them, and a report that holds "
        "it all."
    ),
    example="batchwarp train segmentation --epochs 3",
)
