"""Boxes and keypoints of one call, from where the user has them to where they are seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from batchwarp import _core
from batchwarp.targets.boxes import least_area
from batchwarp.targets.options import TargetOptions
from batchwarp.targets.stack import Move

__all__ = ["Places", "places_of"]


class Places(NamedTuple):
    """Boxes and keypoints that have been checked, and are moved once from where they are.

    Attributes:
        taken: What the core knows of them.
        options: The user's.
    """

    taken: _core.Places
    options: TargetOptions

    def move(self, moves: Sequence[Move]) -> dict[str, Any]:
        """Returns what is seen of them, by the names of their arguments; see `Targets.move`.

        Args:
            moves: The one move there is.
        """
        ((plan, params),) = moves
        options = self.options
        boxes, keypoints = self.taken.see(
            plan,
            params,
            least_area(options),
            options.min_visibility,
            options.max_boxes,
            options.remove_outside,
        )
        if boxes is None:
            return {"keypoints": keypoints}
        return {"boxes": boxes} if keypoints is None else {"boxes": boxes, "keypoints": keypoints}


def places_of(boxes: Any, keypoints: Any, images: int, options: TargetOptions) -> Places | None:
    """Returns boxes and keypoints as nearly all are: arrays of floats, without labels.

    Args:
        boxes: As for `Boxes`, or `None`.
        keypoints: As for `Keypoints`, or `None`; not both are.
        images: Integer, beside how many images they are.
        options: The user's.

    Returns:
        What they are, or `None` for any other ones, wrong ones among them, about which `Targets`
        knows more.
    """
    if options.bounding_box_format != "xyxy" or options.keypoint_pairs:
        return None
    taken = _core.take_places(boxes, keypoints, images)
    return None if taken is None else Places(taken, options)
