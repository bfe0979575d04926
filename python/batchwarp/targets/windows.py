"""What is done to pictures before they are images: a part of each is brought to one size."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Windows"]


class Windows(NamedTuple):
    """Which part of a picture each image of a batch is; pictures may be of any size.

    Attributes:
        sizes: Array `(b, 2)` of float64, heights and widths of the pictures; nan where there is
            none, of which nothing is seen then.
        parts: Array `(b, 4)`, left, top, right and bottom of their parts, in pixels.
        size: Tuple `(height, width)` of all images; `None` for that of each picture, from which no
            part is taken then.
    """

    sizes: NDArray[np.float64]
    parts: NDArray[np.float64]
    size: tuple[int, int] | None

    def boxes(
        self, edges: NDArray[np.float64], counts: NDArray[np.int64], shares: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Moves boxes from pictures to images.

        Args:
            edges: Array `(m, 4)`, left, top, right and bottom; nan for none.
            counts: Array `(b,)`, how many each picture has.
            shares: Boolean, whether they are shares of the pictures' sizes, and not pixels.

        Returns:
            Tuple of an array `(m, 4)` of what is in the parts, nan where nothing is, and of an
            array `(m,)`, which share of each box that is. Only a part that ends before its picture
            does cuts boxes; they may reach beyond pictures.
        """
        owners = np.repeat(np.arange(len(counts)), counts)
        extents = self.sizes[owners][:, ::-1]
        if shares:
            edges = edges * np.tile(extents, 2)
        first, last = edges[:, :2], edges[:, 2:]
        if self.size is None:
            known = np.where(np.isnan(extents), np.nan, 1.0)
            return edges * np.tile(known, 2), np.ones(len(edges))
        parts = self.parts[owners]
        begin, end = parts[:, :2], parts[:, 2:]
        kept_first = np.maximum(first, np.where(begin > 0, begin, -np.inf))
        kept_last = np.minimum(last, np.where(end < extents, end, np.inf))
        kept_first[(kept_last < kept_first).any(axis=1)] = np.nan
        before, after = np.prod(last - first, axis=1), np.prod(kept_last - kept_first, axis=1)
        visible = np.divide(after, before, out=np.zeros(len(edges)), where=before > 0)
        scale = self._scale(parts)
        moved = [(kept_first - begin) * scale, (kept_last - begin) * scale]
        return np.concatenate(moved, axis=1), visible

    def points(
        self, points: NDArray[np.float64], counts: NDArray[np.int64], shares: bool
    ) -> NDArray[np.float64]:
        """Moves points, which are centres of pixels, from pictures to images.

        Args:
            points: Array `(m, 2)`, x and y.
            counts: Array `(b,)`, how many each picture has.
            shares: Boolean, whether they are shares of the pictures' sizes, and not pixels.

        Returns:
            Array `(m, 2)`; nan where there is no picture. Points outside of the part stay.
        """
        owners = np.repeat(np.arange(len(counts)), counts)
        if shares:  # of what lies between the outer edges of pixels
            points = points * self.sizes[owners][:, ::-1] - 0.5
        if self.size is None:
            return points + 0 * self.sizes[owners]
        parts = self.parts[owners]
        moved: NDArray[np.float64] = (points + 0.5 - parts[:, :2]) * self._scale(parts) - 0.5
        return moved

    def _scale(self, parts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns by how much parts become wider and higher; nan for those without pixels."""
        assert self.size is not None
        extents = parts[:, 2:] - parts[:, :2]
        scale: NDArray[np.float64] = self.size[::-1] / np.where(extents > 0, extents, np.nan)
        return scale
