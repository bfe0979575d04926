"""The command line: `batchwarp`, or `python -m batchwarp`."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from typing import NoReturn, TypeAlias

import batchwarp
from batchwarp.cli import bench, cache, check, doctor, info, preview
from batchwarp.console.errors import UsageError
from batchwarp.console.output import discard_output, open_missing_streams
from batchwarp.training.results import predict, visualize
from batchwarp.training.scripts.catalogue import SCRIPTS

__all__ = ["main"]

USAGE_ERROR = 2
INTERRUPTED = 130  # as shells report a process that Ctrl-C ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: What follows the program's name; None takes it from `sys.argv`.

    Returns:
        The exit status: 0, 1 if a check has found something, 2 for what the user can put right
        (one line on standard error says what), 130 after Ctrl-C.

    Raises:
        SystemExit: With status 0, after `--help` or `--version`.
    """
    open_missing_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files hold what no encoding has
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options = _parser().parse_args(arguments)
        status = options.run(options)
        sys.stdout.flush()
    except UsageError as error:
        print(f"batchwarp: error: {error}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the output has enough of it
        discard_output()
        return 0
    return status or 0


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line, without repeating the usage."""

    def error(self, message: str) -> NoReturn:
        command = self.prog.removeprefix("batchwarp").strip()
        hint = f"batchwarp {command} --help" if command else "batchwarp --help"
        raise UsageError(f"{message} (see {hint})")


# What argparse calls it, generic in the parsers that it makes.
_Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"


def _parser() -> argparse.ArgumentParser:
    """Builds the parser of all commands."""
    parser = _Parser(
        prog="batchwarp", description="Keras' ImageDataGenerator with a C++ core: its tools."
    )
    parser.add_argument("--version", action="version", version=f"batchwarp {batchwarp.__version__}")
    commands: _Commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_training(commands)
    _add_tools(commands)
    return parser


def _add_training(commands: _Commands) -> None:
    """Adds the commands that train models and use them."""
    train = commands.add_parser(
        "train",
        help="train a model with batchwarp's augmentation",
        description="Trains a model with batchwarp's augmentation; "
        "needs Keras and one of its backends: pip install 'batchwarp[train]' brings TensorFlow.",
    )
    names = train.add_subparsers(title="scripts", metavar="SCRIPT", required=True)
    for script in SCRIPTS:
        summary = script.summary
        one = names.add_parser(
            script.name,
            help=summary,
            description=script.description or f"{_sentence(summary)}.",
            epilog=f"Example: {script.example}" if script.example else None,
        )
        script.add_arguments(one)
        one.set_defaults(run=script.start)

    say = commands.add_parser(
        "predict",
        help="tell the classes of pictures with a saved model",
        description="Prints which classes a saved model takes pictures for, and how sure it is. "
        "Of a model that finds masks, it writes these, and the pictures under them. "
        "Files that cannot be read are listed at the end, and the exit status is 1 then. "
        "Needs Keras: pip install 'batchwarp[train]'.",
    )
    predict.add_arguments(say)
    say.set_defaults(run=predict.run)

    see = commands.add_parser(
        "visualize",
        help="draw what a saved model sees",
        description="Draws what a saved convolutional model sees: the activations of its layers, "
        "the patterns that its filters respond to, Grad-CAM heat maps, and the masks that it "
        "finds. Needs Keras: pip install 'batchwarp[train]'.",
    )
    visualize.add_arguments(see)
    see.set_defaults(run=visualize.run)


def _add_tools(commands: _Commands) -> None:
    """Adds the commands that need no model."""
    measure = commands.add_parser(
        "bench",
        help="measure batchwarp against other libraries",
        description="Runs the benchmarks, all of them or those named; "
        "needs other packages: pip install 'batchwarp[bench]'.",
    )
    bench.add_arguments(measure)
    measure.set_defaults(run=bench.run)

    look = commands.add_parser(
        "check",
        help="find the image files and annotations of a data set that cannot be read",
        description="Reads all image files under a folder as flow_from_directory does, and prints "
        "those that cannot be read, with the reasons; likewise annotations in COCO's and YOLO's "
        "formats. The exit status is 1 if there are any.",
    )
    check.add_arguments(look)
    look.set_defaults(run=check.run)

    examine = commands.add_parser(
        "doctor",
        help="read scripts that augment images, and say what to expect of them",
        description="Reads Python scripts and notebooks, without running them, that augment images "
        "with Keras' ImageDataGenerator, Keras' layers or Albumentations. Lists which surprises of "
        "these are in them, with what there is against each, and prints the changes that make "
        "them use batchwarp: they give the same batches. The exit status is 1 if anything was "
        "found.",
    )
    doctor.add_arguments(examine)
    examine.set_defaults(run=doctor.run)

    augment = commands.add_parser(
        "preview",
        help="show what augmentation makes of an image or a folder",
        usage=preview.USAGE,
        description=preview.DESCRIPTION,
        epilog=preview.EPILOG,
    )
    preview.add_arguments(augment)
    augment.set_defaults(run=preview.run)

    cached = commands.add_parser(
        "cache",
        help="show or remove cached images",
        description="Shows the files in which decoded images are cached, or removes them.",
    )
    cache.add_arguments(cached)
    cached.set_defaults(run=cache.run)

    about = commands.add_parser(
        "info",
        help="show version, instruction set, threads and build",
        description="Shows what a bug report should contain: versions, instruction set, threads "
        "and how the core was built.",
    )
    about.set_defaults(run=info.run)


def _sentence(text: str) -> str:
    """Returns a text with a capital at its beginning."""
    return text[:1].upper() + text[1:]
