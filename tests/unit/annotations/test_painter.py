"""Masks that are painted from polygons and run lengths."""

from __future__ import annotations

import contextlib
import io
import pickle
import sys

import numpy as np
import pytest

from annotation_files import SIZES, coco_content, save_coco, save_images
from batchwarp.annotations import MaskPainter, read_coco, read_yolo


def annotations(folder, content=None, **options):
    path = str(save_coco(folder, content))
    return read_coco(path, str(folder / "images"), masks=True, **options)


def test_without_pycocotools_it_says_what_to_install(tmp_path, monkeypatch):
    found = annotations(tmp_path)
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    with pytest.raises(ImportError, match=r"pip install 'batchwarp\[coco\]'"):
        MaskPainter(found, "classes")


def test_run_lengths_need_no_pycocotools(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    content = coco_content()
    content["annotations"] = content["annotations"][2:]
    mask = MaskPainter(annotations(tmp_path, content), "classes").read(1)
    wanted = np.zeros((16, 16), np.uint8)
    wanted[:, 4:12] = 1
    wanted[5:11, 5:11] = 2
    np.testing.assert_array_equal(mask, wanted, strict=True)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools'
class TestPainting:
    @pytest.fixture(autouse=True)
    def coco(self):
        self.coco = pytest.importorskip("pycocotools.coco")

    def theirs(self, folder):
        with contextlib.redirect_stdout(io.StringIO()):
            return self.coco.COCO(str(folder / "instances.json"))

    def test_classes_the_smaller_ones_on_top_and_crowds_below(self, tmp_path):
        found = annotations(tmp_path)
        painter = MaskPainter(found, "classes")
        theirs = self.theirs(tmp_path)
        assert painter.dtype == np.uint8
        for number, one in enumerate(theirs.getImgIds()):
            wanted = np.zeros(SIZES[number], np.uint8)
            entries = theirs.loadAnns(theirs.getAnnIds(imgIds=[one]))
            # In the file smaller ones come later, and the crowd first.
            for entry in entries:
                label = found.class_ids.index(entry["category_id"])
                wanted[theirs.annToMask(entry) > 0] = label + 1
            np.testing.assert_array_equal(painter.read(number), wanted, strict=True)
        assert painter.read(0)[5, 6] == 1
        assert painter.read(0)[9, 6] == 2
        assert set(np.unique(painter.read(1))) == {0, 1, 2}

    def test_the_order_of_the_file_does_not_matter(self, tmp_path):
        content = coco_content()
        first = MaskPainter(annotations(tmp_path, content), "classes")
        content["annotations"] = content["annotations"][::-1]
        second = MaskPainter(annotations(tmp_path, content), "classes")
        for number in range(3):
            np.testing.assert_array_equal(first.read(number), second.read(number))

    def test_instances_are_numbered_as_boxes_are(self, tmp_path):
        found = annotations(tmp_path)
        painter = MaskPainter(found, "instances")
        theirs = self.theirs(tmp_path)
        entries = theirs.loadAnns(theirs.getAnnIds(imgIds=[70]))
        wanted = theirs.annToMask(entries[0])
        wanted[theirs.annToMask(entries[1]) > 0] = 2
        np.testing.assert_array_equal(painter.read(0), wanted, strict=True)
        # The crowd, which has no box, is none.
        assert set(np.unique(painter.read(1))) == {0, 1}
        assert not painter.read(2).any()

    def test_several_polygons_are_one_object(self, tmp_path):
        content = coco_content()
        content["annotations"][0]["segmentation"].append([14, 3, 18, 3, 18, 9, 14, 9])
        painter = MaskPainter(annotations(tmp_path, content), "instances")
        mask = painter.read(0)
        assert mask[5, 3] == mask[5, 16] == 1

    def test_the_dtype_holds_all_classes(self, tmp_path):
        content = coco_content()
        content["categories"] += [{"id": 100 + n, "name": f"c{n}"} for n in range(254)]
        painter = MaskPainter(annotations(tmp_path, content), "classes")
        assert painter.dtype == np.uint16
        assert painter.read(0).dtype == np.uint16

    def test_it_can_be_pickled(self, tmp_path):
        painter = MaskPainter(annotations(tmp_path), "classes")
        again = pickle.loads(pickle.dumps(painter))
        np.testing.assert_array_equal(again.read(0), painter.read(0))

    def test_other_kinds(self, tmp_path):
        with pytest.raises(ValueError, match="`masks` should be 'classes' or 'instances'"):
            MaskPainter(annotations(tmp_path), "panoptic")


def test_polygons_in_parts_of_a_size(tmp_path):
    """They are painted in whatever size there is; what reaches out of it is cut off."""
    pytest.importorskip("pycocotools.mask")
    images = save_images(tmp_path / "images")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("1 -0.005 0.5 0.5 0.5 0.5 1.005 -0.005 1.005\n")
    found = read_yolo(str(images), formats=(".png",), masks=True)
    painter = MaskPainter(found, "classes")
    for height, width in ((20, 30), (1000, 400)):
        wanted = np.zeros((height, width), np.uint8)
        wanted[height // 2 :, : width // 2] = 2
        np.testing.assert_array_equal(painter.read(0, (height, width)), wanted, strict=True)
