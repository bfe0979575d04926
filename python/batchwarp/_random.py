"""The states that random numbers are drawn from, and `numpy.random` on loan to a private one."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from batchwarp import _forks
from batchwarp._arguments import one_seed
from batchwarp._warnings import warn

__all__ = [
    "global_random",
    "is_borrowed",
    "random_state",
    "renew_random",
    "with_borrowed_global",
]

PATIENCE = 10.0
_Result = TypeVar("_Result")
_borrow_lock = threading.RLock()
_borrowing = threading.local()
# The thread that has the global state on loan, and what is to be put back.
_loan: tuple[int, Any] | None = None


@_forks.call_after_fork
def _end_loan() -> None:
    """Puts the global state back in a child, where the thread that has borrowed it is not."""
    global _loan
    _forks.renew(_borrow_lock)
    if "numpy.random" not in sys.modules:
        return
    renew_random(global_random())
    if _loan is not None and _loan[0] != threading.get_ident():
        global_random().set_state(_loan[1])
        _loan = None


def renew_random(random: np.random.RandomState) -> None:
    """Makes a state usable in a forked child, where another thread may have been drawing from it.

    Args:
        random: The state.
    """
    _forks.renew(random._bit_generator.lock)


@functools.cache
def global_random() -> np.random.RandomState:
    """Returns the state that `numpy.random.uniform` and its siblings draw from.

    It is one object for as long as the process lasts. NumPy imports it when it is asked for it.
    """
    with _forks.importing:
        state: np.random.RandomState = np.random.mtrand._rand
    return state


def random_state(seed: Any) -> np.random.RandomState:
    """Returns the state that something is drawn from once.

    Args:
        seed: Integer from 0 to 2³² - 1, or a sequence of such, as `numpy.random.seed` takes them;
            `None` for the global state.

    Returns:
        A state of its own, or the global one.

    Raises:
        ValueError: If the seed is something else.
    """
    if seed is None:
        return global_random()
    if not isinstance(seed, (list, tuple, np.ndarray)) or np.shape(seed) == ():
        return np.random.RandomState(one_seed("seed", seed))
    try:
        return np.random.RandomState(seed)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "`seed` should be an integer from 0 to 2**32 - 1, a sequence of such, or `None`. "
            f"Received: {seed!r}"
        ) from error


def is_borrowed() -> bool:
    """Whether this thread runs inside `with_borrowed_global`."""
    return getattr(_borrowing, "depth", 0) > 0


def with_borrowed_global(
    random: np.random.RandomState, work: Callable[[np.random.RandomState], _Result]
) -> _Result:
    """Lets code that calls `numpy.random.*` draw from a private state.

    Overridden methods and preprocessing functions draw from the global state, which Keras seeds for
    them. Here they find the same numbers there, and then the global state is put back as it was.
    Other threads that want to do the same wait; but not for ever, because the code may itself wait
    for them. After `PATIENCE` seconds they warn and run on the global state as it is.

    It is no context manager because Ctrl-C may come at the beginning of any function of Python's,
    and so before the state is put back.

    Args:
        random: The private state; it ends where the code left it. The global state itself is
            accepted and left in place.
        work: Function of the state to draw from for the same numbers.

    Returns:
        What the function returns.
    """
    if random is global_random():
        return work(random)
    lock = _borrow_lock
    taken: list[bool] = []
    try:
        # In one call: Ctrl-C cannot come between taking the lock and making a note of it.
        taken.extend(map(lock.acquire, (True,), (PATIENCE,)))
        if taken == [True]:
            return _with_loan(random, work)
    finally:
        if taken == [True]:
            lock.release()
    warn(
        "Another thread's function or overridden method has been drawing from `numpy.random` "
        f"for more than {PATIENCE} seconds. This thread goes on without waiting for it: what "
        "its own function draws does not follow from `seed`.",
        RuntimeWarning,
    )
    return work(random)


def _with_loan(
    random: np.random.RandomState, work: Callable[[np.random.RandomState], _Result]
) -> _Result:
    global _loan
    depth, outer = getattr(_borrowing, "depth", 0), _loan
    shared = global_random()
    saved = shared.get_state(legacy=False)
    try:
        _loan = outer or (threading.get_ident(), saved)
        _borrowing.depth = depth + 1
        shared.set_state(random.get_state(legacy=False))
        return work(shared)
    finally:
        try:
            _borrowing.depth = depth
            random.set_state(shared.get_state(legacy=False))
        finally:
            try:
                shared.set_state(saved)
            finally:
                _loan = outer
