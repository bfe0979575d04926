"""Samples of TIFF files as they are stored.

Decoders made for pictures have no modes for most layouts of TIFF, and take what they do not know
for something else. So the layout is this module's; decoders only decompress bytes.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_NONE, _GREY, _RGB, _PALETTE, _YCBCR = 1, 1, 2, 3, 6  # one compression, then photometrics
_DEFLATE = (8, 32946)
_CCITT = (2, 3, 4)
_BYTES = (5, 32773, 34925, 50000)  # codecs of bytes that libtiff has: what they mean matters not
_PICTURES = (6, 7, 50001)  # codecs of pictures of 8 bits: JPEG and WebP
_COMPRESSIONS = {
    1: "no compression", 2: "CCITT", 3: "CCITT group 3", 4: "CCITT group 4", 5: "LZW",
    6: "old JPEG", 7: "JPEG", 8: "deflate", 32773: "PackBits", 32809: "ThunderScan",
    32946: "deflate", 33003: "JPEG 2000", 33005: "JPEG 2000", 34676: "LogLuv", 34677: "LogLuv",
    34712: "JPEG 2000", 34887: "LERC", 34892: "lossy JPEG", 34925: "LZMA", 34933: "PNG",
    50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}  # fmt: skip
_PHOTOMETRICS = {
    0: "grey, 0 is white", 1: "grey", 2: "RGB", 3: "palette", 4: "mask", 5: "CMYK", 6: "Y'CbCr",
    8: "L*a*b*", 9: "L*a*b*", 10: "L*a*b*", 32803: "colour filter array", 32844: "LogL",
    32845: "LogLuv",
}  # fmt: skip
_KINDS = {1: "uint", 2: "int", 3: "float", 4: "undefined ", 5: "complex int", 6: "complex"}
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
# Struct's letters for the types of tags that hold integers.
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_DAMAGED = "a damaged TIFF file"
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Stored(NamedTuple):
    """What is in a file.

    Attributes:
        image: Array `(height, width, channels)`: for palettes the indices, one channel.
        palette: Array `(n, 3)` of uint8, the colours, or `None`.
        has_alpha: Boolean, whether the last of four channels is an alpha channel beside red, green
            and blue, which are not multiplied by it.
        bilevel: Boolean, whether it is of one channel of single bits.
        orientation: Integer, EXIF's.
    """

    image: NDArray[Any]
    palette: NDArray[np.uint8] | None
    has_alpha: bool
    bilevel: bool
    orientation: int


def is_tiff(data: bytes) -> bool:
    """Whether a file is TIFF or BigTIFF by its first bytes."""
    return data.startswith(_MAGIC)


def read(data: bytes, check_size: Callable[[int, int], object]) -> Stored | None:
    """Decodes the first image of a TIFF file.

    Args:
        data: Bytes, the whole file.
        check_size: Is called with width and height before anything is decoded.

    Returns:
        What is stored, or `None` if it is a picture of 8 bits that Pillow decodes as it is: JPEG or
        WebP within a TIFF file.

    Raises:
        ValueError: If the file is damaged, or of a layout that is not read; the error names it.
    """
    layout = _Layout.of(data)
    check_size(layout.width, layout.height)
    reason = layout.unreadable()
    if reason:
        raise ValueError(f"a TIFF image of a layout that is not read ({layout}): {reason}")
    if layout.compression in _PICTURES:
        return None
    blocks = layout.blocks(data)
    per_plane = len(blocks) // layout.planes
    planes = [
        _plane(layout, blocks[start : start + per_plane])
        for start in range(0, len(blocks), per_plane)
    ]
    image = planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)
    palette = None
    if layout.photometric == _PALETTE:
        # As Pillow: of 16 bits, the upper 8.
        colours = np.array(layout.palette, np.uint16).reshape(3, -1).T
        palette = (colours >> 8).astype(np.uint8)
    return Stored(
        image=np.ascontiguousarray(image),
        palette=palette,
        has_alpha=layout.photometric == _RGB
        and layout.samples == 4
        and layout.extra in ((), (2,))
        and image.dtype == np.uint8,
        bilevel=layout.bits == (1,),
        orientation=layout.orientation,
    )


def described(data: bytes) -> str | None:
    """Returns the layout of a TIFF file in words, or `None` if it has no first image."""
    try:
        return str(_Layout.of(data))
    except ValueError:
        return None


class _Layout(NamedTuple):
    """What the tags of an image say, with the specification's defaults."""

    order: str
    width: int
    height: int
    bits: tuple[int, ...]
    compression: int
    photometric: int
    fill_order: int
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    orientation: int
    samples: int
    rows: int  # of a strip
    planar: int
    fax_options: dict[int, int]
    predictor: int
    palette: tuple[int, ...]
    tile: tuple[int, int] | None  # width, height
    extra: tuple[int, ...]
    formats: tuple[int, ...]
    subsampling: tuple[int, ...]

    @classmethod
    def of(cls, data: bytes) -> _Layout:
        tags = _tags(data)

        def one(tag: int, default: int | None = None) -> int:
            values = tags.get(tag)
            if values:
                return values[0]
            if default is None:
                raise ValueError(f"{_DAMAGED}: tag {tag} is missing")
            return default

        samples = one(277, 1)
        width, height = one(256), one(257)
        if min(width, height, samples) < 1:
            raise ValueError(f"a TIFF image of {width}×{height} pixels of {samples} samples")
        tile = (one(322), one(323)) if 322 in tags else None
        return cls(
            order="<" if data[:1] == b"I" else ">",
            width=width,
            height=height,
            bits=_of_each(tags.get(258, (1,)), samples),
            compression=one(259, _NONE),
            photometric=one(262, 0),
            fill_order=one(266, 1),
            offsets=tags.get(273 if tile is None else 324, tags.get(324, tags.get(273, ()))),
            counts=tags.get(279 if tile is None else 325, tags.get(325, tags.get(279, ()))),
            orientation=one(274, 1),
            samples=samples,
            rows=min(one(278, height) or height, height),
            planar=one(284, 1) if samples > 1 else 1,
            fax_options={tag: one(tag) for tag in (292, 293) if tag in tags},
            predictor=one(317, 1),
            palette=tags.get(320, ()),
            tile=tile,
            extra=tags.get(338, ()),
            formats=_of_each(tags.get(339, (_UNSIGNED,)), samples),
            subsampling=tags.get(530, (2, 2)),
        )

    def __str__(self) -> str:
        kinds = [
            f"{_KINDS.get(kind, 'unknown ')}{bits}"
            for kind, bits in zip(self.formats, self.bits, strict=True)
        ]
        kind = kinds[0] if len(set(kinds)) == 1 else "/".join(kinds[:8])
        parts = [
            f"{self.samples} × {kind}",
            _PHOTOMETRICS.get(self.photometric, f"photometric {self.photometric}"),
            _COMPRESSIONS.get(self.compression, f"compression {self.compression}"),
        ]
        if self.extra:
            parts.append(f"extra samples {', '.join(map(str, self.extra))}")
        if self.planar != 1:
            parts.append(f"planar configuration {self.planar}")
        if self.predictor != 1:
            parts.append(f"predictor {self.predictor}")
        if self.tile is not None:
            parts.append(f"tiles of {self.tile[0]}×{self.tile[1]}")
        return ", ".join(parts)

    @property
    def planes(self) -> int:
        return self.samples if self.planar == 2 else 1

    @property
    def block(self) -> tuple[int, int]:
        """Height and width of a strip or a tile."""
        return (self.rows, self.width) if self.tile is None else self.tile[::-1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of samples; of the file's byte order, if they are of whole bytes."""
        bits, kind = self.bits[0], "uif"[self.formats[0] - 1]
        return np.dtype(f"{self.order}{kind}{next(n for n in (1, 2, 4, 8) if bits <= 8 * n)}")

    def unreadable(self) -> str | None:
        """Returns why this layout is not read."""
        bits, kind = self.bits[0], self.formats[0]
        if len(set(self.bits)) > 1 or len(set(self.formats)) > 1:
            return "samples differ in depth"
        if kind not in (_UNSIGNED, _SIGNED, _FLOAT):
            return "samples are not real numbers"
        whole = {_UNSIGNED: (*range(1, 17), 32, 64), _SIGNED: (8, 16, 32, 64)}
        if bits not in whole.get(kind, (16, 32, 64)):
            return f"samples of {bits} bits"
        if self.compression in _PICTURES:
            known = {(_GREY, 1), (_RGB, 3), (_YCBCR, 3)}
            if (self.photometric, self.samples) in known and (bits, kind, self.planar) == (8, 1, 1):
                return None
            return "such compression is read for grey and colours of 8 bits"
        if self.compression not in (_NONE, *_DEFLATE, *_CCITT, *_BYTES):
            return "the compression"
        if self.compression in _CCITT and (bits, self.samples) != (1, 1):
            return "such compression is for single bits"
        if self.predictor not in (1, 2, 3) or self.planar not in (1, 2):
            return "the predictor or the planar configuration"
        predicted = (8, 16, 32, 64) if self.predictor == 2 else (16, 32, 64)
        if self.predictor > 1 and self.compression in (_NONE, *_CCITT, 32773):
            return "a predictor without its compression"
        if self.predictor == 3 and kind != _FLOAT:
            return "the predictor does not suit the samples"
        if (self.predictor > 1 and bits not in predicted) or (
            self.predictor == 3 and kind != _FLOAT
        ):
            return "the predictor does not suit the samples"
        if self.photometric == _YCBCR and self.samples > 1 and set(self.subsampling) != {1}:
            return "colours of lower resolution"
        if self.photometric == _PALETTE and (
            kind != _UNSIGNED or bits > 16 or self.samples > 1 or len(self.palette) != 3 << bits
        ):
            return "a palette with other samples than indices of its colours"
        return None

    def blocks(self, data: bytes) -> list[bytes]:
        """Returns the compressed strips or tiles."""
        height, width = self.block
        if min(height, width) < 1:
            raise ValueError(f"{_DAMAGED}: {self}")
        count = -(-self.height // height) * -(-self.width // width) * self.planes
        counts = self.counts
        if not counts and self.compression == _NONE:  # they were optional once
            counts = (len(data),) * count
        if len(self.offsets) < count or len(counts) < count:
            raise ValueError(
                f"{_DAMAGED}: has {min(len(self.offsets), len(counts))} strips or tiles "
                f"where {count} belong"
            )
        pairs = list(zip(self.offsets[:count], counts, strict=False))
        if not all(offset and size for offset, size in pairs):
            raise ValueError("a TIFF image of which strips or tiles are left out")
        if self.counts and any(offset + size > len(data) for offset, size in pairs):
            raise ValueError("a TIFF file that ends early")
        blocks = [data[offset : offset + size] for offset, size in pairs]
        if self.fill_order == 2:
            blocks = [block.translate(_REVERSED_BITS) for block in blocks]
        return blocks


def _of_each(values: tuple[int, ...], samples: int) -> tuple[int, ...]:
    """Returns a value for each sample; many files have one for all."""
    return (values * samples)[:samples] if len(values) == 1 else (values + (0,) * samples)[:samples]


def _tags(data: bytes) -> dict[int, tuple[int, ...]]:
    """Returns the integers of the first image's tags."""
    order = "<" if data[:1] == b"I" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    head, entry, inline = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    word = "Q" if big else "I"
    try:
        (start,) = struct.unpack_from(order + word, data, 8 if big else 4)
        (count,) = struct.unpack_from(order + head, data, start)
        start += struct.calcsize("=" + head)
        size = struct.calcsize("=" + entry) + inline
        tags: dict[int, tuple[int, ...]] = {}
        for at in range(start, start + count * size, size):
            tag, kind, number = struct.unpack_from(order + entry, data, at)
            if kind not in _INTEGERS or tag in tags:
                continue
            values = f"{order}{number}{_INTEGERS[kind]}"
            place = at + size - inline
            if number * struct.calcsize("=" + _INTEGERS[kind]) > inline:
                (place,) = struct.unpack_from(order + word, data, place)
            if place + number > len(data):
                raise struct.error
            tags[tag] = struct.unpack_from(values, data, place)
    except (struct.error, OverflowError):
        raise ValueError(
            "a TIFF file that ends early or is damaged: its tags lie outside"
        ) from None
    return tags


def _plane(layout: _Layout, blocks: Sequence[bytes]) -> NDArray[Any]:
    """Returns the image, or a plane of it, of its strips or tiles."""
    rows, width = layout.block
    channels = layout.samples // layout.planes
    bits = layout.bits[0]
    row_bytes = -(-width * channels * bits // 8)
    total = layout.height if layout.tile is None else rows * len(blocks)
    content = _decompressed(layout, blocks, rows, total, row_bytes)
    if layout.predictor == 3:
        samples = _floats(content, width, channels, layout.dtype.itemsize)
    elif bits in (8, 16, 32, 64):
        samples = content.view(layout.dtype).reshape(total, width, channels)
        if layout.predictor == 2:
            samples = _summed(samples)
    else:
        samples = _unpacked(content, bits, width * channels).reshape(total, width, channels)
    samples = samples.astype(layout.dtype.newbyteorder("="), copy=False)
    if layout.tile is not None:
        across = -(-layout.width // width)
        grid = samples.reshape(-1, across, rows, width, channels).swapaxes(1, 2)
        samples = grid.reshape(-1, across * width, channels)
    return samples[: layout.height, : layout.width]


def _summed(samples: NDArray[Any]) -> NDArray[Any]:
    """Undoes predictor 2: samples are differences from the ones to their left."""
    whole = samples.astype(samples.dtype.newbyteorder("="), copy=False)
    integers = whole.view(f"u{whole.dtype.itemsize}")
    return np.cumsum(integers, axis=1, dtype=integers.dtype).view(whole.dtype)


def _floats(content: NDArray[np.uint8], width: int, channels: int, size: int) -> NDArray[Any]:
    """Undoes predictor 3: differences of bytes, all first bytes of a row before all second ones."""
    total = len(content)
    steps = content.reshape(total, -1, channels)
    values = np.cumsum(steps, axis=1, dtype=np.uint8).reshape(total, size, width * channels)
    joined = np.ascontiguousarray(values.swapaxes(1, 2))
    return joined.view(f">f{size}").reshape(total, width, channels)


def _unpacked(content: NDArray[np.uint8], bits: int, per_row: int) -> NDArray[Any]:
    """Returns samples of less than 8 or 16 bits, which follow each other within a row."""
    digits = np.unpackbits(content, axis=1, count=per_row * bits).reshape(-1, per_row, bits)
    values = np.zeros(digits.shape[:2], np.uint8 if bits <= 8 else np.uint16)
    for digit in range(bits):
        values <<= 1
        values |= digits[..., digit]
    return values


def _decompressed(
    layout: _Layout, blocks: Sequence[bytes], rows: int, total: int, row_bytes: int
) -> NDArray[np.uint8]:
    """Returns the bytes of all rows, of one strip or tile after the other."""
    sizes = [min(rows, total - row) * row_bytes for row in range(0, total, rows)]
    if layout.compression in (_NONE, *_DEFLATE):
        expand = _cut if layout.compression == _NONE else _inflated
        content = b"".join(expand(*pair) for pair in zip(blocks, sizes, strict=True))
        return np.frombuffer(content, np.uint8).reshape(total, row_bytes)
    is_fax = layout.compression in _CCITT
    width = layout.block[1] if is_fax else row_bytes
    tags = {259: layout.compression, **layout.fax_options}
    file = _strips_file(blocks, rows, total, width, 1 if is_fax else 8, tags)
    try:
        found = _with_libtiff(file)
    except OSError as error:
        name = _COMPRESSIONS[layout.compression]
        missing = f", or Pillow's libtiff knows no {name}" if layout.compression >= 34925 else ""
        raise ValueError(
            f"{_DAMAGED}: its pixels ({name}) cannot be decompressed{missing}"
        ) from error
    return np.packbits(found, axis=1) if is_fax else found


def _cut(block: bytes, size: int) -> bytes:
    if len(block) < size:
        raise ValueError(f"{_DAMAGED}: {len(block)} bytes of pixels where {size} belong")
    return block[:size]


def _inflated(block: bytes, size: int) -> bytes:
    """Decompresses with a look at the checksum at the end, which libtiff leaves alone."""
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(block, size)
        surplus = 0  # some writers fill the last strip up
        while not inflater.eof and surplus <= size:
            more = len(inflater.decompress(inflater.unconsumed_tail, size))
            if not more and not inflater.unconsumed_tail:
                break
            surplus += more
    except zlib.error as error:
        raise ValueError(f"{_DAMAGED}: its pixels cannot be decompressed ({error})") from error
    if not inflater.eof:
        raise ValueError(f"{_DAMAGED}: its compressed pixels have no end")
    return _cut(content, size)


def _strips_file(
    strips: Sequence[bytes], rows: int, total: int, width: int, bits: int, tags: dict[int, int]
) -> bytes:
    """Returns a TIFF file of one grey channel with the given compressed strips."""
    start = 8
    offsets = []
    for strip in strips:
        offsets.append(start)
        start += len(strip)
    lists = struct.pack(f"<{2 * len(strips)}I", *offsets, *map(len, strips))
    far = len(strips) > 1
    numbers = {
        256: width, 257: total, 258: bits, 262: _GREY, 277: 1, 278: rows,
        273: start if far else offsets[0], 279: start + 4 * len(strips) if far else len(strips[0]),
    } | tags  # fmt: skip
    entries = b"".join(
        struct.pack("<HHII", tag, 4, len(strips) if tag in (273, 279) else 1, numbers[tag])
        for tag in sorted(numbers)
    )
    header = struct.pack("<4sI", b"II*\0", start + len(lists))
    return b"".join((header, *strips, lists, struct.pack("<H", len(numbers)), entries, bytes(4)))


def _with_libtiff(file: bytes) -> NDArray[np.uint8]:
    """Decodes a file with Pillow's libtiff, whatever its size: rows of bytes are no pixels."""
    from PIL.TiffImagePlugin import TiffImageFile

    with TiffImageFile(io.BytesIO(file)) as picture:
        return np.asarray(picture)
