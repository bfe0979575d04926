"""Images as they are stored: any number of channels, 16 bits, floating point."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp.files import pictures

_NPY = b"\x93NUMPY"
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND\xaeB`\x82"
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
    if deep_png or data.startswith(_TIFF):
        image = _with_opencv(data)  # Pillow has no modes for several channels of more than 8 bits
        if image is not None:
            return image
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
    return image if image.ndim == 3 else image[..., np.newaxis]


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
