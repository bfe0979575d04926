"""What every benchmark shares: interleaved timing, data, the machine's description, the report."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MILLISECOND = 1e-3


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
    """

    run: Callable[[], object]
    prepare: Callable[[], object] = field(default=lambda: None)


def interleaved(
    contenders: Mapping[str, Contender], *, rounds: int, stretch: float = 20 * MILLISECOND
) -> dict[str, Timing]:
    """Times all contenders in turn, round after round, so that drift of the machine hits all alike.

    Args:
        contenders: what to time, by name.
        rounds: how many measurements to take of each, at least 1.
        stretch: seconds that one measurement lasts, about; short work is called several times in
            it.

    Returns:
        The timing of a single call for each name.
    """
    calls: dict[str, int] = {}
    for name, contender in contenders.items():
        contender.prepare()
        contender.run()  # first touch of buffers, thread pools, caches
        start = time.perf_counter()
        contender.run()
        calls[name] = max(1, round(stretch / max(time.perf_counter() - start, 1e-9)))

    seconds: dict[str, list[float]] = {name: [] for name in contenders}
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


def _processor() -> str:
    """Returns the processor's name as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith(("model name", "CPU part")):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    """Returns the commit of the checkout that holds this file, marked if files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        ran = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return ran.stdout.strip()


def machine(*packages: str) -> dict[str, Any]:
    """Describes what a measurement ran on.

    Args:
        packages: distributions whose versions matter to it.

    Returns:
        Processor, cores, system, compiler, versions, commit and date, fit for JSON.
    """
    import batchwarp

    return {
        "processor": _processor(),
        "cores": cores(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "build": batchwarp.runtime.build_config(),
        "simd_tier": batchwarp.runtime.simd_tier(),
        "versions": {name: metadata.version(name) for name in ("batchwarp", "numpy", *packages)},
        "commit": _commit(),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def parser(description: str) -> argparse.ArgumentParser:
    """Returns a parser with the options that all benchmarks have."""
    result = argparse.ArgumentParser(description=description)
    result.add_argument(
        "--json", metavar="FILE", type=Path, help="write the figures to FILE as well"
    )
    result.add_argument(
        "--tiny",
        action="store_true",
        help="small inputs, to see that it runs; figures mean nothing",
    )
    return result


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


def as_json(timings: Mapping[str, Timing]) -> dict[str, dict[str, float]]:
    """Returns timings in a form fit for JSON."""
    return {name: asdict(timing) for name, timing in timings.items()}


def report(
    text: str, figures: Mapping[str, Any], about: Mapping[str, Any], to: Path | None
) -> None:
    """Prints a table under a line about the machine; writes the figures if a file is given.

    Args:
        text: the table.
        figures: what was measured, fit for JSON.
        about: what `machine` returned.
        to: where the JSON goes, or None.
    """
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    print(f"{about['processor']}, {about['cores']} cores, tier {about['simd_tier']}")
    print(f"{about['build'].get('compiler', 'unknown compiler')}; {versions}")
    print(f"commit {about['commit']}, {about['date']}\n")
    print(text)
    if to is not None:
        to.write_text(json.dumps({"machine": about, **figures}, indent=2) + "\n", encoding="utf-8")
