"""`batchwarp bench --mine`: what steps wait for, with a folder or in a script of the user's."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from batchwarp import ImageDataGenerator, _core
from batchwarp.callbacks import InputMeter
from batchwarp.callbacks.input_figures import PARTS, rounded
from batchwarp.cli.generator_options import (
    add_generator_options,
    generator_arguments,
    naming_flags,
)
from batchwarp.cli.measured_script import measure_script
from batchwarp.console.errors import UsageError
from batchwarp.console.options import at_least, number
from batchwarp.console.output import say
from batchwarp.console.recipes import read_recipe
from batchwarp.errors import ImageFileError

__all__ = ["add_arguments", "run"]

_STEPS = 100
_SCRIPT, _NOTEBOOK = ".py", ".ipynb"


def _milliseconds(text: str) -> float:
    value = float(number(text))
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be at least 0, received: {text}")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `--mine` to the parser of `batchwarp bench`."""
    mine = parser.add_argument_group("what your own steps wait for, in place of the benchmarks")
    mine.add_argument(
        "--mine",
        metavar="SCRIPT|FOLDER",
        type=Path,
        help="run a Python script of your own until --steps are measured, or read a folder that "
        "has a folder of images for each class; --json and --plot are for these figures then",
    )
    mine.add_argument(
        "--steps",
        type=at_least(1),
        default=_STEPS,
        metavar="N",
        help="how many steps to measure, after a first one (default: %(default)s)",
    )
    mine.add_argument(
        "--trace",
        metavar="FILE",
        help="write what threads did along time to FILE, a .json for chrome://tracing",
    )
    folder = parser.add_argument_group("--mine FOLDER")
    folder.add_argument(
        "--step",
        type=_milliseconds,
        default=0.0,
        metavar="MS",
        help="how long a step of the model takes, which sleeps (default: 0, no model)",
    )
    folder.add_argument(
        "--batch-size", type=at_least(1), default=32, metavar="N", help="(default: %(default)s)"
    )
    folder.add_argument(
        "--target-size",
        type=at_least(1),
        nargs=2,
        default=(256, 256),
        metavar=("H", "W"),
        help="size to read images at (default: 256 256)",
    )
    folder.add_argument(
        "--interpolation",
        choices=_core.INTERPOLATIONS,
        default="nearest",
        help="how images are resized (default: nearest)",
    )
    folder.add_argument("--scaled-decode", action="store_true", help="decode large files smaller")
    folder.add_argument(
        "--cache", metavar="WHERE", help='"memory" or a folder, as for flow_from_directory'
    )
    folder.add_argument(
        "--prefetch",
        type=at_least(0),
        default=2,
        metavar="N",
        help="batches that are made ahead, as fit does (default: %(default)s)",
    )
    folder.add_argument(
        "--recipe", type=Path, metavar="FILE", help="operations as JSON, as of Augment.get_config"
    )
    add_generator_options(parser)


def run(options: argparse.Namespace) -> None:
    """Measures what the options name, and prints what its steps wait for.

    Args:
        options: Parsed options, with `mine`.

    Raises:
        UsageError: If there is no such script or folder, or an option is not as it should be.
    """
    path: Path = options.mine
    files = {"json": options.json, "picture": options.plot, "trace": options.trace}
    try:
        meter = InputMeter(verbose=False, **files)  # before anything is run
    except (ImportError, ValueError) as error:
        raise UsageError(str(error)) from error
    if path.is_dir():
        _measure_folder(options, files)
    elif path.is_file() and path.suffix == _SCRIPT:
        say(
            f"Running {path} until {options.steps} steps are measured, then it is ended; what it "
            "writes until then, it writes"
        )
        measured = measure_script(path, options.steps, meter, files)
        say(measured)
    elif path.is_file() and path.suffix == _NOTEBOOK:
        raise UsageError(
            f"--mine: {path}: is a notebook; `jupyter nbconvert --to script {path}` makes a script "
            "of it"
        )
    else:
        raise UsageError(f"--mine: {path}: is neither a folder nor a {_SCRIPT} file")


def _measure_folder(options: argparse.Namespace, files: dict[str, Any]) -> None:
    flow = _flow(options)
    with InputMeter(flow, verbose=False, **files) as meter:
        try:
            for _ in range(options.steps + 1):
                next(flow)
                time.sleep(options.step / 1000)
        except ImageFileError as error:
            raise UsageError(f"{error} (see batchwarp check)") from error
    figures = meter.figures
    batch = figures.seconds / figures.steps
    if options.step:
        say(f"{meter.verdict[0].upper()}{meter.verdict[1:]}")
        return
    # The loop itself takes some of the time, too: these are parts of what is waiting.
    parts = rounded({name: part / figures.share for name, part in figures.parts().items()})
    shown = ", ".join(
        f"{name} {parts[name]}" for name in PARTS if parts[name] or name != "function"
    )
    say(
        f"A batch of {options.batch_size} takes {1000 * batch:.3g} ms, "
        f"{options.batch_size / batch:,.0f} images a second. Of 100 points: {shown}\n"
        "A model whose steps take longer than that never waits; --step MS says what another one "
        "waits for"
    )


def _flow(options: argparse.Namespace) -> Any:
    settings = generator_arguments(options)
    if options.recipe is not None:
        settings["operations"] = read_recipe(options.recipe)["operations"]
    with naming_flags():
        generator = ImageDataGenerator(**settings)
        flow = generator.flow_from_directory(
            options.mine,
            target_size=tuple(options.target_size),
            batch_size=options.batch_size,
            class_mode="sparse",
            interpolation=options.interpolation,
            scaled_decode=options.scaled_decode,
            cache=options.cache,
            prefetch=options.prefetch,
            seed=0,
        )
    if not flow.n:
        raise UsageError(f"--mine: {options.mine}: has no folders with images in them")
    return flow
