"""Which of many image files cannot be read."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, suppress
from typing import TYPE_CHECKING, TextIO

from batchwarp.files.options import Decoding
from batchwarp.files.reader import Loaded, load, load_all

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["UNCHANGED", "bad_files"]

# Files are handed to the threads in groups, between which the progress is shown and Ctrl-C heard.
_GROUP = 64
# Whether a file can be read does not depend on the size; to choose a few pixels takes no time.
_SIZE = (8, 8)
UNCHANGED = "unchanged"
_STDERR = 2


def bad_files(paths: list[str], color_mode: str) -> Iterator[tuple[str, str]]:
    """Reads files, and shows on a terminal how far it is.

    Args:
        paths: The files.
        color_mode: As of `flow_from_directory`.

    Yields:
        Path and reason of each file that cannot be read.
    """
    decoding = Decoding(_SIZE, color_mode)
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
    if decoding.color_mode != UNCHANGED:
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
