"""A file of arrays and what is said of them, written so that there is always a whole one."""

from __future__ import annotations

import contextlib
import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp.callbacks.replacing import replacing

__all__ = ["FORMAT", "read_archive", "write_archive"]

FORMAT = 1
_STATE = "state.json"


def write_archive(path: Path, state: Mapping[str, Any], arrays: Sequence[NDArray[Any]]) -> None:
    """Writes a file, in whose place there is a whole one at any time: the old or the new one.

    Args:
        path: The file.
        state: Dictionary in types that JSON has.
        arrays: Arrays of any dtype but of objects.

    Raises:
        OSError: If it cannot be written. The old file is still there then.
    """
    content = {
        "format": FORMAT,
        "arrays": [{"dtype": array.dtype.name, "shape": list(array.shape)} for array in arrays],
        **state,
    }
    with _durably_replacing(path) as temporary, temporary.open("wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(_STATE, json.dumps(content))
            for number, array in enumerate(arrays):
                with archive.open(_name(number), "w", force_zip64=True) as member:
                    # As bytes, since NumPy's own format has no names of `ml_dtypes`.
                    member.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        file.flush()
        os.fsync(file.fileno())


def read_archive(path: Path) -> tuple[dict[str, Any], list[bytes]] | None:
    """Reads a file that `write_archive` has written.

    Args:
        path: The file.

    Returns:
        Tuple of the dictionary and of the arrays' bytes; `None` if there is no file.

    Raises:
        ValueError: If it is another file, of a newer format, or damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            content = json.loads(archive.read(_STATE))
            number = content["format"]
            if number != FORMAT:
                raise ValueError(f"its format is {number}, and this batchwarp knows {FORMAT}")
            arrays = [archive.read(_name(number)) for number in range(len(content["arrays"]))]
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no checkpoint of batchwarp: {error}") from error
    return content, arrays


def _name(number: int) -> str:
    return f"arrays/{number}"


@contextlib.contextmanager
def _durably_replacing(path: Path) -> Iterator[Path]:
    """Does what `replacing` does, and waits until the folder has it."""
    with replacing(path) as temporary:
        yield temporary
    if os.name == "posix":  # the new name must not be lost with the machine either
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
