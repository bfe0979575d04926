"""Flows of image files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from batchwarp import iterators
from batchwarp._arguments import passed_on
from batchwarp._warnings import warn
from batchwarp.augment.settings import Settings, named_as_of_the_generator

__all__ = ["FileFlows"]


@named_as_of_the_generator
class FileFlows(Settings):
    """A generator's flows of image files."""

    def flow_from_directory(
        self,
        directory: Any,
        target_size: tuple[int, int] | None = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
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
        *,
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
        masks: Any = None,
        mask_fill: int = 0,
        mask_classes: int | None = None,
    ) -> iterators.DirectoryIterator:
        """Takes a folder with a folder of images for each class and makes augmented batches.

        Pixels are those of Keras: Pillow's, before augmentation. Files are read and decoded on as
        many threads as `batchwarp.runtime.get_num_threads()` says.

        Args:
            directory: Path of the folder. In it there is one folder for each class, with images in
                formats PNG, JPEG, BMP, PPM or TIFF in it or in folders below it.
            target_size: Tuple of two integers, `(height, width)` that images are resized to. `None`
                leaves them the sizes of their files, if one of the generator's `operations` gives
                all of them the same size: `RandomResizedCrop`, `RandomCrop`, `CenterCrop`, or
                `Resize` to a pair. A file that an operation cannot be done to, as it is smaller
                than a crop, counts as one that cannot be read. A cache is of encoded files then.
            color_mode: `"grayscale"`, `"rgb"` or `"rgba"`: images are converted to 1, 3 or 4
                channels; or `"unchanged"`: the number of channels, which must be the same for all,
                and depths of more than 8 bits stay as they are stored, also in NumPy's .npy; or
                `"palette"`: one channel of a palette's indices, or of grey as it is stored, for
                masks, which want `interpolation="nearest"` and `interpolation_order=0`, too.
            classes: Sequence of strings, the names of the classes' folders; `None` for all folders,
                sorted. The order gives the labels.
            class_mode: `"categorical"` (one-hot), `"binary"` or `"sparse"` (integers as floats),
                `"input"` (the images themselves) or `None` (no labels).
            batch_size: As in `flow`.
            shuffle: As in `flow`.
            seed: As in `flow`.
            save_to_dir: As in `flow`.
            save_prefix: As in `flow`.
            save_format: As in `flow`.
            follow_links: Boolean, whether to look into folders that are symbolic links.
            subset: `"training"` or `"validation"` if the generator has a `validation_split`; the
                validation subset are the first files of each class, unless the generator's `split`
                says otherwise.
            interpolation: Pillow's method to resize with: `"nearest"`, `"bilinear"`, `"bicubic"`,
                `"hamming"`, `"box"` or `"lanczos"`.
            keep_aspect_ratio: Boolean, whether to crop images in the centre to the target's
                proportions, so that resizing does not distort them.
            prefetch: As in `flow`.
            shard: As in `flow`.
            drop_remainder: As in `flow`.
            handover: As in `flow`.
            cache: `"memory"` keeps the decoded and resized images (8 bits a channel) in memory, a
                path keeps them in that folder, which should not be one beside those of the classes,
                in a store that later runs, other processes, and other subsets and folds of the data
                set read and add to; later passes run at the speed of `flow`. Images that have
                changed on disk are decoded again when the next iterator is made. `None` decodes in
                each pass.
            cache_limit: Integer, how many bytes the cache may take, or a string such as `"4GB"` or
                `"512MiB"`; `None` for no bound. In memory, the image whose use is longest ago gives
                way to one that has no room. In a folder, images stay, and those that have no room
                are decoded in each pass. Images and masks together have this room.
            cache_format: What a cache in a folder keeps: `"decoded"` images as above; or
                `"encoded"`, the bytes of the files as they are, in one file, for data that are
                larger than memory, or in many small files on a slow disk. They are decoded in each
                pass, to any `target_size`, also `None`, and any depth; one store is for all.
            on_error: What to do about a file that cannot be read: `"raise"`
                `batchwarp.ImageFileError`, `"skip"` it, so that the next sample takes its place and
                the batch keeps its size, or put `"zeros"` in its place. The iterator's `errors`
                lists the files.
            scaled_decode: Boolean, whether to decode JPEG files at a half, a quarter or an eighth
                of their size where the target is no larger. It is faster; the pixels differ: a
                little, or much at edges with `interpolation="nearest"`, which chooses single pixels
                otherwise.
            exif_transpose: Boolean, whether to turn images as their EXIF orientation says.
            formats: Sequence of extensions to take instead of Keras' list, for example
                `("jpg", "webp", "gif")`; of an animation it is the first picture.
            masks: Path of a folder with a mask for each image, which moves with it: a file of the
                same name up to the extension, in a folder of the same name, as `cats/1.png` for
                `cats/1.jpg`; or a dictionary of such paths, for several masks of each image. If
                there is one class only, the masks may be in the folder itself. Where they are
                given, images may be in `directory` itself, in no folders of classes: these have no
                labels then, unless `class_mode` is another one than its default. Masks are read as
                they are stored, indices of palettes, grey of 8 or 16 bits or several channels, all
                like the first one, and resized by the nearest pixel. Where one cannot be read,
                or has another size than its image, the image counts as one that cannot be read.
            mask_fill: As of `batchwarp.Augment`, as is `mask_classes`.
            mask_classes: See there.

        Returns:
            An iterator, without end, of `images` or `(images, labels)`. `masks` take the place of
            labels: alone with `class_mode=None`, else in a dictionary with `"labels"`.

        Raises:
            ValueError: If an argument is not as above.
            OSError: If `directory` cannot be read.

        Example:
            >>> flow = ImageDataGenerator().flow_from_directory("data/train", target_size=(32, 32))
            Found 6 images belonging to 2 classes.
            >>> flow.class_indices
            {'cats': 0, 'dogs': 1}
        """
        return iterators.DirectoryIterator(
            image_data_generator=self,
            data_format=self.data_format,
            dtype=self.dtype,
            **passed_on(locals(), "self"),
        )

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: Any = None,
        x_col: Any = "filename",
        y_col: Any = "class",
        weight_col: Any = None,
        target_size: tuple[int, int] | None = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[Any] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        *,
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
        integer_classes: bool = False,
        label_separator: str | None = None,
        keep_aspect_ratio: bool = False,
        mask_col: Any = None,
        boxes_col: Any = None,
        box_labels_col: Any = None,
        keypoints_col: Any = None,
        mask_fill: int = 0,
        mask_classes: int | None = None,
        bounding_box_format: str = "xyxy",
        max_boxes: int | None = None,
        min_area: float = 0.0,
        min_visibility: float = 0.0,
        keypoint_pairs: Sequence[Sequence[int]] | None = None,
        remove_outside: bool = False,
        **kwargs: Any,
    ) -> iterators.DataFrameIterator:
        """Takes a dataframe with files' names and labels and makes batches of augmented data.

        Args:
            dataframe: `pandas.DataFrame`.
            directory: Path of the folder that the names are relative to; `None` if they are paths
                by themselves.
            x_col: Name of the column of the files' names, strings with extensions.
            y_col: Name of the column of labels, or a list of names.
            weight_col: Name of the column of sample weights, or `None`.
            target_size: As in `flow_from_directory`.
            color_mode: As in `flow_from_directory`.
            classes: Sequence of labels; rows of others are left out. `None` for all labels, sorted.
            class_mode: `"categorical"` (one-hot; labels are strings, or lists of strings for
                samples of several classes), `"binary"`, `"sparse"` (integers), `"input"` (the
                images themselves), `"multi_output"` (a list of the values of several columns),
                `"raw"` (the values of `y_col`; several columns of 0 and 1 are the targets of a
                multi-label problem) or `None` (no labels).
            batch_size: As in `flow`.
            shuffle: As in `flow`.
            seed: As in `flow`.
            save_to_dir: As in `flow`.
            save_prefix: As in `flow`.
            save_format: As in `flow`.
            subset: `"training"` or `"validation"` if the generator has a `validation_split`; the
                validation subset are the first rows, unless the generator's `split` says otherwise.
            interpolation: As in `flow_from_directory`.
            validate_filenames: Boolean, whether to leave out rows whose file does not exist or is
                of no image format.
            prefetch: As in `flow`.
            shard: As in `flow`.
            drop_remainder: As in `flow`.
            handover: As in `flow`.
            cache: As in `flow_from_directory`.
            cache_limit: As in `flow_from_directory`.
            cache_format: As in `flow_from_directory`.
            on_error: As in `flow_from_directory`.
            scaled_decode: As in `flow_from_directory`.
            exif_transpose: As in `flow_from_directory`.
            formats: As in `flow_from_directory`.
            integer_classes: Boolean, whether labels may be integers; they are sorted as numbers.
            label_separator: String that separates the labels of samples of several classes, for
                example `"|"` in `"cat|dog"`, for `class_mode="categorical"`.
            keep_aspect_ratio: As in `flow_from_directory`; Keras ignores it here.
            mask_col: Name of the column of the names of mask files, relative to `directory`, which
                are read like the `masks` of `flow_from_directory`; or a list of names, for several
                masks of each image. All masks of images that there are must exist.
            boxes_col: Name of the column of lists of boxes, which move with the images. They are in
                pixels of the file as it is stored, or turned if `exif_transpose` is set, and come
                back in those of the batch. Rows without a value have no box.
            box_labels_col: Name of the column of lists of the boxes' labels, numbers.
            keypoints_col: Name of the column of lists of keypoints, likewise.
            mask_fill: As of `batchwarp.Augment`, as are the arguments after it.
            mask_classes: See there.
            bounding_box_format: See there.
            max_boxes: See there.
            min_area: See there.
            min_visibility: See there.
            keypoint_pairs: See there.
            remove_outside: See there.
            **kwargs: Keras' old options `has_ext`, `sort` and `drop_duplicates`. Like all others,
                they do nothing but warn.

        Returns:
            An iterator, without end, of `images`, `(images, labels)` or
            `(images, labels, weights)`. Masks, boxes and keypoints take the place of labels: what
            there is of the four alone, or a dictionary, with `"labels"`.

        Raises:
            ValueError: If an argument is not as above.
            TypeError: If a column does not hold what the class mode needs.
            KeyError: If there is no such column.

        Example:
            >>> import pandas
            >>> table = pandas.DataFrame({"filename": ["cats/0.jpg", "dogs/1.jpg"], "age": [3, 7]})
            >>> flow = ImageDataGenerator().flow_from_dataframe(
            ...     table, "data/train", y_col="age", class_mode="raw", shuffle=False
            ... )
            Found 2 validated image filenames.
            >>> next(flow)[1].tolist()
            [3, 7]
        """
        arguments = passed_on(locals(), "self", "kwargs")
        if "has_ext" in kwargs:
            warn(
                "has_ext is deprecated, filenames in the dataframe have to match the exact "
                "filenames in disk.",
                DeprecationWarning,
            )
        if "sort" in kwargs:
            warn(
                "sort is deprecated, batches will be created in thesame order than the filenames "
                "provided if `shuffle`is set to `False`.",
                DeprecationWarning,
            )
        if class_mode == "other":
            warn(
                '`class_mode="other"` is deprecated, please use `class_mode="raw"`.',
                DeprecationWarning,
            )
            arguments["class_mode"] = "raw"
        if "drop_duplicates" in kwargs:
            warn(
                "drop_duplicates is deprecated, you can drop duplicates by using the "
                "pandas.DataFrame.drop_duplicates method.",
                DeprecationWarning,
            )
        unknown = sorted(kwargs.keys() - {"has_ext", "sort", "drop_duplicates"})
        if unknown:
            warn(f"`flow_from_dataframe` ignores the unknown arguments: {', '.join(unknown)}")
        return iterators.DataFrameIterator(
            image_data_generator=self, data_format=self.data_format, dtype=self.dtype, **arguments
        )
