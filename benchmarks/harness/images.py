"""Images to work on that are like photographs in what matters to speed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def images(
    n: int, height: int, width: int, channels: int, dtype: str, *, seed: int = 0
) -> NDArray[Any]:
    """Makes images with smooth areas, edges and noise, values 0 to 255.

    Args:
        n: how many.
        height: rows of each, in pixels.
        width: columns of each, in pixels.
        channels: values of each pixel.
        dtype: of the result, for instance `"uint8"`.
        seed: of the noise and of the waves' phases.

    Returns:
        An array of shape (n, height, width, channels).
    """
    rng = np.random.default_rng(seed)
    rows = np.arange(height, dtype=np.float32)[:, None, None]
    columns = np.arange(width, dtype=np.float32)[None, :, None]
    out = np.empty((n, height, width, channels), dtype)
    for image in out:
        phase = rng.uniform(0, 2 * np.pi, channels).astype(np.float32)
        waves = np.sin(rows / 9 + phase) + np.cos(columns / 7 - phase)
        edge = np.where(columns > rng.uniform(0.2, 0.8) * width, 40.0, -40.0)
        noise = rng.normal(0, 6, (height, width, channels))
        image[...] = np.clip(128 + 35 * waves + edge + noise, 0, 255)
    return out
