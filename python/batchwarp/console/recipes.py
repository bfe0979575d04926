"""Recipes in files, as options name them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from batchwarp import Augment
from batchwarp.console.errors import UsageError

__all__ = ["read_recipe"]


def read_recipe(path: Path) -> dict[str, Any]:
    """Reads what `--recipe` names: what `Augment.get_config` gives, one operation, or a list.

    Args:
        path: A JSON file.

    Returns:
        Dictionary of those arguments of `Augment` that the file has, with the operations as a list
        under `"operations"`.

    Raises:
        UsageError: If the file cannot be read, or holds no recipe.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--recipe: {path}: {error.strerror or error}") from error
    except RecursionError as error:
        raise UsageError(f"--recipe: {path}: is nested too deeply") from error
    except ValueError as error:
        raise UsageError(f"--recipe: {path}: is not JSON: {error}") from error
    if isinstance(config, list):
        config = {"operations": config}
    elif isinstance(config, dict) and "operation" in config:
        config = {"operations": [config]}
    try:
        made = Augment.from_config(config)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"--recipe: {path}: {' '.join(str(error).split())}") from error
    if not made.operations:
        raise UsageError(f"--recipe: {path}: there are no operations in it")
    return {**config, "operations": list(made.operations)}
