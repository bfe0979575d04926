"""The command line of a benchmark."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable
from pathlib import Path

from batchwarp.console.options import at_least

from .turns import turns

TINY_ROUNDS = 2


def parser(
    description: str, *, rounds: int | None = None, plot: bool = False
) -> argparse.ArgumentParser:
    """Returns a parser with the options that all benchmarks have.

    Args:
        description: what `--help` says that the benchmark measures.
        rounds: default of `--rounds`; None for a benchmark that has no rounds.
        plot: whether the benchmark draws its figures, with `--plot`.

    Returns:
        A parser with `--json` and `--tiny`, and the options asked for.
    """
    result = argparse.ArgumentParser(description=description)
    result.add_argument(
        "--json",
        metavar="FILE",
        type=output_file(".json"),
        help="write the figures to FILE as well",
    )
    result.add_argument(
        "--tiny",
        action="store_true",
        help="small inputs, to see that it runs; figures mean nothing",
    )
    if rounds is not None:
        result.add_argument(
            "--rounds",
            type=at_least(1),
            default=rounds,
            metavar="N",
            help="measurements of each contender (default: %(default)s)",
        )
    if plot:
        result.add_argument(
            "--plot",
            metavar="FILE",
            type=output_file(".png", ".svg"),
            help="draw the figures into FILE, a .png or .svg",
        )
    return result


def output_file(*suffixes: str) -> Callable[[str], Path]:
    """Returns an argparse type for a file to write.

    Args:
        suffixes: what its name may end in, `".json"` say.

    Returns:
        A function from text to a path, which refuses other names and folders that do not exist.
    """

    def parse(text: str) -> Path:
        path = Path(text)
        if path.suffix not in suffixes:
            raise argparse.ArgumentTypeError(f"{text!r} does not end in {' or '.join(suffixes)}")
        if not path.parent.is_dir():
            raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r}")
        return path

    return parse


def parse(options: argparse.ArgumentParser, *modules: str) -> argparse.Namespace:
    """Parses the command line of a benchmark, and waits for its turn if it takes turns.

    Args:
        options: what `parser` returned.
        modules: what the benchmark imports beyond NumPy, by top-level names.

    Returns:
        The arguments; with `--tiny`, `rounds` are few.

    Raises:
        SystemExit: if an argument is wrong, or a module is not installed.
    """
    arguments = options.parse_args()
    if arguments.tiny and "rounds" in arguments:
        arguments.rounds = TINY_ROUNDS
    plotting = ["matplotlib"] if getattr(arguments, "plot", None) else []
    missing = [
        name
        for name in ("psutil", "rich", *modules, *plotting)
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        options.error(
            f"{', '.join(missing)} cannot be imported; "
            "install what the benchmarks need with: pip install 'batchwarp[bench]'"
        )
    turns()  # before anything is set up: that would disturb who measures
    return arguments
