"""Peers that cannot share a process, each with one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from .batches import THREADS

ENVIRONMENT = {
    "ALBUMENTATIONS_NO_TELEMETRY": "1",
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "RAYON_NUM_THREADS": str(THREADS),
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def in_own_process(benchmark: str, process: str, more: Sequence[str]) -> list[dict[str, Any]]:
    """Runs a benchmark in a new process, for the peers that share it.

    Args:
        benchmark: its name; with `--process` it prints its cases as JSON, on its last line.
        process: which peers; `"torch"` and `"tensorflow"` say what Keras runs on.
        more: further options.

    Returns:
        The cases.

    Raises:
        RuntimeError: if it fails, with what it wrote.
    """
    package = __package__.rpartition(".")[0]
    backend = {"KERAS_BACKEND": "torch" if process == "torch" else "tensorflow"}
    ran = subprocess.run(
        [sys.executable, "-m", f"{package}.{benchmark}", "--process", process, *more],
        env={**os.environ, **ENVIRONMENT, **backend},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(
            f"the process for {process} ended with {ran.returncode}:\n{ran.stderr[-4000:]}"
        )
    cases: list[dict[str, Any]] = json.loads(ran.stdout.splitlines()[-1])
    return cases
