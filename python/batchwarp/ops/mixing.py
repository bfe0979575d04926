"""What operations have in common that mix images of a batch, and their labels, by two."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from batchwarp.ops.accepted import Number, Probability
from batchwarp.ops.accepted_counts import Whole
from batchwarp.ops.recipe import RecipeOperation, accepting

__all__ = ["ALPHA", "Mixing"]

ALPHA = Number(0)


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Mixing(RecipeOperation, ABC):
    """Mixes each image with another one of the same call.

    Attributes:
        num_classes: Integer or `None`, the number of classes where labels are integers.
        p: Float, the probability that an image is mixed.
        numbers: How many random numbers an image takes: two for its share, one for its partner,
            and those of the subclass.
    """

    num_classes: int | None = field(
        default=None, kw_only=True, metadata=accepting(Whole(2, optional=True))
    )
    p: float = field(default=1.0, kw_only=True, metadata=accepting(Probability()))

    numbers: ClassVar[int] = 3
    alpha: float

    def shares_and_partners(
        self, uniform: NDArray[np.float64], active: NDArray[np.bool_], count: int
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Returns how much of each image stays, and which other one takes the rest.

        The share is of the symmetric Beta distribution: with u and v uniform, it is
        (1 + sign(c) / sqrt(1 + 1 / (w c²))) / 2, where w = (1 - u)^(-1 / alpha) - 1 and
        c = cos(2 pi v) (Devroye, "Random variate generation in one line of code", 1996).

        Args:
            uniform: Array `(n, numbers)` of numbers from 0 to below 1.
            active: Array `(n,)`, which images are mixed at all.
            count: Integer, how many images there are to be partners.

        Returns:
            Tuple of two arrays `(n,)`.
        """
        with np.errstate(divide="ignore", over="ignore"):
            w = (1 - uniform[:, 0]) ** (-1 / self.alpha) - 1
            c = np.cos(2 * np.pi * uniform[:, 1])
            shares = (1 + np.copysign(1 / np.sqrt(1 + 1 / (w * c * c)), c)) / 2
        partners = np.floor(uniform[:, 2] * count).astype(np.intp)
        return np.where(active, shares, 1.0), partners

    @abstractmethod
    def mix(
        self,
        images: NDArray[Any],
        others: NDArray[Any],
        shares: NDArray[np.float64],
        partners: NDArray[np.intp],
        uniform: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Mixes finished images in place.

        Args:
            images: Array of rank 4, channels last, `(n, ...)`.
            others: Array `(m, ...)` of the same dtype and layout, which they are mixed with; if it
                is `images`, with what these were before.
            shares: Array `(n,)`; an image whose share is 1 stays as it is.
            partners: Array `(n,)` of indices of `others`.
            uniform: As in `shares_and_partners`.

        Returns:
            Array `(n,)`, the share that each image has kept in fact.
        """
