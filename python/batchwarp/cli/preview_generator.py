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
from batchwarp.augment.settings import FITTED
from batchwarp.cli.generator_options import generator_arguments
from batchwarp.cli.preview_batch import Batch, Shown
from batchwarp.cli.preview_beside import Beside, beside_of
from batchwarp.cli.preview_overlay import Overlay
from batchwarp.cli.preview_reading import named, open_folder, read_image, readable
from batchwarp.console.errors import UsageError
from batchwarp.iterators.images import ImageIterator, Variant
from batchwarp.ops.list import COLUMNS, OPERATIONS

__all__ = ["FIT_SAMPLES", "GeneratorBatch", "generator_batch"]

FIT_SAMPLES = 1000
_OF_SAMPLES = ("data_format", "draws", "validation_split", "split", "split_seed")
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
        beside: What is beside the images, or `None`.
        unchanged: A flow of the same images as they are, if something is beside them.
    """

    settings: Mapping[str, Any]
    generator: ImageDataGenerator
    flow: ImageIterator
    beside: Beside | None
    unchanged: ImageIterator | None

    legend = "; ".join(operation.legend for operation in OPERATIONS if operation.legend)
    in_words = False

    def shown(self) -> Iterator[Shown]:
        """Makes the images of the batch; see `Batch.shown`."""
        dtype = np.dtype(self.generator.dtype)
        unchanged = iter(()) if self.unchanged is None else self.unchanged.next_variants()
        try:
            with readable(self.source):
                for number, variant in enumerate(self.flow.next_variants()):
                    if number and not self.names and not variant.parameters:
                        break  # without augmentation, one image is the same each time
                    yield Shown(*variant[:4], None, *self._overlays(variant, unchanged))
        except TypeError as error:
            if dtype.kind == "f":
                raise
            raise UsageError(f"--dtype: {dtype} cannot hold standardised values") from error

    def _overlays(self, variant: Variant, unchanged: Iterator[Variant]) -> list[Overlay]:
        """Returns what is drawn over an original and over its image."""
        if self.beside is None:
            return []
        first = self.data_format == "channels_first"
        pair = (next(unchanged), variant)
        return [self.beside.overlays(one.targets, first)[0] for one in pair]

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
    beside = beside_of(options)
    unchanged = None
    # What an iterator prints about the files that it has found would spoil JSON.
    with readable(source), contextlib.redirect_stdout(io.StringIO()):
        if source.is_dir():
            flow, names, python = _of_folder(source, generator, options, seed, beside)
            if beside is not None:
                plain = ImageDataGenerator(
                    **{name: settings[name] for name in _OF_SAMPLES if name in settings}
                )
                unchanged, _ = open_folder(source, plain, options, seed, beside)
        else:
            flow, names, python = _of_image(source, generator, options, seed)
    define = [
        "import numpy as np",
        "from batchwarp.image import ImageDataGenerator, img_to_array, load_img",
        f"datagen = ImageDataGenerator({named(settings)})",
    ]
    python = [*define, *python]
    return GeneratorBatch(
        source,
        seed,
        names,
        python,
        generator.data_format,
        beside is not None,
        settings,
        generator,
        flow,
        beside,
        unchanged,
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
    folder: Path,
    generator: ImageDataGenerator,
    options: argparse.Namespace,
    seed: int,
    beside: Beside | None,
) -> tuple[ImageIterator, list[str], list[str]]:
    """Returns a flow of a folder's images, their names, and the lines of Python likewise."""
    flow, made = open_folder(folder, generator, options, seed, beside)
    python = [f"flow = {made}"]
    if any(getattr(generator, name) for name in _FITTED):
        _check_whitening(generator, flow)
        samples = options.fit_samples or FIT_SAMPLES
        learning, name = flow, "flow"
        if options.subset == "validation":
            learning, made = open_folder(
                folder, generator, options, seed, beside, subset="training"
            )
            name = "training"
            python.append(f"training = {made}")
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
