"""Batches from image files with annotations in YOLO's format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from batchwarp._arguments import boolean, folder_path
from batchwarp.annotations import read_yolo
from batchwarp.augment.settings import Settings
from batchwarp.files.options import extensions
from batchwarp.iterators.annotated import AnnotatedIterator
from batchwarp.iterators.directory import existing_folder


class YoloIterator(AnnotatedIterator):
    """Iterator yielding batches of images that are annotated in YOLO's format.

    Args:
        image_dir: Path of the folder of the images.
        label_dir: Path of the folder of the labels, or `None`.
        image_data_generator: As in `AnnotatedIterator`.
        class_names: Sequence of strings, or a dictionary from integers to strings, or `None`.
        masks: As in `AnnotatedIterator`.
        keypoints: Boolean, whether to yield keypoints.
        keypoint_shape: Tuple `(count, numbers)` of integers, of the keypoints in a line, or `None`.
        data: Path of a `data.yaml`, or `None`.
        follow_links: As in `DirectoryIterator`.
        formats: As in `DirectoryIterator`.
        **options: As in `AnnotatedIterator`.

    Raises:
        OSError: If a folder cannot be read, or there is no such folder.
        Exception: As in `AnnotatedIterator`.
    """

    def __init__(
        self,
        image_dir: Any,
        label_dir: Any,
        image_data_generator: Settings | None,
        *,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
        masks: str | None = None,
        keypoints: bool = False,
        keypoint_shape: Any = None,
        data: Any = None,
        follow_links: bool = False,
        formats: Sequence[str] | str | None = None,
        **options: Any,
    ) -> None:
        folder = existing_folder("image_dir", image_dir)
        found = read_yolo(
            folder,
            None if label_dir is None else folder_path("label_dir", label_dir),
            class_names=class_names,
            formats=extensions(formats, self.white_list_formats),
            follow_links=boolean("follow_links", follow_links),
            masks=masks is not None,
            keypoints=boolean("keypoints", keypoints),
            keypoint_shape=keypoint_shape,
            data=None if data is None else folder_path("data", data),
        )
        super().__init__(found, folder, image_data_generator, masks=masks, **options)
