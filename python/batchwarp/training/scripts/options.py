"""The options that the training scripts share, and the generators that they choose from."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from batchwarp import ImageDataGenerator
from batchwarp.console.frameworks import keras_generator_class
from batchwarp.console.options import at_least, seed
from batchwarp.training.scripts.recipes import add_recipe

__all__ = ["add_common", "generator_class", "sharding"]

_GENERATORS = ("batchwarp", "keras")


def add_common(
    parser: argparse.ArgumentParser,
    *,
    data: str | None,
    epochs: int,
    batch_size: int,
    least_images: int,
    out: str,
) -> None:
    """Adds the options that every training script has.

    Args:
        parser: The script's parser.
        data: Help text of `--data`; None if the script has no other data than its own.
        epochs: Default of `--epochs`.
        batch_size: Default of `--batch-size`.
        least_images: Least value of `--limit`.
        out: Default of `--out`.
    """
    positive = at_least(1)
    add = parser.add_argument
    if data is not None:
        add("--data", type=Path, metavar="DIR", help=data)
    add(
        "--epochs",
        type=positive,
        default=epochs,
        metavar="N",
        help="passes over the training pictures (default: %(default)s)",
    )
    add(
        "--batch-size",
        type=positive,
        default=batch_size,
        metavar="N",
        help="pictures per training step (default: %(default)s)",
    )
    add(
        "--limit",
        type=at_least(least_images),
        metavar="N",
        help="use at most N training and N test pictures, for a quick try",
    )
    add(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="seed of all random decisions: the same seed gives the same pictures and the same "
        "initial weights (default: %(default)s)",
    )
    _add_about_batches(parser)
    _add_about_results(parser, out)


def _add_about_batches(parser: argparse.ArgumentParser) -> None:
    """Adds the options of how batches are made."""
    add_recipe(parser)
    add = parser.add_argument
    add(
        "--generator",
        choices=_GENERATORS,
        default=_GENERATORS[0],
        help="whose ImageDataGenerator makes the batches; they are the same batches, so compare "
        "the time per epoch (default: %(default)s)",
    )
    add(
        "--threads",
        type=at_least(1),
        metavar="N",
        help="threads of batchwarp's generator (default: all that this process may use)",
    )
    add(
        "--workers",
        type=at_least(1),
        metavar="N",
        help="train in N processes, on all machines of the Ray cluster that RAY_ADDRESS names, or "
        "on this one: each makes its part of every batch, --batch-size pictures of it, and Keras "
        "trains on JAX; --data and --out have to be seen by all; needs pip install "
        "'batchwarp[ray]'",
    )


def _add_about_results(parser: argparse.ArgumentParser, out: str) -> None:
    """Adds the options of what a run keeps, and where."""
    add = parser.add_argument
    add(
        "--out",
        type=Path,
        default=Path(out),
        metavar="DIR",
        help="folder of the results, made if need be; results of an earlier run in it are "
        "replaced (default: %(default)s)",
    )
    add(
        "--resume",
        action="store_true",
        help="go on with the run in --out, which was interrupted or is to get more epochs; "
        "--epochs counts those that it has already",
    )
    add(
        "--h5",
        action="store_true",
        help="save the model in Keras' old format, too, as model.h5",
    )


def generator_class(arguments: argparse.Namespace) -> Any:
    """Returns the `ImageDataGenerator` of batchwarp or of Keras, to be called with its arguments.

    Args:
        arguments: The parsed options. With `workers`, numbers are drawn by key, so that the parts
            of the batches are those of one process.

    Raises:
        MissingPackageError: If Keras' is asked for, and Keras, its backend, or SciPy, which it
            warps with, cannot be imported.
    """
    if arguments.generator == "keras":
        return keras_generator_class()
    if arguments.workers is not None:
        return partial(ImageDataGenerator, draws="keyed")
    return ImageDataGenerator


def sharding(arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns the arguments of a flow to train on that only workers have.

    Args:
        arguments: The parsed options.
    """
    return {} if arguments.workers is None else {"shard": "auto"}
