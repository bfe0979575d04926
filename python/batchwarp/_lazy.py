"""Names of a package that are imported when they are first asked for.

What is imported with the package is paid for by every program. A package says in a table which
names it has and where they are, and to type checkers by imports that never run.

No module that is imported this way may ask for such a name while it is being imported itself: two
threads could wait for each other, one with the lock of the module and one with that of `_forks`.
It imports what it needs from where it is.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

from batchwarp import _forks

__all__ = ["names_of"]


def names_of(
    package: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Returns the functions `__getattr__` and `__dir__` of a package.

    Args:
        package: String, its name.
        modules: Dictionary: for each name the module of the package that it is in. A name that
            stands for itself is a module.
    """

    def find(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        with _forks.importing:
            found = importlib.import_module(f"{package}.{modules[name]}")
        if modules[name] != name:
            found = getattr(found, name)
        setattr(sys.modules[package], name, found)  # the next time it is there
        return found

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *modules})

    return find, names
