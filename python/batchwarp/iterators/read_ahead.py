"""Batches that are made while the caller is busy with earlier ones."""

from __future__ import annotations

import atexit
import operator
import threading
import weakref
from collections import deque
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from batchwarp import _forks
from batchwarp._warnings import Caught, collected, issue

if TYPE_CHECKING:
    from batchwarp.iterators.base import Iterator

# Where an iterator is. It changes in one step, with which Ctrl-C or a fork does not interfere.
POSITION = ("batch_index", "total_batches_seen", "index_array", "_random")

_LOOK_AFTER = 1.0  # seconds

# What the threads of this process that make batches listen to.
_running: dict[threading.Thread, SimpleQueue[Any]] = {}
_forks.call_after_fork(_running.clear)


@dataclass(frozen=True)
class _Read:
    """A batch, or the error in its place, what was warned of, where the iterator is after it."""

    batch: Any
    error: BaseException | None
    warned: list[Caught]
    position: dict[str, Any]


def _read(twin: Iterator) -> _Read:
    batch = error = None
    warned: list[Caught] = []
    try:
        with collected(warned):
            batch = next(twin)
    except BaseException as caught:  # noqa: BLE001 - the caller of `next` gets it, whatever it is
        error = caught
    position = {name: getattr(twin, name) for name in POSITION}
    if position["_random"] in twin._idle:  # the state that made this batch goes along with it
        twin._idle.remove(position["_random"])
    return _Read(batch, error, warned, position)


class _Maker(threading.Thread):
    """Makes batches of an iterator in their order.

    The thread does not end with the process by itself, whose end must not come in the middle of a
    batch; `_end_all` sees to that.

    Args:
        iterator: The iterator, with whose end the thread ends. It is not kept alive.

    Attributes:
        orders: Queue of integers, how many batches there should be in all; anything else ends the
            thread.
        reads: Batches that were made, in order; to be taken out by the caller.
        arrived: Lock that is open once a batch has been added.
        twin: The iterator that makes them.
    """

    def __init__(self, iterator: Iterator) -> None:
        super().__init__(name="batchwarp-prefetch", daemon=True)
        self.orders: SimpleQueue[Any] = SimpleQueue()
        self.reads: deque[_Read] = deque()
        self.arrived = threading.Lock()
        self.arrived.acquire()
        self.twin = iterator._twin()
        # The callback is no Python code, in which Ctrl-C would be lost.
        self._iterator = weakref.ref(iterator, self.orders.put)

    def run(self) -> None:
        _running[self] = self.orders
        made = wanted = 0
        try:
            while True:
                if made >= wanted or not self.orders.empty():
                    order = self.orders.get()
                    if not isinstance(order, int):
                        return
                    wanted = max(wanted, order)
                else:
                    self.reads.append(_read(self.twin))
                    made += 1
                    if self.arrived.locked():
                        self.arrived.release()
        finally:  # for want of memory, too
            _running.pop(self, None)
            if self.arrived.locked():
                self.arrived.release()


@atexit.register
def _end_all() -> None:
    makers = list(_running.items())
    for _, orders in makers:
        orders.put(None)
    for maker, _ in makers:
        maker.join()


class ReadAhead:
    """The next batches of an iterator, made in a thread.

    The thread works with a twin of the iterator. The iterator itself is always where its caller has
    got to: it takes the twin's place after a batch together with the batch. Therefore nothing that
    was made too much is ever missed when the iterator goes on from somewhere else, or when Ctrl-C
    has come between any two steps here.

    Args:
        iterator: The iterator; it is not kept alive. Its lock must be held here and in all methods.

    Raises:
        RuntimeError, MemoryError, OSError: If no thread can be started.
    """

    def __init__(self, iterator: Iterator) -> None:
        self._state = iterator._state()
        self._delivered: Any = None  # the state of the latest batch, once there is one
        self._count = 0
        self._maker = _Maker(iterator)
        try:
            self._maker.start()
        except BaseException:
            self._maker.orders.put(None)  # after Ctrl-C it may be there nevertheless
            raise

    def fits(self, iterator: Iterator) -> bool:
        """Whether the iterator is still as its latest batch left it, and the thread at work."""
        state = iterator._state()
        return (
            self._maker.is_alive()
            and len(state) == len(self._state)
            and all(map(operator.is_, state, self._state))
        )

    def wait(self, iterator: Iterator) -> bool:
        """Waits for the next batch; false if there will be none, as the thread has ended by itself.

        Args:
            iterator: As for `next`.
        """
        maker = self._maker
        maker.orders.put(self._count + iterator.prefetch + 1)
        while not maker.reads:
            alive = maker.is_alive()
            if not alive and not maker.reads:
                return False
            # Ctrl-C may end the wait, then the batch is still the next. A thread that ends before
            # it runs says nothing.
            maker.arrived.acquire(timeout=_LOOK_AFTER)
        return True

    def next(self, iterator: Iterator) -> Any:
        """Returns the next batch, and moves the iterator behind it.

        Args:
            iterator: The iterator, for which `fits` is true; `wait` has been, too.

        Returns:
            The batch.

        Raises:
            BaseException: What the making of this batch raised, or warned of if that is an error.
        """
        maker = self._maker
        read = maker.reads[0]
        previous = iterator._random
        vars(iterator).update(read.position)
        # From here on the iterator is behind the batch. Unless all of this is done, it does not fit
        # the next time.
        maker.reads.popleft()
        self._count += 1
        if previous is self._delivered:
            maker.twin._give_back(previous)  # making a new state takes as long as a batch
        self._delivered = iterator._random
        self._state = iterator._state()
        issue(read.warned)
        if read.error is not None:
            raise read.error
        return read.batch

    def close(self) -> None:
        """Ends the thread and drops what it has made."""
        self._maker.orders.put(None)
        self._maker.join()
