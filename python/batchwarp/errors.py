"""Exceptions of batchwarp's own; everything else raises `ValueError` or `TypeError` as in Keras."""

from __future__ import annotations

from typing import Any

__all__ = ["AnnotationError", "CudaError", "ImageFileError"]


class ImageFileError(OSError):
    """An image file was found, but its content could not be made into an image of a batch.

    It is an `OSError` because so is what Pillow, and with it Keras, raises for most of such files.
    The error of the decoder, if there was one, is its `__cause__`.

    Args:
        path: String, the file's path.
        reason: String, what is wrong with the file.

    Attributes:
        path: As the argument.
        reason: As the argument.

    Example:
        >>> Path("broken.jpg").write_bytes(b"no picture")
        10
        >>> try:
        ...     batchwarp.image.load_img("broken.jpg")
        ... except ImageFileError as error:
        ...     print(error.path)
        broken.jpg
    """

    path: str
    reason: str

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")  # of two arguments, OSError takes one as `errno`
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.reason)


class AnnotationError(ValueError):
    """Annotations of images, as in COCO's or YOLO's format, are not as they should be.

    Args:
        path: String, the path of the file that has them.
        reason: String, what is wrong, and with which annotation.

    Attributes:
        path: As the argument.
        reason: As the argument.

    Example:
        >>> error = AnnotationError("instances.json", "annotation 7 has no image")
        >>> str(error), error.reason
        ('instances.json: annotation 7 has no image', 'annotation 7 has no image')
    """

    path: str
    reason: str

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.reason)


class CudaError(RuntimeError):
    """CUDA is missing or a call of it failed; the message has CUDA's own text.

    Example:
        >>> try:
        ...     ImageDataGenerator().flow(np.zeros((2, 8, 8, 3)), device="cuda")
        ... except CudaError as error:
        ...     print("no card, or built without CUDA")
        no card, or built without CUDA
    """
