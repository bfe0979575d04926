"""The format of a store: an index, and a file of the data that it tells of.

The index is a header, and from the next page on records, one after the other; the data are what
they are of, images of one size or whole files. Both files only grow. A record is written when its
data are there, so that data behind those of the last record are worth nothing. All numbers are
little-endian.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import blake2b
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DATA_SUFFIX",
    "LONGEST_HEADER",
    "RECORD",
    "SUFFIX",
    "VERSION",
    "VOIDED",
    "FormatError",
    "Layout",
    "Setting",
    "sealed",
    "seals",
]

SUFFIX = ".bwcache"
DATA_SUFFIX = ".bwdata"
VERSION = 2
RECORD = np.dtype(
    [
        ("path", "<u8", (2,)),  # hash of the image file's path
        ("size", "<i8"),  # of the image file, in bytes
        ("mtime_ns", "<i8"),  # of the image file
        ("crc32", "<u8"),  # of the data
        ("offset", "<u8"),  # where they are
        ("length", "<u8"),  # of them, in bytes
        ("seal", "<u8"),  # over all of the above; what does not agree was not written to its end
    ]
)
_RECORD_WORDS = RECORD.itemsize // 8
# A record that holds for nothing and yet keeps the place of its image in use: its seal is even,
# which `seals` never gives.
VOIDED = (RECORD.itemsize - 8) * b"\xff" + b"\xfe" + 7 * b"\xff"
Setting = str | int | bool | None

_MAGIC = b"bwcache\n"
_RECORD = struct.Struct("<2Q2q4Q")  # the same as `RECORD`
_PREFIX = struct.Struct("<8sIII")  # magic, version, length and CRC-32 of the JSON that follows
_WORD = 2**64 - 1
_FACTOR = 0x9E3779B97F4A7C15  # odd, so that multiplying by it is a bijection
LONGEST_HEADER = 1 << 16
_PAGE = 4096


class FormatError(ValueError):
    """A file is not a store that can be used; the message is the reason."""


@dataclass(frozen=True)
class Layout:
    """What a store holds: the header of its index.

    Args:
        root: Folder of the images, absolute.
        settings: How they were decoded.
        image_shape: Height, width and channels of every image; None for files as they are.
        salt: 64 random bits, which make the seals of one store worthless in every other.
    """

    root: str
    settings: Mapping[str, Setting]
    image_shape: tuple[int, int, int] | None
    salt: int

    @cached_property
    def header(self) -> bytes:
        """The header as it is in the file."""
        text = json.dumps(asdict(self), sort_keys=True).encode()
        return _PREFIX.pack(_MAGIC, VERSION, len(text), zlib.crc32(text)) + text

    @property
    def key(self) -> str:
        """A hash of what images have in common that are in one store: the name of its files."""
        text = json.dumps([self.root, self.settings, self.image_shape], sort_keys=True)
        return blake2b(text.encode(), digest_size=5).hexdigest()

    @property
    def image_bytes(self) -> int | None:
        """Length of every image; None if they differ."""
        return None if self.image_shape is None else prod(self.image_shape)

    @cached_property
    def index_offset(self) -> int:
        """Where the records begin."""
        return -(-len(self.header) // _PAGE) * _PAGE

    def fits(self, other: Layout) -> bool:
        """Whether the images of one are also images of the other."""
        return (self.root, self.settings, self.image_shape) == (
            other.root,
            other.settings,
            other.image_shape,
        )

    @classmethod
    def parse(cls, start: bytes) -> Layout:
        """Reads a header.

        Args:
            start: The beginning of a file; `LONGEST_HEADER` bytes are enough.

        Returns:
            The layout of the file.

        Raises:
            FormatError: If this is not the header of a store of this version.
        """
        if not start:
            raise FormatError("empty")
        if len(start) < _PREFIX.size or not start.startswith(_MAGIC):
            raise FormatError("damaged: not the beginning of a cache file")
        _, version, length, checksum = _PREFIX.unpack_from(start)
        if version != VERSION:
            raise FormatError(
                f"of another release: version {version} of the format, this is version {VERSION}"
            )
        text = start[_PREFIX.size : _PREFIX.size + length]
        if len(text) != length or zlib.crc32(text) != checksum:
            raise FormatError("damaged: its header does not agree with its checksum")
        return cls._from_json(json.loads(text))

    @classmethod
    def _from_json(cls, fields: dict[str, Any]) -> Layout:
        try:
            shape = fields["image_shape"]
            layout = cls(**{**fields, "image_shape": None if shape is None else tuple(shape)})
            valid = all(extent > 0 for extent in layout.image_shape or ())
        except (KeyError, TypeError):
            valid = False
        if not valid:
            raise FormatError("damaged: its header makes no sense")
        return layout


def seals(records: NDArray[np.void], positions: NDArray[np.int64], salt: int) -> NDArray[np.uint64]:
    """Computes what the seals of records must be.

    Every step is a bijection of the state for a given word, and of the word for a given state: one
    wrong word is always found, several are missed once in 2^63.

    Args:
        records: Records of dtype `RECORD`, shape (n,), contiguous.
        positions: int64 array (n,), their places in the index.
        salt: The store's salt.

    Returns:
        uint64 array (n,); never 0, never even.
    """
    words = records.view("<u8").reshape(-1, _RECORD_WORDS)
    state = np.uint64(salt) ^ positions.astype(np.uint64)
    for column in range(_RECORD_WORDS - 1):
        state = (state ^ words[:, column]) * np.uint64(_FACTOR)
        state ^= state >> np.uint64(32)
    return state | np.uint64(1)


def sealed(
    path_hash: tuple[int, int],
    signature: tuple[int, int],
    crc32: int,
    place: tuple[int, int],
    position: int,
    salt: int,
) -> bytes:
    """Returns one record as it is in the file; its seal is that of `seals`.

    With NumPy's arrays of one element it would take ten times as long.

    Args:
        path_hash: The hash of the image file's path, integers from 0 to 2^64 - 1.
        signature: Size and mtime_ns of the file.
        crc32: Of the data.
        place: Where the data are, and their length.
        position: The record's place in the index.
        salt: The store's salt.
    """
    state = salt ^ position
    for word in (*path_hash, *signature, crc32, *place):
        state = (state ^ word) * _FACTOR & _WORD
        state ^= state >> 32
    return _RECORD.pack(*path_hash, *signature, crc32, *place, state | 1)
