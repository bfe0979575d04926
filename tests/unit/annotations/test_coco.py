"""COCO's format: what is read, and what is found to be wrong."""

from __future__ import annotations

import contextlib
import copy
import io

import numpy as np
import pytest

from annotation_files import NAMES, SIZES, coco_content, save_coco, save_images
from batchwarp import AnnotationError
from batchwarp.annotations import read_coco


def read(folder, content=None, **options):
    return read_coco(str(save_coco(folder, content)), str(folder / "images"), **options)


def rows(ragged, image):
    return ragged.rows[ragged.starts[image] : ragged.starts[image + 1]].tolist()


def test_what_is_read(tmp_path):
    found = read(tmp_path, keypoints=True, masks=True)
    assert found.report.findings == []
    assert found.filenames == list(NAMES)
    assert found.sizes.tolist() == [list(size) for size in SIZES]
    assert (found.class_ids, found.class_names) == ([1, 44], ["person", "bottle"])
    assert rows(found.boxes, 0) == [[2, 3, 12, 11], [4.5, 4, 8.5, 7]]
    assert rows(found.labels, 0) == [1, 0]
    # The crowd has no box.
    assert rows(found.boxes, 1) == [[5, 5, 11, 11]]
    assert rows(found.boxes, 2) == []
    assert found.keypoint_names == ("nose", "left_eye", "right_eye")
    nan = [np.nan, np.nan]
    np.testing.assert_array_equal(
        rows(found.keypoints, 0), [nan, nan, nan, [5, 4], [7, 5], nan], strict=True
    )
    np.testing.assert_array_equal(rows(found.keypoints, 1), [nan, nan, nan])
    assert [len(shapes) for shapes in found.shapes] == [2, 2, 0]
    assert [shape.instance for shape in found.shapes[1]] == [0, 1]


def test_it_agrees_with_pycocotools(tmp_path):
    coco = pytest.importorskip("pycocotools.coco")
    found = read(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = coco.COCO(str(tmp_path / "instances.json"))
    assert [theirs.imgs[one]["file_name"] for one in theirs.getImgIds()] == found.filenames
    for number, one in enumerate(theirs.getImgIds()):
        wanted = theirs.loadAnns(theirs.getAnnIds(imgIds=[one], iscrowd=False))
        boxes = np.array([entry["bbox"] for entry in wanted], float).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        assert rows(found.boxes, number) == boxes.tolist()
        ids = [entry["category_id"] for entry in wanted]
        assert [found.class_ids[label] for label in rows(found.labels, number)] == ids
    names = [category["name"] for category in theirs.loadCats(sorted(theirs.getCatIds()))]
    assert names == found.class_names


def test_without_masks_and_keypoints_nothing_is_said_of_them(tmp_path):
    content = coco_content()
    for entry in content["annotations"]:
        entry["segmentation"] = entry["keypoints"] = "nonsense"
    found = read(tmp_path, content)
    assert found.report.findings == []
    assert found.keypoints is None
    assert found.shapes is None
    assert len(read(tmp_path, content, masks=True).report.findings) == 4


@pytest.mark.parametrize("classes", [["bottle"], [44], np.array(["bottle"])])
def test_classes_choose_categories_and_their_labels(tmp_path, classes):
    found = read(tmp_path, classes=classes, masks=True)
    assert (found.class_ids, found.class_names) == ([44], ["bottle"])
    assert [rows(found.labels, image) for image in range(3)] == [[0], [0], []]
    assert [len(shapes) for shapes in found.shapes] == [1, 1, 0]
    assert read(tmp_path, classes=["bottle", "person"]).class_ids == [44, 1]


@pytest.mark.parametrize("classes", [["cat"], ["bottle", 44]])
def test_classes_that_are_none(tmp_path, classes):
    with pytest.raises(ValueError, match=r"`classes` .*the file has 'person', 'bottle'"):
        read(tmp_path, classes=classes)


def changed(name, number, **values):
    content = coco_content()
    content[name][number].update(values)
    return content


BAD_ANNOTATIONS = {
    "box outside its image": {"bbox": [2, 3, 10, 18.5]},
    "box without an area": {"bbox": [2, 3, 0, 8]},
    "broken box": {"bbox": [2, 3, float("nan"), 8]},
    "wrong category id": {"category_id": 2},
    "wrong image id": {"image_id": 1},
    "annotation id twice": {"id": 12},
    "annotation without an id": {"id": None},
    "wrong `iscrowd`": {"iscrowd": 2},
    "no outline": {"segmentation": []},
    "broken polygon": {"segmentation": [[1, 2, 3, 4]]},
    "polygon outside its image": {"segmentation": [[2, 3, 12, 3, 32, 11]]},
    "broken run lengths": {"segmentation": {"size": [20, 30], "counts": [599]}},
}


@pytest.mark.parametrize("kind", BAD_ANNOTATIONS)
def test_bad_annotations_are_reported_and_left_out(tmp_path, kind):
    number = 1 if kind == "annotation id twice" else 0
    values = {**BAD_ANNOTATIONS[kind], **({"id": 11} if number else {})}
    found = read(tmp_path, changed("annotations", number, **values), masks=True)
    assert list(found.report.counts.items()) == [(kind, 1)]
    (finding,) = found.report.findings
    assert finding.path == str(tmp_path / "instances.json")
    assert finding.item.startswith(f"annotation {values.get('id', 11)}")
    assert len(rows(found.boxes, 0)) == len(found.shapes[0]) == 1
    with pytest.raises(AnnotationError, match=kind):
        found.report.raise_if_bad()


@pytest.mark.parametrize(
    "bbox",
    [
        None,
        [1, 2, 3],
        [1, 2, 3, "4"],
        [1, 2, 3, True],
        [1, 2, 3, float("inf")],
        [1, 2, 3, 10**400],
        [2, 3, -1, 8],
        [-1.5, 3, 5, 8],
        {"x": 1},
    ],
)
def test_boxes_that_are_none(tmp_path, bbox):
    found = read(tmp_path, changed("annotations", 0, bbox=bbox))
    assert len(found.report.findings) == 1
    assert rows(found.labels, 0) == [0]


def test_boxes_may_reach_out_by_a_pixel_since_files_round(tmp_path):
    found = read(tmp_path, changed("annotations", 0, bbox=[-0.5, -1, 31.5, 22]))
    assert found.report.findings == []
    assert rows(found.boxes, 0)[0] == [-0.5, -1, 31, 21]


@pytest.mark.parametrize(
    ("points", "kind"),
    [
        ([1, 2, 2], "broken keypoints"),
        ([1, 2, 3] * 3, "broken keypoints"),
        ([1, 2, 2, 3, float("nan"), 2, 0, 0, 0], "broken keypoints"),
        ([1, 2, 2, 32, 5, 1, 0, 0, 0], "keypoint outside its image"),
    ],
)
def test_broken_keypoints(tmp_path, points, kind):
    found = read(tmp_path, changed("annotations", 1, keypoints=points), keypoints=True)
    assert found.report.counts == {kind: 1}
    assert len(found.keypoints.rows) == 2 * 3


def test_masks_and_keypoints_where_there_are_some(tmp_path):
    content = coco_content()
    content["annotations"][0]["segmentation"] = []
    del content["annotations"][3]["segmentation"]
    found = read(tmp_path, content, masks=None, keypoints=None)
    assert found.report.findings == []
    assert [len(shapes) for shapes in found.shapes] == [1, 1, 0]
    assert len(found.keypoints.rows) == 9
    content["annotations"][1].update(segmentation="nonsense")
    assert read(tmp_path, content, masks=None).report.counts == {"no outline": 1}
    del content["categories"][1]["keypoints"]
    assert read(tmp_path, content, keypoints=None).keypoints is None


def test_keypoints_of_which_no_category_says_anything(tmp_path):
    content = coco_content()
    del content["categories"][1]["keypoints"]
    with pytest.raises(AnnotationError, match="none of its categories has a list 'keypoints'"):
        read(tmp_path, content, keypoints=True)


BAD_IMAGES = {
    "image without an id": {"id": 1.5},
    "image without a file": {"file_name": ""},
    "image without a size": {"height": "20"},
    "image id twice": {"id": 69},
    "image file twice": {"file_name": "b.png"},
    "missing image": {"file_name": "lost.png"},
}


@pytest.mark.parametrize("kind", BAD_IMAGES)
def test_bad_images_are_left_out_with_all_that_they_have(tmp_path, kind):
    content = coco_content()
    content["images"] = content["images"][::-1]
    content["images"][2].update(BAD_IMAGES[kind])
    if "id" in BAD_IMAGES[kind]:
        content["annotations"] = content["annotations"][2:]
    found = read(tmp_path, content)
    assert found.report.counts == {kind: 1}
    assert found.filenames == ["sub/c.png", "b.png"]
    assert [rows(found.labels, image) for image in range(2)] == [[], [1]]
    if kind == "missing image":
        (finding,) = found.report.findings
        assert finding.path == str(tmp_path / "images" / "lost.png")
        assert "image 70" in finding.reason


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({"id": 1, "name": "again"}, "category id twice"),
        ({"id": "x", "name": "text"}, "broken category"),
        ({"id": 3}, "broken category"),
        (None, "broken category"),
    ],
)
def test_bad_categories(tmp_path, entry, kind):
    content = coco_content()
    content["categories"].append(entry)
    found = read(tmp_path, content)
    assert found.report.counts == {kind: 1}
    assert found.class_names == ["person", "bottle"]


@pytest.mark.parametrize("entry", [None, [], "text", {"id": [1]}, {"id": 1, "image_id": [70]}])
def test_entries_that_are_no_annotations(tmp_path, entry):
    content = coco_content()
    content["annotations"].append(entry)
    assert len(read(tmp_path, content).report.findings) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"images": [{"id": 1, "file_na', "is cut off: .* in line 1"),
        ('{"images": [], "categories": [],', "is cut off"),
        ("", "is cut off"),
        ('{"images": oops}', "is no JSON"),
        ("[]", "should hold an object"),
        ('{"images": [], "annotations": []}', "has no list 'categories'"),
        ('{"images": {}, "annotations": [], "categories": []}', "has no list 'images'"),
        ("[" * 100_000, "lists in lists"),
        (b'{"images": "\xff"}', "byte 12 is not UTF-8"),
    ],
)
def test_files_that_are_none(tmp_path, text, message):
    path = tmp_path / "instances.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(AnnotationError, match=message) as raised:
        read_coco(str(path), str(tmp_path))
    assert raised.value.path == str(path)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_coco(str(tmp_path / "nothing.json"), str(tmp_path))


def test_no_image_and_no_annotation(tmp_path):
    content = {"images": [], "categories": [], "annotations": []}
    found = read(tmp_path, content)
    assert found.filenames == []
    assert found.boxes.rows.shape == (0, 4)
    assert found.sizes.shape == (0, 2)


def test_the_first_ten_of_each_kind_are_named_with_how_many_there_are(tmp_path):
    content = coco_content()
    for number in range(12):
        entry = copy.deepcopy(content["annotations"][0])
        entry.update(id=100 + number, bbox=[2, 3, 0, 1])
        content["annotations"].append(entry)
    content["annotations"][0]["category_id"] = 7
    found = read(tmp_path, content)
    with pytest.raises(AnnotationError) as raised:
        found.report.raise_if_bad()
    lines = str(raised.value).splitlines()
    assert lines[0] == f"{tmp_path / 'instances.json'}: 13 bad annotations or files"
    assert lines[1:3] == [
        "wrong category id: 1",
        "  annotation 11 of a.png: there is no category 7",
    ]
    assert lines[3] == "box without an area: 12, of which the first 10"
    assert [line.split()[1] for line in lines[4:14]] == [str(100 + n) for n in range(10)]
    assert len(lines) == 15
    errors = found.report.errors()
    assert len(errors) == 13
    assert errors[1].reason == "annotation 100 of a.png: a box of 0 × 1"


def test_images_are_not_opened(tmp_path):
    save_images(tmp_path / "images")
    path = save_coco(tmp_path)
    for name in NAMES:
        (tmp_path / "images" / name).write_bytes(b"no image")
    assert read_coco(str(path), str(tmp_path / "images")).report.findings == []
