"""What can be wrong with a data set."""

from __future__ import annotations

from os import PathLike

from batchwarp.console.errors import UsageError

__all__ = ["DatasetError"]


class DatasetError(UsageError):
    """A data set is missing, or one of its files is not what it must be.

    Args:
        path: The file or folder concerned.
        reason: What is wrong with it.
    """

    def __init__(self, path: str | PathLike[str], reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
