"""What a benchmark shows: a bar while it runs, then its table, and its figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from .machine import used_by_others

NOT_QUIET = 0.1  # share of all processors

Item = TypeVar("Item")


def track(items: Sequence[Item], label: str, name: Callable[[Item], str] = str) -> Iterator[Item]:
    """Goes through items, with a progress bar on standard error if that is a terminal.

    Args:
        items: what to go through.
        label: what is shown beside the bar.
        name: gives what is shown after that for an item.

    Yields:
        The items.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    # The bar is drawn between items only: a thread that redraws it would take part in the timings.
    with Progress(
        console=console, auto_refresh=False, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(label, total=len(items))
        for item in items:
            bar.update(task, description=f"{label}: {name(item)}", refresh=True)
            yield item
            bar.advance(task)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns rows of text as a Markdown table, first column left, the others right."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        first, *rest = cells
        padded = [first.ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(header), line(rule), *(line(row) for row in rows)])


def plural(n: int, noun: str) -> str:
    """Returns a number and a noun, "2 threads" say."""
    return f"{n} {noun}{'s'[: n != 1]}"


def report(
    text: str, figures: Mapping[str, Any], about: Mapping[str, Any], to: Path | None
) -> None:
    """Prints a table under some lines about the machine; writes both and the figures to a file.

    Args:
        text: the table.
        figures: what was measured, fit for JSON.
        about: what `machine` returned; written with what others used of the processor meanwhile.
        to: where the JSON goes, or None.
    """
    about = {**about, "used_by_others": used_by_others()}
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    print(f"{about['processor']}, {about['cores']} cores, tier {about['simd_tier']}")
    print(f"{about['build'].get('compiler', 'unknown compiler')}; {versions}")
    print(f"commit {about['commit']}, {about['date']}")
    if notice := not_quiet(about):
        print(notice)
    print(f"\n{text}")
    if to is not None:
        content = {"machine": about, "table": text, **figures}
        to.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def not_quiet(about: Mapping[str, Any]) -> str:
    """Returns a notice if others used much of the processor while it was measured, or nothing."""
    used = about["used_by_others"]
    if used is None or used <= NOT_QUIET:
        return ""
    return f"NOT QUIET: other processes used {used:.0%} of the processor; figures are worth little"
