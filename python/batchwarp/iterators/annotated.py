"""Batches from image files and from what annotations say of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _keras
from batchwarp._arguments import boolean, check_batches
from batchwarp._words import counted
from batchwarp.annotations import Annotations, MaskPainter
from batchwarp.augment.hashes import hash64
from batchwarp.augment.settings import Settings
from batchwarp.errors import AnnotationError, ImageFileError
from batchwarp.files.options import FileOptions
from batchwarp.files.reader import Content
from batchwarp.iterators.file_targets import FileTargets
from batchwarp.iterators.files import FilesIterator
from batchwarp.iterators.labels import combinations
from batchwarp.iterators.shards import one_shard
from batchwarp.targets import TargetOptions


class AnnotatedIterator(FilesIterator):
    """Iterator yielding batches of images, boxes with labels, and masks or keypoints.

    Args:
        annotations: What is known of the images.
        directory: String, the folder that their names are relative to.
        image_data_generator: The generator whose augmentation is applied, or `None`.
        target_size: As in `DirectoryIterator`, as are the arguments after it.
        color_mode: See there.
        batch_size: See there.
        shuffle: See there.
        seed: See there.
        data_format: See there.
        save_to_dir: See there.
        save_prefix: See there.
        save_format: See there.
        subset: See there; the validation subset are the first images of the annotations.
        interpolation: See there.
        keep_aspect_ratio: See there.
        dtype: See there.
        prefetch: See there.
        shard: See there.
        drop_remainder: See there.
        handover: See there.
        cache: See there; masks that are painted are painted in each pass.
        cache_limit: See there.
        cache_format: See there.
        on_error: See there. With `"raise"`, bad annotations raise when the iterator is made, and
            otherwise they are left out and in `errors`.
        scaled_decode: See there.
        exif_transpose: See there.
        boxes: Boolean, whether to yield boxes and their labels.
        masks: `"classes"` or `"instances"`, which masks `MaskPainter` paints, or `None`.
        mask_fill: As of `Augment`, as are the arguments after it.
        mask_classes: See there.
        bounding_box_format: See there.
        max_boxes: See there.
        min_area: See there.
        min_visibility: See there.
        keypoint_pairs: See there, of the keypoints of one object. `None` takes those whose names
            differ in left and right.
        remove_outside: See there.

    Attributes:
        annotations: As the argument.
        filenames: List of the files' paths relative to `directory`.
        filepaths: List of their paths.
        class_names: List of the classes' names, by their labels.
        class_indices: Dictionary from them to labels.
        samples: Integer, the number of files.

    Raises:
        AnnotationError: If annotations are bad, and this is not to be tolerated.
        ImportError: If a package is missing that paints masks.
        ValueError: If an argument is not as above.
    """

    _numbers: NDArray[np.uint64] | None = None  # of the samples, once somebody asks for them

    def __init__(
        self,
        annotations: Annotations,
        directory: str,
        image_data_generator: Settings | None,
        *,
        target_size: tuple[int, int] | None = (256, 256),
        color_mode: str = "rgb",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
        prefetch: int = 0,
        shard: Any = None,
        drop_remainder: bool = False,
        handover: str | None = None,
        cache: Any = None,
        cache_limit: int | str | None = None,
        cache_format: str = "decoded",
        on_error: str = "raise",
        scaled_decode: bool = False,
        exif_transpose: bool = False,
        boxes: bool = True,
        masks: str | None = None,
        mask_fill: int = 0,
        mask_classes: int | None = None,
        bounding_box_format: str = "xyxy",
        max_boxes: int | None = None,
        min_area: float = 0.0,
        min_visibility: float = 0.0,
        keypoint_pairs: Sequence[Sequence[int]] | None = None,
        remove_outside: bool = False,
    ) -> None:
        arguments = locals() | {"formats": None}
        options, target_options = FileOptions.among(arguments), TargetOptions.among(arguments)
        check_batches(batch_size, shuffle, seed, prefetch)
        part = one_shard(shard, drop_remainder)
        self._set_processing(
            options,
            image_data_generator,
            data_format=data_format,
            dtype=dtype,
            subset=subset,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            handover=handover,
        )
        if options.on_error == "raise":
            annotations.report.raise_if_bad()
        if not boolean("boxes", boxes) and masks is None and annotations.keypoints is None:
            raise ValueError(
                "`boxes` should be True where there are neither `masks` nor `keypoints`. Received: "
                f"{boxes!r}"
            )
        self.annotations = annotations
        self.directory = directory
        self.class_mode = None
        self.class_names = annotations.class_names
        self.class_indices = {name: label for label, name in enumerate(self.class_names)}
        self._searched = f"those that {annotations.report.path} has in {directory!r}"
        rows = self._rows_of_subset()
        self.filenames = [annotations.filenames[row] for row in rows]
        _keras.print_message(
            f"Found {counted(len(rows), 'image')} with "
            f"{counted(int(annotations.labels.counts[rows].sum()), 'box', 'boxes')} of "
            f"{counted(len(self.class_names), 'class', 'classes')}."
        )
        painted = None
        if masks is not None:
            paths = [os.path.join(directory, name) for name in annotations.filenames]
            painted = PaintedMasks(MaskPainter(annotations, masks), paths)
        targets = FileTargets(
            replace(target_options, keypoint_pairs=self._pairs(target_options)),
            len(annotations.filenames),
            masks=painted,
            boxes={"boxes": annotations.boxes, "labels": annotations.labels} if boxes else None,
            given_format=annotations.box_format,
            keypoints=annotations.keypoints,
            rows=rows,
            sizes=annotations.sizes,
        )
        self._set_files(directory, targets)
        super().__init__(self.samples, batch_size, shuffle, seed, prefetch=prefetch, shard=part)

    def _pairs(self, options: TargetOptions) -> tuple[tuple[int, int], ...] | None:
        """Returns which keypoints of an image change places, of all of its objects.

        Raises:
            ValueError: If a pair is not one of an object's keypoints.
        """
        annotations = self.annotations
        if annotations.keypoints is None:
            return options.keypoint_pairs
        pairs, count = options.keypoint_pairs, len(annotations.keypoint_names)
        if pairs is None:
            pairs = annotations.mirrored_pairs()
        beyond = [index for pair in pairs for index in pair if index >= count]
        if beyond:
            raise ValueError(
                f"`keypoint_pairs` should be of indices below {count}, the number of keypoints of "
                f"an object. Received: {beyond[0]}"
            )
        starts = range(0, annotations.keypoints.room, count)
        return tuple((start + one, start + other) for start in starts for one, other in pairs)

    def _rows_of_subset(self) -> NDArray[np.int64]:
        """Returns which of the annotations' images are in the subset."""
        names = self.annotations.filenames
        rows = np.arange(len(names))
        if self.split is None:
            return rows
        if not self._has_own_split:
            return rows[self._first_items(len(rows))]
        labels = self.annotations.labels
        of_images = np.split(labels.rows, labels.starts[1:-1]) if names else []
        kinds = combinations([sorted(set(some.tolist())) for some in of_images])
        return rows[self._own_split(names, kinds)]

    def _sample_numbers(self, index_array: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Returns the hashes of the files' relative paths; see the base class."""
        if self._numbers is None:
            names = [name.replace(os.sep, "/") for name in self.filenames]
            self._numbers = np.fromiter(map(hash64, names), np.uint64, len(names))
        return self._numbers[index_array]

    @property
    def errors(self) -> list[ImageFileError | AnnotationError]:
        """What is wrong with annotations, and the files that could not be read so far."""
        return [*self.annotations.report.errors(), *super().errors]


@dataclass(frozen=True)
class PaintedMasks:
    """Masks that are painted, as `batchwarp.files.masks.MaskSource` has it.

    Attributes:
        painter: What paints them.
        paths: Of the images that they are beside.
        root: `None`, since they are no files.
    """

    painter: MaskPainter
    paths: Sequence[str]
    root: None = None

    @property
    def outlines(self) -> list[Any]:
        """As of `MaskPainter`."""
        return self.painter.outlines

    @property
    def kind(self) -> tuple[np.dtype[Any], int]:
        """As of `MaskSource`."""
        return self.painter.dtype, 1

    def read(
        self,
        number: int,
        content: Content | None = None,  # noqa: ARG002 - there is no file
        size: tuple[int, int] | None = None,
    ) -> tuple[NDArray[Any], tuple[int, int]]:
        """Paints one; see `MaskSource`."""
        return self.painter.read(number, size), (0, 0)
