"""Batches from a folder with a folder of images for each class."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from batchwarp import _keras
from batchwarp._arguments import boolean, check_batches, folder_path
from batchwarp._warnings import warn
from batchwarp.augment.hashes import hash64
from batchwarp.augment.settings import Settings
from batchwarp.files.index import class_folders, files_of_class
from batchwarp.files.masks import MaskFiles
from batchwarp.files.options import FileOptions
from batchwarp.files.pairs import masks_of_images
from batchwarp.iterators.file_targets import FileTargets
from batchwarp.iterators.files import FilesIterator
from batchwarp.iterators.labels import class_list
from batchwarp.iterators.shards import one_shard
from batchwarp.targets import TargetOptions

# Folders that programs leave among those of a user, beside hidden ones: macOS' archives, Python,
# Synology's index, file systems.
_OF_PROGRAMS = (
    "__MACOSX",
    "__pycache__",
    "@eaDir",
    "lost+found",
    "$RECYCLE.BIN",
    "System Volume Information",
)


class DirectoryIterator(FilesIterator):
    """Iterator yielding batches from the image files in a folder, with a folder for each class.

    Args:
        directory: Path of the folder.
        image_data_generator: `ImageDataGenerator`, or an object with its methods, or `None` for
            images as they are.
        target_size: Tuple of two integers, `(height, width)` that images are resized to; `None`
            where operations of the generator give images of any size the same one.
        color_mode: `"grayscale"`, `"rgb"`, `"rgba"`: images are converted to 1, 3 or 4 channels.
            `"unchanged"`: channels and depth stay as they are stored; or `"palette"`: indices.
        classes: Sequence of strings, the names of the classes' folders, as a list, an array or a
            column; `None` for all folders, sorted. The order gives the labels.
        class_mode: `"categorical"` (one-hot), `"binary"`, `"sparse"` (integers), `"input"` (the
            images themselves) or `None` (no labels).
        batch_size: Integer of at least 1.
        shuffle: Boolean, whether to draw a new order for each pass.
        seed: Integer from 0 to 2³² - 2²⁰, or `None` to draw from `numpy.random`.
        data_format: `"channels_first"` or `"channels_last"`; `None` means Keras' global setting.
        save_to_dir: Path of an existing folder to save the augmented images to, or `None`.
        save_prefix: String, the beginning of the files' names.
        save_format: String, the files' format and extension.
        follow_links: Boolean, whether to look into folders that are symbolic links.
        subset: `"training"`, `"validation"` or `None`, by the generator's `validation_split`.
        interpolation: Pillow's method to resize with: `"nearest"`, `"bilinear"`, `"bicubic"`,
            `"hamming"`, `"box"` or `"lanczos"`.
        keep_aspect_ratio: Boolean, whether to crop images to the target's proportions first.
        dtype: Dtype of the batches; `None` means Keras' global `floatx()`.
        prefetch: Integer of at least 0, how many batches to make ahead for `next()`, in a thread.
        shard: Pair (index, count), which part of each batch to make; `"auto"` for that of this
            process, `None` for all.
        drop_remainder: Boolean, whether to leave out a last step that lacks samples.
        handover: `"uint8"` for batches of bytes and a model that begins with
            `normalization_layer()`, see `ImageDataGenerator.flow`; `None` for those of `dtype`.
        cache: `"memory"`, or the path of a folder to keep decoded images in, or `None`.
        cache_limit: Integer, how many bytes the cache may take, or a string such as `"4GB"`;
            `None` for no bound.
        cache_format: `"decoded"` or `"encoded"`: whether a cache in a folder keeps images or files.
        on_error: What to do about a file that cannot be read: `"raise"`, `"skip"` (the next sample
            takes its place) or `"zeros"`. `errors` has the files and reasons.
        scaled_decode: Boolean, whether JPEG files may be decoded at a half, a quarter or an eighth
            of their size where the target is no larger; it is faster, the pixels differ, most
            with `interpolation="nearest"`.
        exif_transpose: Boolean, whether to turn images as their EXIF orientation says.
        formats: Sequence of strings, the extensions of image files; `None` for Keras' list.
        masks: Path of a folder with a mask for each image, in folders of the same names, or a
            dictionary of such paths, or `None`.
        mask_fill: As of `Augment`.
        mask_classes: As of `Augment`.

    Attributes:
        filenames: List of the files' paths relative to `directory`.
        filepaths: List of the files' paths.
        classes: Array `(n,)` of int32, the samples' labels.
        class_indices: Dictionary from the classes' names to labels.
        num_classes: Integer.
        samples: Integer, the number of files.

    Raises:
        ValueError: If an argument is not as above.
        OSError: If `directory` is no folder or cannot be read.

    Example:
        >>> flow = DirectoryIterator("data/train", ImageDataGenerator(), target_size=(32, 32))
        Found 6 images belonging to 2 classes.
        >>> flow.filenames[0]
        'cats/0.jpg'
    """

    allowed_class_modes: ClassVar[set[str | None]] = {
        "categorical",
        "binary",
        "sparse",
        "input",
        None,
    }

    _transient: ClassVar[frozenset[str]] = FilesIterator._transient | {"_numbers"}
    _numbers: NDArray[np.uint64] | None = None

    def __init__(
        self,
        directory: Any,
        image_data_generator: Settings | None,
        target_size: tuple[int, int] | None = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
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
    ) -> None:
        options = FileOptions.among(locals())
        target_options = TargetOptions(mask_fill=mask_fill, mask_classes=mask_classes)
        check_batches(batch_size, shuffle, seed, prefetch)
        part = one_shard(shard, drop_remainder)
        boolean("follow_links", follow_links)
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
        if class_mode not in self.allowed_class_modes:
            raise ValueError(
                f"Invalid class_mode: {class_mode}; expected one of: {self.allowed_class_modes}"
            )
        chosen = class_list(classes)
        self.directory = directory
        self.class_mode = class_mode
        folder = existing_folder("directory", directory)
        names = chosen or class_folders(folder)
        mask_folders = _mask_folders(masks)
        if not chosen:
            _check_is_no_class(cache, folder, names)
            _check_masks_are_no_class(folder, names, mask_folders)
            if mask_folders and self._is_flat(folder, names, follow_links):
                names = chosen = [os.curdir]
                self.class_mode = None if class_mode == "categorical" else class_mode
        self.num_classes = len(names)
        self.class_indices = {name: label for label, name in enumerate(names)}
        mask_files = self._find_files(folder, names, follow_links, mask_folders)
        whose = f"belonging to {self.num_classes} classes"
        if mask_files and names == [os.curdir]:
            whose = "with a mask each, without classes"
        _keras.print_message(f"Found {len(self.filenames)} images {whose}.")
        if not chosen:
            _warn_of_classes(folder, names)
        _warn_of_files(folder, self.filenames)
        if class_mode == "binary" and names and len(names) != 2:
            warn(
                f'`class_mode="binary"` is for two classes. {folder} has {len(names)}, so that '
                f"labels are 0 to {len(names) - 1}, as in Keras; for more than two classes, pass "
                '"sparse" or "categorical"'
            )
        targets = FileTargets(
            target_options,
            len(self.filenames),
            masks=mask_files if isinstance(masks, Mapping) else mask_files.get(None),
        )
        self._set_files(folder, targets)
        super().__init__(self.samples, batch_size, shuffle, seed, prefetch=prefetch, shard=part)

    def _is_flat(self, folder: str, names: Sequence[str], follow_links: bool) -> bool:
        """Whether images are in a folder itself, and none in those of classes."""
        with os.scandir(folder) as entries:
            if not any(entry.name.lower().endswith(self._extensions) for entry in entries):
                return False
        return not any(
            files_of_class(folder, name, self._extensions, follow_links) for name in names
        )

    def _find_files(
        self,
        folder: str,
        names: Sequence[str],
        follow_links: bool,
        mask_folders: Mapping[Any, tuple[str, str]],
    ) -> dict[Any, MaskFiles]:
        """Lists the files of all classes that are in the subset, and returns their masks."""
        missing = [name for name in names if not os.path.isdir(os.path.join(folder, name))]
        if missing:
            warn(f"There is no folder in {folder} for these `classes`: {', '.join(missing)}")
        accepted = self._extensions
        self._searched = (
            f"looked for were files with the extensions {', '.join(accepted)} in folders in "
            f"{folder!r}, one for each class"
        )
        found = [(name, files_of_class(folder, name, accepted, follow_links)) for name in names]
        masks = {
            key: masks_of_images(argument, path, found, self._mask_extensions, follow_links)
            for key, (argument, path) in mask_folders.items()
        }
        filenames = [file for _, files in found for file in files]
        labels = [np.full(len(files), self.class_indices[name], np.int32) for name, files in found]
        classes = np.concatenate([np.empty(0, np.int32), *labels])
        if self.split is None:
            rows = np.arange(len(filenames))
        elif self._has_own_split:
            rows = self._own_split(filenames, classes)
        else:
            starts = np.cumsum([0, *(len(files) for _, files in found)])
            parts = [
                np.arange(start, end)[self._first_items(end - start)]
                for start, end in itertools.pairwise(starts)
            ]
            rows = np.concatenate([np.empty(0, np.int64), *parts])
        self.filenames = [filenames[row] for row in rows]
        self.classes: NDArray[np.int32] = classes[rows]
        return {
            key: MaskFiles(
                [paths[row] for row in rows], mask_folders[key][1], self._options.exif_transpose
            )
            for key, paths in masks.items()
        }

    def _sample_numbers(self, index_array: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Returns the hashes of the files' relative paths; see the base class."""
        if self._numbers is None:
            names = [name.replace(os.sep, "/") for name in self.filenames]
            self._numbers = np.fromiter(map(hash64, names), np.uint64, len(names))
        return self._numbers[index_array]

    @property
    def labels(self) -> NDArray[np.int32]:
        """Array `(n,)` of int32, the samples' labels."""
        return self.classes


def existing_folder(name: str, path: Any) -> str:
    """Returns the path of a folder that there is.

    Args:
        name: String, the argument's name for errors.
        path: String, bytes or path-like.

    Raises:
        OSError: If there is none.
        TypeError: If it is no path.
    """
    folder = folder_path(name, path)
    if not os.path.isdir(folder):
        kind = NotADirectoryError if os.path.exists(folder) else FileNotFoundError
        raise kind(f"`{name}` should be a folder that exists. Received: {folder!r}")
    return folder


def _mask_folders(masks: Any) -> dict[Any, tuple[str, str]]:
    """Returns for each mask of an image what the argument is called, and the folder."""
    if masks is None:
        return {}
    named = masks if isinstance(masks, Mapping) else {None: masks}
    folders = {}
    for key, path in named.items():
        argument = "masks" if key is None else f"masks[{key!r}]"
        folders[key] = argument, existing_folder(argument, path)
    return folders


def _warn_of_classes(folder: str, names: Sequence[str]) -> None:
    """Warns of classes that are folders of programs."""
    strange = [name for name in names if name.startswith(".") or name in _OF_PROGRAMS]
    if strange:
        warn(
            f"Folders in {folder} that are hidden or of other programs are classes, as in Keras: "
            f"{', '.join(strange)}. Remove them, or name the classes with `classes`"
        )


def _warn_of_files(folder: str, filenames: Sequence[str]) -> None:
    """Warns of files in classes that are hardly meant as images of them."""
    beside, hidden = [], []
    mark = os.sep + "."
    for name in filenames:
        if mark in name:
            _, *inside, last = name.split(os.sep)
            if last.startswith("._"):
                beside.append(name)
            elif any(part.startswith(".") for part in inside):
                hidden.append(name)
    if beside:
        warn(
            f"Files in {folder} whose names begin with `._` count as images, as in Keras: "
            f"{_some(beside)}. macOS writes them beside others, and they cannot be read: delete "
            'them, or pass `on_error="skip"`'
        )
    if hidden:
        warn(
            f"Images in hidden folders in {folder} count, as in Keras: {_some(hidden)}. Remove "
            "these folders if they hold copies"
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _check_masks_are_no_class(
    folder: str, names: Sequence[str], mask_folders: Mapping[Any, tuple[str, str]]
) -> None:
    """Raises `ValueError` if masks would be taken for images, of a class of their own."""
    data = Path(folder).resolve()
    for argument, path in mask_folders.values():
        found = Path(path).resolve()
        if data in found.parents and found.relative_to(data).parts[0] in names:
            raise ValueError(
                f"`{argument}` should be a folder outside of `directory`, whose folders are "
                f"classes, or `classes` should name these. Received: {path!r} in {folder!r}"
            )


def _check_is_no_class(cache: Any, folder: str, names: Sequence[str]) -> None:
    """Raises `ValueError` if the next iterator would take the cache's folder for a class."""
    if not isinstance(cache, (str, os.PathLike)) or cache == "memory":
        return
    data, path = Path(folder).resolve(), Path(os.path.expanduser(os.fsdecode(cache))).resolve()
    below = path.relative_to(data).parts if data in path.parents else ()
    if len(below) == 1 or (below and below[0] not in names):
        raise ValueError(
            "`cache` should not be a folder beside those of the classes, where the next iterator "
            f"takes it for a class. Received: {os.fspath(cache)!r}"
        )
