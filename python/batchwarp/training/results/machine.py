"""What a training ran on: versions of the software, and the processor."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import numpy as np

import batchwarp

__all__ = ["processor", "versions"]

_CPU_INFO = Path("/proc/cpuinfo")


def versions() -> dict[str, str]:
    """Returns the versions of what is at work, by name.

    Keras and its backend are among them only if they have been imported.
    """
    found = {"batchwarp": batchwarp.__version__}
    keras = sys.modules.get("keras")
    if keras is not None:
        backend = keras.backend.backend()
        found["Keras"] = keras.__version__
        found[f"{backend} (backend)"] = getattr(sys.modules.get(backend), "__version__", "unknown")
    found["NumPy"] = np.__version__
    found["Python"] = platform.python_version()
    return found


def processor() -> str:
    """Returns the processor's name as the system tells it, and how many of them may be used."""
    # The benchmarks have the like of this, for they must run with any revision of the package.
    name = platform.processor() or platform.machine()
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("model name", "CPU part")):
                name = line.partition(":")[2].strip()
                break
    available = getattr(os, "sched_getaffinity", None)
    count = len(available(0)) if available else os.cpu_count() or 1
    return f"{name}, {count} {'core' if count == 1 else 'cores'}"
