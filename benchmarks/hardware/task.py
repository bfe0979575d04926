"""A check in its process: `python -m benchmarks.hardware.task FUNCTION SETTINGS FINDINGS SECONDS`.

A process for each, because an error on a card stays with the process that has made it.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .findings import NOT_RUN, Findings, NotRunError, reason_of
from .settings import EMULATION_VARIABLE, Settings

MARGIN = 1.5  # seconds between a check's own end and the time when it is stopped
CARD, EMULATED = "card", "emulation"


@dataclass(frozen=True)
class Task:
    """What a check is given.

    Attributes:
        settings: those of the run.
        findings: where it takes down what it finds.
        ends: when it should have ended, by `time.monotonic`.
    """

    settings: Settings
    findings: Findings
    ends: float

    @property
    def left(self) -> float:
        """Seconds that remain, 0 at least."""
        return max(0.0, self.ends - time.monotonic())

    def run(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> tuple[int, str]:
        """Runs a program in the time that is left.

        It stays in the process group of the check, and is stopped with it.

        Args:
            command: program and arguments.
            environment: variables on top of the check's own.
            folder: where it runs.

        Returns:
            Its exit code, and what it has written.

        Raises:
            NotRunError: if it has not ended in time, or there is no such program.
        """
        start = time.monotonic()
        try:
            done = subprocess.run(
                command,
                env={**os.environ, **(environment or {})},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=self.left,
                check=False,
            )
        except FileNotFoundError as error:
            raise NotRunError(f"there is no {command[0]}") from error
        except subprocess.TimeoutExpired as error:
            written = error.stdout or b""
            print(written.decode(errors="replace") if isinstance(written, bytes) else written)
            raise NotRunError(
                f"{Path(command[0]).name} was not done after {time.monotonic() - start:.0f} s"
            ) from error
        print(done.stdout)
        return done.returncode, done.stdout

    def device(self) -> str:
        """Returns `CARD`, or `EMULATED` where a dry run has the emulation in its place.

        The emulation's module then is the one that batchwarp uses.

        Raises:
            NotRunError: if there is neither, with the reason.
        """
        import batchwarp

        path = os.environ.get(EMULATION_VARIABLE)
        if self.settings.dry_run and path:
            name = "batchwarp._cuda"
            loader = importlib.machinery.ExtensionFileLoader(name, path)
            spec = importlib.util.spec_from_file_location(name, path, loader=loader)
            assert spec is not None
            module = importlib.util.module_from_spec(spec)
            loader.exec_module(module)
            sys.modules[name] = module
            batchwarp._cuda = module
            return EMULATED
        reason = batchwarp.cuda.unavailable_reason()
        if reason is not None:
            and_no = f"; {EMULATION_VARIABLE} names no emulation" if self.settings.dry_run else ""
            raise NotRunError(reason + and_no)
        return CARD


def main(words: Sequence[str]) -> int:
    """Runs a check; returns 0, whatever it has found."""
    function, settings, findings, seconds = words
    module, _, name = function.partition(".")
    written = Findings(Path(findings))
    task = Task(Settings.load(Path(settings)), written, time.monotonic() + float(seconds) - MARGIN)
    try:
        getattr(importlib.import_module(f"{__package__}.{module}"), name)(task)
    except Exception as error:  # noqa: BLE001 - it is taken down
        if reason_of(error)[0] != NOT_RUN:
            traceback.print_exc()
        written.end(error)
    else:
        written.end()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
