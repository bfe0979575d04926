"""Finding, making and renewing the store of a data set.

A store is usable at any moment. Who holds the lock of its index may add to it, or put another one
in its place with one rename; whoever has the former one open goes on with that. Nothing else ever
changes.
"""

from __future__ import annotations

import os
import secrets
import time
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp.files.cache.layout import DATA_SUFFIX, FormatError, Layout, sealed
from batchwarp.files.cache.store import Store, Writer, data_path, is_at
from batchwarp.files.cache.system import OpenFile, describe, try_lock, write_at

__all__ = ["TEMPORARY_SUFFIX", "Opening", "open_store", "writer_again"]

TEMPORARY_SUFFIX = ".unfinished"
_ATTEMPTS = 50
_PAUSE = 0.02  # seconds; longer than it takes to make a store
# A store is renewed if it would become half as large, and this much smaller.
_LEAST_GAIN = 1 << 26


class Opening(NamedTuple):
    """What came of opening.

    Args:
        store: The store, None if there is none to be had.
        writer: What adds to it, None if nothing can.
        reason: What went wrong, if anything did.
    """

    store: Store | None
    writer: Writer | None = None
    reason: str | None = None


def open_store(path: Path, layout: Layout) -> Opening:
    """Opens a store; makes one if there is none that can be used.

    Args:
        path: Of its index.
        layout: The header that it must have, but for the salt.

    Returns:
        What came of it; errors of the system are in there.
    """
    reason, refused = "other processes replace it all the time", False
    for _ in range(_ATTEMPTS):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            index, hindrance = _open(path)
            store, damage = _store(path, layout)
        except FileNotFoundError:
            continue  # removed at this moment
        except OSError as error:  # it is no damage, for which a store would be replaced
            return Opening(None, reason=describe(error))
        if hindrance:
            lacking = "" if store else f", and there is nothing to be read: {damage}"
            return Opening(store, None, hindrance + lacking)
        if store is not None and (refused or not _would_shrink(store)):
            if store.is_of(index):
                return _with_writer(store, index)
            continue  # replaced at this moment
        try:
            busy = _renew(path, layout, index)
        except OSError as error:
            reason, refused = f"cannot be made or renewed: {describe(error)}", True
            if store is None:
                return Opening(None, reason=reason)
        else:
            if busy:
                refused = store is not None
                reason = f"another process makes it, and there is nothing to be read yet: {damage}"
                time.sleep(_PAUSE)
        finally:
            index.close()  # an error may be kept, and with it the lock would be
    return Opening(None, reason=reason)


def writer_again(store: Store) -> Writer | None:
    """Returns what adds to a store in a child of the process that opened it, if anything can."""
    with suppress(OSError):
        index = OpenFile(store.path, os.O_RDWR)
        if store.is_of(index):
            return Writer(store, index)
    return None


def _open(path: Path) -> tuple[OpenFile, str]:
    """Opens an index, or makes an empty one; returns also why it cannot be written to."""
    try:
        return OpenFile(path, os.O_RDWR | os.O_CREAT), ""
    except OSError as error:
        with suppress(OSError):
            return OpenFile(path, os.O_RDONLY), describe(error)
        raise


def _store(path: Path, layout: Layout) -> tuple[Store | None, str]:
    """Returns a store, or what is wrong with it."""
    try:
        return Store(path, layout), ""
    except FormatError as error:
        return None, str(error)


def _with_writer(store: Store, index: OpenFile) -> Opening:
    try:
        return Opening(store, Writer(store, index))
    except OSError as error:
        return Opening(store, None, describe(error))


def _would_shrink(store: Store) -> bool:
    """Whether most of a store is images of files that have changed since."""
    used = store.data_size
    if used < _LEAST_GAIN:  # which is looked at first, as it costs nothing
        return False
    records, _ = store.records(0, len(store))
    size = store.layout.image_bytes
    if size is not None:
        used = len(store) * size
    elif len(records):
        used = int((records["offset"] + records["length"]).max())
    live = int(records["length"][_latest(records)].sum())
    return used - live >= max(live, _LEAST_GAIN)


def _latest(records: NDArray[np.void]) -> NDArray[np.int64]:
    """Returns which records are the last ones of their files."""
    backwards = records["path"][::-1].copy().view("V16").ravel()
    return np.sort(len(records) - 1 - np.unique(backwards, return_index=True)[1])


def _renew(path: Path, layout: Layout, index: OpenFile) -> bool:
    """Puts a store in place, with the latest images of the one that is there.

    Args:
        path: Of its index.
        layout: The header of the new one, but for the salt.
        index: The index that is there now, perhaps an empty one.

    Returns:
        Whether somebody else holds the lock; then nothing is done.

    Raises:
        OSError: If it cannot be made; then everything is as before.
    """
    if not try_lock(index.descriptor):
        return True
    if not is_at(path, index.descriptor):
        return False
    store, _ = _store(path, layout)
    if store is not None and not _would_shrink(store):
        return False
    new = replace(layout, salt=secrets.randbits(64))
    kept = None if store is None else store.data_path
    for other in path.parent.glob(
        f"{path.stem}.*"
    ):  # only who has the lock makes them, and is gone
        if other.suffix in (TEMPORARY_SUFFIX, DATA_SUFFIX) and other != kept:
            other.unlink(missing_ok=True)
    temporary = path.with_name(f"{path.stem}.{new.salt:016x}{TEMPORARY_SUFFIX}")
    data = data_path(path, new.salt)
    try:
        _make(temporary, data, new, store)
        if os.name == "nt":  # which replaces no file that is open; elsewhere the lock is kept
            index.close()
            store = None
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        data.unlink(missing_ok=True)
        raise
    if kept is not None:
        with suppress(OSError):  # Windows removes no file that is in use
            kept.unlink()
    return False


def _make(path: Path, data: Path, layout: Layout, source: Store | None) -> None:
    """Makes a store with the latest images of another one."""
    index_file = OpenFile(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    data_file = OpenFile(data, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        os.ftruncate(index_file.descriptor, layout.index_offset)
        write_at(index_file.descriptor, memoryview(layout.header), 0)
        if source is None:
            return
        records, _ = source.records(0, len(source))
        new: list[bytes] = []
        end = 0
        for record in records[_latest(records)]:
            length = int(record["length"])
            content = source.read(int(record["offset"]), length)
            if zlib.crc32(content) != record["crc32"]:
                continue
            first, second = record["path"].tolist()
            signature = int(record["size"]), int(record["mtime_ns"])
            crc32, place = int(record["crc32"]), (end, length)
            write_at(data_file.descriptor, memoryview(content), end)
            new.append(sealed((first, second), signature, crc32, place, len(new), layout.salt))
            end += length
        write_at(index_file.descriptor, memoryview(b"".join(new)), layout.index_offset)
    finally:
        index_file.close()
        data_file.close()
