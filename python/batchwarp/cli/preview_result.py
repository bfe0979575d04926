"""What `batchwarp preview` shows of a batch: the picture, the table, the JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp.cli.preview_batch import Batch, Shown
from batchwarp.cli.preview_overlay import Colour, Overlay, draw_over
from batchwarp.cli.preview_picture import Pictures, draw_grid
from batchwarp.console.tables import printable

__all__ = ["Preview"]

_LEAST = 112  # smaller images are enlarged
_LEAST_UNDER_NAMES = 240  # likewise, to have room for the names of their boxes
_UNCHANGED = "No option changes the images: these are the originals."


class _Drawn(NamedTuple):
    """What is drawn over an image, and the height and width that its places are in."""

    overlay: Overlay
    size: tuple[int, int]


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
        self._parameters: list[Any] = []
        self._overlays: list[tuple[_Drawn, _Drawn]] = []
        self._originals, self._results, self._step_by_step, self._differences = (
            Pictures(columns, _LEAST_UNDER_NAMES if batch.has_overlays else _LEAST)
            for _ in range(4)
        )
        self._changed = False
        for shown in batch.shown():
            self._add(shown)

    def _add(self, shown: Shown) -> None:
        if self._batch.names:
            self._names.append(self._batch.names[shown.sample])
        if self._batch.names or not self._parameters:
            self._originals.add(self._channels_last(shown.original))
        self._parameters.append(shown.parameters)
        self._results.add(self._channels_last(shown.image))
        if shown.before is not None and shown.after is not None:
            sizes = (self._channels_last(one).shape[:2] for one in (shown.original, shown.image))
            pair = zip((shown.before, shown.after), sizes, strict=True)
            before, after = (_Drawn(overlay, (size[0], size[1])) for overlay, size in pair)
            self._overlays.append((before, after))
        if shown.step_by_step is not None:
            self._step_by_step.add(self._channels_last(shown.step_by_step))
            both = shown.image.astype(np.float64), shown.step_by_step.astype(np.float64)
            self._differences.add(self._channels_last(np.abs(both[0] - both[1])))
        self._changed = (
            self._changed
            or bool(shown.parameters)
            or not np.array_equal(shown.original, shown.image)
        )
        self._format = f"{'×'.join(map(str, shown.image.shape))} {shown.image.dtype}"

    def _channels_last(self, image: NDArray[Any]) -> NDArray[Any]:
        first = self._batch.data_format == "channels_first"
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
            printable(self._batch.caption()),
            f"{self._format}, seed {self._batch.seed}",
            _explained(scale, self._results) if self._changed else _UNCHANGED,
        ]
        if self._changed and (self._names or self._compares):
            caption.append(self._order())
        draw_grid(
            list(zip(cells, labels, strict=True)),
            path,
            columns=self._columns,
            title=printable(self._title()),
            caption=caption,
            first=first,
            legend=self._legend(),
        )

    def _legend(self) -> list[tuple[Colour, str]]:
        """Returns the colours of all that is drawn over images, and what they mean."""
        found = [overlay.legend() for pair in self._overlays for overlay, _ in pair]
        items = dict(
            sorted({number: item for one in found for number, item in one.items()}.items())
        )
        return [(colour, printable(text)) for colour, text in items.values()]

    def _drawn(self, images: list[NDArray[np.float32]], which: int) -> list[NDArray[np.float32]]:
        """Returns originals, 0, or results, 1, with what belongs to them."""
        if not self._overlays:
            return images
        overlays = [pair[which] for pair in self._overlays]
        return [
            draw_over(image, overlay, size)
            for image, (overlay, size) in zip(images, overlays, strict=True)
        ]

    def _cells(
        self, scale: tuple[float, float]
    ) -> tuple[NDArray[np.float32] | None, list[list[NDArray[np.float32]]]]:
        """Returns what stands above all cells, and the images of each cell."""
        before = self._drawn(self._originals.shown(self._originals.scale((0.0, 255.0))), 0)
        if not self._changed:
            return None, [[image] for image in before]
        after = [self._drawn(self._results.shown(scale), 1)]
        if self._compares:
            after.append(self._step_by_step.shown(scale))
            after.append(self._differences.shown((0.0, self._differences.high)))
        if self._names:
            return None, [list(cell) for cell in zip(before, *after, strict=True)]
        return before[0], [list(cell) for cell in zip(*after, strict=True)]

    @property
    def _compares(self) -> bool:
        """Whether images have been made in two ways."""
        return self._differences.high >= 0

    def _order(self) -> str:
        """Returns what stands above what in a cell."""
        stacked = ["original"] if self._names else []
        if not self._compares:
            return "Above: original. Below: augmented."
        stacked += ["fused", "step by step", "difference"]
        return (
            f"From above: {', '.join(stacked)}; white is the largest difference, "
            f"{self._differences.high:.3g}."
        )

    def _scale(self) -> tuple[float, float]:
        return self._results.scale(self._batch.natural_range())

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
            **batch.described(),
            "black": low,
            "white": high,
            **({"largest_difference": self._differences.high} if self._compares else {}),
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
                *self._table(),
                self._batch.legend if self._changed else _UNCHANGED,
                *self._compared(),
                f"\nseed {self._batch.seed}; the same batch in Python:\n",
                *(f"    {line}" for line in self._batch.python),
                f"\n{self._title()}: {path}",
            ]
        )

    def _compared(self) -> list[str]:
        """Returns the line about images that have been made in two ways."""
        if not self._compares:
            return []
        return [f"largest difference between fused and step by step: {self._differences.high:.3g}"]

    def _table(self) -> list[str]:
        """Returns the lines of a table with a row for each image."""
        heading, *drawn = self._batch.table(self._parameters)
        rows = [["", *heading], *([str(number), *row] for number, row in enumerate(drawn, 1))]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        last = ["file", *map(printable, self._names)] if self._names else [""] * len(rows)
        justified = str.ljust if self._batch.in_words else str.rjust
        return [
            "  ".join(
                [number.rjust(widths[0])]
                + [justified(cell, width) for cell, width in zip(row, widths[1:], strict=True)]
                + [name]
            ).rstrip()
            for (number, *row), name in zip(rows, last, strict=True)
        ]


def _explained(scale: tuple[float, float], images: Pictures) -> str:
    text = f"Values from {scale[0]:.4g} (black) to {scale[1]:.4g} (white)"
    stretched = scale == (images.low, images.high)
    return f"{text}, the least and the greatest of all variants." if stretched else f"{text}."
