"""The batch that `batchwarp preview` shows of an `ImageDataGenerator`."""

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

from batchwarp import ImageDataGenerator
from batchwarp._keras import plain_iterators
from batchwarp.augment.settings import FITTED
from batchwarp.cli.generator_options import generator_arguments
from batchwarp.cli.preview_batch import Batch, Shown
from batchwarp.cli.preview_reading import call, named, open_folder, read_image, readable
from batchwarp.console.errors import UsageError
from batchwarp.iterators.images import ImageIterator
from batchwarp.ops.list import COLUMNS, OPERATIONS

__all__ = ["FIT_SAMPLES", "GeneratorBatch", "generator_batch"]

FIT_SAMPLES = 1000
_FITTED = tuple(setting for setting, _ in FITTED)
# The matrix of the whitening has the square of this number of values, here 600 MB.
_MOST_WHITENED = 64 * 64 * 3


@dataclass(frozen=True)
class GeneratorBatch(Batch):
    """A batch of a generator's.

    Attributes:
        settings: The arguments of the generator that were given.
        generator: The generator, fitted if need be.
        flow: Where the batch comes from.
    """

    settings: Mapping[str, Any]
    generator: ImageDataGenerator
    flow: ImageIterator

    legend = "; ".join(operation.legend for operation in OPERATIONS if operation.legend)
    in_words = False

    def shown(self) -> Iterator[Shown]:
        """Makes the images of the batch; see `Batch.shown`."""
        dtype = np.dtype(self.generator.dtype)
        try:
            with readable(self.source):
                for number, variant in enumerate(self.flow.next_variants()):
                    if number and not self.names and not variant.parameters:
                        break  # without augmentation, one image is the same each time
                    yield Shown(*variant)
        except TypeError as error:
            if dtype.kind == "f":
                raise
            raise UsageError(f"--dtype: {dtype} cannot hold standardised values") from error

    def caption(self) -> str:
        """Returns the arguments of the generator."""
        return named(self.settings) or "no options of ImageDataGenerator"

    def described(self) -> dict[str, Any]:
        """Returns the arguments of the generator."""
        return {"generator": dict(self.settings)}

    def natural_range(self) -> tuple[float, float] | None:
        """Returns the range that values of 8 bits are in after `rescale`, if that is all."""
        if self.generator.samplewise_center or self.generator.featurewise_center:
            return None  # the other steps imply one of them
        white = 255 * (self.generator.rescale or 1)
        return min(0.0, white), max(0.0, white)

    def table(self, parameters: Sequence[Any]) -> list[list[str]]:
        """Returns a column for each of Keras' parameters; see `Batch.table`."""
        rows = [
            [column.written(drawn.get(column.name)) for column in COLUMNS] for drawn in parameters
        ]
        return [[column.label for column in COLUMNS], *rows]


def generator_batch(options: argparse.Namespace, seed: int) -> GeneratorBatch:
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
    python = [*define, *python]
    return GeneratorBatch(
        source, seed, names, python, generator.data_format, settings, generator, flow
    )


def _of_image(
    path: Path, generator: ImageDataGenerator, options: argparse.Namespace, seed: int
) -> tuple[ImageIterator, list[str], list[str]]:
    """Returns a flow of one image, no names, and the lines of Python after the generator's."""
    image, loaded = read_image(path, options, generator.data_format)
    flowing = {"batch_size": options.count, "shuffle": False, "seed": seed}
    flow = generator.flow(np.broadcast_to(image, (options.count, *image.shape)), **flowing)
    python = [
        f"x = img_to_array({loaded}, datagen.data_format)",
        f"x = np.repeat(x[np.newaxis], {options.count}, axis=0)",
        f"batch = next(datagen.flow(x, {named(flowing)}))",
    ]
    return flow, [], python


def _of_folder(
    folder: Path, generator: ImageDataGenerator, options: argparse.Namespace, seed: int
) -> tuple[ImageIterator, list[str], list[str]]:
    """Returns a flow of a folder's images, their names, and the lines of Python likewise."""
    flow, flowing = open_folder(folder, generator, options, seed)
    python = [f"flow = {call('datagen.flow_from_directory', folder, flowing)}"]
    if any(getattr(generator, name) for name in _FITTED):
        _check_whitening(generator, flow)
        samples = options.fit_samples or FIT_SAMPLES
        learning, name = flow, "flow"
        if options.subset == "validation":
            other = {**flowing, "subset": "training"}
            learning, name = generator.flow_from_directory(folder, **other), "training"
            python.append(f"training = {call('datagen.flow_from_directory', folder, other)}")
        generator.fit_from(learning, samples)
        python.append(f"datagen.fit_from({name}, samples={samples})")
    names = [os.path.normpath(name) for name in flow.filenames]
    return flow, names, [*python, "batch = next(flow)"]


def _check_whitening(generator: ImageDataGenerator, flow: Any) -> None:
    values = int(np.prod(flow.image_shape))
    if generator.zca_whitening and values > _MOST_WHITENED:
        raise UsageError(
            f"--zca-whitening: images of {values:,} values need a matrix of "
            f"{4 * values**2 / 1e9:.1f} GB; give a smaller --target-size, for example 32 32 "
            f"(at most {_MOST_WHITENED:,} values)"
        )
