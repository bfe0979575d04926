"""TIFF files of any layout, which libraries for pictures do not write."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

COMPRESSIONS = {"none": 1, "lzw": 5, "deflate": 8, "packbits": 32773, "lzma": 34925, "zstd": 50000}
_KINDS = {"u": 1, "i": 2, "f": 3, "c": 6}
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass
class Layout:
    """How the samples of an image are laid out in a file.

    Attributes:
        photometric: Integer, what samples mean: 0 and 1 grey, 2 RGB, 3 palette, 5 CMYK, 6 Y'CbCr.
        extra: Tuple of integers, what the samples beyond those mean, or `None` for no such tag.
        bits: Integer, bits of a sample; `None` for those of the array's dtype.
        planar: Integer, 1 or 2: samples of a pixel together, or each in a plane of its own.
        compression: String, one of `COMPRESSIONS`.
        predictor: Integer, 1, 2 or 3.
        tile: Tuple `(height, width)`, or `None` for strips.
        rows: Integer, rows of a strip.
        order: String, `"<"` or `">"`.
        big: Boolean, whether it is BigTIFF.
        fill_order: Integer, 1, or 2 for bytes with their bits reversed.
        orientation: Integer, EXIF's; `None` for no such tag.
        more: Other tags: their types and values.
        damage: What is done to each compressed strip or tile, or `None`.
    """

    photometric: int = 1
    extra: tuple[int, ...] | None = None
    bits: int | None = None
    planar: int = 1
    compression: str = "none"
    predictor: int = 1
    tile: tuple[int, int] | None = None
    rows: int = 4
    order: str = "<"
    big: bool = False
    fill_order: int = 1
    orientation: int | None = None
    more: tuple[tuple[int, str, tuple[int, ...]], ...] = ()
    damage: Callable[[bytes], bytes] | None = None


def tiff(samples: np.ndarray, layout: Layout | None = None, **changes: Any) -> bytes:
    """Encodes an array `(height, width, channels)` as TIFF.

    Args:
        samples: Array of integers, floats or complex numbers.
        layout: How; `None` for that of the keyword arguments, which are `Layout`'s.
    """
    layout = layout or Layout(**changes)
    height, width, channels = samples.shape
    planes = [samples]
    if layout.planar == 2:
        planes = [samples[..., plane : plane + 1] for plane in range(channels)]
    blocks = [
        _compressed(_bytes(block, layout), layout, block.shape)
        for plane in planes
        for block in _blocks(plane, layout)
    ]
    if layout.damage is not None:
        blocks = [layout.damage(block) for block in blocks]
    bits = layout.bits or samples.dtype.itemsize * 8
    tags: dict[int, tuple[str, tuple[int, ...]]] = {
        256: ("I", (width,)),
        257: ("I", (height,)),
        258: ("H", (bits,) * channels),
        259: ("H", (COMPRESSIONS[layout.compression],)),
        262: ("H", (layout.photometric,)),
        277: ("H", (channels,)),
        284: ("H", (layout.planar,)),
        339: ("H", (_KINDS[samples.dtype.kind],) * channels),
    }
    if layout.fill_order != 1:
        tags[266] = ("H", (layout.fill_order,))
    if layout.orientation is not None:
        tags[274] = ("H", (layout.orientation,))
    if layout.predictor != 1:
        tags[317] = ("H", (layout.predictor,))
    if layout.extra is not None:
        tags[338] = ("H", layout.extra)
    if layout.tile is None:
        tags[278] = ("I", (layout.rows,))
    else:
        tags |= {322: ("I", (layout.tile[1],)), 323: ("I", (layout.tile[0],))}
    tags |= {tag: (kind, values) for tag, kind, values in layout.more}
    return _file(tags, blocks, layout)


def _blocks(plane: np.ndarray, layout: Layout) -> list[np.ndarray]:
    """Returns strips, or tiles filled up to their size."""
    height, width = plane.shape[:2]
    if layout.tile is None:
        return [plane[top : top + layout.rows] for top in range(0, height, layout.rows)]
    rows, columns = layout.tile
    filled = np.pad(plane, ((0, -height % rows), (0, -width % columns), (0, 0)), mode="edge")
    return [
        filled[top : top + rows, left : left + columns]
        for top in range(0, height, rows)
        for left in range(0, width, columns)
    ]


def _bytes(block: np.ndarray, layout: Layout) -> bytes:
    rows, columns, channels = block.shape
    bits = layout.bits or block.dtype.itemsize * 8
    if bits not in (8, 16, 32, 64, 128):
        values = block.reshape(rows, columns * channels).astype(np.uint16)
        digits = (values[..., np.newaxis] >> np.arange(bits)[::-1]) & 1
        return np.packbits(digits.reshape(rows, -1).astype(np.uint8), axis=1).tobytes()
    if layout.predictor == 2:
        integers = block.view(f"u{block.dtype.itemsize}").copy()
        integers[:, 1:] -= integers[:, :-1].copy()
        block = integers
    elif layout.predictor == 3:
        size = block.dtype.itemsize
        parts = block.astype(block.dtype.newbyteorder(">")).reshape(rows, -1, 1).view(np.uint8)
        parts = parts.reshape(rows, -1, size).swapaxes(1, 2).reshape(rows, -1, channels).copy()
        parts[:, 1:] -= parts[:, :-1].copy()
        return parts.tobytes()
    return block.astype(block.dtype.newbyteorder(layout.order)).tobytes()


def _compressed(content: bytes, layout: Layout, shape: tuple[int, ...]) -> bytes:
    if layout.compression == "deflate":
        content = zlib.compress(content)
    elif layout.compression == "packbits":  # rows are compressed one by one
        size = len(content) // shape[0]
        content = b"".join(
            _packed(content[start : start + size]) for start in range(0, len(content), size)
        )
    elif layout.compression != "none":
        import imagecodecs

        content = getattr(imagecodecs, f"{layout.compression}_encode")(content)
    return content.translate(_REVERSED) if layout.fill_order == 2 else content


def _packed(row: bytes) -> bytes:
    """PackBits with runs of equal bytes, and all else in pieces."""
    packed = b""
    at = 0
    while at < len(row):
        run = 1
        while run < 128 and row[at : at + 1] == row[at + run : at + run + 1]:
            run += 1
        if run > 2:
            packed += bytes((257 - run, row[at]))
        else:
            run = min(5, len(row) - at)
            packed += bytes((run - 1,)) + row[at : at + run]
        at += run
    return packed


def _file(
    tags: dict[int, tuple[str, tuple[int, ...]]], blocks: list[bytes], layout: Layout
) -> bytes:
    word, inline = ("Q", 8) if layout.big else ("I", 4)
    order = layout.order
    body = bytearray(16 if layout.big else 8)
    offsets = []
    for block in blocks:
        offsets.append(len(body))
        body += block + bytes(len(block) % 2)
    places, sizes = (273, 279) if layout.tile is None else (324, 325)
    tags = tags | {places: (word, tuple(offsets)), sizes: (word, tuple(map(len, blocks)))}
    numbers = {"B": 1, "H": 3, "I": 4, "b": 6, "h": 8, "i": 9, "Q": 16}
    entries = []
    for tag, (kind, values) in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(packed) > inline:
            packed, place = struct.pack(order + word, len(body)), packed
            body += place + bytes(len(place) % 2)
        entries.append(
            struct.pack(f"{order}HH{word}", tag, numbers[kind], len(values))
            + packed.ljust(inline, b"\0")
        )
    start = len(body)
    count = struct.pack(order + ("Q" if layout.big else "H"), len(entries))
    body += count + b"".join(entries) + bytes(inline)
    mark = b"II" if order == "<" else b"MM"
    header = (
        struct.pack(order + "HHHQ", 43, 8, 0, start)
        if layout.big
        else struct.pack(order + "HI", 42, start)
    )
    body[: 2 + len(header)] = mark + header
    return bytes(body)
