"""What is in a folder of stores, and removing it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from batchwarp.files.cache.layout import DATA_SUFFIX, SUFFIX, Setting
from batchwarp.files.cache.opening import TEMPORARY_SUFFIX
from batchwarp.files.cache.store import Store
from batchwarp.files.cache.system import describe, in_use

__all__ = ["StoreSummary", "remove", "stale_files", "summaries"]

_NAME = re.compile(r"[0-9a-f]{10}")
_OLD_NAME = re.compile(rf"{_NAME.pattern}-{_NAME.pattern}")  # of release 0.1
_PART = re.compile(
    rf"({_OLD_NAME.pattern}|{_NAME.pattern})\.[0-9a-f]+"
    rf"({re.escape(TEMPORARY_SUFFIX)}|{re.escape(DATA_SUFFIX)})"
)


@dataclass(frozen=True)
class StoreSummary:
    """What there is to say about a store.

    Args:
        key: Its name, without the ending.
        paths: Its files, the index first.
        state: "ready", "in use" if a process has it open, or what is wrong with it.
        disk_bytes: Room that it takes on the disk, in bytes.
        last_use: When it was last opened or written, in seconds since 1970.
        root: Folder of the images; this and the following are None if the store cannot be read.
        image_shape: Height, width and channels; None, too, for files as they are.
        settings: How images were decoded.
        images: Number of images in it.
    """

    key: str
    paths: tuple[Path, ...]
    state: str
    disk_bytes: int
    last_use: float
    root: str | None = None
    image_shape: tuple[int, int, int] | None = None
    settings: Mapping[str, Setting] | None = None
    images: int | None = None


def summaries(folder: Path) -> list[StoreSummary]:
    """Describes the stores in a folder.

    Args:
        folder: An existing folder.

    Returns:
        One description for each, the one used last first.

    Raises:
        OSError: If the folder cannot be read.
    """
    found = []
    for path in folder.iterdir():
        is_store = _NAME.fullmatch(path.stem) or _OLD_NAME.fullmatch(path.stem)
        if path.suffix == SUFFIX and is_store:
            with suppress(FileNotFoundError):  # removed at this moment
                found.append(_summary(path))
    return sorted(found, key=lambda summary: (-summary.last_use, summary.key))


def stale_files(folder: Path) -> list[Path]:
    """Lists what processes that were killed while they made a store have left behind.

    Args:
        folder: An existing folder.

    Returns:
        Paths of the files that belong to no store and that no process is working on.

    Raises:
        OSError: If the folder cannot be read.
    """
    parts = {path: match[1] for path in folder.iterdir() if (match := _PART.fullmatch(path.name))}
    if not parts:
        return []
    used = {path for summary in summaries(folder) for path in summary.paths}
    return [
        path
        for path, key in parts.items()
        if path not in used and not in_use(folder / f"{key}{SUFFIX}") and not in_use(path)
    ]


def remove(paths: Sequence[Path]) -> list[tuple[Path, str]]:
    """Removes files; processes that have one open go on with it.

    Args:
        paths: The files.

    Returns:
        Those that could not be removed, with the reason.
    """
    failed = []
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            failed.append((path, describe(error)))
    return failed


def _summary(path: Path) -> StoreSummary:
    status = path.stat()
    known = StoreSummary(path.stem, (path,), "", _used(status), status.st_mtime)
    try:
        return _read(known)
    except OSError as error:
        return replace(known, state=f"cannot be read: {describe(error)}")
    except ValueError as error:  # FormatError
        return replace(known, state=str(error))


def _used(status: os.stat_result) -> int:
    # Windows does not tell the number of blocks.
    return getattr(status, "st_blocks", -(-status.st_size // 512)) * 512


def _read(known: StoreSummary) -> StoreSummary:
    store = Store(known.paths[0], marks=False)
    records, _ = store.records(0, len(store))
    status = store.data_path.stat()
    return replace(
        known,
        paths=(*known.paths, store.data_path),
        state="in use" if in_use(store.data_path) else "ready",
        disk_bytes=known.disk_bytes + _used(status),
        last_use=max(known.last_use, status.st_mtime),
        root=store.layout.root,
        image_shape=store.layout.image_shape,
        settings=store.layout.settings,
        images=len(np.unique(records["path"], axis=0)),
    )
