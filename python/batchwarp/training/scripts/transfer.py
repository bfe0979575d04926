"""Transfer learning: a network that knows a million photographs learns to tell yours apart."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.console.errors import UsageError
from batchwarp.console.frameworks import load_keras
from batchwarp.console.options import at_least
from batchwarp.console.output import is_terminal, say
from batchwarp.training.data.errors import DatasetError
from batchwarp.training.data.folders import (
    check_readable,
    class_names,
    limited_steps,
    part_of,
    some_pictures,
)
from batchwarp.training.networks import models
from batchwarp.training.networks.bases import (
    IMAGENET,
    NO_WEIGHTS,
    Base,
    load_base,
    trainable_layers,
    unfreeze,
)
from batchwarp.training.run.runner import Run, prepare
from batchwarp.training.run.timing import EpochClock, timed_batches
from batchwarp.training.scripts import cats_dogs, options, ox
from batchwarp.training.scripts.recipes import NONE, Recipe, chosen_recipe
from batchwarp.training.scripts.script import Script

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

    from batchwarp.training.data.part import Part

__all__ = ["SCRIPT"]

MODES = ("extract", "frozen", "fine-tune")
AUGMENTATIONS = {"cats-dogs": cats_dogs.AUGMENTATION, "ox": ox.AUGMENTATION}
HELD_OUT = ("validation", "test")
INTERPOLATION = "bilinear"
# Where fine-tuning begins if the base has such a layer: the last block of VGG16 and VGG19.
UNFREEZE_FROM = "block5_conv1"
HEAD_RATE = 1e-4
# The base must not forget what it knows.
FINE_RATE = 1e-5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the script's options to a parser."""
    options.add_common(
        parser,
        data="folder with train/CLASS and validation/CLASS (or test/CLASS), a folder of pictures "
        "for each of your classes, whose names are theirs (default: that of --dataset)",
        epochs=30,
        batch_size=20,
        least_images=20,
        out="batchwarp-transfer",
    )
    add = parser.add_argument
    add(
        "--mode",
        choices=MODES,
        default=MODES[0],
        help="extract: let the base look at each picture once, without augmentation, and train a "
        "classifier on what it has seen, by far the fastest; frozen: train the classifier on top "
        "of the base, with augmentation; fine-tune: the same for --head-epochs, then train the end "
        "of the base, too (default: %(default)s)",
    )
    add(
        "--base",
        default="VGG16",
        metavar="NAME",
        help="network of keras.applications to build on (default: %(default)s)",
    )
    add(
        "--weights",
        default=IMAGENET,
        metavar=f"{IMAGENET}|{NO_WEIGHTS}|FILE",
        help=f"what the base knows: {IMAGENET}, which Keras downloads once; an HDF5 file of "
        f"weights without top; {NO_WEIGHTS}: nothing, for comparison (default: %(default)s)",
    )
    add(
        "--size",
        type=at_least(32),
        default=150,
        metavar="N",
        help="height and width in pixels that pictures are scaled to (default: %(default)s)",
    )
    add(
        "--dataset",
        choices=tuple(AUGMENTATIONS),
        default="cats-dogs",
        help="which pictures, and how they are augmented: those of `train cats-dogs`, or letters O "
        "and X, which the program draws unless there is --data (default: %(default)s)",
    )
    _add_about_fine_tuning(parser)


def _add_about_fine_tuning(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `--mode fine-tune`."""
    add = parser.add_argument
    add(
        "--head-epochs",
        type=at_least(1),
        default=10,
        metavar="N",
        help="fine-tune: epochs before the base is trained, of those in --epochs "
        "(default: %(default)s)",
    )
    add(
        "--unfreeze-from",
        metavar="LAYER",
        help="fine-tune: first layer of the base to be trained "
        f"(default: {UNFREEZE_FROM}, which VGG16 and VGG19 have)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Trains and validates; writes the results to a folder.

    Args:
        arguments: The parsed options.

    Raises:
        UsageError: If data, weights or packages are missing, or the folder cannot be written to.
    """
    mode = arguments.mode
    recipe = _recipe(arguments)
    folder = _find_folder(arguments)
    drawn = folder is None
    prepare(arguments)
    base = load_base(arguments.base, arguments.size, arguments.weights)
    fine_tuning = _fine_tuning(base, arguments) if mode == "fine-tune" else {}
    if folder is None:
        folder = ox.draw_sets(arguments.out / "drawings", arguments.limit, arguments.seed)
    held_out = _held_out(folder)
    classes = class_names(folder, ("train", *held_out))

    generator = options.generator_class(arguments)
    datagen = generator(rescale=1 / 255, **recipe.arguments)
    training, held = _flows(
        folder, held_out, classes, datagen, generator(rescale=1 / 255), arguments
    )
    limit = None if drawn else arguments.limit
    parts = [part_of(name, flow, limit) for name, flow in zip(held_out, held, strict=True)]

    settings = {
        "mode": mode,
        "base": base.name,
        "weights": arguments.weights,
        "size": arguments.size,
        "interpolation": INTERPOLATION,
        **fine_tuning,
        "data": "drawn by the program" if drawn else str(folder),
        "images": {
            "training": training.samples,
            **{part.name: len(part.labels) for part in parts},
        },
        **recipe.settings,
    }
    title = f"Transfer learning with {base.name}"
    with Run("transfer", title, arguments, classes=classes, settings=settings) as this_run:
        if recipe.arguments:
            pictures = some_pictures(training, 20, arguments.seed, **_scaling(arguments))
            this_run.outcome.draw_batch(datagen, pictures)
            this_run.outcome.draw_variants(datagen, pictures[0])
        model = this_run.fitting.model(lambda: _build(base, len(classes)))
        say(f"{base.network.count_params():,} of them are those of {base.name}")
        if mode == "extract":
            trained = part_of("training", training, limit)
            _train_on_features(this_run, model, trained, parts[0], arguments)
        else:
            _train_on_pictures(
                this_run,
                model,
                base,
                training,
                arguments,
                unfreeze_from=fine_tuning.get("unfreeze_from"),
                steps=limited_steps(limit, arguments.batch_size),
                validation_data=parts[0].flow,
            )
        this_run.outcome.evaluate(parts)
        this_run.outcome.list_unread([training, *held])


def _recipe(arguments: argparse.Namespace) -> Recipe:
    """Returns what is done to the pictures: nothing where the base sees each of them once."""
    keras = AUGMENTATIONS[arguments.dataset]
    recipe = chosen_recipe(arguments, keras, (arguments.size, arguments.size, 3))
    if arguments.mode != "extract":
        return recipe
    if arguments.workers is not None:
        raise UsageError(
            "argument --workers: --mode extract looks at each picture once, and trains in seconds"
        )
    if recipe.operations:
        raise UsageError("argument --recipe: --mode extract looks at each picture once, as it is")
    return Recipe(NONE)


def _scaling(arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns how pictures are brought to one size."""
    return {"target_size": (arguments.size, arguments.size), "interpolation": INTERPOLATION}


def _flows(
    folder: Path,
    held_out: Sequence[str],
    classes: tuple[str, ...],
    datagen: Any,
    plain: Any,
    arguments: argparse.Namespace,
) -> tuple[Any, list[Any]]:
    """Returns the batches to train on, and those of each part that is held out.

    Args:
        folder: Folder of the parts.
        held_out: Names of the parts that are not trained on.
        classes: Names of the classes.
        datagen: The generator to train with.
        plain: The generator of the others, without augmentation.
        arguments: The parsed options.

    Raises:
        DatasetError: If a class has no picture, or Keras' generator is to read a damaged one.
    """
    common = {
        "classes": list(classes),
        "class_mode": "binary" if len(classes) == 2 else "sparse",
        "batch_size": arguments.batch_size,
        "seed": arguments.seed,
        **_scaling(arguments),
        **({"on_error": "skip"} if arguments.generator == "batchwarp" else {}),
    }
    training = datagen.flow_from_directory(
        str(folder / "train"),
        shuffle=arguments.mode != "extract",
        **common,
        **options.sharding(arguments),
    )
    held = [
        plain.flow_from_directory(str(folder / name), shuffle=False, **common) for name in held_out
    ]
    for flow in (training, *held):
        _check_classes(flow, classes)
        check_readable(flow)
    return training, held


def _build(base: Base, classes: int) -> Any:
    """Returns a compiled model of a base, which is not trained, and a classifier."""
    model = models.transfer(base, classes)
    _compile(model, load_keras().optimizers.Adam(HEAD_RATE))
    return model


def _train_on_pictures(
    this_run: Run,
    model: Any,
    base: Base,
    training: Any,
    arguments: argparse.Namespace,
    *,
    unfreeze_from: str | None,
    **batches: Any,
) -> None:
    """Trains the layers after the base; then the end of the base, too, if a layer is named."""
    fit = this_run.fitting.fit
    if unfreeze_from is not None:
        fit(model, training, epochs=arguments.head_epochs, **batches)
        if this_run.record.epochs == arguments.head_epochs:
            _begin_fine_tuning(model, base, unfreeze_from)
    fit(model, training, epochs=arguments.epochs, **batches)


def _train_on_features(
    this_run: Run, model: Any, training: Part, validation: Part, arguments: argparse.Namespace
) -> None:
    """Trains the layers after the base on what the base makes of the pictures, made once."""
    if this_run.record.epochs >= arguments.epochs:
        return
    keras = load_keras()
    features = model.get_layer("flatten").input
    extractor = keras.Model(model.input, features)
    head = keras.Model(features, model.output)
    _compile(head, model.optimizer)  # which is saved with the whole
    clock = EpochClock()
    begin = time.perf_counter()
    x, y = _features(extractor, training, clock)
    validated = _features(extractor, validation, clock)
    seconds = time.perf_counter() - begin
    say(f"Features of {len(y) + len(validated[1]):,} pictures: {seconds:.1f} s")
    this_run.record.add(
        seconds_for_features=round(seconds, 2),
        generator_images_per_second=round(clock.images / clock.making),
    )
    this_run.fitting.fit(
        head,
        x,
        y,
        epochs=arguments.epochs,
        batch_size=arguments.batch_size,
        validation_data=validated,
        whole=model,
    )


def _features(
    extractor: Any, part: Part, clock: EpochClock
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Returns the features of the pictures that can be read, and their classes."""
    features = extractor.predict(
        timed_batches(part.flow, clock), verbose=int(is_terminal(sys.stdout))
    )
    missing = {error.path for error in getattr(part.flow, "errors", ())}
    there = np.array([source not in missing for source in part.sources])
    return features[there], part.labels[there]


def _begin_fine_tuning(model: Any, base: Base, first: str) -> None:
    """Lets the end of the base be trained, too."""
    unfreeze(model.get_layer(base.network.name), first)
    _compile(model, load_keras().optimizers.Adam(FINE_RATE))
    say(f"{base.name} is trained, too, from {first} on")


def _compile(model: Any, optimizer: Any) -> None:
    binary = model.output_shape[-1] == 1
    model.compile(
        optimizer=optimizer,
        loss="binary_crossentropy" if binary else "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _fine_tuning(base: Base, arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns the settings of fine-tuning, checked."""
    if arguments.head_epochs >= arguments.epochs:
        raise UsageError(
            f"argument --head-epochs: must be less than --epochs, {arguments.epochs}, "
            f"received: {arguments.head_epochs}"
        )
    first = arguments.unfreeze_from or UNFREEZE_FROM
    names = [layer.name for layer in trainable_layers(base.network)]
    if first not in names:
        raise UsageError(
            f"argument --unfreeze-from: must be a layer of {base.name} that can be trained, the "
            f"last of which are {', '.join(names[-12:])}; received: {first!r}"
        )
    return {"head_epochs": arguments.head_epochs, "unfreeze_from": first}


def _find_folder(arguments: argparse.Namespace) -> Path | None:
    """Returns the folder of the pictures; None if they are to be drawn."""
    folder: Path | None = arguments.data
    if folder is None:
        return None if arguments.dataset == "ox" else cats_dogs.find_folder(None)
    class_names(folder, ("train", *_held_out(folder)))
    return folder


def _held_out(folder: Path) -> list[str]:
    """Returns the parts that are not trained on; the first is the one for validation."""
    parts = [name for name in HELD_OUT if (folder / name).is_dir()]
    if not parts:
        raise DatasetError(
            folder,
            "there must be train/CLASS and validation/CLASS (or test/CLASS) in it, a folder of "
            "pictures for each class",
        )
    return parts


def _check_classes(flow: Any, classes: tuple[str, ...]) -> None:
    """Checks that a flow has pictures of every class."""
    counts = np.bincount(flow.classes, minlength=len(classes))
    if not counts.all():
        name = classes[int(counts.argmin())]
        raise DatasetError(Path(flow.directory) / name, "there is no picture in the folder")


SCRIPT = Script(
    name="transfer",
    summary="build on a network that knows ImageNet: cats and dogs, O and X, or your own pictures",
    add_arguments=add_arguments,
    run=run,
    description=(
        "Builds on a network that has learnt from a million photographs (ImageNet) what edges, "
        "fur and eyes look like, and trains only what is new: a classifier on top of it, with "
        "--mode fine-tune the end of the network, too. A few hundred pictures suffice. Leaves "
        "the model, learning curves, what is taken for what, every mistake with its file, and a "
        "report that holds it all."
    ),
    example="batchwarp train transfer --data photographs --mode extract",
)
