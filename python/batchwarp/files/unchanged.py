"""Images as they are stored: any number of channels, 16 bits, floating point."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp.files import pictures
from batchwarp.files.orientation import oriented, stored_orientation

_NPY = b"\x93NUMPY"
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND\xaeB`\x82"
# Tags of TIFF, and the values of the last one for grey, where 0 is black, and RGB.
_IMAGE_WIDTH, _IMAGE_LENGTH, _BITS_PER_SAMPLE, _PHOTOMETRIC = 256, 257, 258, 262
_GREY_OR_RGB = (1, 2)
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def decode(data: bytes, path: str, exif_transpose: bool) -> NDArray[Any]:
    """Decodes an image and keeps its channels and its depth.

    Args:
        data: Bytes, the whole file: NumPy's .npy with an array of rank 2 or 3, or an image.
        path: String, the file's path for errors.
        exif_transpose: Boolean, whether to turn it as its EXIF orientation says.

    Returns:
        Array `(height, width, channels)`; colours are in the order red, green, blue, alpha.

    Raises:
        Exception: Of many kinds, if it cannot be done.
    """
    if data.startswith(_NPY):
        return _from_npy(data)
    deep_png = data.startswith(_PNG) and data[24:25] == b"\x10" and data.endswith(_PNG_END)
    # Pillow has no modes for several channels of more than 8 bits.
    if (deep_png and _has_sensible_size(*_size_of_png(data))) or _is_plain_tiff(data):
        image = _with_opencv(data)
        if image is not None:
            # OpenCV turns TIFF images in any case, as Pillow does.
            return oriented(image, stored_orientation(data) if deep_png and exif_transpose else 1)
    with pictures.decoded(io.BytesIO(data), path, "unchanged", exif_transpose) as picture:
        alpha = picture.mode == "PA" or "transparency" in picture.info
        mode = {"1": "L", "P": "RGBA" if alpha else "RGB", "PA": "RGBA"}.get(picture.mode)
        image = np.asarray(picture if mode is None else picture.convert(mode))
    return image if image.ndim == 3 else image[..., np.newaxis]


def _from_npy(data: bytes) -> NDArray[Any]:
    image: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    if image.ndim not in (2, 3) or 0 in image.shape or image.dtype.kind not in "biuf":
        raise ValueError(
            "should hold an array of real numbers of shape (height, width) or "
            f"(height, width, channels), it holds {image.dtype} of shape {image.shape}"
        )
    native = np.dtype(np.uint8) if image.dtype.kind == "b" else image.dtype.newbyteorder("=")
    image = image.astype(native, copy=False)
    return image if image.ndim == 3 else image[..., np.newaxis]


def _size_of_png(data: bytes) -> tuple[int, int]:
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _is_plain_tiff(data: bytes) -> bool:
    """Whether a file is a TIFF image that OpenCV does not convert: grey or RGB, whole bytes."""
    if not data.startswith(_TIFF):
        return False
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    content = io.BytesIO(data)
    try:
        tags = ImageFileDirectory_v2(data[: 16 if data[2:4] in (b"+\0", b"\0+") else 8])
        content.seek(tags.next)
        tags.load(content)
        size = int(tags[_IMAGE_WIDTH]), int(tags[_IMAGE_LENGTH])
        bits = tags[_BITS_PER_SAMPLE]
        # Of two channels, OpenCV would drop the second.
        plain = tags[_PHOTOMETRIC] in _GREY_OR_RGB and min(bits) >= 8 and len(bits) != 2
    except Exception:  # noqa: BLE001 - whatever a broken file makes of it, Pillow will explain
        return False
    return plain and _has_sensible_size(*size)


def _has_sensible_size(width: int, height: int) -> bool:
    """Returns true, or raises as Pillow does; OpenCV would accept up to 2³⁰ pixels."""
    from PIL import Image

    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and width * height > 2 * limit:
        raise Image.DecompressionBombError(
            f"Image size ({width}x{height} pixels) exceeds limit of {2 * limit} pixels, could be "
            "decompression bomb DOS attack."
        )
    return True


def _with_opencv(data: bytes) -> NDArray[Any] | None:
    import cv2

    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if image is None:
        return None
    if image.ndim == 2:
        return image[..., np.newaxis]
    order = {3: [2, 1, 0], 4: [2, 1, 0, 3]}.get(image.shape[2])
    return image if order is None else image[..., order]


def resize(
    image: NDArray[Any],
    target_size: tuple[int, int],
    interpolation: str,
    box: tuple[int, int, int, int],
) -> NDArray[Any]:
    """Resizes each channel by itself in float32 with Pillow's method.

    Args:
        image: Array `(height, width, channels)`.
        target_size: Tuple `(height, width)`, pixels.
        interpolation: Name of Pillow's method.
        box: Tuple `(left, top, right, bottom)`, the part to resize.

    Returns:
        Array `(*target_size, channels)` of the same dtype; integers are rounded and clipped.
    """
    from PIL import Image

    method = getattr(Image.Resampling, interpolation.upper())
    size = (target_size[1], target_size[0])
    channels = [
        np.asarray(
            Image.fromarray(image[..., channel].astype(np.float32)).resize(size, method, box)
        )
        for channel in range(image.shape[2])
    ]
    values = np.stack(channels, axis=2)
    if image.dtype.kind in "iu":
        limits = np.iinfo(image.dtype)
        values = np.clip(np.rint(values), limits.min, limits.max)
    return values.astype(image.dtype)
