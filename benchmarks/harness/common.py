"""What every benchmark shares: options, interleaved timing, data, the machine, the report."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

MILLISECOND = 1e-3
TINY_ROUNDS = 2
NOT_QUIET = 0.1  # share of all processors

Item = TypeVar("Item")
Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Timing:
    """How long one call took, in seconds, over the rounds of a measurement."""

    median: float
    fastest: float
    slowest: float
    rounds: int


@dataclass(frozen=True)
class Contender:
    """One of several ways to do the same work.

    Attributes:
        run: does the work once; what it returns is dropped.
        prepare: called before each timed stretch and not timed, to set a thread count, say.
        finish: called after each and not timed, to end what goes on in the background, say.
    """

    run: Callable[[], object]
    prepare: Callable[[], object] = field(default=lambda: None)
    finish: Callable[[], object] = field(default=lambda: None)


def interleaved(
    contenders: Mapping[Name, Contender], *, rounds: int, stretch: float = 20 * MILLISECOND
) -> dict[Name, Timing]:
    """Times all contenders in turn, round after round, so that drift of the machine hits all alike.

    Args:
        contenders: what to time, by name.
        rounds: how many measurements to take of each, at least 1.
        stretch: seconds that one measurement lasts, about; short work is called several times in
            it.

    Returns:
        The timing of a single call for each name.
    """
    calls: dict[Name, int] = {}
    for name, contender in contenders.items():
        contender.prepare()
        contender.run()  # first touch of buffers, thread pools, caches
        start = time.perf_counter()
        contender.run()
        calls[name] = max(1, round(stretch / max(time.perf_counter() - start, 1e-9)))
        contender.finish()

    seconds: dict[Name, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    for number in range(rounds):
        # Another one begins each round: nobody always follows the same neighbour.
        first = number % len(order)
        for name in order[first:] + order[:first]:
            contender = contenders[name]
            contender.prepare()
            start = time.perf_counter()
            for _ in range(calls[name]):
                contender.run()
            seconds[name].append((time.perf_counter() - start) / calls[name])
            contender.finish()
    return {
        name: Timing(statistics.median(taken), min(taken), max(taken), rounds)
        for name, taken in seconds.items()
    }


def images(
    n: int, height: int, width: int, channels: int, dtype: str, *, seed: int = 0
) -> NDArray[Any]:
    """Makes images with smooth areas, edges and noise, values 0 to 255.

    Args:
        n: how many.
        height: rows of each, in pixels.
        width: columns of each, in pixels.
        channels: values of each pixel.
        dtype: of the result, for instance `"uint8"`.
        seed: of the noise and of the waves' phases.

    Returns:
        An array of shape (n, height, width, channels).
    """
    rng = np.random.default_rng(seed)
    rows = np.arange(height, dtype=np.float32)[:, None, None]
    columns = np.arange(width, dtype=np.float32)[None, :, None]
    out = np.empty((n, height, width, channels), dtype)
    for image in out:
        phase = rng.uniform(0, 2 * np.pi, channels).astype(np.float32)
        waves = np.sin(rows / 9 + phase) + np.cos(columns / 7 - phase)
        edge = np.where(columns > rng.uniform(0.2, 0.8) * width, 40.0, -40.0)
        noise = rng.normal(0, 6, (height, width, channels))
        image[...] = np.clip(128 + 35 * waves + edge + noise, 0, 255)
    return out


def cores() -> int:
    """Returns how many processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """Returns the processor's name as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith(("model name", "CPU part")):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _git(*arguments: str) -> str:
    """Returns what git prints in the folder of this file."""
    return subprocess.run(
        ["git", *arguments],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    ).stdout.strip()


def commit() -> str:
    """Returns the commit of the checkout that holds this file, marked if files differ from it."""
    try:
        # An installed copy may lie in a checkout of something else.
        if Path(_git("rev-parse", "--show-toplevel"), "benchmarks") != Path(__file__).parents[1]:
            return "unknown"
        # What `benchmarks.results` writes is no part of what is measured.
        written = (":(top,exclude)benchmarks/results", ":(top,exclude)README.md")
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":(top)", *written)
        return _git("rev-parse", "--short=12", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _processor_time() -> tuple[float, float, float] | None:
    """Returns seconds: on the clock, of all processors at work, of this process and its children.

    None where the system does not tell.
    """
    stat = Path("/proc/stat")
    if not stat.exists():
        return None
    user, nice, system, _, _, irq, softirq, steal = (
        float(ticks) / os.sysconf("SC_CLK_TCK")
        for ticks in stat.read_text(encoding="utf-8").split()[1:9]
    )
    busy = user + nice + system + irq + softirq + steal
    return time.monotonic(), busy, sum(os.times()[:4])


_AT_START = _processor_time()


def _used_by_others() -> float | None:
    """Returns the share of all processors that others have used since the start, 0 to 1."""
    now = _processor_time()
    if now is None or _AT_START is None:
        return None
    elapsed, busy, own = (after - before for after, before in zip(now, _AT_START, strict=True))
    return max(0.0, busy - own) / max(elapsed * (os.cpu_count() or 1), 1e-3)


def machine(*packages: str) -> dict[str, Any]:
    """Describes what a measurement ran on.

    Args:
        packages: distributions whose versions matter to it.

    Returns:
        Processor, cores, system, compiler, versions, commit and date, fit for JSON.

    Raises:
        PackageNotFoundError: if one of them is not installed.
    """
    import batchwarp

    return {
        "processor": processor(),
        "cores": cores(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "build": batchwarp.runtime.build_config(),
        "simd_tier": batchwarp.runtime.simd_tier(),
        "versions": {name: metadata.version(name) for name in ("batchwarp", "numpy", *packages)},
        "commit": commit(),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def parser(
    description: str, *, rounds: int | None = None, plot: bool = False
) -> argparse.ArgumentParser:
    """Returns a parser with the options that all benchmarks have.

    Args:
        description: what `--help` says that the benchmark measures.
        rounds: default of `--rounds`; None for a benchmark that has no rounds.
        plot: whether the benchmark draws its figures, with `--plot`.

    Returns:
        A parser with `--json` and `--tiny`, and the options asked for.
    """
    # Not at the top: the hardware check needs this module before the package is built.
    from batchwarp.console.options import at_least

    result = argparse.ArgumentParser(description=description)
    result.add_argument(
        "--json",
        metavar="FILE",
        type=output_file(".json"),
        help="write the figures to FILE as well",
    )
    result.add_argument(
        "--tiny",
        action="store_true",
        help="small inputs, to see that it runs; figures mean nothing",
    )
    if rounds is not None:
        result.add_argument(
            "--rounds",
            type=at_least(1),
            default=rounds,
            metavar="N",
            help="measurements of each contender (default: %(default)s)",
        )
    if plot:
        result.add_argument(
            "--plot",
            metavar="FILE",
            type=output_file(".png", ".svg"),
            help="draw the figures into FILE, a .png or .svg",
        )
    return result


def output_file(*suffixes: str) -> Callable[[str], Path]:
    """Returns an argparse type for a file to write.

    Args:
        suffixes: what its name may end in, `".json"` say.

    Returns:
        A function from text to a path, which refuses other names and folders that do not exist.
    """

    def parse(text: str) -> Path:
        path = Path(text)
        if path.suffix not in suffixes:
            raise argparse.ArgumentTypeError(f"{text!r} does not end in {' or '.join(suffixes)}")
        if not path.parent.is_dir():
            raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r}")
        return path

    return parse


def parse(options: argparse.ArgumentParser, *modules: str) -> argparse.Namespace:
    """Parses the command line of a benchmark.

    Args:
        options: what `parser` returned.
        modules: what the benchmark imports beyond NumPy, by top-level names.

    Returns:
        The arguments; with `--tiny`, `rounds` are few.

    Raises:
        SystemExit: if an argument is wrong, or a module is not installed.
    """
    arguments = options.parse_args()
    if arguments.tiny and "rounds" in arguments:
        arguments.rounds = TINY_ROUNDS
    plotting = ["matplotlib"] if getattr(arguments, "plot", None) else []
    missing = [
        name
        for name in ("psutil", "rich", *modules, *plotting)
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        options.error(
            f"{', '.join(missing)} cannot be imported; "
            "install what the benchmarks need with: pip install 'batchwarp[bench]'"
        )
    return arguments


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


def as_json(timings: Mapping[str, Timing]) -> dict[str, dict[str, float]]:
    """Returns timings in a form fit for JSON."""
    return {name: asdict(timing) for name, timing in timings.items()}


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
    about = {**about, "used_by_others": _used_by_others()}
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
