"""What the markers of a JPEG file say, without decoding it."""

from __future__ import annotations

from typing import NamedTuple

from batchwarp import _core


class JpegHeader(NamedTuple):
    """The frame of an ordinary, complete JPEG file.

    Attributes:
        height: Integer, pixels.
        width: Integer, pixels.
        components: Integer, 1 (grey) or 3.
    """

    height: int
    width: int
    components: int


def ordinary_jpeg(data: bytes) -> JpegHeader | None:
    """Returns the header of a file that every decoder built on libjpeg decodes to the same pixels.

    Args:
        data: Bytes, the whole file.

    Returns:
        A `JpegHeader`, or `None` for all other files: those that are no JPEG, CMYK, 12-bit,
        lossless or arithmetic coding, colours that are not Y'CbCr, and files that end early or
        whose markers are damaged, where decoders differ in what they forgive.
    """
    header = _core.ordinary_jpeg(data)
    return None if header is None else JpegHeader(*header)
