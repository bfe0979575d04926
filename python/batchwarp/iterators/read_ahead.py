"""Batches that are made while the caller is busy with earlier ones."""

from __future__ import annotations

import operator
import os
import weakref
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from batchwarp._warnings import Caught, collected, issue

if TYPE_CHECKING:
    from batchwarp.iterators.base import Iterator

_POSITION = ("batch_index", "total_batches_seen", "index_array", "_random")


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
    position = {name: getattr(twin, name) for name in _POSITION}
    if position["_random"] in twin._idle:  # the state that made this batch goes along with it
        twin._idle.remove(position["_random"])
    return _Read(batch, error, warned, position)


class ReadAhead:
    """The next batches of an iterator, made in a thread.

    The thread works with a twin of the iterator. The iterator itself is always where its caller has
    got to: it takes the twin's place after a batch together with the batch. Therefore nothing that
    was made too much is ever missed when the iterator goes on from somewhere else.

    Args:
        iterator: The iterator; it is not kept alive. Its lock must be held here and in all methods.
    """

    def __init__(self, iterator: Iterator) -> None:
        self._process = os.getpid()
        self._twin = iterator._twin()
        self._state = iterator._state()
        self._delivered: Any = None  # the state of the latest batch, once there is one
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="batchwarp-prefetch")
        self._reads: deque[Future[_Read]] = deque()
        for _ in range(iterator.prefetch):
            self._submit()
        self._end = weakref.finalize(
            iterator, self._executor.shutdown, wait=False, cancel_futures=True
        )
        self._end.atexit = False  # the executor has its own

    def _submit(self) -> None:
        self._reads.append(self._executor.submit(_read, self._twin))

    def fits(self, iterator: Iterator) -> bool:
        """Whether the iterator is still as its latest batch left it, in the same process."""
        state = iterator._state()
        return (
            self._process == os.getpid()
            and len(state) == len(self._state)
            and all(map(operator.is_, state, self._state))
        )

    def next(self, iterator: Iterator) -> Any:
        """Returns the next batch, and moves the iterator behind it.

        Args:
            iterator: The iterator, for which `fits` is true.

        Returns:
            The batch.

        Raises:
            BaseException: What the making of this batch raised, or warned of if that is an error.
        """
        read = self._reads[0].result()  # Ctrl-C may end the wait, then the batch is still the next
        self._submit()  # first, so that Ctrl-C between the two leaves a batch in front
        self._reads.popleft()
        if iterator._random is self._delivered:
            self._twin._give_back(iterator._random)  # making a new state takes as long as a batch
        vars(iterator).update(read.position)
        self._delivered = iterator._random
        self._state = iterator._state()
        issue(read.warned)
        if read.error is not None:
            raise read.error
        return read.batch

    def close(self) -> None:
        """Ends the thread and drops what it has made."""
        self._end.detach()
        if self._process == os.getpid():  # a forked child has no such thread
            self._executor.shutdown(wait=True, cancel_futures=True)
