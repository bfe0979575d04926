"""Masks, boxes and keypoints beside images, which move with them."""

from __future__ import annotations

from batchwarp.targets.options import TargetOptions
from batchwarp.targets.stack import Move, Stack
from batchwarp.targets.targets import Targets

__all__ = ["Move", "Stack", "TargetOptions", "Targets"]
