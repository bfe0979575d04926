"""What a run ran on: card, driver, processor, versions, commit."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.harness.machine import commit, cores, processor

from .process import output_of
from .settings import Settings

# Distributions whose versions are told where they are installed.
PACKAGES = (
    *("batchwarp", "numpy", "scipy", "opencv-python", "opencv-python-headless", "pillow"),
    *("keras", "torch", "torchvision", "jax", "jaxlib", "tensorflow", "cupy-cuda12x"),
    *("cupy-cuda13x", "kornia", "pybind11", "scikit-build-core"),
)
_OF_A_CARD = ("name", "driver_version", "memory.total", "compute_cap", "power.limit")
NVCC = ("nvcc", "/usr/local/cuda/bin/nvcc")


def cards() -> list[dict[str, str]]:
    """Returns what the driver says of each card."""
    listed = output_of(
        ["nvidia-smi", f"--query-gpu={','.join(_OF_A_CARD)}", "--format=csv,noheader"]
    )
    return [
        dict(zip(_OF_A_CARD, (value.strip() for value in line.split(",")), strict=False))
        for line in (listed or "").splitlines()
    ]


def nvcc() -> tuple[str, str] | None:
    """Returns the path of CUDA's compiler and its release, or None."""
    for program in NVCC:
        for line in (output_of([program, "--version"]) or "").splitlines():
            if "release" in line:
                return program, line.partition("release ")[2].partition(",")[0]
    return None


def physical_cores() -> int | None:
    """Returns how many cores the processors of this process are on, None if the system is silent.

    Two threads that share a core are less than two cores.
    """
    siblings = set()
    for number in os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ():
        topology = Path(f"/sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list")
        try:
            siblings.add(topology.read_text(encoding="utf-8").strip())
        except OSError:
            return None
    return len(siblings) or None


def memory() -> float | None:
    """Returns gigabytes of the machine's memory, or None."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return None


def versions(settings: Settings) -> dict[str, str]:
    """Returns the versions of the `PACKAGES` that are installed, for this run or before."""
    places = [str(settings.site), *sys.path] if not settings.dry_run else sys.path
    found: dict[str, str] = {}
    for name in PACKAGES:
        # The first one is what an import finds.
        for distribution in metadata.distributions(name=name, path=places):
            found.setdefault(name, distribution.version)
    return found


def about(settings: Settings) -> dict[str, Any]:
    """Returns the description, fit for JSON."""
    compiler = nvcc()
    size = memory()
    return {
        "commit": _commit(settings),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cards": cards(),
        "processor": processor(),
        "cores": cores(),
        "physical_cores": physical_cores(),
        "memory_gb": None if size is None else round(size),
        "system": platform.platform(),
        "python": platform.python_version(),
        "nvcc": compiler[1] if compiler else None,
        "versions": versions(settings),
    }


def _commit(settings: Settings) -> str:
    """Returns the commit, which files that were carried here know where git does not."""
    found = commit()
    if found == "unknown" and settings.carried:
        manifest = Path(settings.carried, "carried.json")
        if manifest.is_file():
            return str(json.loads(manifest.read_text(encoding="utf-8"))["commit"])
    return found
