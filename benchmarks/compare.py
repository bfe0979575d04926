"""Builds two revisions, measures them in turn, and tells what became slower.

    python -m benchmarks.compare main                      this commit against main
    python -m benchmarks.compare v0.1.0 main -b scaling    two revisions, one benchmark
    python -m benchmarks.compare main -- --only copy       options for the benchmark after --

Both are built from clean worktrees, and each is measured by its own benchmarks, which know the
inside of its core, in processes that alternate: base, head, base, head. Timings are compared by
their names; those that only one of the two has are left out. The exit code is 1 if something became
slower by more than the threshold, 2 if there was nothing to measure.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchwarp.console.options import at_least

from .harness import runner
from .harness.report import table, track
from .harness.revisions import (
    CompareError,
    build,
    commit_of,
    require_clean_checkout,
    worktree,
)

SLOWER, UNUSABLE = 1, 2
OURS = "batchwarp"
Seconds = dict[str, float]


@dataclass(frozen=True)
class Change:
    """How one timing changed.

    Attributes:
        name: benchmark, case and contender.
        base: seconds, the median over the processes.
        head: likewise.
        ratio: head over base, the median over the pairs of neighbouring processes.
    """

    name: str
    base: float
    head: float
    ratio: float


def seconds(figures: Mapping[str, Any]) -> Seconds:
    """Returns the medians of batchwarp's contenders: those that a case names, or that are so named.

    A case without either compares batchwarp with itself.
    """
    found = {}
    for case in figures.get("cases", ()):
        names = list(case["timings"])
        ours = case.get("ours") or [name for name in names if name.startswith(OURS)] or names
        group = f"{case['group']}, " if "group" in case else ""
        for name in ours:
            found[f"{group}{case['case']}, {name}"] = float(case["timings"][name]["median"])
    return found


def measure(python: Path, names: Sequence[str], more: Sequence[str], scratch: Path) -> Seconds:
    """Runs the benchmarks in the batchwarp of an environment, in new processes.

    Args:
        python: the environment's Python.
        names: which benchmarks.
        more: further options for them.
        scratch: a folder for their figures; they run in it, to import nothing from a checkout.

    Returns:
        Seconds by benchmark, case and contender.

    Raises:
        CompareError: if one fails, with what it wrote.
    """
    found: Seconds = {}
    for name in names:
        written = scratch / "figures.json"
        module = f"{OURS}.benchmarks.{name}"
        command = [str(python), "-m", module, "--json", str(written), *more]
        ran = subprocess.run(command, cwd=scratch, capture_output=True, text=True, encoding="utf-8")
        if ran.returncode:
            raise CompareError(f"{name} failed with status {ran.returncode}:\n{ran.stderr[-4000:]}")
        figures = json.loads(written.read_text(encoding="utf-8"))
        found |= {f"{name}: {key}": value for key, value in seconds(figures).items()}
    return found


def changes(base: Sequence[Seconds], head: Sequence[Seconds]) -> list[Change]:
    """Compares the processes of two revisions, pair by pair.

    Args:
        base: what each process of the base measured.
        head: likewise, as many.

    Returns:
        A change for each timing that all of them have.
    """
    common = [name for name in base[0] if all(name in one for one in (*base, *head))]
    return [
        Change(
            name,
            statistics.median(one[name] for one in base),
            statistics.median(one[name] for one in head),
            statistics.median(h[name] / b[name] for b, h in zip(base, head, strict=True)),
        )
        for name in common
    ]


def report(found: Sequence[Change], threshold: float) -> str:
    """Returns a table of all changes; the last column flags what is slower."""
    rows = [
        [
            change.name,
            f"{1e6 * change.base:,.1f}",
            f"{1e6 * change.head:,.1f}",
            f"{change.ratio:.2f}",
            "SLOWER" if change.ratio > threshold else "",
        ]
        for change in found
    ]
    return table(["µs", "base", "head", "head / base", ""], rows)


def compare(options: argparse.Namespace) -> int:
    """Does what the options say; returns the exit code.

    Raises:
        CompareError: if it cannot.
    """
    require_clean_checkout()
    commits = [commit_of(options.base), commit_of(options.head)]
    if commits[0] == commits[1]:
        raise CompareError(f"{options.base} and {options.head} are the same commit")
    with tempfile.TemporaryDirectory(prefix="batchwarp-compare-") as temporary:
        pythons = []
        for which, commit in zip(("base", "head"), commits, strict=True):
            print(f"building {which}, {commit[:12]} ...", file=sys.stderr, flush=True)
            scratch = Path(temporary, which)
            scratch.mkdir()
            with worktree(commit, scratch / "source") as source:
                pythons.append(build(source, scratch))
        measured: tuple[list[Seconds], list[Seconds]] = ([], [])
        turns = list(zip(pythons, measured, strict=True)) * options.pairs
        for python, results in track(turns, "base and head in turn", lambda _: ""):
            results.append(measure(python, options.benchmark, options.more, Path(temporary)))
    found = changes(*measured)
    if not found:
        raise CompareError("the two revisions have no timing in common")
    print(f"base {commits[0][:12]}, head {commits[1][:12]}, {options.pairs} pairs of processes\n")
    print(report(found, options.threshold))
    slower = sum(change.ratio > options.threshold for change in found)
    print(f"\n{slower} of {len(found)} slower by more than {options.threshold - 1:.0%}")
    return SLOWER if slower else 0


def main(words: Sequence[str] | None = None) -> int:
    """Runs the comparison; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("base", help="revision to compare with")
    parser.add_argument("head", nargs="?", default="HEAD", help="default: this checkout's commit")
    parser.add_argument(
        *("-b", "--benchmark"),
        action="append",
        choices=runner.names(),
        help="which one, may be repeated (default: kernels)",
    )
    parser.add_argument(
        "--pairs", type=at_least(1), default=3, metavar="N", help="of processes (default: 3)"
    )
    parser.add_argument(
        "--threshold",
        type=float,
        default=1.1,
        metavar="X",
        help="ratio above which something counts as slower (default: 1.1)",
    )
    words = list(sys.argv[1:] if words is None else words)
    cut = words.index("--") if "--" in words else len(words)
    options = parser.parse_args(words[:cut])
    if not options.threshold >= 1:
        parser.error(f"--threshold must be at least 1, received: {options.threshold}")
    options.more = words[cut + 1 :]
    options.benchmark = options.benchmark or ["kernels"]
    try:
        return compare(options)
    except CompareError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE


if __name__ == "__main__":
    sys.exit(main())
