"""Files that the core decodes, of which Python has the bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from batchwarp.files.options import Decoding
from batchwarp.files.orientation import jpeg_orientation

__all__ = ["Handed", "as_arguments", "handed_over"]


class Handed(NamedTuple):
    """A JPEG file.

    Attributes:
        data: Its bytes.
        path: String, what it is called in errors.
        signature: Tuple `(st_size, st_mtime_ns)` of the file, as far as there is one.
        orientation: Integer from 1 to 8, EXIF's, by which the image is turned.
    """

    data: bytes
    path: str
    signature: tuple[int, int]
    orientation: int


def handed_over(
    data: bytes, path: str, signature: tuple[int, int], options: Decoding
) -> Handed | None:
    """Returns a file for the core, or `None` if it is none that the core may decode.

    Args:
        data: Bytes, the whole file.
        path: String, what it is called in errors.
        signature: Tuple of two integers, as in `Handed`.
        options: What is made of it.

    Raises:
        MemoryError, Warning: As `jpeg_orientation`.
    """
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    if not options.exif_transpose:
        return Handed(data, path, signature, 1)
    orientation = jpeg_orientation(data)
    if orientation is None:
        return None
    # Other numbers mean nothing.
    return Handed(data, path, signature, orientation if 1 <= orientation <= 8 else 1)


def as_arguments(handed: Sequence[Handed | None] | None) -> dict[str, Any]:
    """Returns the arguments of `_core.make_files` that say what is handed over.

    Args:
        handed: Sequence, with `None` for files that are read by their paths; `None` for no others.
    """
    if handed is None:
        return {}
    return {
        "contents": [None if one is None else one.data for one in handed],
        "orientations": [1 if one is None else one.orientation for one in handed],
    }
