"""Exceptions of batchwarp's own; everything else raises `ValueError` or `TypeError` as in Keras."""

from __future__ import annotations

from typing import Any

__all__ = ["ImageFileError", "UnsupportedError"]


class ImageFileError(OSError):
    """An image file was found, but its content could not be made into an image.

    It is an `OSError` because so is what Pillow, and with it Keras, raises for most of such files.
    The error of the decoder, if there was one, is its `__cause__`.

    Args:
        path: String, the file's path.
        reason: String, what is wrong with the file.

    Attributes:
        path: As the argument.
        reason: As the argument.
    """

    path: str
    reason: str

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")  # of two arguments, OSError takes one as `errno`
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.reason)


class UnsupportedError(RuntimeError):
    """A part of the Keras interface was asked for that this version of batchwarp does not have.

    The message names the part and says what to use meanwhile.
    """


def files_unsupported(name: str) -> UnsupportedError:
    """Returns the error for a name of the Keras interface that works on image files.

    Args:
        name: String, the public name that was asked for.

    Returns:
        The `UnsupportedError` to raise.
    """
    return UnsupportedError(
        f"`{name}` is not available in this version of batchwarp: the parts of the Keras interface "
        "that work on image files come with a later version. Meanwhile, load the images into one "
        "array (for example with `keras.utils.load_img` and `keras.utils.img_to_array`) and pass "
        "it to `ImageDataGenerator.flow`."
    )
