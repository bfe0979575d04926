"""Files that a meter writes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from batchwarp.callbacks.replacing import replacing

__all__ = ["output_path", "write_report"]


def output_path(name: str, value: Any, *endings: str) -> Path | None:
    """Returns a file's path, which can be written to, or `None` for none.

    Args:
        name: String, the argument's name for the error.
        value: String or path-like, or `None`.
        *endings: What the file's name may end with.

    Raises:
        ValueError: If it ends with something else, or its folder does not exist.
    """
    if value is None:
        return None
    try:
        path = Path(os.fsdecode(value))
    except TypeError:
        path = Path()
    if path.suffix.lower() not in endings or not path.absolute().parent.is_dir():
        raise ValueError(
            f"`{name}` should be a {' or '.join(endings)} file in a folder that exists. "
            f"Received: {value!r}"
        )
    return path


def write_report(path: Path, content: Mapping[str, Any]) -> None:
    """Writes a JSON file, in whose place there is a whole one at any time."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
