"""Which of many image files cannot be read."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, suppress
from typing import TYPE_CHECKING, TextIO

import numpy as np
from numpy.typing import NDArray

from batchwarp._threads import Shortage
from batchwarp.files.dataset import ImageFiles
from batchwarp.files.masks import MaskFiles, MaskReader
from batchwarp.files.options import FileOptions
from batchwarp.targets import TargetOptions

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["bad_files"]

# Files are handed to the threads in groups, between which the progress is shown and Ctrl-C heard.
_GROUP = 64
# Whether a file can be read does not depend on the size; to choose a few pixels takes no time.
_SIZE = (8, 8)
_STDERR = 2


def bad_files(
    paths: Sequence[str],
    color_mode: str,
    *,
    masks: MaskFiles | None = None,
    sizes: NDArray[np.int64] | None = None,
) -> Iterator[tuple[str, str]]:
    """Reads files, and shows on a terminal how far it is.

    Args:
        paths: The images.
        color_mode: As of `flow_from_directory`.
        masks: Their masks, or `None`.
        sizes: Array `(n, 2)`, the heights and widths that they should have, or `None`.

    Yields:
        Path and reason of each file that cannot be read, or is not as it should be.

    Raises:
        TypeError: If masks hold no integers.
    """
    with _silence() as stderr, _progress(len(paths), stderr) as advance:
        options = FileOptions(_SIZE, color_mode)
        files = ImageFiles(options, paths, "", np.dtype(np.float32), _SIZE)
        files.sizes = sizes
        if masks is not None:
            files.sizes = np.full((len(paths), 2), -1)
            files.masks = [
                MaskReader("masks", masks, None, options, TargetOptions(), _SIZE, files.budget)
            ]
        shortage = Shortage()
        for start in range(0, len(paths), _GROUP):
            samples = np.arange(start, min(start + _GROUP, len(paths)))
            for loaded in files.load(samples, paths, shortage):
                if loaded.error is not None:
                    yield loaded.error.path, loaded.error.reason
            advance(len(samples))


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
