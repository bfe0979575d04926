"""Formats that Pillow does not read, or of which it makes other numbers than are stored."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

NPY = b"\x93NUMPY"  # what NumPy's files begin with

_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_PORTABLE = re.compile(rb"P([2356])" + 3 * (_GAP + rb"(\d+)") + rb"\s")
_COMMENT = re.compile(rb"#[^\r\n]*")
# The first two markers of JPEG 2000, which a file begins with, or a box.
_JPEG_2000 = b"\xff\x4f\xff\x51"
_JP2 = (b"\0\0\0\x0cjP  \r\n\x87\n", _JPEG_2000)
_AVIF = (b"ftypavif", b"ftypavis", b"ftypmif1")


def samples(data: bytes, check_size: Callable[[int, int], object]) -> NDArray[Any] | None:
    """Returns the samples of a file of the PBM family whose greatest value is not 255.

    Args:
        data: Bytes, the whole file.
        check_size: Is called with width and height before anything is decoded.

    Returns:
        Array `(height, width, channels)` of uint8 or uint16, or `None` for all other files, which
        Pillow decodes as they are.

    Raises:
        ValueError: If the file ends early, or is of another format and Pillow would change its
            samples.
    """
    header = _PORTABLE.match(data)
    if header is None:
        _refuse_deep(data)
        return None
    kind, width, height, greatest = map(int, header.groups())
    if greatest == 255 or not 0 < greatest < 65536 or 0 in (width, height):
        return None  # Pillow has something to say
    check_size(width, height)
    shape = (height, width, 3 if kind in (3, 6) else 1)
    dtype = np.dtype(np.uint8 if greatest < 256 else np.uint16)
    content = data[header.end() :]
    count = math.prod(shape)
    if kind < 4:
        found = np.array(_COMMENT.sub(b"", content).split()[:count], dtype)
    else:
        present = min(count, len(content) // dtype.itemsize)
        found = np.frombuffer(content, dtype.newbyteorder(">"), present).astype(dtype)
    if found.size < count:
        raise ValueError(f"the file ends early: it has {found.size} of {count} samples")
    return found.reshape(shape)


def array(data: bytes) -> NDArray[Any]:
    """Returns the array of a file of NumPy's.

    Args:
        data: Bytes, the whole file, which begins with `NPY`.

    Returns:
        Array of rank 2 or 3; booleans become 0 and 1 of uint8.

    Raises:
        ValueError: If it holds something else, or less than its header says.
    """
    content = io.BytesIO(data)
    version = np.lib.format.read_magic(content)
    headers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version in headers:  # not so the names of fields in Unicode, which are refused later
        shape, _, dtype = headers[version](content)
        if min(shape, default=1) >= 0 and not dtype.hasobject:
            # NumPy would ask for the memory first.
            size, present = math.prod(shape) * dtype.itemsize, len(data) - content.tell()
            if size > present:
                raise ValueError(f"the file ends early: it has {present} of {size} bytes")
    content.seek(0)
    image: NDArray[Any] = np.load(content, allow_pickle=False)
    if image.ndim not in (2, 3) or 0 in image.shape or image.dtype.kind not in "biuf":
        raise ValueError(
            "should hold an array of real numbers of shape (height, width) or "
            f"(height, width, channels), it holds {image.dtype} of shape {image.shape}"
        )
    return image.astype(np.uint8) if image.dtype.kind == "b" else image


def _refuse_deep(data: bytes) -> None:
    """Raises an error for images of which Pillow reads the upper 8 bits only, or spreads them."""
    if data.startswith(_JP2):
        code = data.find(_JPEG_2000)
        header = data[code + 4 : code + 256] if code >= 0 else b""
        channels = int.from_bytes(header[36:38], "big")
        bits = {(byte & 127) + 1 for byte in header[38 : 38 + 3 * channels : 3]}
        if bits - {8} and (channels, bits) != (1, {16}):
            depth = "/".join(map(str, sorted(bits)))
            raise ValueError(
                f"a JPEG 2000 image of {channels} × {depth} bits: such layouts are not read"
            )
    elif data[4:12] in _AVIF:
        box = data.find(b"av1C")
        if box >= 0 and data[box + 6 : box + 7] and data[box + 6] & 64:
            raise ValueError("an AVIF image of more than 8 bits: such layouts are not read")
