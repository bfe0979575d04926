"""Keyword arguments that several functions have in common, checked once and handed on together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """Base class of such arguments, which its subclasses have as attributes.

    What is added is an attribute there, and an argument in the signatures that users see.
    """

    def _set(self, name: str, value: Any) -> None:
        """Replaces an argument by its value in its own type, in `__post_init__`."""
        object.__setattr__(self, name, value)

    @classmethod
    def among(cls, arguments: Mapping[str, Any]) -> Self:
        """Returns the options that are among the arguments of a function.

        Args:
            arguments: Dictionary with all of the attributes, as from `locals()`.

        Raises:
            ValueError: As the constructor.
        """
        return cls(**{field.name: arguments[field.name] for field in fields(cls)})
