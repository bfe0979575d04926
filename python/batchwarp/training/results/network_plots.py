"""The pictures of what a model sees, beside those of its training in `plots`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from batchwarp.training.results import mask_plots, plots

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["activations", "filters", "heat_map", "picture_and_mask"]

_ACTIVATION_COLOURS = "viridis"
_HEAT_COLOURS = "turbo"
_HEAT_OPACITY = 0.45
_PATTERNS_PER_ROW = 4  # large enough for every pixel to be seen
# Contrast of a pattern: its standard deviation becomes this share of the range from black to white.
_PATTERN_CONTRAST = 0.2


def activations(maps: NDArray[np.float32], path: Path, *, title: str) -> None:
    """Draws the channels of a layer's output, each in colours from its lowest to its highest value.

    Args:
        maps: Array `(height, width, channels)`.
        path: PNG file to write.
        title: Title of the picture.
    """
    plots.require_matplotlib()
    from matplotlib import colormaps

    low, high = maps.min(axis=(0, 1)), maps.max(axis=(0, 1))
    scaled = (maps - low) / np.where(high > low, high - low, 1)  # constant ones are dark
    coloured = colormaps[_ACTIVATION_COLOURS](np.moveaxis(scaled, -1, 0))[..., :3]
    names = [str(channel) for channel in range(maps.shape[2])]
    plots.pictures(coloured, names, path, title=title)


def filters(patterns: NDArray[np.float32], path: Path, *, title: str) -> None:
    """Draws the patterns that filters respond to, each with the same contrast.

    Args:
        patterns: Array `(filters, height, width, channels)` of any range.
        path: PNG file to write.
        title: Title of the picture.
    """
    axes = (1, 2, 3)
    spread = np.maximum(patterns.std(axis=axes, keepdims=True), 1e-12)
    images = 0.5 + _PATTERN_CONTRAST * (patterns - patterns.mean(axis=axes, keepdims=True)) / spread
    colours = images[..., :3]  # a fourth channel is opacity
    names = [str(number) for number in range(len(patterns))]
    plots.pictures(np.clip(colours, 0, 1), names, path, title=title, per_row=_PATTERNS_PER_ROW)


def picture_and_mask(
    picture: NDArray[np.uint8],
    mask: NDArray[np.int64],
    classes: Sequence[str],
    path: Path,
    *,
    title: str,
    caption: str,
) -> None:
    """Draws a picture, and beside it the same under its mask.

    Args:
        picture: Array `(height, width, 3)`.
        mask: Array `(height, width)` of classes.
        classes: Their names.
        path: PNG file to write.
        title: Title of the whole.
        caption: Line below the mask.
    """
    plain = picture / np.float32(255)
    plots.pictures(
        np.stack([plain, mask_plots.overlaid(plain, mask)]),
        ["", caption],
        path,
        title=title,
        per_row=2,
        legend=mask_plots.legend(classes),
    )


def heat_map(
    picture: NDArray[np.uint8],
    heat: NDArray[np.float32],
    path: Path,
    *,
    title: str,
    heading: str,
    legend: Sequence[str],
) -> None:
    """Draws a picture, and beside it the same under a heat map.

    Args:
        picture: Array `(height, width, 3)`.
        heat: Array `(rows, columns)`, 0 to 1, which is stretched over the picture.
        path: PNG file to write.
        title: Title of the whole.
        heading: Line above the heat map.
        legend: Lines above the picture.
    """
    height, width = picture.shape[:2]
    figure = plots.new_figure((10.5, min(max(3.9 * height / width, 2.2), 7.5) + 0.8))
    figure.suptitle(title)
    extent = (0, width, height, 0)
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        axes.imshow(picture, extent=extent)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
    over = right.imshow(
        heat,
        cmap=_HEAT_COLOURS,
        vmin=0,
        vmax=1,
        alpha=_HEAT_OPACITY,
        interpolation="bilinear",
        extent=extent,
    )
    bar = figure.colorbar(over, ax=right, shrink=0.8, ticks=[0, 1])
    bar.ax.set_yticklabels(["says\nlittle", "says\nmost"], fontsize=8)
    left.set_title("\n".join(legend), fontsize=9, loc="left", family="monospace")
    right.set_title(heading, fontsize=9)
    plots.save(figure, path)
