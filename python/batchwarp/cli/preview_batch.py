"""The batch that `batchwarp preview` shows, and how Python gives the same one."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from batchwarp import ImageDataGenerator, ImageFileError
from batchwarp._keras import plain_iterators
from batchwarp.augment.settings import FITTED
from batchwarp.cli.generator_options import flag, generator_arguments
from batchwarp.console.errors import UsageError
from batchwarp.files.index import image_files
from batchwarp.image import img_to_array, load_img
from batchwarp.iterators.base import Iterator as BatchIterator
from batchwarp.iterators.images import ImageIterator, Variant

__all__ = ["FIT_SAMPLES", "Batch", "batch_of", "named", "readable"]

FIT_SAMPLES = 1000
_FITTED = tuple(setting for setting, _ in FITTED)
_OF_FOLDERS = (*_FITTED, "shuffle", "subset", "fit_samples")
# The matrix of the whitening has the square of this number of values, here 600 MB.
_MOST_WHITENED = 64 * 64 * 3


@dataclass(frozen=True)
class Batch:
    """A batch of one image, again and again, or of a folder's images.

    Attributes:
        source: The image or the folder.
        settings: The arguments of the generator that were given.
        generator: The generator, fitted if need be.
        seed: Seed of the batch.
        names: Names of the flow's samples; empty for one image.
        python: Lines of Python that give the same batch.
        flow: Where the batch comes from.
    """

    source: Path
    settings: Mapping[str, Any]
    generator: ImageDataGenerator
    seed: int
    names: Sequence[str]
    python: Sequence[str]
    flow: ImageIterator

    def variants(self) -> Iterator[Variant]:
        """Makes the images of the batch, one after the other.

        Raises:
            UsageError: If a file cannot be read, or an integer dtype cannot hold the images.
        """
        dtype = np.dtype(self.generator.dtype)
        try:
            with readable(self.source):
                yield from self.flow.next_variants()
        except TypeError as error:
            if dtype.kind == "f":
                raise
            raise UsageError(f"--dtype: {dtype} cannot hold standardised values") from error


def batch_of(options: argparse.Namespace, seed: int) -> Batch:
    """Returns the batch that options describe; fits the generator if it needs statistics.

    Args:
        options: Parsed options of `batchwarp preview`.
        seed: Seed of the batch.

    Raises:
        UsageError: If the image or the folder is not as it should be, or an option means nothing
            for it.
        ValueError: If the generator does not accept an argument.
    """
    source: Path = options.source
    settings = generator_arguments(options)
    generator = ImageDataGenerator(**settings)
    # What an iterator prints about the files that it has found would spoil JSON.
    with readable(source), plain_iterators(), contextlib.redirect_stdout(io.StringIO()):
        make = _of_folder if source.is_dir() else _of_image
        flow, names, python = make(source, generator, options, seed)
    define = [
        "import numpy as np",
        "from batchwarp.image import ImageDataGenerator, img_to_array, load_img",
        f"datagen = ImageDataGenerator({named(settings)})",
    ]
    return Batch(source, settings, generator, seed, names, [*define, *python], flow)


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


def _of_image(
    path: Path, generator: ImageDataGenerator, options: argparse.Namespace, seed: int
) -> tuple[ImageIterator, list[str], list[str]]:
    """Returns a flow of one image, no names, and the lines of Python after the generator's."""
    if not path.is_file():
        what = "neither a file nor a folder" if path.exists() else "no such file or folder"
        raise UsageError(f"{path}: {what}")
    for name in _OF_FOLDERS:
        if getattr(options, name):
            why = ", whose statistics it needs" if name in _FITTED else ""
            raise UsageError(f"{flag(name)}: give a folder{why}; {path} is one image")
    reading = _reading(options)
    image = img_to_array(load_img(path, **reading), generator.data_format)
    flowing = {"batch_size": options.count, "shuffle": False, "seed": seed}
    flow = generator.flow(np.broadcast_to(image, (options.count, *image.shape)), **flowing)
    python = [
        f"x = img_to_array({_call('load_img', path, reading)}, datagen.data_format)",
        f"x = np.repeat(x[np.newaxis], {options.count}, axis=0)",
        f"batch = next(datagen.flow(x, {named(flowing)}))",
    ]
    return flow, [], python


def _of_folder(
    folder: Path, generator: ImageDataGenerator, options: argparse.Namespace, seed: int
) -> tuple[ImageIterator, list[str], list[str]]:
    """Returns a flow of a folder's images, their names, and the lines of Python likewise."""
    if options.subset is not None and not options.validation_split:
        raise UsageError("--subset: needs --validation-split, the share of its images")
    flowing = {
        **_reading(options),
        **_classes(folder),
        "class_mode": None,
        "batch_size": options.count,
        "shuffle": options.shuffle,
        "seed": seed,
        **({"subset": options.subset} if options.subset else {}),
    }
    flow = generator.flow_from_directory(folder, **flowing)
    if not flow.n:
        raise UsageError(f"{folder}: no images are in the subset {options.subset!r}")
    if _is_among(options.out, flow.filepaths):
        raise UsageError(f"--out: {options.out}: is one of the images; write to another file")
    python = [f"flow = {_call('datagen.flow_from_directory', folder, flowing)}"]
    if any(getattr(generator, name) for name in _FITTED):
        _check_whitening(generator, flow)
        samples = options.fit_samples or FIT_SAMPLES
        learning, name = flow, "flow"
        if options.subset == "validation":
            other = {**flowing, "subset": "training"}
            learning, name = generator.flow_from_directory(folder, **other), "training"
            python.append(f"training = {_call('datagen.flow_from_directory', folder, other)}")
        generator.fit_from(learning, samples)
        python.append(f"datagen.fit_from({name}, samples={samples})")
    names = [os.path.normpath(name) for name in flow.filenames]
    return flow, names, [*python, "batch = next(flow)"]


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


def _check_whitening(generator: ImageDataGenerator, flow: Any) -> None:
    values = int(np.prod(flow.image_shape))
    if generator.zca_whitening and values > _MOST_WHITENED:
        raise UsageError(
            f"--zca-whitening: images of {values:,} values need a matrix of "
            f"{4 * values**2 / 1e9:.1f} GB; give a smaller --target-size, for example 32 32 "
            f"(at most {_MOST_WHITENED:,} values)"
        )


def named(arguments: Mapping[str, Any]) -> str:
    """Returns named arguments as they are written in Python."""
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def _call(function: str, path: Path, arguments: Mapping[str, Any]) -> str:
    """Returns the call of a function of a path as it is written in Python."""
    return f"{function}({', '.join(filter(None, (repr(str(path)), named(arguments))))})"
