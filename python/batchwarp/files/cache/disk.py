"""The cache on disk."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._warnings import warn
from batchwarp.files.cache.base import ImageCache, checked_shape
from batchwarp.files.cache.file import CacheFile
from batchwarp.files.cache.layout import SUFFIX, Layout, Setting
from batchwarp.files.cache.opening import Opening, open_cache
from batchwarp.files.cache.samples import Content, Samples
from batchwarp.files.cache.system import describe

__all__ = ["DiskCache"]

_REFRESH_SECONDS = 1.0
# A file may change twice within one tick of the clock that its time of change is taken from: after
# that, the same time stands for other content. Ticks are 10 ms at most (2 s where times are whole
# seconds); the rest is for what passes between reading a file and storing its image.
_UNSETTLED_NS = 500_000_000
_UNSETTLED_COARSE_NS = 3_000_000_000


class DiskCache(ImageCache):
    """Decoded images in a memory-mapped file, which processes share and which outlives them.

    An image is found as long as size and time of change of its file are what they were when it was
    decoded; both are looked at here, when the cache is opened. One iterator of all processes
    writes; others read what is there, and notice what is added. Without permission, room on the
    disk or a usable folder there is one `RuntimeWarning`, and work goes on with what is there.

    Every list of images has a file of its own. One that grows, shrinks or overlaps with another one
    takes over the images that are known.

    Args:
        folder: String or path, where cache files are; made if missing.
        paths: Paths of all samples, as they can be opened.
        image_shape: Height, width and channels of every image.
        settings: What else the pixels depend on, by name.
        root: String, the folder of the data set, which the paths begin with. Below it, paths mean
            the same from wherever the process was started.

    Attributes:
        images: uint8 array (slots, height, width, channels), read-only; empty if there is no file.
        path: Path of the cache file.

    Raises:
        ValueError: If `folder` is no path, `image_shape` not three integers above 0, or a value of
            `settings` neither string, integer, boolean nor None.
    """

    # A fork may come while another thread is in the constructor.
    _writer: CacheFile | None = None

    def __init__(
        self,
        folder: str | Path,
        paths: Sequence[str],
        image_shape: tuple[int, int, int],
        settings: Mapping[str, Setting],
        root: str = "",
    ) -> None:
        self._arguments: dict[str, Any] = {
            "folder": _checked_folder(folder),
            "paths": list(paths),
            "image_shape": checked_shape(image_shape),
            "settings": _checked_settings(settings),
            "root": root,
        }
        self._open()

    def _open(self, announce: bool = True) -> None:
        self._samples = Samples(self._arguments["paths"], self._arguments["root"])
        super().__init__(len(self._samples), self._arguments["image_shape"])
        layout = self._layout()
        self.path = (
            self._arguments["folder"] / f"{_family(layout)}-{self._samples.identity()}{SUFFIX}"
        )
        self.images = np.zeros((0, *self.image_shape), np.uint8)
        self._announced = not announce
        self._candidates = np.full(len(self._samples), -1, np.int64)
        self._checksums = np.zeros(0, np.uint64)
        self._file: CacheFile | None = None
        self._writer = None
        self._free: Iterator[int] = iter(())
        if len(self._samples):
            opening = open_cache(self.path, layout, self._samples)
            try:
                self._take(opening)
            except BaseException:
                if opening.file is not None:
                    opening.file.close()  # an error may be kept, and with it the lock would be
                raise

    def _layout(self) -> Layout:
        """Returns the header that the file must have."""
        root = self._arguments["root"]
        count = len(self._samples)
        return Layout(
            root=os.path.abspath(root) if root else "",  # noqa: PTH100 - a key, symlinks and all
            settings=self._arguments["settings"],
            image_shape=self.image_shape,
            capacity=count + count // 8 + 16,  # some for images that change and lists that grow
            salt=0,
        )

    def _take(self, opening: Opening) -> None:
        """Reads and writes from now on what was opened."""
        self._file, content = opening.file, opening.content
        if self._file is not None and content is not None:
            self.images = self._file.images
            self._checksums = np.zeros(len(self.images), np.uint64)
            with suppress(OSError):
                os.utime(self.path)  # `batchwarp cache` shows it as last use
            if opening.writable:
                self._free = iter(self._file.free_slots().tolist())
                self._writer = self._file
            self._expect(content)
        if opening.reason and (content is None or content.missing):
            self._warn(opening.reason)

    def find(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Looks samples up; the pixels of each image are checked when it is found first.

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
        self._notice_additions()
        unchecked = np.unique(numbers[unknown & (self._candidates[numbers] >= 0)])
        if not len(unchecked):
            return slots
        for number in unchecked.tolist():
            self._check(number)
        return self._slots[numbers]

    def store(self, index: int, image: NDArray[np.uint8], signature: tuple[int, int]) -> None:
        """Keeps an image, if it is the first for its sample and the file may be written to.

        Args:
            index: Integer, the sample.
            image: uint8 array (height, width, channels).
            signature: Size in bytes and `mtime_ns` of the image's file, both from `os.fstat` of the
                open file before the first byte was read.

        Raises:
            ValueError: If the image has another shape or dtype.
        """
        image = self._checked(image)
        number = int(self._samples.files(np.array([index]))[0])
        with self._lock:
            writer = self._writer
            if writer is None or self._claimed[number]:
                return
            self._claimed[number] = True
            slot = next(self._free, None)
        if slot is None:
            self._stop_writing("full; it is made larger when it is opened the next time")
            return
        try:
            if _settled(signature[1]):
                writer.write(slot, image, self._samples.hashes[number], signature)
            else:  # for this process only
                writer.void(slot)
                writer.write_pixels(slot, image)
        except OSError as error:
            self._stop_writing(f"cannot be written: {describe(error)}")
            return
        except BaseException:  # the next time it may be kept, in another slot
            with self._lock:
                self._claimed[number] = self._closed
            raise
        self._publish(number, slot)

    def close(self) -> None:
        """Lets go of file and lock; from now on no image is found and none is stored."""
        with self._lock:
            self._file = self._writer = None
            self._candidates[:] = -1
        super().close()

    def _expect(self, content: Content) -> None:
        """Takes what a file has as candidates: nobody has looked at the pixels yet."""
        with self._lock:
            self._checksums[content.slots] = content.checksums
            self._candidates[content.files] = content.slots
            self._claimed[content.files] = True
            self._next_reading = time.monotonic() + _REFRESH_SECONDS

    def _notice_additions(self) -> None:
        """Reads the index again, now and then, if another process may be writing to it."""
        file = self._file
        if file is not None and self._writer is None and time.monotonic() >= self._next_reading:
            self._expect(Content.of(file, self._samples))

    def _check(self, number: int) -> None:
        """Makes a candidate found, or forgets it."""
        file, slot = self._file, int(self._candidates[number])
        if file is None or slot < 0:
            return
        if file.agrees(slot, int(self._checksums[slot])):
            self._publish(number, slot)
            return
        with self._lock:
            writer = self._writer
            self._candidates[number] = -1
            self._claimed[number] = False
        if writer is not None:
            try:
                writer.void(slot)
            except OSError as error:
                self._stop_writing(f"cannot be written: {describe(error)}")

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
                "in it are decoded whenever they are needed.",
                RuntimeWarning,
            )

    def _after_fork(self) -> None:
        super()._after_fork()
        self._writer = None  # its file is closed
        self._claimed[:] = True  # the parent writes

    def __getstate__(self) -> dict[str, Any]:
        return self._arguments

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._arguments = state
        self._open(announce=False)  # that its original has the lock is no news


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


def _family(layout: Layout) -> str:
    """Returns a hash of what files must have in common to exchange images."""
    key = json.dumps([layout.root, layout.settings, layout.image_shape], sort_keys=True)
    return hashlib.blake2b(key.encode(), digest_size=5).hexdigest()


def _settled(mtime_ns: int) -> bool:
    """Whether a time of change is old enough to stand for one content; one to come is."""
    coarse = mtime_ns % 1_000_000_000 == 0
    window = _UNSETTLED_COARSE_NS if coarse else _UNSETTLED_NS
    return abs(time.time_ns() - mtime_ns) >= window
