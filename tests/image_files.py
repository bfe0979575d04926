"""Small image files of many kinds, for the tests of what reads files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from keras_reference import noise


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
