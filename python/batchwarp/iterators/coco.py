"""Batches from image files with annotations in COCO's format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from batchwarp._arguments import boolean, folder_path
from batchwarp.annotations import read_coco
from batchwarp.augment.settings import Settings
from batchwarp.iterators.annotated import AnnotatedIterator
from batchwarp.iterators.directory import existing_folder


class CocoIterator(AnnotatedIterator):
    """Iterator yielding batches of images that are annotated in COCO's format.

    Args:
        annotations: Path of the JSON file.
        image_dir: Path of the folder of the images.
        image_data_generator: As in `AnnotatedIterator`.
        masks: As in `AnnotatedIterator`.
        keypoints: Boolean, whether to yield keypoints.
        classes: Sequence of names or ids of categories, or `None` for all of them.
        **options: As in `AnnotatedIterator`.

    Attributes:
        class_ids: List of the categories' ids, by their labels.
        keypoint_names: Tuple of the names of an object's keypoints.

    Raises:
        OSError: If the file cannot be read, or there is no such folder.
        Exception: As in `AnnotatedIterator`.
    """

    def __init__(
        self,
        annotations: Any,
        image_dir: Any,
        image_data_generator: Settings | None,
        *,
        masks: str | None = None,
        keypoints: bool = False,
        classes: Sequence[str | int] | None = None,
        **options: Any,
    ) -> None:
        folder = existing_folder("image_dir", image_dir)
        found = read_coco(
            folder_path("annotations", annotations),
            folder,
            classes=classes,
            masks=masks is not None,
            keypoints=boolean("keypoints", keypoints),
        )
        self.class_ids = found.class_ids
        self.keypoint_names = found.keypoint_names
        super().__init__(found, folder, image_data_generator, masks=masks, **options)
