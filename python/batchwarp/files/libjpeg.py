"""JPEG files through the core, with the libjpeg-turbo that Pillow itself decodes with."""

from __future__ import annotations

import functools
import io
import itertools
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core, _forks
from batchwarp._environment import jpeg_way
from batchwarp.files.jpeg import JpegHeader


@functools.cache
def unavailable_reason() -> str | None:
    """Has the core use Pillow's libjpeg-turbo, at the first call.

    It is found by Pillow's extension module: what that depends on is the library that Pillow
    calls, wherever it comes from. Pillow's wheels for Windows have it within the module, where
    nobody else can call it.

    Returns:
        String, why it cannot be used, or does not make the pixels that Pillow makes; `None` if the
        core decodes with it.
    """
    with _forks.importing:
        from PIL import _imaging

        path = getattr(_imaging, "__file__", None)
        if path is None:
            return "Pillow's extension module has no file"
        try:
            reason = _core.use_libjpeg(os.fsencode(path))  # any bytes but on Windows, there UTF-8
        except UnicodeDecodeError as error:  # the system's reason, which names the path
            reason = error.object.decode(errors="replace")
        if reason:
            return f"Pillow's libjpeg-turbo cannot be called: {reason}"
        kinds = itertools.product(("4:4:4", "4:2:2", "4:4:0", "4:2:0"), (False, True))
        if all(_same_pixels(subsampling, progressive) for subsampling, progressive in kinds):
            return None
        _core.use_libjpeg("")
        return "Pillow's libjpeg-turbo makes other pixels when the core calls it"


def is_used() -> bool:
    """Returns whether JPEG files are decoded in the core.

    Raises:
        RuntimeError: If `BATCHWARP_JPEG` wants that, and it cannot be.
    """
    forced = jpeg_way()
    if forced not in (None, "core"):
        return False
    reason = unavailable_reason()
    if reason is not None and forced is not None:
        raise RuntimeError(f"`BATCHWARP_JPEG` is {forced!r}, but {reason}")
    return reason is None


def decode_jpeg(
    data: bytes, header: JpegHeader, grey: bool, scale: int = 8
) -> NDArray[np.uint8] | None:
    """Decodes a JPEG file and leaves its EXIF orientation alone.

    Args:
        data: Bytes, the whole file.
        header: What `ordinary_jpeg` says of it.
        grey: Boolean, whether the file is grey and shall stay so.
        scale: Integer from 1 to 16, the size in eighths, rounded up.

    Returns:
        Array `(height, width, channels)`, grey or RGB, or `None` if Pillow shall have a look at the
        file.

    Raises:
        MemoryError: If there is too little memory.
    """
    height, width = (-(-extent * scale // 8) for extent in (header.height, header.width))
    image = np.empty((height, width, 1 if grey else 3), np.uint8)
    return image if _core.decode_jpeg(data, image, grey=grey, scale=scale) else None


def description() -> str:
    """Returns what decodes JPEG files, for people: the way, and the library or why it is not."""
    from PIL import features

    forced = jpeg_way()
    if forced not in (None, "core"):
        return f"{forced}, as BATCHWARP_JPEG says"
    reason = unavailable_reason()
    if reason is not None:
        return f"opencv: {reason}"
    release = features.version("libjpeg_turbo")
    version = f"libjpeg-turbo {release}" if release else _core.libjpeg_version()
    return f"core, with Pillow's {version}"


def _same_pixels(subsampling: str, progressive: bool) -> bool:
    """Tries a file of 64 × 160 pixels: all of it, a window, and where rows and columns meet."""
    from PIL import Image

    random = np.random.RandomState(0)
    noise = np.cumsum(random.randint(-9, 10, (64, 160, 3)), axis=1).astype(np.uint8)
    file = io.BytesIO()
    tall = subsampling == "4:4:0"  # which Pillow reads, and does not write
    options: dict[str, Any] = {
        "subsampling": "4:2:2" if tall else subsampling,
        "progressive": progressive,
    }
    Image.fromarray(noise).save(file, "JPEG", quality=85, **options)
    data = file.getvalue()
    if tall:  # as many blocks in as many groups, in other places
        data = data.replace(b"\x01\x21\x00", b"\x01\x12\x00")
    with Image.open(io.BytesIO(data)) as picture:
        expected = np.asarray(picture)
    rows, columns = (np.arange(1, extent, 3) for extent in noise.shape[:2])
    parts: list[tuple[Any, dict[str, Any]]] = [
        (expected, {}),
        (expected[33:60, 101:140], {"window": (101, 33, 140, 60)}),
        (expected[np.ix_(rows, columns)], {"rows": rows, "columns": columns}),
    ]
    for part, options in parts:
        target = np.empty_like(part)
        if not _core.decode_jpeg(data, target, **options) or not np.array_equal(part, target):
            return False
    return True
