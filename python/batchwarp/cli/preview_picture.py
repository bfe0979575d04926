"""The picture of `batchwarp preview`: images in rows, with a caption above them."""

from __future__ import annotations

import math
import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp.console.files import replacing

__all__ = ["Pictures", "draw_grid"]

_DPI = 100
_MARGIN = 12  # pixels, as all lengths here
_GAP = 6
_LINE = 15
_LETTER = 6.4
_KEY = 10  # side of a colour in the legend
_LEAST_WIDTH = 640
_BROADEST = 1400  # of all columns together, where images are large enough
_LARGEST = 320  # side of an image


class Pictures:
    """Images as they are shown: reduced to one size, and with the range of their values.

    Args:
        columns: Integer of at least 1, how many are to stand side by side.
        least: Integer, up to which side small images are enlarged.

    Attributes:
        low: Least value of all images; infinity before the first one.
        high: Greatest value of all images.
    """

    def __init__(self, columns: int, least: int) -> None:
        self._side = max(48, min(_LARGEST, _BROADEST // columns))
        self._least = least
        self._images: list[NDArray[np.float32]] = []
        self.low = math.inf
        self.high = -math.inf

    def add(self, image: NDArray[Any]) -> None:
        """Adds an image.

        Args:
            image: Array `(height, width, channels)` of 1, 3 or 4 channels, of any real dtype; of
                the same shape for all.
        """
        self.low = min(self.low, float(image.min()))
        self.high = max(self.high, float(image.max()))
        self._images.append(_resized(image.astype(np.float32), self._side, self._least))

    def scale(self, natural: tuple[float, float] | None) -> tuple[float, float]:
        """Returns the values to show as black and as white.

        Args:
            natural: The range that the values should be in, or `None` if they have none.

        Returns:
            `natural` if all values are in it, and otherwise the least and the greatest value.
        """
        if natural is not None:
            slack = 1e-3 * (natural[1] - natural[0])
            if natural[0] - slack <= self.low and self.high <= natural[1] + slack:
                return natural
        return self.low, self.high

    def shown(self, scale: tuple[float, float]) -> list[NDArray[np.float32]]:
        """Returns the images as `(height, width, 3)`, 0 to 1; what is transparent is white.

        Args:
            scale: The values to show as black and as white.
        """
        low, high = scale
        span = (high - low) or 1.0
        return [_in_colour(np.clip((image - low) / span, 0, 1)) for image in self._images]


def _in_colour(image: NDArray[np.float32]) -> NDArray[np.float32]:
    if image.shape[2] == 4:
        colours, opacity = image[..., :3], image[..., 3:]
        return np.asarray(colours * opacity + (1 - opacity))
    return np.asarray(np.broadcast_to(image, (*image.shape[:2], 3)))


def _resized(image: NDArray[np.float32], side: int, least: int) -> NDArray[np.float32]:
    """Reduces an image to fit into a square, or enlarges a small one a whole number of times."""
    height, width, channels = image.shape
    longer = max(height, width)
    times = min(side, least) // longer
    if times > 1:
        return image.repeat(times, axis=0).repeat(times, axis=1)
    if longer <= side:
        return image
    import cv2

    size = (max(1, round(width * side / longer)), max(1, round(height * side / longer)))
    reduced = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)
    return reduced.reshape(size[1], size[0], channels)  # OpenCV drops a single channel


def draw_grid(
    cells: Sequence[tuple[Sequence[NDArray[np.float32]], str]],
    path: Path,
    *,
    columns: int,
    title: str,
    caption: Sequence[str],
    first: NDArray[np.float32] | None = None,
    legend: Sequence[tuple[tuple[int, int, int], str]] = (),
) -> None:
    """Draws images in rows and writes them as a PNG file.

    Args:
        cells: For each cell the images to put one above the other, arrays `(height, width, 3)` from
            0 to 1, and the text below them. At least one image in all.
        path: The file to write or replace.
        columns: Integer of at least 1, how many cells a row has.
        title: First line above the images.
        caption: Further lines.
        first: An image that stands left of the caption, above all cells, or `None`.
        legend: Colours, and what they mean, below the caption.

    Raises:
        OSError: If the file cannot be written.
    """
    height, width = (0, 0) if first is None else first.shape[:2]
    columns = min(columns, max(1, len(cells)))
    stacks = [sum(image.shape[0] + 2 for image in images) for images, _ in cells]
    widths = [image.shape[1] for images, _ in cells for image in images]
    cell_width = max(widths, default=width) + _GAP
    cell_height = max(stacks, default=0) + _LINE + _GAP
    total_width = max(_LEAST_WIDTH, 2 * _MARGIN + columns * cell_width)
    left = _MARGIN + (0 if first is None else width + 2 * _MARGIN)
    lines = _wrapped([title, *caption], total_width - left - _MARGIN)
    keys, end = _arranged(legend, left, _MARGIN + len(lines) * _LINE, total_width - _MARGIN)
    top = _MARGIN + max(end, 0 if first is None else _MARGIN + height + _LINE)
    rows = -(-len(cells) // columns)

    canvas = np.ones((top + rows * cell_height + _MARGIN, total_width, 3), np.float32)
    texts = [(left, _MARGIN + index * _LINE, line) for index, line in enumerate(lines)]
    for x, y, colour, text in keys:
        canvas[y + 2 : y + 2 + _KEY, x : x + _KEY] = np.array(colour) / 255
        texts.append((x + _KEY + 4, y, text))
    if first is not None:
        _put(canvas, first, _MARGIN, _MARGIN)
        texts.append((_MARGIN, _MARGIN + height + 2, "original"))
    letters = int(cell_width / _LETTER)
    for index, (images, text) in enumerate(cells):
        x = _MARGIN + index % columns * cell_width
        y = top + index // columns * cell_height
        for image in images:
            _put(canvas, image, y, x)
            y += image.shape[0] + 2
        texts.append((x, y, _shortened(text, letters)))
    _save(canvas, texts, path)


def _arranged(
    legend: Sequence[tuple[tuple[int, int, int], str]], left: int, top: int, right: int
) -> tuple[list[tuple[int, int, tuple[int, int, int], str]], int]:
    """Returns where colours and texts of a legend stand, and where it ends, in lines."""
    x, y = left, top
    keys = []
    for colour, text in legend:
        text = _shortened(text, int((right - left - _KEY - 4) / _LETTER))
        width = _KEY + 4 + int(len(text) * _LETTER) + 2 * _GAP
        if x > left and x + width > right:
            x, y = left, y + _LINE
        keys.append((x, y, colour, text))
        x += width
    return keys, y + _LINE if keys else y


def _put(canvas: NDArray[np.float32], image: NDArray[np.float32], y: int, x: int) -> None:
    canvas[y : y + image.shape[0], x : x + image.shape[1]] = image


def _wrapped(lines: Sequence[str], width: int) -> list[str]:
    letters = max(20, int(width / _LETTER))
    return [part for line in lines for part in textwrap.wrap(line, letters) or [""]]


def _shortened(text: str, letters: int) -> str:
    """Returns the end of a text, in which the names of files differ."""
    letters = max(letters, 4)
    return text if len(text) <= letters else f"…{text[1 - letters :]}"


def _save(canvas: NDArray[np.float32], texts: Sequence[tuple[int, int, str]], path: Path) -> None:
    """Draws texts, by their upper left corners, on a picture of the same number of pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height, width = canvas.shape[:2]
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    FigureCanvasAgg(figure)
    figure.figimage(canvas, resize=False)
    for index, (x, y, text) in enumerate(texts):
        figure.text(
            x / width,
            1 - y / height,
            text,
            va="top",
            fontsize=8,
            fontweight="bold" if index == 0 else "normal",
            parse_math=False,  # names of files may have dollars
        )
    with replacing(path) as temporary, warnings.catch_warnings():
        # Letters that matplotlib's font lacks, in names of files, are shown as boxes.
        warnings.filterwarnings("ignore", message="Glyph")
        # The usual level 6 takes Pillow longer than drawing does, for a twentieth of the size.
        figure.savefig(temporary, format="png", dpi=_DPI, pil_kwargs={"compress_level": 1})
