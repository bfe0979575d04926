"""Contenders timed in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TypeVar

MILLISECOND = 1e-3

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Timing:
    """How long one call took, in seconds, over the rounds of a measurement."""

    median: float
    fastest: float
    slowest: float
    rounds: int


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

    Args:
        contenders: what to time, by name.
        rounds: how many measurements to take of each, at least 1.
        stretch: seconds that one measurement lasts, about; short work is called several times in
            it.

    Returns:
        The timing of a single call for each name.
    """
    calls: dict[Name, int] = {}
    for name, contender in contenders.items():
        contender.prepare()
        contender.run()  # first touch of buffers, thread pools, caches
        start = time.perf_counter()
        contender.run()
        calls[name] = max(1, round(stretch / max(time.perf_counter() - start, 1e-9)))
        contender.finish()

    seconds: dict[Name, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    for number in range(rounds):
        # Another one begins each round: nobody always follows the same neighbour.
        first = number % len(order)
        for name in order[first:] + order[:first]:
            contender = contenders[name]
            contender.prepare()
            start = time.perf_counter()
            for _ in range(calls[name]):
                contender.run()
            seconds[name].append((time.perf_counter() - start) / calls[name])
            contender.finish()
    return {
        name: Timing(statistics.median(taken), min(taken), max(taken), rounds)
        for name, taken in seconds.items()
    }


def as_json(timings: Mapping[str, Timing]) -> dict[str, dict[str, float]]:
    """Returns timings in a form fit for JSON."""
    return {name: asdict(timing) for name, timing in timings.items()}
