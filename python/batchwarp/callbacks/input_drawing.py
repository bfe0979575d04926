"""The picture of what steps take, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from batchwarp.callbacks.input_figures import PARTS, InputFigures
from batchwarp.callbacks.replacing import replacing

__all__ = ["draw", "require_matplotlib"]

_COLOURS = {
    "model": "#c9ced6",
    "read": "#1f6fb4",
    "decode": "#e07b1a",
    "warp": "#3a923a",
    "function": "#8b5fbf",
    "hand-over": "#b3342d",
}


def require_matplotlib() -> None:
    """Checks that matplotlib can be imported, before a training depends on it.

    Raises:
        ImportError: If it cannot.
    """
    try:
        import matplotlib.backends.backend_agg
        import matplotlib.figure  # noqa: F401 - imported to see that it can be
    except ImportError as error:
        raise ImportError(
            f"`picture` needs matplotlib, which cannot be imported ({error}); "
            "install it with: pip install matplotlib"
        ) from error


def draw(epochs: Sequence[InputFigures], path: Path) -> None:
    """Draws a bar for each epoch: what a step takes, in milliseconds, by what it is spent on.

    Args:
        epochs: Sequence of the figures of epochs.
        path: The file, of a format that matplotlib knows by its ending.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(min(12.0, 5.0 + 0.25 * len(epochs)), 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    numbers = range(1, len(epochs) + 1)
    below = [0.0] * len(epochs)
    for name in ("model", *PARTS):
        heights = []
        for one in epochs:
            step = 1000 * one.seconds / one.steps if one.steps else 0.0
            share = 1 - one.share if name == "model" else one.parts()[name]
            heights.append(step * share)
        if name == "function" and not any(heights):
            continue
        axes.bar(numbers, heights, 0.8, below, color=_COLOURS[name], label=name)
        below = [one + other for one, other in zip(below, heights, strict=True)]
    axes.set_ylim(0, 1.05 * max(below, default=0.0) or 1.0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
    axes.set_ylabel("ms per step")
    axes.set_title("What a step takes, and what it waits for", fontsize=10)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside right upper", frameon=False)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110)
