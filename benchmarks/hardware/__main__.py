"""Runs the hardware check: `python -m benchmarks.hardware`, in at most 8 minutes.

Builds the package for this machine, proves it on the card, measures it there, on all cores and in
training, and leaves `hardware.json` and a page, `README.md`. What cannot be done here is listed
with the reason. Nothing is fetched: what the machine lacks comes along, see
`benchmarks.hardware.carry`.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from . import process, report
from .about import about, versions
from .findings import FAILED, NOT_RUN, Found
from .parts import LONG, PARTS, Check, Part
from .settings import Settings, environment

LOG = "hardware.log"
# How many times as long a dry run may take for each check: little is done, but on any machine.
PATIENCE = 3
Result = dict[str, Any]


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    made = argparse.ArgumentParser(prog="python -m benchmarks.hardware", description=__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    add = made.add_argument
    names = [part.name for part in PARTS]
    add("--dry-run", action="store_true", help="every part small, without a card and a build")
    add("--long", action="store_true", help="trainings in full as well, in up to an hour")
    add(
        "--only",
        choices=names,
        nargs="+",
        metavar="PART",
        help=f"these parts: {', '.join(names)}; what an earlier run has built is used",
    )
    add(
        "--out",
        type=Path,
        default=Path("build/hardware"),
        metavar="DIR",
        help="folder of the result (default: %(default)s)",
    )
    add(
        "--work",
        type=Path,
        default=Path("build/hardware/work"),
        metavar="DIR",
        help="folder of what is built (default: %(default)s)",
    )
    add(
        "--carried",
        type=Path,
        metavar="DIR",
        help="folder that `python -m benchmarks.hardware.carry` has filled",
    )
    add(
        "--backend",
        choices=("jax", "torch", "tensorflow"),
        default="",
        help="Keras' backend (default: the first of these that sees the card)",
    )
    return made


def command_of(check: Check, limit: float, settings: Settings, written: Path) -> list[str]:
    """Returns the command that runs a check, which has so many seconds, and writes to a file."""
    words = [check.function, str(settings.save()), str(written), str(limit)]
    return [sys.executable, "-m", f"{__package__}.task", *words]


def run_check(check: Check, limit: float, settings: Settings, log: Path, number: int) -> Result:
    """Runs a check in a process of its own.

    Args:
        check: which.
        limit: seconds that it may take.
        settings: those of the run.
        log: what it writes goes here.
        number: of the check in this run.

    Returns:
        What it has found, fit for JSON.
    """
    work = Path(settings.work)
    written = work / f"findings-{number:02}.jsonl"
    written.unlink(missing_ok=True)
    if limit < check.least:
        left = f"{max(limit, 0):.0f} s of this part were left, it needs {check.least:.0f}"
        found = Found(NOT_RUN, left)
        return {"name": check.name, "seconds": 0.0, **asdict(found)}
    with log.open("a", encoding="utf-8") as text:
        text.write(f"\n=== {check.name}\n")
    ended = process.run(
        command_of(check, limit, settings, written),
        seconds=limit,
        log=log,
        environment=environment(settings),
    )
    found = Found.read(written)
    if ended.code is None:
        found.outcome, found.why = FAILED, f"stopped after {limit:.0f} s"
    elif ended.code or not found.outcome:
        found.outcome = FAILED
        end = process.tail(log.read_text(encoding="utf-8", errors="replace"))
        found.why = f"its process ended with {ended.code}:\n{end}"
    return {"name": check.name, "seconds": round(ended.seconds, 1), **asdict(found)}


def run_part(part: Part, settings: Settings, log: Path, result: Result, out: Path) -> None:
    """Runs the checks of a part, and writes the result after each."""
    patience = PATIENCE if settings.dry_run else 1
    limit = part.seconds * patience
    ends = time.monotonic() + limit
    checks: list[Result] = []
    result["parts"].append(
        {"name": part.name, "title": part.title, "limit": limit, "checks": checks}
    )
    for check in part.checks:
        number = sum(len(each["checks"]) for each in result["parts"])
        left = min(check.seconds * patience, ends - time.monotonic())
        done = run_check(check, left, settings, log, number)
        checks.append(done)
        result["seconds"] += done["seconds"]
        why = f": {report.short(done['why'])}" if done["why"] else ""
        print(f"  {done['outcome']:8}{done['seconds']:5.0f} s  {check.name}{why}", flush=True)
        report.write(result, out)


def chosen(arguments: argparse.Namespace) -> tuple[Part, ...]:
    """Returns the parts to run."""
    if arguments.only:
        return tuple(part for part in PARTS if part.name in arguments.only)
    return PARTS if arguments.long else tuple(part for part in PARTS if part is not LONG)


def _ended(number: int, _: FrameType | None) -> NoReturn:
    """Lets what has been found be written, and what was started be stopped."""
    raise SystemExit(128 + number)


def main(words: Sequence[str] | None = None) -> int:
    """Runs the check; returns 1 if anything has failed."""
    arguments = parser().parse_args(words)
    signal.signal(signal.SIGTERM, _ended)
    out, work = arguments.out.resolve(), arguments.work.resolve()
    for folder in (out, work):
        folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        work=str(work),
        carried=str(arguments.carried.resolve()) if arguments.carried else None,
        backend=arguments.backend,
        dry_run=arguments.dry_run,
    )
    parts = chosen(arguments)
    if any(part.name == "build" for part in parts) and settings.site.exists():
        shutil.rmtree(settings.site)
    log = out / LOG
    log.write_text("", encoding="utf-8")
    start = time.monotonic()
    result: Result = {
        "about": about(settings),
        "dry_run": settings.dry_run,
        "complete": False,
        "seconds": 0.0,
        "parts": [],
    }
    try:
        for part in parts:
            print(f"{part.title}, at most {part.seconds:.0f} s", flush=True)
            run_part(part, settings, log, result, out)
        result["complete"] = True
    finally:
        result["seconds"] = round(time.monotonic() - start, 1)
        result["about"]["versions"] = versions(settings)
        report.write(result, out)
    print(f"\n{report.summary(result)}\n\n{out / report.PAGE}, {out / report.JSON}")
    return int(report.failed(result))


if __name__ == "__main__":
    sys.exit(main())
