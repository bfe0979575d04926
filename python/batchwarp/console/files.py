"""Writing files so that an interruption leaves the old one or the new one, never half of one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["remove_unfinished", "replacing", "unfinished", "write_json"]


def unfinished(path: Path) -> Path:
    """Returns where `path` is written to until it is complete: its folder, its ending."""
    return path.with_name(f".{path.stem}-unfinished{path.suffix}")


def remove_unfinished(folder: Path) -> None:
    """Removes what a process that was killed had not completed.

    Args:
        folder: A folder that nobody else writes to.
    """
    for path in folder.glob(".*-unfinished.*"):
        path.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside `path`, which becomes `path` if the block ends normally.

    Args:
        path: The file to write or replace.

    Yields:
        Where to write to; the same folder and ending as `path`.
    """
    temporary = unfinished(path)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Writes a JSON file, indented, in UTF-8; bytes of a file's name that are none are escaped.

    Args:
        path: The file to write or replace.
        content: What to write.
    """
    with replacing(path) as temporary:
        text = json.dumps(content, indent=2, ensure_ascii=False)
        temporary.write_bytes((text + "\n").encode("utf-8", "backslashreplace"))
