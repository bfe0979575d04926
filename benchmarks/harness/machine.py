"""What a measurement ran on, and what else that machine did meanwhile."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any


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


def used_by_others() -> float | None:
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
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
