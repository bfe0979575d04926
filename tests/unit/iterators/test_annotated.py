"""Flows of images with annotations in COCO's and YOLO's formats."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import sys

import numpy as np
import pytest
from PIL import Image

from annotation_files import NAMES, SIZES, coco_content, save_coco, save_yolo
from batchwarp import AnnotationError, ImageDataGenerator, ImageFileError, ops

SIZE = (24, 30)


def coco_flow(folder, generator=None, content=None, **arguments):
    path = save_coco(folder, content)
    made = ImageDataGenerator(**(generator or {}))
    defaults = {"target_size": SIZE, "shuffle": False}
    return made.flow_from_coco(path, folder / "images", **{**defaults, **arguments})


def yolo_flow(folder, generator=None, **arguments):
    made = ImageDataGenerator(**(generator or {}))
    defaults = {"target_size": SIZE, "shuffle": False}
    return made.flow_from_yolo(save_yolo(folder), **{**defaults, **arguments})


def scale(number):
    """By how much an image becomes wider and higher."""
    return np.array([SIZE[1] / SIZES[number][1], SIZE[0] / SIZES[number][0]])


def same(one, other):
    """Whether two batches are equal, nan at the same places."""
    np.testing.assert_equal(one, other)


class TestCoco:
    @pytest.fixture(autouse=True)
    def coco(self):
        self.coco = pytest.importorskip("pycocotools.coco")

    @pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
    def test_batches_are_what_pycocotools_reads(self, tmp_path):
        flow = coco_flow(tmp_path, masks="classes")
        x, y = next(flow)
        with contextlib.redirect_stdout(io.StringIO()):
            theirs = self.coco.COCO(str(tmp_path / "instances.json"))
        assert x.shape == (3, *SIZE, 3)
        assert x[:, 0, 0, 0].tolist() == [0, 1, 2]
        assert y["masks"].dtype == np.uint8
        for number, one in enumerate(theirs.getImgIds()):
            entries = theirs.loadAnns(theirs.getAnnIds(imgIds=[one], iscrowd=False))
            boxes = np.full((2, 4), -1.0)
            labels = np.full(2, -1)
            for row, entry in enumerate(entries):
                left, top, width, height = entry["bbox"]
                edges = np.array([left, top, left + width, top + height])
                boxes[row] = edges * np.tile(scale(number), 2)
                labels[row] = flow.class_ids.index(entry["category_id"])
            np.testing.assert_allclose(y["boxes"]["boxes"][number], boxes, atol=1e-5)
            assert y["boxes"]["labels"][number].tolist() == labels.tolist()
            mask = np.zeros(SIZES[number], np.uint8)
            for entry in theirs.loadAnns(theirs.getAnnIds(imgIds=[one])):
                label = flow.class_ids.index(entry["category_id"])
                mask[theirs.annToMask(entry) > 0] = label + 1
            resized = Image.fromarray(mask).resize(SIZE[::-1], Image.Resampling.NEAREST)
            np.testing.assert_array_equal(y["masks"][number], np.asarray(resized))

    def test_instances_are_numbered_as_their_boxes(self, tmp_path):
        _, y = next(coco_flow(tmp_path, masks="instances", bounding_box_format="rel_xywh"))
        for number in range(3):
            for row, box in enumerate(y["boxes"]["boxes"][number], 1):
                rows, columns = np.nonzero(y["masks"][number] == row)
                if (box == -1).all():
                    assert rows.size == 0
                    continue
                left, top = box[:2] * SIZE[::-1]
                right, bottom = (box[:2] + box[2:]) * SIZE[::-1]
                assert abs(columns.min() - left) <= 1
                assert abs(columns.max() + 1 - right) <= 2  # outlines are drawn by their edges
                assert abs(rows.min() - top) <= 1
                assert abs(rows.max() + 1 - bottom) <= 2

    def test_all_that_is_mirrored(self, tmp_path):
        """Keypoints of every object change places with those of the other side."""
        options = {"masks": "classes", "keypoints": True}
        x, y = next(coco_flow(tmp_path, **options))
        flipped = {"operations": [ops.Flip(horizontal=1.0)]}
        x_too, y_too = next(coco_flow(tmp_path, flipped, **options))
        np.testing.assert_array_equal(x_too, x[:, :, ::-1])
        np.testing.assert_array_equal(y_too["masks"], y["masks"][:, :, ::-1])
        boxes = y["boxes"]["boxes"].copy()
        kept = (boxes != -1).any(axis=2)
        boxes[kept, ::2] = SIZE[1] - boxes[kept, 2::-2]
        np.testing.assert_allclose(y_too["boxes"]["boxes"], boxes, atol=1e-5)
        np.testing.assert_array_equal(y_too["boxes"]["labels"], y["boxes"]["labels"])
        points = y["keypoints"][:, [0, 2, 1, 3, 5, 4]].copy()
        points[..., 0] = SIZE[1] - 1 - points[..., 0]
        np.testing.assert_allclose(y_too["keypoints"], points, atol=1e-5)

    def test_pairs_that_the_user_says(self, tmp_path):
        flipped = {"operations": [ops.Flip(horizontal=1.0)]}
        _, named = next(coco_flow(tmp_path, flipped, keypoints=True))
        _, none = next(coco_flow(tmp_path, flipped, keypoints=True, keypoint_pairs=[]))
        order = [0, 2, 1, 3, 5, 4]
        np.testing.assert_array_equal(named["keypoints"], none["keypoints"][:, order])
        with pytest.raises(ValueError, match=r"indices below 3, .* an object. Received: 4"):
            coco_flow(tmp_path, keypoints=True, keypoint_pairs=[(1, 4)])

    def test_without_pycocotools_the_flow_is_not_made(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "pycocotools", None)
        with pytest.raises(ImportError, match=r"pip install 'batchwarp\[coco\]'"):
            coco_flow(tmp_path, masks="classes")
        next(coco_flow(tmp_path))

    def test_a_flow_can_be_pickled(self, tmp_path):
        flow = coco_flow(tmp_path, {"rotation_range": 20}, masks="classes", seed=3)
        again = pickle.loads(pickle.dumps(flow))
        same(next(again), next(flow))

    @pytest.mark.parametrize("cache", ["memory", "disk"])
    def test_caches(self, tmp_path, cache):
        generator = {"rotation_range": 20}
        options = {"masks": "classes", "keypoints": True, "seed": 4}
        wanted = coco_flow(tmp_path, generator, **options)
        where = "memory" if cache == "memory" else str(tmp_path / "cache")
        flow = coco_flow(tmp_path, generator, cache=where, **options)
        for _ in range(2):
            same(next(flow), next(wanted))


TARGETS = {
    "boxes": {},
    "masks": {"masks": "instances"},
    "keypoints": {"keypoints": True, "max_boxes": 3},
    "all": {"masks": "classes", "mask_classes": 3, "keypoints": True},
}


@pytest.mark.parametrize("targets", TARGETS.values(), ids=TARGETS)
def test_data_sets_of_tensorflow_have_every_kind_of_target(tmp_path, targets):
    pytest.importorskip("tensorflow")
    if "masks" in targets:
        pytest.importorskip("pycocotools.mask")
    options = {**targets, "batch_size": 2, "seed": 3}
    flow = coco_flow(tmp_path, {"rotation_range": 20}, **options)
    made = list(flow.to_tf_dataset().as_numpy_iterator())
    plain = coco_flow(tmp_path, {"rotation_range": 20}, **options)
    assert len(made) == 2
    for batch in made:
        same(batch, next(plain))


def test_painted_masks_are_saved_beside_their_images(tmp_path):
    pytest.importorskip("pycocotools.mask")
    out = tmp_path / "out"
    out.mkdir()
    _, y = next(coco_flow(tmp_path, {"rotation_range": 20}, masks="classes", save_to_dir=out))
    pictures = sorted(path for path in out.iterdir() if not path.stem.endswith("_mask"))
    assert len(pictures) == 3
    for picture, mask in zip(pictures, y["masks"], strict=True):
        with Image.open(picture.with_name(f"{picture.stem}_mask.png")) as saved:
            np.testing.assert_array_equal(np.asarray(saved), mask)


def test_without_boxes(tmp_path):
    """As a model needs it that finds masks."""
    pytest.importorskip("pycocotools.mask")
    for name, options in (("masks", {"masks": "classes"}), ("keypoints", {"keypoints": True})):
        _, alone = next(coco_flow(tmp_path, boxes=False, **options))
        _, both = next(coco_flow(tmp_path, **options))
        same(alone, both[name])
    _, y = next(coco_flow(tmp_path, boxes=False, masks="classes", keypoints=True))
    assert set(y) == {"masks", "keypoints"}
    for flow in (coco_flow, yolo_flow):
        with pytest.raises(ValueError, match="`boxes` should be True where there are neither"):
            flow(tmp_path, boxes=False)
    with pytest.raises(ValueError, match="`boxes` should be a boolean"):
        coco_flow(tmp_path, boxes="no")


def test_one_target_alone_is_the_dictionary_of_kerascv(tmp_path):
    _, y = next(coco_flow(tmp_path))
    assert list(y) == ["boxes", "labels"]
    assert (y["boxes"].shape, y["boxes"].dtype) == ((3, 2, 4), np.float32)
    assert (y["labels"].shape, y["labels"].dtype) == ((3, 2), np.int64)
    assert (y["boxes"][2] == -1).all()
    assert (y["labels"][2] == -1).all()


@pytest.mark.parametrize(
    "name", ["xyxy", "yxyx", "center_xywh", "rel_xyxy", "rel_yxyx", "rel_center_xywh"]
)
def test_formats_of_boxes(tmp_path, name):
    """Whatever the file has, the user gets what is asked for."""
    for flow in (coco_flow, yolo_flow):
        _, plain = next(flow(tmp_path))
        _, y = next(flow(tmp_path, bounding_box_format=name))
        edges = plain["boxes"]
        if name.startswith("rel_"):
            edges = edges / np.tile(SIZE[::-1], 2)
        if "center" in name:
            sides = edges[..., 2:] - edges[..., :2]
            edges = np.concatenate([(edges[..., :2] + edges[..., 2:]) / 2, sides], axis=2)
        if "yxyx" in name:
            edges = edges[..., [1, 0, 3, 2]]
        edges[plain["labels"] == -1] = -1
        np.testing.assert_allclose(y["boxes"], edges, atol=1e-5)


def test_room_for_boxes(tmp_path):
    _, y = next(coco_flow(tmp_path, max_boxes=4, min_area=20))
    assert y["labels"].tolist() == [[1, -1, -1, -1], [1, -1, -1, -1], [-1] * 4]


def test_classes_that_are_wanted(tmp_path):
    flow = coco_flow(tmp_path, classes=["bottle"])
    assert (flow.class_names, flow.class_indices) == (["bottle"], {"bottle": 0})
    assert next(flow)[1]["labels"].tolist() == [[0], [0], [-1]]


class TestBadAnnotations:
    def content(self):
        content = coco_content()
        content["annotations"][0]["bbox"] = [2, 3, 0, 8]
        content["images"].append({"id": 5, "file_name": "lost.png", "height": 5, "width": 5})
        return content

    def test_they_raise_before_any_work(self, tmp_path):
        with pytest.raises(AnnotationError) as raised:
            coco_flow(tmp_path, content=self.content())
        assert raised.value.path == str(tmp_path / "instances.json")
        assert "annotation 11 of a.png: a box of 0 × 8" in raised.value.reason
        assert str(tmp_path / "images" / "lost.png") in raised.value.reason

    @pytest.mark.parametrize("on_error", ["skip", "zeros"])
    def test_they_are_left_out_and_listed(self, tmp_path, on_error):
        flow = coco_flow(tmp_path, content=self.content(), on_error=on_error)
        assert flow.filenames == list(NAMES)
        assert next(flow)[1]["labels"].tolist() == [[0], [1], [-1]]
        assert [error.path for error in flow.errors] == [
            str(tmp_path / "images" / "lost.png"),
            str(tmp_path / "instances.json"),
        ]
        (tmp_path / "images" / "b.png").write_bytes(b"")
        next(flow)
        assert [type(error) for error in flow.errors] == [AnnotationError] * 2 + [ImageFileError]

    def test_a_file_of_another_size_is_a_bad_file(self, tmp_path):
        content = coco_content()
        content["images"][1]["height"] = 17
        flow = coco_flow(tmp_path, content=content)
        with pytest.raises(ImageFileError, match=r"b\.png: .*16"):
            next(flow)
        flow = coco_flow(tmp_path, content=content, on_error="skip")
        assert next(flow)[0][:, 0, 0, 0].tolist() == [0, 2, 2]
        assert len(flow.errors) == 1

    def test_labels_of_yolo(self, tmp_path):
        save_yolo(tmp_path)
        path = tmp_path / "labels" / "b.txt"
        for on_error in ("raise", "skip"):
            generator = ImageDataGenerator()
            path.write_text("0 0.5 0.5 2 2\n0 0.5 0.5 0.5 0.5\n")
            arguments = {"target_size": SIZE, "shuffle": False, "on_error": on_error}
            if on_error == "raise":
                with pytest.raises(AnnotationError, match=r"b\.txt: line 1: has values from"):
                    generator.flow_from_yolo(tmp_path / "images", **arguments)
            else:
                flow = generator.flow_from_yolo(tmp_path / "images", **arguments)
                assert next(flow)[1]["labels"].tolist() == [[1, 0], [0, -1], [-1, -1]]
                assert [error.path for error in flow.errors] == [str(path)]


def test_subsets(tmp_path):
    flows = [
        coco_flow(tmp_path, {"validation_split": 0.34}, subset=subset)
        for subset in ("validation", "training")
    ]
    assert [flow.filenames for flow in flows] == [["a.png"], ["b.png", "sub/c.png"]]
    # Room for boxes is that of all.
    assert next(flows[1])[1]["labels"].tolist() == [[1, -1], [-1, -1]]
    for split in ("hash", "stratified"):
        generator = {"validation_split": 0.34, "split": split}
        parts = [
            set(coco_flow(tmp_path, generator, subset=subset).filenames)
            for subset in ("validation", "training")
        ]
        assert parts[0] | parts[1] == set(NAMES)
        assert not parts[0] & parts[1]


def test_samples_are_called_by_their_paths(tmp_path):
    """The order of the file makes no difference to what is drawn by key."""
    generator = {"operations": [ops.Affine(rotation=40)]}
    _, y = next(coco_flow(tmp_path, generator, seed=5))
    content = coco_content()
    content["images"] = content["images"][::-1]
    _, reversed_ = next(coco_flow(tmp_path, generator, content, seed=5))
    np.testing.assert_array_equal(reversed_["boxes"], y["boxes"][::-1])


def test_prefetching_and_native_sizes(tmp_path):
    generator = {"operations": [ops.CenterCrop((10, 12))]}
    plain = coco_flow(tmp_path, generator, target_size=None)
    ahead = coco_flow(tmp_path, generator, target_size=None, prefetch=2)
    _, y = next(plain)
    same(next(ahead)[1], y)
    left, top = (30 - 12) / 2, (20 - 10) / 2
    np.testing.assert_allclose(y["boxes"][0, 0], [0, 0, 12 - left, 11 - top])


def test_yolo(tmp_path):
    flow = yolo_flow(tmp_path, class_names=["cat", "dog"])
    x, y = next(flow)
    assert x[:, 0, 0, 0].tolist() == [0, 1, 2]
    wanted = np.array([[0.4, 0.25, 0.6, 0.75], [0, 0, 0.2, 0.4]]) * np.tile(SIZE[::-1], 2)
    np.testing.assert_allclose(y["boxes"][0], wanted, atol=1e-5)
    assert y["labels"].tolist() == [[1, 0], [-1, -1], [-1, -1]]
    assert flow.class_indices == {"cat": 0, "dog": 1}


def test_arguments_that_are_wrong(tmp_path):
    save_coco(tmp_path)
    generator = ImageDataGenerator()
    file, images = tmp_path / "instances.json", tmp_path / "images"
    with pytest.raises(FileNotFoundError, match="`image_dir` should be a folder that exists"):
        generator.flow_from_coco(file, tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError):
        generator.flow_from_coco(tmp_path / "nothing.json", images)
    with pytest.raises(ValueError, match="`masks` should be 'classes' or 'instances'"):
        generator.flow_from_coco(file, images, masks="panoptic")
    with pytest.raises(ValueError, match="`keypoints` should be a boolean"):
        generator.flow_from_coco(file, images, keypoints="yes")
    with pytest.raises(ValueError, match="`on_error` should be"):
        generator.flow_from_coco(file, images, on_error="ignore")
    with pytest.raises(ValueError, match="`label_dir` should be a folder"):
        generator.flow_from_yolo(images, tmp_path / "nowhere")
    mixing = ImageDataGenerator(operations=[ops.MixUp()])
    with pytest.raises(ValueError, match="MixUp"):
        mixing.flow_from_coco(file, images)


def test_a_model_trains_on_the_dictionary(tmp_path):
    keras = pytest.importorskip("keras")
    content = coco_content()
    for number in range(8):
        entry = {**content["annotations"][3], "id": 100 + number, "image_id": 68}
        content["annotations"].append({**entry, "bbox": [number, 1, 5, 6]})
    flow = coco_flow(tmp_path, {"rotation_range": 10}, content, max_boxes=2, batch_size=2)
    inputs = keras.Input((*SIZE, 3))
    features = keras.layers.GlobalAveragePooling2D()(inputs)
    boxes = keras.layers.Reshape((2, 4), name="boxes")(keras.layers.Dense(8)(features))
    labels = keras.layers.Reshape((2, 2), name="labels")(keras.layers.Dense(4)(features))
    model = keras.Model(inputs, {"boxes": boxes, "labels": labels})
    classes = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    model.compile("sgd", loss={"boxes": "mae", "labels": classes})
    history = model.fit(flow, epochs=2, verbose=0).history
    assert len(history["loss"]) == 2
    assert np.isfinite(history["loss"]).all()


def test_the_json_may_be_anywhere(tmp_path):
    path = save_coco(tmp_path / "data")
    other = tmp_path / "other.json"
    other.write_text(json.dumps(json.loads(path.read_text())))
    flow = ImageDataGenerator().flow_from_coco(str(other), str(tmp_path / "data" / "images"))
    assert flow.samples == 3
