"""64-bit BLAKE2b hashes: what names and random states count as, where numbers are drawn by key."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from batchwarp import _forks

__all__ = ["hash64", "hash64_of_bytes"]


@functools.cache
def _blake2b() -> Callable[..., Any]:
    """Returns `hashlib.blake2b`; most programs have nothing to hash, and do without OpenSSL."""
    with _forks.importing:
        import hashlib
    return hashlib.blake2b


def hash64_of_bytes(data: bytes) -> int:
    """Returns the hash of bytes, as an integer."""
    return int.from_bytes(_blake2b()(data, digest_size=8).digest(), "little")


def hash64(text: str) -> int:
    """Returns the hash of a string in UTF-8, as an integer.

    Names of files that Python could not decode have surrogates, which are encoded like the rest.
    """
    return hash64_of_bytes(text.encode("utf-8", "surrogatepass"))
