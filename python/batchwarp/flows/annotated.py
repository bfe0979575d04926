"""Flows of image files with annotations in COCO's and YOLO's formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from batchwarp import iterators
from batchwarp._arguments import passed_on
from batchwarp.augment.settings import Settings, named_as_of_the_generator

__all__ = ["AnnotationFlows"]


@named_as_of_the_generator
class AnnotationFlows(Settings):
    """A generator's flows of annotated images."""

    def flow_from_coco(
        self,
        annotations: Any,
        image_dir: Any,
        *,
        boxes: bool = True,
        masks: str | None = None,
        keypoints: bool = False,
        classes: Sequence[str | int] | None = None,
        target_size: tuple[int, int] | None = (256, 256),
        color_mode: str = "rgb",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
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
        mask_fill: int = 0,
        mask_classes: int | None = None,
        bounding_box_format: str = "xyxy",
        max_boxes: int | None = None,
        min_area: float = 0.0,
        min_visibility: float = 0.0,
        keypoint_pairs: Sequence[Sequence[int]] | None = None,
        remove_outside: bool = False,
    ) -> iterators.CocoIterator:
        """Takes images with annotations in COCO's format and makes augmented batches of both.

        Annotations move with their images, as in calls of `batchwarp.Augment`. They are checked
        when the flow is made: boxes outside their images or without an area, wrong ids, broken
        outlines and keypoints, missing images. Sizes are compared with those of the files as these
        are read.

        Args:
            annotations: Path of the JSON file, of instances or of keypoints.
            image_dir: Path of the folder that its `file_name` are relative to.
            boxes: Boolean, whether to yield boxes and their labels: without them, masks or
                keypoints alone are what a model is trained on.
            masks: `"classes"` for masks of classes: 0 for the background, else one more than the
                label; `"instances"` for masks of objects: 1, 2, … in the order of the boxes; `None`
                for none. Where objects overlap, the one of fewer pixels is on top. Masks of
                polygons need pycocotools: `pip install 'batchwarp[coco]'`.
            keypoints: Boolean, whether to yield keypoints, `(b, k, 2)`: those of the first box,
                then those of the second, and so on; nan where v is 0.
            classes: Sequence of categories' names or ids, in the order of their labels; boxes of
                others are left out. `None` for all, in the order of their ids.
            target_size: As in `flow_from_directory`.
            color_mode: As in `flow_from_directory`.
            batch_size: As in `flow`.
            shuffle: As in `flow`.
            seed: As in `flow`.
            save_to_dir: As in `flow`.
            save_prefix: As in `flow`.
            save_format: As in `flow`.
            subset: `"training"` or `"validation"` if the generator has a `validation_split`; the
                validation subset are the first images of the file, unless the generator's `split`
                says otherwise.
            interpolation: As in `flow_from_directory`.
            keep_aspect_ratio: As in `flow_from_directory`.
            prefetch: As in `flow`.
            shard: As in `flow`.
            drop_remainder: As in `flow`.
            handover: As in `flow`.
            cache: As in `flow_from_directory`; masks are painted in each pass, unless it is
                `"memory"`.
            cache_limit: As in `flow_from_directory`.
            cache_format: As in `flow_from_directory`.
            on_error: As in `flow_from_directory`. With `"raise"`, bad annotations and missing
                images raise `batchwarp.AnnotationError` here; otherwise they are left out, and in
                the iterator's `errors`.
            scaled_decode: As in `flow_from_directory`.
            exif_transpose: As in `flow_from_directory`.
            mask_fill: As of `batchwarp.Augment`, as are the arguments after it.
            mask_classes: See there.
            bounding_box_format: See there, of the boxes that are yielded.
            max_boxes: See there.
            min_area: See there.
            min_visibility: See there.
            keypoint_pairs: See there, of the keypoints of one object; `None` takes those whose
                names differ in left and right.
            remove_outside: See there.

        Returns:
            An iterator, without end, of `(images, {"boxes", "labels"})`, with -1 where there is no
            box; with masks or keypoints of `(images, {"boxes": {"boxes", "labels"}, "masks",
            "keypoints"})`, and with one of them and no boxes of `(images, masks)`. Its
            `class_names` and `class_ids` say what labels mean.

        Raises:
            AnnotationError: If the file is none of COCO's, or annotations are bad.
            ImportError: If there are polygons to paint, and pycocotools is not installed.
            ValueError: If an argument is not as above.
            OSError: If the file or the folder cannot be read.

        Example:
            >>> flow = ImageDataGenerator().flow_from_coco(
            ...     "instances.json", "images", target_size=(40, 50), shuffle=False
            ... )
            Found 6 images with 6 boxes of 1 class.
            >>> images, targets = next(flow)
            >>> targets["boxes"].shape
            (6, 1, 4)
        """
        return iterators.CocoIterator(
            image_data_generator=self,
            data_format=self.data_format,
            dtype=self.dtype,
            **passed_on(locals(), "self"),
        )

    def flow_from_yolo(
        self,
        image_dir: Any,
        label_dir: Any = None,
        *,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
        boxes: bool = True,
        masks: str | None = None,
        keypoints: bool = False,
        keypoint_shape: tuple[int, int] | None = None,
        data: Any = None,
        target_size: tuple[int, int] | None = (256, 256),
        color_mode: str = "rgb",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
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
        formats: Sequence[str] | str | None = None,
        mask_fill: int = 0,
        mask_classes: int | None = None,
        bounding_box_format: str = "xyxy",
        max_boxes: int | None = None,
        min_area: float = 0.0,
        min_visibility: float = 0.0,
        keypoint_pairs: Sequence[Sequence[int]] | None = None,
        remove_outside: bool = False,
    ) -> iterators.YoloIterator:
        """Takes images with annotations in YOLO's format and makes augmented batches of both.

        Beside each image there is a text file of the same name, with a line for each object. A line
        of a box is its class, then centre, width and height as parts of the image's size; one of a
        polygon its class, then x and y of three or more points, around which the box is; one of a
        pose has keypoints after the box. They are checked when the flow is made.

        Args:
            image_dir: Path of the folder of the images, which may be in folders below it.
            label_dir: Path of the folder of the text files, with the folders of `image_dir`.
                `None`: as `image_dir` with `labels` in place of the last `images` in it, if there
                is such a folder, else `image_dir` itself.
            class_names: Sequence of names, or a dictionary from labels to names; labels that have
                none are bad. `None` takes those in `data`, else in a file `classes.txt` in
                `label_dir` or `image_dir`, and without one numbers.
            boxes: As in `flow_from_coco`.
            masks: As in `flow_from_coco`, of polygons; lines that have none are bad then. Needs
                pycocotools: `pip install 'batchwarp[coco]'`.
            keypoints: Boolean, whether to yield keypoints, as in `flow_from_coco`: `(b, k, 2)` in
                pixels, nan where v is 0.
            keypoint_shape: Tuple `(count, numbers)` of integers: how many keypoints follow each
                box, and whether each is of 2 numbers, x and y, or of 3, with v, which is 0 for one
                that is not there. `None` takes `kpt_shape` in `data`. Where nobody says it, lines
                have no keypoints, and those that have some are bad or look like polygons.
            data: Path of the `data.yaml` that Ultralytics reads, of which `names`, `kpt_shape` and
                `flip_idx` are used; `None` for none. Needs PyYAML: `pip install 'batchwarp[yolo]'`.
            target_size: As in `flow_from_directory`.
            color_mode: As in `flow_from_directory`.
            batch_size: As in `flow`.
            shuffle: As in `flow`.
            seed: As in `flow`.
            save_to_dir: As in `flow`.
            save_prefix: As in `flow`.
            save_format: As in `flow`.
            follow_links: As in `flow_from_directory`.
            subset: As in `flow_from_coco`, by the order of the images' paths.
            interpolation: As in `flow_from_directory`.
            keep_aspect_ratio: As in `flow_from_directory`.
            prefetch: As in `flow`.
            shard: As in `flow`.
            drop_remainder: As in `flow`.
            handover: As in `flow`.
            cache: As in `flow_from_coco`.
            cache_limit: As in `flow_from_directory`.
            cache_format: As in `flow_from_directory`.
            on_error: As in `flow_from_coco`.
            scaled_decode: As in `flow_from_directory`.
            exif_transpose: As in `flow_from_directory`.
            formats: As in `flow_from_directory`.
            mask_fill: As of `batchwarp.Augment`, as are the arguments after it.
            mask_classes: See there.
            bounding_box_format: See there, of the boxes that are yielded.
            max_boxes: See there.
            min_area: See there.
            min_visibility: See there.
            keypoint_pairs: See there, of the keypoints of one object; `None` takes those that
                change places by the `flip_idx` in `data`.
            remove_outside: See there.

        Returns:
            An iterator, without end, of `(images, {"boxes", "labels"})`, with -1 where there is no
            box; with masks or keypoints, or without boxes, as of `flow_from_coco`. Its
            `class_names` says what labels mean.

        Raises:
            AnnotationError: If there are no labels, or they or `data` are bad.
            ImportError: If a package is missing that an argument needs.
            ValueError: If an argument is not as above.
            OSError: If a folder cannot be read.

        Example:
            >>> flow = ImageDataGenerator().flow_from_yolo(
            ...     "images", "labels", class_names=["cat"], target_size=(40, 50)
            ... )
            Found 6 images with 6 boxes of 1 class.
            >>> flow.class_names
            ['cat']
        """
        return iterators.YoloIterator(
            image_data_generator=self,
            data_format=self.data_format,
            dtype=self.dtype,
            **passed_on(locals(), "self"),
        )
