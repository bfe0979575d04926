"""Small image files of many kinds, for the tests of what reads files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import batchwarp
from keras_reference import noise

SIZE = (6, 5)


def picture(height: int = 17, width: int = 23, seed: int = 0) -> Image.Image:
    """Returns an RGB image with gradients, so that codecs and resizing have something to do."""
    y, x = np.mgrid[:height, :width]
    smooth = np.stack((y * 9 + seed * 31, x * 7, x * y + seed), axis=2) % 256
    rough = noise((height, width, 3), "int64", seed) // 4
    return Image.fromarray(np.clip(smooth * 3 // 4 + rough, 0, 255).astype("uint8"))


def translucent(image: Image.Image) -> Image.Image:
    """Returns an image with an alpha channel that is not constant."""
    result = image.convert("RGBA")
    result.putalpha(image.convert("L"))
    return result


def grey16(image: Image.Image) -> Image.Image:
    """Returns a grey image of 16 bits."""
    return Image.fromarray(np.asarray(image.convert("L")).astype("uint16") * 257)


# For each kind: the extension, a function of an RGB image, and options of `Image.save`.
KINDS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "jpeg": ("jpg", lambda x: x, {"quality": 85}),
    "jpeg-444": ("JPG", lambda x: x, {"subsampling": 0}),
    "jpeg-progressive": ("jpeg", lambda x: x, {"progressive": True}),
    "jpeg-grey": ("jpg", lambda x: x.convert("L"), {}),
    "jpeg-cmyk": ("jpg", lambda x: x.convert("CMYK"), {}),
    "jpeg-restarts": ("jpg", lambda x: x, {"restart_marker_blocks": 1}),
    "png": ("png", lambda x: x, {}),
    "png-alpha": ("PNG", translucent, {}),
    "png-grey-alpha": ("png", lambda x: translucent(x).convert("LA"), {}),
    "png-palette": ("png", lambda x: x.quantize(16), {"transparency": 3}),
    "png-bilevel": ("png", lambda x: x.convert("1"), {}),
    "png-16": ("png", grey16, {}),
    "bmp": ("bmp", lambda x: x, {}),
    "ppm": ("ppm", lambda x: x, {}),
    "tiff": ("tif", lambda x: x, {}),
    "tiff-float": ("tif", lambda x: x.convert("F"), {}),
}


def save(path: Path, kind: str, image: Image.Image | None = None) -> Path:
    """Writes an image of a kind; the path gets the kind's extension.

    Args:
        path: The file, without extension; folders are made.
        kind: One of `KINDS`.
        image: RGB image; `None` for one that differs with the path's name.
    """
    extension, convert, options = KINDS[kind]
    if image is None:
        image = picture(seed=sum(path.name.encode()) % 89)
    path = path.with_name(f"{path.name}.{extension}")
    path.parent.mkdir(parents=True, exist_ok=True)
    convert(image).save(path, **options)
    return path


def solid(path: Path, value: int, size: tuple[int, int] = (7, 8)) -> None:
    """Writes an image of one value, which tells in a batch which file it came from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), value, np.uint8)).save(path)


def save_numbered(folder: Path) -> Path:
    """Writes ten files of two classes, whose pixels are their numbers.

    In an iterator's order they are 0, 2, 4, 6, 8 of class a and then 1, 3, 5, 7, 9 of class b.
    """
    for number in range(10):
        solid(folder / "ab"[number % 2] / f"{number}.png", number)
    return folder


def values(batch: np.ndarray) -> list[int]:
    """Returns the numbers of the images in a batch."""
    return batch[:, 0, 0, 0].astype(int).tolist()


def flow(folder: Path, generator: dict[str, Any] | None = None, **arguments: Any) -> Any:
    """Returns a flow of small batches in the files' order, with integer labels."""
    made = batchwarp.ImageDataGenerator(**(generator or {}))
    defaults = {"target_size": SIZE, "class_mode": "sparse", "shuffle": False, "batch_size": 4}
    return made.flow_from_directory(folder, **{**defaults, **arguments})


def frame_flow(
    folder: Path, frame: Any, generator: dict[str, Any] | None = None, **arguments: Any
) -> Any:
    """Returns a flow of a dataframe's images in their order, ten in a batch."""
    made = batchwarp.ImageDataGenerator(**(generator or {}))
    defaults = {"target_size": SIZE, "shuffle": False, "batch_size": 10}
    return made.flow_from_dataframe(frame, folder, **{**defaults, **arguments})
