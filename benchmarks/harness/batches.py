"""A batch, its random transforms and the call that applies them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core

from .images import images
from .machine import cores

THREADS = min(2, cores())
# Of operations that share the name of a parameter, Keras' comes first: plans have it by default.
NEUTRAL = {
    name: value
    for operation in reversed(_core.OPERATIONS)
    for name, value in zip(operation.columns, operation.neutral, strict=True)
}
TIER = _core.simd_tier()  # the best one, or what BATCHWARP_SIMD says


@dataclass(frozen=True)
class Shape:
    """What a batch consists of; its text names a case in tables and in the JSON."""

    n: int
    height: int
    width: int
    channels: int
    dtype: str

    def __str__(self) -> str:
        return f"{self.height}×{self.width}×{self.channels} {self.dtype}"

    @property
    def elements(self) -> int:
        """Values in the whole batch."""
        return self.n * self.height * self.width * self.channels

    def tiny(self) -> Shape:
        """Returns a shape of the same kind that takes no time."""
        side = min(self.height, 16)
        return Shape(min(self.n, 2), side, side, self.channels, self.dtype)


@dataclass(frozen=True)
class Ranges:
    """What random transforms are drawn from, uniformly.

    Attributes:
        rotation: degrees, to either side.
        shift: part of the height and of the width, to either side.
        zoom: smallest and largest factor, drawn for each axis.
        flip: whether half of the images are mirrored.
        further: smallest and largest value of columns of other operations, by their names.
    """

    rotation: float = 20
    shift: float = 0.1
    zoom: tuple[float, float] = (0.9, 1.1)
    flip: bool = False
    further: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def draw(self, shape: Shape, columns: Sequence[str]) -> NDArray[np.float64]:
        """Draws the same parameters each time: one row for each image.

        Args:
            shape: of the batch.
            columns: what a row consists of; those that are not drawn are neutral.

        Returns:
            An array of shape (shape.n, len(columns)).
        """
        rng = np.random.default_rng(1)
        n = shape.n
        drawn: dict[str, Any] = {
            "theta": rng.uniform(-self.rotation, self.rotation, n),
            "tx": rng.uniform(-self.shift, self.shift, n) * shape.height,
            "ty": rng.uniform(-self.shift, self.shift, n) * shape.width,
            "zx": rng.uniform(*self.zoom, n),
            "zy": rng.uniform(*self.zoom, n),
        }
        if self.flip:
            drawn["flip_horizontal"] = rng.integers(0, 2, n)
        for name, (low, high) in self.further.items():
            drawn[name] = rng.uniform(low, high, n)
        params = np.empty((n, len(columns)))
        for place, name in enumerate(columns):
            params[:, place] = drawn.get(name, NEUTRAL[name])
        return params


@dataclass(frozen=True)
class Batch:
    """Images, what is done to them, and the array that receives the result."""

    source: NDArray[Any]
    indices: NDArray[np.int64] | None
    params: NDArray[np.float64]
    plan: _core.Plan
    out: NDArray[Any]

    @classmethod
    def of(
        cls,
        source: NDArray[Any],
        shape: Shape,
        ranges: Ranges | None = None,
        *,
        indices: NDArray[np.int64] | None = None,
        target: str = "float32",
        **options: Any,
    ) -> Batch:
        """Draws the transforms of a batch.

        Args:
            source: the images, an array `(m, height, width, channels)`.
            shape: that of the batch; m is its n unless there are indices.
            ranges: what to draw from; None stands for the defaults.
            indices: which images the batch consists of, an array `(n,)`; None: all of them.
            target: type of the result.
            options: further arguments of `_core.Plan`.

        Returns:
            The batch, its destination allocated.
        """
        plan = _core.Plan(
            height=shape.height, width=shape.width, channels=shape.channels, **options
        )
        params = (ranges or Ranges()).draw(shape, plan.columns)
        out = np.zeros((shape.n, *source.shape[1:]), target)
        return cls(source, indices, params, plan, out)

    def run(self) -> None:
        """Makes the batch, in one call of the core."""
        _core.augment_batch(self.source, self.indices, self.params, self.plan, self.out)


def source_of(shape: Shape) -> NDArray[Any]:
    """Returns images of a shape."""
    return images(shape.n, shape.height, shape.width, shape.channels, shape.dtype)


def core_with(*, threads: int = THREADS, tier: str = TIER) -> Callable[[], None]:
    """Returns what sets the core up for a contender.

    Args:
        threads: how many work on a batch.
        tier: the instruction set, one of `_core.simd_tiers()`.

    Returns:
        A function without arguments, cheap enough to be called before each timed stretch.
    """

    def prepare() -> None:
        # There is no function that sets the tier, because users have no reason to change it midway.
        os.environ["BATCHWARP_SIMD"] = tier
        _core.read_environment()
        _core.set_num_threads(threads)

    return prepare
