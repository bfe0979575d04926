"""The annotations of a data set, whichever file they are from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp.annotations.outlines import Outline
from batchwarp.annotations.report import Report
from batchwarp.targets.ragged import Ragged

__all__ = ["Annotations", "Shape", "ragged"]


class Shape(NamedTuple):
    """Which pixels an object or a crowd of objects has.

    Attributes:
        outline: Polygons or run lengths, as `outlines.outline` returns them.
        label: Integer, its class.
        instance: Integer from 1 on, which of the image's boxes it has; 0 for a crowd.
    """

    outline: Outline
    label: int
    instance: int


@dataclass(frozen=True)
class Annotations:
    """What is known of images.

    Attributes:
        filenames: List of n strings, the images' files relative to their folder.
        sizes: Array `(n, 2)`, the height and the width that each file should have; `None` if
            nothing is said of them.
        boxes: `Ragged` rows `(m, 4)` of float64.
        box_format: Their format: `"xyxy"`, or `"rel_xyxy"`.
        labels: `Ragged` rows `(m,)` of int64, each box's class.
        class_names: List of strings, the names of the classes.
        class_ids: List of what the file calls the classes.
        report: What is wrong, and has been left out.
        keypoints: `Ragged` rows `(p, 2)` of x and y, nan for those that are not there: one row of
            each of `keypoint_names` for each box; or `None`. They are in pixels, or parts of the
            image's size if `sizes` is `None`.
        keypoint_names: Tuple of strings, empty without keypoints.
        keypoint_pairs: Tuple of pairs, which of them change places in a mirror; `None` if only
            their names say it.
        shapes: List of n lists of `Shape`, if masks are to be painted, or `None`. Polygons are in
            the same unit as keypoints.
    """

    filenames: list[str]
    sizes: NDArray[np.int64] | None
    boxes: Ragged
    box_format: str
    labels: Ragged
    class_names: list[str]
    class_ids: list[int]
    report: Report
    keypoints: Ragged | None = None
    keypoint_names: tuple[str, ...] = ()
    keypoint_pairs: tuple[tuple[int, int], ...] | None = None
    shapes: list[list[Shape]] | None = None

    def mirrored_pairs(self) -> tuple[tuple[int, int], ...]:
        """Returns which keypoints change places, as is said or as left and right are called."""
        if self.keypoint_pairs is not None:
            return self.keypoint_pairs
        numbers = {name.lower(): number for number, name in enumerate(self.keypoint_names)}
        others = ((name, name.replace("left", "right")) for name in numbers)
        return tuple(
            (numbers[left], numbers[right])
            for left, right in others
            if left != right and right in numbers
        )


def ragged(items: Sequence[Sequence[Any]], tail: tuple[int, ...], dtype: np.dtype[Any]) -> Ragged:
    """Returns what each image has as rows, one image's after the other's.

    Args:
        items: For each image a sequence of rows.
        tail: Shape of a row.
        dtype: Of the array of all rows.
    """
    counts = [len(item) for item in items]
    starts = np.zeros(len(items) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    rows = np.array([row for item in items for row in item], dtype).reshape(-1, *tail)
    return Ragged(rows, starts, max(counts, default=0))
