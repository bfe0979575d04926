"""Files that are read before their turn, where it takes long to read one the first time."""

from __future__ import annotations

import atexit
import os
import stat
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NamedTuple
from weakref import ref

from batchwarp import _forks
from batchwarp._signals import let_through
from batchwarp._threads import NOT_STARTED

__all__ = ["FilesAhead", "Touch", "touch_file"]

_THREADS = 16
FILES = 128  # how many are read ahead, in whole batches
_PROBES = 4  # so many are asked whether it is worth it
_PAUSE = 16  # so many batches pass, or files, between two of them
_CHUNK = 1 << 18
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_SLOW = 0.5e-3  # seconds; much more than reading from memory takes, and as much as decoding
_TIMES = 4

# What reads a file, and the file.
Touch = tuple[Callable[[Any], object], Any]

_running: dict[threading.Thread, SimpleQueue[Any]] = {}
_forks.call_after_fork(_running.clear)


def touch_file(path: str) -> None:
    """Reads a file to have it in the system's memory, if it is a regular one: others may not end.

    Raises:
        OSError: If it cannot be read.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        left = status.st_size if stat.S_ISREG(status.st_mode) else 0
        while left > 0 and (read := len(os.read(descriptor, min(left, _CHUNK)))):
            left -= read
    finally:
        os.close(descriptor)


class _Order(NamedTuple):
    """A file that is to be read.

    Attributes:
        turn: Integer, of the batch that it is for.
        touch: What reads it.
    """

    turn: int
    touch: Touch


class _Shared:
    """What threads know of a `FilesAhead`, which they do not keep alive.

    Attributes:
        orders: Queue of `_Order`; anything else ends the threads.
        turn: Integer, of the batch that is being made: what is for it comes too late.
        verdicts: The latest answers to whether it was worth reading a file ahead.
        owner: Weak reference, whose end is that of the threads.
    """

    owner: ref[FilesAhead]

    def __init__(self) -> None:
        self.orders: SimpleQueue[Any] = SimpleQueue()
        self.turn = 0
        self.verdicts: deque[bool] = deque(maxlen=_PROBES)

    def work(self) -> None:
        """Reads files until there is an end."""
        me = threading.current_thread()
        _running[me] = self.orders
        count = 0
        try:
            while isinstance(order := self.orders.get(), _Order):
                if order.turn <= self.turn:
                    continue
                count += 1
                if count % _PAUSE == 1:
                    self.verdicts.append(_is_worth_it(order.touch))
                else:
                    _try(order.touch)
        finally:
            self.orders.put(None)  # for the others
            _running.pop(me, None)


def _try(touch: Touch) -> None:
    """Reads a file, whose errors are told when its turn comes."""
    read, what = touch
    try:
        read(what)
    except (OSError, ValueError, MemoryError) as error:  # ValueError: of what is no path
        let_through(error)


def _is_worth_it(touch: Touch) -> bool:
    """Reads a file twice; returns whether the second time was much shorter than the first.

    What else takes time, threads of Python's that are waited for above all, does so both times; and
    on a file system of whose files nothing stays in memory, reading ahead is of no use.
    """
    start = time.perf_counter()
    _try(touch)
    middle = time.perf_counter()
    _try(touch)
    return middle - start > _SLOW + _TIMES * (time.perf_counter() - middle)


@atexit.register
def _end_all() -> None:
    readers = list(_running.items())
    for _, orders in readers:
        orders.put(None)
    for reader, _ in readers:
        reader.join()


class FilesAhead:
    """Reads the files of coming batches in threads, as long as that is worth it.

    Now and then a file is read twice, and both times are compared: on a slow disk the threads that
    decode would wait for one file after the other, while many can be read at once. Where files are
    in memory, or the disk is as fast as decoding, there are no threads. They end with this object.
    """

    def __init__(self) -> None:
        self._set_up()
        _forks.watch(self)

    def _set_up(self) -> None:
        self._shared = _Shared()
        # The callback is no Python code, in which Ctrl-C would be lost.
        self._shared.owner = ref(self, self._shared.orders.put)
        self._started = False
        self.is_active = False
        self._batches = 0
        self._pass: Any = None
        self._until = 0

    _after_fork = _set_up

    def __reduce__(self) -> tuple[type[FilesAhead], tuple[()]]:
        return FilesAhead, ()

    def is_due(self) -> bool:
        """Whether `go_on` has something to do; to be asked once for each batch."""
        self._batches += 1
        return self.is_active or self._batches <= _PROBES or self._batches % _PAUSE == 0

    def go_on(
        self, order: object, first: int, last: int, touches: Callable[[int], list[Touch]]
    ) -> None:
        """Reads ahead, or finds out whether to.

        Args:
            order: What the batches' places belong to, known by its identity.
            first: Integer, the place of the next batch; the one before it is being made now.
            last: Integer, the place behind the last batch that may be read ahead.
            touches: Function of a place, which returns what reads the files of that batch.
        """
        shared = self._shared
        shared.turn += 1
        if order is not self._pass or not first <= self._until:
            self._pass, self._until = order, first
        verdicts = shared.verdicts
        if not self.is_active:
            some = touches(first) if first < last else []
            verdicts.append(bool(some) and _is_worth_it(some[0]))
            if sum(verdicts) <= _PROBES // 2 or not self._start():
                return
            self.is_active, self._until = True, first
        elif len(verdicts) == _PROBES and not any(verdicts):
            self.is_active, self._batches = False, _PROBES
            return
        for place in range(max(first, self._until), last):
            for touch in touches(place):
                shared.orders.put(_Order(shared.turn + place - first + 1, touch))
            self._until = place + 1

    def _start(self) -> bool:
        """Starts the threads, or as many as the system lets it; returns whether there are some."""
        if self._started:
            return True
        for _ in range(_THREADS):
            thread = threading.Thread(
                target=self._shared.work, name="batchwarp-reads-ahead", daemon=True
            )
            try:
                thread.start()
            except NOT_STARTED as error:
                let_through(error)
                break
            self._started = True
        return self._started
