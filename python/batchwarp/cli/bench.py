"""`batchwarp bench`: the benchmarks, one after the other."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from types import ModuleType

from batchwarp.cli import bench_mine
from batchwarp.console.errors import UsageError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command to its parser."""
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="which benchmarks to run (default: all)"
    )
    parser.add_argument("--list", action="store_true", help="list the benchmarks and run none")
    parser.add_argument(
        "--tiny",
        action="store_true",
        help="small inputs, to see that all runs; figures mean nothing",
    )
    several = "; of several benchmarks, each has its own: FILE-NAME"
    parser.add_argument(
        "--json",
        metavar="FILE",
        type=lambda text: _part("options").output_file(".json")(text),
        help=f"write the figures to FILE, a .json{several}",
    )
    parser.add_argument(
        "--plot",
        metavar="FILE",
        type=lambda text: _part("options").output_file(".png", ".svg")(text),
        help=f"draw the figures into FILE, a .png or .svg{several}",
    )
    bench_mine.add_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Runs the benchmarks that the options name.

    Args:
        options: Parsed options.

    Raises:
        UsageError: If a name is unknown, or a benchmark fails; the others are run all the same.
    """
    if options.mine is not None:
        if options.names or options.list or options.tiny:
            raise UsageError("--mine is measured alone: without names, --list and --tiny")
        bench_mine.run(options)
        return
    runner = _part("runner")
    names = runner.names()
    unknown = [name for name in options.names if name not in names]
    if unknown:
        raise UsageError(f"unknown benchmark {unknown[0]!r}: accepted are {', '.join(names)}")
    chosen = options.names or names
    if options.list:
        width = max(len(name) for name in chosen)
        for name in chosen:
            print(f"{name:<{width}}  {runner.question(name)}")
        return
    failed = []
    for number, name in enumerate(chosen, 1):
        print(f"[{number}/{len(chosen)}] {name}: {runner.question(name)}\n", flush=True)
        several = len(chosen) > 1
        code = runner.run(
            name,
            tiny=options.tiny,
            json=_own(options.json, name, several),
            plot=_own(options.plot, name, several),
        )
        if code:
            failed.append(f"{name} (status {code})")
        print(flush=True)
    if failed:
        raise UsageError(f"failed: {', '.join(failed)}; see above")


def _part(name: str) -> ModuleType:
    """Imports a module of the benchmarks' harness; they lie beside the package in a checkout."""
    return importlib.import_module(f"batchwarp.benchmarks.harness.{name}")


def _own(path: Path | None, name: str, several: bool) -> Path | None:
    """Returns the file of one benchmark."""
    if path is None or not several:
        return path
    return path.with_name(f"{path.stem}-{name}{path.suffix}")
