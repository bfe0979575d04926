"""How batches are made while steps run, summed up as it comes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from batchwarp import _core, _phases
from batchwarp._phases import Making, Recorder
from batchwarp.callbacks.input_figures import PARTS, InputFigures, Setting
from batchwarp.runtime import get_num_threads

__all__ = ["BatchRecords"]

# So many are summed up at a time, when their code is near.
_PENDING = 64


class BatchRecords(Recorder):
    """Sums of what batches take, as threads make them.

    Args:
        source: Whose batches count, as of `Making`; `None` for all.
        keep: Function that is given each `Making`, for what draws them along time; `None` for none.
        waits: Pair of functions: one that is called before somebody waits for a batch, and one that
            is told from when to when; `None` for none.

    Attributes:
        counts: Boolean, whether what is made counts.
    """

    def __init__(
        self,
        source: object | None = None,
        keep: Callable[[Making], None] | None = None,
        waits: tuple[Callable[[], None], Callable[[int, int], None]] | None = None,
    ) -> None:
        self.counts = False
        self._source = source
        self._keep = keep
        self._waits = waits
        self._pending: deque[Making] = deque()
        self._lock = threading.Lock()
        self._bytes_to_cache: dict[int, int | None] = {}  # by flows
        self._batches, self._covered = 0, 0
        self._making = self._parallel = 0  # nanoseconds, as all sums
        self._spent = [0.0] * len(PARTS)
        self._earlier = (0, 0, [0.0] * len(PARTS), 0)

    def forget(self) -> None:
        """Begins anew, as if nothing had been made before."""
        self._pending.clear()
        self.clear()
        self._bytes_to_cache.clear()
        self._earlier = (0, 0, [0.0] * len(PARTS), 0)

    def clear(self) -> None:
        """Begins anew; what was summed up stands for batches that were all made before."""
        self._sum_up()
        if self._batches:
            self._earlier = (self._batches, self._making, self._spent, self._parallel)
        self._batches, self._covered = 0, 0
        self._making = self._parallel = 0
        self._spent = [0.0] * len(PARTS)

    def made(self, making: Making) -> None:
        """Takes note of a batch, in the thread that has made it."""
        source = making.source
        if not self.counts or (self._source is not None and self._source is not source):
            return
        key = id(source)
        if key not in self._bytes_to_cache:
            self._bytes_to_cache[key] = making.flow.bytes_to_cache
        pending = self._pending
        pending.append(making)
        if len(pending) >= _PENDING:
            self._sum_up()

    def asking(self, source: object) -> None:
        """Passes on that somebody begins to wait."""
        if self._waits is not None and self._source in (None, source):
            self._waits[0]()

    def given(self, source: object, begin: int, end: int) -> None:
        """Passes on that somebody has waited."""
        if self._waits is not None and self._source in (None, source):
            self._waits[1](begin, end)

    def _sum_up(self) -> None:
        with self._lock:
            pending, keep, spent, covered = self._pending, self._keep, self._spent, self._covered
            batches, parallel, making_any = 0, 0, 0
            while pending:
                making = pending.popleft()
                batches += making.batches
                parallel += making.add_to(spent)
                # Batches that are made at the same time take that time once.
                end = making.end
                if end > covered:
                    making_any += end - max(making.begin, covered)
                    covered = end
                if keep is not None:
                    keep(making)
            self._batches += batches
            self._parallel += parallel
            self._making += making_any
            self._covered = covered

    def figures(self, steps: int, seconds: float, waited: float) -> InputFigures:
        """Returns the figures of some steps, with the sums of what was made since `clear`.

        Args:
            steps: Integer, how many.
            seconds: Float, how long they took.
            waited: Float, how long they waited.
        """
        self._sum_up()
        found = (self._batches, self._making, self._spent, self._parallel)
        batches, making, spent, parallel = found if self._batches else self._earlier
        return InputFigures(
            steps,
            seconds,
            min(waited, seconds),
            batches,
            making / 1e9,
            {name: one / 1e9 for name, one in zip(PARTS, spent, strict=True)},
            parallel / 1e9,
            max(1, len(self._bytes_to_cache)),
        )

    def setting(self) -> Setting:
        """Returns how batches are made."""
        sizes = [size for size in self._bytes_to_cache.values() if size is not None]
        return Setting(get_num_threads(), _core.usable_processors(), sum(sizes) if sizes else None)

    def start(self, waits: bool = False) -> None:
        """Has batches be noted from now on.

        Args:
            waits: Boolean, whether also who waits for them.
        """
        _phases.record(self, waits)

    def stop(self) -> None:
        """Has no more batches be noted."""
        _phases.stop(self)
