"""Finding the data sets of the training scripts.

Each is looked for in the same order: the folder that the user names, the folder of its name under
`$BATCHWARP_DATA`, a well-known place of the system, the download that Keras offers.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from batchwarp.console.frameworks import impatient_downloads, load_keras
from batchwarp.training.data.errors import DatasetError
from batchwarp.training.data.idx import read_idx_pair
from batchwarp.training.data.part import Batches, Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "DATA_VARIABLE",
    "Dataset",
    "find",
    "load_fashion_mnist",
    "load_mnist",
    "read_npz",
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
MNIST_CLASSES = tuple("0123456789")
# Where Debian's package dataset-fashion-mnist puts its files.
_DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
_IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


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

    def test_part(self, flow: Batches) -> Part:
        """Returns the test pictures as a part to evaluate.

        Args:
            flow: Their batches, in order.
        """
        sources = [f"test picture {number}" for number in range(1, len(self.y_test) + 1)]
        return Part("test", flow, self.y_test.astype(np.intp), sources)


def find(given: Path | None, name: str, *elsewhere: Path) -> Path | None:
    """Returns the folder of a data set.

    Args:
        given: What the user has named, which is not checked.
        name: The folder's name under `$BATCHWARP_DATA`.
        *elsewhere: Well-known places, looked into last.

    Returns:
        The folder; None if nothing is given and none of the places exists.
    """
    if given is not None:
        return given
    root = os.environ.get(DATA_VARIABLE)
    places = [Path(root) / name, *elsewhere] if root else elsewhere
    return next((place for place in places if place.is_dir()), None)


def load_mnist(given: Path | None) -> Dataset:
    """Loads MNIST: 60,000 training and 10,000 test pictures of 28x28 pixels.

    Args:
        given: Folder of Keras' `mnist.npz` or of the four IDX files, plain or `.gz`; None looks for
            `$BATCHWARP_DATA/mnist`, then downloads with `keras.datasets`.

    Returns:
        The data set.

    Raises:
        DatasetError: If the files are nowhere or are not what they must be.
        MissingPackageError: If it takes a download and Keras is not installed.
    """
    folder = find(given, "mnist")
    if folder is None:
        return _download("mnist", "MNIST", MNIST_CLASSES, "mnist.npz or the four IDX files")
    path = folder / "mnist.npz"
    if not path.is_file():
        return _read_idx_files(folder, "MNIST", MNIST_CLASSES)
    arrays = read_npz(path, ("x_train", "y_train", "x_test", "y_test"))
    for part in ("train", "test"):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if images.shape != (len(labels), 28, 28) or not len(labels) or labels.max() > 9:
            raise DatasetError(
                path,
                f"x_{part} and y_{part} must have shapes (n, 28, 28) and (n,) with labels 0 to 9, "
                f"not {images.shape} and {labels.shape}",
            )
    return Dataset(
        arrays["x_train"][..., np.newaxis],
        arrays["y_train"],
        arrays["x_test"][..., np.newaxis],
        arrays["y_test"],
        classes=MNIST_CLASSES,
        source=str(path),
    )


def load_fashion_mnist(given: Path | None) -> Dataset:
    """Loads Fashion-MNIST: 60,000 training and 10,000 test pictures of 28x28 pixels.

    Args:
        given: Folder of the four IDX files, plain or `.gz`; None looks for
            `$BATCHWARP_DATA/fashion-mnist`, then where Debian's package `dataset-fashion-mnist`
            puts them, and then downloads with `keras.datasets`.

    Returns:
        The data set.

    Raises:
        DatasetError: If the files are nowhere or are not what they must be.
        MissingPackageError: If it takes a download and Keras is not installed.
    """
    folder = find(given, "fashion-mnist", _DEBIAN_FASHION_MNIST)
    if folder is not None:
        return _read_idx_files(folder, "Fashion-MNIST", FASHION_MNIST_CLASSES)
    return _download(
        "fashion_mnist",
        "Fashion-MNIST",
        FASHION_MNIST_CLASSES,
        "the four IDX files (.gz or plain)",
        f"Debian and Ubuntu: apt-get install dataset-fashion-mnist (puts it into "
        f"{_DEBIAN_FASHION_MNIST})",
    )


def read_npz(path: Path, names: Sequence[str]) -> dict[str, NDArray[np.uint8]]:
    """Reads arrays of bytes from a `.npz` file.

    Args:
        path: The file.
        names: Names of the arrays.

    Returns:
        The arrays by name, uint8.

    Raises:
        DatasetError: If the file cannot be read, or lacks one of them or has it in another type.
    """
    try:
        # NumPy does not close what it has opened itself if that is no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            arrays = {name: content[name] for name in names}
    except KeyError as error:
        raise DatasetError(path, f"an array is missing: {error.args[0]}") from error
    # What zipfile, zlib and NumPy raise for damaged files has no common base but this.
    except Exception as error:
        reason = getattr(error, "strerror", None) or error
        raise DatasetError(path, f"cannot be read as .npz ({reason})") from error
    for name, array in arrays.items():
        if array.dtype != np.uint8:
            raise DatasetError(path, f"{name} must be uint8, not {array.dtype}")
    return arrays


def _read_idx_files(folder: Path, name: str, classes: tuple[str, ...]) -> Dataset:
    """Reads and checks the four files of MNIST or one of its relatives."""
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise DatasetError(folder, f"{what}; it must be the folder of {name}'s files")
    paths = []
    for file in _IDX_FILES:
        candidates = (folder / file, folder / f"{file}.gz")
        found = [path for path in candidates if path.is_file()]
        if not found:
            raise DatasetError(folder, f"there is no file {file} or {file}.gz")
        paths.append(found[0])
    return Dataset(
        *read_idx_pair(paths[0], paths[1], len(classes)),
        *read_idx_pair(paths[2], paths[3], len(classes)),
        classes=classes,
        source=str(folder),
    )


def _download(
    module: str, name: str, classes: tuple[str, ...], files: str, *other_ways: str
) -> Dataset:
    """Downloads a data set with Keras, or takes what Keras has downloaded before."""
    keras = load_keras()
    try:
        with impatient_downloads():
            train, test = getattr(keras.datasets, module).load_data()
    except Exception as error:  # Keras raises nothing more specific
        reason = " ".join(str(error).split()) or type(error).__name__
        folder = module.replace("_", "-")
        ways = (
            f"--data FOLDER with {files}",
            f"a folder {folder} in the folder that ${DATA_VARIABLE} names",
            *other_ways,
            f"a network connection, for keras.datasets to download it (tried now: {reason})",
        )
        listed = "; ".join(f"({number}) {way}" for number, way in enumerate(ways, start=1))
        raise DatasetError(name, f"not found. Ways to get it: {listed}") from error
    return Dataset(
        train[0][..., np.newaxis],
        train[1],
        test[0][..., np.newaxis],
        test[1],
        classes=classes,
        source=f"keras.datasets.{module}",
    )
