"""Annotations in YOLO's format: beside each image a text file with a line for each box."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from batchwarp._arrays import listed
from batchwarp.annotations.annotations import Annotations, ragged
from batchwarp.annotations.report import BadAnnotation, Report
from batchwarp.errors import AnnotationError
from batchwarp.files.decode import read_file
from batchwarp.files.index import image_files

__all__ = ["label_folder", "read_yolo"]

_CLASSES = "classes.txt"  # a list of names, where programs to draw boxes leave it
_BEYOND = 0.01  # by which part of its size boxes may reach out of an image: files round

_MOST_CLASSES = 65536  # a number beyond is a mistake, and no reason to make a list that long

_Box = tuple[float, float, float, float]


def read_yolo(
    image_dir: str,
    label_dir: str | None = None,
    *,
    class_names: Sequence[str] | Mapping[int, str] | None = None,
    formats: Sequence[str],
    follow_links: bool = False,
) -> Annotations:
    """Reads annotations in YOLO's format, and checks all that can be checked without pixels.

    A line is a class and the centre, width and height of a box, or three or more points of a
    polygon, around which the box is; all of them parts of the image's width or height. An image
    without a file, or with an empty one, has no boxes. What is wrong is left out, and in the
    result's report. A box may reach out of its image by a hundredth of its size.

    Args:
        image_dir: String, the folder of the images, which may be in folders below it.
        label_dir: String, the folder of the text files, which has the folders of `image_dir`;
            `None` for the one that `label_folder` finds.
        class_names: Names of the classes 0, 1, …, or a dictionary from them to names. `None` for
            the lines of a file `classes.txt` in `label_dir` or `image_dir`, and where there is none
            for the classes that are found, as numbers.
        formats: The ends of the names of image files, in lower case.
        follow_links: Boolean, whether to look into folders that are symbolic links.

    Returns:
        The annotations, boxes as `"rel_xyxy"`. Images are in the order of their names.

    Raises:
        AnnotationError: If no image has a file of labels.
        ValueError: If there is no such folder, or `class_names` is none of the above.
        OSError: If a folder cannot be read.
    """
    folder = label_folder(image_dir) if label_dir is None else label_dir
    for name, path in (("image_dir", image_dir), ("label_dir", folder)):
        if not os.path.isdir(path):
            raise ValueError(f"`{name}` should be a folder. Received: {path!r}")
    images = _relative(image_dir, formats, follow_links)
    texts = set(_relative(folder, (".txt",), follow_links))
    texts.discard(_CLASSES)
    names = _names(class_names, (folder, image_dir))
    report = Report(folder)
    boxes: list[list[_Box]] = []
    labels: list[list[int]] = []
    used = set()
    for image in images:
        text = os.path.splitext(image)[0] + ".txt"
        lines: list[tuple[int, _Box]] = []
        if text in texts:
            used.add(text)
            lines = _lines(os.path.join(folder, text), names, report)
        boxes.append([box for _, box in lines])
        labels.append([label for label, _ in lines])
    if images and not used:
        raise AnnotationError(
            folder, f"none of its {len(texts)} text files has the name of an image in {image_dir}"
        )
    if not os.path.samefile(folder, image_dir):  # where other texts may be, too
        for text in sorted(texts - used):
            report.add("labels without an image", "", "no image", os.path.join(folder, text))
    if names is None:
        most = max((label for some in labels for label in some), default=-1)
        names = {number: str(number) for number in range(most + 1)}
    return Annotations(
        filenames=images,
        sizes=None,
        boxes=ragged(boxes, (4,), np.dtype(np.float64)),
        box_format="rel_xyxy",
        labels=ragged(labels, (), np.dtype(np.int64)),
        class_names=[
            names.get(number, str(number)) for number in range(max(names, default=-1) + 1)
        ],
        class_ids=list(range(max(names, default=-1) + 1)),
        report=report,
    )


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


def _lines(path: str, names: dict[int, str] | None, report: Report) -> list[tuple[int, _Box]]:
    """Returns labels and boxes of a file."""
    try:
        lines = _text(path).splitlines()
    except UnicodeDecodeError as error:
        report.add("broken text file", "", f"byte {error.start} is not UTF-8", path)
        return []
    found: list[tuple[int, _Box]] = []
    seen: set[tuple[float, ...]] = set()
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields:
            continue
        report.checked += 1
        try:
            numbers = _numbers(fields)
            if numbers in seen:
                raise BadAnnotation("line twice", "is the same as one before it")
            seen.add(numbers)
            found.append((_label(fields[0], numbers[0], names), _box(numbers[1:])))
        except BadAnnotation as bad:
            report.add(bad.kind, f"line {number}", bad.reason, path)
    return found


def _numbers(fields: list[str]) -> tuple[float, ...]:
    if len(fields) != 5 and (len(fields) < 7 or len(fields) % 2 == 0):
        raise BadAnnotation(
            "wrong number of fields",
            f"should be a class and 4 numbers, or a class and 3 points or more: it has "
            f"{len(fields)} fields",
        )
    try:
        numbers = tuple(map(float, fields))
    except ValueError:
        numbers = (math.nan,)
    if not all(map(math.isfinite, numbers)):
        raise BadAnnotation(
            "no number", f"fields should be finite numbers: {' '.join(fields)[:60]}"
        )
    return numbers


def _label(field: str, number: float, names: dict[int, str] | None) -> int:
    if number < 0 or number >= _MOST_CLASSES or number % 1:
        raise BadAnnotation(
            "wrong class", f"should be an integer from 0 to {_MOST_CLASSES - 1}: {field}"
        )
    if names is not None and int(number) not in names:
        raise BadAnnotation("wrong class", f"{field} is none of the {len(names)} that have names")
    return int(number)


def _box(numbers: Sequence[float]) -> _Box:
    least, most = min(numbers), max(numbers)
    if least < -_BEYOND or most > 1 + _BEYOND:
        raise BadAnnotation(
            "value beyond 0 to 1",
            f"has values from {least:g} to {most:g}: they are parts of a size",
        )
    if len(numbers) > 4:
        x, y = numbers[::2], numbers[1::2]
        left, top, right, bottom = min(x), min(y), max(x), max(y)
    else:
        centre_x, centre_y, width, height = numbers
        left, right = centre_x - width / 2, centre_x + width / 2
        top, bottom = centre_y - height / 2, centre_y + height / 2
    if right <= left or bottom <= top:
        raise BadAnnotation("box without an area", f"a box of {right - left:g} × {bottom - top:g}")
    if min(left, top) < -_BEYOND or max(right, bottom) > 1 + _BEYOND:
        raise BadAnnotation(
            "box outside its image",
            f"a box from {left:g}, {top:g} to {right:g}, {bottom:g} reaches out of it",
        )
    return left, top, right, bottom
