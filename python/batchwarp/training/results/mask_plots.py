"""Pictures of masks: laid over what they belong to, and beside what a model has found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.training.results import plots
from batchwarp.training.results.segmentation import SegmentedPicture

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["legend", "masks_before_after", "overlaid", "palette", "worst_pictures"]

# Of Okabe and Ito, who chose them so that those who see fewer colours can tell them apart. The
# first class, the background, has none.
_COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#d55e00", "#f0e442", "#cc79a7", "#0072b2")
_STRENGTH = 0.75  # of colours over grey pictures
_PER_ROW = 3
_LINE, _GAP = 2, 8  # pixels between a picture and its masks, and between two pictures


def overlaid(images: NDArray[Any], masks: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    """Lays masks over pictures, which become grey.

    Args:
        images: Pictures of shape `(..., height, width, channels)`, 1 or 3 channels, 0 to 1.
        masks: Indices of classes, of shape `(..., height, width)`; there are seven colours, which
            classes after the seventh begin anew.

    Returns:
        Pictures of shape `(..., height, width, 3)`, 0 to 1.
    """
    grey = images.mean(axis=-1, keepdims=True, dtype=np.float32)
    colours = np.array([_channels(text) for text in _COLOURS], np.float32)
    colour = colours[(masks - 1) % len(colours)]
    strength = np.where(masks > 0, np.float32(_STRENGTH), np.float32(0))[..., np.newaxis]
    return np.asarray(grey + strength * (colour - grey))


def palette() -> list[int]:
    """Returns red, green and blue of 256 classes, 0 to 255, of which the first one is black."""
    colours = [tuple(bytes.fromhex(text[1:])) for text in _COLOURS]
    chosen = [(0, 0, 0)] + [colours[index % len(colours)] for index in range(255)]
    return [value for colour in chosen for value in colour]


def masks_before_after(
    before: tuple[NDArray[Any], NDArray[Any]],
    after: tuple[NDArray[Any], NDArray[Any]],
    classes: Sequence[str],
    path: Path,
    *,
    title: str,
) -> None:
    """Draws pictures and their masks above what augmentation made of them.

    Args:
        before: Pictures of shape `(n, height, width, channels)`, 0 to 1, and masks of shape
            `(n, height, width)`.
        after: The same augmented, in the same order.
        classes: Names of the classes.
        path: PNG file to write.
        title: Title of the whole.
    """
    above, below = (
        np.concatenate(
            [np.broadcast_to(images, (*masks.shape, 3)), overlaid(images, masks)], axis=1
        )
        for images, masks in (before, after)
    )
    plots.before_after(above, below, path, title=title, legend=legend(classes))


def worst_pictures(
    pictures: Sequence[SegmentedPicture], classes: Sequence[str], path: Path, *, title: str
) -> None:
    """Draws pictures, each beside its mask and beside what a model has found.

    Args:
        pictures: The pictures, of one size, at least one.
        classes: Names of the classes.
        path: PNG file to write.
        title: Title of the whole.
    """
    plots.pictures(
        np.stack([_side_by_side(one) for one in pictures]),
        [f"{one.source}: mean IoU {one.iou:.2f}" for one in pictures],
        path,
        title=title,
        per_row=_PER_ROW,
        gap=_GAP,
        legend=legend(classes),
    )


def _side_by_side(one: SegmentedPicture) -> NDArray[np.float32]:
    """Returns a picture, its mask and what a model has found, from left to right."""
    picture = np.broadcast_to(one.image, (*one.true.shape, 3))
    line = np.ones((len(picture), _LINE, 3), np.float32)
    true, predicted = (overlaid(one.image, mask) for mask in (one.true, one.predicted))
    return np.concatenate([picture, line, true, line, predicted], axis=1)


def legend(classes: Sequence[str]) -> dict[str, str]:
    """Returns the colours of the classes by their names."""
    return {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(classes[1:])}


def _channels(colour: str) -> tuple[float, ...]:
    """Returns red, green and blue of a colour such as "#e69f00", 0 to 1."""
    return tuple(value / 255 for value in bytes.fromhex(colour[1:]))
