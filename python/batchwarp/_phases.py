"""What the making of batches takes, by its phases: noted only while somebody records.

While nobody does, a batch costs one look at an empty dictionary more. What is noted are moments of
one monotonic clock, so that sums and a drawing along time come from the same numbers.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from batchwarp import _forks

__all__ = [
    "PHASES",
    "FileTimes",
    "Making",
    "Note",
    "Recorder",
    "Shared",
    "Span",
    "add",
    "add_files",
    "asked",
    "begin",
    "end",
    "is_awaited",
    "is_recording",
    "noted",
    "now",
    "record",
    "shared",
    "stop",
    "takes_notes",
    "working_for",
]

PHASES = ("read", "decode", "warp", "function")
_NUMBERS = {phase: number for number, phase in enumerate(PHASES)}

_Result = TypeVar("_Result")

now = time.perf_counter_ns
_new = tuple.__new__


class Span(NamedTuple):
    """One phase of something, in one thread.

    Attributes:
        phase: String, one of `PHASES`.
        thread: Integer, or string, of which thread.
        begin: Integer, nanoseconds.
        end: Integer, nanoseconds.
    """

    phase: str
    thread: int | str
    begin: int
    end: int


class FileTimes(NamedTuple):
    """What threads of the core did for files.

    Attributes:
        times: Array `(n, 5)`, as from `_core.make_files`.
        start: Integer, nanoseconds, when that was called.
    """

    times: NDArray[np.int64]
    start: int

    def busy(self) -> list[int]:
        """Returns for how many nanoseconds files were read, decoded and warped."""
        times = self.times
        busy: list[int] = (times[:, 1:4] - times[:, :3]).sum(axis=0).tolist()
        return busy

    def spans(self) -> Iterator[Span]:
        """Yields the phases of each file."""
        for begun, read, decoded, done, number in self.times.tolist():
            moments = (begun, read, decoded, done)
            for phase, begin, end in zip(PHASES[:3], moments, moments[1:], strict=False):
                yield Span(phase, f"core {number}", self.start + begin, self.start + end)


Note = Span | FileTimes


class Shared(NamedTuple):
    """Work that threads share, between two moments of the thread that waits for it.

    Attributes:
        begin: Integer, nanoseconds.
        end: Integer, nanoseconds.
        notes: List of what all threads did.
    """

    begin: int
    end: int
    notes: list[Note]

    def spans(self) -> Iterator[Span]:
        """Yields what all threads did."""
        for note in self.notes:
            if isinstance(note, FileTimes):
                yield from note.spans()
            else:
                yield note

    def busy(self) -> list[int]:
        """Returns how many nanoseconds of threads each of `PHASES` took."""
        busy = [0] * len(PHASES)
        for note in self.notes:
            if isinstance(note, FileTimes):
                for number, spent in enumerate(note.busy()):
                    busy[number] += spent
            else:
                busy[_NUMBERS[note.phase]] += note.end - note.begin
        return busy


class Making:
    """How a batch, or several in one, was made.

    Attributes:
        flow: What makes it: a flow, or what makes its batches ahead; `None` afterwards.
        source: What tells batches of that flow from those of others: its `batches_of`.
        batches: Integer, how many.
        thread: Integer, of which thread.
        begin: Integer, nanoseconds.
        end: Integer, nanoseconds.
        alone: List of what that thread did by itself, whose calls of the core may have many.
        shared: List of `Shared`.
    """

    __slots__ = ("alone", "batches", "begin", "end", "flow", "shared", "source", "thread")

    def __init__(self, flow: Any, batches: int, thread: int) -> None:
        self.flow = flow
        self.source = flow.batches_of
        self.batches = batches
        self.thread = thread
        self.alone: list[Note] = []
        self.shared: list[Shared] = []
        self.begin = self.end = now()

    def seconds(self) -> list[float]:
        """Returns how long the batch took by the clock on the wall, by phase.

        What threads share counts as long as it takes, and its phases as what threads spend on them.

        Returns:
            List with an item for each of `PHASES`, and one for what was none of them.
        """
        spent = [0.0] * (len(PHASES) + 1)
        self.add_to(spent)
        return [one / 1e9 for one in spent]

    def add_to(self, spent: list[float]) -> int:
        """Adds what `seconds` returns to sums, in nanoseconds.

        It is called for each batch, of which some are made in tens of microseconds.

        Args:
            spent: List as from `seconds`.

        Returns:
            As `parallel`, in nanoseconds.
        """
        known, together = 0, 0
        for note in self.alone:
            if note.__class__ is Span:
                phase, _, begin, end = note
                took = end - begin
                spent[_NUMBERS[phase]] += took
                known += took
                if phase == "warp":
                    together += took
        for work in self.shared:
            took = work.end - work.begin
            together += took
            busy = work.busy()
            all_of_it = sum(busy)
            if all_of_it:
                known += took
                for number, one in enumerate(busy):
                    spent[number] += took * one / all_of_it
        rest = self.end - self.begin - known
        if rest > 0:
            spent[-1] += rest
        return together

    def spans(self) -> Iterator[Span]:
        """Yields what all threads did."""
        yield from Shared(self.begin, self.end, self.alone).spans()
        for work in self.shared:
            yield from work.spans()

    def parallel(self) -> float:
        """Returns how many of these seconds were work that more threads would share."""
        return self.add_to([0.0] * (len(PHASES) + 1)) / 1e9


class _State:
    """What a thread is at.

    Attributes:
        making: The batch that it makes, if it is recorded.
        notes: Where it notes what it does, or `None`.
        asks: Boolean, whether somebody has asked it for a batch.
        thread: Integer, which thread it is.
    """

    __slots__ = ("asks", "making", "notes", "thread")

    def __init__(self) -> None:
        self.making: Making | None = None
        self.notes: list[Note] | None = None
        self.asks = False
        self.thread = threading.get_ident()


class _Local(threading.local):
    """The state of each thread, which is looked up once where it is used several times.

    Attributes:
        state: As above.
    """

    def __init__(self) -> None:
        self.state = _State()


# Changed by single operations only, so that it needs no lock.
_recorders: dict[int, weakref.ref[Recorder]] = {}
_waiting: dict[int, weakref.ref[Recorder]] = {}
_local = _Local()

# How many there are; called with each batch, so as short as can be.
is_recording: Callable[[], int] = _recorders.__len__
is_awaited: Callable[[], int] = _waiting.__len__


@_forks.call_after_fork
def _forget() -> None:
    """Ends all recording in a forked child: it is the parent's steps that are measured."""
    _recorders.clear()
    _waiting.clear()
    _local.state = _State()


class Recorder:
    """What is told of batches; to be derived from."""

    def made(self, making: Making) -> None:
        """Is called when a batch has been made, in the thread that has made it."""

    def asking(self, source: object) -> None:
        """Is called when a batch is asked for, before the clock is read.

        Args:
            source: As of `Making`.
        """

    def given(self, source: object, begin: int, end: int) -> None:
        """Is called when a batch has been handed out, in the thread that has asked for it.

        Args:
            source: As of `Making`.
            begin: Integer, nanoseconds, when it was asked for.
            end: Integer, nanoseconds, when it was there.
        """


def record(recorder: Recorder, waits: bool = False) -> None:
    """Has a recorder told of all batches from now on.

    Args:
        recorder: The recorder. It is not kept alive: a training that is interrupted stops nothing.
        waits: Boolean, whether it is also told of batches that are handed out.
    """
    _recorders[id(recorder)] = weakref.ref(recorder)
    if waits:
        _waiting[id(recorder)] = weakref.ref(recorder)


def _alive(recorders: dict[int, weakref.ref[Recorder]]) -> list[Recorder]:
    """Returns the recorders, without those that are gone."""
    found = []
    for key, reference in list(recorders.items()):
        recorder = reference()
        if recorder is None:
            recorders.pop(key, None)
        else:
            found.append(recorder)
    return found


def stop(recorder: Recorder) -> None:
    """Has a recorder told of no more batches."""
    _recorders.pop(id(recorder), None)
    _waiting.pop(id(recorder), None)


def begin(flow: Any, batches: int = 1) -> Making | None:
    """Notes that this thread makes batches from here on, until `end`.

    Args:
        flow: As of `Making`.
        batches: Integer, how many.

    Returns:
        What to give to `end`; `None` if nobody records.
    """
    if not _recorders:
        return None
    state = _local.state
    if state.making is not None:
        return None
    made = state.making = Making(flow, batches, state.thread)
    state.notes = made.alone
    return made


def end(made: Making | None) -> None:
    """Notes that batches are made, or could not be.

    Args:
        made: As from `begin`.
    """
    if made is None:
        return
    state = _local.state
    state.making = state.notes = None
    made.end = now()
    for reference in tuple(_recorders.values()):
        recorder = reference()
        if recorder is None:
            _alive(_recorders)
        else:
            recorder.made(made)
    made.flow = None  # which may be gone before this is


def asked(source: object, make: Callable[[], _Result]) -> _Result:
    """Returns what a function returns, and notes that somebody waits for a batch meanwhile.

    Args:
        source: As of `Making`.
        make: The function.
    """
    state = _local.state
    if state.asks or state.making is not None:
        return make()
    state.asks = True
    try:
        for recorder in _alive(_waiting):
            recorder.asking(source)
        start = now()
        try:
            return make()
        finally:
            over = now()
            for recorder in _alive(_waiting):
                recorder.given(source, start, over)
    finally:
        state.asks = False


@contextmanager
def shared() -> Iterator[list[Note] | None]:
    """Notes that the block is work that threads share.

    Yields:
        What threads are to note their part in, by `working_for`; `None` if nobody records.
    """
    state = _local.state
    made = state.making
    if made is None:
        yield None
        return
    outer = state.notes
    notes: list[Note] = []
    state.notes, start = notes, now()
    try:
        yield notes
    finally:
        state.notes = outer
        if outer is made.alone:
            made.shared.append(Shared(start, now(), notes))
        elif outer is not None:
            outer.extend(notes)


def working_for(notes: list[Note], work: Callable[[int], _Result]) -> Callable[[int], _Result]:
    """Returns a function that notes what it does, in whatever thread it is called.

    Args:
        notes: As from `shared`.
        work: The function of an integer.
    """

    def noting(number: int) -> _Result:
        state = _local.state
        outer, state.notes = state.notes, notes
        try:
            return work(number)
        finally:
            state.notes = outer

    return noting


@contextmanager
def noted(phase: str) -> Iterator[None]:
    """Notes, if somebody records, that the block is a phase; within another one, it is part of it.

    Args:
        phase: String, one of `PHASES`.
    """
    state = _local.state
    notes = state.notes
    if notes is None:
        yield
        return
    state.notes, start = None, now()
    try:
        yield
    finally:
        state.notes = notes
        add(phase, start, now())


def add(phase: str, begin: int, end: int) -> None:
    """Notes a phase that is over, if somebody records."""
    state = _local.state
    notes = state.notes
    if notes is not None:
        # A call of Python's less than by its own constructor, which counts behind a large batch.
        notes.append(_new(Span, (phase, state.thread, begin, end)))


def add_files(times: NDArray[np.int64] | None, start: int) -> None:
    """Notes what the core's threads did for files.

    Args:
        times: Array as from `_core.make_files`, or `None`.
        start: Integer, nanoseconds, when that was called.
    """
    notes = _local.state.notes
    if times is not None and notes is not None:
        notes.append(FileTimes(times, start))


def takes_notes() -> bool:
    """Whether this thread notes what it does."""
    return _local.state.notes is not None
