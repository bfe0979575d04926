"""Pictures of shapes with their masks, drawn by the program: a data set that needs no download.

Discs, squares, triangles and rings of any size, turn and colour lie on top of each other, before a
grey, textured background. Colour tells shapes from the background; what a shape is, its outline
alone, as far as it can be seen.

A picture depends on nothing but the seed, the stream and its own number, so the first hundred of a
set are the same whether a hundred or a thousand are drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "CLASSES",
    "SIDE",
    "TEST_STREAM",
    "TRAIN_STREAM",
    "VALIDATION_STREAM",
    "draw",
    "draw_set",
]

# What the values of masks stand for.
CLASSES = ("background", "disc", "square", "triangle", "ring")
SIDE = 64
TRAIN_STREAM, VALIDATION_STREAM, TEST_STREAM = range(3)

_SMALLEST_SIDE = 32
# Outlines are drawn this many times larger and then averaged down, which makes smooth edges.
_SCALE = 3
_FEWEST_SHAPES, _MOST_SHAPES = 3, 6
_CORNERS = {"square": 4, "triangle": 3}


def draw_set(
    count: int, *, seed: int, stream: int = TRAIN_STREAM, side: int = SIDE
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draws pictures and their masks.

    Args:
        count: Number of pictures, at least 0.
        seed: Seed of all random decisions, a non-negative integer.
        stream: Which of the seed's independent sets; no two share a shape.
        side: Height and width of the pictures in pixels, at least 32.

    Returns:
        The pictures, uint8 of shape `(count, side, side, 3)`, and their masks, uint8 of shape
        `(count, side, side)` with indices into `CLASSES`.

    Raises:
        ValueError: If an argument is out of its range.
    """
    if count < 0:
        raise ValueError(f"`count` must be at least 0, received: {count}")
    pictures = np.empty((count, side, side, 3), np.uint8)
    masks = np.empty((count, side, side), np.uint8)
    for number in range(count):
        pictures[number], masks[number] = draw(np.random.default_rng([seed, stream, number]), side)
    return pictures, masks


def draw(rng: np.random.Generator, side: int = SIDE) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draws one picture and its mask.

    Args:
        rng: Source of all random decisions.
        side: Height and width of the picture in pixels, at least 32.

    Returns:
        The picture, uint8 of shape `(side, side, 3)`, and its mask, uint8 of shape `(side, side)`:
        for each pixel the index of the class that most of it belongs to.

    Raises:
        ValueError: If the side is too short.
    """
    if side < _SMALLEST_SIDE:
        raise ValueError(f"`side` must be at least {_SMALLEST_SIDE}, received: {side}")
    picture = _background(rng, side)
    mask = np.zeros((side, side), np.uint8)
    for _ in range(rng.integers(_FEWEST_SHAPES, _MOST_SHAPES + 1)):
        label = int(rng.integers(1, len(CLASSES)))
        cover = _shape(CLASSES[label], rng, side)
        picture += cover * (_colour(rng) - picture)
        mask[cover >= 0.5] = label
    picture += rng.uniform(0, 8) * rng.standard_normal(picture.shape, np.float32)
    return np.moveaxis(np.clip(np.rint(picture), 0, 255), 0, 2).astype(np.uint8), mask


def _shape(name: str, rng: np.random.Generator, side: int) -> NDArray[np.float32]:
    """Returns how much of each pixel a shape covers, 0 to 1, of shape `(side, side)`."""
    import cv2

    canvas = np.zeros((side * _SCALE, side * _SCALE), np.uint8)
    # Its centre is in the picture; what is outside is cut off.
    x, y = rng.uniform(0.08, 0.92, 2) * canvas.shape[0]
    radius = rng.uniform(0.12, 0.28) * canvas.shape[0]
    turn = rng.uniform(0, 2 * np.pi)
    if name in _CORNERS:
        angles = turn + 2 * np.pi * np.arange(_CORNERS[name]) / _CORNERS[name]
        corners = np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)])
        cv2.fillConvexPoly(canvas, np.rint(corners).astype(np.int32), (255,))
    else:
        centre = round(x), round(y)
        cv2.circle(canvas, centre, round(radius), (255,), cv2.FILLED)
        if name == "ring":
            cv2.circle(canvas, centre, round(radius * rng.uniform(0.4, 0.65)), (0,), cv2.FILLED)
    small = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(small / np.float32(255))


def _background(rng: np.random.Generator, side: int) -> NDArray[np.float32]:
    """Returns blotches or stripes in two shades of grey, of shape `(3, side, side)`."""
    import cv2

    tint = rng.uniform(-12, 12, (3, 1, 1)).astype(np.float32)
    first, second = rng.uniform(40, 215) + tint, rng.uniform(40, 215) - tint
    if rng.random() < 0.5:
        coarse = rng.random((side // 3, side // 3), np.float32)
        share = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    else:
        angle, wave = rng.uniform(0, np.pi), rng.uniform(4, 10)
        steps = np.arange(side, dtype=np.float32) * np.float32(2 * np.pi / wave)
        across = np.float32(np.cos(angle)) * steps
        share = 0.5 + 0.5 * np.sin(np.float32(np.sin(angle)) * steps[:, None] + across)
    return np.asarray(first + share * (second - first), np.float32)


def _colour(rng: np.random.Generator) -> NDArray[np.float32]:
    """Returns a colour that is far from grey, of shape `(3, 1, 1)`."""
    colour = np.array([rng.uniform(0, 60), rng.uniform(0, 255), rng.uniform(190, 255)], np.float32)
    return rng.permutation(colour).reshape(3, 1, 1)
