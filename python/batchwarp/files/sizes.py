"""How large pictures in files are, for those that need not be decoded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp.files.decode import decode
from batchwarp.files.jpeg import ordinary_jpeg
from batchwarp.files.options import Decoding
from batchwarp.files.orientation import jpeg_orientation
from batchwarp.files.png import SIGNATURE
from batchwarp.files.reader import Content, Loaded, load

__all__ = ["size_of_file"]

_NOTHING = np.empty((0, 0, 0), np.uint8)


def size_of_file(path: str, options: Decoding, content: Content | None = None) -> Loaded:
    """Returns the size that an image has when it is decoded, before it is resized.

    Args:
        path: String.
        options: How it would be decoded.
        content: As of `load`.

    Returns:
        A `Loaded` whose image is empty.

    Raises:
        OSError, MemoryError: As `load`.
    """
    unresized = Decoding(None, options.color_mode, exif_transpose=options.exif_transpose)
    return load(path, unresized, 0, _measured, content)


def _measured(data: bytes, path: str, options: Decoding) -> tuple[NDArray[Any], tuple[int, int]]:
    header = ordinary_jpeg(data)
    if header is not None:
        orientation = jpeg_orientation(data) if options.exif_transpose else 1
        if orientation is not None:
            turns = 5 <= orientation <= 8
            size = (header.width, header.height) if turns else (header.height, header.width)
            return _NOTHING, size
    if data.startswith(SIGNATURE) and not options.exif_transpose:
        width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
        return _NOTHING, (height, width)
    return _NOTHING, decode(data, path, options)[1]  # formats of many kinds, turned or not
