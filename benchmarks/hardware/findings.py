"""What a check finds, written down as it comes, so that it outlives a check that is stopped."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"


class NotRunError(Exception):
    """Something cannot be done on this machine; the text says why."""


class WrongError(Exception):
    """Something is not as it must be; the text says what."""


def reason_of(error: BaseException) -> tuple[str, str]:
    """Returns what an exception means for a check: its outcome, and why."""
    if isinstance(error, NotRunError):
        return NOT_RUN, str(error)
    # A package that only a framework's user has; ours must be there.
    if isinstance(error, ModuleNotFoundError) and error.name:
        name = error.name.partition(".")[0]
        if name not in ("batchwarp", "benchmarks"):
            return NOT_RUN, f"{name} is not installed"
    if isinstance(error, WrongError):
        return FAILED, str(error)
    return FAILED, f"{type(error).__name__}: {error}"


class Findings:
    """Takes down what a check finds, a line of JSON for each.

    Args:
        path: the file, which is appended to.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._failures: list[str] = []
        self._tried = self._done = 0
        self._missing: list[str] = []

    def _write(self, kind: str, **content: Any) -> None:
        line = json.dumps({"kind": kind, **content}, ensure_ascii=False)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def figure(self, name: str, value: Any) -> None:
        """Takes down a number, or whatever JSON can hold."""
        self._write("figure", name=name, value=value)

    def figures(self, values: Mapping[str, Any]) -> None:
        """Takes down several numbers by name."""
        for name, value in values.items():
            self.figure(name, value)

    def row(self, title: str, header: Sequence[str], cells: Sequence[str]) -> None:
        """Adds a row to the table of that title, whose header is the same each time."""
        self._write("row", title=title, header=list(header), cells=list(cells))

    def note(self, text: str) -> None:
        """Takes down a sentence for the page."""
        self._write("note", text=text)

    def missing(self, what: str, why: str) -> None:
        """Takes down that part of the check was not done."""
        line = f"{what}: {why}"
        if line in self._missing:  # told already, of another case
            return
        self._missing.append(line)
        self._write("missing", what=what, why=why)

    @contextmanager
    def part(self, what: str) -> Iterator[None]:
        """Does a part of a check, whose failure is taken down and does not end the check."""
        self._tried += 1
        try:
            yield
        except Exception as error:  # noqa: BLE001 - the other parts are done, whatever this was
            outcome, why = reason_of(error)
            if outcome == NOT_RUN:
                self.missing(what, why)
            else:
                traceback.print_exc()
                self._failures.append(f"{what}: {why}")
        else:
            self._done += 1

    def end(self, error: BaseException | None = None) -> None:
        """Takes down how the check has ended.

        Args:
            error: what ended it, or None.
        """
        if error is not None:
            outcome, why = reason_of(error)
        elif self._failures:
            outcome, why = FAILED, "; ".join(self._failures)
        elif self._tried and not self._done:
            outcome, why = NOT_RUN, "; ".join(self._missing)
        else:
            outcome, why = PASSED, ""
        self._write("outcome", outcome=outcome, why=why)


@dataclass
class Found:
    """What a check has found, as its file tells it.

    Attributes:
        outcome: `PASSED`, `FAILED` or `NOT_RUN`; empty if the check has not come to its end.
        why: what failed, or why it was not run.
        figures: numbers by name.
        tables: by title; each a header and rows.
        notes: sentences.
        missing: what was left out, and why.
    """

    outcome: str = ""
    why: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    missing: list[list[str]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Found:
        """Reads the file of a check; a line that was being written when it was stopped is lost."""
        found = cls()
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        for line in lines:
            with suppress(json.JSONDecodeError):
                found._take(json.loads(line))
        return found

    def _take(self, line: Mapping[str, Any]) -> None:
        kind = line["kind"]
        if kind == "figure":
            self.figures[line["name"]] = line["value"]
        elif kind == "row":
            held = self.tables.setdefault(line["title"], {"header": line["header"], "rows": []})
            held["rows"].append(line["cells"])
        elif kind == "note":
            self.notes.append(line["text"])
        elif kind == "missing":
            self.missing.append([line["what"], line["why"]])
        elif kind == "outcome":
            self.outcome, self.why = line["outcome"], line["why"]
