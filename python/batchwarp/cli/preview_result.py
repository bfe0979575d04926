"""What `batchwarp preview` shows of a batch: the picture, the table, the JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import ImageDataGenerator
from batchwarp.cli.preview_batch import Batch, named
from batchwarp.cli.preview_picture import Pictures, draw_grid
from batchwarp.console.tables import printable
from batchwarp.iterators.images import Variant
from batchwarp.ops.list import COLUMNS, OPERATIONS

__all__ = ["Preview"]

_LEGEND = "; ".join(operation.legend for operation in OPERATIONS if operation.legend)
_UNCHANGED = "No option changes the images: these are the originals."


class Preview:
    """The images of a batch as they are shown, and their parameters.

    Args:
        batch: The batch.
        columns: How many stand side by side.
    """

    def __init__(self, batch: Batch, columns: int) -> None:
        self._batch = batch
        self._columns = columns
        self._names: list[str] = []
        self._parameters: list[dict[str, Any]] = []
        self._originals = Pictures(columns)
        self._results = Pictures(columns)
        self._changed = False
        for number, variant in enumerate(batch.variants()):
            if number and not batch.names and not variant.parameters:
                break  # without augmentation, one image is the same each time
            self._add(variant)

    def _add(self, variant: Variant) -> None:
        if self._batch.names:
            self._names.append(self._batch.names[variant.sample])
        if self._batch.names or not self._parameters:
            self._originals.add(self._channels_last(variant.original))
        self._parameters.append(variant.parameters)
        self._results.add(self._channels_last(variant.image))
        self._changed = (
            self._changed
            or bool(variant.parameters)
            or not np.array_equal(variant.original, variant.image)
        )
        self._format = f"{'×'.join(map(str, variant.image.shape))} {variant.image.dtype}"

    def _channels_last(self, image: NDArray[Any]) -> NDArray[Any]:
        first = self._batch.generator.data_format == "channels_first"
        return image.transpose(1, 2, 0) if first else image

    def draw(self, path: Path) -> None:
        """Draws the images, the originals beside them.

        Args:
            path: PNG file to write or replace.

        Raises:
            OSError: If it cannot be written.
        """
        scale = self._scale()
        first, cells = self._cells(scale)
        labels = [
            printable(f"{number} {name}".rstrip())
            for number, name in enumerate(self._names or [""] * len(cells), 1)
        ]
        caption = [
            named(self._batch.settings) or "no options of ImageDataGenerator",
            f"{self._format}, seed {self._batch.seed}",
            _explained(scale, self._results) if self._changed else _UNCHANGED,
        ]
        if self._changed and self._names:
            caption.append("Above: original. Below: augmented.")
        draw_grid(
            list(zip(cells, labels, strict=True)),
            path,
            columns=self._columns,
            title=printable(self._title()),
            caption=caption,
            first=first,
        )

    def _cells(
        self, scale: tuple[float, float]
    ) -> tuple[NDArray[np.float32] | None, list[list[NDArray[np.float32]]]]:
        """Returns what stands above all cells, and the images of each cell."""
        before = self._originals.shown(self._originals.scale((0.0, 255.0)))
        if not self._changed:
            return None, [[image] for image in before]
        after = self._results.shown(scale)
        if self._names:
            return None, [list(pair) for pair in zip(before, after, strict=True)]
        return before[0], [[image] for image in after]

    def _scale(self) -> tuple[float, float]:
        return self._results.scale(_natural_range(self._batch.generator))

    def _title(self) -> str:
        count, source = len(self._parameters), self._batch.source
        if self._names:
            return f"{count} image{'s' * (count != 1)} of {source}"
        return f"{count} variant{'s' * (count != 1)} of {source}" if self._changed else str(source)

    def described(self, path: Path) -> dict[str, Any]:
        """Returns parameters, seed and settings in types that JSON has.

        Args:
            path: The picture.
        """
        batch = self._batch
        low, high = self._scale()
        names = self._names or [""] * len(self._parameters)
        return {
            "source": str(batch.source),
            "picture": str(path),
            "seed": batch.seed,
            "generator": dict(batch.settings),
            "black": low,
            "white": high,
            "python": list(batch.python),
            "variants": [
                {"number": number, **({"file": name} if name else {}), "parameters": parameters}
                for number, (name, parameters) in enumerate(
                    zip(names, self._parameters, strict=True), 1
                )
            ],
        }

    def text(self, path: Path) -> str:
        """Returns parameters, seed and how to get the same batch, to be read.

        Args:
            path: The picture.
        """
        return "\n".join(
            [
                *_table(self._parameters, self._names),
                _LEGEND if self._changed else _UNCHANGED,
                f"\nseed {self._batch.seed}; the same batch in Python:\n",
                *(f"    {line}" for line in self._batch.python),
                f"\n{self._title()}: {path}",
            ]
        )


def _natural_range(generator: ImageDataGenerator) -> tuple[float, float] | None:
    """Returns the range that values of 8 bits are in after `rescale`, if that is all."""
    if generator.samplewise_center or generator.featurewise_center:
        return None  # the other steps imply one of them
    white = 255 * (generator.rescale or 1)
    return min(0.0, white), max(0.0, white)


def _explained(scale: tuple[float, float], images: Pictures) -> str:
    text = f"Values from {scale[0]:.4g} (black) to {scale[1]:.4g} (white)"
    stretched = scale == (images.low, images.high)
    return f"{text}, the least and the greatest of all variants." if stretched else f"{text}."


def _table(parameters: Sequence[dict[str, Any]], names: Sequence[str]) -> list[str]:
    """Returns the lines of a table with a row for each image."""
    rows = [["", *(column.label for column in COLUMNS)]]
    for number, drawn in enumerate(parameters, 1):
        rows.append([str(number), *(column.written(drawn.get(column.name)) for column in COLUMNS)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    last = ["file", *map(printable, names)] if names else [""] * len(rows)
    return [
        "  ".join([*(cell.rjust(width) for cell, width in zip(row, widths, strict=True)), name])
        for row, name in zip(rows, last, strict=True)
    ]
