"""The columns of a dataframe that hold what moves with images: files of masks, boxes, keypoints."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp.files.masks import MaskFiles
from batchwarp.iterators.columns import Columns, is_missing
from batchwarp.iterators.file_targets import FileTargets
from batchwarp.targets import TargetOptions

__all__ = ["TargetColumns"]

_MOST_NAMED = 10


class TargetColumns(NamedTuple):
    """The names of columns, as users give them; `None` for none.

    Attributes:
        masks: Of a column of the names of mask files, or a list of such names.
        boxes: Of a column of lists of boxes.
        labels: Of a column of lists of their labels.
        keypoints: Of a column of lists of keypoints.
    """

    masks: Any
    boxes: Any
    labels: Any
    keypoints: Any

    def check_masks(self, frame: Columns, folder: str, rows: NDArray[np.int64]) -> None:
        """Raises `ValueError` if there is no mask beside an image that there is.

        Args:
            frame: As in `read`.
            folder: As in `read`.
            rows: Array of the rows whose images there are.
        """
        for column, paths in self._masks(frame, folder).items():
            missing = [row for row in rows if not os.path.isfile(paths[row])]
            if missing:
                named = ", ".join(f"{paths[row]} (row {row})" for row in missing[:_MOST_NAMED])
                more = len(missing) - _MOST_NAMED
                raise ValueError(
                    f"Column mask_col={column!r} should name files that exist. {len(missing)} do "
                    f"not: {named}{f', and {more} more' if more > 0 else ''}"
                )

    def read(
        self,
        frame: Columns,
        folder: str,
        options: TargetOptions,
        rows: NDArray[np.int64],
        upright: bool,
    ) -> FileTargets:
        """Returns what is in the columns.

        Args:
            frame: The dataframe.
            folder: String, the folder that names of files are relative to; it may be empty.
            options: What the user says of targets.
            rows: Array `(n,)`, the rows of the samples.
            upright: Boolean, whether masks are turned as their EXIF orientation says.

        Raises:
            ValueError: If something is none of what it should be.
            TypeError: If a column holds something else.
            KeyError: If there is no such column.
        """
        if self.labels is not None and self.boxes is None:
            raise ValueError("`box_labels_col` needs a `boxes_col`, whose labels they are")
        masks = {
            column: MaskFiles(paths, folder, upright)
            for column, paths in self._masks(frame, folder).items()
        }
        boxes: Any = _lists(frame, "boxes_col", self.boxes)
        if self.labels is not None:
            boxes = {"boxes": boxes, "labels": _lists(frame, "box_labels_col", self.labels)}
        return FileTargets(
            options,
            frame.length,
            masks=masks if self._has_several_masks(frame) else masks.get(self.masks),
            boxes=boxes,
            keypoints=_lists(frame, "keypoints_col", self.keypoints),
            rows=rows,
            names=("boxes_col", "box_labels_col", "keypoints_col"),
        )

    def _has_several_masks(self, frame: Columns) -> bool:
        if isinstance(self.masks, tuple):  # it may be the name of one column
            return self.masks not in frame.names
        return isinstance(self.masks, list)

    def _masks(self, frame: Columns, folder: str) -> dict[Any, list[str]]:
        """Returns the paths of masks of all rows, for each column."""
        if self.masks is None:
            return {}
        columns = self.masks if self._has_several_masks(frame) else [self.masks]
        return {
            column: [os.path.join(folder, name) for name in frame.file_names("mask_col", column)]
            for column in columns
        }


def _lists(frame: Columns, argument: str, column: Any) -> list[Any] | None:
    """Returns a column of lists, empty ones where there is nothing."""
    if column is None:
        return None
    return [[] if is_missing(value) else value for value in frame.values(argument, column)]
