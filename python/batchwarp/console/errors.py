"""What can go wrong and can be put right by its user."""

from __future__ import annotations

__all__ = ["MissingPackageError", "UsageError"]

_OTHER_BACKENDS = ("jax", "torch")


class UsageError(Exception):
    """Something its user can put right; the command line shows it as one line."""


class MissingPackageError(UsageError):
    """A package that the training scripts need is not installed or cannot be loaded.

    Args:
        package: Name of the package, as it is imported.
        reason: What the import said.
        instead: What the user can do otherwise, if there is anything.
    """

    def __init__(self, package: str, reason: object, instead: str = "") -> None:
        # The extra has one of Keras' backends.
        wanted = package if package in _OTHER_BACKENDS else "'batchwarp[train]'"
        super().__init__(
            f"{package} is needed for training and cannot be imported ({reason}); "
            f"install it with: pip install {wanted}{instead and f', or {instead}'}"
        )
        self.package = package
