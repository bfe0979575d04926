"""Augmented images and their masks as files, for users to look at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["save_mask", "save_masks"]

# What PNG holds of each dtype, by channels.
_MODES = {"|u1": {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}, "<u2": {1: "I;16"}}


def save_masks(
    path: Path, masks: Any, row: int, channels_axis: int, mask_classes: int | None
) -> None:
    """Saves the masks of one image beside it, as their values are.

    Args:
        path: Of the image. Masks are called after it, with `_mask` at the end, or `_mask_` and
            their name where they have some.
        masks: The masks of a batch, or a dictionary of them.
        row: Integer, which image of the batch.
        channels_axis: Integer, 1 or 3, where masks of a batch have channels if they have some.
        mask_classes: Integer, of how many classes they are one-hot, or `None`.
    """
    named = masks if isinstance(masks, Mapping) else {"": masks}
    for name, array in named.items():
        mask = array[row]
        mask = mask[..., np.newaxis] if mask.ndim == 2 else np.moveaxis(mask, channels_axis - 1, -1)
        if mask_classes is not None:
            mask = _indices(mask)
        ending = f"_mask_{name}" if isinstance(masks, Mapping) else "_mask"
        save_mask(path.with_name(path.stem + ending), mask)


def save_mask(path: Path, mask: NDArray[Any]) -> None:
    """Saves a mask as PNG, or for NumPy if PNG has no such images.

    Args:
        path: Without an extension, which is added.
        mask: Array `(height, width, channels)` of integers or booleans.
    """
    from PIL import Image

    if mask.dtype == np.bool_:
        mask = mask.view(np.uint8)
    dtype = mask.dtype.newbyteorder("<")
    mode = _MODES.get(dtype.str, {}).get(mask.shape[2])
    if mode is None:
        np.save(path.with_name(f"{path.name}.npy"), mask)
        return
    mask = mask[..., 0] if mask.shape[2] == 1 else mask
    data = np.ascontiguousarray(mask, dtype)
    picture = Image.frombytes(mode, mask.shape[1::-1], data.tobytes())
    picture.save(path.with_name(f"{path.name}.png"))


def _indices(mask: NDArray[Any]) -> NDArray[Any]:
    """Returns the class of each pixel of a one-hot mask, the largest number where there is none."""
    dtype = np.uint8 if mask.shape[2] < 256 else np.uint16
    indices: NDArray[Any] = mask.argmax(axis=2).astype(dtype)
    indices[~mask.any(axis=2)] = np.iinfo(dtype).max
    return indices[..., np.newaxis]
