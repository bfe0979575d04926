"""Keypoints beside images: the places that pixels of interest are at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp.targets.options import TargetOptions
from batchwarp.targets.ragged import Ragged, in_core_dtype, in_double
from batchwarp.targets.stack import Move, Stack
from batchwarp.targets.windows import Windows

__all__ = ["Keypoints"]


class Keypoints:
    """Keypoints that have been checked.

    Args:
        value: Array `(n, k, 2)` of x and y, or a list of n arrays `(k_i, 2)`; nan for none.
        images: What they are beside.
        options: The user's.
        name: String, what errors call it.
        in_shares: Boolean, whether they are shares of the size of what they are beside, of which
            `move` is told by `windows` then.

    Raises:
        ValueError: If it is of another shape, infinite, or has no such pairs.
        TypeError: If it does not hold real numbers.
    """

    def __init__(
        self,
        value: Any,
        images: Stack,
        options: TargetOptions,
        name: str = "keypoints",
        in_shares: bool = False,
    ) -> None:
        given = Ragged.of_images(name, value, images.images, (2,))
        rows = in_core_dtype(given.rows)
        row = _core.first_infinite(rows)
        if row >= 0:
            image, point = given.place(row)
            raise ValueError(
                f"`{name}` should be finite, or nan for none. Received "
                f"{given.rows[row].tolist()} for image {image}, keypoint {point}"
            )
        pairs = options.keypoint_pairs or ()
        beyond = [index for pair in pairs for index in pair if index >= given.room]
        if beyond:
            raise ValueError(
                f"`keypoint_pairs` should be of indices below {given.room}, the number of "
                f"`{name}` of an image. Received: {beyond[0]}"
            )
        self._given = given._replace(rows=rows)
        self._pairs = np.array(pairs, np.intp).reshape(-1, 2)
        self._in_shares = in_shares
        self._remove_outside = options.remove_outside

    def move(
        self,
        moves: Sequence[Move],
        indices: NDArray[np.int64] | None,
        windows: Windows | None = None,
    ) -> NDArray[np.float32]:
        """Returns where the keypoints of a batch are seen, `(b, k, 2)`; see `Targets.move`."""
        given = self._given.at(indices)
        points = given.rows
        if windows is not None:
            points = windows.points(in_double(points), given.counts, self._in_shares)
        *earlier, (plan, params) = moves
        for other, numbers in earlier:
            points = _core.map_points(other, numbers, given.starts, in_double(points))
        moved = _core.see_points(
            plan, params, given.starts, points, given.room, self._remove_outside
        )
        if len(self._pairs):
            mirrored = np.zeros(len(moved), bool)
            for plan, params in moves:
                mirrored ^= _core.mirrored(plan, params, len(moved))
            order = np.arange(given.room)
            order[self._pairs] = self._pairs[:, ::-1]
            moved[mirrored] = moved[mirrored][:, order]
        return moved
