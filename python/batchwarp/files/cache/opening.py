"""Finding, making, enlarging and locking the cache file of a data set.

A file is usable at any moment. Who holds its lock may write to slots that were never written, and
may put another file in its place with one rename; whoever has the former file open keeps reading
that. Nothing else ever changes.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from batchwarp.files.cache.file import CacheFile, create
from batchwarp.files.cache.layout import SUFFIX, Layout
from batchwarp.files.cache.samples import Content, Samples
from batchwarp.files.cache.system import OpenFile, describe, try_lock

__all__ = ["TEMPORARY_SUFFIX", "Opening", "is_at", "open_cache"]

TEMPORARY_SUFFIX = ".unfinished"
_ATTEMPTS = 8
_PAUSE = 0.02  # seconds; longer than it takes to look whether a file is locked
_SAME_LIST = 0.9  # a file of whose images the list has this share is that list's, grown or shrunk


class Opening(NamedTuple):
    """What came of opening.

    Args:
        file: The cache file, None if there is none to be had.
        writable: Whether it may be written to: its lock is held.
        reason: What went wrong, if anything did.
        content: What the file has of the images.
    """

    file: CacheFile | None
    writable: bool = False
    reason: str | None = None
    content: Content | None = None


def open_cache(path: Path, layout: Layout, samples: Samples) -> Opening:
    """Opens a cache file for some images; makes or enlarges it if nobody else writes to it.

    Args:
        path: The file, `FAMILY-LIST.bwcache`. What others of the same family, which differ in their
            list of images only, have of these images is taken over when a file is made.
        layout: The header that it must have, but for the salt; capacity is that of a new file.
        samples: The images.

    Returns:
        What came of it; errors of the system are in there.
    """
    refused: str | None = None
    reason = "other processes replace it all the time"
    for _ in range(_ATTEMPTS):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            held = _hold(path, layout)
        except OSError as error:
            return Opening(None, reason=describe(error))
        opening = _usable(held, refused, samples)
        if opening is not None:
            return opening
        if not held.locked:  # its writer may be about to make it
            reason = f"{held.hindrance}, and there is nothing to be read yet: {held.damage}"
            held.close()
            time.sleep(_PAUSE)
            continue
        try:
            _renew(path, held, layout, samples)
        except OSError as error:
            refused = f"cannot be made or enlarged: {describe(error)}"
            if held.file is None:
                return Opening(None, reason=refused)
        finally:
            held.close()
    return Opening(None, reason=reason)


def _usable(held: _Held, refused: str | None, samples: Samples) -> Opening | None:
    """Returns a file that can be used as it is, or `None`."""
    if held.file is None:
        return None
    try:
        content = Content.of(held.file, samples)
        if not held.locked:
            return Opening(held.file, False, held.hindrance, content)
        if refused or content.missing <= len(held.file.free_slots()):
            return Opening(held.file, True, refused, content)
    except BaseException:
        held.close()  # an error may be kept, and with it the lock would be
        raise
    return None


@dataclass
class _Held:
    """A file that was opened: as a cache file, or with what is wrong with it."""

    opened: OpenFile
    locked: bool
    hindrance: str  # why it is not locked
    file: CacheFile | None = None
    damage: str = ""

    def close(self) -> None:
        if self.file is not None:
            self.file.close()
        self.opened.close()
        self.file = None


def _hold(path: Path, layout: Layout, create_it: bool = True, lock: bool = True) -> _Held:
    """Opens a file, locks it if possible, and reads its header.

    Raises:
        OSError: If it can neither be opened nor made, or not be read: that is no damage, for which
            it would be replaced.
    """
    held = _open(path, create_it, lock)
    try:
        held.file = CacheFile(path, held.opened, layout)
    except ValueError as error:  # FormatError, or what mmap thinks of some files
        held.damage = str(error)
    except BaseException:  # Ctrl-C, too
        held.close()
        raise
    return held


def _open(path: Path, create_it: bool, lock: bool) -> _Held:
    flags = os.O_RDWR | (os.O_CREAT if create_it else 0)
    while True:
        try:
            opened = OpenFile(path, flags)
        except OSError as error:
            with suppress(OSError):
                return _Held(OpenFile(path, os.O_RDONLY), False, describe(error))
            raise
        if not lock:
            return _Held(opened, False, "")
        try:
            held = _locked(opened)
            if is_at(path, opened):
                return held
        except BaseException:
            opened.close()
            raise
        held.close()  # replaced or removed in between


def _locked(opened: OpenFile) -> _Held:
    hindrance = "another process or iterator writes to it"
    try:
        locked = try_lock(opened.descriptor)
        if not locked:
            time.sleep(_PAUSE)
            locked = try_lock(opened.descriptor)
    except OSError as error:
        locked, hindrance = False, f"cannot be locked: {describe(error)}"
    return _Held(opened, locked, hindrance)


def is_at(path: Path, opened: OpenFile) -> bool:
    """Whether an open file is still the one with this path."""
    try:
        return os.path.samestat(path.stat(), os.fstat(opened.descriptor))
    except FileNotFoundError:
        return False


def _renew(path: Path, held: _Held, layout: Layout, samples: Samples) -> None:
    """Puts a file in place that has room for all images, with those that are known already.

    Args:
        path: The file.
        held: What is there now, locked.
        layout: The header of a new file, but for the salt.
        samples: The images.

    Raises:
        OSError: If it cannot be made; then everything is as before.
    """
    for stale in path.parent.glob(f"{path.stem}.*{TEMPORARY_SUFFIX}"):
        stale.unlink(missing_ok=True)  # only who has the lock makes them, and is gone
    with _relatives(path, layout) as relatives:
        if held.file is None and _inherited(path, held, relatives, samples):
            return
        temporary = path.with_name(f"{path.stem}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")
        sources = [file for file in (held.file, *relatives) if file is not None]
        try:
            new = create(temporary, replace(layout, salt=secrets.randbits(64)))
            try:
                _copy(sources, new, samples)
            finally:
                new.close()
            _put(temporary, path, held)
        finally:
            temporary.unlink(missing_ok=True)
        for file in relatives:
            if _same_list(file, samples) and _lock_at_once(file):
                with suppress(OSError):  # Windows removes no file that is in use
                    file.path.unlink()


@contextmanager
def _relatives(path: Path, layout: Layout) -> Iterator[list[CacheFile]]:
    """Opens the other files of a family, without locking them."""
    family = path.name.partition("-")[0]
    files: list[CacheFile] = []
    try:
        for other in sorted(path.parent.glob(f"{family}-*{SUFFIX}")):
            if other == path:
                continue
            with suppress(OSError):
                held = _hold(other, layout, create_it=False, lock=False)
                if held.file is None:
                    held.close()
                else:
                    files.append(held.file)
        yield files
    finally:
        for file in files:
            with suppress(OSError):
                file.close()


def _inherited(path: Path, held: _Held, relatives: list[CacheFile], samples: Samples) -> bool:
    """Moves the file of the same list, before it grew or shrank, to the new name if it has room."""
    for file in relatives:
        has_room = Content.of(file, samples).missing <= len(file.free_slots())
        if has_room and _same_list(file, samples) and _lock_at_once(file):
            source = file.path
            if os.name == "nt":
                relatives.remove(file)
                file.close()
            _put(source, path, held)
            return True
    return False


def _same_list(file: CacheFile, samples: Samples) -> bool:
    known = samples.known(file.records()[0]) >= 0
    return bool(len(known)) and float(known.mean()) >= _SAME_LIST


def _lock_at_once(file: CacheFile) -> bool:
    try:
        return try_lock(file.opened.descriptor) and is_at(file.path, file.opened)
    except OSError:
        return False


def _put(source: Path, path: Path, held: _Held) -> None:
    if os.name == "nt":  # which replaces no file that is open; elsewhere the lock is kept meanwhile
        held.close()
    source.replace(path)


def _copy(sources: Sequence[CacheFile], new: CacheFile, samples: Samples) -> None:
    """Copies the images that are current, each once, from some files to an empty one."""
    lacking = np.ones(len(samples), bool)
    end = 0
    for source in sources:
        content = Content.of(source, samples)
        for file, slot, checksum in zip(
            content.files.tolist(), content.slots.tolist(), content.checksums.tolist(), strict=True
        ):
            if lacking[file] and source.agrees(slot, checksum):
                size, mtime_ns = samples.signatures[file].tolist()
                new.write(end, source.images[slot], samples.hashes[file], (size, mtime_ns))
                lacking[file] = False
                end += 1
