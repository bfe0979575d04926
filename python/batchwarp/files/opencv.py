"""JPEG files through OpenCV, where it makes the same pixels of them as Pillow."""

from __future__ import annotations

import functools
import io
import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _forks
from batchwarp._warnings import warn


def decode_jpeg(data: bytes, grey: bool, reduction: int = 1) -> NDArray[np.uint8] | None:
    """Decodes a JPEG file and leaves its EXIF orientation alone.

    Args:
        data: Bytes, the whole file.
        grey: Boolean, whether the file is grey and shall stay so.
        reduction: 1, 2, 4 or 8: by how much to make it smaller while it is decoded.

    Returns:
        Array `(height, width, channels)`, grey or RGB, or `None` if OpenCV cannot decode it.

    Raises:
        MemoryError: If there is too little memory.
    """
    cv2, flags, is_rgb = _opencv(grey, reduction)
    found = _imdecode(cv2, data, flags)
    if found is None:
        return None
    if grey:
        return np.asarray(found, np.uint8)[..., np.newaxis]
    return np.asarray(found if is_rgb else cv2.cvtColor(found, cv2.COLOR_BGR2RGB), np.uint8)


def _imdecode(cv2: Any, data: bytes, flags: int) -> NDArray[Any] | None:
    try:
        found: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        if getattr(error, "code", None) == cv2.Error.StsNoMem:
            raise MemoryError(str(error)) from error
        return None
    return found


@functools.cache
def library() -> Any:
    """Returns OpenCV's module.

    Raises:
        MemoryError: If there is too little memory.
    """
    with _forks.importing:
        import cv2

        # The first call makes the list of decoders, once, behind a guard that a child forked
        # meanwhile would wait for without end.
        _imdecode(cv2, b"\0", cv2.IMREAD_UNCHANGED)
    return cv2


@functools.cache
def _opencv(grey: bool, reduction: int) -> tuple[Any, int, bool]:
    """Returns OpenCV's module, flags for `imdecode`, and whether colours are then in RGB order."""
    cv2 = library()
    is_rgb = False
    if reduction > 1:
        flags = getattr(cv2, f"IMREAD_REDUCED_{'GRAYSCALE' if grey else 'COLOR'}_{reduction}")
    elif grey:
        flags = cv2.IMREAD_GRAYSCALE
    else:
        is_rgb = hasattr(cv2, "IMREAD_COLOR_RGB")  # not before OpenCV 4.11
        flags = cv2.IMREAD_COLOR_RGB if is_rgb else cv2.IMREAD_COLOR
    return cv2, flags | cv2.IMREAD_IGNORE_ORIENTATION, is_rgb


@functools.cache
def _can_be_imported() -> bool:
    """Returns whether there is an OpenCV, or warns that there is none."""
    try:
        library()
    except ImportError as error:  # the build with windows needs libGL, which servers lack
        warn(
            f"OpenCV cannot be imported: {error}. JPEG files are decoded with Pillow, which takes "
            "twice as long.",
            RuntimeWarning,
        )
        return False
    return True


@functools.cache
def agrees_with_pillow() -> bool:
    """Tries whether the installed OpenCV and Pillow make the same pixels of JPEG files.

    Both come with libjpeg-turbo where PyPI's packages are installed. Another libjpeg, which a
    distribution may have built one of them with, scales colours up differently.

    Returns:
        Boolean. If it is false, a warning has said so, or why OpenCV cannot be imported.
    """
    with _forks.importing:  # one thread asks, and warns
        if not _can_be_imported():
            return False
    random = np.random.RandomState(0)
    noise = np.cumsum(random.randint(-9, 10, (37, 51, 3)), axis=1).astype(np.uint8)
    kinds = itertools.product(("4:4:4", "4:2:2", "4:2:0"), (False, True))
    with _forks.importing:  # decoders, too, have things that they make once
        agree = all(
            _same_pixels(_jpeg(noise, subsampling=subsampling, progressive=progressive))
            for subsampling, progressive in kinds
        )
    if not agree:
        warn(
            "OpenCV decodes JPEG files to other pixels than Pillow, and so than Keras, with "
            "the builds of both that are installed. They are decoded with Pillow, which takes "
            "twice as long; packages from PyPI agree.",
            RuntimeWarning,
        )
    return agree


def _jpeg(image: NDArray[np.uint8], **options: Any) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=85, **options)
    return file.getvalue()


def _same_pixels(data: bytes) -> bool:
    from PIL import Image

    decoded = decode_jpeg(data, grey=False)
    with Image.open(io.BytesIO(data)) as picture:
        return decoded is not None and np.array_equal(np.asarray(picture), decoded)
