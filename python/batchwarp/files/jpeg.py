"""What the markers of a JPEG file say, without decoding it (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
from typing import NamedTuple

_START = b"\xff\xd8\xff"
_END = 0xD9
_TABLES_OR_SCAN = frozenset((0xC4, 0xDA, 0xDB, 0xDD))
_START_OF_SCAN = 0xDA
_EXIF = 0xE1  # APP1, which also carries XMP
_ADOBE = 0xEE  # APP14
_YCBCR = b"\x01"  # the transform in Adobe's segment
_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
# The others are lossless, hierarchical or arithmetic.
_DECODED_ALIKE = frozenset((_BASELINE, _EXTENDED, _PROGRESSIVE))
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset((0x00, 0x01, 0xFF, *range(0xD0, 0xDA)))
# In coded data: neither a stuffed byte, nor a restart marker, nor filling.
_marker_in_scan = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)


class JpegHeader(NamedTuple):
    """The frame of an ordinary, complete JPEG file.

    Attributes:
        height: Integer, pixels.
        width: Integer, pixels.
        components: Integer, 1 (grey) or 3.
        has_exif: Boolean, whether an orientation may be found in the file.
    """

    height: int
    width: int
    components: int
    has_exif: bool


def ordinary_jpeg(data: bytes) -> JpegHeader | None:
    """Returns the header of a file that every decoder built on libjpeg decodes to the same pixels.

    Args:
        data: Bytes, the whole file.

    Returns:
        A `JpegHeader`, or `None` for all other files: those that are no JPEG, CMYK, 12-bit,
        lossless or arithmetic coding, colours that are not Y'CbCr, and files that end early or
        whose markers are damaged, where decoders differ in what they forgive.
    """
    if not data.startswith(_START):
        return None
    frame = height = width = components = 0
    has_exif = False
    position = 2
    while True:
        segment = _segment(data, position)
        if segment is None:
            return None
        marker, content, position = segment
        if marker == _START_OF_SCAN:
            break
        if marker in _FRAMES:
            if frame or marker not in _DECODED_ALIKE or position - content < 9:
                return None
            precision, height, width, components = (
                data[content],
                data[content + 1] << 8 | data[content + 2],
                data[content + 3] << 8 | data[content + 4],
                data[content + 5],
            )
            if precision != 8 or components not in (1, 3) or not height * width:
                return None
            frame = marker
        elif marker == _EXIF:
            has_exif = True
        elif marker == _ADOBE and not _is_ycbcr(data[content:position]):
            return None
    if not frame or not _scans_are_whole(data, position, frame == _PROGRESSIVE):
        return None
    return JpegHeader(height, width, components, has_exif)


def _is_ycbcr(segment: bytes) -> bool:
    """Whether a segment that may be Adobe's does not ask for other colours."""
    return not segment.startswith(b"Adobe") or segment[11:12] == _YCBCR


def _segment(data: bytes, position: int) -> tuple[int, int, int] | None:
    """Returns a segment's marker, where its content begins and where it ends."""
    if position + 4 > len(data) or data[position] != 0xFF or data[position + 1] in _WITHOUT_LENGTH:
        return None
    content = position + 4
    end = position + 2 + (data[position + 2] << 8 | data[position + 3])
    return (data[position + 1], content, end) if content <= end <= len(data) else None


def _scans_are_whole(data: bytes, position: int, several: bool) -> bool:
    """Whether coded data goes on until the end of the image, without markers from elsewhere."""
    while True:
        found = _marker_in_scan.search(data, position)
        if found is None:
            return False
        marker = data[found.start() + 1]
        if marker == _END:
            return True
        segment = _segment(data, found.start())
        if not several or marker not in _TABLES_OR_SCAN or segment is None:
            return False
        position = segment[2]
