"""`batchwarp preview`: what a generator or a recipe makes of one image, or of a folder's."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import sys
import warnings
import webbrowser
from collections.abc import Iterator
from pathlib import Path

from batchwarp import _core, runtime
from batchwarp.cli.generator_options import add_generator_options, naming_flags
from batchwarp.cli.operation_options import add_operation_options, recipe_arguments
from batchwarp.cli.preview_batch import Batch
from batchwarp.cli.preview_generator import FIT_SAMPLES, generator_batch
from batchwarp.cli.preview_reading import readable
from batchwarp.cli.preview_recipe import recipe_batch
from batchwarp.cli.preview_result import Preview
from batchwarp.cli.terminal_images import escape_sequence, image_protocol, width_in_pixels
from batchwarp.console.errors import UsageError
from batchwarp.console.options import at_least
from batchwarp.console.options import seed as seed_number
from batchwarp.console.output import is_terminal
from batchwarp.training.results.plots import require_matplotlib

__all__ = ["DESCRIPTION", "EPILOG", "USAGE", "add_arguments", "run"]

USAGE = "batchwarp preview IMAGE|FOLDER [options]"
DESCRIPTION = (
    "Shows what ImageDataGenerator, or operations of batchwarp.ops, make of an image, or of a "
    "batch of a folder's images: draws them as a grid into a PNG file, and prints the random "
    "parameters of each. Takes every argument of ImageDataGenerator as an option, except "
    "preprocessing_function, which is a function. Needs matplotlib: pip install "
    "'batchwarp[train]'."
)
EPILOG = (
    "The variants of one image are the batch that Python gives with x = img_to_array("
    "load_img(IMAGE)) and next(datagen.flow(np.repeat(x[np.newaxis], COUNT, axis=0), "
    "batch_size=COUNT, shuffle=False, seed=SEED)); those of a folder are the first batch of "
    "datagen.flow_from_directory(FOLDER, batch_size=COUNT, shuffle=False, seed=SEED, "
    "class_mode=None). Operations are done by batchwarp.Augment, whose keys are the numbers of the "
    "variants, or the paths of the files within the folder. Each run prints these lines as they "
    "apply to it, with its seed."
)

_MOST_COLUMNS = 100
_MOST_ROWS = 80


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command to its parser."""
    parser.add_argument(
        "source",
        metavar="IMAGE|FOLDER",
        type=Path,
        help="an image file; or a folder as for flow_from_directory, with a folder of images for "
        "each class, or with images in it",
    )
    parser.add_argument(
        "--count",
        "--batch-size",
        type=at_least(1),
        default=20,
        metavar="N",
        help="how many variants of the image, or images of the folder (default: %(default)s)",
    )
    parser.add_argument(
        "--columns",
        type=at_least(1),
        default=5,
        metavar="N",
        help="images in a row (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("preview.png"),
        metavar="FILE",
        help="PNG file to write or replace (default: %(default)s)",
    )
    parser.add_argument(
        "--show",
        choices=("auto", "terminal", "window", "none"),
        default="auto",
        help="also show the picture: in the terminal, if it has the protocol of iTerm2 or kitty; "
        "in a window of the system's viewer; auto: in the terminal, if it can (default: auto)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print parameters as JSON instead of a table"
    )
    parser.add_argument(
        "--seed", type=seed_number, metavar="N", help="seed of the batch (default: by chance)"
    )
    parser.add_argument(
        "--threads",
        type=at_least(1),
        metavar="N",
        help="threads of the augmentation (default: all that this process may use)",
    )
    _add_reading_options(parser)
    _add_folder_options(parser)
    _add_beside_options(parser)
    add_operation_options(parser)
    add_generator_options(parser)


def _add_reading_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of how image files are read."""
    reading = parser.add_argument_group("reading images")
    reading.add_argument(
        "--target-size",
        type=at_least(1),
        nargs=2,
        metavar=("H", "W"),
        help="size to read images at (default: its own for one image, 256 256 for a folder)",
    )
    reading.add_argument(
        "--color-mode",
        choices=("rgb", "rgba", "grayscale"),
        default="rgb",
        help="channels of the images (default: rgb)",
    )
    reading.add_argument(
        "--interpolation",
        choices=_core.INTERPOLATIONS,
        default="nearest",
        help="how images are resized (default: nearest)",
    )
    reading.add_argument(
        "--keep-aspect-ratio",
        action="store_true",
        help="crop to the target's proportions before resizing",
    )
    reading.add_argument(
        "--exif-transpose",
        action="store_true",
        help="turn photographs upright, which Keras does not",
    )


def _add_folder_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of which images of a folder are taken."""
    folder = parser.add_argument_group("a folder's images")
    folder.add_argument(
        "--shuffle", action="store_true", help="images by chance instead of the first ones"
    )
    folder.add_argument(
        "--subset",
        choices=("training", "validation"),
        help="only this part of --validation-split",
    )
    folder.add_argument(
        "--fit-samples",
        type=at_least(1),
        metavar="N",
        help="for featurewise standardisation and whitening: how many images, evenly spread, to "
        f"compute the statistics from (default: {FIT_SAMPLES})",
    )


def _add_beside_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of what belongs to the images of a folder."""
    beside = parser.add_argument_group("what belongs to a folder's images")
    one = beside.add_mutually_exclusive_group()
    one.add_argument(
        "--masks",
        type=Path,
        metavar="FOLDER",
        help="masks to draw over the images, as for flow_from_directory",
    )
    one.add_argument(
        "--coco",
        type=Path,
        metavar="FILE",
        help="annotations in COCO's format to draw over the images: masks, boxes with the names of "
        "their classes, keypoints",
    )
    one.add_argument(
        "--yolo",
        metavar="FOLDER",
        nargs="?",
        const=True,
        help="likewise in YOLO's format (default: in the folder `labels` for `images`, else beside "
        "the images)",
    )
    beside.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="with --yolo, the data.yaml with names of classes and the shape of keypoints",
    )


def run(options: argparse.Namespace) -> None:
    """Draws a grid of augmented images and prints their parameters.

    Args:
        options: Parsed options.

    Raises:
        UsageError: If an option, the image or the folder is not as it should be, matplotlib is
            missing, or the picture cannot be written or shown.
    """
    require_matplotlib()
    _check_grid(options.count, options.columns)
    with readable(options.source):
        _check_out(options.out, options.source)
    protocol = _terminal(options)
    seed = secrets.randbelow(2**31) if options.seed is None else options.seed
    if options.threads is not None:
        try:
            runtime.set_num_threads(options.threads)
        except ValueError as error:
            raise UsageError(f"--threads: {error}") from error
    try:
        with _shown_warnings(), naming_flags():
            preview = Preview(_batch(options, seed), options.columns)
    except MemoryError as error:
        raise UsageError(f"the images do not fit into memory: {error}") from error
    try:
        preview.draw(options.out)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"--out: {options.out}: cannot be written: {reason}") from error
    if options.json:
        print(json.dumps(preview.described(options.out), indent=2, ensure_ascii=False))
    else:
        print(preview.text(options.out))
    if protocol is not None:
        _show_in_terminal(options.out, protocol)
    elif options.show == "window" and not webbrowser.open(options.out.resolve().as_uri()):
        raise UsageError(f"--show window: there is no viewer; the picture is {options.out}")


def _batch(options: argparse.Namespace, seed: int) -> Batch:
    """Returns the batch of the recipe, if there is one, else of the generator."""
    arguments = recipe_arguments(options)
    if arguments is not None:
        return recipe_batch(options, arguments, seed)
    if options.fused is not None:
        raise UsageError("--fused: needs --operation or --recipe, of whose steps it speaks")
    return generator_batch(options, seed)


def _check_grid(count: int, columns: int) -> None:
    """Checks that the picture stays below the 65,536 pixels that matplotlib can draw."""
    if columns > _MOST_COLUMNS:
        raise UsageError(f"--columns: must be at most {_MOST_COLUMNS}, received: {columns}")
    if count > _MOST_ROWS * columns:
        raise UsageError(
            f"--count: must be at most {_MOST_ROWS * columns} with --columns {columns}, "
            f"received: {count}"
        )


def _check_out(out: Path, source: Path) -> None:
    """Checks where the picture goes, before any work."""
    if out.suffix.lower() != ".png":
        raise UsageError(f"--out: {out}: its name should end in .png")
    if out.is_dir():
        raise UsageError(f"--out: {out}: is a folder")
    if not out.parent.is_dir():
        raise UsageError(f"--out: {out.parent}: no such folder")
    if out.exists() and source.exists() and out.samefile(source):
        raise UsageError(f"--out: {out}: is the image itself; write to another file")


def _terminal(options: argparse.Namespace) -> str | None:
    """Returns the protocol to show the picture in the terminal with, or `None` for not at all."""
    wanted = options.show == "terminal"
    if wanted and options.json:
        raise UsageError("--show terminal: not together with --json, which is printed there, too")
    possible = is_terminal(sys.stdout) and not options.json
    if not (wanted or (options.show == "auto" and possible)):
        return None
    protocol = image_protocol(os.environ)
    if wanted and protocol is None:
        raise UsageError(
            "--show terminal: this terminal is not known to show pictures (iTerm2, WezTerm, "
            "Visual Studio Code, mintty, kitty and Ghostty are); accepted here: window, none"
        )
    return protocol


def _show_in_terminal(picture: Path, protocol: str) -> None:
    png = picture.read_bytes()
    available = width_in_pixels()
    width = int.from_bytes(png[16:20], "big")  # the header of every PNG file begins with it
    columns = None
    if available is not None and width > available:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
    sys.stdout.write(escape_sequence(png, protocol, columns))
    sys.stdout.flush()


@contextlib.contextmanager
def _shown_warnings() -> Iterator[None]:
    """Shows each warning of a block once, as a line without Python's source."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for message in dict.fromkeys(" ".join(str(one.message).split()) for one in caught):
        print(f"batchwarp: warning: {message}", file=sys.stderr)
