"""Lines of YOLO's format: boxes, polygons, boxes with keypoints."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp.annotations.report import BadAnnotation
from batchwarp.annotations.yolo_lines import LineReader


def read(line, *, names=None, shape=None, masks=False):
    return LineReader(names, shape, masks).read(line.split())


def refused(line, **options):
    with pytest.raises(BadAnnotation) as raised:
        read(line, **options)
    return raised.value


def test_a_polygon():
    found = read("3 0.1 0.5 0.3 0.2 0.6 0.9", masks=True)
    assert found.label == 3
    assert found.box == (0.1, 0.2, 0.6, 0.9)
    assert found.polygon.tolist() == [0.1, 0.5, 0.3, 0.2, 0.6, 0.9]
    assert found.points == []


def test_a_box_has_no_polygon():
    line = "0 0.5 0.5 0.2 0.4"
    assert read(line).polygon is None
    assert refused(line, masks=True).kind == "no outline"


@pytest.mark.parametrize(
    "line",
    ["0 .1 .1 .2 .2 .3 .3", "0 .1 .1 .3 .3 .7 .7 .2 .2", "0 .1 .2 .2 .4 .4 .8"],
)
def test_points_on_one_line(line):
    assert refused(line).kind == "broken polygon"


def test_a_thin_triangle_is_a_polygon():
    assert read("0 .1 .1 .2 .2 .3 .3001").polygon is not None


def test_keypoints_of_two_numbers():
    found = read("1 0.5 0.5 0.2 0.4 0.4 0.6 0 0", shape=(2, 2))
    np.testing.assert_allclose(found.box, (0.4, 0.3, 0.6, 0.7))
    assert found.points == [(0.4, 0.6), (0.0, 0.0)]
    assert found.polygon is None


def test_keypoints_that_are_not_there():
    """Nobody looks at where they are."""
    found = read("1 0.5 0.5 0.2 0.4 0.4 0.6 2 7 8 0 0.1 0.2 1", shape=(3, 3))
    assert found.points[0] == (0.4, 0.6)
    assert np.isnan(found.points[1]).all()
    assert found.points[2] == (0.1, 0.2)


@pytest.mark.parametrize(
    ("line", "kind", "reason"),
    [
        (
            "0 .5 .5 .2 .2 .4 .4 2 .5 .5",
            "wrong number of fields",
            "2 keypoints of 3 numbers, 11 fields: it has 10",
        ),
        ("0 .5 .5 .2 .2", "wrong number of fields", "11 fields: it has 5"),
        ("0 .5 .5 .2 .2 .4 .4 2 .5 .5 3", "broken keypoints", "v of keypoint 1 .* it is 3"),
        ("0 .5 .5 .2 .2 .4 .4 2 .5 .5 0.5", "broken keypoints", "it is 0.5"),
        ("0 .5 .5 .2 .2 .4 1.2 2 0 0 0", "keypoint outside its image", "keypoint 0 at 0.4, 1.2"),
        ("0 .5 .5 .2 .2 -.2 .4 1 0 0 0", "keypoint outside its image", "keypoint 0 at -0.2"),
        ("0 .5 .5 .2 .2 nan .4 0 0 0 0", "no number", "finite"),
        ("0 .5 .5 0 .2 .4 .4 2 .5 .5 2", "box without an area", "0 × 0.2"),
        ("0 50 50 20 20 .4 .4 2 .5 .5 2", "value beyond 0 to 1", "from 20 to 50"),
    ],
)
def test_bad_lines_of_keypoints(line, kind, reason):
    bad = refused(line, shape=(2, 3))
    assert bad.kind == kind
    with pytest.raises(BadAnnotation, match=reason):
        raise bad


def test_lines_twice_are_of_one_file():
    reader = LineReader(None, None, masks=False)
    line = ["0", "0.5", "0.5", "0.2", "0.4"]
    reader.begin()
    reader.read(line)
    with pytest.raises(BadAnnotation, match="line twice"):
        reader.read(line)
    reader.begin()
    reader.read(line)
