"""Annotations in COCO's format: one JSON file of images, categories and annotations."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from batchwarp._arrays import listed
from batchwarp.annotations.annotations import Annotations, Shape, ragged
from batchwarp.annotations.outlines import BEYOND, is_number, outline
from batchwarp.annotations.report import BadAnnotation, Report
from batchwarp.errors import AnnotationError
from batchwarp.files.decode import read_file

__all__ = ["read_coco"]

_LISTS = ("images", "categories", "annotations")


class _Image(NamedTuple):
    number: int
    filename: str
    height: int
    width: int


class _Category(NamedTuple):
    name: str
    keypoints: int


def read_coco(
    path: str,
    image_dir: str,
    *,
    classes: Sequence[str | int] | None = None,
    masks: bool | None = False,
    keypoints: bool | None = False,
) -> Annotations:
    """Reads annotations in COCO's format, and checks all that can be checked without pixels.

    Images are in the order of the file, also those without annotations. What is wrong is left out,
    and in the result's report: an annotation that is bad, all of an image whose file is missing or
    whose entry is bad. A box, a polygon or a keypoint may reach out of its image by one pixel, for
    files round. Crowds (`iscrowd`) have no box, as COCO's evaluation does not count them.

    Args:
        path: String, the JSON file.
        image_dir: String, the folder that `file_name` is relative to.
        classes: Names or ids of the categories to take, in the order of their labels; `None` for
            all of them in the order of their ids.
        masks: Boolean, whether to read outlines, for `MaskPainter`; `None`: of annotations that
            have some.
        keypoints: Boolean, whether to read keypoints; `None`: if a category has some.

    Returns:
        The annotations, boxes as `"xyxy"` in pixels.

    Raises:
        AnnotationError: If the file is no such JSON at all.
        ValueError: If `classes` has none of the file's, or one twice.
        OSError: If the file cannot be read.
    """
    content = _content(path)
    report = Report(path)
    report.checked = len(content["annotations"])
    images, passed_over = _images(content["images"], image_dir, report)
    categories = _categories(content["categories"], report)
    ids = _chosen(classes, categories)
    names = () if keypoints is False else _keypoint_names(content["categories"])
    if keypoints and not names:
        raise AnnotationError(path, "none of its categories has a list 'keypoints' of names")
    reader = _Reader(images, passed_over, categories, ids, masks, len(names))
    for entry in content["annotations"]:
        reader.read(entry, report)
    return Annotations(
        filenames=[image.filename for image in images.values()],
        sizes=np.array(
            [(image.height, image.width) for image in images.values()], np.int64
        ).reshape(-1, 2),
        boxes=ragged(reader.boxes, (4,), np.dtype(np.float64)),
        box_format="xyxy",
        labels=ragged(reader.labels, (), np.dtype(np.int64)),
        class_names=[categories[one].name for one in ids],
        class_ids=ids,
        report=report,
        keypoints=ragged(reader.points, (2,), np.dtype(np.float64)) if names else None,
        keypoint_names=names,
        shapes=None if masks is False else reader.shapes,
    )


class _Reader:
    """Collects annotations by images.

    Args:
        images: The images by their ids.
        passed_over: The ids of images that have been left out, with all that they have.
        categories: All categories by their ids.
        ids: List of the ids of those that are wanted.
        masks: As for `read_coco`.
        points_of_each: Integer, how many keypoints there is room for with each box; 0 to read none.

    Attributes:
        boxes: For each image, a list of `(left, top, right, bottom)`.
        labels: For each image, a list of integers.
        points: For each image, a list of `(x, y)`.
        shapes: For each image, a list of `Shape`.
    """

    def __init__(
        self,
        images: dict[Any, _Image],
        passed_over: set[Any],
        categories: dict[int, _Category],
        ids: list[int],
        masks: bool | None,
        points_of_each: int,
    ) -> None:
        self._images = images
        self._passed_over = passed_over
        self._categories = categories
        self._labels = {one: label for label, one in enumerate(ids)}
        self._masks = masks
        self._points_of_each = points_of_each
        self._seen: set[Any] = set()
        self.boxes: list[list[tuple[float, ...]]] = [[] for _ in images]
        self.labels: list[list[int]] = [[] for _ in images]
        self.points: list[list[tuple[float, float]]] = [[] for _ in images]
        self.shapes: list[list[Shape]] = [[] for _ in images]

    def read(self, entry: Any, report: Report) -> None:
        """Takes one annotation, or reports what is wrong with it and takes nothing of it."""
        try:
            self._take(entry)
        except BadAnnotation as bad:
            report.add(bad.kind, self._name(entry), bad.reason)

    def _name(self, entry: Any) -> str:
        if not isinstance(entry, dict):
            return "an annotation"
        image = entry.get("image_id")
        found = self._images.get(image) if _is_id(image) else None
        of = "" if found is None else f" of {found.filename}"
        return f"annotation {entry.get('id')!r}{of}"

    def _take(self, entry: Any) -> None:
        if not isinstance(entry, dict):
            raise BadAnnotation("no annotation", f"should be an object, it is {_shown(entry)}")
        self._take_id(entry.get("id"))
        image_id = entry.get("image_id")
        if _is_id(image_id) and image_id in self._passed_over:
            return
        image = self._images.get(image_id) if _is_id(image_id) else None
        if image is None:
            raise BadAnnotation("wrong image id", f"there is no image {_shown(image_id)}")
        category_id = entry.get("category_id")
        category = self._categories.get(category_id) if type(category_id) is int else None
        if category is None or type(category_id) is not int:
            raise BadAnnotation("wrong category id", f"there is no category {_shown(category_id)}")
        crowd = entry.get("iscrowd", 0)
        if crowd not in (0, 1):
            raise BadAnnotation("wrong `iscrowd`", f"should be 0 or 1, it is {_shown(crowd)}")
        edges = _edges(entry.get("bbox"), image)
        points = [] if crowd else self._points_of(entry, category, image)
        found = None
        shape = entry.get("segmentation")
        if self._masks or (self._masks is None and shape not in (None, [])):
            found = outline(shape, image.height, image.width)
        label = self._labels.get(category_id)
        if label is None:
            return  # of a class that is not wanted
        if not crowd:
            self.boxes[image.number].append(edges)
            self.labels[image.number].append(label)
            self.points[image.number] += points
        if found is not None:
            instance = 0 if crowd else len(self.boxes[image.number])
            self.shapes[image.number].append(Shape(found, label, instance))

    def _take_id(self, one: Any) -> None:
        if not _is_id(one):
            raise BadAnnotation(
                "annotation without an id", f"`id` should be an integer, it is {_shown(one)}"
            )
        if one in self._seen:
            raise BadAnnotation("annotation id twice", "another annotation before it has this id")
        self._seen.add(one)

    def _points_of(
        self, entry: dict[str, Any], category: _Category, image: _Image
    ) -> list[tuple[float, float]]:
        nowhere = (np.nan, np.nan)
        values = entry.get("keypoints")
        if not self._points_of_each or not category.keypoints or values is None:
            return [nowhere] * self._points_of_each
        kind = "broken keypoints"
        if (
            not isinstance(values, list)
            or len(values) != 3 * category.keypoints
            or not all(map(is_number, values))
        ):
            raise BadAnnotation(
                kind, f"should be x, y and v of {category.keypoints} keypoints, finite numbers"
            )
        points = []
        for x, y, visible in zip(values[::3], values[1::3], values[2::3], strict=True):
            if visible not in (0, 1, 2):
                raise BadAnnotation(kind, f"v should be 0, 1 or 2, it is {visible!r}")
            if visible and not (
                -BEYOND <= x <= image.width + BEYOND and -BEYOND <= y <= image.height + BEYOND
            ):
                raise BadAnnotation(
                    "keypoint outside its image",
                    f"a keypoint at {x:g}, {y:g} is outside of {image.width} × {image.height}",
                )
            points.append((x, y) if visible else nowhere)
        return points + [nowhere] * (self._points_of_each - len(points))


def _edges(value: Any, image: _Image) -> tuple[float, ...]:
    """Returns a box as left, top, right and bottom."""
    if not isinstance(value, list) or len(value) != 4 or not all(map(is_number, value)):
        raise BadAnnotation(
            "broken box", f"`bbox` should be four finite numbers, it is {_shown(value)}"
        )
    left, top, width, height = value
    if width <= 0 or height <= 0:
        raise BadAnnotation("box without an area", f"a box of {width:g} × {height:g}")
    right, bottom = left + width, top + height
    if not (
        left >= -BEYOND
        and top >= -BEYOND
        and right <= image.width + BEYOND
        and bottom <= image.height + BEYOND
    ):
        raise BadAnnotation(
            "box outside its image",
            f"a box from {left:g}, {top:g} to {right:g}, {bottom:g} reaches out of "
            f"{image.width} × {image.height}",
        )
    return left, top, right, bottom


def _content(path: str) -> dict[str, list[Any]]:
    """Returns the lists in a JSON file.

    Raises:
        AnnotationError: If it is none, or has not all of them.
        OSError: If it cannot be read.
    """
    data, _ = read_file(path)
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise AnnotationError(path, f"is no JSON: byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        is_cut_off = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated")
        raise AnnotationError(
            path,
            f"{'is cut off' if is_cut_off else 'is no JSON'}: {error.msg} in line {error.lineno}, "
            f"column {error.colno}",
        ) from error
    except RecursionError as error:
        raise AnnotationError(path, "is none of COCO's: it has lists in lists in lists") from error
    if not isinstance(content, dict):
        raise AnnotationError(path, f"should hold an object, it holds {_shown(content)}")
    for name in _LISTS:
        if not isinstance(content.get(name), list):
            raise AnnotationError(
                path,
                f"has no list {name!r}. In COCO's format there are {', '.join(map(repr, _LISTS))}",
            )
    return content


def _images(
    entries: list[Any], image_dir: str, report: Report
) -> tuple[dict[Any, _Image], set[Any]]:
    """Returns the images by their ids, and the ids of those that are left out."""
    images: dict[Any, _Image] = {}
    passed_over: set[Any] = set()
    files: set[str] = set()
    for entry in entries:
        one = entry.get("id") if isinstance(entry, dict) else None
        item = f"image {_shown(one)}"
        try:
            filename, height, width = _checked_image(entry)
            if one in images or one in passed_over:
                raise BadAnnotation("image id twice", f"{filename}: another image has this id")
            if filename in files:
                raise BadAnnotation("image file twice", f"{filename} is another image's, too")
        except BadAnnotation as bad:
            report.add(bad.kind, item, bad.reason)
            if _is_id(one) and one not in images:
                passed_over.add(one)
            continue
        files.add(filename)
        path = os.path.join(image_dir, filename)
        if not os.path.isfile(path):
            report.add("missing image", "", f"no such file; it is {item} of {report.path}", path)
            passed_over.add(one)
            continue
        images[one] = _Image(len(images), filename, height, width)
    return images, passed_over


def _checked_image(entry: Any) -> tuple[str, int, int]:
    if not isinstance(entry, dict) or not _is_id(entry.get("id")):
        raise BadAnnotation("image without an id", "should be an object with an integer as `id`")
    filename = entry.get("file_name")
    if not isinstance(filename, str) or not filename or "\0" in filename:
        raise BadAnnotation(
            "image without a file", f"`file_name` should be a path, it is {_shown(filename)}"
        )
    height, width = entry.get("height"), entry.get("width")
    if type(height) is not int or type(width) is not int or height < 1 or width < 1:
        raise BadAnnotation(
            "image without a size",
            f"`height` and `width` should be integers of at least 1, they are {_shown(height)} and "
            f"{_shown(width)}",
        )
    return filename, height, width


def _categories(entries: list[Any], report: Report) -> dict[int, _Category]:
    """Returns the categories by their ids, which are in order."""
    categories: dict[int, _Category] = {}
    for entry in entries:
        one = entry.get("id") if isinstance(entry, dict) else None
        item = f"category {_shown(one)}"
        if type(one) is not int or not isinstance(entry.get("name"), str):
            report.add("broken category", item, "should have an integer as `id`, and a `name`")
        elif one in categories:
            report.add("category id twice", item, "another category before it has this id")
        else:
            points = entry.get("keypoints", [])
            count = len(points) if isinstance(points, list) else 0
            categories[one] = _Category(entry["name"], count)
    return dict(sorted(categories.items()))


def _chosen(classes: Any, categories: dict[int, _Category]) -> list[int]:
    """Returns the ids of the categories that are wanted, in the order of their labels."""
    if classes is None:
        return list(categories)
    ids: list[int] = []
    for wanted in listed(classes):
        found = [one for one, category in categories.items() if wanted in (category.name, one)]
        if not found or ids.count(found[0]):
            known = ", ".join(repr(category.name) for category in categories.values())
            raise ValueError(
                "`classes` should be names or ids of categories, each of them once. Received: "
                f"{wanted!r}; the file has {known}"
            )
        ids.append(found[0])
    return ids


def _keypoint_names(entries: list[Any]) -> tuple[str, ...]:
    """Returns the names of the keypoints of the category that has most of them."""
    lists = [entry.get("keypoints") for entry in entries if isinstance(entry, dict)]
    longest: list[Any] = max((one for one in lists if isinstance(one, list)), key=len, default=[])
    return tuple(map(str, longest))


def _is_id(value: Any) -> bool:
    return type(value) is int or isinstance(value, str)


def _shown(value: Any) -> str:
    """Returns a value as it is written, cut off where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
