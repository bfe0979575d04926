"""The images of a data set as a cache sees them: hash of the path, size, time of change."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

__all__ = ["Samples"]


class Samples:
    """The image files behind the samples of a data set; several samples may be one file.

    Args:
        paths: The path of every sample, as it can be opened.
        root: The folder of the data set; what the paths begin with.

    Attributes:
        hashes: uint64 array (files, 2), the hash of each file's path below the root.
        signatures: int64 array (files, 2), size and mtime_ns of each; -1 where there is no file.
    """

    def __init__(self, paths: Sequence[str], root: str) -> None:
        files: Sequence[str] = list(dict.fromkeys(paths))
        self._files: NDArray[np.int64] | None = None
        if len(files) < len(paths):
            number = {path: position for position, path in enumerate(files)}
            self._files = np.fromiter((number[path] for path in paths), np.int64, len(paths))
        self.hashes = _hashes(files, root)
        self.signatures = _signatures(files)
        self._order = np.argsort(self.hashes[:, 0])
        self._sorted = self.hashes[self._order, 0]

    def __len__(self) -> int:
        return len(self.hashes)

    def files(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Returns the numbers of the files behind samples."""
        return indices if self._files is None else self._files[indices]

    def file(self, index: int) -> int:
        """Returns the number of the file behind one sample."""
        return index if self._files is None else int(self._files[index])

    def known(self, records: NDArray[np.void]) -> NDArray[np.int64]:
        """Returns for each record the number of its file, -1 where it is none of these."""
        if not len(self):
            return np.full(len(records), -1, np.int64)
        place = np.searchsorted(self._sorted, records["path"][:, 0])
        files = self._order[np.minimum(place, len(self) - 1)]
        same = (self.hashes[files] == records["path"]).all(axis=1)
        return np.where(same, files, -1)

    def current(self, records: NDArray[np.void]) -> NDArray[np.int64]:
        """Returns what `known` does, and -1 also where the file has changed."""
        files = self.known(records)
        then = np.stack([records["size"], records["mtime_ns"]], axis=1)
        return np.where((self.signatures[files] == then).all(axis=1), files, -1)


def _hashes(files: Sequence[str], root: str) -> NDArray[np.uint64]:
    # Whatever is between two texts with the same beginning begins so, too.
    if root and files and min(files).startswith(root) and max(files).startswith(root):
        texts = [path[len(root) :] for path in files]
    else:  # no path begins with a zero: these are never taken for paths below a root
        here = os.path.join(os.getcwd(), "")  # noqa: PTH109, PTH118 - of strings, not of a path
        join = os.path.join
        texts = ["\0" + join(here, path) for path in files]
    digests = [
        blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts
    ]
    return np.frombuffer(b"".join(digests), "<u8").reshape(-1, 2)


def _signatures(files: Sequence[str]) -> NDArray[np.int64]:
    # Three list operations a file: this runs 100,000 times before the first batch.
    sizes, times, stat = [], [], os.stat
    for path in files:
        try:
            status = stat(path)
        except (OSError, ValueError):
            sizes.append(-1)
            times.append(-1)
        else:
            sizes.append(status.st_size)
            times.append(status.st_mtime_ns)
    return np.stack([np.array(sizes, np.int64), np.array(times, np.int64)], axis=1)
