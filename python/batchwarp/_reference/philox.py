"""Philox4x32-10 of Random123 (Salmon et al., 2011), and the numbers that are made from it."""

from __future__ import annotations

import hashlib
from typing import Any

_WORD = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10

Words = tuple[Any, Any, Any, Any]  # integers, or arrays of them in 64 bits


def philox4x32(counter: Words, key: tuple[int, int]) -> Words:
    """Returns four words of 32 bits for a counter of four, or for many, and a key of two."""
    a, b, c, d = counter
    for turn in range(_ROUNDS):
        first, second = (
            (word + turn * weyl) & _WORD for word, weyl in zip(key, _WEYL, strict=True)
        )
        low, high = _MULTIPLIERS[0] * a, _MULTIPLIERS[1] * c
        a, b, c, d = (
            (high >> 32) ^ b ^ first,
            high & _WORD,
            (low >> 32) ^ d ^ second,
            low & _WORD,
        )
    return a, b, c, d


def uniform(seed: int, sample: int, epoch: int, operation: int, number: int) -> float:
    """Returns the number from 0 to below 1 that a counter stands for."""
    counter = (sample & _WORD, sample >> 32, epoch, operation << 16 | number)
    words = philox4x32(counter, (seed & _WORD, seed >> 32))
    return float((words[1] << 32 | words[0]) >> 11) * 2.0**-53


def text_hash(text: str) -> int:
    """Returns the BLAKE2b of a text, 64 bits as an integer."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def sample_of(key: int | str) -> int:
    """Returns the 64 bits that a sample is known by."""
    return text_hash(key) if isinstance(key, str) else int(key) % 2**64


def operation_of(place: int, name: str | None) -> int:
    """Returns the 16 bits that an operation of a recipe is known by."""
    return place if name is None else 0x8000 | (text_hash(name) & 0x7FFF)
