"""Finding and reading the data sets of the training scripts."""

from __future__ import annotations

import gzip
import math
import os
import socket
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from batchwarp.training.errors import DatasetError
from batchwarp.training.frameworks import load_keras

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "DATA_VARIABLE",
    "Dataset",
    "load_fashion_mnist",
    "load_picture_folders",
    "read_idx",
]

DATA_VARIABLE = "BATCHWARP_DATA"

FASHION_MNIST_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
# Where Debian's package dataset-fashion-mnist puts its files.
_DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
_FASHION_MNIST_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_PICTURE_SUFFIXES = frozenset(
    (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)
# A server that says nothing for so long is not going to.
_DOWNLOAD_TIMEOUT = 15.0  # seconds


@dataclass(frozen=True)
class Dataset:
    """Pictures with their classes, in two parts.

    Attributes:
        x_train: Training pictures, uint8 of shape `(n, height, width, channels)`.
        y_train: Their classes, uint8 of shape `(n,)`: indices into `classes`.
        x_test: Test pictures, as `x_train`.
        y_test: Their classes, as `y_train`.
        classes: Names of the classes.
        source: Where the pictures come from, for the user to read.
    """

    x_train: NDArray[np.uint8]
    y_train: NDArray[np.uint8]
    x_test: NDArray[np.uint8]
    y_test: NDArray[np.uint8]
    classes: tuple[str, ...]
    source: str

    def limited(self, count: int | None) -> Dataset:
        """Returns the same with at most `count` training and `count` test pictures, the first."""
        if count is None:
            return self
        return Dataset(
            self.x_train[:count],
            self.y_train[:count],
            self.x_test[:count],
            self.y_test[:count],
            self.classes,
            self.source,
        )


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


def load_fashion_mnist(folder: Path | None) -> Dataset:
    """Loads Fashion-MNIST: 60,000 training and 10,000 test pictures of 28x28 pixels.

    Without a folder it is looked for in `$BATCHWARP_DATA/fashion-mnist`, then where Debian's
    package `dataset-fashion-mnist` puts it, and is downloaded with `keras.datasets` as the last
    resort.

    Args:
        folder: Folder of the four IDX files, plain or `.gz`; None looks in the places above.

    Returns:
        The data set.

    Raises:
        DatasetError: If the files are nowhere or are not what they must be.
        MissingPackageError: If it takes a download and Keras is not installed.
    """
    if folder is not None:
        return _read_fashion_mnist(folder)
    root = os.environ.get(DATA_VARIABLE)
    places = [Path(root) / "fashion-mnist"] if root else []
    for place in [*places, _DEBIAN_FASHION_MNIST]:
        if place.is_dir():
            return _read_fashion_mnist(place)
    return _download_fashion_mnist()


def _read_fashion_mnist(folder: Path) -> Dataset:
    """Reads and checks the four files of Fashion-MNIST."""
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise DatasetError(folder, f"{what}; it must be the folder of Fashion-MNIST's IDX files")
    paths = []
    for name in _FASHION_MNIST_FILES:
        candidates = (folder / name, folder / f"{name}.gz")
        found = [path for path in candidates if path.is_file()]
        if not found:
            raise DatasetError(folder, f"there is no file {name} or {name}.gz")
        paths.append(found[0])
    parts: list[NDArray[np.uint8]] = []
    for images_path, labels_path in (paths[:2], paths[2:]):
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
        if labels.max() >= len(FASHION_MNIST_CLASSES):
            raise DatasetError(labels_path, f"labels must be 0 to 9, there is a {labels.max()}")
        parts += [images[..., np.newaxis], labels]
    return Dataset(
        x_train=parts[0],
        y_train=parts[1],
        x_test=parts[2],
        y_test=parts[3],
        classes=FASHION_MNIST_CLASSES,
        source=str(folder),
    )


def _download_fashion_mnist() -> Dataset:
    """Downloads Fashion-MNIST with Keras, or takes what Keras has downloaded before."""
    keras = load_keras()
    try:
        with _socket_timeout(_DOWNLOAD_TIMEOUT):
            train, test = keras.datasets.fashion_mnist.load_data()
    except Exception as error:  # Keras raises nothing more specific
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DatasetError(
            "Fashion-MNIST",
            "not found. Ways to get it: (1) --data FOLDER with the four IDX files (.gz or plain); "
            f"(2) a folder fashion-mnist in the folder that ${DATA_VARIABLE} names; "
            "(3) Debian and Ubuntu: apt-get install dataset-fashion-mnist "
            f"(puts it into {_DEBIAN_FASHION_MNIST}); "
            f"(4) a network connection, for keras.datasets to download it (tried now: {reason})",
        ) from error
    return Dataset(
        train[0][..., np.newaxis],
        train[1],
        test[0][..., np.newaxis],
        test[1],
        classes=FASHION_MNIST_CLASSES,
        source="keras.datasets.fashion_mnist",
    )


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    """Lets connections opened meanwhile fail after so many seconds of silence."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def load_picture_folders(
    root: Path, classes: Sequence[str], *, height: int, width: int, limit: int | None = None
) -> Dataset:
    """Loads grey pictures from the folders `train/<class>` and `test/<class>`.

    Files whose name begins with a dot or does not end as a picture's are left out.

    Args:
        root: The folder that contains `train` and `test`.
        classes: Names of the classes, which are the names of their folders.
        height: Height in pixels that every picture is resized to.
        width: Width in pixels that every picture is resized to.
        limit: Load at most this many pictures for training and as many for testing, evenly over
            the classes, in the order of their names; None loads all.

    Returns:
        The data set, with pictures of shape `(n, height, width, 1)`.

    Raises:
        DatasetError: If a folder is missing or has no pictures, or a file is not a picture.
    """
    arrays: list[NDArray[np.uint8]] = []
    for part in ("train", "test"):
        paths: list[Path] = []
        labels: list[int] = []
        for label, name in enumerate(classes):
            folder = root / part / name
            found = _pictures_in(folder)
            if limit is not None:
                found = found[: max(1, limit // len(classes))]
            paths += found
            labels += [label] * len(found)
        pictures = np.empty((len(paths), height, width, 1), np.uint8)
        for index, path in enumerate(paths):
            pictures[index, :, :, 0] = _read_picture(path, height, width)
        arrays += [pictures, np.array(labels, np.uint8)]
    return Dataset(
        x_train=arrays[0],
        y_train=arrays[1],
        x_test=arrays[2],
        y_test=arrays[3],
        classes=tuple(classes),
        source=str(root),
    )


def _pictures_in(folder: Path) -> list[Path]:
    """Returns the picture files of a folder in the order of their names."""
    if not folder.is_dir():
        raise DatasetError(
            folder,
            "there is no such folder; pictures are expected in train/<class> and test/<class>",
        )
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in _PICTURE_SUFFIXES and not path.name.startswith(".")
    )
    if not found:
        raise DatasetError(folder, f"there is no picture in it ({_endings()})")
    return found


def _endings() -> str:
    """Returns the file name endings of pictures, for messages."""
    return ", ".join(sorted(_PICTURE_SUFFIXES))


def _read_picture(path: Path, height: int, width: int) -> NDArray[np.uint8]:
    """Returns one picture in grey, resized; uint8 of shape `(height, width)`."""
    import cv2

    try:
        # OpenCV's own imread cannot open every path on Windows.
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise DatasetError(path, f"cannot be read ({error.strerror or error})") from error
    if not content.size:
        raise DatasetError(path, "the file is empty")
    try:
        picture = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE)
    except cv2.error as error:
        raise DatasetError(path, f"cannot be decoded as a picture ({error.err})") from error
    if picture is None:
        raise DatasetError(path, "cannot be decoded as a picture; it is damaged or not a picture")
    if picture.shape != (height, width):
        shrinks = picture.shape[0] > height and picture.shape[1] > width
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        picture = cv2.resize(picture, (width, height), interpolation=method)
    return np.asarray(picture, np.uint8)
