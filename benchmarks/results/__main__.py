"""Runs the benchmarks, keeps their figures, and writes the results page and the README's share.

    python -m benchmarks.results                    measure everything
    python -m benchmarks.results kernels memory     measure these, keep the other figures
    python -m benchmarks.results --render           measure nothing, write the pages anew

All benchmarks take less than half an hour on two cores. Run it on a clean checkout and a quiet
machine: the page tells if they were not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import page, plots, runner

FOLDER = Path(__file__).parent
README = FOLDER.parent.parent / "README.md"


def measure(names: Sequence[str], folder: Path, *, tiny: bool) -> list[str]:
    """Runs benchmarks and keeps the figures of those that succeed and have measured something.

    Args:
        names: which ones.
        folder: where `NAME.json` goes.
        tiny: whether only to see that they run.

    Returns:
        The names of those that failed; their older figures are left alone.
    """
    failed = []
    for number, name in enumerate(names, 1):
        print(f"[{number}/{len(names)}] {name}", flush=True)
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            written = Path(scratch, "figures.json")
            if runner.run(name, json=written, tiny=tiny):
                failed.append(name)
                continue
            text = written.read_text(encoding="utf-8")
            # A text is the reason; a list, as of libraries that are not installed, says what else.
            if not isinstance(json.loads(text).get("not_measured"), str):
                (folder / f"{name}.json").write_text(text, encoding="utf-8", newline="\n")
        print(f"{time.monotonic() - start:.0f} s\n", flush=True)
    return failed


def load(folder: Path) -> dict[str, Any]:
    """Returns the figures of all benchmarks that have been measured, by name."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.json"))
        if path.stem in runner.names()
    }


def render(folder: Path, readme: Path) -> list[str]:
    """Writes the pictures, the results page and the README's share.

    Args:
        folder: where the figures are, and the page and the pictures go.
        readme: the README, which keeps all but its figures.

    Returns:
        The keys of targets that are missed without a word in `unmet.md`.

    Raises:
        SystemExit: if there are no figures.
    """
    figures = load(folder)
    if not figures:
        raise SystemExit(f"error: no figures in {folder}: nothing was measured yet")
    said = page.notes((folder / "unmet.md").read_text(encoding="utf-8"))
    for name in figures:
        if name in plots.PLOTS:
            plots.save(name, figures[name], folder / f"{name}.svg")
    pages = {
        folder / "README.md": page.results_page(figures, said),
        readme: page.with_figures(readme.read_text(encoding="utf-8"), figures),
    }
    for path, content in pages.items():
        path.write_text(content, encoding="utf-8", newline="\n")
    return page.without_notes(figures, said)


def main(words: Sequence[str] | None = None) -> int:
    """Does what the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.results", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="what to measure (default: everything)"
    )
    parser.add_argument("--render", action="store_true", help="measure nothing")
    parser.add_argument(
        "--tiny", action="store_true", help="see that all runs; figures mean nothing"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where figures and page are")
    parser.add_argument("--readme", type=Path, default=README, help="the README to write into")
    options = parser.parse_args(words)
    known = runner.names()
    for name in options.names:
        if name not in known:
            parser.error(f"unknown benchmark {name!r}: accepted are {', '.join(known)}")
    if options.render and options.names:
        parser.error("--render measures nothing, so it takes no names")
    if options.tiny and options.folder == FOLDER:
        parser.error("--tiny needs another --folder: its figures mean nothing")
    failed = (
        [] if options.render else measure(options.names or known, options.folder, tiny=options.tiny)
    )
    for key in render(options.folder, options.readme):
        print(f"target {key} is not met, and {options.folder / 'unmet.md'} says nothing about it")
    if failed:
        print(f"error: failed, older figures kept: {', '.join(failed)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
