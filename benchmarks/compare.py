"""Builds two revisions, measures them in turn, and tells what became slower.

    python -m benchmarks.compare main                      this commit against main
    python -m benchmarks.compare v0.1.0 main -b scaling    two revisions, one benchmark
    python -m benchmarks.compare main -- --only copy       options for the benchmark after --

Both are built from clean worktrees. Both then run at the same time, and take turns at each timed
stretch: one measures, the other waits. A ratio is the median over the rounds of the two, so that
what slows the machine down for a while slows both. Both run head's benchmarks; where these do not
run with base's package, each has its own, which know the inside of its core, and if base's know of
no turns, the processes alternate as a whole: base, head, base, head. What is printed says so.

Timings are compared by their names; those that only one of the two has are left out. The exit code
is 1 if something became slower by more than the threshold, 2 if there was nothing to measure.
"""

from __future__ import annotations

import argparse
import json
import shutil
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
from .harness.turns import POSSIBLE, ProcessError, run_in_turns

SLOWER, UNUSABLE = 1, 2
OURS = "batchwarp"
Seconds = dict[str, list[float]]  # of the rounds; one median where the rounds are not known


@dataclass(frozen=True)
class Change:
    """How one timing changed.

    Attributes:
        name: benchmark, case and contender.
        base: seconds, the median over the processes.
        head: likewise.
        ratio: head over base, the median over the rounds of all pairs of processes.
        rounds: how many these are.
    """

    name: str
    base: float
    head: float
    ratio: float
    rounds: int


@dataclass(frozen=True)
class Way:
    """How two revisions are measured.

    Attributes:
        in_turn: whether they take turns at each stretch, or one process follows the other.
        shared: whether base is measured by head's benchmarks.
        why_not: why it is not.
    """

    in_turn: bool
    shared: bool
    why_not: str = ""

    def __str__(self) -> str:
        turns = "which take turns at each stretch" if self.in_turn else "one after the other"
        if self.shared:
            return f"{turns}, both with head's benchmarks"
        return f"{turns}, each with its own benchmarks: head's do not run in base ({self.why_not})"


def seconds(figures: Mapping[str, Any]) -> Seconds:
    """Returns what batchwarp's contenders took: those that a case names, or that are so named.

    A case without either compares batchwarp with itself.
    """
    found = {}
    for case in figures.get("cases", ()):
        names = list(case["timings"])
        ours = case.get("ours") or [name for name in names if name.startswith(OURS)] or names
        group = f"{case['group']}, " if "group" in case else ""
        for name in ours:
            timing = case["timings"][name]
            taken = timing.get("seconds") or [timing["median"]]
            found[f"{group}{case['case']}, {name}"] = [float(one) for one in taken]
    return found


def _command(python: Path, name: str, written: Path, more: Sequence[str]) -> list[str]:
    """Returns what runs a benchmark in the batchwarp of an environment."""
    return [str(python), "-m", f"{OURS}.benchmarks.{name}", "--json", str(written), *more]


def _read(name: str, written: Path) -> Seconds:
    """Returns what a benchmark wrote."""
    figures = json.loads(written.read_text(encoding="utf-8"))
    return {f"{name}: {key}": value for key, value in seconds(figures).items()}


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
        command = _command(python, name, written, more)
        ran = subprocess.run(command, cwd=scratch, capture_output=True, text=True, encoding="utf-8")
        if ran.returncode:
            raise CompareError(f"{name} failed with status {ran.returncode}:\n{ran.stderr[-4000:]}")
        found |= _read(name, written)
    return found


def measure_in_turn(
    pythons: Sequence[Path], names: Sequence[str], more: Sequence[str], scratch: Path
) -> list[Seconds]:
    """Runs the benchmarks in two environments at the same time; the processes take turns.

    Args:
        pythons: the environments' Pythons; the first one begins.
        names: which benchmarks.
        more: further options for them.
        scratch: a folder for their figures; they run in it.

    Returns:
        Seconds by benchmark, case and contender, of each environment.

    Raises:
        CompareError: if one fails, with what it wrote.
    """
    found: list[Seconds] = [{}, {}]
    for name in names:
        written = [scratch / f"figures{place}.json" for place in range(2)]
        commands = [
            _command(python, name, figures, more)
            for python, figures in zip(pythons, written, strict=True)
        ]
        try:
            run_in_turns(commands[0], commands[1], scratch)
        except ProcessError as error:
            raise CompareError(f"{name} with {pythons[error.place]} {error}") from None
        for place in range(2):
            found[place] |= _read(name, written[place])
    return found


def settle(
    scratches: Sequence[Path], python: Path, names: Sequence[str], more: Sequence[str]
) -> Way:
    """Decides how to measure, and puts head's benchmarks into base's package if they run there.

    Args:
        scratches: the folders that base and head were built in.
        python: base's.
        names: which benchmarks.
        more: further options for them.

    Returns:
        How to measure.
    """
    base, head = (scratch / "site" / OURS / "benchmarks" for scratch in scratches)
    own = base.rename(scratches[0] / "benchmarks")
    shutil.copytree(head, base)
    try:
        measure(python, names, [*more, "--tiny"], scratches[0])
    except CompareError as error:
        shutil.rmtree(base)
        own.rename(base)
        in_turn = POSSIBLE and (base / "harness" / "turns.py").exists()
        return Way(in_turn, shared=False, why_not=str(error).rstrip().rpartition("\n")[2])
    return Way(POSSIBLE, shared=True)


def changes(base: Sequence[Seconds], head: Sequence[Seconds]) -> list[Change]:
    """Compares the processes of two revisions, pair by pair and round by round.

    Args:
        base: what each process of the base measured.
        head: likewise, as many.

    Returns:
        A change for each timing that all of them have.
    """
    common = [name for name in base[0] if all(name in one for one in (*base, *head))]
    found = []
    for name in common:
        ratios = [
            head_took / base_took
            for b, h in zip(base, head, strict=True)
            for base_took, head_took in zip(b[name], h[name], strict=False)
        ]
        before, after = (
            statistics.median(statistics.median(one[name]) for one in processes)
            for processes in (base, head)
        )
        found.append(Change(name, before, after, statistics.median(ratios), len(ratios)))
    return found


def report(found: Sequence[Change], threshold: float) -> str:
    """Returns a table of all changes; the last column flags what is slower."""
    rows = [
        [
            change.name,
            f"{1e6 * change.base:,.1f}",
            f"{1e6 * change.head:,.1f}",
            f"{change.ratio:.3f}",
            f"{change.rounds}",
            "SLOWER" if change.ratio > threshold else "",
        ]
        for change in found
    ]
    return table(["µs", "base", "head", "head / base", "rounds", ""], rows)


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
        scratches = [Path(temporary, which) for which in ("base", "head")]
        pythons = []
        for scratch, commit in zip(scratches, commits, strict=True):
            print(f"building {scratch.name}, {commit[:12]} ...", file=sys.stderr, flush=True)
            scratch.mkdir()
            with worktree(commit, scratch / "source") as source:
                pythons.append(build(source, scratch))
        way = settle(scratches, pythons[0], options.benchmark, options.more)
        measured: tuple[list[Seconds], list[Seconds]] = ([], [])
        for number in track(range(options.pairs), "pairs of base and head", lambda n: str(n + 1)):
            sides = list(zip(pythons, measured, strict=True))
            # Another one begins each time: who follows whom may matter a little.
            sides = sides[::-1] if number % 2 and way.in_turn else sides
            both = [python for python, _ in sides]
            if way.in_turn:
                found = measure_in_turn(both, options.benchmark, options.more, Path(temporary))
            else:
                found = [
                    measure(python, options.benchmark, options.more, Path(temporary))
                    for python in both
                ]
            for (_, results), one in zip(sides, found, strict=True):
                results.append(one)
    changed = changes(*measured)
    if not changed:
        raise CompareError("the two revisions have no timing in common")
    pairs = f"{options.pairs} pair{'s'[: options.pairs != 1]} of processes"
    print(f"base {commits[0][:12]}, head {commits[1][:12]}; {pairs}, {way}\n")
    print(report(changed, options.threshold))
    slower = sum(change.ratio > options.threshold for change in changed)
    print(f"\n{slower} of {len(changed)} slower by more than {options.threshold - 1:.0%}")
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
