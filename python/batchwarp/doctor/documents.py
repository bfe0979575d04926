"""Python scripts and notebooks as text, as a syntax tree, and with some places replaced."""

from __future__ import annotations

import ast
import difflib
import io
import json
import re
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Document", "DocumentError", "Edit", "read"]

_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # as Python's parser has them
# Of cells whose other lines are Python nevertheless.
_CELL_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")


class DocumentError(Exception):
    """A file is no Python that can be read; the text says why.

    Example:
        >>> Path("broken.py").write_text("def f(:")
        7
        >>> try:
        ...     read(Path("broken.py"))
        ... except DocumentError as error:
        ...     print("no Python:", error)
        no Python: ...
    """


class Edit(NamedTuple):
    """A place in the code, and what is to be there.

    Attributes:
        start: Tuple of a line, from 1, and a column in characters, from 0.
        end: Where it ends, likewise.
        text: What takes its place.
    """

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


@dataclass(frozen=True)
class _Cell:
    """Some lines of a document.

    Attributes:
        number: Integer, which cell of a notebook, from 1; 0 for a script.
        first: Integer, the first of its lines among all.
        text: String, as it stands in the file.
    """

    number: int
    first: int
    text: str


@dataclass
class Document:
    """A script, or the code of a notebook.

    Attributes:
        path: Path of the file.
        tree: The syntax tree of all its code.
        unread: List of what could not be read, as lines for a user.

    Example:
        >>> document = read(Path("train.py"))
        >>> isinstance(document, Document), document.place(2)
        (True, '2')
    """

    path: Path
    tree: ast.Module
    cells: Sequence[_Cell]
    content: Any = None  # a notebook's, as JSON has it
    encoding: str = "utf-8"
    indent: int | str | None = 1
    end: str = "\n"  # what follows behind JSON
    unread: list[str] = field(default_factory=list)

    def place(self, line: int) -> str:
        """Returns where a line of the tree is, in words for a user."""
        cell = self._cell(line)
        return f"cell {cell.number}, line {line - cell.first + 1}" if cell.number else str(line)

    def place_in_words(self, line: int) -> str:
        """Returns the same for the middle of a sentence."""
        place = self.place(line)
        return place if self._cell(line).number else f"line {place}"

    def column(self, line: int, offset: int) -> int:
        """Returns a column in characters of one that the tree has, in bytes."""
        return len(self._line(line).encode()[:offset].decode())

    def source(self, node: ast.expr) -> str:
        """Returns the code of a node, in one line."""
        return " ".join(self.text_of(node).split())

    def text_of(self, node: ast.expr | ast.keyword | ast.stmt) -> str:
        """Returns the code of a node as it stands there."""
        (first, start), (last, end) = self.span(node)
        if first == last:
            return self._line(first)[start:end]
        middle = [self._line(line) for line in range(first + 1, last)]
        return "".join([self._line(first)[start:], *middle, self._line(last)[:end]])

    def span(
        self, node: ast.expr | ast.keyword | ast.stmt
    ) -> tuple[tuple[int, int], tuple[int, int]]:
        """Returns where a node begins and ends, as an `Edit` has it."""
        last, end = node.end_lineno, node.end_col_offset
        assert last is not None
        assert end is not None
        return (node.lineno, self.column(node.lineno, node.col_offset)), (
            last,
            self.column(last, end),
        )

    def after(self, position: tuple[int, int]) -> str:
        """Returns the rest of a line."""
        line, column = position
        return self._line(line)[column:]

    def edited(self, edits: Iterable[Edit]) -> dict[int, str]:
        """Returns the text of the cells that edits change, by their numbers."""
        changed: dict[int, str] = {}
        by_cell: dict[int, list[Edit]] = {}
        for edit in edits:
            by_cell.setdefault(self._cell(edit.start[0]).number, []).append(edit)
        for cell in self.cells:
            if cell.number in by_cell:
                text = _with(cell, by_cell[cell.number])
                if text != cell.text:
                    changed[cell.number] = text
        return changed

    def diff(self, changed: dict[int, str], name: str) -> str:
        """Returns what edits change, as `diff -u` shows it.

        Args:
            changed: Dictionary as from `edited`.
            name: String, what the file is called.
        """
        parts: list[str] = []
        for cell in self.cells:
            if cell.number not in changed:
                continue
            where = f" cell {cell.number}" if cell.number else ""
            lines = difflib.unified_diff(
                _ended(cell.text),
                _ended(changed[cell.number]),
                f"a/{name}{where}",
                f"b/{name}{where}",
            )
            parts.extend(lines)
        return "".join(parts)

    def bytes_with(self, changed: dict[int, str]) -> bytes:
        """Returns the file's content with edits.

        Args:
            changed: Dictionary as from `edited`.
        """
        if self.content is None:
            return changed.get(0, self.cells[0].text).encode(self.encoding)
        for number, text in changed.items():
            cell = self.content["cells"][number - 1]
            cell["source"] = _LINES.findall(text) if isinstance(cell["source"], list) else text
        text = json.dumps(self.content, indent=self.indent, ensure_ascii=False)
        return (text + self.end).encode()

    def _cell(self, line: int) -> _Cell:
        return next(cell for cell in reversed(self.cells) if cell.first <= line)

    def _line(self, line: int) -> str:
        cell = self._cell(line)
        lines = _LINES.findall(cell.text)
        at = line - cell.first
        return lines[at] if at < len(lines) else ""


def read(path: Path) -> Document:
    """Reads a script, or a notebook if its name ends in `.ipynb`.

    Args:
        path: Path of the file.

    Raises:
        DocumentError: If it is none.
        OSError: If it cannot be read.

    Example:
        >>> document = read(Path("train.py"))
        >>> document.path.name, document.unread
        ('train.py', [])
    """
    data = path.read_bytes()
    return _notebook(path, data) if path.suffix == ".ipynb" else _script(path, data)


def _script(path: Path, data: bytes) -> Document:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
        tree = _parsed(text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError) as error:  # also of bytes that are no text
        raise DocumentError(_reason(error)) from error
    return Document(path, tree, [_Cell(0, 1, text)], encoding=encoding)


def _notebook(path: Path, data: bytes) -> Document:
    try:
        text = data.decode()
        content = json.loads(text)
        cells = content["cells"]
        sources = [
            (number, _joined(cell["source"]))
            for number, cell in enumerate(cells, 1)
            if cell["cell_type"] == "code"
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise DocumentError("no notebook in the format of Jupyter, version 4") from error
    code: list[str] = []
    found: list[_Cell] = []
    unread = []
    for number, source in sources:
        python = _python_of(source)
        if python is None:
            unread.append(f"cell {number} is no Python, or none that this Python reads")
            python = "\n" * max(0, len(_LINES.findall(source)) - 1)
        found.append(_Cell(number, len(code) + 1, source))
        code += [line.rstrip("\r\n") for line in _LINES.findall(python)] or [""]
    indent = re.match(r"\{\s*?\n([ \t]+)", text)
    width: int | str | None = 1
    if indent:
        width = indent[1] if "\t" in indent[1] else len(indent[1])
    return Document(
        path,
        _parsed("\n".join(code)),
        found or [_Cell(0, 1, "")],
        content,
        indent=width,
        end=text[len(text.rstrip()) :],
        unread=unread,
    )


def _joined(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)


def _python_of(source: str) -> str | None:
    """Returns a cell's code without IPython's commands, line for line; `None` if it is none."""
    if source.lstrip().startswith("%%") and not source.lstrip().startswith(_CELL_MAGICS):
        return "\n" * max(0, len(_LINES.findall(source)) - 1)
    for text in (source, _without_commands(source)):
        try:
            _parsed(text)
        except (SyntaxError, ValueError):
            continue
        return text
    return None


def _without_commands(source: str) -> str:
    lines = _LINES.findall(source)
    for at, line in enumerate(lines):
        bare = line.strip()
        if bare.startswith(("%", "!", "?")) or bare.endswith("?"):
            indent = line[: len(line) - len(line.lstrip())]
            lines[at] = indent + "pass" + line[len(line.rstrip("\r\n")) :]
        elif re.match(r"\s*\w+\s*=\s*[!%]", line):  # files = !ls
            name = line.split("=", 1)[0]
            lines[at] = f"{name}= None" + line[len(line.rstrip("\r\n")) :]
    return "".join(lines)


def _parsed(text: str) -> ast.Module:
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree = compile(text, "<script>", "exec", flags, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def _reason(error: Exception) -> str:
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return f"no Python that this Python reads: {error.msg}, line {error.lineno}"
    return f"no Python that this Python reads: {error}"


def _with(cell: _Cell, edits: Sequence[Edit]) -> str:
    """Returns a cell's text with edits, which do not overlap."""
    lines = _LINES.findall(cell.text)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def offset(position: tuple[int, int]) -> int:
        return starts[position[0] - cell.first] + position[1]

    text = cell.text
    for edit in sorted(set(edits), reverse=True):
        text = text[: offset(edit.start)] + edit.text + text[offset(edit.end) :]
    return text


def _ended(text: str) -> list[str]:
    """Returns lines, of which each has an end, as a diff needs it."""
    lines = _LINES.findall(text)
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += "\n"
    return lines
