"""Masks as nearly all are, which the core moves in the very call that makes their images."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp.targets.nearest import nearest_part
from batchwarp.targets.options import TargetOptions

__all__ = ["MasksBeside", "batch_shape", "masks_beside"]

_Part = tuple[NDArray[np.uint8], _core.Plan, NDArray[np.int64], NDArray[np.uint8]]

_LARGEST = 255
_BYTES = np.dtype(np.uint8)


class MasksBeside(NamedTuple):
    """Masks of a batch that have been checked.

    Attributes:
        moved: Array of what becomes of them, which the call of the core fills.
        part: Tuple, what the core is told of them, as `beside`.
    """

    moved: NDArray[np.uint8]
    part: _Part


def batch_shape(images: int, plan: _core.Plan, channels: int = 0) -> tuple[int, ...]:
    """Returns the shape of what a plan makes.

    Args:
        images: Integer, how many there are.
        plan: The plan.
        channels: Integer, how many they have, if not as many as the plan's.
    """
    return _shape(images, plan.target_height, plan.target_width, channels or plan.channels, plan)


def masks_beside(
    masks: Any, images: int, plan: _core.Plan, options: TargetOptions, buffers: _core.BufferPool
) -> MasksBeside | None:
    """Returns masks as nearly all are: arrays of bytes, which stay such.

    Memory for their images is to be taken before: what is free of it would do for masks, too.

    Args:
        masks: As for `Masks`.
        images: Integer, beside how many images they are.
        plan: That of the images.
        options: The user's.
        buffers: Where the memory of the result comes from, and where it goes back to.

    Returns:
        What they are, or `None` for any other ones, wrong ones among them, about which `Masks`
        knows more.
    """
    if type(masks) is not np.ndarray or masks.dtype != _BYTES or options.mask_classes is not None:
        return None
    if not 0 <= options.mask_fill <= _LARGEST or masks.ndim not in (3, 4):
        return None
    if masks.strides[-1] != 1:
        return None
    axis = 3 if plan.data_format == "channels_last" else 1
    planes = masks if masks.ndim == 4 else np.expand_dims(masks, axis)
    channels = planes.shape[axis]
    if not channels or planes.shape != _shape(images, plan.height, plan.width, channels, plan):
        return None
    moved = buffers.empty(batch_shape(images, plan, channels), _BYTES)
    nearest, columns = nearest_part(plan, channels, plan.data_format, float(options.mask_fill))
    given = (
        moved if masks.ndim == 4 else moved.reshape(images, plan.target_height, plan.target_width)
    )
    return MasksBeside(given, (planes, nearest, columns, moved))


def _shape(
    images: int, height: int, width: int, channels: int, plan: _core.Plan
) -> tuple[int, ...]:
    if plan.data_format == "channels_last":
        return images, height, width, channels
    return images, channels, height, width
