"""`batchwarp cache`: what is in a folder of cached images, and removing it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from batchwarp._words import counted
from batchwarp.console.errors import UsageError
from batchwarp.console.tables import print_table
from batchwarp.files.cache.listing import StoreSummary, remove, stale_files, summaries

__all__ = ["add_arguments", "run"]

_COLUMNS = ("KEY", "STATE", "IMAGES", "SHAPE", "ON DISK", "LAST USE", "ROOT", "SETTINGS")
_RIGHT = {"IMAGES", "ON DISK"}
_UNKNOWN = "?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command to its parser."""
    parser.add_argument(
        "path",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="PATH",
        help="the folder that was given as cache=PATH (default: the current one)",
    )
    parser.add_argument(
        "--clear",
        nargs="*",
        metavar="KEY",
        help="remove the stores with these keys, or beginnings of keys (default: all), and "
        "what killed processes have left; a process that uses one goes on with it",
    )
    parser.add_argument("--yes", action="store_true", help="remove without asking")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(options: argparse.Namespace) -> None:
    """Shows or removes stores of cached images.

    Args:
        options: Parsed options.

    Raises:
        UsageError: If there is no such folder or key, or a file cannot be removed.
    """
    folder: Path = options.path
    if not folder.is_dir():
        what = "not a folder" if folder.exists() else "there is no such folder"
        raise UsageError(f"{folder}: {what}; name the one that was given as cache=PATH")
    try:
        found, stale = summaries(folder), stale_files(folder)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be read: {error.strerror}") from error
    if options.clear is not None:
        _clear(_chosen(found, options.clear), stale, options)
    elif options.json:
        print(json.dumps([_plain(summary) for summary in found], indent=2))
    else:
        _show(folder, found, stale)


def _show(folder: Path, found: Sequence[StoreSummary], stale: Sequence[Path]) -> None:
    if not found:
        print(f"{folder}: no cached images")
    else:
        print_table(_COLUMNS, map(_row, found), _RIGHT)
        total = _size(sum(summary.disk_bytes for summary in found))
        print(f"\n{counted(len(found), 'store')}, {total} on disk")
    if stale:
        print(f"{len(stale)} unfinished, left by processes that were killed; --clear removes them")


def _row(summary: StoreSummary) -> tuple[str, ...]:
    shape, settings = summary.image_shape, summary.settings
    return (
        summary.key,
        summary.state,
        _UNKNOWN if summary.images is None else f"{summary.images:,}",
        "×".join(map(str, shape)) if shape else _UNKNOWN if settings is None else "any",
        _size(summary.disk_bytes),
        time.strftime("%Y-%m-%d %H:%M", time.localtime(summary.last_use)),
        _UNKNOWN if summary.root is None else summary.root or "(several folders)",
        _UNKNOWN
        if settings is None
        else " ".join(f"{name}={value}" for name, value in settings.items()),
    )


def _chosen(found: Sequence[StoreSummary], keys: Sequence[str]) -> list[StoreSummary]:
    """Returns the stores with some keys, all of them for none."""
    if not keys:
        return list(found)
    chosen = {}
    for key in keys:
        matching = [summary for summary in found if summary.key.startswith(key)]
        if not matching:
            raise UsageError(f"--clear: no store has the key {key!r}")
        chosen.update({summary.key: summary for summary in matching})
    return list(chosen.values())


def _clear(
    chosen: Sequence[StoreSummary], stale: Sequence[Path], options: argparse.Namespace
) -> None:
    paths = [*(path for summary in chosen for path in summary.paths), *stale]
    size = _size(sum(summary.disk_bytes for summary in chosen))
    what = counted(len(chosen), "store") + (f" and {len(stale)} unfinished" if stale else "")
    if paths and not options.yes:
        print_table(_COLUMNS, map(_row, chosen), _RIGHT)
        _ask(f"Remove {what}, {size}? [y/N] ")
    failed = remove(paths)
    if failed:
        path, reason = failed[0]
        raise UsageError(f"{path}: cannot be removed: {reason} ({len(failed)} in all)")
    removed = [*(summary.key for summary in chosen), *(path.name for path in stale)]
    if options.json:
        print(json.dumps({"removed": removed}, indent=2))
    else:
        print(f"removed {what}, {size}")


def _ask(question: str) -> None:
    """Returns if the answer is yes."""
    print(question, end="", flush=True)
    answer = sys.stdin.readline()
    if not answer:
        print()
        raise UsageError("nobody is there to answer: nothing was removed; --yes does not ask")
    if answer.strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was removed")


def _plain(summary: StoreSummary) -> dict[str, object]:
    """Returns what JSON can hold."""
    return {**asdict(summary), "paths": [str(path) for path in summary.paths]}


def _size(count: float) -> str:
    """Returns a number of bytes in the unit that suits it."""
    units = iter(("B", "KiB", "MiB", "GiB", "TiB"))
    unit = next(units)
    while count >= 1024 and unit != "TiB":
        count /= 1024
        unit = next(units)
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
