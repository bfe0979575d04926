"""Exceptions of batchwarp's own; everything else raises `ValueError` or `TypeError` as in Keras."""

from __future__ import annotations

__all__ = ["UnsupportedError"]


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
