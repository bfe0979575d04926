"""What `batchwarp preview` shows beside a folder's images: masks, or annotations."""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp.annotations import Annotations, read_coco, read_yolo
from batchwarp.cli.preview_overlay import Overlay
from batchwarp.console.errors import UsageError
from batchwarp.errors import AnnotationError
from batchwarp.iterators.base import Iterator as BatchIterator

__all__ = ["Beside", "beside_of", "named_targets"]

_OF_CLASSES = ("classes", "class_mode")  # arguments of `flow_from_directory` alone


@dataclass(frozen=True)
class Beside(ABC):
    """What is beside the images.

    Attributes:
        class_names: Names of the classes, if they have some.
        keypoint_names: Names of the keypoints of an object.
    """

    class_names: Sequence[str] = ()
    keypoint_names: Sequence[str] = ()

    @abstractmethod
    def opening(self, folder: Path, flowing: Mapping[str, Any]) -> tuple[str, Path, dict[str, Any]]:
        """Returns the method of a generator that makes a flow of it, its path, and its arguments.

        Args:
            folder: The folder of the images.
            flowing: Arguments of `flow_from_directory`, which makes a flow without it.
        """

    def overlays(self, targets: Mapping[str, Any], first: bool) -> list[Overlay]:
        """Returns what belongs to each image of a batch.

        Args:
            targets: Masks, boxes and keypoints by the names of their arguments.
            first: Whether channels come first.
        """
        masks = targets.get("masks")
        boxes = targets.get("boxes", {"boxes": None, "labels": None})
        keypoints = targets.get("keypoints")
        known = [one for one in (masks, boxes["boxes"], keypoints) if one is not None]
        return [
            Overlay(
                masks=() if masks is None else (_plane(masks[row], first),),
                boxes=None if boxes["boxes"] is None else boxes["boxes"][row],
                labels=None if boxes["labels"] is None else boxes["labels"][row],
                keypoints=None if keypoints is None else keypoints[row],
                class_names=self.class_names,
                keypoint_names=self.keypoint_names,
            )
            for row in range(len(known[0]))
        ]


def named_targets(made: Any) -> dict[str, Any]:
    """Returns what a flow has made beside images, by the names of the arguments."""
    if not isinstance(made, Mapping):
        return {"masks": made}
    return {"boxes": made} if set(made) == {"boxes", "labels"} else dict(made)


def beside_of(options: argparse.Namespace) -> Beside | None:
    """Returns what options say of it, `None` for nothing.

    Args:
        options: Parsed options of `batchwarp preview`.

    Raises:
        UsageError: If it is not as it should be.
    """
    if options.data is not None and options.yolo is None:
        raise UsageError("--data: is for --yolo")
    if options.masks is not None:
        if not options.masks.is_dir():
            raise UsageError(f"--masks: {options.masks}: no such folder")
        return _Masks(folder=options.masks)
    if options.yolo is not None and options.source.is_dir():  # of an image it is told later
        return _yolo(options)
    return None if options.coco is None else _coco(options)


def _coco(options: argparse.Namespace) -> Beside:
    try:
        found = read_coco(str(options.coco), str(options.source), masks=None, keypoints=None)
    except AnnotationError as error:
        raise UsageError(f"--coco: {error}") from error
    except OSError as error:
        raise UsageError(f"--coco: {options.coco}: {error.strerror or error}") from error
    return _Coco(
        class_names=found.class_names,
        keypoint_names=found.keypoint_names,
        file=options.coco,
        has_masks=_all_have_outlines(found),
    )


def _yolo(options: argparse.Namespace) -> Beside:
    labels = options.yolo if isinstance(options.yolo, str) else None
    data = None if options.data is None else str(options.data)
    formats = BatchIterator.white_list_formats
    try:
        found = read_yolo(str(options.source), labels, formats=formats, data=data)
        has_keypoints = bool(found.keypoint_names)
        has_masks = not has_keypoints and _all_have_outlines(
            read_yolo(str(options.source), labels, formats=formats, data=data, masks=True),
            len(found.labels.rows),
        )
    except ImportError as error:
        raise UsageError(f"--data: {error}") from error
    except OSError as error:
        path = error.filename or options.source
        raise UsageError(f"--yolo: {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"--yolo: {error}") from error
    return _Yolo(
        class_names=found.class_names,
        keypoint_names=found.keypoint_names,
        labels=labels,
        data=data,
        has_masks=has_masks,
    )


def _all_have_outlines(found: Annotations, objects: int | None = None) -> bool:
    """Whether all objects have outlines; otherwise those without would be left out as bad."""
    shapes = [one for some in found.shapes or [] for one in some if one.instance]
    return len(shapes) == (len(found.labels.rows) if objects is None else objects) > 0


@dataclass(frozen=True)
class _Masks(Beside):
    folder: Path = Path()

    def opening(self, folder: Path, flowing: Mapping[str, Any]) -> tuple[str, Path, dict[str, Any]]:
        """Returns how to make a flow of images and masks; see `Beside`."""
        return "flow_from_directory", folder, {**flowing, "masks": str(self.folder)}


@dataclass(frozen=True)
class _Coco(Beside):
    file: Path = Path()
    has_masks: bool = False

    def opening(self, folder: Path, flowing: Mapping[str, Any]) -> tuple[str, Path, dict[str, Any]]:
        """Returns how to make a flow of images and annotations; see `Beside`."""
        arguments = {
            "image_dir": str(folder),
            **{name: value for name, value in flowing.items() if name not in _OF_CLASSES},
            **({"masks": "classes"} if self.has_masks else {}),
            **({"keypoints": True} if self.keypoint_names else {}),
            "on_error": "skip",
        }
        return "flow_from_coco", self.file, arguments


@dataclass(frozen=True)
class _Yolo(Beside):
    labels: str | None = None
    data: str | None = None
    has_masks: bool = False

    def opening(self, folder: Path, flowing: Mapping[str, Any]) -> tuple[str, Path, dict[str, Any]]:
        """Returns how to make a flow of images and annotations; see `Beside`."""
        arguments = {
            **({} if self.labels is None else {"label_dir": self.labels}),
            **{name: value for name, value in flowing.items() if name not in _OF_CLASSES},
            **({} if self.data is None else {"data": self.data}),
            **({"masks": "classes"} if self.has_masks else {}),
            **({"keypoints": True} if self.keypoint_names else {}),
            "on_error": "skip",
        }
        return "flow_from_yolo", folder, arguments


def _plane(mask: NDArray[Any], first: bool) -> NDArray[Any]:
    """Returns a mask of one channel; of several, 1 more than the last one that has something."""
    if mask.ndim == 2:
        return mask
    channels = mask if first else np.moveaxis(mask, -1, 0)
    plane = np.zeros(channels.shape[1:], np.int64)
    for number, channel in enumerate(channels, 1):
        plane[channel != 0] = number
    return plane
