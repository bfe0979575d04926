"""How arguments of other libraries become those of `batchwarp.ops`, as code."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from batchwarp.doctor.code import UNKNOWN, constant, number
from batchwarp.doctor.documents import Document

__all__ = ["Given", "pair", "short"]


class Given:
    """The arguments of a call, as values where these are known and as code elsewhere.

    Args:
        document: The script.
        arguments: Dictionary of nodes by their names.
    """

    def __init__(self, document: Document, arguments: Mapping[str, ast.expr]) -> None:
        self._document, self._arguments = document, arguments

    def __contains__(self, name: str) -> bool:
        return name in self._arguments

    def value(self, name: str, default: Any = None) -> Any:
        """Returns a value, or `UNKNOWN`."""
        node = self._arguments.get(name)
        return default if node is None else constant(node)

    def code(self, name: str, default: str = "...") -> str:
        """Returns an argument as it is written."""
        node = self._arguments.get(name)
        if node is None:
            return default
        value = constant(node)
        return short(value) if _is_known(value) else self._document.source(node)

    def size(self, height: str, width: str) -> str:
        """Returns two arguments as a pair."""
        return f"({self.code(height)}, {self.code(width)})"

    def scaled(self, name: str, by: float = 1, plus: float = 0, default: Any = None) -> str:
        """Returns a number or a pair of numbers, each multiplied and added to."""
        value = self.value(name, default)
        if isinstance(value, list) and all(map(number, value)):
            return pair(*(by * one + plus for one in value))
        if number(value):
            return short(by * value + plus)
        return self.code(name)

    def around(self, name: str, by: float = 1, plus: float = 0, default: Any = None) -> str:
        """Returns a pair, from the negative to the positive of a single number."""
        value = self.value(name, default)
        if number(value):
            return pair(plus - by * abs(value), plus + by * abs(value))
        return self.scaled(name, by, plus)

    def up_to(self, name: str, by: float = 1, plus: float = 0, default: Any = None) -> str:
        """Returns a pair, from 0 to a single number."""
        value = self.value(name, default)
        if number(value):
            return pair(plus, by * value + plus)
        return self.scaled(name, by, plus)


def _is_known(value: Any) -> bool:
    return all(map(_is_known, value)) if isinstance(value, list) else value is not UNKNOWN


def pair(low: float, high: float) -> str:
    """Returns two numbers in order, as code."""
    return f"({short(min(low, high))}, {short(max(low, high))})"


def short(value: Any) -> str:
    """Returns a value as code, numbers without what rounding has left."""
    if isinstance(value, list):
        return f"({', '.join(map(short, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, float):
        return f"{round(value, 6):g}"
    return repr(value)
