"""Images as they are stored: any number of channels, 16 bits, floating point, palettes' indices."""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp._warnings import warn
from batchwarp.files import formats, pictures, png, tiff
from batchwarp.files.orientation import oriented, stored_orientation


class Unchanged(NamedTuple):
    """An image as it is stored.

    Attributes:
        image: Array `(height, width, channels)`.
        has_alpha: Boolean, whether it is of 8 bits and its four channels are red, green, blue and
            an alpha channel by which these are not multiplied.
    """

    image: NDArray[Any]
    has_alpha: bool = False


def decode(data: bytes, path: str, exif_transpose: bool, indices: bool = False) -> Unchanged:
    """Decodes an image and keeps its channels and its depth.

    Args:
        data: Bytes, the whole file: NumPy's .npy with an array of rank 2 or 3, or an image.
        path: String, the file's path for errors and warnings.
        exif_transpose: Boolean, whether to turn it as its EXIF orientation says. TIFF images are
            turned in any case, as Pillow and so Keras does.
        indices: Boolean, whether to give a palette's indices instead of its colours.

    Returns:
        The samples as they are stored; colours are in the order red, green, blue, alpha. Only
        single bits become 0 and 255, if `indices` is not set.

    Raises:
        Exception: Of many kinds, if it cannot be done.
    """
    found = _decoded(data, path, exif_transpose, indices)
    image = found.image if found.image.ndim == 3 else found.image[..., np.newaxis]
    # One kind of byte order for all that follows.
    return found._replace(image=image.astype(image.dtype.newbyteorder("="), copy=False))


def _decoded(data: bytes, path: str, exif_transpose: bool, indices: bool) -> Unchanged:
    if data.startswith(formats.NPY):
        return Unchanged(formats.array(data))
    if tiff.is_tiff(data):
        stored = tiff.read(data, lambda width, height: _check_size(width, height, path))
        if stored is not None:
            return _of_tiff(stored, indices)
    samples = formats.samples(data, lambda width, height: _check_size(width, height, path))
    if samples is not None:
        return Unchanged(samples)
    if data.startswith(png.SIGNATURE):
        return _of_png(data, path, exif_transpose, indices)
    with pictures.decoded(io.BytesIO(data), path, "unchanged", exif_transpose) as picture:
        return of_picture(picture, indices)


def _of_tiff(stored: tiff.Stored, indices: bool) -> Unchanged:
    image = stored.image
    if not indices:
        if stored.palette is not None:
            image = stored.palette[image[..., 0]]
        elif stored.bilevel:
            image = image * np.uint8(255)
    return Unchanged(oriented(image, stored.orientation), stored.has_alpha)


def _of_png(data: bytes, path: str, exif_transpose: bool, indices: bool) -> Unchanged:
    file = png.read(data)
    if file.is_deep:
        _check_size(file.width, file.height, path)
        found = Unchanged(png.deep_image(file))
    else:
        with pictures.decoded(io.BytesIO(file.file()), path, "unchanged", False) as picture:
            found = of_picture(picture, indices)
        if picture.mode == "L" and file.bits < 8:  # spread over 8 bits by Pillow
            found = Unchanged(found.image // np.uint8(255 // (2**file.bits - 1)))
    if not exif_transpose:
        return found
    return found._replace(image=oriented(found.image, stored_orientation(data)))


def of_picture(picture: Any, indices: bool) -> Unchanged:
    """Returns the samples of a Pillow image.

    Args:
        picture: The image.
        indices: Boolean, whether to give a palette's indices instead of its colours.
    """
    mode = picture.mode
    if indices:
        image = np.asarray(picture)
        if mode == "PA":
            image = image[..., 0]
        return Unchanged(image.astype(np.uint8) if mode == "1" else image)
    alpha = mode == "PA" or "transparency" in picture.info
    converted = {"1": "L", "P": "RGBA" if alpha else "RGB", "PA": "RGBA"}.get(mode, mode)
    image = np.asarray(picture if converted == mode else picture.convert(converted))
    return Unchanged(image, converted == "RGBA")


def _check_size(width: int, height: int, path: str) -> None:
    """Warns and raises as Pillow does; other decoders would accept up to 2³⁰ pixels."""
    from PIL import Image

    limit = Image.MAX_IMAGE_PIXELS
    if limit is None or width * height <= limit:
        return
    size = f"Image size ({width}x{height} pixels) exceeds limit of"
    if width * height > 2 * limit:
        raise Image.DecompressionBombError(
            f"{size} {2 * limit} pixels, could be decompression bomb DOS attack."
        )
    warn(
        f"{path}: {size} {limit} pixels, could be decompression bomb DOS attack.",
        Image.DecompressionBombWarning,
    )
