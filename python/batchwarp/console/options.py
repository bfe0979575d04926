"""The options that the training scripts share, and the types of their values."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from batchwarp._arguments import LARGEST_SEED_OF_A_FLOW
from batchwarp.console.frameworks import GENERATORS

__all__ = ["add_common", "at_least", "number", "seed", "whole_number"]


def whole_number(text: str) -> int:
    """Parses an integer."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def number(text: str) -> int | float:
    """Parses a number, also a fraction such as `1/255`; what looks like an integer stays one."""
    numerator, slash, denominator = text.partition("/")
    try:
        if slash:
            return float(numerator) / float(denominator)
        return float(text) if re.search(r"[^\d+-]", text) else int(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def at_least(minimum: int) -> Callable[[str], int]:
    """Returns an argparse type for whole numbers from `minimum` on."""

    def parse(text: str) -> int:
        number = whole_number(text)
        if number < minimum:
            raise argparse.ArgumentTypeError(f"must be at least {minimum}, received: {number}")
        return number

    return parse


def seed(text: str) -> int:
    """Parses a seed: what NumPy's and Keras' generators accept."""
    number = at_least(0)(text)
    if number > LARGEST_SEED_OF_A_FLOW:
        raise argparse.ArgumentTypeError(
            f"must be at most {LARGEST_SEED_OF_A_FLOW}, received: {number}"
        )
    return number


def add_common(
    parser: argparse.ArgumentParser,
    *,
    data: str,
    epochs: int,
    batch_size: int,
    least_images: int,
    out: str,
) -> None:
    """Adds the options that every training script has.

    Args:
        parser: The script's parser.
        data: Help text of `--data`.
        epochs: Default of `--epochs`.
        batch_size: Default of `--batch-size`.
        least_images: Least value of `--limit`.
        out: Default of `--out`.
    """
    positive = at_least(1)
    add = parser.add_argument
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
    add(
        "--no-augment",
        action="store_true",
        help="train on the pictures as they are, to see what augmentation is worth",
    )
    add(
        "--generator",
        choices=GENERATORS,
        default=GENERATORS[0],
        help="whose ImageDataGenerator makes the batches; they are the same batches, so compare "
        "the time per epoch (default: %(default)s)",
    )
    add(
        "--threads",
        type=positive,
        metavar="N",
        help="threads of batchwarp's generator (default: all that this process may use)",
    )
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
