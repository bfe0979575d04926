"""Processes that are stopped, with all that they have started, when their time is over."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

GRACE = 2.0  # seconds between asking a process to end and ending it


@dataclass(frozen=True)
class Ended:
    """How a process has ended.

    Attributes:
        code: its exit code; None if its time was over.
        seconds: how long it took.
    """

    code: int | None
    seconds: float


def run(
    command: Sequence[str], *, seconds: float, log: Path, environment: Mapping[str, str]
) -> Ended:
    """Runs a command in a process group of its own.

    Args:
        command: program and arguments.
        seconds: how long it may take.
        log: what it writes is appended to this file.
        environment: all of its variables.
    """
    start = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
            _signal(process, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
        finally:
            # Also what a process has left behind that ended well, workers for instance.
            _signal(process, signal.SIGKILL)
            process.wait()
    return Ended(code, time.monotonic() - start)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def output_of(command: Sequence[str]) -> str | None:
    """Returns what a short command prints; None if there is no such program, or it fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def tail(text: str, lines: int = 12) -> str:
    """Returns the end of what a program has written, for a report."""
    return "\n".join(text.strip().splitlines()[-lines:])
