"""Masks beside images: an integer for each pixel, of which no move makes another one."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp._arrays import as_array
from batchwarp.targets.nearest import move_nearest
from batchwarp.targets.options import TargetOptions
from batchwarp.targets.stack import Move, Stack

__all__ = ["Masks", "check_fill", "check_kind", "no_class", "one_hot"]


class Masks:
    """Masks that have been checked.

    Args:
        value: Array `(n, height, width)`, or of rank 4 with channels where images have them, of
            integers or booleans; or a dictionary of such arrays.
        images: What they are beside.
        options: The user's.

    Attributes:
        arrays: Dictionary of the arrays, with one key `"masks"` if it was no dictionary.
        is_dictionary: Boolean, whether it was one.
        options: The user's.

    Raises:
        ValueError: If they are of another size, or hold what is no class.
        TypeError: If they are floats.
    """

    def __init__(self, value: Any, images: Stack, options: TargetOptions) -> None:
        self._channels_axis = -1 if images.data_format == "channels_last" else 1
        self._dtype = images.dtype
        self.options = options
        self.is_dictionary = isinstance(value, Mapping)
        named = dict(value) if self.is_dictionary else {"masks": value}
        self.arrays = {
            key: self._checked(f"masks[{key!r}]" if self.is_dictionary else key, mask, images)
            for key, mask in named.items()
        }

    def move(
        self,
        moves: Sequence[Move],
        indices: NDArray[np.int64] | None,
        buffers: _core.BufferPool,
    ) -> Any:
        """Returns the masks of a batch, or a dictionary of them; see `Targets.move`."""
        moved = {
            key: self._moved(mask, moves, indices, buffers) for key, mask in self.arrays.items()
        }
        return moved if self.is_dictionary else moved["masks"]

    def planes(self, moved: Any) -> list[NDArray[Any]]:
        """Returns what `move` has made as views of rank 4, channels last."""
        arrays = moved.values() if self.is_dictionary else [moved]
        return [np.moveaxis(self.planes_of(array), self._channels_axis, -1) for array in arrays]

    def planes_of(self, mask: NDArray[Any]) -> NDArray[Any]:
        """Returns an array of `arrays` as a view of rank 4, in the images' layout."""
        if mask.ndim == 4:
            return mask
        return mask[..., np.newaxis] if self._channels_axis == -1 else mask[:, np.newaxis]

    def _moved(
        self,
        mask: NDArray[Any],
        moves: Sequence[Move],
        indices: NDArray[np.int64] | None,
        buffers: _core.BufferPool,
    ) -> NDArray[Any]:
        fill = np.array(self.options.mask_fill, mask.dtype)
        moved = self.planes_of(mask)
        for move in moves:
            moved = move_nearest(moved, move, indices, fill, buffers)
            indices = None
        if self.options.mask_classes is not None:
            return one_hot(moved, self.options.mask_classes, self._channels_axis, self._dtype)
        if mask.ndim == 4:
            return moved
        return moved[..., 0] if self._channels_axis == -1 else moved[:, 0]

    def _checked(self, name: str, value: Any, images: Stack) -> NDArray[Any]:
        mask = as_array(name, value, stack=True)
        check_kind(name, mask.dtype, value)
        extents = list(mask.shape)
        if mask.ndim == 4:
            del extents[self._channels_axis]
        wanted = [images.images, images.height, images.width]
        if extents != wanted:
            with_channels: list[Any] = [*wanted]
            with_channels.insert(self._channels_axis % 4, "channels")
            raise ValueError(
                f"`{name}` should have the number and the size of the images, "
                f"({', '.join(map(str, wanted))}) or ({', '.join(map(str, with_channels))}). "
                f"Received shape: {mask.shape}"
            )
        check_fill(name, mask.dtype, self.options)
        if self.options.mask_classes is not None:
            self._check_classes(name, mask, self.options.mask_classes)
        # What is read by bytes must have them side by side along the last axis.
        return mask if mask.strides[-1] == mask.itemsize else np.ascontiguousarray(mask)

    def _check_classes(self, name: str, mask: NDArray[Any], classes: int) -> None:
        if mask.ndim == 4 and mask.shape[self._channels_axis] != 1:
            raise ValueError(
                f"`{name}` should have one channel for `mask_classes`. Received shape: {mask.shape}"
            )
        where = no_class(mask, self.options)
        if where is not None:
            raise ValueError(
                f"`{name}` should be from 0 to {classes - 1}, below `mask_classes`, or the "
                f"`mask_fill` {self.options.mask_fill}. Received {mask[where]} in image {where[0]}"
            )


def check_kind(name: str, dtype: np.dtype[Any], value: Any = None) -> None:
    """Raises `TypeError` if masks are neither integers nor booleans.

    Args:
        name: String, what they are called.
        dtype: Theirs.
        value: What they were made of; of a list, the error says which one it is.
    """
    if dtype.kind in "biu":
        return
    items = value if isinstance(value, (list, tuple)) else ()
    kinds = [getattr(getattr(item, "dtype", None), "kind", "") for item in items]
    first = next((at for at, kind in enumerate(kinds) if kind not in "biu"), None)
    of = "" if first is None else f" of mask {first}"
    raise TypeError(
        f"`{name}` should hold integers or booleans, since nothing is between two of them. "
        f"Received dtype{of}: {dtype if first is None else items[first].dtype}"
    )


def check_fill(name: str, dtype: np.dtype[Any], options: TargetOptions) -> None:
    """Raises `ValueError` if masks cannot have the value beyond the edges.

    Args:
        name: String, what they are called.
        dtype: Theirs.
        options: The user's.
    """
    fill = options.mask_fill
    least, most = _ends(dtype)
    if not least <= fill <= most:
        raise ValueError(
            f"`mask_fill` should be from {least} to {most}, for `{name}` of {dtype}. "
            f"Received: {fill}"
        )


def no_class(mask: NDArray[Any], options: TargetOptions) -> tuple[int, ...] | None:
    """Returns where a mask first has what is no class, `None` if all values are classes.

    Args:
        mask: Array of integers or booleans.
        options: The user's, with `mask_classes`.
    """
    classes = options.mask_classes
    assert classes is not None
    if not mask.size or (mask.min() >= 0 and mask.max() < classes):
        return None
    wrong = ((mask < 0) | (mask >= classes)) & (mask != options.mask_fill)
    if not wrong.any():
        return None
    return tuple(int(index) for index in np.unravel_index(wrong.argmax(), mask.shape))


def one_hot(
    mask: NDArray[Any], classes: int, channels_axis: int, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Returns for each class where a mask has it, in place of the one channel.

    Args:
        mask: Array of rank 4 of integers or booleans.
        classes: Integer, how many there are.
        channels_axis: Integer, the axis of the channel.
        dtype: Of the result.
    """
    shape = list(mask.shape)
    shape[channels_axis] = classes
    result = np.zeros(shape, dtype)
    known = min(classes, _ends(mask.dtype)[1] + 1)  # the mask's dtype has no others
    planes = np.moveaxis(result, channels_axis, -1)[..., :known]
    np.equal(np.moveaxis(mask, channels_axis, -1), np.arange(known, dtype=mask.dtype), out=planes)
    return result


@functools.cache
def _ends(dtype: np.dtype[Any]) -> tuple[int, int]:
    """Returns the least and the largest value of a dtype of integers or booleans."""
    if dtype.kind == "b":
        return 0, 1
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)
