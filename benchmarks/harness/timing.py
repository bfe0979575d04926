"""Contenders timed in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, TypeVar

from .turns import turns

MILLISECOND = 1e-3

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Timing:
    """How long one call took, in seconds, over the rounds of a measurement.

    Attributes:
        median: over the rounds, as the next two; a round's figure is the mean of its calls.
        fastest: likewise.
        slowest: likewise.
        rounds: how many there were.
        seconds: of each round, the median of its calls, on which it has no effect that another
            process had the processor during some of them.
    """

    median: float
    fastest: float
    slowest: float
    rounds: int
    seconds: Sequence[float]

    @classmethod
    def of(cls, calls: Sequence[Sequence[float]]) -> Timing:
        """Returns the timing of what took these seconds, one for each call, by rounds."""
        means = [statistics.fmean(one) for one in calls]
        middles = tuple(statistics.median(one) for one in calls)
        return cls(statistics.median(means), min(means), max(means), len(means), middles)


@dataclass(frozen=True)
class Contender:
    """One of several ways to do the same work.

    Attributes:
        run: does the work once; what it returns is dropped.
        prepare: called before each timed stretch and not timed, to set a thread count, say.
        finish: called after each and not timed, to end what goes on in the background, say.
    """

    run: Callable[[], object]
    prepare: Callable[[], object] = field(default=lambda: None)
    finish: Callable[[], object] = field(default=lambda: None)


def interleaved(
    contenders: Mapping[Name, Contender], *, rounds: int, stretch: float = 20 * MILLISECOND
) -> dict[Name, Timing]:
    """Times all contenders in turn, round after round, so that drift of the machine hits all alike.

    If this process takes turns with another one, each timed stretch waits for its turn.

    Args:
        contenders: what to time, by name.
        rounds: how many measurements to take of each, at least 1.
        stretch: seconds that one measurement lasts, about; short work is called several times in
            it.

    Returns:
        The timing of a single call for each name.
    """
    for contender in contenders.values():
        contender.prepare()
        contender.run()  # first touch of buffers, thread pools, caches
        contender.finish()

    calls: dict[Name, list[list[float]]] = {name: [] for name in contenders}
    order = list(contenders)
    taking = turns()
    taking.start_race()
    for number in range(rounds):
        # Another one begins each round: nobody always follows the same neighbour.
        first = number % len(order)
        for name in order[first:] + order[:first]:
            contender = contenders[name]
            taking.hand_over(number)
            contender.prepare()
            calls[name].append(_stretch(contender.run, stretch))
            contender.finish()
    return {name: Timing.of(taken) for name, taken in calls.items()}


def _stretch(run: Callable[[], object], seconds: float) -> list[float]:
    """Returns how long each call took of as many as a stretch has room for, at least one."""
    start = time.perf_counter()
    ticks = [start]
    while len(ticks) == 1 or ticks[-1] - start < seconds:
        run()
        ticks.append(time.perf_counter())
    return [after - before for before, after in pairwise(ticks)]


def as_json(timings: Mapping[str, Timing]) -> dict[str, dict[str, Any]]:
    """Returns timings in a form fit for JSON.

    The seconds of each round are part of it only if processes take turns: they are for whoever
    compares the two, round by round.
    """
    found = {name: asdict(timing) for name, timing in timings.items()}
    if not turns().shared:
        for timing in found.values():
            del timing["seconds"]
    return found
