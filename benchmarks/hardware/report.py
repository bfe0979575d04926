"""The result of a run: a file for programs, a page for people, a table for the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness.report import plural, table

from .findings import FAILED, NOT_RUN, PASSED

JSON, PAGE = "hardware.json", "README.md"
Result = Mapping[str, Any]


def outcome_of(checks: Sequence[Result]) -> str:
    """Returns how a part has ended, by its checks."""
    outcomes = {check["outcome"] for check in checks}
    if FAILED in outcomes:
        return FAILED
    return PASSED if PASSED in outcomes else NOT_RUN


def failed(result: Result) -> bool:
    """Returns whether anything has failed."""
    return any(outcome_of(part["checks"]) == FAILED for part in result["parts"])


def summary(result: Result) -> str:
    """Returns a table of all checks."""
    rows = []
    for part in result["parts"]:
        used = sum(check["seconds"] for check in part["checks"])
        rows.append(
            [
                f"**{part['title']}**",
                f"**{outcome_of(part['checks'])}**",
                f"{used:.0f} of {part['limit']:.0f}",
                "",
            ]
        )
        rows += [
            [check["name"], check["outcome"], f"{check['seconds']:.0f}", short(check["why"])]
            for check in part["checks"]
        ]
    header = ["check", "outcome", "seconds", "why"]
    return table(header, rows)


def short(text: str, length: int = 100) -> str:
    """Returns a text as one cell of a table."""
    line = " ".join(text.split()).replace("|", "\\|")
    return line if len(line) <= length else f"{line[: length - 1]}…"


def write(result: Result, folder: Path) -> None:
    """Writes both files."""
    text = json.dumps(result, indent=2, ensure_ascii=False)
    (folder / JSON).write_text(text + "\n", encoding="utf-8")
    (folder / PAGE).write_text(page(result), encoding="utf-8")


def page(result: Result) -> str:
    """Returns the page, as Markdown."""
    sections = [f"# Hardware check: {_machine_name(result)}", _about(result), summary(result)]
    sections += _failures(result)
    sections += _left_out(result)
    for part in result["parts"]:
        sections += _part(part)
    return "\n\n".join(sections) + "\n"


def _machine_name(result: Result) -> str:
    about = result["about"]
    names = [card["name"] for card in about["cards"]] or ["no card"]
    return f"{', '.join(names)}, {about['processor']}"


def _about(result: Result) -> str:
    about = result["about"]
    shown = plural(about["cores"], "core")
    if about["physical_cores"] not in (None, about["cores"]):
        shown = (
            f"{plural(about['cores'], 'processor')} on {plural(about['physical_cores'], 'core')}"
        )
    lines = [
        f"commit {about['commit']}, {about['date']}, {result['seconds']:.0f} s",
        f"{about['processor']}, {shown}, {about['memory_gb'] or '?'} GB; {about['system']}",
    ]
    lines += [
        f"{card['name']}, {card['memory.total']}, compute capability {card['compute_cap']}, "
        f"driver {card['driver_version']}, power limit {card['power.limit']}"
        for card in about["cards"]
    ]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    compiler = f"nvcc {about['nvcc']}" if about["nvcc"] else "no nvcc"
    lines.append(f"Python {about['python']}, {compiler}; {versions}")
    if result["dry_run"]:
        lines.append("**A dry run: everything is small, and no figure means anything.**")
    if not result["complete"]:
        lines.append("**The run was interrupted.**")
    return "\n".join(f"- {line}" for line in lines)


def _failures(result: Result) -> list[str]:
    found = [
        f"- **{part['title']}, {check['name']}**\n\n"
        + "\n".join(f"      {line}" for line in check["why"].splitlines())
        for part in result["parts"]
        for check in part["checks"]
        if check["outcome"] == FAILED
    ]
    return ["## What failed", *found] if found else []


def _left_out(result: Result) -> list[str]:
    lines = []
    for part in result["parts"]:
        for check in part["checks"]:
            where = f"{part['title']}, {check['name']}"
            if check["missing"]:
                lines += [f"- {where}, {what}: {_flat(why)}" for what, why in check["missing"]]
            elif check["outcome"] == NOT_RUN:
                lines.append(f"- {where}: {_flat(check['why'])}")
    return ["## What was not run, and why", "\n".join(lines)] if lines else []


def _flat(text: str) -> str:
    return " ".join(text.split())


def _part(part: Result) -> list[str]:
    sections = []
    for check in part["checks"]:
        shown = [f"**{title}**\n\n{_table(held)}" for title, held in check["tables"].items()]
        if check["notes"]:
            shown.append("\n".join(f"- {note}" for note in check["notes"]))
        plain = {
            name: value
            for name, value in check["figures"].items()
            if isinstance(value, (str, int, float))
        }
        if plain and not check["tables"]:
            shown.append("; ".join(f"{name}: {_value(value)}" for name, value in plain.items()))
        if shown:
            sections += [f"### {check['name']}", *shown]
    return [f"## {part['title']}", *sections] if sections else []


def _table(held: Mapping[str, Any]) -> str:
    return table(held["header"], held["rows"])


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return (
        {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    )
