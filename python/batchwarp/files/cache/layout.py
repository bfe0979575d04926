"""The format of a cache file.

A header, an index of one record per slot, and the slots, one image each; index and slots begin at
multiples of a page. A record that was never written is all zeros. All numbers are little-endian.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LONGEST_HEADER",
    "RECORD",
    "RECORD_WORDS",
    "SUFFIX",
    "VERSION",
    "FormatError",
    "Layout",
    "Setting",
    "sealed",
    "seals",
    "voided",
]

SUFFIX = ".bwcache"
VERSION = 1
RECORD = np.dtype(
    [
        ("path", "<u8", (2,)),  # hash of the image file's path
        ("size", "<i8"),  # of the image file, in bytes
        ("mtime_ns", "<i8"),  # of the image file
        ("crc32", "<u8"),  # of the pixels
        ("seal", "<u8"),  # over all of the above; what does not agree was not written to its end
    ]
)
RECORD_WORDS = RECORD.itemsize // 8
Setting = str | int | bool | None

_MAGIC = b"bwcache\n"
_RECORD = struct.Struct("<2Q2q2Q")  # the same as `RECORD`
_PREFIX = struct.Struct("<8sIII")  # magic, version, length and CRC-32 of the JSON that follows
_WORD = 2**64 - 1
_FACTOR = 0x9E3779B97F4A7C15  # odd, so that multiplying by it is a bijection
LONGEST_HEADER = 1 << 16
_PAGE = 4096


class FormatError(ValueError):
    """A file is not a cache file that can be used; the message is the reason."""


@dataclass(frozen=True)
class Layout:
    """What a cache file holds and where in the file it is: its header.

    Args:
        root: Folder of the images, absolute.
        settings: How they were decoded.
        image_shape: Height, width and channels of every image.
        capacity: Number of slots.
        salt: 64 random bits, which make the seals of one file worthless in every other.
    """

    root: str
    settings: Mapping[str, Setting]
    image_shape: tuple[int, int, int]
    capacity: int
    salt: int

    @cached_property
    def header(self) -> bytes:
        """The header as it is in the file."""
        text = json.dumps(asdict(self), sort_keys=True).encode()
        return _PREFIX.pack(_MAGIC, VERSION, len(text), zlib.crc32(text)) + text

    @property
    def image_bytes(self) -> int:
        """Length of a slot."""
        return prod(self.image_shape)

    @property
    def index_offset(self) -> int:
        """Where the records begin."""
        return _page(len(self.header))

    @property
    def data_offset(self) -> int:
        """Where the slots begin."""
        return _page(self.index_offset + self.capacity * RECORD.itemsize)

    @property
    def file_size(self) -> int:
        """Length of the file, which it has from the beginning."""
        return self.data_offset + self.capacity * self.image_bytes

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
            FormatError: If this is not the header of a cache file of this version.
        """
        if not start:
            raise FormatError("empty")
        if len(start) < _PREFIX.size or not start.startswith(_MAGIC):
            raise FormatError("damaged: not the beginning of a cache file")
        _, version, length, checksum = _PREFIX.unpack_from(start)
        if version != VERSION:
            raise FormatError(f"version {version} of the format, this is version {VERSION}")
        text = start[_PREFIX.size : _PREFIX.size + length]
        if len(text) != length or zlib.crc32(text) != checksum:
            raise FormatError("damaged: its header does not agree with its checksum")
        return cls._from_json(json.loads(text))

    @classmethod
    def _from_json(cls, fields: dict[str, Any]) -> Layout:
        try:
            layout = cls(**{**fields, "image_shape": tuple(fields["image_shape"])})
            valid = all(value > 0 for value in (*layout.image_shape, layout.capacity))
        except (KeyError, TypeError):
            valid = False
        if not valid:
            raise FormatError("damaged: its header makes no sense")
        return layout


def seals(records: NDArray[np.void], slots: NDArray[np.int64], salt: int) -> NDArray[np.uint64]:
    """Computes what the seals of records must be.

    Every step is a bijection of the state for a given word, and of the word for a given state: one
    wrong word is always found, several are missed once in 2^63.

    Args:
        records: Records of dtype `RECORD`, shape (n,), contiguous.
        slots: int64 array (n,), the slots that they are for.
        salt: The file's salt.

    Returns:
        uint64 array (n,); never 0.
    """
    words = records.view("<u8").reshape(-1, RECORD_WORDS)
    state = np.uint64(salt) ^ slots.astype(np.uint64)
    for column in range(RECORD_WORDS - 1):
        state = (state ^ words[:, column]) * np.uint64(_FACTOR)
        state ^= state >> np.uint64(32)
    return state | np.uint64(1)


def sealed(
    path_hash: tuple[int, int], signature: tuple[int, int], crc32: int, slot: int, salt: int
) -> bytes:
    """Returns one record as it is in the file; its seal is that of `seals`.

    With NumPy's arrays of one element it would take ten times as long.

    Args:
        path_hash: The hash of the image file's path, integers from 0 to 2^64 - 1.
        signature: Size and mtime_ns of the file.
        crc32: Of the pixels.
        slot: The slot that it is for.
        salt: The file's salt.
    """
    state = salt ^ slot
    for word in (*path_hash, *signature, crc32):
        state = (state ^ word) * _FACTOR & _WORD
        state ^= state >> 32
    return _RECORD.pack(*path_hash, *signature, crc32, state | 1)


def voided() -> NDArray[np.void]:
    """Returns a record, shape (1,), that holds for no image and yet keeps its slot in use."""
    record = np.zeros(1, RECORD)
    record.view("<u8")[:] = np.uint64(2**64 - 2)  # a seal that `seals` never gives
    return record


def _page(offset: int) -> int:
    """Returns the first page boundary at or after an offset."""
    return -(-offset // _PAGE) * _PAGE
