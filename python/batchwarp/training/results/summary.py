"""The table that closes a run in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from batchwarp.console.errors import MissingPackageError

__all__ = ["require_rich", "show"]


def require_rich() -> None:
    """Checks that rich can be imported, before hours of work depend on it.

    Raises:
        MissingPackageError: If it cannot.
    """
    try:
        import rich.console
        import rich.table  # noqa: F401 - imported to see that it can be
    except ImportError as error:
        raise MissingPackageError("rich", error) from error


def show(title: str, results: Mapping[str, Any]) -> None:
    """Prints the figures of a run as a table.

    Args:
        title: Title of the table.
        results: Results of the run, as in `run.json`; those that are missing are left out.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE, show_header=False, title_justify="left")
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    for name, value in _rows(results):
        table.add_row(name, value)
    # Numbers are not to be coloured, and a path or a class may look like rich's markup.
    Console(highlight=False, markup=False).print(table)


def _rows(results: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for part, values in results.get("parts", {}).items():
        if "mean_iou" in values:
            yield f"{part} mean IoU", f"{values['mean_iou']:.4f}"
            yield f"{part} accuracy of pixels", f"{values['accuracy']:.4f}"
        else:
            yield f"{part} accuracy", f"{values['accuracy']:.4f}"
    if "epochs" in results:
        yield "epochs", str(results["epochs"])
    if "seconds_per_epoch" in results:
        yield "time per epoch", f"{results['seconds_per_epoch']:.1f} s"
    if "waiting" in results:
        yield "training time spent waiting for batches", f"{results['waiting']:.1%}"
    if "steps" in results:
        yield "steps", results["steps"]
    if "generator_images_per_second" in results:
        yield "generator, while training", f"{results['generator_images_per_second']:,} images/s"
    if "speed" in results:
        yield "generator, alone", f"{results['speed']['batchwarp_images_per_second']:,} images/s"
        yield "Keras' generator, alone", f"{results['speed']['keras_images_per_second']:,} images/s"
