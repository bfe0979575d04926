"""All that is given beside images and moves with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp.targets.boxes import Boxes
from batchwarp.targets.keypoints import Keypoints
from batchwarp.targets.masks import Masks
from batchwarp.targets.options import TargetOptions
from batchwarp.targets.stack import Move, Stack

__all__ = ["Targets"]


class Targets:
    """Masks, boxes and keypoints that have been checked, before any work is done.

    Args:
        options: What the user says of them.
        images: What they are beside.
        masks: As for `Masks`, or `None`.
        boxes: As for `Boxes`, or `None`.
        keypoints: As for `Keypoints`, or `None`.

    Attributes:
        names: List of the arguments that were given.
        mask_classes: Integer, of how many classes masks are made one-hot, or `None`.
        masks: `Masks`, or `None`.

    Raises:
        ValueError: If something does not fit the images, or is none of what it should be.
        TypeError: If something is of another dtype.
    """

    def __init__(
        self,
        options: TargetOptions,
        images: Stack,
        masks: Any = None,
        boxes: Any = None,
        keypoints: Any = None,
    ) -> None:
        given = {"masks": masks, "boxes": boxes, "keypoints": keypoints}
        self.names = [name for name, value in given.items() if value is not None]
        self.mask_classes = options.mask_classes
        self.masks = None if masks is None else Masks(masks, images, options)
        self._boxes = None if boxes is None else Boxes(boxes, images, options)
        self._keypoints = None if keypoints is None else Keypoints(keypoints, images, options)

    def move(
        self,
        moves: Sequence[Move],
        indices: NDArray[np.int64] | None,
        buffers: _core.BufferPool,
    ) -> dict[str, Any]:
        """Moves targets as plans move their images.

        Args:
            moves: What has been done to the images, one after the other.
            indices: Array `(b,)`, which of the images the batch has; `None` for all.
            buffers: Where the memory of masks comes from, and where it goes back to.

        Returns:
            Dictionary of those that were given, by the names of their arguments.
        """
        places = self.move_places(moves, indices)
        if self.masks is None:
            return places
        return {"masks": self.masks.move(moves, indices, buffers), **places}

    def move_places(
        self, moves: Sequence[Move], indices: NDArray[np.int64] | None
    ) -> dict[str, Any]:
        """Moves boxes and keypoints alone; see `move`."""
        moved: dict[str, Any] = {}
        if self._boxes is not None:
            moved["boxes"] = self._boxes.move(moves, indices)
        if self._keypoints is not None:
            moved["keypoints"] = self._keypoints.move(moves, indices)
        return moved

    def planes(self, moved: dict[str, Any]) -> list[NDArray[Any]]:
        """Returns the masks among what `move` has made, as views of rank 4, channels last."""
        return [] if self.masks is None else self.masks.planes(moved["masks"])
