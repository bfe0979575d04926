"""Masks, boxes and keypoints, which go where the pixels of their image go.

An image is read by a map from a pixel of the result to a place in the image. Masks are read by the
same map; what is at a place of the image is seen where that map leads to the place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp._reference.coordinates import MAPS, Matrix, composed, points_of
from batchwarp._reference.draws import Size
from batchwarp._reference.fields import FIELDS
from batchwarp._reference.sampling import places_of, sampled
from batchwarp._reference.tree import Leaf, leaves, size_after

Points = NDArray[np.float64]  # (m, 2), x and y

_PARTS = 16  # of each edge of a box where a field bends it
_LEAST = 1e-3  # square pixels that have to be left of a box
_NEAR = 1e-9  # pixels, within which a place is found


class Move(NamedTuple):
    """How the pixels of one image move.

    Attributes:
        leaves: The coordinate operations that act, in their order.
        size: Of the result.
    """

    leaves: list[Leaf]
    size: Size


def move_of(operations: Sequence[Any], size: Size, seed: int, sample: int, epoch: int) -> Move:
    """Returns how the pixels of one image move; see `leaves`.

    Raises:
        TypeError: If there are several maps, one for each chain of `AugMix`.
    """
    found = leaves(operations, size, seed, sample, epoch)
    if any(leaf.kind == "augmix" for leaf in found):
        raise TypeError("nothing can follow an image that several maps make")
    for op in operations:
        size = size_after(op, size)
    return Move([leaf for leaf in found if leaf.acts and leaf.kind in MAPS], size)


def moved_mask(move: Move, mask: NDArray[Any], fill_mode: str, fill: int) -> NDArray[Any]:
    """Returns a mask, `(height, width)` or with channels, read at the nearest pixels."""
    height, width = mask.shape[:2]
    # Which pixel it is that is read, -1 for none: values of any dtype stay what they are.
    numbers = np.arange(height * width, dtype=np.float64).reshape(height, width, 1)
    places = places_of(points_of(move.leaves, move.size.height, move.size.width))
    read = sampled(numbers, places, order=0, fill_mode=fill_mode, cval=-1)[..., 0].astype(int)
    result: NDArray[Any] = mask.reshape(height * width, *mask.shape[2:])[read]
    result[read < 0] = fill
    return result


def one_hot(mask: NDArray[Any], classes: int) -> NDArray[np.float64]:
    """Returns for each class an array of 1 where a mask has it, as the last axis."""
    return np.stack([mask == one for one in range(classes)], axis=-1).astype(np.float64)


def moved_keypoints(
    move: Move, points: Points, pairs: Sequence[tuple[int, int]], remove_outside: bool
) -> Points:
    """Returns where keypoints are seen; nan is nowhere."""
    result = seen_at(move.leaves, points)
    if np.linalg.det(composed(move.leaves)) < 0:
        for one, other in pairs:
            result[[one, other]] = result[[other, one]]
    if remove_outside:
        ends = np.array([move.size.width, move.size.height]) - 0.5
        result[((result < -0.5) | (result > ends)).any(axis=1)] = np.nan
    return result


def moved_boxes(
    move: Move, boxes: NDArray[np.float64], min_area: float, min_visibility: float
) -> NDArray[np.float64]:
    """Returns what is seen of boxes (left, top, right, bottom), edges of pixels; -1 is no box."""
    result = np.full(boxes.shape, -1.0)
    bends = any(leaf.kind in FIELDS for leaf in move.leaves)
    for place, box in enumerate(boxes):
        if (box == -1).all():
            continue
        # Places are centres of pixels, half a pixel from their edges.
        outline = seen_outline(move.leaves, outline_of(box, _PARTS if bends else 1) - 0.5) + 0.5
        if len(outline) == 0:
            continue
        hull = np.concatenate([outline.min(axis=0), outline.max(axis=0)])
        clipped = np.clip(hull, 0, np.array([move.size.width, move.size.height] * 2))
        area = extent(clipped)
        if area >= max(min_area, _LEAST) and area / extent(hull) >= min_visibility:
            result[place] = clipped
    return result


def extent(box: NDArray[np.float64]) -> float:
    """Returns the area of a box."""
    return float((box[2] - box[0]) * (box[3] - box[1]))


def outline_of(box: NDArray[np.float64], parts: int) -> Points:
    """Returns the corners of a box in their order, and points between them."""
    left, top, right, bottom = box
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    steps = np.arange(parts)[:, None] / parts
    edges = zip(corners, np.roll(corners, -1, axis=0), strict=True)
    result: Points = np.concatenate([start + (end - start) * steps for start, end in edges])
    return result


def seen_at(found: list[Leaf], points: Points) -> Points:
    """Returns where the result shows what is at places of the image; nan is nowhere."""
    before, field, behind = parts_of(found)
    result = projected(before, points)
    if field is not None:
        known = np.isfinite(result).all(axis=1)
        result[known] = undisplaced(field, result[known])
    return projected(behind, result)


def seen_outline(found: list[Leaf], outline: Points) -> Points:
    """Returns the polygon of which the result shows a polygon, without what is nowhere."""
    before, field, behind = parts_of(found)
    result = projected(before, cut(before, outline))
    if field is not None and len(result):
        result = undisplaced(field, result)
    return projected(behind, cut(behind, result))


def parts_of(found: list[Leaf]) -> tuple[Matrix, Leaf | None, Matrix]:
    """Returns the way from the image to the result: to a field, the field, and from there on."""
    at = next((place for place, leaf in enumerate(found) if leaf.kind in FIELDS), None)
    if at is None:
        return np.linalg.inv(composed(found)), None, np.eye(3)
    return np.linalg.inv(composed(found[:at])), found[at], np.linalg.inv(composed(found[at:]))


def divisors(matrix: Matrix, points: Points) -> NDArray[np.float64]:
    """Returns what a homography divides by, not above 0 at and behind its horizon."""
    result: NDArray[np.float64] = points @ matrix[2, :2] + matrix[2, 2]
    return result


def projected(matrix: Matrix, points: Points) -> Points:
    """Returns what a homography makes of points, nan of those at or behind its horizon."""
    divisor = divisors(matrix, points)
    divisor = np.where(divisor > 0, divisor, np.nan)
    result: Points = (points @ matrix[:2, :2].T + matrix[:2, 2]) / divisor[:, None]
    return result


def cut(matrix: Matrix, polygon: Points) -> Points:
    """Returns the part of a polygon before the horizon of a homography."""
    if len(polygon) == 0:
        return polygon
    over = divisors(matrix, polygon)
    over = over - 1e-9 * over.max()  # so that what begins at the horizon is far away, but there
    if over.max() <= 0:
        return polygon[:0]
    kept: list[Points] = []
    for place, point in enumerate(polygon):
        previous = polygon[place - 1]
        if (over[place] > 0) != (over[place - 1] > 0):
            share = over[place - 1] / (over[place - 1] - over[place])
            kept.append(previous + share * (point - previous))
        if over[place] > 0:
            kept.append(point)
    return np.array(kept)


def undisplaced(leaf: Leaf, wanted: Points) -> Points:
    """Returns places that a field displaces to given ones.

    There always is one, since displacements have a bound and no jumps. If Newton's method does not
    find it from the given place itself, it starts anew from the best of a fine grid around.
    """
    at, missed = newton(leaf, wanted, wanted)
    for place in np.flatnonzero(missed > _NEAR):
        rows, columns = np.mgrid[: leaf.size.height, : leaf.size.width].astype(np.float64)
        farthest = np.abs(FIELDS[leaf.kind](leaf, np.stack([rows, columns]))).max() + 1
        steps = np.linspace(-farthest, farthest, max(9, int(4 * farthest)))
        starts = wanted[place] + np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
        goal = np.broadcast_to(wanted[place], starts.shape)
        best = np.argsort(np.hypot(*(displaced(leaf, starts) - goal).T))[:64]
        tried, off = newton(leaf, goal[best], starts[best])
        at[place] = tried[off.argmin()]
    return at


def displaced(leaf: Leaf, points: Points) -> Points:
    """Returns the places of the field's image that pixels of its result are read at."""
    down, right = FIELDS[leaf.kind](leaf, points.T[::-1, None, :])
    result: Points = points + np.stack([right[0], down[0]], axis=-1)
    return result


def newton(leaf: Leaf, wanted: Points, start: Points) -> tuple[Points, NDArray[np.float64]]:
    """Solves for places that are displaced to wanted ones, and returns how far off it ended."""
    at, step = start.copy(), 1e-5
    missed = displaced(leaf, at) - wanted
    for _ in range(60):
        if not len(at) or np.hypot(*missed.T).max() <= _NEAR:
            break
        slopes = [
            (displaced(leaf, at + side) - displaced(leaf, at - side)) / (2 * step)
            for side in step * np.eye(2)
        ]
        change = (np.linalg.pinv(np.stack(slopes, axis=-1)) @ missed[..., None])[..., 0]
        for _ in range(12):  # less and less of the step, where it leads away
            tried = at - change
            off = displaced(leaf, tried) - wanted
            nearer = np.hypot(*off.T) < np.hypot(*missed.T)
            at[nearer], missed[nearer] = tried[nearer], off[nearer]
            change[nearer] = 0
            change /= 2
    return at, np.hypot(*missed.T)


def expressed(
    edges: NDArray[np.float64], name: str, height: int, width: int
) -> NDArray[np.float64]:
    """Returns boxes in one of Keras' formats.

    Args:
        edges: Array `(m, 4)`, left, top, right and bottom in pixels.
        name: The format.
        height: Integer, of the image.
        width: Integer, likewise.
    """
    boxes = edges / [width, height, width, height] if name.startswith("rel_") else edges
    kind = name.removeprefix("rel_")
    first, last = boxes[:, :2], boxes[:, 2:]
    if kind.startswith("center"):
        boxes = np.concatenate([(first + last) / 2, last - first], axis=1)
    elif kind == "xywh":
        boxes = np.concatenate([first, last - first], axis=1)
    return boxes[:, [1, 0, 3, 2]] if kind in ("yxyx", "center_yxhw") else boxes
