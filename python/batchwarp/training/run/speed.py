"""Measuring batchwarp's generator against Keras' own, on the data and settings of a run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import batchwarp
from batchwarp.console.frameworks import keras_generator_class

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True)
class Comparison:
    """What `compare` measured.

    Attributes:
        batchwarp: Images per second of batchwarp, the median of the repeats.
        keras: Images per second of Keras, likewise.
        repeats: Number of measurements of each.
        threads: Threads that batchwarp could use; Keras' generator uses one.
        difference: Largest absolute difference between two pixels of the same batches.
    """

    batchwarp: float
    keras: float
    repeats: int
    threads: int
    difference: float

    @property
    def ratio(self) -> float:
        """How many times as many images per second batchwarp makes."""
        return self.batchwarp / self.keras


def compare(
    settings: Mapping[str, Any],
    x: NDArray[np.uint8],
    y: NDArray[Any],
    *,
    batch_size: int,
    seed: int,
    repeats: int = 7,
    seconds: float = 0.2,
) -> Comparison:
    """Lets both generators make the same batches, in turn, and takes the time.

    Each measurement makes whole passes over `x` until `seconds` are over. The first pass of each,
    not measured, is compared pixel by pixel.

    Args:
        settings: Arguments of both generators' constructors.
        x: Images of shape `(n, height, width, channels)`, n at least 1.
        y: Labels of shape `(n,)` or `(n, k)`.
        batch_size: Images per batch.
        seed: Seed of both flows; the global state of `numpy.random` is left as it was.
        repeats: Number of measurements of each, at least 1.
        seconds: Least duration of a measurement.

    Returns:
        The comparison.

    Raises:
        MissingPackageError: If TensorFlow or SciPy cannot be imported.
    """
    classes = (batchwarp.ImageDataGenerator, keras_generator_class())
    # Keras' generator seeds NumPy's global state.
    state = np.random.get_state()
    try:
        flows = [
            generator(**settings).flow(x, y, batch_size=batch_size, shuffle=False, seed=seed)
            for generator in classes
        ]
        difference = _difference(*flows)
        rates: tuple[list[float], list[float]] = ([], [])
        for _ in range(repeats):
            for flow, measured in zip(flows, rates, strict=True):
                measured.append(_rate(flow, len(x), seconds))
    finally:
        np.random.set_state(state)
    return Comparison(
        batchwarp=statistics.median(rates[0]),
        keras=statistics.median(rates[1]),
        repeats=repeats,
        threads=batchwarp.runtime.get_num_threads(),
        difference=difference,
    )


def _difference(first: Any, second: Any) -> float:
    """Returns the largest difference of two pixels in one pass of two flows."""
    return max(
        float(np.max(np.abs(next(first)[0] - next(second)[0]), initial=0))
        for _ in range(len(first))
    )


def _rate(flow: Any, count: int, seconds: float) -> float:
    """Returns images per second over whole passes of `count` images."""
    passes = 0
    begin = time.perf_counter()
    while (elapsed := time.perf_counter() - begin) < seconds or not passes:
        for _ in range(len(flow)):
            next(flow)
        passes += 1
    return passes * count / elapsed
