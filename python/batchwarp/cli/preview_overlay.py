"""What `batchwarp preview` draws over images: masks, boxes with their classes, keypoints."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

__all__ = ["Colour", "Overlay", "draw_over"]

Colour = tuple[int, int, int]
_Place = tuple[int, int, int, int]

# That can be told apart, also by those who see red and green alike; neighbours differ most.
_COLOURS: tuple[Colour, ...] = (
    (230, 25, 75),
    (60, 180, 255),
    (255, 215, 0),
    (60, 180, 75),
    (240, 50, 230),
    (245, 130, 48),
    (66, 66, 220),
    (250, 190, 212),
    (170, 110, 40),
    (128, 0, 0),
    (145, 30, 180),
    (70, 240, 240),
    (0, 128, 128),
    (188, 246, 12),
    (170, 255, 195),
    (128, 128, 0),
    (220, 190, 255),
    (255, 250, 200),
    (0, 0, 117),
    (255, 216, 177),
)
_FIRST_OF_POINTS = 6  # that the first keypoint and the first class look different
_OPACITY = 0.5  # of masks
_LINE = 2  # pixels, as all lengths here
_DOT = 3
_PADDING = 2
_LETTERS = 10


@dataclass(frozen=True)
class Overlay:
    """What belongs to an image.

    Attributes:
        masks: Arrays `(height, width)` of integers, of which 0 is the background.
        boxes: Array `(k, 4)`, left, top, right and bottom in the image's pixels; -1 for none.
        labels: Array `(k,)`, their classes.
        keypoints: Array `(p, 2)` of x and y in pixels; nan for none.
        class_names: Names of the classes; empty if there are none.
        keypoint_names: Names of an object's keypoints.
    """

    masks: Sequence[NDArray[Any]] = ()
    boxes: NDArray[Any] | None = None
    labels: NDArray[Any] | None = None
    keypoints: NDArray[Any] | None = None
    class_names: Sequence[str] = ()
    keypoint_names: Sequence[str] = ()

    def legend(self) -> dict[tuple[str, int], tuple[Colour, str]]:
        """Returns colours and what they mean, by what tells them apart: of what there is."""
        numbers: set[int] = set()
        for mask in self.masks:
            numbers.update((np.unique(mask[mask != 0]).astype(np.int64) - 1).tolist())
        if self.boxes is not None and self.labels is not None:
            kept = (np.asarray(self.boxes) != -1).any(axis=1)
            numbers.update(np.asarray(self.labels)[kept].astype(np.int64).tolist())
        items = {
            ("class", number): (_colour_of(number), self._class_name(number, number + 1))
            for number in numbers
        }
        if self.keypoints is not None:
            kept = np.isfinite(np.asarray(self.keypoints)).all(axis=1)
            for number in {int(at) % len(self.keypoint_names) for at in np.flatnonzero(kept)}:
                items["keypoint", number] = (
                    _colour_of_point(number),
                    f"• {self.keypoint_names[number]}",
                )
        return items

    def _class_name(self, number: int, value: int) -> str:
        """Returns the name of a class; if it has none, the value that masks have."""
        return self.class_names[number] if 0 <= number < len(self.class_names) else str(value)


def _colour_of(number: int) -> Colour:
    """Returns the colour of a class, by its label."""
    return _COLOURS[number % len(_COLOURS)]


def _colour_of_point(number: int) -> Colour:
    """Returns the colour of a keypoint, by its number among those of its object."""
    return _COLOURS[(number + _FIRST_OF_POINTS) % len(_COLOURS)]


def draw_over(
    image: NDArray[np.float32], overlay: Overlay, size: tuple[int, int]
) -> NDArray[np.float32]:
    """Draws what belongs to an image over it.

    Args:
        image: Array `(height, width, 3)` from 0 to 1, as it is shown.
        overlay: What to draw, in the coordinates of the image before it was resized to be shown.
        size: Tuple `(height, width)`, its size then.

    Returns:
        Array like `image`.
    """
    from PIL import Image, ImageDraw

    shown = image
    for mask in overlay.masks:
        shown = _with_mask(shown, mask)
    height, width = image.shape[:2]
    scale = np.array([width / size[1], height / size[0]])
    picture = Image.fromarray(np.rint(shown * 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    boxes = list(_boxes(overlay, scale))
    for place, number in boxes:
        draw.rectangle(place, outline=_colour_of(number), width=_LINE)
    _draw_points(draw, overlay, scale)
    _draw_names(draw, boxes, overlay.class_names, (height, width))
    return np.asarray(picture, np.float32) / np.float32(255)


def _with_mask(image: NDArray[np.float32], mask: NDArray[Any]) -> NDArray[np.float32]:
    rows, columns = (
        (np.arange(to) + 0.5) * extent // to
        for to, extent in zip(image.shape[:2], mask.shape, strict=True)
    )
    values = mask[rows.astype(np.intp)[:, np.newaxis], columns.astype(np.intp)].astype(np.int64)
    colours = np.array(_COLOURS, np.float32)[(values - 1) % len(_COLOURS)] / 255
    # Opaque at the edges, where the image's own colours take no part.
    opacity = np.where(_inner(values, _LINE), _OPACITY, 1.0)
    opacity[values == 0] = 0
    mixed = image + opacity[..., np.newaxis] * (colours - image)
    return np.asarray(mixed, np.float32)


def _inner(values: NDArray[np.int64], width: int) -> NDArray[np.bool_]:
    """Returns where all pixels up to some pixels away have the same value."""
    inner = np.ones(values.shape, bool)
    for axis in (0, 1):
        for step in range(1, width + 1):
            same = np.take(values, range(step, values.shape[axis]), axis) == np.take(
                values, range(values.shape[axis] - step), axis
            )
            first = (slice(None),) * axis + (slice(None, -step),)
            last = (slice(None),) * axis + (slice(step, None),)
            inner[first] &= same
            inner[last] &= same
    return inner


def _boxes(overlay: Overlay, scale: NDArray[np.float64]) -> Iterator[tuple[_Place, int]]:
    """Yields where boxes are on the picture, the largest first, and their classes."""
    if overlay.boxes is None:
        return
    boxes = np.asarray(overlay.boxes, np.float64)
    labels = np.zeros(len(boxes)) if overlay.labels is None else overlay.labels
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    for at in np.argsort(-areas, kind="stable"):
        if (boxes[at] == -1).all():
            continue
        left, top, right, bottom = np.rint(boxes[at] * np.tile(scale, 2)).astype(int).tolist()
        yield (left, top, max(left, right - 1), max(top, bottom - 1)), int(labels[at])


def _draw_points(draw: ImageDraw, overlay: Overlay, scale: NDArray[np.float64]) -> None:
    if overlay.keypoints is None:
        return
    points = (np.asarray(overlay.keypoints, np.float64) + 0.5) * scale
    for at, (x, y) in enumerate(points.tolist()):
        if np.isnan(x) or np.isnan(y):
            continue
        colour = _colour_of_point(at % len(overlay.keypoint_names))
        place = (x - _DOT, y - _DOT, x + _DOT, y + _DOT)
        draw.ellipse(place, fill=colour, outline=(0, 0, 0))


def _draw_names(
    draw: ImageDraw,
    boxes: Sequence[tuple[_Place, int]],
    names: Sequence[str],
    size: tuple[int, int],
) -> None:
    """Writes the classes of boxes where no other one's is; where there is no room, nothing.

    The smallest come first, since they have the least room.
    """
    if not names:
        return
    font = _font()
    taken: list[_Place] = []
    for place, number in reversed(boxes):
        name = names[number] if 0 <= number < len(names) else str(number)
        _, top, right, bottom = draw.textbbox((0, 0), name, font=font)
        width, height = int(right) + 2 * _PADDING, int(bottom - top) + 2 * _PADDING
        for x, y in _candidates(place, width, height, size):
            label = (x, y, x + width, y + height)
            if not any(_overlap(label, other) for other in taken):
                taken.append(label)
                colour = _colour_of(number)
                draw.rectangle((x, y, x + width - 1, y + height - 1), fill=colour)
                text = (x + _PADDING, y + _PADDING - int(top))
                draw.text(text, name, fill=_readable_on(colour), font=font)
                break


def _candidates(
    place: _Place, width: int, height: int, size: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Yields corners at which a box's name may stand, those within the picture."""
    left, top, right, bottom = place
    for y in (top - height, top, bottom + 1, bottom + 1 - height):
        for x in (left, right + 1 - width):
            x = min(max(x, 0), size[1] - width)
            if x >= 0 and 0 <= y <= size[0] - height:
                yield x, y


def _overlap(one: _Place, other: _Place) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _readable_on(colour: Colour) -> Colour:
    red, green, blue = colour
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else (255, 255, 255)


@functools.cache
def _font() -> FreeTypeFont:
    """Returns the font of all else in the picture."""
    import matplotlib as mpl
    from PIL import ImageFont

    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(str(path), _LETTERS)
