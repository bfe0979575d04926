"""PNG files brought to what decoders agree on, and those of 16 bits decoded."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp.files import opencv

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6
# Those that are an image without which others are not understood, or with a palette's transparency.
_KEPT = (b"PLTE", b"tRNS", b"IDAT")


class Png(NamedTuple):
    """A PNG file.

    Attributes:
        width: Integer, pixels.
        height: Integer, pixels.
        bits: Integer, bits of a sample.
        colour_type: Integer, PNG's.
        chunks: Tuples of a chunk's name and content, of the image itself: no text, animation,
            profiles or orientation.
        header: Bytes, the content of the first chunk.
    """

    width: int
    height: int
    bits: int
    colour_type: int
    chunks: Sequence[tuple[bytes, bytes]]
    header: bytes

    @property
    def is_deep(self) -> bool:
        """Whether samples have 16 bits."""
        return self.bits == 16

    def file(self, **changes: int) -> bytes:
        """Returns a file of these chunks, with nothing after its end.

        Args:
            **changes: `bits` and `colour_type` for the header.
        """
        bits = changes.get("bits", self.bits)
        kind = changes.get("colour_type", self.colour_type)
        header = self.header[:8] + bytes((bits, kind)) + self.header[10:]
        chunks = [(b"IHDR", header), *self.chunks, (b"IEND", b"")]
        return SIGNATURE + b"".join(_chunk(name, content) for name, content in chunks)


def read(data: bytes) -> Png:
    """Takes a PNG file apart.

    Args:
        data: Bytes, the whole file, which begins with `SIGNATURE`.

    Returns:
        A `Png`.

    Raises:
        ValueError: If it ends before the image does, or a checksum is wrong.
    """
    header = b""
    chunks = []
    ended = False
    for name, content in _chunks(data):
        if not header:
            if name != b"IHDR" or len(content) != 13:
                raise ValueError("a damaged PNG file: does not begin with its header")
            header = content
        elif name == b"IEND":
            ended = True
        elif name in _KEPT:
            chunks.append((name, content))
    if not header or not (ended or _is_complete(chunks)):
        raise ValueError("a PNG file that ends early")
    width, height, bits, kind = struct.unpack_from(">IIBB", header)
    if kind != _PALETTE:  # a colour that stands for transparency is no channel
        chunks = [(name, content) for name, content in chunks if name != b"tRNS"]
    return Png(width, height, bits, kind, chunks, header)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields names and contents up to the end of the image or of the file."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        end = at + 8 + size
        if end + 4 > len(data):
            return
        content = data[at + 8 : end]
        # A bit of the name says whether the image can do without the chunk.
        if not name[0] & 32 and zlib.crc32(data[at + 4 : end]) != _number(data, end):
            raise ValueError(
                f"a damaged PNG file: the checksum of its chunk {name.decode('latin-1')} is wrong"
            )
        yield name, content
        if name == b"IEND":
            return
        at = end + 4


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _is_complete(chunks: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether the compressed pixels have an end, although the file has none."""
    inflater = zlib.decompressobj()
    try:
        for name, content in chunks:
            if name == b"IDAT":
                inflater.decompress(content)
    except zlib.error:
        return False
    return inflater.eof


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(name))
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def deep_image(png: Png) -> NDArray[np.uint16]:
    """Decodes an image of 16 bits.

    Args:
        png: The file.

    Returns:
        Array `(height, width, channels)`; colours are in the order red, green, blue, alpha.

    Raises:
        Exception: Of many kinds, if it is damaged.
    """
    # A PNG file's compression and filters know bytes only: two bytes of one channel are two
    # channels of one byte. Pillow has no modes for the others.
    as_bytes = {_GREY: _GREY_ALPHA, _GREY_ALPHA: _RGBA}.get(png.colour_type)
    if as_bytes is None:
        return _with_opencv(png.file())
    import io

    from PIL import Image

    with Image.open(io.BytesIO(png.file(bits=8, colour_type=as_bytes))) as picture:
        pairs = np.asarray(picture)
    return pairs.view(">u2").astype(np.uint16)


def _with_opencv(file: bytes) -> NDArray[Any]:
    try:
        cv2 = opencv.library()
    except ImportError as error:
        raise ImportError(
            "a PNG file of 16 bits and several channels needs OpenCV, which cannot be imported: "
            f"{error}. Install it with: pip install opencv-python"
        ) from error
    image = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise ValueError("a damaged PNG file: its pixels cannot be decompressed")
    return np.ascontiguousarray(image[..., [2, 1, 0, 3][: image.shape[2]]])
