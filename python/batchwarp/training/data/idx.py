"""Reading IDX files, the format of MNIST and its relatives."""

from __future__ import annotations

import gzip
import math
import zlib
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from batchwarp.training.data.errors import DatasetError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_idx", "read_idx_pair"]


def read_idx(path: Path, *, dimensions: int) -> NDArray[np.uint8]:
    """Reads an IDX file of bytes, the format of MNIST and its relatives.

    Args:
        path: The file, plain or compressed with gzip; its content decides, not its name.
        dimensions: Number of dimensions that the array must have, 1 to 255.

    Returns:
        The array, uint8 with `dimensions` dimensions.

    Raises:
        DatasetError: If the file cannot be read, is not an IDX file of bytes with that many
            dimensions, or is shorter or longer than its header says.
    """
    try:
        with path.open("rb") as file:
            if file.read(2) == b"\x1f\x8b":
                file.seek(0)
                with gzip.open(file) as unpacked:
                    return _read_idx(cast(BinaryIO, unpacked), path, dimensions)
            file.seek(0)
            return _read_idx(file, path, dimensions)
    except EOFError:
        raise DatasetError(path, "the gzip stream ends too early; the file is truncated") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DatasetError(path, f"the gzip stream is damaged ({error})") from error
    except OSError as error:
        raise DatasetError(path, f"cannot be read ({error.strerror or error})") from error


def _read_idx(file: BinaryIO, path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Reads the unpacked stream of an IDX file."""
    magic = file.read(4)
    expected = bytes((0, 0, 8, dimensions))  # 8 is the format's code for unsigned bytes
    if magic != expected:
        raise DatasetError(
            path,
            f"not an IDX file of bytes with {dimensions} dimension(s): it begins with "
            f"{magic.hex(' ') or 'nothing'}, not with {expected.hex(' ')}",
        )
    header = file.read(4 * dimensions)
    if len(header) < 4 * dimensions:
        raise DatasetError(path, "the file ends within its header")
    shape = tuple(np.frombuffer(header, ">u4").tolist())
    size = math.prod(shape)
    sizes = "x".join(map(str, shape))
    # Read in pieces: the header of a damaged file may promise more than there is memory.
    content = bytearray()
    while len(content) <= size:
        piece = file.read(min(1 << 24, size + 1 - len(content)))
        if not piece:
            break
        content += piece
    if len(content) < size:
        raise DatasetError(
            path, f"truncated: the header says {sizes} = {size} bytes, there are {len(content)}"
        )
    if len(content) > size:
        raise DatasetError(path, f"longer than the {sizes} = {size} bytes that its header says")
    return np.frombuffer(content, np.uint8).reshape(shape)


def read_idx_pair(
    images_path: Path, labels_path: Path, classes: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Reads the pictures of MNIST or one of its relatives, and their labels.

    Args:
        images_path: IDX file of the pictures.
        labels_path: IDX file of their labels.
        classes: Number of classes.

    Returns:
        Pictures, uint8 of shape `(n, 28, 28, 1)` with n at least 1, and labels, uint8 of shape
        `(n,)` below `classes`.

    Raises:
        DatasetError: If one of the files is not what it must be, or they do not fit together.
    """
    images = read_idx(images_path, dimensions=3)
    labels = read_idx(labels_path, dimensions=1)
    if images.shape[1:] != (28, 28):
        height, width = images.shape[1:]
        raise DatasetError(images_path, f"pictures must be 28x28 pixels, not {width}x{height}")
    if len(images) != len(labels):
        raise DatasetError(
            labels_path, f"{len(labels)} labels for {len(images)} pictures in {images_path}"
        )
    if not len(images):
        raise DatasetError(images_path, "there are no pictures in it")
    if labels.max() >= classes:
        raise DatasetError(
            labels_path, f"labels must be 0 to {classes - 1}, there is a {labels.max()}"
        )
    return images[..., np.newaxis], labels
