"""One image file to the pixels that Keras makes of it.

Keras decodes and resizes with Pillow. Ordinary JPEG files are decoded by the core, with Pillow's
library, or by OpenCV where that cannot be called: to the same pixels in half the time. The core
resizes them to the same pixels as Pillow; all else is Pillow's.
"""

from __future__ import annotations

import functools
import io
import os
import stat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp._environment import jpeg_way
from batchwarp.files import libjpeg, opencv, pictures, resampling, unchanged
from batchwarp.files.jpeg import JpegHeader, ordinary_jpeg
from batchwarp.files.options import Decoding
from batchwarp.files.orientation import jpeg_orientation, oriented

# A pipe without a writer would block where it is opened.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_CHUNK = 1 << 20


def read_file(path: str) -> tuple[bytes, tuple[int, int]]:
    """Reads a file.

    Args:
        path: String.

    Returns:
        Tuple of its bytes and its signature, `(st_size, st_mtime_ns)`.

    Raises:
        OSError: If it cannot be read, or is no regular file: a pipe might never end.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError("not a regular file")
        # In one call and without a file object: after an image has gone through the processor's
        # cache, whatever Python does takes many times as long as elsewhere.
        data = os.read(descriptor, status.st_size + 1)
        if len(data) != status.st_size:  # it changes, or is too large for one call
            data = b"".join([data, *iter(lambda: os.read(descriptor, _CHUNK), b"")])
    finally:
        os.close(descriptor)
    return data, (status.st_size, status.st_mtime_ns)


def decode(data: bytes, path: str, options: Decoding) -> tuple[NDArray[Any], tuple[int, int]]:
    """Decodes and resizes an image.

    Args:
        data: Bytes, the whole file.
        path: String, the file's path for errors.
        options: What to make of it.

    Returns:
        Tuple of an array `(height, width, channels)` of uint8, of another dtype for grey images of
        more than 8 bits and for `color_mode` `"unchanged"` and `"palette"`; and of height and width
        before it was resized.

    Raises:
        Exception: Of many kinds, if it cannot be done.
    """
    if options.color_mode in ("unchanged", "palette"):
        indices = options.color_mode == "palette"
        stored = unchanged.decode(data, path, options.exif_transpose, indices)
        image = stored.image
        if indices and image.shape[2] != 1:
            raise ValueError(
                f'has {image.shape[2]} channels and no palette: `color_mode="palette"` is for '
                "images with a palette, and for grey ones"
            )
        return resized(image, options, stored.has_alpha), image.shape[:2]
    pictures.pillow()
    header = ordinary_jpeg(data)
    if header is not None and jpeg_way() != "pillow":
        found = _decode_ordinary(data, header, options)
        if found is not None:
            return found
    with pictures.decoded(
        io.BytesIO(data), path, options.color_mode, options.exif_transpose
    ) as picture:
        size = options.target_size
        image = np.asarray(
            picture
            if size is None
            else pictures.resized(picture, size, options.interpolation, options.keep_aspect_ratio)
        )
        height, width = picture.height, picture.width
    return (image if image.ndim == 3 else image[..., np.newaxis]), (height, width)


def _decode_ordinary(
    data: bytes, header: JpegHeader, options: Decoding
) -> tuple[NDArray[np.uint8], tuple[int, int]] | None:
    """Returns image and size as `decode`, or `None` for Pillow to have a look at it."""
    limit = pictures.pillow().MAX_IMAGE_PIXELS
    if limit is not None and header.height * header.width > limit:
        return None  # it warns, or refuses
    orientation = jpeg_orientation(data) if options.exif_transpose else 1
    if orientation is None:
        return None
    height, width = header.height, header.width
    if 5 <= orientation <= 8:
        height, width = width, height
    left, top, right, bottom = part_of(height, width, options)
    if left >= right or top >= bottom:
        return None  # it gives a colour even to images that are too narrow for the crop
    grey = options.color_mode == "grayscale" and header.components == 1
    reduction = _reduction(bottom - top, right - left, options)
    if libjpeg.is_used():
        image = libjpeg.decode_jpeg(data, header, grey, scale=8 // reduction)
    elif opencv.agrees_with_pillow():
        image = opencv.decode_jpeg(data, grey, reduction)
    else:
        return None
    if image is None:
        return None
    return in_color_mode(oriented(image, orientation), options), (height, width)


def in_color_mode(image: NDArray[np.uint8], options: Decoding) -> NDArray[np.uint8]:
    """Resizes a grey or RGB image and makes it grey or gives it an opaque alpha channel.

    Keras does it in the other order. Nearest pixels can be chosen before they become grey, and an
    opaque alpha channel changes nothing in the other channels and stays opaque.

    Args:
        image: Array `(height, width, channels)` of uint8, of 3 channels or of as many as the color
            mode has without alpha.
        options: Says which color mode, and to which size.
    """
    if options.color_mode == "grayscale" and image.shape[2] == 3:
        if options.interpolation == "nearest":
            return _luma(resized(image, options))
        return resized(_luma(image), options)
    image = resized(image, options)
    if options.color_mode == "rgba":
        opaque = np.full((*image.shape[:2], 1), 255, np.uint8)
        return np.concatenate((image, opaque), axis=2)
    return image


def _luma(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = np.empty((*image.shape[:2], 1), np.uint8)
    _core.luma(image, grey)
    return grey


def part_of(height: int, width: int, options: Decoding) -> tuple[int, int, int, int]:
    """Returns what is resized of an image.

    Args:
        height: Integer, pixels of the image.
        width: Integer, likewise.
        options: Says to which size, and whether proportions are kept.

    Returns:
        Tuple `(left, top, right, bottom)`, pixels.
    """
    size = options.target_size
    if size is None or not options.keep_aspect_ratio or (height, width) == size:
        return 0, 0, width, height
    return pictures.centre(width, height, size[1], size[0])


def _reduction(height: int, width: int, options: Decoding) -> int:
    """Returns by how much a part may be reduced without making it smaller than the target."""
    if options.target_size is None or not options.scaled_decode:
        return 1
    to_height, to_width = options.target_size
    fitting = (f for f in (8, 4, 2) if height >= f * to_height and width >= f * to_width)
    return next(fitting, 1)


@functools.cache
def pillow_version() -> tuple[int, int]:
    """Returns the release of Pillow that is installed, on which the pixels of a resize depend.

    Returns:
        Tuple `(major, minor)`.
    """
    from PIL import __version__

    major, minor = __version__.split(".")[:2]
    return int(major), int(minor)


def resized(image: NDArray[Any], options: Decoding, has_alpha: bool = False) -> NDArray[Any]:
    """Resizes an image: one of 8 bits as Pillow does.

    Args:
        image: Array `(height, width, channels)`.
        options: Says to which size, and how.
        has_alpha: Boolean, whether the fourth channel of an image of 8 bits says how much of the
            others is seen. They count by it then, as in Pillow.

    Returns:
        Array `(*target_size, channels)` of the same dtype.
    """
    height, width, channels = image.shape
    size = options.target_size
    if size is None or (height, width) == size:
        return image
    box = part_of(height, width, options)
    alike = channels == 4 if has_alpha else channels in (1, 3)
    if image.dtype == np.uint8 and alike and box[0] < box[2] and box[1] < box[3]:
        result = np.empty((*size, channels), np.uint8)
        _core.resize(image, result, options.interpolation, box, pillow=pillow_version())
        return result
    return resampling.resize(image, size, options.interpolation, box)
