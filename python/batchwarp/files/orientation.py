"""Images turned upright as the EXIF data of their files say."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp._signals import let_through

if TYPE_CHECKING:
    from PIL.Image import Image

_TAG = 0x0112


def stored_orientation(data: bytes) -> int:
    """Returns the orientation in an image file's EXIF data, as Pillow finds it.

    Args:
        data: Bytes, the whole file.

    Returns:
        Integer; 1, upright, if there is none, or none that can be read.

    Raises:
        Exception: Of many kinds, if the file cannot be read.
    """
    from PIL import Image

    with Image.open(io.BytesIO(data)) as picture:
        return _orientation(picture)


def jpeg_orientation(data: bytes) -> int | None:
    """Returns what `stored_orientation` does, or `None` for a file that Pillow does not open.

    Such a one may be read by libjpeg. Whoever hands it to Pillow then hears what is wrong with it.
    Pillow is asked only where the core leaves it to others what a file says.

    Args:
        data: Bytes, the whole file, an ordinary JPEG file.
    """
    found = _core.jpeg_orientation(data)
    if found is not None:
        return found
    try:
        return stored_orientation(data)
    except (MemoryError, Warning):
        raise
    except Exception as error:  # noqa: BLE001 - whatever a broken file makes it stumble on
        let_through(error)
        return None


def _orientation(picture: Image) -> int:
    try:
        found = picture.getexif().get(_TAG, 1)
    except (MemoryError, Warning):
        raise
    except Exception as error:  # noqa: BLE001 - EXIF may be anything; the pixels are good
        let_through(error)
        return 1
    return found if isinstance(found, int) else 1  # damaged data may hold text, or several numbers


def turned(picture: Image) -> Image:
    """Turns a Pillow image upright as its EXIF orientation says.

    Args:
        picture: The image.

    Returns:
        The image, or a copy that is turned.
    """
    from PIL import Image as pil

    ways = pil.Transpose
    way = {
        2: ways.FLIP_LEFT_RIGHT,
        3: ways.ROTATE_180,
        4: ways.FLIP_TOP_BOTTOM,
        5: ways.TRANSPOSE,
        6: ways.ROTATE_270,
        7: ways.TRANSVERSE,
        8: ways.ROTATE_90,
    }.get(_orientation(picture))
    return picture if way is None else picture.transpose(way)


def oriented(image: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turns an image upright.

    Args:
        image: Array `(height, width, channels)`.
        orientation: Integer, EXIF's: 1 is upright; other values than 1 to 8 mean nothing.

    Returns:
        The image, or a C-contiguous copy that is turned.
    """
    if not 2 <= orientation <= 8:
        return image
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return np.ascontiguousarray(image[rows, columns])
