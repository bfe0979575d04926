"""What steps wait for, in figures, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from batchwarp._phases import PHASES
from batchwarp._words import counted

__all__ = [
    "PARTS",
    "Advice",
    "InputFigures",
    "Setting",
    "advice",
    "rounded",
    "sums",
    "verdict",
]

# What a wait is for; "function" is a function or a method of the user's.
PARTS = (*PHASES, "hand-over")
_POINT = 0.01
_MOST_OF_IT = 0.9


@dataclass(frozen=True)
class Setting:
    """How batches are made.

    Attributes:
        threads: Integer, of the core.
        processors: Integer, how many this process may use.
        bytes_to_cache: Integer, what a cache of decoded images would take, or `None`.
    """

    threads: int
    processors: int
    bytes_to_cache: int | None = None


@dataclass(frozen=True)
class InputFigures:
    """Some steps: how long they took, how long they waited, and how their batches were made.

    Attributes:
        steps: Integer, how many steps.
        seconds: Float, how long they took by the clock on the wall, waiting included.
        waited: Float, seconds of these that were spent waiting for data.
        batches: Integer, how many batches were made meanwhile, so far as this process saw it.
        making: Float, seconds during which at least one of these was being made.
        phases: Dictionary of seconds by the names of `PARTS`, whose sum is more than `making` if
            several batches were made at once.
        parallel: Float, seconds of these in which the core's threads worked together.
        flows: Integer, of how many flows a step has a batch.
    """

    steps: int
    seconds: float
    waited: float
    batches: int
    making: float
    phases: Mapping[str, float]
    parallel: float
    flows: int = 1

    @property
    def share(self) -> float:
        """The share of a step that is waiting, 0 to 1."""
        return self.waited / self.seconds if self.seconds > 0 else 0.0

    @property
    def batch(self) -> float:
        """Seconds that making the batches of a step takes."""
        return self.making / self.batches * self.flows if self.batches else 0.0

    def _of_batch(self, seconds: float) -> float:
        """Returns how much of `batch` so many seconds of all phases are."""
        together = sum(self.phases.values())
        return self.batch * seconds / together if together > 0 else 0.0

    def parts(self) -> dict[str, float]:
        """Returns shares of a step, 0 to 1, by what it waits for; their sum is `share`.

        Batches that are made while the model computes are waited for in part. Of that, each phase
        has its part. What is longer than making a batch takes is handing it over.
        """
        if not self.steps or self.seconds <= 0:
            return dict.fromkeys(PARTS, 0.0)
        step, waited = self.seconds / self.steps, self.waited / self.steps
        scale = min(1.0, waited / self.batch) if self.batch > 0 else 0.0
        found = {name: scale * self._of_batch(self.phases[name]) / step for name in PARTS}
        found["hand-over"] = max(0.0, self.share - sum(found[name] for name in PHASES))
        return found

    def without(self, seconds: float) -> float:
        """Returns what `share` would be if making the batches of a step took less.

        Args:
            seconds: Float, how much less.
        """
        if not self.steps or self.seconds <= 0:
            return 0.0
        step, waited = self.seconds / self.steps, self.waited / self.steps
        left = max(0.0, waited - seconds)
        return left / (step - waited + left) if left > 0 else 0.0

    def without_files(self) -> float:
        """Returns what `share` would be if decoded images came from memory."""
        return self.without(self._of_batch(self.phases["read"] + self.phases["decode"]))

    def with_threads(self, now: int, then: int) -> float:
        """Returns what `share` would be with another number of threads of the core.

        Args:
            now: Integer, how many there are.
            then: Integer, how many there would be.
        """
        return self.without(self._of_batch(self.parallel) * (1 - now / then))

    def described(self) -> dict[str, Any]:
        """Returns the figures for JSON."""
        step = self.seconds / self.steps if self.steps else 0.0
        return {
            **asdict(self),
            "phases": {name: round(value, 6) for name, value in self.phases.items()},
            "seconds_per_step": step,
            "share": self.share,
            "parts": self.parts(),
        }


@dataclass(frozen=True)
class Advice:
    """What would take waiting away.

    Attributes:
        cache: Integer, how many points of 100 a cache in memory would take off; `None` if there is
            nothing to cache.
        threads: Integer, the number of threads beyond which more bring nothing; `None` if none do.
        by_threads: Integer, how many points that many threads would take off.
        short_of_processors: Boolean, whether more threads would help if there were processors for
            them.
    """

    cache: int | None
    threads: int | None
    by_threads: int
    short_of_processors: bool


def advice(figures: InputFigures, setting: Setting) -> Advice:
    """Returns what would take waiting away, by what was measured.

    Args:
        figures: What was measured.
        setting: How batches were made.
    """
    cache = None
    if setting.bytes_to_cache is not None and figures.batches:
        cache = _points(figures.share - figures.without_files())
    counts = range(setting.threads + 1, setting.processors + 1)
    gains = {
        count: figures.share - figures.with_threads(setting.threads, count) for count in counts
    }
    most = max(gains.values(), default=0.0)
    threads = None
    if most >= _POINT:
        threads = next(count for count, gain in gains.items() if gain >= _MOST_OF_IT * most)
    twice = figures.with_threads(setting.threads, 2 * setting.threads)
    return Advice(
        cache,
        threads,
        0 if threads is None else _points(gains[threads]),
        threads is None and _points(figures.share - twice) > 0,
    )


def verdict(figures: InputFigures, setting: Setting) -> str:
    """Returns in one line what steps wait for, and what would change that.

    Args:
        figures: What was measured.
        setting: How batches were made.
    """
    if not figures.steps:
        return "too few steps to say what they wait for: the first one is not counted"
    milliseconds = 1000 * figures.seconds / figures.steps
    waits = _points(figures.share)
    if not waits:
        return f"no step waits for data: {_short(milliseconds)} ms each, all of it the model's"
    said = f"{waits}% of each step of {_short(milliseconds)} ms waits for data"
    if not figures.batches:
        return (
            f"{said}; what for is known of flows of batchwarp alone, whose batches are made in "
            "this process and not by its workers"
        )
    shown = rounded(figures.parts())
    names = [name for name in PARTS if shown[name] or name != "function"]
    said += ": " + ", ".join(f"{name} {shown[name]}" for name in names)
    return "; ".join([said, *_said(advice(figures, setting))])


def _said(found: Advice) -> Iterator[str]:
    if found.cache:
        yield f"`cache='memory'` would take {counted(found.cache, 'point')} off"
    if found.threads is not None:
        yield (
            f"{found.threads} threads would take {counted(found.by_threads, 'point')} off, more "
            "would not"
        )
    elif found.short_of_processors:
        yield "there are no processors for more threads"
    else:
        yield "more threads would not help"


def rounded(parts: Mapping[str, float]) -> dict[str, int]:
    """Returns shares in points of 100, rounded so that their sum is that of the shares, rounded.

    Args:
        parts: Dictionary of shares, 0 to 1.
    """
    down = {name: int(100 * share) for name, share in parts.items()}
    missing = _points(sum(parts.values())) - sum(down.values())
    for name in sorted(parts, key=lambda name: down[name] - 100 * parts[name])[:missing]:
        down[name] += 1
    return down


def _points(share: float) -> int:
    return int(100 * share + 0.5)


def _short(milliseconds: float) -> str:
    return f"{milliseconds:.0f}" if milliseconds >= 10 else f"{milliseconds:.2g}"


def sums(figures: Sequence[InputFigures]) -> InputFigures:
    """Returns the figures of all steps together.

    Args:
        figures: Sequence of figures of different steps.
    """
    return InputFigures(
        sum(one.steps for one in figures),
        sum(one.seconds for one in figures),
        sum(one.waited for one in figures),
        sum(one.batches for one in figures),
        sum(one.making for one in figures),
        {name: sum(one.phases[name] for one in figures) for name in PARTS},
        sum(one.parallel for one in figures),
        max((one.flows for one in figures), default=1),
    )
