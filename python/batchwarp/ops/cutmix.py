"""Images with a part of another one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp.ops.mixing import ALPHA, Mixing
from batchwarp.ops.recipe import accepting

# What the core knows elements of a size as.
_BYTES = {1: np.uint8, 2: np.uint16, 4: np.float32, 8: np.float64}


@dataclass(frozen=True, repr=False)
class CutMix(Mixing):
    """Pastes a rectangle of another image of the same call; labels are mixed by area.

    The rectangle is torchvision's, drawn for each image; in torchvision's `CutMix` a batch shares
    one.

    Args:
        alpha: Number above 0, both parameters of the Beta distribution of the share that an image
            keeps; with 1 all shares are equally likely.
        num_classes: Integer, the number of classes; needed where labels are integers.
        p: Float, the probability that an image is mixed.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above.

    References:
        Yun et al., "CutMix", https://arxiv.org/abs/1905.04899

    Example:
        >>> CutMix(num_classes=10)
        CutMix(num_classes=10)
    """

    alpha: float = field(default=1.0, metadata=accepting(ALPHA))

    numbers = 5
    refused_targets = ("boxes", "keypoints")  # masks are pasted, as images are

    def mix(
        self,
        images: NDArray[Any],
        others: NDArray[Any],
        shares: NDArray[np.float64],
        partners: NDArray[np.intp],
        uniform: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Mixes finished images in place; see `Mixing.mix`."""
        height, width = images.shape[1:3]
        half = 0.5 * np.sqrt(1 - shares)
        half_y, half_x = np.floor(half * height), np.floor(half * width)
        y, x = np.floor(uniform[:, 3] * height), np.floor(uniform[:, 4] * width)
        top, bottom = np.maximum(y - half_y, 0), np.minimum(y + half_y, height)
        left, right = np.maximum(x - half_x, 0), np.minimum(x + half_x, width)
        # An image that isn't mixed has a share of 1, and so a rectangle without pixels.
        rectangles = np.stack([top, bottom, left, right], axis=1).astype(np.int64)
        alike = _BYTES[images.dtype.itemsize]  # pixels are moved, whatever they are
        _core.paste_others(
            images.view(alike),
            others.view(alike),
            partners.astype(np.int64, copy=False),
            rectangles,
        )
        return np.asarray(1 - (bottom - top) * (right - left) / (height * width))
