"""The options that the training scripts share, and the types of their values."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

__all__ = ["add_common", "at_least", "seed"]


def at_least(minimum: int) -> Callable[[str], int]:
    """Returns an argparse type for whole numbers from `minimum` on."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if number < minimum:
            raise argparse.ArgumentTypeError(f"must be at least {minimum}, received: {number}")
        return number

    return parse


def seed(text: str) -> int:
    """Parses a seed: what NumPy's and Keras' generators accept."""
    number = at_least(0)(text)
    # Keras' flows add the number of batches to the seed, so the last few numbers are left out.
    highest = 2**32 - 2**20
    if number > highest:
        raise argparse.ArgumentTypeError(f"must be at most {highest}, received: {number}")
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
    parser.add_argument("--data", type=Path, metavar="DIR", help=data)
    parser.add_argument(
        "--epochs",
        type=at_least(1),
        default=epochs,
        metavar="N",
        help="passes over the training data (default: %(default)s)",
    )
    parser.add_argument(
        "--batch-size",
        type=at_least(1),
        default=batch_size,
        metavar="N",
        help="images per training step (default: %(default)s)",
    )
    parser.add_argument(
        "--limit",
        type=at_least(least_images),
        metavar="N",
        help="use at most N training and N test images, for a quick try",
    )
    parser.add_argument(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="seed of all random decisions (default: %(default)s)",
    )
    parser.add_argument(
        "--threads",
        type=at_least(1),
        metavar="N",
        help="threads of the augmentation (default: all that this process may use)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(out),
        metavar="DIR",
        help="folder of the results, made if need be; results of an earlier run in it are "
        "replaced (default: %(default)s)",
    )
