"""The batch that `batchwarp preview` shows of operations, as `batchwarp.Augment` does them."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import Augment, ImageDataGenerator, ops
from batchwarp.augment.drawn import drawn
from batchwarp.cli.generator_options import flag, generator_arguments
from batchwarp.cli.preview_batch import Batch, Shown
from batchwarp.cli.preview_beside import Beside, beside_of, named_targets
from batchwarp.cli.preview_overlay import Overlay
from batchwarp.cli.preview_reading import named, open_folder, read_image, readable
from batchwarp.console.errors import UsageError
from batchwarp.ops.mixing import Mixing
from batchwarp.ops.recipe import ImageOperation, ImageSpec

__all__ = ["RecipeBatch", "recipe_batch"]

# Arguments of `ImageDataGenerator` that `Augment` has, too, by its names for them; and those that
# say which files of a folder are taken.
_OF_AUGMENT = {
    "fill_mode": "fill_mode",
    "cval": "cval",
    "interpolation_order": "order",
    "data_format": "data_format",
    "dtype": "dtype",
}
_OF_FOLDERS = ("validation_split", "split", "split_seed")


@dataclass(frozen=True)
class RecipeBatch(Batch):
    """A batch of a recipe's.

    Attributes:
        augment: The recipe.
        originals: Array of rank 4, the images.
        keys: What they are called.
        compares: Whether they are also made step by step.
        beside: What is beside the images, or `None`.
        targets: Masks, boxes and keypoints of the originals, by the names of their arguments.
    """

    augment: Augment
    originals: NDArray[Any]
    keys: Sequence[int | str]
    compares: bool
    beside: Beside | None
    targets: Mapping[str, Any]

    legend = (
        "angles in degrees, shifts as fractions of width and height, hue in turns, areas in "
        "pixels; -: not done"
    )
    in_words = True

    def shown(self) -> Iterator[Shown]:
        """Makes the images of the batch; see `Batch.shown`."""
        made, mixed = self._made(self.augment)
        images = made["images"]
        step_by_step: list[NDArray[Any] | None] = [None] * len(images)
        if self.compares:
            config = {**self.augment.get_config(), "fused": False}
            step_by_step[:] = self._made(Augment.from_config(config))[0]["images"]
        first = self.data_format == "channels_first"
        overlays: list[tuple[Overlay, ...]] = [()] * len(images)
        if self.beside is not None:
            before, after = (self.beside.overlays(one, first) for one in (self.targets, made))
            overlays = list(zip(before, after, strict=True))
        height, width, channels = np.moveaxis(self.originals[0], 0 if first else 2, 2).shape
        steps = drawn(self.augment, ImageSpec(height, width, channels), self.keys)
        for number, original in enumerate(self.originals):
            parameters = [self._described(*step) for step in steps[number]]
            if mixed is not None:
                parameters += self._mixture(number, mixed[number])
            yield Shown(
                number,
                original,
                parameters,
                images[number],
                step_by_step[number],
                *overlays[number],
            )

    @property
    def _mixing(self) -> list[int]:
        """The places of operations that mix images."""
        found = enumerate(self.augment.operations)
        return [place for place, one in found if isinstance(one, Mixing)]

    def _made(self, augment: Augment) -> tuple[dict[str, Any], NDArray[Any] | None]:
        """Returns the images and what is beside them, and how much of which is in each if mixed."""
        given = dict(self.targets)
        if self._mixing:
            given["labels"] = np.eye(len(self.originals))  # that tell the images apart
        made = augment(self.originals, keys=self.keys, **given)
        if not given:
            return {"images": made}, None
        return made, made.get("labels")

    def _described(self, place: int, step: str, numbers: Mapping[str, float]) -> dict[str, Any]:
        operation = repr(self.augment.operations[place])
        return {"place": place, "operation": operation, "step": step, "numbers": dict(numbers)}

    def _mixture(self, number: int, shares: NDArray[Any]) -> list[dict[str, Any]]:
        """Describes which other images are in an image; nothing if it is only itself."""
        others = {
            f"image {other}": float(share)
            for other, share in enumerate(shares, 1)
            if share and other != number + 1
        }
        return [self._described(self._mixing[0], "mixed", others)] if others else []

    def caption(self) -> str:
        """Returns the recipe without its seed, which is said elsewhere."""
        written = repr(self.augment).removeprefix("Augment(").removesuffix(")")
        return re.sub(r",? ?\bseed=\d+\b", "", written, count=1)

    def described(self) -> dict[str, Any]:
        """Returns the configuration of the recipe."""
        return {"recipe": self.augment.get_config()}

    def natural_range(self) -> tuple[float, float] | None:
        """Returns the range of values, if the recipe leaves them in it."""
        ends = any(
            isinstance(one, ImageOperation) and one.is_last for one in self.augment.operations
        )
        return None if ends else self.augment.value_range

    def table(self, parameters: Sequence[Any]) -> list[list[str]]:
        """Returns a column for each operation of the recipe, one for all that mix images."""
        mixing = self._mixing
        names = [type(one).__name__ for one in self.augment.operations]
        heading = [*names[: mixing[0]], ", ".join(names[mixing[0] :])] if mixing else names
        rows = []
        for steps in parameters:
            cells: list[list[str]] = [[] for _ in heading]
            for step in steps:
                cells[step["place"]].append(_written(step["step"], step["numbers"]))
            rows.append([", ".join(cell) or "-" for cell in cells])
        return [heading, *rows]


def _written(step: str, numbers: Mapping[str, float]) -> str:
    """Returns what was drawn for a step; its name if it draws nothing and is always done."""
    written = [f"{name.replace('_', ' ')} {value:.3g}" for name, value in numbers.items()]
    return ", ".join(written) or step.replace("_", " ")


def recipe_batch(
    options: argparse.Namespace, arguments: Mapping[str, Any], seed: int
) -> RecipeBatch:
    """Returns the batch that options describe.

    Args:
        options: Parsed options of `batchwarp preview`.
        arguments: As from `recipe_arguments`.
        seed: Seed of the batch, unless the arguments have one.

    Raises:
        UsageError: If the image or the folder is not as it should be, or an option does not go
            with operations.
        ValueError: If `Augment` or an operation does not accept an argument.
    """
    source: Path = options.source
    own, reading = _split(options)
    settings = {"seed": seed, **arguments, **own}
    # Labels tell the shown images apart, whatever classes the recipe is for.
    operations = [
        replace(one, num_classes=None) if isinstance(one, Mixing) else one
        for one in settings.pop("operations")
    ]
    augment = Augment(*operations, **settings)
    beside = beside_of(options)
    # What an iterator prints about the files that it has found would spoil JSON.
    with readable(source), contextlib.redirect_stdout(io.StringIO()):
        targets: dict[str, Any] = {}
        if source.is_dir():
            originals, keys, python, targets = _of_folder(source, augment, options, reading, beside)
        else:
            originals, keys, python = _of_image(source, augment, options)
    if augment.value_range is None:
        # Only files of 16 bits have more.
        white = 255 if originals.max() <= 255 else 65535
        augment = Augment(*operations, **{**settings, "value_range": (0, white)})
    names = [os.path.normpath(key) for key in keys if isinstance(key, str)]
    compares = options.fused == "off"
    python = _python(augment, python, list(targets))
    return RecipeBatch(
        source,
        augment.seed,
        names,
        python,
        augment.data_format,
        beside is not None,
        augment,
        originals,
        keys,
        compares,
        beside,
        targets,
    )


def _split(options: argparse.Namespace) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the arguments that options give to `Augment`, and to the generator that reads files.

    Raises:
        UsageError: If an option is neither's.
    """
    given = generator_arguments(options)
    for name in given:
        if name not in _OF_AUGMENT and name not in _OF_FOLDERS:
            instead = "--recipe" if options.recipe else "--operation"
            raise UsageError(
                f"{flag(name)}: is for ImageDataGenerator and does not go with {instead}; give an "
                "operation in its place, such as Affine, Flip, Brightness or Normalize"
            )
    own = {ours: given[name] for name, ours in _OF_AUGMENT.items() if name in given}
    if options.seed is not None:
        own["seed"] = options.seed
    if options.fused is not None:
        own["fused"] = True  # what is compared with
    return own, {name: given[name] for name in _OF_FOLDERS if name in given}


def _of_image(
    path: Path,
    augment: Augment,
    options: argparse.Namespace,
) -> tuple[NDArray[Any], Sequence[int | str], list[str]]:
    """Returns an image again and again, its keys, and the lines of Python that make both."""
    image, loaded = read_image(path, options, augment.data_format)
    python = [
        "from batchwarp.image import img_to_array, load_img",
        f"x = img_to_array({loaded}, aug.data_format)",
        f"x = np.repeat(x[np.newaxis], {options.count}, axis=0)",
        f"keys = range({options.count})",
    ]
    return np.repeat(image[np.newaxis], options.count, axis=0), range(options.count), python


def _of_folder(
    folder: Path,
    augment: Augment,
    options: argparse.Namespace,
    reading: Mapping[str, Any],
    beside: Beside | None,
) -> tuple[NDArray[Any], Sequence[int | str], list[str], dict[str, Any]]:
    """Returns a folder's images, the rest likewise, and what is beside the images."""
    if options.fit_samples:
        raise UsageError("--fit-samples: operations need no statistics")
    settings = {**reading, "data_format": augment.data_format}
    flow, made = open_folder(folder, ImageDataGenerator(**settings), options, augment.seed, beside)
    batch = next(flow)
    originals, others = (batch, None) if beside is None else batch
    names = [flow.filenames[sample] for sample in flow.index_array[: len(originals)]]
    python = [
        "from pathlib import Path",
        "from batchwarp.image import ImageDataGenerator",
        f"datagen = ImageDataGenerator({named(settings)})",
        f"flow = {made}",
        "x = next(flow)" if beside is None else "x, y = next(flow)",
        "names = [flow.filenames[sample] for sample in flow.index_array[:len(x)]]",
        "keys = [Path(name).as_posix() for name in names]",
    ]
    targets = {} if beside is None else named_targets(others)
    return originals, [Path(name).as_posix() for name in names], python, targets


def _python(augment: Augment, reading: Sequence[str], targets: Sequence[str]) -> list[str]:
    """Returns the lines of Python that give the same batch."""
    written = repr(augment)
    names = [name for name in ops.__all__ if re.search(rf"\b{name}\(", written)]
    alone = len(targets) == 1
    given = [f", {name}={'y' if alone else f'y[{name!r}]'}" for name in targets]
    batch = f"batch = aug(x, keys=keys{''.join(given)})"
    if any(isinstance(one, Mixing) for one in augment.operations):
        batch = f'batch = aug(x, keys=keys, labels=np.eye(len(x)){"".join(given)})["images"]'
    imports = [
        "import numpy as np",
        "from batchwarp import Augment",
        *([f"from batchwarp.ops import {', '.join(names)}"] if names else []),
        *(line for line in reading if line.startswith("from ")),
    ]
    rest = [line for line in reading if not line.startswith("from ")]
    return [*imports, f"aug = {written}", *rest, batch]
