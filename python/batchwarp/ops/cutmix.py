"""Images with a part of another one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp.ops.mixing import ALPHA, Mixing
from batchwarp.ops.recipe import accepting


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
        source = images.copy()
        boxes = np.stack([top, bottom, left, right], axis=1).astype(np.intp)
        for image, partner, box in zip(images, partners, boxes, strict=True):
            part = slice(*box[:2]), slice(*box[2:])
            image[part] = source[partner][part]
        return np.asarray(1 - (bottom - top) * (right - left) / (height * width))
