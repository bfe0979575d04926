"""What files of annotations say of images: read and checked, without touching a pixel."""

from __future__ import annotations

from batchwarp.annotations.annotations import Annotations
from batchwarp.annotations.coco import read_coco
from batchwarp.annotations.painter import MaskPainter
from batchwarp.annotations.report import Finding, Report
from batchwarp.annotations.yolo import read_yolo

__all__ = ["Annotations", "Finding", "MaskPainter", "Report", "read_coco", "read_yolo"]
