"""What the doctor says of a line."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Finding"]


class Finding(NamedTuple):
    """Something about a line of code.

    Attributes:
        line: Integer, the line of the tree.
        kind: String, what it is an example of, such as `"integer-shift"`.
        text: String, what happens there.
        advice: String, what there is against it; empty if nothing need be done.

    Example:
        >>> examine(read(Path("train.py"))).findings[0].line
        1
    """

    line: int
    kind: str
    text: str
    advice: str = ""
