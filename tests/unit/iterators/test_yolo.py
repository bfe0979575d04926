"""Flows of images with polygons and keypoints in YOLO's format."""

from __future__ import annotations

import json
import pickle
import sys

import numpy as np
import pytest

from annotation_files import SIZES, save_images
from batchwarp import AnnotationError, ImageDataGenerator, ops

# Squares and a triangle: of a large square, a small one inside it, and of the image's left half.
POLYGONS = {
    "a.txt": "1 0.1 0.1 0.9 0.1 0.9 0.9 0.1 0.9\n0 0.3 0.3 0.6 0.3 0.6 0.7 0.3 0.7\n",
    "sub/c.txt": "2 0 0 0.5 0 0.5 1 0 1\n",
}
POSES = {
    "a.txt": "0 0.5 0.5 0.6 0.6 0.5 0.25 2 0.4 0.5 1 0 0 0\n",
    "b.txt": "0 0.5 0.5 0.6 0.6 0.5 0.5 2 0.25 0.5 2 0.75 0.5 2\n",
}
DATA = "kpt_shape: [3, 3]\nflip_idx: [0, 2, 1]\nnames: [person]\n"


def save(folder, texts):
    images = save_images(folder / "images")
    for name, text in texts.items():
        path = folder / "labels" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return images


def flow_of(images, generator=None, **arguments):
    made = ImageDataGenerator(**(generator or {}))
    defaults = {"target_size": SIZES[0], "shuffle": False}
    return made.flow_from_yolo(images, **{**defaults, **arguments})


class TestMasks:
    @pytest.fixture(autouse=True)
    def filling(self):
        pytest.importorskip("pycocotools.mask")

    def test_masks_of_classes(self, tmp_path):
        """Each is painted in the size of its file, and resized with it."""
        _, y = next(flow_of(save(tmp_path, POLYGONS), masks="classes"))
        assert (y["masks"].shape, y["masks"].dtype) == ((3, *SIZES[0]), np.uint8)
        wanted = np.zeros(SIZES[0], np.uint8)
        wanted[2:18, 3:27] = 2
        wanted[6:14, 9:18] = 1
        np.testing.assert_array_equal(y["masks"][0], wanted)
        assert (y["masks"][1] == 0).all()
        np.testing.assert_array_equal(y["masks"][2], np.repeat([[3] * 15 + [0] * 15], 20, axis=0))

    def test_masks_of_pictures_of_native_size(self, tmp_path):
        operations = {"operations": [ops.CenterCrop((8, 10))]}
        images = save(tmp_path, POLYGONS)
        _, y = next(flow_of(images, operations, masks="classes", target_size=None))
        assert (y["masks"][0] == np.where(np.arange(10) < 8, 1, 2)).all()  # from 10, 6 on
        assert (y["masks"][2] == np.where(np.arange(10) < 5, 3, 0)).all()

    def test_they_are_pycocotools_masks(self, tmp_path):
        """Of polygons that follow no rows and columns."""
        rng = np.random.default_rng(1)
        shapes = [rng.random((number, 2)) for number in (3, 5, 8)]
        lines = [f"{label} {' '.join(map(str, one.ravel()))}" for label, one in enumerate(shapes)]
        images = save(tmp_path, {"a.txt": "\n".join(lines)})
        height, width = SIZES[0]
        pixels = [one * (width, height) for one in shapes]
        content = {
            "images": [{"id": 1, "file_name": "a.png", "height": height, "width": width}],
            "categories": [{"id": number, "name": str(number)} for number in range(3)],
            "annotations": [
                {
                    "id": number,
                    "image_id": 1,
                    "category_id": number,
                    "bbox": [*one.min(axis=0), *(one.max(axis=0) - one.min(axis=0))],
                    "segmentation": [one.ravel().tolist()],
                }
                for number, one in enumerate(pixels)
            ],
        }
        (tmp_path / "coco.json").write_text(json.dumps(content))
        arguments = {"target_size": (33, 21), "masks": "classes", "shuffle": False}
        _, coco = next(
            ImageDataGenerator().flow_from_coco(tmp_path / "coco.json", images, **arguments)
        )
        _, yolo = next(flow_of(images, **arguments))
        np.testing.assert_array_equal(yolo["masks"][:1], coco["masks"])
        np.testing.assert_allclose(yolo["boxes"]["boxes"][:1], coco["boxes"]["boxes"], atol=1e-5)

    def test_instances_are_numbered_as_their_boxes(self, tmp_path):
        images = save(tmp_path, POLYGONS)
        _, y = next(flow_of(images, masks="instances"))
        assert y["boxes"]["labels"].tolist() == [[1, 0], [-1, -1], [2, -1]]
        np.testing.assert_allclose(
            y["boxes"]["boxes"][0], [[3, 2, 27, 18], [9, 6, 18, 14]], atol=1e-5
        )
        assert y["masks"][0, 3, 4] == 1
        assert y["masks"][0, 7, 10] == 2

    @pytest.mark.parametrize("cache", [{}, {"cache": "memory"}, {"cache": "disk"}])
    def test_they_move_with_their_images(self, tmp_path, cache):
        images = save(tmp_path, POLYGONS)
        if cache.get("cache") == "disk":
            cache = {"cache": str(tmp_path / "cache")}
        arguments = {"masks": "classes", "target_size": (24, 30), **cache}
        plain = flow_of(images, **arguments)
        flipped = flow_of(images, {"operations": [ops.Flip(horizontal=1.0)]}, **arguments)
        for _ in range(2):
            _, y = next(plain)
            _, y_too = next(flipped)
            np.testing.assert_array_equal(y_too["masks"], y["masks"][:, :, ::-1])

    def test_a_line_of_a_box_has_none(self, tmp_path):
        images = save(tmp_path, POLYGONS | {"b.txt": "0 0.5 0.5 0.2 0.2\n"})
        with pytest.raises(AnnotationError, match=r"b\.txt: line 1: has a box, where masks need"):
            flow_of(images, masks="classes")
        flow = flow_of(images, masks="classes", on_error="skip")
        assert len(flow.errors) == 1
        assert next(flow)[1]["boxes"]["labels"].tolist() == [[1, 0], [-1, -1], [2, -1]]

    def test_one_hot(self, tmp_path):
        images = save(tmp_path, POLYGONS)
        _, y = next(flow_of(images, masks="classes", mask_classes=4))
        assert y["masks"].shape == (3, *SIZES[0], 4)
        assert (y["masks"].sum(axis=-1) == 1).all()

    def test_a_flow_can_be_pickled(self, tmp_path):
        flow = flow_of(
            save(tmp_path, POLYGONS),
            {"rotation_range": 20},
            masks="classes",
            target_size=(20, 20),
            seed=3,
        )
        again = pickle.loads(pickle.dumps(flow))
        np.testing.assert_equal(next(again), next(flow))


def test_masks_without_pycocotools(tmp_path, monkeypatch):
    images = save(tmp_path, POLYGONS)
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    with pytest.raises(ImportError, match=r"pip install 'batchwarp\[coco\]'"):
        flow_of(images, masks="classes")
    assert next(flow_of(images))[1]["labels"][0].tolist() == [1, 0]


class TestKeypoints:
    def keypoints(self, images, generator=None, **arguments):
        arguments = {"keypoints": True, "keypoint_shape": (3, 3)} | arguments
        return next(flow_of(images, generator, **arguments))[1]["keypoints"]

    def test_they_are_pixels(self, tmp_path):
        images = save(tmp_path, POSES)
        size = (24, 30)
        found = self.keypoints(images, target_size=size)
        assert (found.shape, found.dtype) == ((3, 3, 2), np.float32)
        shares = np.array([[0.5, 0.25], [0.4, 0.5]])
        # As of boxes, from edge to edge; the centre of the first pixel is 0.
        np.testing.assert_allclose(found[0, :2], shares * size[::-1] - 0.5, atol=1e-5)
        assert np.isnan(found[0, 2]).all()
        assert np.isnan(found[2]).all()

    def test_they_are_pixels_of_files_of_any_size(self, tmp_path):
        operations = {"operations": [ops.CenterCrop((12, 16))]}
        found = self.keypoints(save(tmp_path, POSES), operations, target_size=None)
        # Without what is cut off: 7 and 4 pixels, of the second image none and 2.
        np.testing.assert_allclose(found[0, :2], [[7.5, 0.5], [4.5, 5.5]], atol=1e-5)
        np.testing.assert_allclose(found[1], [[7.5, 5.5], [3.5, 5.5], [11.5, 5.5]], atol=1e-5)

    def test_they_change_places_in_mirrors(self, tmp_path):
        pytest.importorskip("yaml")
        images = save(tmp_path, POSES)
        (tmp_path / "data.yaml").write_text(DATA)
        given = {"target_size": (24, 30), "data": tmp_path / "data.yaml", "keypoint_shape": None}
        plain = self.keypoints(images, **given)
        flipped = {"operations": [ops.Flip(horizontal=1.0)]}
        found = self.keypoints(images, flipped, **given)
        moved = plain[:, [0, 2, 1]]
        moved[..., 0] = 29 - moved[..., 0]
        np.testing.assert_allclose(found, moved, atol=1e-5)
        unchanged = self.keypoints(images, flipped, **given, keypoint_pairs=[])
        np.testing.assert_array_equal(unchanged, found[:, [0, 2, 1]])

    def test_what_data_says_of_classes(self, tmp_path):
        pytest.importorskip("yaml")
        images = save(tmp_path, POSES)
        (tmp_path / "data.yaml").write_text(DATA)
        flow = flow_of(images, data=tmp_path / "data.yaml")
        assert flow.class_names == ["person"]
        assert set(next(flow)[1]) == {"boxes", "labels"}  # though lines have keypoints
        named = flow_of(images, data=tmp_path / "data.yaml", class_names=["human"])
        assert named.class_names == ["human"]

    def test_other_lines_are_bad(self, tmp_path):
        images = save(tmp_path, POSES | {"sub/c.txt": "0 0.5 0.5 0.2 0.2\n"})
        with pytest.raises(AnnotationError, match=r"c\.txt: line 1: .* 14 fields: it has 5"):
            self.keypoints(images)
        assert np.isnan(self.keypoints(images, on_error="skip")[2]).all()


def test_what_does_not_go_together(tmp_path):
    images = save(tmp_path, POSES)
    with pytest.raises(ValueError, match="`keypoint_shape` should say how many"):
        flow_of(images, keypoints=True)
    with pytest.raises(ValueError, match="`masks` should be None where lines have keypoints"):
        flow_of(images, masks="classes", keypoint_shape=(3, 3))
    with pytest.raises(ValueError, match="`keypoint_shape` should be two integers"):
        flow_of(images, keypoint_shape=3)
    with pytest.raises(ValueError, match="`keypoint_pairs` should be of indices below 3"):
        flow_of(images, keypoints=True, keypoint_shape=(3, 3), keypoint_pairs=[(0, 3)])
    with pytest.raises(ValueError, match="`masks` should be 'classes' or 'instances'"):
        flow_of(save(tmp_path, POLYGONS | {"b.txt": ""}), masks="panoptic")
