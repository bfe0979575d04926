"""The standard output, which may have no reader, or not be there at all."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO

__all__ = ["discard_output", "is_terminal", "open_missing_streams", "say"]


def is_terminal(stream: TextIO) -> bool:
    """Whether a stream is a terminal; what a program has put in its place need not know.

    Args:
        stream: `sys.stdout` or `sys.stderr`.
    """
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # there is no such method, or the file is closed
        return False


def discard_output() -> None:
    """Lets what is written to the standard output from now on go nowhere.

    To be called once its reader is gone: Python flushes once more when it exits.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with suppress(AttributeError, OSError, ValueError):  # what stands in for it need not be a file
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def open_missing_streams() -> None:
    """Opens standard streams that whoever started the process has closed, to go nowhere.

    Otherwise the next file that is opened gets their number, and with it what libraries print.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Gets the lowest number that is free, so that of the stream.
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def say(text: str) -> None:
    """Prints a line at once, so that it keeps its place among Keras' own output."""
    print(text, flush=True)
