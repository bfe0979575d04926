"""What threads did along time, for the viewers of Chrome's traces."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from batchwarp._phases import Making, Span
from batchwarp.callbacks.input_files import write_report

__all__ = ["Trace"]

# Of some hundred bytes each; what comes after is left out, and the file says so.
_MOST = 200_000
_LOOP = "the loop"


class Trace:
    """Events, to be written as JSON in Chrome's trace event format.

    `chrome://tracing` and https://ui.perfetto.dev open such files.

    Attributes:
        left_out: Integer, how many events there was no place for.
    """

    def __init__(self) -> None:
        self._events: list[Span] = []
        self.left_out = 0

    def add(self, *spans: Span) -> None:
        """Adds events."""
        room = max(0, _MOST - len(self._events))
        self._events += spans[:room]
        self.left_out += max(0, len(spans) - room)

    def step(self, name: str, begin: int, end: int) -> None:
        """Adds what the loop is at.

        Args:
            name: String, `"wait"` or `"step"`.
            begin: Integer, nanoseconds.
            end: Integer, nanoseconds.
        """
        self.add(Span(name, _LOOP, begin, end))

    def making(self, making: Making) -> None:
        """Adds how a batch was made."""
        self.add(Span("batch", making.thread, making.begin, making.end), *making.spans())

    def content(self) -> dict[str, Any]:
        """Returns the events for JSON."""
        threads: dict[int | str, int] = {_LOOP: 0}
        start = min((span.begin for span in self._events), default=0)
        process = os.getpid()
        events: list[dict[str, Any]] = []
        for span in self._events:
            number = threads.setdefault(_thread(span), len(threads))
            events.append(
                {
                    "name": span.phase,
                    "ph": "X",
                    "ts": (span.begin - start) / 1000,
                    "dur": (span.end - span.begin) / 1000,
                    "pid": process,
                    "tid": number,
                }
            )
        names = [
            {
                "name": "thread_name",
                "ph": "M",
                "pid": process,
                "tid": number,
                "args": {"name": str(thread)},
            }
            for thread, number in threads.items()
        ]
        return {
            "traceEvents": [*names, *events],
            "displayTimeUnit": "ms",
            "otherData": {"events left out": self.left_out},
        }

    def write(self, path: Path) -> None:
        """Writes the events."""
        write_report(path, self.content())


def _thread(span: Span) -> int | str:
    return span.thread if isinstance(span.thread, str) else f"Python {span.thread}"
