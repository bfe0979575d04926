"""What JPEG makes of an image, in the whole numbers that libjpeg computes with.

A file keeps all of a quantised image, so nothing is coded here. The transforms of libjpeg are flow
graphs; what they amount to, before their results are rounded, are the products with a matrix.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.int64]

# Rows are frequencies, columns samples, with 13 bits behind the point. They are sums of weights
# that were rounded before, so that what should be alike may differ by one.
_WEIGHTS = np.array(
    [
        [8192, 8192, 8192, 8192, 8192, 8192, 8192, 8192],
        [11363, 9633, 6437, 2260, -2260, -6437, -9633, -11363],
        [10703, 4433, -4433, -10703, -10703, -4433, 4433, 10703],
        [9633, -2259, -11362, -6436, 6436, 11362, 2259, -9633],
        [8192, -8192, -8192, 8192, 8192, -8192, -8192, 8192],
        [6437, -11362, 2261, 9633, -9633, -2261, 11362, -6437],
        [4433, -10704, 10704, -4433, -4433, 10704, -10704, 4433],
        [2260, -6436, 9633, -11363, 11363, -9633, 6436, -2260],
    ]
)

# Tables K.1 and K.2 of ITU-T T.81.
_LUMA = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
_CHROMA = np.full((8, 8), 99)
_CHROMA[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]


def compressed(levels: Levels, quality: int) -> Levels:
    """Returns what is read from a JPEG of some quality, with chroma halved both ways.

    Args:
        levels: Of `(height, width, channels)`, from 0 to 255; one channel or red, green and blue.
        quality: Integer from 1 to 100.
    """
    height, width, channels = levels.shape
    if channels == 1:
        return _quantised(levels[..., 0], _LUMA, quality)[..., None]
    red, green, blue = np.moveaxis(levels, -1, 0)
    # The halves of luma are rounded up, those of chroma down.
    luma = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
    of_blue = (-11059 * red - 21709 * green + 32768 * blue + (128 << 16) + 32767) >> 16
    of_red = (32768 * red - 27439 * green - 5329 * blue + (128 << 16) + 32767) >> 16
    luma = _quantised(luma, _LUMA, quality)
    of_blue, of_red = (
        _doubled(_quantised(_halved(plane), _CHROMA, quality)[:, : (width + 1) // 2])[
            :height, :width
        ]
        - 128
        for plane in (of_blue, of_red)
    )
    return np.stack(
        [
            np.clip(luma + _rounded(more, 16), 0, 255)
            for more in (91881 * of_red, -22554 * of_blue - 46802 * of_red, 116130 * of_blue)
        ],
        axis=-1,
    )


def _rounded(values: Levels, bits: int) -> Levels:
    """Drops bits behind the point, halves up."""
    return (values + (1 << bits >> 1)) >> bits


def _extended(plane: Levels, rows: int, columns: int) -> Levels:
    """Repeats the last row and column until there are multiples of so many."""
    height, width = plane.shape
    return np.pad(plane, ((0, -height % rows), (0, -width % columns)), mode="edge")


def _quantised(plane: Levels, table: Levels, quality: int) -> Levels:
    """Rounds the frequencies of blocks of 8 x 8 to multiples of steps."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    steps = np.clip((table * percent + 50) // 100, 1, 255)
    height, width = plane.shape
    padded = _extended(plane, 8, 8)
    rows, columns = padded.shape
    blocks = padded.reshape(rows // 8, 8, columns // 8, 8).swapaxes(1, 2) - 128
    # First along rows, then along columns; the result is 8 times as large as T.81 has it.
    found = _rounded(_WEIGHTS @ _rounded(blocks @ _WEIGHTS.T, 11), 15)
    found = np.sign(found) * ((np.abs(found) + 4 * steps) // (8 * steps)) * steps
    blocks = _rounded(_rounded(_WEIGHTS.T @ found, 11) @ _WEIGHTS, 18) + 128
    return np.clip(blocks, 0, 255).swapaxes(1, 2).reshape(rows, columns)[:height, :width]


def _halved(plane: Levels) -> Levels:
    """Takes means of 2 x 2, rounded down and up in turns along a row.

    There are as many columns as whole blocks of the result need; what is more than half of the
    width is seen by the last of them only.
    """
    plane = _extended(plane, 2, 16)
    sums = plane[::2, ::2] + plane[::2, 1::2] + plane[1::2, ::2] + plane[1::2, 1::2]
    return (sums + 1 + np.arange(sums.shape[1]) % 2) >> 2


def _doubled(plane: Levels) -> Levels:
    """Puts samples in between: 3 parts of the nearest, 1 part of the next one, either way.

    Very narrow planes have their samples repeated.
    """
    height, width = plane.shape
    if width <= 2:
        return plane.repeat(2, axis=0).repeat(2, axis=1)
    around = np.pad(plane, 1, mode="edge")
    tall = np.empty((2 * height, width + 2), np.int64)
    tall[::2] = 3 * around[1:-1] + around[:-2]
    tall[1::2] = 3 * around[1:-1] + around[2:]
    result = np.empty((2 * height, 2 * width), np.int64)
    result[:, ::2] = (3 * tall[:, 1:-1] + tall[:, :-2] + 8) >> 4
    result[:, 1::2] = (3 * tall[:, 1:-1] + tall[:, 2:] + 7) >> 4
    return result
