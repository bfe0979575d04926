"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

__all__ = ["print_table", "printable"]


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[str] = ()
) -> None:
    """Prints a heading and rows below it, every column as wide as its longest cell.

    Args:
        columns: Names of the columns.
        rows: Their cells, a string for each column.
        right: Names of the columns that are aligned to the right.
    """
    lines = [columns, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(columns, line, widths, strict=True)
        ]
        print("  ".join(cells).rstrip())


def printable(text: str) -> str:
    """Returns a text in one line, with escapes for what a terminal cannot show."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
