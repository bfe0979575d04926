"""Batches that are made while the caller is busy with earlier ones."""

from __future__ import annotations

import atexit
import operator
import threading
import weakref
from collections import deque
from queue import SimpleQueue
from typing import Any, NamedTuple, Protocol

from batchwarp import _forks
from batchwarp._warnings import Caught, collected

_LOOK_AFTER = 1.0  # seconds

# What the threads of this process that make batches listen to.
_running: dict[threading.Thread, SimpleQueue[Any]] = {}
_forks.call_after_fork(_running.clear)


class Twin(Protocol):
    """What makes the batches of an iterator, and goes on by itself."""

    def __next__(self) -> Any:
        """Makes the next batch."""

    def place(self) -> dict[str, Any]:
        """Returns attributes with which the iterator would be behind the latest batch."""
        ...

    def give_back(self, random: Any) -> None:
        """Takes a random state that came with a place and is no longer needed."""


class Made(NamedTuple):
    """A batch that was made ahead.

    Attributes:
        batch: The batch.
        error: What was raised in its place, or `None`.
        warned: List of what was warned of meanwhile.
        place: Dictionary of attributes, where the iterator is after it.
    """

    batch: Any
    error: BaseException | None
    warned: list[Caught]
    place: dict[str, Any]


def _made(twin: Twin) -> Made:
    batch = error = None
    warned: list[Caught] = []
    try:
        with collected(warned):
            batch = next(twin)
    except BaseException as caught:  # noqa: BLE001 - the caller of `next` gets it, whatever it is
        error = caught
    return Made(batch, error, warned, twin.place())


class _Maker(threading.Thread):
    """Makes batches of an iterator in their order.

    The thread does not end with the process by itself, whose end must not come in the middle of a
    batch; `_end_all` sees to that.

    Args:
        owner: The iterator, with whose end the thread ends. It is not kept alive.
        twin: What makes its batches.

    Attributes:
        orders: Queue of integers, how many batches there should be in all; anything else ends the
            thread.
        reads: Batches that were made, in order; to be taken out by the caller.
        arrived: Lock that is open once a batch has been added.
    """

    def __init__(self, owner: object, twin: Twin) -> None:
        super().__init__(name="batchwarp-prefetch", daemon=True)
        self.orders: SimpleQueue[Any] = SimpleQueue()
        self.reads: deque[Made] = deque()
        self.arrived = threading.Lock()
        self.arrived.acquire()
        self._twin = twin
        # The callback is no Python code, in which Ctrl-C would be lost.
        self._owner = weakref.ref(owner, self.orders.put)

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
                    self.reads.append(_made(self._twin))
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
        owner: The iterator; it is not kept alive. Its lock must be held here and in all methods.
        twin: What makes its batches.
        state: List of all attributes that decide what its next batch is.

    Raises:
        RuntimeError, MemoryError, OSError: If no thread can be started.
    """

    def __init__(self, owner: object, twin: Twin, state: list[Any]) -> None:
        self._state = state
        self._delivered: Any = None  # the random state of the latest batch, once there is one
        self._count = 0
        self._twin = twin
        self._maker = _Maker(owner, twin)
        try:
            self._maker.start()
        except BaseException:
            self._maker.orders.put(None)  # after Ctrl-C it may be there nevertheless
            raise

    def fits(self, state: list[Any]) -> bool:
        """Whether the iterator is still as its latest batch left it, and the thread at work.

        Args:
            state: The iterator's, as for the constructor.
        """
        return (
            self._maker.is_alive()
            and len(state) == len(self._state)
            and all(map(operator.is_, state, self._state))
        )

    def wait(self, ahead: int) -> bool:
        """Waits for the next batch; false if there will be none, as the thread has ended by itself.

        Args:
            ahead: Integer, how many there should be beside it.
        """
        maker = self._maker
        maker.orders.put(self._count + ahead + 1)
        while not maker.reads:
            alive = maker.is_alive()
            if not alive and not maker.reads:
                return False
            # Ctrl-C may end the wait, then the batch is still the next. A thread that ends before
            # it runs says nothing.
            maker.arrived.acquire(timeout=_LOOK_AFTER)
        return True

    @property
    def first(self) -> Made:
        """The next batch; `wait` has been called, and was true."""
        return self._maker.reads[0]

    def drop_first(self, previous: Any, random: Any, state: list[Any]) -> None:
        """Drops the next batch, behind which the iterator is now.

        Args:
            previous: The random state that the iterator had until then.
            random: The one that came with the batch.
            state: As for the constructor, as it is now.
        """
        self._maker.reads.popleft()
        self._count += 1
        if previous is self._delivered:
            self._twin.give_back(previous)  # making a new state takes as long as a batch
        self._delivered = random
        self._state = state

    def close(self) -> None:
        """Ends the thread and drops what it has made."""
        self._maker.orders.put(None)
        self._maker.join()
