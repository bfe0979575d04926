"""`batchwarp check`: can all images of a data set be read?"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from batchwarp.console.errors import UsageError
from batchwarp.console.tables import print_table, printable
from batchwarp.files.index import image_files
from batchwarp.files.options import CHANNELS, Decoding, extensions
from batchwarp.files.reader import Loaded, load, load_all
from batchwarp.iterators.base import Iterator as BatchIterator

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["add_arguments", "run"]

# Files are handed to the threads in groups, between which the progress is shown and Ctrl-C heard.
_GROUP = 64
# Whether a file can be read does not depend on the size; to choose a few pixels takes no time.
_SIZE = (8, 8)
_UNCHANGED = "unchanged"
_STDERR = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command to its parser."""
    parser.add_argument("directory", metavar="DIR", type=Path, help="the folder of the data set")
    parser.add_argument(
        "--formats",
        metavar="EXT,EXT",
        help="extensions of the files to look at, for example png,webp (default: those that Keras "
        f"takes, {','.join(BatchIterator.white_list_formats)})",
    )
    parser.add_argument(
        "--color-mode",
        choices=(*CHANNELS, _UNCHANGED),
        default="rgb",
        help="how the images will be read (default: rgb); with unchanged, files of other channels "
        "than the first are listed, too",
    )
    parser.add_argument(
        "--follow-links", action="store_true", help="look into folders that are symbolic links"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the result as JSON instead of a table"
    )


def run(options: argparse.Namespace) -> int:
    """Reads all image files under a folder, and prints a table of what cannot be read.

    Args:
        options: Parsed options.

    Returns:
        The exit status: 0 if all files and folders can be read, 1 if some cannot.

    Raises:
        UsageError: If there is no such folder, or no image file in it.
    """
    try:
        formats = options.formats
        if formats is not None:
            formats = [name.strip() for name in formats.split(",")]
        accepted = extensions(formats, BatchIterator.white_list_formats)
    except ValueError as error:
        raise UsageError(f"--formats: {error}") from error
    folder: Path = options.directory
    if not folder.is_dir():
        raise UsageError(f"{folder}: {'not a folder' if folder.exists() else 'no such folder'}")
    closed: list[OSError] = []
    try:
        paths = [
            os.path.join(root, name)  # noqa: PTH118 - fast for hundreds of thousands
            for root, names in image_files(
                str(folder), accepted, options.follow_links, on_error=closed.append
            )
            for name in names
        ]
    except OSError as error:  # links without end
        raise UsageError(f"{folder}: {error.strerror}") from error
    if not paths and not closed:
        raise UsageError(
            f"{folder}: no files with the extensions {', '.join(accepted)} in it; "
            "other formats are looked at with --formats"
        )
    bad = {str(error.filename): f"folder: {error.strerror or error}" for error in closed}
    bad.update(_bad_files(paths, Decoding(_SIZE, options.color_mode)))
    if options.json:
        print(json.dumps({"files": len(paths), "bad": bad}, indent=2))
    else:
        _print(folder, len(paths), len(closed), bad)
    return 1 if bad else 0


def _bad_files(paths: list[str], decoding: Decoding) -> Iterator[tuple[str, str]]:
    with _silence() as stderr, _progress(len(paths), stderr) as advance:
        channels = _channels(paths, decoding)
        for start in range(0, len(paths), _GROUP):
            group = paths[start : start + _GROUP]
            results: list[Loaded] = load_all(group, decoding, channels)
            for path, loaded in zip(group, results, strict=True):
                if loaded.error is not None:
                    yield path, loaded.error.reason
            advance(len(group))


def _channels(paths: list[str], decoding: Decoding) -> int:
    """Returns the channels that all images must have, as in a flow; 0 for any number."""
    if decoding.color_mode != _UNCHANGED:
        return 0  # deep grey images of `"grayscale"` have one, too
    for path in paths:
        image = load(path, decoding, 0).image
        if image is not None:
            return int(image.shape[2])
    return 0


@contextmanager
def _silence() -> Iterator[TextIO]:
    """Keeps decoders from printing what does not say of which file it is.

    What cannot be read is in the result. C libraries print to the descriptor, so that it goes
    nowhere meanwhile; Python still has its stream.

    Yields:
        A stream that still leads to the standard error.
    """
    with warnings.catch_warnings(), ExitStack() as undo:
        warnings.filterwarnings("ignore", module=r"PIL\b")
        stream: TextIO = sys.stderr
        try:
            if stream.fileno() == _STDERR:
                kept = os.dup(_STDERR)
                stream = undo.enter_context(
                    open(kept, "w", encoding=stream.encoding, errors="backslashreplace")  # noqa: PTH123 - no path
                )
        except (AttributeError, OSError, ValueError):
            pass  # it is something else, as in a notebook
        undo.enter_context(redirect_stderr(stream))
        with suppress(OSError):
            kept = os.dup(_STDERR)
            undo.callback(os.close, kept)
            undo.callback(os.dup2, kept, _STDERR)
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - its descriptor only
                os.dup2(nowhere.fileno(), _STDERR)
        yield stream


@contextmanager
def _progress(total: int, stderr: TextIO) -> Iterator[Callable[[int], None]]:
    """Shows a bar on a terminal's standard error, where rich is installed."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
    except ImportError:
        yield lambda _: None
        return
    console = Console(file=stderr)
    columns = ("reading", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("reading", total=total)
        yield lambda count: bar.advance(task, count)


def _print(folder: Path, files: int, folders: int, bad: dict[str, str]) -> None:
    if bad:
        rows = [
            (printable(os.path.relpath(path, folder)), printable(reason))
            for path, reason in bad.items()
        ]
        print_table(("file", "reason"), rows)
    bad_files = len(bad) - folders
    verdict = f"{bad_files} of them cannot be read" if bad_files else "all good"
    print(f"{files} files, {verdict}")
    if folders:
        print(f"folders that cannot be looked into: {folders}")
