"""YOLO's format: what is read, and what is found to be wrong."""

from __future__ import annotations

import numpy as np
import pytest

from annotation_files import NAMES, save_images, save_yolo
from batchwarp import AnnotationError
from batchwarp.annotations import read_yolo
from batchwarp.annotations.yolo import label_folder

FORMATS = (".png", ".jpg")


def read(images, labels=None, **options):
    labels = None if labels is None else str(labels)
    return read_yolo(str(images), labels, formats=FORMATS, **options)


def rows(ragged, image):
    return ragged.rows[ragged.starts[image] : ragged.starts[image + 1]].tolist()


def test_what_is_read(tmp_path):
    found = read(save_yolo(tmp_path), class_names=["cat", "dog"])
    assert found.report.findings == []
    assert [name.replace("\\", "/") for name in found.filenames] == list(NAMES)
    assert found.box_format == "rel_xyxy"
    np.testing.assert_allclose(rows(found.boxes, 0), [[0.4, 0.25, 0.6, 0.75], [0, 0, 0.2, 0.4]])
    assert [rows(found.labels, image) for image in range(3)] == [[1, 0], [], []]
    assert (found.class_names, found.class_ids) == (["cat", "dog"], [0, 1])


def test_a_polygon_has_the_box_around_it(tmp_path):
    images = save_yolo(tmp_path)
    (tmp_path / "labels" / "b.txt").write_text("0 0.1 0.5 0.3 0.2 0.6 0.9 0.4 0.95\n")
    assert rows(read(images).boxes, 1) == [[0.1, 0.2, 0.6, 0.95]]


def test_names_of_classes(tmp_path):
    images = save_yolo(tmp_path)
    assert read(images).class_names == ["0", "1"]
    assert read(images, class_names={1: "dog", 0: "cat", 3: "cow"}).class_names == [
        "cat",
        "dog",
        "2",
        "cow",
    ]
    (tmp_path / "labels" / "classes.txt").write_text("\ufeffcat\ndog\n\n", encoding="utf-8")
    assert read(images).class_names == ["cat", "dog"]


@pytest.mark.parametrize("names", ["cat", [], [1], {"a": "cat"}, {-1: "cat"}])
def test_names_that_are_none(tmp_path, names):
    with pytest.raises(ValueError, match="`class_names` should be"):
        read(save_yolo(tmp_path), class_names=names)


def test_where_labels_are_looked_for(tmp_path):
    images = tmp_path / "images" / "images" / "train"
    images.mkdir(parents=True)
    assert label_folder(str(images)) == str(images)
    labels = tmp_path / "images" / "labels" / "train"
    labels.mkdir(parents=True)
    assert label_folder(str(images)) == str(labels)
    assert label_folder(str(tmp_path)) == str(tmp_path)


def test_labels_beside_the_images(tmp_path):
    save_images(tmp_path)
    (tmp_path / "a.txt").write_text("0 0.5 0.5 0.2 0.5\n")
    (tmp_path / "readme.txt").write_text("other texts are not looked at here")
    found = read(tmp_path)
    assert found.report.findings == []
    assert rows(found.labels, 0) == [0]


BAD_LINES = {
    "wrong number of fields": "0 0.5 0.5 0.2",
    "no number": "0 0.5 0.5 nan 0.2",
    "value beyond 0 to 1": "0 0.5 15 0.2 0.2",
    "wrong class": "2 0.5 0.5 0.2 0.2",
    "box without an area": "0 0.5 0.5 0 0.2",
    "box outside its image": "0 0.05 0.5 0.2 0.2",
    "line twice": "1 0.50 0.5 0.2 0.5",
}


@pytest.mark.parametrize("kind", BAD_LINES)
def test_bad_lines_are_reported_and_left_out(tmp_path, kind):
    images = save_yolo(tmp_path)
    path = tmp_path / "labels" / "a.txt"
    path.write_text(f"{path.read_text()}\n{BAD_LINES[kind]}\n", encoding="utf-8")
    found = read(images, class_names=["cat", "dog"])
    assert found.report.counts == {kind: 1}
    (finding,) = found.report.findings
    assert (finding.path, finding.item) == (str(path), "line 4")
    assert rows(found.labels, 0) == [1, 0]


@pytest.mark.parametrize(
    "line",
    [
        "0.5 0.5 0.5 0.2 0.2",
        "-1 0.5 0.5 0.2 0.2",
        "1e9 0.5 0.5 0.2 0.2",
        "cat 0.5 0.5 0.2 0.2",
        "0 0.5 0.5 -0.2 0.2",
        "0 0.5 0.5 0.2 0.2 0.9",
        "0 .1 .1 .2 .1 .3 .1",
        "0 1e999 0 0 0",
    ],
)
def test_lines_that_are_none(tmp_path, line):
    images = save_yolo(tmp_path)
    (tmp_path / "labels" / "b.txt").write_text(line)
    found = read(images)
    assert len(found.report.findings) == 1
    assert rows(found.labels, 1) == []


def test_a_file_that_is_no_text(tmp_path):
    images = save_yolo(tmp_path)
    (tmp_path / "labels" / "b.txt").write_bytes(b"\xff\xfe0")
    assert read(images).report.counts == {"broken text file": 1}


def test_labels_without_an_image(tmp_path):
    images = save_yolo(tmp_path)
    lost = tmp_path / "labels" / "sub" / "lost.txt"
    lost.parent.mkdir()
    lost.write_text("0 0.5 0.5 0.2 0.2")
    (finding,) = read(images).report.findings
    assert (finding.kind, finding.path) == ("labels without an image", str(lost))


def test_no_labels_at_all(tmp_path):
    images = save_images(tmp_path / "images")
    with pytest.raises(AnnotationError, match="none of its 0 text files"):
        read(images)
    with pytest.raises(ValueError, match="`label_dir` should be a folder"):
        read(images, tmp_path / "nowhere")
    with pytest.raises(ValueError, match="`image_dir` should be a folder"):
        read(tmp_path / "nowhere")
