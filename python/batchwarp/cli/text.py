"""Text of others', as a terminal and a picture can show it."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    """Returns a text in one line, with escapes for what a terminal cannot show."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
