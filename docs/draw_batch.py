"""Draws the README's picture: a batch before and after, with masks and boxes that move along.

`python docs/draw_batch.py [FILE]` writes `docs/batch.jpg`. Needs matplotlib, which brings the
photograph: Grace Hopper, by James S. Davis for the United States Navy, in the public domain.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import cbook
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from batchwarp import ImageDataGenerator, ops

SIDE = 120  # of an image, in pixels
GAP = 6
IMAGES = 7
SEED = 4
BOX = (0.28, 0.12, 0.72, 0.72)  # the face in the photograph: left, upper, right, lower
COLOUR = (255, 200, 40)


def batch() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Returns the photograph, seven times, and a box in each."""
    with Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as file:
        square = file.convert("RGB").crop((0, 0, 512, 512))
        image = np.asarray(square.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    boxes = np.tile(np.asarray(BOX, np.float32) * SIDE, (IMAGES, 1, 1))
    return np.stack([image] * IMAGES), boxes


def row(images: NDArray[Any], boxes: NDArray[Any]) -> NDArray[np.uint8]:
    """Returns images side by side, with their boxes."""
    sheet = Image.new("RGB", (IMAGES * (SIDE + GAP) - GAP, SIDE), "white")
    for number, (image, corners) in enumerate(zip(images, boxes, strict=True)):
        picture = Image.fromarray(np.asarray(np.clip(image, 0, 255), np.uint8))
        draw = ImageDraw.Draw(picture)
        for box in corners[corners[:, 2] > corners[:, 0]]:
            draw.rectangle(box.tolist(), outline=COLOUR, width=2)
        sheet.paste(picture, (number * (SIDE + GAP), 0))
    return np.asarray(sheet)


def picture() -> Image.Image:
    """Returns a batch as it is, and below it what one call of `next` makes of it."""
    images, boxes = batch()
    datagen = ImageDataGenerator(
        rotation_range=25,
        zoom_range=(0.8, 1.1),
        horizontal_flip=True,
        brightness_range=(0.6, 1.4),
        operations=[ops.Hue(0.15, p=0.6), ops.Erase(p=0.4)],
    )
    made, found = next(
        datagen.flow(images, boxes=boxes, batch_size=IMAGES, shuffle=False, seed=SEED)
    )
    gap = np.full((2 * GAP, IMAGES * (SIDE + GAP) - GAP, 3), 255, np.uint8)
    return Image.fromarray(np.concatenate([row(images, boxes), gap, row(made, found)]))


def main(arguments: list[str]) -> None:
    """Writes the picture."""
    path = Path(arguments[0]) if arguments else Path(__file__).parent / "batch.jpg"
    picture().save(path, quality=80)


if __name__ == "__main__":
    main(sys.argv[1:])
