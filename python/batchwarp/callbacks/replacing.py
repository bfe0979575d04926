"""Files that are whole at any time: what is written takes the place of an older one at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["replacing"]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a path in the same folder, which takes the place of `path` if the block ends well.

    Args:
        path: The file to write or replace.

    Yields:
        Where to write to; the same folder and ending as `path`.
    """
    temporary = path.with_name(f".{path.stem}-{os.getpid()}-unfinished{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
