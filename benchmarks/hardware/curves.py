"""Speed by number of threads, and what bends the curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .gil import Waiting

# A step to twice the threads that gains less than this part of twice the speed is a bend.
STRAIGHT = 0.8
# A copy on as many threads moves bytes at most so much faster, where memory is what bends it.
NEAR_COPY = 0.6
NOTICEABLE = 0.15  # of the threads' time


@dataclass(frozen=True)
class Point:
    """What was measured with one number of threads.

    Attributes:
        threads: how many.
        seconds: that the work takes once.
        waiting: what the threads did meanwhile.
        bytes: that are read and written once; 0: not known.
    """

    threads: int
    seconds: float
    waiting: Waiting
    bytes: float = 0

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return self.bytes / self.seconds


def numbers_of_threads(cores: int) -> list[int]:
    """Returns 1, 2, 4 and so on, and the number of cores."""
    powers = [2**k for k in range(cores.bit_length()) if 2**k < cores]
    return [*powers, cores]


def bend(curve: Sequence[Point]) -> tuple[Point, Point] | None:
    """Returns the first two neighbours between which the curve bends, or None."""
    for before, after in pairwise(curve):
        gained = before.seconds / after.seconds
        if gained < STRAIGHT * after.threads / before.threads:
            return before, after
    return None


def explanation(
    curve: Sequence[Point],
    copying: Mapping[int, float] | None = None,
    physical_cores: int | None = None,
) -> str:
    """Says where a curve bends and what bends it, as far as the figures tell.

    Args:
        curve: by number of threads, rising.
        copying: bytes a second that copies move, by number of threads.
        physical_cores: how many cores there are, if processors share them.
    """
    last = curve[-1]
    gained = f"{curve[0].seconds / last.seconds:.1f} times as fast on {last.threads} threads"
    found = bend(curve)
    if found is None:
        return f"{gained}: no bend."
    before, after = found
    reasons = []
    waiting = after.waiting
    if waiting.for_the_gil > NOTICEABLE:
        reasons.append(
            f"the GIL, which was taken for {waiting.taken:.0%} of the time while threads stood "
            f"still for {waiting.idle:.0%} of theirs"
        )
    if waiting.for_others > NOTICEABLE:
        reasons.append(
            f"threads that wait for each other or for files, {waiting.for_others:.0%} of their time"
        )
    if waiting.without_processor > NOTICEABLE:
        reasons.append(
            f"too few processors, or others on them: threads were ready and had none for "
            f"{waiting.without_processor:.0%} of their time"
        )
    copied = (copying or {}).get(after.threads)
    if copied and after.bytes and after.rate > NEAR_COPY * copied:
        reasons.append(
            f"memory: {after.rate / 1e9:.1f} GB/s, where copies of the same size move "
            f"{copied / 1e9:.1f} GB/s"
        )
    if physical_cores is not None and after.threads > physical_cores >= before.threads:
        reasons.append(f"processors that share {physical_cores} cores")
    if not reasons:
        reasons.append(
            "nothing that was measured: threads are at work, so each is slower (clock, caches, "
            "others on the machine)"
        )
    return (
        f"{gained}; bends between {before.threads} and {after.threads} threads: "
        f"{'; '.join(reasons)}."
    )
