"""Masks that a saved model finds in pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.console.files import replacing
from batchwarp.training.networks.layers import activation_name, last_layer
from batchwarp.training.results import mask_plots

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from batchwarp.training.results.saved import SavedModel

__all__ = ["find_masks", "in_size", "overlay", "save_mask", "shares"]

_BATCH = 8  # what a model puts out for large pictures of many classes is large, too
_MOST_OF_PALETTE = 256


def find_masks(saved: SavedModel, images: NDArray[np.float32]) -> NDArray[np.int64]:
    """Returns the most probable class of each pixel.

    Args:
        saved: A model that makes masks.
        images: Array of pictures as the model takes them.

    Returns:
        Array `(n, height, width)` of the size that the model puts out.
    """
    found = []
    has_odds = activation_name(last_layer(saved.model)) != "sigmoid"
    for begin in range(0, len(images), _BATCH):
        batch = images[begin : begin + _BATCH]
        outputs = saved.channels_last(saved.model.predict_on_batch(batch))
        if outputs.shape[-1] > 1:
            found.append(outputs.argmax(axis=-1))
        else:  # one number says how much speaks for the second of two classes
            found.append((outputs[..., 0] > (0 if has_odds else 0.5)).astype(np.int64))
    return np.concatenate(found)


def in_size(mask: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Returns a mask in another size: of the nearest pixels, as masks are resized for training."""
    rows = ((np.arange(height) + 0.5) * mask.shape[0] / height).astype(np.int64)
    columns = ((np.arange(width) + 0.5) * mask.shape[1] / width).astype(np.int64)
    return np.asarray(mask[rows[:, np.newaxis], columns])


def shares(mask: NDArray[np.int64], classes: int) -> list[float]:
    """Returns which share of the pixels is of each class."""
    return [count / mask.size for count in np.bincount(mask.ravel(), minlength=classes).tolist()]


def save_mask(mask: NDArray[np.int64], path: Path) -> None:
    """Writes a mask as PNG, whose values are the classes: in the colours of a palette.

    Of more classes than a palette has colours, it is grey of 16 bits.

    Args:
        mask: Array `(height, width)`.
        path: The file to write or replace.
    """
    from PIL import Image

    if mask.max(initial=0) < _MOST_OF_PALETTE:
        picture = Image.fromarray(mask.astype(np.uint8))
        picture.putpalette(mask_plots.palette())
    else:
        picture = Image.fromarray(mask.astype(np.uint16))
    with replacing(path) as temporary:
        picture.save(temporary, format="png")


def overlay(picture: NDArray[np.uint8], mask: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Returns a picture `(height, width, 3)`, grey, under the colours of its mask."""
    over = mask_plots.overlaid(picture / np.float32(255), mask)
    return np.asarray(np.rint(over * 255), np.uint8)
