"""Sums of two images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp._arrays import CORE_OUTPUTS
from batchwarp.ops.mixing import ALPHA, Mixing
from batchwarp.ops.recipe import TARGETS, accepting


@dataclass(frozen=True, repr=False)
class MixUp(Mixing):
    """Adds each image, with its label, to another one of the same call, each with a weight.

    The weights are drawn for each image; in torchvision's and Keras' `MixUp` a batch shares one.

    Args:
        alpha: Number above 0, both parameters of the Beta distribution of the weight. Small ones
            leave most images nearly as they are.
        num_classes: Integer, the number of classes; needed where labels are integers.
        p: Float, the probability that an image is mixed.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    References:
        Zhang et al., "mixup: beyond empirical risk minimization", https://arxiv.org/abs/1710.09412

    Example:
        >>> MixUp(0.4, num_classes=10)
        MixUp(0.4, num_classes=10)
    """

    alpha: float = field(default=0.2, metadata=accepting(ALPHA))

    refused_targets = TARGETS

    def mix(
        self,
        images: NDArray[Any],
        others: NDArray[Any],
        shares: NDArray[np.float64],
        partners: NDArray[np.intp],
        uniform: NDArray[np.float64],  # noqa: ARG002
    ) -> NDArray[np.float64]:
        """Mixes finished images in place; see `Mixing.mix`."""
        partners = partners.astype(np.int64, copy=False)
        if images.dtype in CORE_OUTPUTS:
            _core.add_others(images, others, partners, shares)
        else:  # flows make any dtype
            made, of = images.astype(np.float64), others.astype(np.float64)
            _core.add_others(made, of, partners, shares)
            images[...] = made
        return shares
