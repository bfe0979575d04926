"""`data.yaml`: what is read of it, and what is wrong with it."""

from __future__ import annotations

import sys

import pytest

from batchwarp import AnnotationError
from batchwarp.annotations.yolo_data import YoloData, one_keypoint_shape, read_yolo_data

WHOLE = """
path: ../datasets/poses  # passed over
train: images/train
kpt_shape: [3, 2]
flip_idx: [0, 2, 1]
names:
  0: person
  2: bird
"""


@pytest.fixture
def data(tmp_path):
    pytest.importorskip("yaml")

    def read(text):
        path = tmp_path / "data.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_yolo_data(str(path))

    return read


def test_what_is_read(data):
    assert data(WHOLE) == YoloData({0: "person", 2: "bird"}, (3, 2), ((1, 2),))


def test_names_as_a_list(data):
    assert data("nc: 2\nnames: [cat, 7]\n") == YoloData({0: "cat", 1: "7"}, None, None)


def test_none_of_them(data):
    assert data("train: images\n") == YoloData(None, None, None)
    # Of keypoints that nobody knows the number of.
    assert data("flip_idx: [1, 0]\n") == YoloData(None, None, None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("names: [cat", "is no YAML"),
        (b"names: \xff\xfe", "is no YAML"),
        ("- cat\n- dog\n", "should have entries"),
        ("", "should have entries"),
        ("names: cat", "`names` should be"),
        ("names: {cat: 0}", "`names` should be"),
        ("kpt_shape: 17", "`kpt_shape` should be two integers"),
        ("kpt_shape: [17, 4]", "`kpt_shape` should be two integers"),
        ("kpt_shape: [0, 3]", "`kpt_shape` should be two integers"),
        ("kpt_shape: [2, 3]\nflip_idx: [1, 1]", "`flip_idx` should be the 2 numbers"),
        ("kpt_shape: [2, 3]\nflip_idx: [0]", "`flip_idx` should be the 2 numbers"),
        ("kpt_shape: [3, 3]\nflip_idx: [1, 2, 0]", "`flip_idx` should be the 3 numbers"),
        ("kpt_shape: [2, 3]\nflip_idx: left", "`flip_idx` should be the 2 numbers"),
    ],
)
def test_what_is_wrong(data, text, reason):
    with pytest.raises(AnnotationError, match=reason) as raised:
        data(text)
    assert raised.value.path.endswith("data.yaml")


def test_nothing_is_run_by_reading(data):
    with pytest.raises(AnnotationError, match="is no YAML"):
        data("names: !!python/object/apply:os.getcwd []")


def test_without_pyyaml(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ImportError, match=r"pip install 'batchwarp\[yolo\]'"):
        read_yolo_data(str(tmp_path / "data.yaml"))


@pytest.mark.parametrize("value", [(17, 3), [17, 2]])
def test_shapes_of_keypoints(value):
    assert one_keypoint_shape("keypoint_shape", value) == tuple(value)


@pytest.mark.parametrize("value", [17, "17", (17,), (17, 3, 1), (17, 1), (17.0, 3), (True, 3)])
def test_what_is_none(value):
    with pytest.raises(ValueError, match="`keypoint_shape` should be two integers"):
        one_keypoint_shape("keypoint_shape", value)
