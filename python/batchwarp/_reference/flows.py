"""What flows draw by key: the order of samples, and numbers for Keras' arguments."""

from __future__ import annotations

from batchwarp._reference.philox import uniform

_ORDER, _KERAS = 0x7FFE, 0x7FFF


def order(seed: int, epoch: int, count: int) -> list[int]:
    """Returns the samples of a pass in their order."""
    return sorted(
        range(count), key=lambda sample: (uniform(seed, sample, epoch, _ORDER, 0), sample)
    )


def number_for_keras(seed: int, sample: int, epoch: int, column: int) -> float:
    """Returns the number from 0 to below 1 that Keras' parameter of a column is made from."""
    return uniform(seed, sample, epoch, _KERAS, column)


def sign_for_keras(seed: int, sample: int, epoch: int, column: int) -> int:
    """Returns the sign of that parameter, if it is one of several values."""
    return -1 if uniform(seed, sample, epoch, _KERAS, 128 + column) < 0.5 else 1
