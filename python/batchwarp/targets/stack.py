"""The images that targets are beside."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Stack"]


class Stack(NamedTuple):
    """What is known of images before any of them is read.

    Attributes:
        images: Integer, how many there are.
        height: Integer, their rows.
        width: Integer, their columns.
        data_format: `"channels_last"` or `"channels_first"`.
    """

    images: int
    height: int
    width: int
    data_format: str
