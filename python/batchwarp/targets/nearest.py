"""Masks, moved by the core: it reads the nearest bytes, of which wider integers have several."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp.ops.core_steps import CORE_STEPS
from batchwarp.targets.stack import Move

__all__ = ["Nearest", "move_nearest", "move_nearest_to", "nearest_bytes", "nearest_part"]

_PLANS = 1024


class Nearest(NamedTuple):
    """What a plan does to places alone, and reads the nearest pixels.

    Attributes:
        plan: A plan of bytes.
        columns: Array of the columns that it has, of the rows of numbers of the whole plan.
    """

    plan: _core.Plan
    columns: NDArray[np.int64]


@functools.lru_cache(_PLANS)
def nearest_part(plan: _core.Plan, channels: int, data_format: str, cval: float) -> Nearest:
    """Returns the part of a plan that moves pixels, for images of bytes."""
    steps: list[tuple[str, dict[str, Any]]] = []
    columns: list[int] = []
    first = 0
    for name, settings in plan.steps:
        count = len(CORE_STEPS[name].columns)
        if CORE_STEPS[name].scope == "coordinates":
            plain = {"antialias": False} if "antialias" in settings else {}
            steps.append((name, {**settings, **plain}))
            columns += range(first, first + count)
        first += count
    nearest = _core.Plan(
        height=plan.height,
        width=plan.width,
        channels=channels,
        data_format=data_format,
        interpolation_order=0,
        fill_mode=plan.fill_mode,
        cval=cval,
        steps=steps,
    )
    return Nearest(nearest, np.array(columns, np.int64))


def nearest_bytes(
    move: Move, channels: int, data_format: str, fill: int
) -> tuple[_core.Plan, NDArray[np.float64] | None]:
    """Returns how bytes are moved as images are: a plan, and its rows of numbers.

    Args:
        move: How the images are moved.
        channels: Integer, how many bytes a pixel has.
        data_format: `"channels_last"` or `"channels_first"`.
        fill: Integer, the byte beyond the edges.
    """
    plan, columns = nearest_part(move.plan, channels, data_format, float(fill))
    if move.params is None or not len(columns):
        return plan, None
    return plan, np.ascontiguousarray(move.params[:, columns])


def move_nearest(
    masks: NDArray[Any],
    move: Move,
    indices: NDArray[np.int64] | None,
    fill: NDArray[Any],
    buffers: _core.BufferPool,
) -> NDArray[Any]:
    """Moves masks as their images have been moved.

    Args:
        masks: Array of rank 4 of integers or booleans, in the layout of the images; items of
            several bytes have none between them along the last axis.
        move: How the images have been moved.
        indices: Array `(b,)`, which of them; `None` for all.
        fill: Array of rank 0 of the masks' dtype, the value beyond the edges.
        buffers: Where the memory of the result comes from, and where it goes back to.

    Returns:
        Array of rank 4 of the masks' dtype.
    """
    plan = move.plan
    count = len(masks) if indices is None else len(indices)
    size = plan.target_height, plan.target_width
    first = plan.data_format == "channels_first"
    channels = masks.shape[1 if first else 3]
    shape = (count, channels, *size) if first else (count, *size, channels)
    moved = buffers.empty(shape, masks.dtype)
    move_nearest_to(moved, masks, move, indices, fill)
    return moved


def move_nearest_to(
    moved: NDArray[Any],
    masks: NDArray[Any],
    move: Move,
    indices: NDArray[np.int64] | None,
    fill: NDArray[Any],
    threads: int = 0,
) -> None:
    """Does what `move_nearest` does, to memory that there is.

    Args:
        moved: Array of rank 4 of the masks' dtype, C-contiguous.
        masks: As in `move_nearest`, as are all others.
        move: See there.
        indices: See there.
        fill: See there.
        threads: Integer, how many work on it; 0 for as many as there are.
    """
    data_format = move.plan.data_format
    width = masks.itemsize
    if width == 1:
        to = moved.view(np.uint8)
        _move(masks.view(np.uint8), move, indices, fill, to, data_format, threads)
    elif data_format == "channels_last":
        bytes_ = (*masks.shape[:3], masks.shape[3] * width)
        to = moved.view(np.uint8)
        _move_items(masks.view(np.uint8).reshape(bytes_), move, indices, fill, to, threads)
    else:
        for channel in range(masks.shape[1]):
            from_ = masks[:, channel]
            items = from_.view(np.uint8).reshape(*from_.shape, width)
            to = np.empty((len(moved), *moved.shape[2:], width), np.uint8)
            _move_items(items, move, indices, fill, to, threads)
            moved[:, channel] = to.view(masks.dtype)[..., 0]


def _move_items(
    masks: NDArray[np.uint8],
    move: Move,
    indices: NDArray[np.int64] | None,
    fill: NDArray[Any],
    moved: NDArray[np.uint8],
    threads: int,
) -> None:
    """Moves items of several bytes, which are channels."""
    values = np.frombuffer(fill.tobytes(), np.uint8)
    if "constant" not in move.plan.fill_mode or (values == values[0]).all():
        _move(masks, move, indices, values[0], moved, "channels_last", threads)
        return
    width = len(values)
    part = np.empty((*moved.shape[:3], moved.shape[3] // width), np.uint8)
    for place, value in enumerate(values):
        _move(masks[..., place::width], move, indices, value, part, "channels_last", threads)
        moved[..., place::width] = part


def _move(
    masks: NDArray[np.uint8],
    move: Move,
    indices: NDArray[np.int64] | None,
    fill: Any,
    moved: NDArray[np.uint8],
    data_format: str,
    threads: int,
) -> None:
    """Moves bytes."""
    channels = masks.shape[3 if data_format == "channels_last" else 1]
    plan, params = nearest_bytes(move, channels, data_format, int(fill.view(np.uint8)))
    _core.augment_batch(masks, indices, params, plan, moved, threads=threads)
