"""Masks, boxes and keypoints beside images, which move with them."""

from __future__ import annotations

from batchwarp.targets.beside import masks_beside
from batchwarp.targets.boxes import Boxes
from batchwarp.targets.keypoints import Keypoints
from batchwarp.targets.masks import Masks
from batchwarp.targets.nearest import nearest_bytes
from batchwarp.targets.options import TargetOptions
from batchwarp.targets.places import places_of
from batchwarp.targets.stack import Move, Stack
from batchwarp.targets.targets import Targets
from batchwarp.targets.windows import Windows

__all__ = [
    "Boxes",
    "Keypoints",
    "Masks",
    "Move",
    "Stack",
    "TargetOptions",
    "Targets",
    "Windows",
    "masks_beside",
    "nearest_bytes",
    "places_of",
]
