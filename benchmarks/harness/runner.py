"""Finds the benchmarks and runs them, each in a process of its own.

Every module of the package above is a benchmark, except `compare`. The first line of its docstring
is the question that it answers, and nothing is imported to learn it.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .plots import PLOTS

FOLDER = Path(__file__).parents[1]
NO_BENCHMARKS = {"__init__", "compare"}


def names() -> list[str]:
    """Returns the names of all benchmarks, in alphabetical order."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in NO_BENCHMARKS)


def question(name: str) -> str:
    """Returns the question that a benchmark answers."""
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def run(
    name: str,
    *,
    tiny: bool = False,
    json: Path | None = None,
    plot: Path | None = None,
    more: Sequence[str] = (),
) -> int:
    """Runs a benchmark, which prints its table.

    Args:
        name: one of `names()`.
        tiny: whether only to see that it runs.
        json: where to write the figures.
        plot: where to draw them; without effect on a benchmark that draws nothing.
        more: further options, as the benchmark takes them.

    Returns:
        Its exit code.
    """
    # `benchmarks` in a checkout, `batchwarp.benchmarks` in the package.
    package = __package__.rpartition(".")[0]
    command = [sys.executable, "-m", f"{package}.{name}", *more]
    if tiny:
        command.append("--tiny")
    if json is not None:
        command += ["--json", str(json)]
    if plot is not None and name in PLOTS:
        command += ["--plot", str(plot)]
    return subprocess.run(command, check=False).returncode
