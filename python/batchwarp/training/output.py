"""The standard output, which may have no reader, or not be there at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["discard_output", "open_missing_streams"]


def discard_output() -> None:
    """Lets what is written to the standard output from now on go nowhere.

    To be called once its reader is gone: Python flushes once more when it exits.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
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
