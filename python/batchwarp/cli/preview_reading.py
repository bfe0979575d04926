"""The images that `batchwarp preview` is given, and the lines of Python that read the same ones."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from batchwarp import ImageDataGenerator, ImageFileError
from batchwarp.augment.settings import FITTED
from batchwarp.cli.generator_options import flag
from batchwarp.cli.preview_beside import Beside
from batchwarp.console.errors import UsageError
from batchwarp.files.index import image_files
from batchwarp.image import img_to_array, load_img
from batchwarp.iterators.base import Iterator as BatchIterator

__all__ = ["call", "named", "open_folder", "read_image", "readable"]

_FITTED = tuple(setting for setting, _ in FITTED)
_OF_FOLDERS = ("shuffle", "subset", "fit_samples", "masks", "coco", "yolo", "data")


@contextlib.contextmanager
def readable(source: Path) -> Iterator[None]:
    """Turns errors of files in a block into a `UsageError` that names the file.

    Args:
        source: The file or folder that is named if the error names none.
    """
    try:
        yield
    except ImageFileError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        path, reason = error.filename or source, error.strerror or error
        raise UsageError(f"{path}: cannot be read: {reason}") from error


def read_image(
    path: Path, options: argparse.Namespace, data_format: str
) -> tuple[NDArray[Any], str]:
    """Reads the one image.

    Args:
        path: The file.
        options: Parsed options of `batchwarp preview`.
        data_format: String, the order of its axes.

    Returns:
        Array of rank 3, and the call of `load_img` that reads it.

    Raises:
        UsageError: If there is no such file, or an option has a meaning for a folder only.
    """
    if not path.is_file():
        what = "neither a file nor a folder" if path.exists() else "no such file or folder"
        raise UsageError(f"{path}: {what}")
    for name in (*_FITTED, *_OF_FOLDERS):
        if getattr(options, name):
            why = ", whose statistics it needs" if name in _FITTED else ""
            raise UsageError(f"{flag(name)}: give a folder{why}; {path} is one image")
    reading = _reading(options)
    image = img_to_array(load_img(path, **reading), data_format)
    return image, call("load_img", path, reading)


def open_folder(
    folder: Path,
    generator: ImageDataGenerator,
    options: argparse.Namespace,
    seed: int,
    beside: Beside | None = None,
    **others: Any,
) -> tuple[Any, str]:
    """Returns a flow of a folder's images, and the call of a method that makes it.

    Args:
        folder: The folder.
        generator: The generator of the flow.
        options: Parsed options of `batchwarp preview`.
        seed: Seed of the flow.
        beside: What is beside the images, or `None`.
        **others: Arguments in place of those that options say.

    Raises:
        UsageError: If there are no images, or an option does not go with others.
    """
    if options.subset is not None and not options.validation_split:
        raise UsageError("--subset: needs --validation-split, the share of its images")
    flowing = {
        **_reading(options),
        **({} if options.coco is not None or options.yolo is not None else _classes(folder)),
        "class_mode": None,
        "batch_size": options.count,
        "shuffle": options.shuffle,
        "seed": seed,
        **({"subset": options.subset} if options.subset else {}),
        **others,
    }
    method, path = "flow_from_directory", folder
    if beside is not None:
        method, path, flowing = beside.opening(folder, flowing)
    flow = getattr(generator, method)(path, **flowing)
    if not flow.n:
        subset = f" in the subset {options.subset!r}" if options.subset else ""
        raise UsageError(f"{folder}: no images are{subset or ' there'}")
    if _is_among(options.out, flow.filepaths):
        raise UsageError(f"--out: {options.out}: is one of the images; write to another file")
    return flow, call(f"datagen.{method}", path, flowing)


def _is_among(file: Path, paths: Sequence[str]) -> bool:
    """Whether a file is one of many, of which only those of its name are looked at."""
    same_name = (path for path in paths if path.endswith(file.name))
    return file.exists() and any(file.samefile(path) for path in same_name)


def _reading(options: argparse.Namespace) -> dict[str, Any]:
    """Returns how files are read, as far as it is not the default."""
    size = options.target_size
    given: dict[str, Any] = {
        "target_size": tuple(size) if size else None,
        "color_mode": options.color_mode if options.color_mode != "rgb" else None,
        "interpolation": options.interpolation if options.interpolation != "nearest" else None,
        "keep_aspect_ratio": options.keep_aspect_ratio,
        "exif_transpose": options.exif_transpose,
    }
    return {name: value for name, value in given.items() if value}


def _classes(folder: Path) -> dict[str, Any]:
    """Returns which classes to read: all, or the folder itself if only it has images."""
    closed: list[OSError] = []
    formats = BatchIterator.white_list_formats
    own = False
    for root, names in image_files(str(folder), formats, False, on_error=closed.append):
        if names and Path(root) != folder:
            return {}
        own = own or bool(names)
    if own:
        return {"classes": ["."]}
    if closed:
        raise closed[0]
    raise UsageError(f"{folder}: no image files in it or in folders below ({', '.join(formats)})")


def named(arguments: Mapping[str, Any]) -> str:
    """Returns named arguments as they are written in Python."""
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def call(function: str, path: Path, arguments: Mapping[str, Any]) -> str:
    """Returns the call of a function of a path as it is written in Python."""
    return f"{function}({', '.join(filter(None, (repr(str(path)), named(arguments))))})"
