"""What is said where the system does not start all threads that were asked for."""

from __future__ import annotations

from batchwarp._warnings import warn

__all__ = ["NOT_STARTED", "Shortage", "warn_of_the_core"]

# What starting a thread, or asking a pool to, may raise. The message says which it was.
NOT_STARTED = (RuntimeError, MemoryError, OSError)

_anybody_knows = False


class Shortage:
    """Warns once that threads could not be started; every flow has one."""

    def __init__(self) -> None:
        self._known = False

    def tell(self, error: BaseException | None, lack: str) -> None:
        """Warns, the first time.

        Args:
            error: What starting a thread raised. Nothing is said at the end of the interpreter,
                which starts no threads and is no shortage.
            lack: String, a clause that says what there is too little of.
        """
        global _anybody_knows
        if self._known or "shutdown" in str(error):
            return
        self._known = _anybody_knows = True
        reason = f" ({str(error) or type(error).__name__})" if error is not None else ""
        warn(
            f"The system did not start a thread{reason}: {lack}. Batches are the same, but take "
            "longer. Usually it is a limit on processes or threads that is too low: `ulimit -u`, "
            "or that of a container.",
            RuntimeWarning,
        )


def warn_of_the_core(started: int, wanted: int) -> None:
    """Warns that the core's pool has too few threads, unless a flow has said it of its own.

    Args:
        started: Integer, how many threads a batch has, the calling one included.
        wanted: Integer, how many it should have.
    """
    if not _anybody_knows:
        Shortage().tell(None, f"batches are made by {started} of {wanted} threads")
