"""What is in a folder of cache files, and removing it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from batchwarp.files.cache.file import CacheFile
from batchwarp.files.cache.layout import SUFFIX, Setting
from batchwarp.files.cache.opening import TEMPORARY_SUFFIX
from batchwarp.files.cache.system import OpenFile, describe, try_lock

__all__ = ["CacheSummary", "remove", "stale_files", "summaries"]

_NAME = re.compile(r"[0-9a-f]{10}-[0-9a-f]{10}")
_TEMPORARY_NAME = re.compile(rf"({_NAME.pattern})\.[0-9a-f]{{8}}{re.escape(TEMPORARY_SUFFIX)}")


@dataclass(frozen=True)
class CacheSummary:
    """What there is to say about a cache file.

    Args:
        key: Its name, without the ending.
        path: Where it is.
        state: "ready", "in use" if a process writes to it, or what is wrong with it.
        disk_bytes: Room that it takes on the disk, in bytes.
        last_use: When it was last opened or written, in seconds since 1970.
        root: Folder of the images; this and the following are None if the file cannot be read.
        image_shape: Height, width and channels.
        settings: How images were decoded.
        images: Number of images in it.
        capacity: Number of images that it has room for.
    """

    key: str
    path: Path
    state: str
    disk_bytes: int
    last_use: float
    root: str | None = None
    image_shape: tuple[int, int, int] | None = None
    settings: Mapping[str, Setting] | None = None
    images: int | None = None
    capacity: int | None = None


def summaries(folder: Path) -> list[CacheSummary]:
    """Describes the cache files in a folder.

    Args:
        folder: An existing folder.

    Returns:
        One description for each, the one used last first.

    Raises:
        OSError: If the folder cannot be read.
    """
    found = []
    for path in folder.iterdir():
        if path.suffix == SUFFIX and _NAME.fullmatch(path.stem):
            with suppress(FileNotFoundError):  # removed at this moment
                found.append(_summary(path))
    return sorted(found, key=lambda summary: (-summary.last_use, summary.key))


def stale_files(folder: Path) -> list[Path]:
    """Lists what processes that were killed while they made a cache file have left behind.

    Args:
        folder: An existing folder.

    Returns:
        Paths of the unfinished files that no process is working on.

    Raises:
        OSError: If the folder cannot be read.
    """
    stale = []
    for path in folder.iterdir():
        name = _TEMPORARY_NAME.fullmatch(path.name)
        if name and not _is_locked(folder / f"{name[1]}{SUFFIX}"):
            stale.append(path)
    return stale


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
        except OSError as error:  # noqa: PERF203 - the others are removed all the same
            failed.append((path, describe(error)))
    return failed


def _summary(path: Path) -> CacheSummary:
    status = path.stat()
    # Windows does not tell the number of blocks.
    used = getattr(status, "st_blocks", -(-status.st_size // 512)) * 512
    known = CacheSummary(path.stem, path, "", used, status.st_mtime)
    try:
        return _read(known)
    except OSError as error:
        return replace(known, state=f"cannot be read: {describe(error)}")
    except ValueError as error:  # FormatError, or what mmap thinks of some files
        return replace(known, state=str(error))


def _read(known: CacheSummary) -> CacheSummary:
    opened = OpenFile(known.path, os.O_RDONLY)
    try:
        file = CacheFile(known.path, opened)
    except BaseException:
        opened.close()
        raise
    try:
        return replace(
            known,
            state="in use" if _is_locked(known.path) else "ready",
            root=file.layout.root,
            image_shape=file.layout.image_shape,
            settings=file.layout.settings,
            images=len(file.records()[0]),
            capacity=file.layout.capacity,
        )
    finally:
        file.close()


def _is_locked(path: Path) -> bool:
    """Whether a process writes to a cache file; it is locked for a moment to find out."""
    try:
        opened = OpenFile(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not try_lock(opened.descriptor)
    except OSError:
        return False
    finally:
        opened.close()
