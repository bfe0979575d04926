"""A part of the data, as a model is tried on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Batches", "MaskedPart", "Part"]


class Batches(Protocol):
    """A number of batches, as Keras' data sets and flows are."""

    def __len__(self) -> int:
        """Number of batches."""

    def __getitem__(self, index: int, /) -> Any:
        """Returns a batch."""


@dataclass(frozen=True)
class Part:
    """Pictures that a model is tried on.

    Attributes:
        name: What they are, "training", "validation" or "test".
        flow: Their batches, neither shuffled nor augmented: `len(flow)` and `flow[i]`, which is
            `(x, y)` or `x`; x is float32 of shape `(n, height, width, channels)`, as the model
            takes it. The files in the `errors` of batchwarp's flows are left out.
        labels: Their classes, indices of shape `(n,)` in the flow's order.
        sources: Where each comes from, in the flow's order: a file's path, or a description.
    """

    name: str
    flow: Batches
    labels: NDArray[np.intp]
    sources: Sequence[str]


@dataclass(frozen=True)
class MaskedPart:
    """Pictures with masks that a model is tried on.

    Attributes:
        name: What they are, "training", "validation" or "test".
        flow: Their batches, neither shuffled nor augmented: `len(flow)` and `flow[i]`, which is
            `(x, masks)`; x is float32 of shape `(n, height, width, channels)`, 0 to 1, masks are
            integers of shape `(n, height, width)`, indices of classes.
        sources: Where each picture comes from, in the flow's order.
    """

    name: str
    flow: Batches
    sources: Sequence[str]
