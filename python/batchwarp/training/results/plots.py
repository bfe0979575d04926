"""The pictures that the training scripts save, drawn with matplotlib.

Figures are made and written without `pyplot`, so a program that calls these functions keeps its own
figures and backend. Every function writes one PNG file, which replaces an older one only when it is
complete.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.console.errors import MissingPackageError
from batchwarp.console.files import replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "before_after",
    "confusion_matrix",
    "curves",
    "new_figure",
    "pictures",
    "require_matplotlib",
    "save",
]

_DPI = 110
_PER_ROW = 8
_ROW_OF_TEXT = 160  # letters of a caption's size across all pictures of a row
_LINE = 0.13  # inches
_TRAIN_COLOUR = "#1f6fb4"
_VALIDATION_COLOUR = "#e07b1a"
_FEW_CLASSES = 4
_SMALLEST_TEXT = 4.5  # points


def require_matplotlib() -> None:
    """Checks that matplotlib can be imported, before hours of work depend on it.

    Raises:
        MissingPackageError: If it cannot.
    """
    try:
        import matplotlib.backends.backend_agg
        import matplotlib.figure  # noqa: F401 - imported to see that it can be
    except ImportError as error:
        raise MissingPackageError("matplotlib", error) from error


def curves(history: Mapping[str, Sequence[float]], path: Path, *, title: str) -> None:
    """Draws loss and accuracy over the epochs, and the mean IoU if there is one.

    Args:
        history: Values per epoch, as `keras.callbacks.History.history` has them; drawn are `loss`,
            `accuracy` and `mean_iou`, each with `val_` too where it is there.
        path: PNG file to write.
        title: Title of the picture.
    """
    metrics = ["loss", "accuracy", *({"mean_iou"} & set(history))]
    figure = new_figure((4.5 * len(metrics), 3.6))
    figure.suptitle(title)
    for axes, metric in zip(figure.subplots(1, len(metrics)), metrics, strict=True):
        for prefix, label, colour in (
            ("", "training", _TRAIN_COLOUR),
            ("val_", "validation", _VALIDATION_COLOUR),
        ):
            values = history.get(prefix + metric)
            if values:
                epochs = range(1, len(values) + 1)
                axes.plot(epochs, values, ".-", color=colour, label=label)
        axes.set_xlabel("epoch")
        axes.set_ylabel(metric.replace("mean_iou", "mean IoU"))
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        if axes.get_legend_handles_labels()[0]:
            # Said, or matplotlib warns of its default where a machine is slow.
            axes.legend(frameon=False, loc="best")
    save(figure, path)


def before_after(
    before: NDArray[Any],
    after: NDArray[Any],
    path: Path,
    *,
    title: str,
    names: Sequence[str] = (),
    legend: Mapping[str, str] | None = None,
) -> None:
    """Draws pictures above what augmentation made of them, eight to a row.

    Args:
        before: Pictures of shape `(n, height, width, channels)`, 1 or 3 channels, 0 to 1, n at
            least 1.
        after: The same pictures augmented, in the same order.
        path: PNG file to write.
        title: Title of the whole.
        names: What to write below each pair; nothing when empty.
        legend: What colours mean: colours by names.
    """
    count = len(before)
    groups = [slice(begin, begin + _PER_ROW) for begin in range(0, count, _PER_ROW)]
    columns = min(count, _PER_ROW)
    height, width = before.shape[1:3]
    inches = 9.0 / _PER_ROW * columns
    row = inches / columns * height / width
    figure = new_figure((max(inches, 3.0) + 0.6, len(groups) * (2 * row + 0.45) + 0.6))
    figure.suptitle(title)
    axes_of_all = figure.subplots(2 * len(groups), 1, squeeze=False)[:, 0]
    for index, group in enumerate(groups):
        pairs = ((before, "before"), (after, "after"))
        for axes, (images, label) in zip(axes_of_all[2 * index :], pairs, strict=False):
            _picture_row(axes, images[group], columns)
            axes.set_ylabel(label, rotation=0, ha="right", va="center")
        if names:
            axes = axes_of_all[2 * index + 1]
            shown = names[group]
            axes.set_xticks([(width + 2) * (i + 0.5) for i in range(len(shown))], shown)
            axes.tick_params(length=0, labelsize=8)
    _add_legend(figure, legend)
    save(figure, path)


def pictures(
    images: NDArray[Any],
    names: Sequence[str],
    path: Path,
    *,
    title: str,
    per_row: int = _PER_ROW,
    gap: int = 0,
    legend: Mapping[str, str] | None = None,
) -> None:
    """Draws pictures with a text below each, which is broken into lines as wide as the picture.

    Args:
        images: Pictures of shape `(n, height, width, channels)`, 1 or 3 channels, 0 to 1, n at
            least 1.
        names: The text below each.
        path: PNG file to write.
        title: Title of the whole.
        per_row: How many pictures stand side by side.
        gap: Pixels of white between them.
        legend: What colours mean: colours by names.
    """
    count = len(images)
    rows = -(-count // per_row)
    height, width = images.shape[1:3]
    captions = [_wrapped(name, _ROW_OF_TEXT // per_row) for name in names]
    text = 0.19 + _LINE * max((caption.count("\n") + 1 for caption in captions), default=0)
    figure = new_figure((9.6, rows * (9.0 / per_row * height / width + text) + 0.6))
    figure.suptitle(title)
    for index, axes in enumerate(figure.subplots(rows, 1, squeeze=False)[:, 0]):
        group = slice(index * per_row, (index + 1) * per_row)
        _picture_row(axes, images[group], per_row, gap)
        shown = captions[group]
        place = width + 2 + gap
        axes.set_xticks([place * i + 0.5 * (width + 2) for i in range(len(shown))], shown)
        axes.tick_params(length=0, labelsize=8)
    _add_legend(figure, legend)
    save(figure, path)


def confusion_matrix(
    matrices: Mapping[str, NDArray[np.int64]], classes: Sequence[str], path: Path, *, title: str
) -> None:
    """Draws confusion matrices: side by side if there are few classes, else one below the other.

    Numbers are written where they fit, and those of pairs of classes that were never confused are
    left out if there are many classes.

    Args:
        matrices: Per part of the data (its name becomes the heading) the number of pictures of
            each class (rows) that were taken for each class (columns).
        classes: Names of the classes.
        path: PNG file to write.
        title: Title of the whole.
    """
    count = len(classes)
    beside = count <= _FEW_CLASSES
    columns = len(matrices) if beside else 1
    rows = 1 if beside else len(matrices)
    side = 2.3 if beside else min(8.2, max(5.0, 0.34 * count))
    # The margins hold the names of the classes, along the top edge of the axis and beside it.
    margin = 0.8 if beside else 0.5 + 0.065 * max(map(len, classes))
    figure = new_figure((max(3.6, columns * (side + margin)), rows * (side + margin + 0.3) + 0.4))
    figure.suptitle(title)
    all_axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (part, matrix) in zip(all_axes, matrices.items(), strict=True):
        _matrix(axes, matrix, cell=side / count)
        axes.set_xticks(range(count), classes, rotation=0 if beside else 90)
        axes.set_yticks(range(count), classes)
        axes.tick_params(labelsize=9 if beside else min(9, 50 * side / count), length=2)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        axes.set_title(f"{part} ({matrix.sum():,})", fontsize=10)
    save(figure, path)


def _matrix(axes: Any, matrix: NDArray[np.int64], *, cell: float) -> None:
    """Shows a confusion matrix whose cells have sides of so many inches."""
    # Coloured by share, so that a rare class is as readable as a frequent one.
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    longest = len(f"{matrix.max():,}")
    # A digit is 0.62 as wide as high.
    size = min(10.0, 72 * 0.36 * cell, 72 * 0.85 * cell / (0.62 * longest))
    if size < _SMALLEST_TEXT:
        return
    for (row, column), value in np.ndenumerate(matrix):
        if value or len(matrix) <= _FEW_CLASSES:
            colour = "white" if share[row, column] > 0.5 else "black"
            axes.text(
                column, row, f"{value:,}", ha="center", va="center", color=colour, fontsize=size
            )


def _wrapped(text: str, width: int) -> str:
    """Breaks the lines of a text that are longer than so many letters."""
    lines = text.split("\n")
    return "\n".join(textwrap.fill(line, width, break_on_hyphens=False) for line in lines)


def _picture_row(axes: Any, images: NDArray[Any], columns: int, gap: int = 0) -> None:
    """Shows pictures side by side in one row of `columns` places, with `gap` pixels between."""
    height, width = images.shape[1:3]
    # One light pixel around each; empty places stay white.
    canvas = np.ones((height + 2, columns * (width + 2 + gap) - gap, 3), np.float32)
    for index, image in enumerate(images):
        left = index * (width + 2 + gap)
        canvas[:, left : left + width + 2] = 0.75
        canvas[1:-1, left + 1 : left + width + 1] = np.clip(image, 0, 1)
    extent = (0, canvas.shape[1], canvas.shape[0], 0)
    axes.imshow(canvas, interpolation="nearest", extent=extent)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def _add_legend(figure: Any, legend: Mapping[str, str] | None) -> None:
    """Says below a figure what its colours mean."""
    if not legend:
        return
    from matplotlib.patches import Patch

    patches = [Patch(color=colour, label=name) for name, colour in legend.items()]
    figure.legend(handles=patches, loc="outside lower center", ncols=len(patches), frameon=False)


def new_figure(inches: tuple[float, float]) -> Any:
    """Returns an empty figure that draws with Agg."""
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=inches, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Any, path: Path) -> None:
    """Writes a figure as a PNG file.

    Its canvas draws it once. `savefig` draws everything twice, the first time for the layout alone,
    which drawing makes by itself.
    """
    with replacing(path) as temporary:
        figure.canvas.print_png(temporary)
