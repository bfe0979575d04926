"""What is said of targets, checked."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp.targets import TargetOptions


def test_types_are_pythons_own():
    options = TargetOptions(
        mask_fill=np.uint8(255),
        mask_classes=np.int64(3),
        bounding_box_format="Rel_XYXY",
        max_boxes=np.int32(5),
        min_area=np.float32(2),
        min_visibility=1,
        keypoint_pairs=[[0, 1], np.array([2, 3])],
        remove_outside=np.True_,
    )
    assert options == TargetOptions(255, 3, "rel_xyxy", 5, 2.0, 1.0, ((0, 1), (2, 3)), True)
    assert hash(options) == hash(TargetOptions(**vars(options)))
    assert type(options.mask_fill) is int
    assert type(options.keypoint_pairs[1][0]) is int


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mask_fill", 0.5),
        ("mask_fill", None),
        ("mask_fill", 2**64),
        ("mask_classes", 0),
        ("mask_classes", True),
        ("bounding_box_format", "coco"),
        ("max_boxes", 0),
        ("max_boxes", 3.0),
        ("min_area", -1),
        ("min_area", float("nan")),
        ("min_visibility", 1.5),
        ("min_visibility", "half"),
        ("keypoint_pairs", 3),
        ("keypoint_pairs", [(0, 1), (1, 2)]),
        ("keypoint_pairs", [(0, 0)]),
        ("keypoint_pairs", [(0, -1)]),
        ("keypoint_pairs", [(0, 1, 2)]),
        ("keypoint_pairs", [(0.5, 1)]),
        ("remove_outside", "no"),
    ],
)
def test_what_is_not_accepted(name, value):
    with pytest.raises(ValueError, match=f"`{name}` should be"):
        TargetOptions(**{name: value})
