"""Annotations in YOLO's format: beside each image a text file with a line for each object."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from batchwarp._arrays import listed
from batchwarp.annotations.annotations import Annotations, Shape, ragged
from batchwarp.annotations.report import BadAnnotation, Report
from batchwarp.annotations.yolo_data import YoloData, one_keypoint_shape, read_yolo_data
from batchwarp.annotations.yolo_lines import LineReader, Object
from batchwarp.errors import AnnotationError
from batchwarp.files.decode import read_file
from batchwarp.files.index import image_files

__all__ = ["label_folder", "read_yolo"]

_CLASSES = "classes.txt"  # a list of names, where programs to draw boxes leave it


def read_yolo(
    image_dir: str,
    label_dir: str | None = None,
    *,
    class_names: Sequence[str] | Mapping[int, str] | None = None,
    formats: Sequence[str],
    follow_links: bool = False,
    masks: bool = False,
    keypoints: bool = False,
    keypoint_shape: Any = None,
    data: str | None = None,
) -> Annotations:
    """Reads annotations in YOLO's format, and checks all that can be checked without pixels.

    A line is a class and the centre, width and height of a box; or, for segmentation, three or more
    points of a polygon, around which the box is; or, for poses, a box and then the keypoints: x and
    y, or x, y and v, which is 0 for one that is not there. All places are parts of the image's
    width or height. An image without a file, or with an empty one, has no boxes. What is wrong is
    left out, and in the result's report. A box may reach out of its image by a hundredth of its
    size.

    Args:
        image_dir: String, the folder of the images, which may be in folders below it.
        label_dir: String, the folder of the text files, which has the folders of `image_dir`;
            `None` for the one that `label_folder` finds.
        class_names: Names of the classes 0, 1, …, or a dictionary from them to names. `None` for
            those in `data`, else for the lines of a file `classes.txt` in `label_dir` or
            `image_dir`, and where there is none for the classes that are found, as numbers.
        formats: The ends of the names of image files, in lower case.
        follow_links: Boolean, whether to look into folders that are symbolic links.
        masks: Boolean, whether there have to be polygons, for `MaskPainter`.
        keypoints: Boolean, whether to return keypoints.
        keypoint_shape: Tuple `(count, numbers)`, how many keypoints each box has, and whether each
            is of 2 numbers or of 3. `None` for `kpt_shape` in `data`; lines have no keypoints where
            this says nothing of them.
        data: String, the path of a `data.yaml` as Ultralytics has it, or `None`.

    Returns:
        The annotations, boxes as `"rel_xyxy"`. Images are in the order of their names.

    Raises:
        AnnotationError: If no image has a file of labels, or `data` is not as it should be.
        ImportError: If there is `data`, and PyYAML is not installed.
        ValueError: If there is no such folder, or an argument is not as above.
        OSError: If a folder or `data` cannot be read.
    """
    folder = label_folder(image_dir) if label_dir is None else label_dir
    for name, path in (("image_dir", image_dir), ("label_dir", folder)):
        if not os.path.isdir(path):
            raise ValueError(f"`{name}` should be a folder. Received: {path!r}")
    known = YoloData() if data is None else read_yolo_data(data)
    shape = known.keypoint_shape
    if keypoint_shape is not None:
        shape = one_keypoint_shape("keypoint_shape", keypoint_shape)
    _check_kind(shape, masks, keypoints)
    images = _relative(image_dir, formats, follow_links)
    texts = set(_relative(folder, (".txt",), follow_links))
    texts.discard(_CLASSES)
    names = known.class_names
    if class_names is not None or names is None:
        names = _names(class_names, (folder, image_dir))
    report = Report(folder)
    reader = LineReader(names, shape, masks)
    objects: list[list[Object]] = []
    used = set()
    for image in images:
        text = os.path.splitext(image)[0] + ".txt"
        is_there = text in texts
        if is_there:
            used.add(text)
        objects.append(_objects(os.path.join(folder, text), reader, report) if is_there else [])
    if images and not used:
        raise AnnotationError(
            folder, f"none of its {len(texts)} text files has the name of an image in {image_dir}"
        )
    if not os.path.samefile(folder, image_dir):  # where other texts may be, too
        for text in sorted(texts - used):
            report.add("labels without an image", "", "no image", os.path.join(folder, text))
    if names is None:
        most = max((one.label for some in objects for one in some), default=-1)
        names = {number: str(number) for number in range(most + 1)}
    points = None
    if keypoints:
        of_images = [[point for one in some for point in one.points] for some in objects]
        points = ragged(of_images, (2,), np.dtype(np.float64))
    return Annotations(
        filenames=images,
        sizes=None,
        boxes=ragged([[one.box for one in some] for some in objects], (4,), np.dtype(np.float64)),
        box_format="rel_xyxy",
        labels=ragged([[one.label for one in some] for some in objects], (), np.dtype(np.int64)),
        class_names=[
            names.get(number, str(number)) for number in range(max(names, default=-1) + 1)
        ],
        class_ids=list(range(max(names, default=-1) + 1)),
        report=report,
        keypoints=points,
        keypoint_names=() if shape is None else tuple(map(str, range(shape[0]))),
        keypoint_pairs=known.keypoint_pairs,
        shapes=[_shapes(some) for some in objects] if masks else None,
    )


def _check_kind(shape: tuple[int, int] | None, masks: bool, keypoints: bool) -> None:
    """Checks that lines have what is wanted of them."""
    if keypoints and shape is None:
        raise ValueError(
            "`keypoint_shape` should say how many keypoints a box has, or `data` should have a "
            "`kpt_shape`, where `keypoints` are wanted. Received: neither"
        )
    if masks and shape is not None:
        raise ValueError(
            f"`masks` should be None where lines have keypoints, {shape[0]} of {shape[1]} numbers, "
            "and so no polygons"
        )


def _shapes(objects: Sequence[Object]) -> list[Shape]:
    """Returns the polygons of an image, for painting."""
    return [
        Shape([one.polygon], one.label, number)
        for number, one in enumerate(objects, 1)
        if one.polygon is not None
    ]


def label_folder(image_dir: str) -> str:
    """Returns the folder of labels that belongs to a folder of images.

    Args:
        image_dir: String.

    Returns:
        String: as Ultralytics has it, the path with `labels` in place of the last `images` in it,
        if there is such a folder, and otherwise `image_dir` itself.
    """
    parts = os.path.abspath(image_dir).split(os.sep)
    if "images" not in parts:
        return image_dir
    last = len(parts) - 1 - parts[::-1].index("images")
    parts[last] = "labels"
    folder = os.sep.join(parts)
    return folder if os.path.isdir(folder) else image_dir


def _relative(folder: str, ends: Iterable[str], follow_links: bool) -> list[str]:
    def fail(error: OSError) -> None:
        raise error

    return [
        os.path.relpath(os.path.join(root, name), folder)
        for root, names in image_files(folder, ends, follow_links, fail)
        for name in names
    ]


def _names(value: Any, folders: Sequence[str]) -> dict[int, str] | None:
    """Returns the names of classes by their numbers, `None` if nobody says any."""
    if value is None:
        for folder in folders:
            path = os.path.join(folder, _CLASSES)
            if os.path.isfile(path):
                lines = _text(path).splitlines()
                return dict(enumerate(line.strip() for line in lines if line.strip()))
        return None
    items = dict(value) if isinstance(value, Mapping) else dict(enumerate(listed(value)))
    if (
        isinstance(value, str)
        or not items
        or not all(type(key) is int and key >= 0 for key in items)
        or not all(isinstance(name, str) for name in items.values())
    ):
        raise ValueError(
            "`class_names` should be a list of strings, or a dictionary from integers to strings. "
            f"Received: {value!r}"
        )
    return items


def _text(path: str) -> str:
    return read_file(path)[0].decode("utf-8-sig")


def _objects(path: str, reader: LineReader, report: Report) -> list[Object]:
    """Returns what the lines of a file say."""
    try:
        lines = _text(path).splitlines()
    except UnicodeDecodeError as error:
        report.add("broken text file", "", f"byte {error.start} is not UTF-8", path)
        return []
    found: list[Object] = []
    reader.begin()
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields:
            continue
        report.checked += 1
        try:
            found.append(reader.read(fields))
        except BadAnnotation as bad:
            report.add(bad.kind, f"line {number}", bad.reason, path)
    return found
