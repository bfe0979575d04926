"""Rows that belong to images, of which each may have another number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp._arrays import as_array, is_real, real_array

__all__ = ["Ragged", "in_core_dtype", "in_double"]


class Ragged(NamedTuple):
    """The rows of all images, one image's after the other's.

    Attributes:
        rows: Array `(m, ...)`.
        starts: Array `(n + 1,)` of int64: image i has the rows from `starts[i]` to below
            `starts[i + 1]`.
        room: Integer, for how many rows there is room beside each image: the length of an array's
            axis, or that of the longest item of a list.
    """

    rows: NDArray[Any]
    starts: NDArray[np.int64]
    room: int

    @classmethod
    def of_images(cls, name: str, value: Any, count: int, tail: tuple[int, ...]) -> Ragged:
        """Returns rows that a user has given.

        Args:
            name: String, the argument's name for errors.
            value: Array `(n, k, *tail)`, or a list or tuple of n arrays `(k_i, *tail)`; or what
                this function returns, which is returned.
            count: Integer, n.
            tail: Shape of a row.

        Raises:
            ValueError: If it is of another shape.
            TypeError: If it does not hold real numbers.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 1:
            value = list(value)
        if isinstance(value, (list, tuple)):
            return cls._of_list(name, value, count, tail)
        array = real_array(name, value)
        if array.shape[:1] != (count,) or array.ndim < 2 or array.shape[2:] != tail:
            raise ValueError(
                f"`{name}` should be an array of shape {_shape(count, 'k', *tail)}, or a list of "
                f"{count} arrays of shape {_shape('k', *tail)}. Received shape: {array.shape}"
            )
        room = array.shape[1]
        starts = np.arange(count + 1, dtype=np.int64) * room
        # A copy, as of a list: what has been checked stays what it was.
        return cls(array.copy().reshape(count * room, *tail), starts, room)

    @classmethod
    def _of_list(cls, name: str, items: Any, count: int, tail: tuple[int, ...]) -> Ragged:
        if len(items) != count:
            raise ValueError(
                f"`{name}` should be a list of {count} arrays, one for each image. "
                f"Received: {len(items)}"
            )
        found = _core.gather_rows(items, tail[0] if tail else 0)
        if found is not None:
            return cls(*found)
        # `filled` are those that have a dtype of their own, which empty lists have not.
        arrays, filled = _arrays(name, items, tail)
        lengths = [len(array) for array in arrays]
        starts = np.zeros(count + 1, np.int64)
        starts[1:] = lengths
        starts.cumsum(out=starts)
        rows = np.concatenate(filled) if len(filled) else np.empty((0, *tail), np.int64)
        return cls(rows, starts, max(lengths, default=0))

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many rows each image has, `(n,)`."""
        return np.diff(self.starts)

    def place(self, row: int) -> tuple[int, int]:
        """Returns whose row it is, and the how manieth of it."""
        image = int(np.searchsorted(self.starts, row, side="right")) - 1
        return image, row - int(self.starts[image])

    def at(self, indices: NDArray[np.int64] | None) -> Ragged:
        """Returns the rows of some images.

        Args:
            indices: Array `(b,)`, the images; `None` for all.
        """
        if indices is None:
            return self
        counts = self.counts[indices]
        starts = np.zeros(len(indices) + 1, np.int64)
        np.cumsum(counts, out=starts[1:])
        # From where a row stands to where it is from, which is the same for all of an image.
        back = np.repeat(self.starts[:-1][indices] - starts[:-1], counts)
        return self._replace(rows=self.rows[np.arange(starts[-1]) + back], starts=starts)

    def only(self, kept: NDArray[np.bool_]) -> Ragged:
        """Returns the rows that are kept, `(m,)`, moved up to the first ones."""
        before = np.zeros(len(kept) + 1, np.int64)
        np.cumsum(kept, out=before[1:])
        return self._replace(rows=self.rows[kept], starts=before[self.starts])

    def padded(self, room: int, fill: float, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Returns rows as an array `(n, room, ...)`.

        Args:
            room: Integer; what is beyond it is left out.
            fill: Number where there is none.
            dtype: Of the array.
        """
        rows, count = self.rows, len(self.starts) - 1
        if room == self.room and len(rows) == count * room:  # since no image has more
            return rows.astype(dtype, copy=False).reshape(count, room, *rows.shape[1:])
        counts = self.counts
        result = np.full((count, room, *rows.shape[1:]), fill, dtype)
        if (counts > room).any():
            rank = np.arange(len(rows)) - np.repeat(self.starts[:-1], counts)
            rows = rows[rank < room]
        result[np.arange(room) < counts[:, np.newaxis]] = rows
        return result


def in_core_dtype(rows: NDArray[Any]) -> NDArray[Any]:
    """Returns rows as the core reads them: floats in single or double precision, side by side."""
    single = rows.dtype == np.float32 and rows.dtype.isnative
    return np.ascontiguousarray(rows, np.float32 if single else np.float64)


def in_double(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Returns rows in double precision: themselves, if they are."""
    return rows.astype(np.float64, copy=False)


def _arrays(
    name: str, items: Sequence[Any], tail: tuple[int, ...]
) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """Returns items as arrays, and those of them that have a dtype of their own."""
    arrays = [as_array(f"{name}[{at}]", item) for at, item in enumerate(items)]
    for at, array in enumerate(arrays):
        if array.shape[1:] != tail or array.ndim == 0:
            if array.shape == (0,):  # of an empty list, nobody knows of what
                continue
            raise ValueError(
                f"`{name}` should be a list of arrays of shape {_shape('k', *tail)}. "
                f"Received shape {array.shape} for image {at}"
            )
        if not is_real(array.dtype):
            raise TypeError(
                f"`{name}` should hold real numbers. Received dtype {array.dtype} for image {at}"
            )
    filled = [
        array
        for array, item in zip(arrays, items, strict=True)
        if len(array) or (isinstance(item, np.ndarray) and array.shape[1:] == tail)
    ]
    return arrays, filled


def _shape(*extents: int | str) -> str:
    """Returns a shape as it is written, some of whose extents are letters."""
    return f"({', '.join(map(str, extents))}{',' if len(extents) == 1 else ''})"
