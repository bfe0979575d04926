"""Formats of bounding boxes, by the names that Keras has for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FORMATS", "one_format", "to_edges"]

Boxes = NDArray[np.float64]

# Keras' `keras.utils.bounding_boxes`. After "rel_", numbers are shares of an image's size.
FORMATS = (
    "xyxy",
    "yxyx",
    "xywh",
    "center_xywh",
    "center_yxhw",
    "rel_xyxy",
    "rel_yxyx",
    "rel_xywh",
    "rel_center_xywh",
)


def one_format(value: Any) -> str:
    """Returns the name of a format in lower case.

    Args:
        value: String, one of `FORMATS` in any case.

    Raises:
        ValueError: If it is something else.
    """
    name = value.lower() if isinstance(value, str) else value
    if not isinstance(name, str) or name not in FORMATS:
        raise ValueError(
            f"`bounding_box_format` should be one of {', '.join(map(repr, FORMATS))}. "
            f"Received: {value!r}"
        )
    return name


def to_edges(boxes: Boxes, name: str, height: int, width: int) -> Boxes:
    """Returns boxes as (left, top, right, bottom) in pixels.

    Args:
        boxes: Array `(m, 4)`.
        name: Their format, one of `FORMATS`.
        height: Integer, of their images.
        width: Integer, likewise.

    Returns:
        Array `(m, 4)`; `boxes` itself if it is what it is to become.
    """
    kind = name.removeprefix("rel_")
    scale = None if kind == name else np.array([width, height, width, height], np.float64)
    if kind == "xyxy":
        return boxes if scale is None else boxes * scale
    edges = np.empty_like(boxes)
    if kind.startswith("y") or kind == "center_yxhw":
        edges[:, [1, 0, 3, 2]] = boxes
    else:
        edges[:] = boxes
    if kind.startswith("center"):
        edges[:, :2] -= edges[:, 2:] / 2
    if kind.endswith(("wh", "hw")):
        edges[:, 2:] += edges[:, :2]
    if scale is not None:
        edges *= scale
    return edges
