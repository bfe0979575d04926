"""Single image files, read and written through Pillow as Keras does it."""

from __future__ import annotations

import functools
import io
import os
import re
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchwarp import _core, _forks, _keras
from batchwarp._arguments import boolean, image_size, user_path
from batchwarp._pillow import array_to_img
from batchwarp._signals import let_through
from batchwarp._warnings import warn
from batchwarp.errors import ImageFileError
from batchwarp.files import formats, tiff
from batchwarp.files.orientation import turned

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["list_pictures", "load_img", "save_img", "validate_filename"]

# Modes that Keras takes for grey, and keeps.
_GREY = ("L", "I;16", "I")

# What Pillow says in numbers, and what it raises where it has not thought of a file.
_DECODER_ERROR = re.compile(r"decoder error -?\d+$")
_COUNT = re.compile(r" \(-?\d+ bytes not processed\)$")
_STUMBLES = (
    struct.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    TypeError,
)

_PICTURES = ("jpg", "jpeg", "bmp", "png", "ppm", "tif", "tiff")


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
    *,
    exif_transpose: bool = False,
    grayscale: bool = False,
) -> Image:
    """Loads an image file.

    Args:
        path: Path of the file, a string, bytes or path-like; or an `io.BytesIO` of its content.
        color_mode: `"rgb"`, `"rgba"` or `"grayscale"`. Grey images of 16 and 32 bits keep their
            depth with `"grayscale"`; with the others Pillow clips them to 8 bits.
        target_size: `(height, width)` to resize to, integers of at least 1, or `None`.
        interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"hamming"`, `"box"` or `"lanczos"`.
        keep_aspect_ratio: Boolean. Before resizing, cut the greatest part with the target's
            proportions out of the centre, so that nothing is distorted.
        exif_transpose: Boolean. Turn the image as its EXIF orientation says, which cameras write
            and Keras ignores.
        grayscale: Boolean, deprecated: `color_mode="grayscale"`, as `keras_preprocessing` had it.

    Returns:
        A Pillow image with its pixels read, of mode `"RGB"`, `"RGBA"`, `"L"`, `"I;16"` or `"I"`.

    Raises:
        FileNotFoundError: If there is no such file; another `OSError` if it cannot be opened.
        ImageFileError: If it has been read, but cannot be decoded.
        ValueError: If an argument is not as above.
        TypeError: If `path` is of another type.

    Example:
        >>> load_img("photograph.jpg", target_size=(20, 25)).size
        (25, 20)
    """
    if boolean("grayscale", grayscale):
        warn('`grayscale` is deprecated. Please use `color_mode="grayscale"`', DeprecationWarning)
        color_mode = "grayscale"
    _check_color_mode(color_mode)
    size = None if target_size is None else image_size("target_size", target_size, or_more=True)
    crop = boolean("keep_aspect_ratio", keep_aspect_ratio)
    upright = boolean("exif_transpose", exif_transpose)
    name, content = _opened(path)
    picture = decoded(content, name, color_mode, upright)
    return picture if size is None else resized(picture, size, interpolation, crop)


def _check_color_mode(color_mode: Any) -> None:
    if color_mode not in ("grayscale", "rgba", "rgb"):
        raise ValueError(
            f'color_mode must be "grayscale", "rgb", or "rgba". Received: {color_mode!r}'
        )


def _opened(path: Any) -> tuple[str, io.BytesIO]:
    """Returns a file's path for messages, and its content."""
    if isinstance(path, io.BytesIO):
        return "<BytesIO>", path
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise TypeError(f"path should be path-like or io.BytesIO, not {type(path)}")
    with open(user_path(path), "rb") as file:  # noqa: PTH123 - pathlib takes no bytes
        return os.fsdecode(path), io.BytesIO(file.read())


@functools.cache
@functools.cache
def pillow() -> Any:
    """Returns `PIL.Image`, with the parts that read the usual formats."""
    with _forks.importing:
        from PIL import Image

        Image.preinit()
    return Image


def decoded(content: io.BytesIO, name: str, color_mode: str, exif_transpose: bool) -> Image:
    """Decodes a file's content with Pillow and converts its colours.

    Args:
        content: The content; it is read from its beginning.
        name: String, the file's path for the error.
        color_mode: `"rgb"`, `"rgba"`, `"grayscale"` or `"unchanged"`.
        exif_transpose: Boolean, whether to turn it as its EXIF orientation says.

    Returns:
        A Pillow image, as from `load_img`; of any mode if it is to stay unchanged.

    Raises:
        ImageFileError: If it cannot be decoded.
    """
    pil = pillow()

    try:
        picture: Image = pil.open(content)
        picture.load()  # Pillow, and so Keras, would see broken pixels only when they are used
        if exif_transpose:
            picture = turned(picture)
        return picture if color_mode == "unchanged" else in_color_mode(picture, color_mode)
    except (MemoryError, Warning):  # not the file's fault, or raised because the user wants it so
        raise
    except Exception as error:  # whatever a broken file makes a decoder stumble on
        let_through(error)
        raise ImageFileError(name, reason_of(error, content)) from error


def in_color_mode(picture: Image, color_mode: str) -> Image:
    """Converts the colours of a Pillow image, as Keras does.

    Args:
        picture: The image; of one with a palette, what is said of transparency may be dropped.
        color_mode: `"rgb"`, `"rgba"` or `"grayscale"`.

    Returns:
        The image, or one of another mode.
    """
    if color_mode != "rgba" and picture.mode == "P":
        # Pillow drops it, too, but with a warning that does not say of which file.
        picture.info.pop("transparency", None)
    if color_mode == "grayscale":
        return picture if picture.mode in _GREY else picture.convert("L")
    mode = color_mode.upper()
    return picture if picture.mode == mode else picture.convert(mode)


def reason_of(error: Exception, content: io.BytesIO) -> str:
    """Returns what is wrong with a file, in words that do not depend on where it is in memory.

    Args:
        error: What Pillow raised.
        content: The file's content.

    Returns:
        A string that is not empty.
    """
    from PIL import UnidentifiedImageError

    with content.getbuffer() as view:
        start = bytes(view[:8])
    if not start:
        return "the file is empty"
    text = str(error)
    if isinstance(error, UnidentifiedImageError):
        if start.startswith(formats.NPY):
            return 'an array of NumPy\'s, which only `color_mode="unchanged"` reads'
        layout = tiff.described(content.getvalue()) if tiff.is_tiff(start) else None
        if layout is not None:
            return (
                f"a TIFF image of a layout that Pillow does not read ({layout}); try "
                '`color_mode="unchanged"`'
            )
        return "not an image, or of a format that Pillow does not read"
    if _DECODER_ERROR.match(text):
        return "its compressed pixels are damaged or end early"
    if isinstance(error, _STUMBLES):
        return f"damaged, or of a kind that Pillow does not read ({type(error).__name__}: {text})"
    return _COUNT.sub("", text) or type(error).__name__


def resized(
    picture: Image, size: tuple[int, int], interpolation: str, keep_aspect_ratio: bool
) -> Image:
    """Resizes an image as Keras does.

    Args:
        picture: Pillow image.
        size: `(height, width)`, integers of at least 1.
        interpolation: One of the core's `INTERPOLATIONS`; an image of that size is returned unseen.
        keep_aspect_ratio: Boolean, whether to cut out the centre in the proportions of `size`.

    Returns:
        A Pillow image of the same mode.

    Raises:
        ValueError: If `interpolation` is another one, or Pillow has it not for this mode.
    """
    from PIL import Image as pil

    height, width = size
    if picture.size == (width, height):
        return picture
    if interpolation not in _core.INTERPOLATIONS:
        raise ValueError(
            f"Invalid interpolation method {interpolation} specified. Supported methods are "
            f"{', '.join(_core.INTERPOLATIONS)}"
        )
    resample = pil.Resampling[interpolation.upper()]
    box = centre(*picture.size, width, height) if keep_aspect_ratio else None
    return picture.resize((width, height), resample, box=box)


def centre(width: int, height: int, to_width: int, to_height: int) -> tuple[int, int, int, int]:
    """Returns the greatest centred part of an image that has the target's proportions, as Keras.

    Args:
        width: Integer, pixels of the image.
        height: Integer, likewise.
        to_width: Integer, pixels of the target.
        to_height: Integer, likewise.

    Returns:
        Tuple `(left, top, right, bottom)`, pixels. Of images of very different proportions it is
        empty; Pillow makes something of that, too.
    """
    part_height = min(height, width * to_height // to_width)
    part_width = min(width, height * to_width // to_height)
    left, top = (width - part_width) // 2, (height - part_height) // 2
    return left, top, left + part_width, top + part_height


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Saves an array as an image file.

    Args:
        path: Path of the file, or a file object.
        x: Array of rank 3 with 1, 3 or 4 channels, as for `array_to_img`.
        data_format: `"channels_first"` or `"channels_last"`; `None` means Keras' global setting.
        file_format: String, the format; `None` takes it from the extension of `path`. A file object
            needs it.
        scale: Boolean, whether to stretch the values to 0 to 255.
        **kwargs: Passed on to Pillow's `Image.save`, for example `quality=90`.

    Raises:
        ValueError: If the array is not as above, or the format not known.
        OSError: If the file cannot be written.

    Example:
        >>> save_img("grey.png", np.full((4, 6, 3), 99.0), scale=False)
        >>> load_img("grey.png").getpixel((0, 0))
        (99, 99, 99)
    """
    picture = array_to_img(x, _keras.standardize_data_format(data_format), scale)
    path = user_path(path)
    file_format = _pillow_format(path, file_format)
    if picture.mode == "RGBA" and file_format == "JPEG":
        warn("The JPEG format does not support RGBA images, converting to RGB.")
        picture = picture.convert("RGB")
    picture.save(path, format=file_format, **kwargs)


def _pillow_format(path: Any, file_format: str | None) -> str | None:
    """Returns Pillow's name of a format that is given by name or extension, if it has one."""
    from PIL import Image as pil

    if file_format is None and isinstance(path, (str, bytes, os.PathLike)):
        extension = Path(os.fsdecode(path)).suffix
    else:
        extension = f".{file_format}"
    return pil.registered_extensions().get(extension.lower(), file_format)


def list_pictures(directory: Any, ext: str | Iterable[str] = _PICTURES) -> list[str]:
    """Lists the image files in a folder and all folders in it, by their extensions.

    It is a function of the older package `keras_preprocessing`.

    Args:
        directory: Path of the folder.
        ext: Extensions without the dot, in small letters: one string, of which `|` may separate
            several, or an iterable of strings.

    Returns:
        List of the files' paths, strings that begin with `directory`, in order of the folders and
        then of the names; it is empty if there is no such folder.

    Example:
        >>> [Path(path).name for path in list_pictures("data/train/cats")]
        ['0.jpg', '2.jpg', '4.jpg']
    """
    endings = tuple(f".{name}" for name in (ext.split("|") if isinstance(ext, str) else ext))
    return [
        os.path.join(folder, name)  # noqa: PTH118 - pathlib would drop a leading "./"
        for folder, _, names in sorted(os.walk(user_path(directory)))
        for name in sorted(names)
        if name.lower().endswith(endings)
    ]


def validate_filename(filename: Any, white_list_formats: str | Iterable[str]) -> bool:
    """Checks if a path is that of an existing file with one of the given endings.

    Args:
        filename: Path of the file, a string or path-like.
        white_list_formats: String or iterable of strings in small letters, the accepted endings.

    Returns:
        Boolean. Upper and lower case of the path do not matter to its ending.

    Example:
        >>> validate_filename("photograph.jpg", ("jpg", "png"))
        True
        >>> validate_filename("train.py", ("jpg", "png"))
        False
    """
    formats = white_list_formats
    endings = formats if isinstance(formats, str) else tuple(formats)
    return os.fspath(filename).lower().endswith(endings) and Path(filename).is_file()
