"""What is kept in a store of the files of one flow: found, noticed, checked and added to."""

from __future__ import annotations

import os
import time
import zlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._warnings import warn
from batchwarp.files.cache.base import Slots
from batchwarp.files.cache.budget import Budget
from batchwarp.files.cache.layout import RECORD, SUFFIX, VOIDED, Layout, Setting, sealed
from batchwarp.files.cache.opening import open_store, writer_again
from batchwarp.files.cache.samples import Samples
from batchwarp.files.cache.store import Store, Writer
from batchwarp.files.cache.system import describe

__all__ = ["StoredSlots", "is_settled"]

_PAUSE = 30.0  # seconds in which nobody asks for a lock that was not to be had
# A file may change twice within one tick of the clock that its time of change is taken from: after
# that, the same time stands for other content. Ticks are 10 ms at most (2 s where times are whole
# seconds); the rest is for what passes between reading a file and storing it.
_UNSETTLED_NS = 500_000_000
_UNSETTLED_COARSE_NS = 3_000_000_000


class StoredSlots(Slots, ABC):
    """Base class of caches on disk; the slot of what is kept is its record's place in the index.

    A file is found as long as its size and time of change are what they were when it was stored;
    both are looked at here, when the cache is opened. All flows with the same root and settings, in
    all processes, read and add to one store, each of them what is missing of its own files. Without
    permission, room on the disk or a usable folder there is one `RuntimeWarning`, and work goes on
    with what is there.

    Args:
        folder: String or path, where stores are; made if missing.
        paths: Paths of all samples, as they can be opened.
        image_shape: Height, width and channels of every image; None for files as they are.
        settings: What else there is to say of what is kept, by name.
        root: String, the folder of the data set, which the paths begin with. Below it, paths mean
            the same from wherever the process was started.
        budget: What the store may take of the disk, and shares with others: what is in it stays,
            and what has no more room is not added; `None` for no bound.

    Attributes:
        path: Path of the store's index.

    Raises:
        ValueError: If `folder` is no path, or a value of `settings` neither string, integer,
            boolean nor None, or the budget has no room for one image.
    """

    # A fork may come while another thread is in the constructor.
    _writer: Writer | None = None
    _is_child = False

    def __init__(
        self,
        folder: str | Path,
        paths: Sequence[str],
        image_shape: tuple[int, int, int] | None,
        settings: Mapping[str, Setting],
        root: str = "",
        budget: Budget | None = None,
    ) -> None:
        self._arguments: dict[str, Any] = {
            "folder": _checked_folder(folder),
            "paths": list(paths),
            "image_shape": image_shape,
            "settings": _checked_settings(settings),
            "root": root,
            "budget": Budget() if budget is None else budget,
        }
        self._open(new=True)

    def _open(self, new: bool) -> None:
        """Opens the store; a copy neither claims its share once more nor says what was said."""
        arguments = self._arguments
        root = arguments["root"]
        self._samples = Samples(arguments["paths"], root)
        super().__init__(len(self._samples))
        self._layout = Layout(
            root=os.path.abspath(root) if root else "",  # noqa: PTH100 - a key, symlinks and all
            settings=arguments["settings"],
            image_shape=arguments["image_shape"],
            salt=0,
        )
        self.path: Path = arguments["folder"] / f"{self._layout.key}{SUFFIX}"
        self._announced = not new
        self._sample_bytes = self._layout.image_bytes or self._mean_size()
        if new:
            arguments["budget"].claim(self._sample_bytes)
        # Of what is in the store, and nobody has looked whether it is what it should be.
        self._candidates = np.full(len(self._samples), -1, np.int64)
        self._records = np.zeros(len(self._samples), RECORD)  # of the candidates and of the slots
        self._store: Store | None = None
        self._noticed = 0  # number of records that have been read
        self._end = 0  # of the data that they are of
        self._busy_until = 0.0
        if len(self._samples):
            opening = open_store(self.path, self._layout)
            self._store, self._writer = opening.store, opening.writer
            reason = opening.reason
            if self._store is not None:
                with suppress(OSError):
                    os.utime(self.path)  # `batchwarp cache` shows it as last use
                try:
                    self._notice()
                except OSError as error:
                    self._store = self._writer = None
                    reason = describe(error)
            if reason and self._lacks_some():
                self._warn(reason)

    def _mean_size(self) -> float:
        """Returns how long a file is, or 1 if there is none."""
        sizes = self._samples.signatures[:, 0]
        return float(sizes[sizes >= 0].mean()) if (sizes > 0).any() else 1.0

    def _lacks_some(self) -> bool:
        """Whether there are files that are not in the store."""
        exist = self._samples.signatures[:, 0] >= 0
        return bool((exist & (self._candidates < 0)).any())

    def find(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Looks samples up; the data of each are checked when it is found first.

        Args:
            indices: int64 array (n,), samples.

        Returns:
            int64 array (n,), the slot of each, -1 for those that are not (yet) cached.
        """
        numbers = self._samples.files(indices)
        slots = self._slots[numbers]
        unknown = slots < 0
        if not unknown.any():
            return slots
        self._look_for_more()
        unchecked = np.unique(numbers[unknown & (self._candidates[numbers] >= 0)])
        if not len(unchecked):
            return slots
        for number in unchecked.tolist():
            self._check(number)
        return self._slots[numbers]

    def close(self) -> None:
        """Lets go of the store; from now on nothing is found and nothing is stored."""
        with self._lock:
            self._store = self._writer = None
            self._candidates[:] = -1
        super().close()

    def _look_for_more(self) -> None:
        """Notices what others have added, if the store can be read at this moment."""
        try:
            self._notice()
        except OSError as error:
            describe(error)  # lets those through that are none of the system's

    def _notice(self) -> None:
        """Reads the records that have been added, as candidates.

        Raises:
            OSError: If they cannot be read.
        """
        store = self._store
        if store is None or len(store) <= self._noticed:
            return
        with self._lock:
            count = len(store)
            records, positions = store.records(self._noticed, count)
            if len(records):
                self._end = max(self._end, int((records["offset"] + records["length"]).max()))
            files = self._samples.current(records)
            new = np.flatnonzero(files >= 0)
            new = new[self._slots[files[new]] < 0]
            self._expect(files[new], positions[new], records[new])
            self._noticed = max(self._noticed, count)

    def _expect(
        self, files: NDArray[np.int64], positions: NDArray[np.int64], records: NDArray[np.void]
    ) -> None:
        """Takes records as candidates; of several of one file, the last one."""
        self._records[files] = records
        self._candidates[files] = positions

    def _check(self, number: int) -> None:
        """Makes a candidate found, or forgets it."""
        slot = int(self._candidates[number])
        if slot < 0:
            return
        if self._holds(slot, self._records[number]):
            self._publish(number, slot)
            return
        self._forget(number, slot)

    def _forget(self, number: int, candidate: int) -> None:
        """Takes a candidate back, which is not what it should be."""
        with self._lock:
            if self._candidates[number] == candidate:
                self._candidates[number] = -1

    @abstractmethod
    def _holds(self, slot: int, record: np.void) -> bool:
        """Whether the data of a record are those that it was written for."""

    def _add(self, number: int, data: memoryview, signature: tuple[int, int]) -> None:
        """Keeps data, if nobody has yet, and if they may be added to the store.

        Args:
            number: Of the file.
            data: Bytes.
            signature: Size in bytes and `mtime_ns` of the file, both from `os.fstat` of the open
                file before the first byte was read.
        """
        crc32 = zlib.crc32(data)
        with self._lock:
            if self._writer is None and self._is_child and self._store is not None:
                self._writer, self._is_child = writer_again(self._store), False
            writer = self._writer
            if writer is None or self._is_known(number) or time.monotonic() < self._busy_until:
                return
            try:
                with writer.alone() as alone:
                    if not alone:  # its holder has been stopped, or its disk has
                        self._busy_until = time.monotonic() + _PAUSE
                        return
                    self._notice()
                    if not self._is_known(number):
                        self._add_alone(writer, number, data, signature, crc32)
            except (OSError, ValueError) as error:
                reason = describe(error) if isinstance(error, OSError) else str(error)
                self._stop_writing(f"cannot be written: {reason}")

    def _is_known(self, number: int) -> bool:
        return bool(self._slots[number] >= 0 or self._candidates[number] >= 0)

    def _add_alone(
        self,
        writer: Writer,
        number: int,
        data: memoryview,
        signature: tuple[int, int],
        crc32: int,
    ) -> None:
        position, size = self._noticed, self._layout.image_bytes
        place = (self._end if size is None else position * size, len(data))
        first, second = self._samples.hashes[number].tolist()
        share = self._share()
        if share is not None and sum(place) > share:
            self._writer = None  # what is in it stays
            return
        settled = is_settled(signature[1])
        assert self._store is not None
        salt = self._store.layout.salt
        record = sealed((first, second), signature, crc32, place, position, salt)
        self._make_room(writer, position)
        writer.add(position, record if settled else VOIDED, place[0], data)
        self._noticed, self._end = position + 1, place[0] + place[1]
        self._records[number] = np.frombuffer(record, RECORD)[0]
        self._publish(number, position)

    def _share(self) -> int | None:
        """Returns how long the data may become, or `None`."""
        budget: Budget = self._arguments["budget"]
        return budget.share(self._sample_bytes)

    def _make_room(self, writer: Writer, position: int) -> None:
        """Is called before data are added."""

    def _stop_writing(self, reason: str) -> None:
        with self._lock:
            self._writer = None
        self._warn(reason)

    def _warn(self, reason: str) -> None:
        """Warns, the first time."""
        with self._lock:
            announced, self._announced = self._announced, True
        if not announced:
            warn(
                f"The image cache {self.path} cannot be used fully: {reason}. Images that are not "
                "in it are read and decoded whenever they are needed.",
                RuntimeWarning,
            )

    def _after_fork(self) -> None:
        super()._after_fork()
        # The writer's files are closed: its lock would be the parent's.
        self._is_child = self._is_child or self._writer is not None
        self._writer = None

    def __getstate__(self) -> dict[str, Any]:
        return self._arguments

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._arguments = state
        self._open(new=False)


def _checked_folder(folder: object) -> Path:
    text = os.fspath(folder) if isinstance(folder, (str, os.PathLike)) else folder
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise ValueError(
            "`cache` must be 'memory' or the path of a folder, as a string or `pathlib.Path`. "
            f"Received: {folder!r}"
        )
    # Always: in a program, "~/cache" is never meant as a folder that is called "~".
    return Path(os.path.expanduser(text)).absolute()  # noqa: PTH111 - leaves what it does not know


def _checked_settings(settings: Mapping[str, Setting]) -> dict[str, Setting]:
    for name, value in settings.items():
        if not isinstance(value, (str, int, type(None))):
            raise ValueError(
                f"`settings` must have strings, integers, booleans and None as values. "
                f"Received: {name}={value!r}"
            )
    return dict(settings)


def is_settled(mtime_ns: int) -> bool:
    """Whether a time of change is old enough to stand for one content; one to come is."""
    coarse = mtime_ns % 1_000_000_000 == 0
    window = _UNSETTLED_COARSE_NS if coarse else _UNSETTLED_NS
    return abs(time.time_ns() - mtime_ns) >= window
