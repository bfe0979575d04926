"""What a user says of masks, boxes and keypoints beside images."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

from batchwarp._arguments import boolean, finite_number, integer
from batchwarp._options import Options
from batchwarp.targets.formats import one_format

__all__ = ["TargetOptions"]

# What integers of 64 bits can be.
_LEAST, _MOST = -(2**63), 2**64 - 1


@dataclass(frozen=True)
class TargetOptions(Options):
    """The keyword arguments about targets that `Augment` and flows have in common.

    Attributes:
        mask_fill: Integer, the value of masks beyond the edges where `fill_mode` is constant.
        mask_classes: Integer, of how many classes one-hot masks are made; `None` leaves them as
            they are.
        bounding_box_format: Name of a format, as in `keras.utils.bounding_boxes`.
        max_boxes: Integer, for how many boxes there is room beside each image, or `None`.
        min_area: Float, of how many square pixels boxes have to be seen, at least.
        min_visibility: Float from 0 to 1, which part of them has to be seen, at least.
        keypoint_pairs: Tuple of pairs of integers, which keypoints change places in an image that
            is mirrored, or `None`.
        remove_outside: Boolean, whether keypoints outside of the image become nan.

    Raises:
        ValueError: If one is not as above.
    """

    mask_fill: int = 0
    mask_classes: int | None = None
    bounding_box_format: str = "xyxy"
    max_boxes: int | None = None
    min_area: float = 0.0
    min_visibility: float = 0.0
    keypoint_pairs: tuple[tuple[int, int], ...] | None = None
    remove_outside: bool = False

    def __post_init__(self) -> None:
        self._set("mask_fill", integer("mask_fill", self.mask_fill, _LEAST, _MOST))
        for name in ("mask_classes", "max_boxes"):
            value = getattr(self, name)
            self._set(name, None if value is None else integer(name, value, 1))
        self._set("bounding_box_format", one_format(self.bounding_box_format))
        for name in ("min_area", "min_visibility"):
            self._set(name, finite_number(name, getattr(self, name)))
        if self.min_area < 0:
            raise ValueError(f"`min_area` should be at least 0. Received: {self.min_area!r}")
        if not 0 <= self.min_visibility <= 1:
            raise ValueError(
                f"`min_visibility` should be from 0 to 1. Received: {self.min_visibility!r}"
            )
        self._set("keypoint_pairs", _pairs(self.keypoint_pairs))
        self._set("remove_outside", boolean("remove_outside", self.remove_outside))


def _pairs(value: Any) -> tuple[tuple[int, int], ...] | None:
    if value is None:
        return None
    try:
        pairs = tuple((operator.index(one), operator.index(other)) for one, other in value)
    except (TypeError, ValueError):
        pairs = ((-1, -1),)
    indices = [index for pair in pairs for index in pair]
    if any(index < 0 for index in indices) or len(set(indices)) < len(indices):
        raise ValueError(
            "`keypoint_pairs` should be pairs of indices of keypoints, from 0 on and each of them "
            f"once. Received: {value!r}"
        )
    return pairs
