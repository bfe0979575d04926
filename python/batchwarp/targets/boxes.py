"""Bounding boxes beside images, and their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp._arrays import is_extension
from batchwarp.targets.formats import to_edges
from batchwarp.targets.options import TargetOptions
from batchwarp.targets.ragged import Ragged, in_core_dtype, in_double
from batchwarp.targets.stack import Move, Stack
from batchwarp.targets.windows import Windows

__all__ = ["Boxes", "least_area"]

_NONE = -1  # in all four numbers of a box, and as a label: there is none
_KEYS = {"boxes", "labels"}
_LEAST_AREA = 1e-3  # square pixels; of a box at an edge, rounding leaves less


class Boxes:
    """Boxes that have been checked.

    Args:
        value: Array `(n, k, 4)`, or a list of n arrays `(k_i, 4)`, in the options' format; or a
            dictionary of such, as `"boxes"`, and of `"labels"`, which have one number for each.
        images: What they are beside; with a height and a width of 1, `move` is told of `windows`.
        options: The user's.
        names: What errors call them, and their labels.
        given_format: The format of `value`, if it is not the options'.

    Raises:
        ValueError: If it is of another shape, or a box is none.
        TypeError: If it does not hold real numbers.
    """

    def __init__(
        self,
        value: Any,
        images: Stack,
        options: TargetOptions,
        names: tuple[str, str] = ("boxes", 'boxes["labels"]'),
        given_format: str | None = None,
    ) -> None:
        name, label_name = names
        self._options = options
        self._labels: Ragged | None = None
        boxes = value
        if isinstance(value, Mapping):
            if set(value) != _KEYS:
                raise ValueError(
                    f'`{name}` should be a dictionary of "boxes" and "labels", if it is one. '
                    f"Received the keys: {', '.join(map(repr, value))}"
                )
            boxes = value["boxes"]
        given = Ragged.of_images(name, boxes, images.images, (4,))
        given_format = given_format or options.bounding_box_format
        edges = _edges_of(name, given, given_format, images)
        self._in_shares = given_format.startswith("rel_")
        self._boxes = given._replace(rows=edges)
        if isinstance(value, Mapping):
            self._labels = _labels_of(label_name, value["labels"], given, images.images)
        self._room = given.room if options.max_boxes is None else options.max_boxes

    def move(
        self,
        moves: Sequence[Move],
        indices: NDArray[np.int64] | None,
        windows: Windows | None = None,
    ) -> Any:
        """Returns what is seen of the boxes of a batch, `(b, k, 4)`, or a dictionary of them.

        See `Targets.move`.
        """
        options, boxes = self._options, self._boxes.at(indices)
        rows, before = boxes.rows, None
        if windows is not None:
            rows, before = windows.boxes(in_double(rows), boxes.counts, self._in_shares)
        *earlier, (plan, params) = moves
        for other, numbers in earlier:
            rows, parts = _core.map_boxes(other, numbers, boxes.starts, in_double(rows))
            before = parts if before is None else before * parts
        moved, kept = _core.see_boxes(
            plan,
            params,
            boxes.starts,
            rows,
            before,
            least_area(options),
            options.min_visibility,
            self._room,
            options.max_boxes is not None,
            options.bounding_box_format,
        )
        if self._labels is None:
            return moved
        labels = self._labels.at(indices)
        values = np.where(kept, labels.rows, labels.rows.dtype.type(_NONE))
        return {"boxes": moved, "labels": self._padded(labels, values, kept)}

    def _padded(self, given: Ragged, rows: NDArray[Any], kept: NDArray[np.bool_]) -> NDArray[Any]:
        """Returns labels as an array, -1 for none; where there is room for some, only kept ones."""
        given = given._replace(rows=rows)
        if self._options.max_boxes is not None:
            given = given.only(kept)
        return given.padded(self._room, _NONE, rows.dtype)


def least_area(options: TargetOptions) -> float:
    """Returns how many square pixels have to be left of a box."""
    return max(options.min_area, _LEAST_AREA)


def _edges_of(
    argument: str, given: Ragged, name: str, images: Stack
) -> NDArray[np.float32] | NDArray[np.float64]:
    """Returns boxes as left, top, right and bottom in pixels, nan for none, as the core reads them.

    Raises:
        ValueError: If one is not finite, or ends before it begins.
    """
    rows, row = _core.take_boxes(in_core_dtype(given.rows))
    if row >= 0:
        raise _wrong(argument, given, row, "finite")
    edges = rows
    if name != "xyxy":
        edges = to_edges(in_double(rows), name, images.height, images.width)
    row = _core.first_reversed(edges)
    if row >= 0:
        raise _wrong(argument, given, row, f'"{name}" that do not end before they begin')
    return edges


def _wrong(argument: str, given: Ragged, row: int, wanted: str) -> ValueError:
    image, box = given.place(row)
    return ValueError(
        f"`{argument}` should be {wanted}. Received {given.rows[row].tolist()} for image {image}, "
        f"box {box}"
    )


def _labels_of(name: str, value: Any, boxes: Ragged, count: int) -> Ragged:
    """Returns labels, in a dtype that can be -1.

    Raises:
        ValueError: If they are more or fewer than boxes.
    """
    labels = Ragged.of_images(name, value, count, ())
    other = np.flatnonzero(labels.counts != boxes.counts)
    if len(other):
        image = int(other[0])
        raise ValueError(
            f"`{name}` should be one for each box. Received "
            f"{labels.counts[image]} for image {image}, which has {boxes.counts[image]} boxes"
        )
    dtype = labels.rows.dtype
    if not is_extension(dtype):
        dtype = np.dtype(np.int64) if dtype == np.uint64 else np.result_type(dtype, np.int8)
    return labels._replace(rows=labels.rows.astype(dtype, copy=False))
