"""Reading Sign Language MNIST: letters of American Sign Language as rows of a table."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.console.errors import MissingPackageError
from batchwarp.training.data.datasets import DATA_VARIABLE, Dataset, find, read_npz
from batchwarp.training.data.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CLASSES", "load_sign_mnist"]

SIDE = 28
# Label 9 would be J and 25 Z: letters that are shown by a movement, so there are no pictures.
CLASSES = tuple("ABCDEFGHIKLMNOPQRSTUVWXY")
_LABELS = tuple(label for label in range(25) if label != 9)
_WHERE = "sign_mnist_train.csv and sign_mnist_test.csv, or the same as .npz with x and y"


def load_sign_mnist(given: Path | None) -> Dataset:
    """Loads Sign Language MNIST: 27,455 training and 7,172 test pictures of 28x28 pixels.

    The labels 0 to 24, among which 9 never occurs, become the classes 0 to 23.

    Args:
        given: Folder of Kaggle's `sign_mnist_train.csv` and `sign_mnist_test.csv` (columns `label`
            and `pixel1` to `pixel784`), each in the folder itself or in one of its own name, as
            Kaggle packs them; or of `.npz` files of these names with arrays `x` and `y`. None looks
            for `$BATCHWARP_DATA/sign_mnist`.

    Returns:
        The data set.

    Raises:
        DatasetError: If the files are nowhere or are not what they must be.
        MissingPackageError: If the files are CSV and pandas is not installed.
    """
    folder = find(given, "sign_mnist")
    if folder is None:
        raise DatasetError(
            "Sign Language MNIST",
            f"not found. Ways to give it: (1) --data FOLDER with {_WHERE}, which are Kaggle's data "
            "set datamunge/sign-language-mnist; (2) a folder sign_mnist in the folder that "
            f"${DATA_VARIABLE} names",
        )
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise DatasetError(folder, f"{what}; it must be a folder with {_WHERE}")
    train, test = (_read(_file(folder, f"sign_mnist_{part}")) for part in ("train", "test"))
    return Dataset(*train, *test, classes=CLASSES, source=str(folder))


def _file(folder: Path, name: str) -> Path:
    """Returns the file of one part."""
    for candidate in (f"{name}.npz", f"{name}.csv", f"{name}/{name}.csv"):
        if (path := folder / candidate).is_file():
            return path
    raise DatasetError(folder, f"there is neither {name}.csv nor {name}.npz; expected are {_WHERE}")


def _read(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Reads and checks one part: pictures `(n, 28, 28, 1)` and classes `(n,)`."""
    if path.suffix == ".npz":
        arrays = read_npz(path, ("x", "y"))
        x, labels = arrays["x"], arrays["y"]
        if not len(x):
            raise DatasetError(path, "there are no pictures in it")
        if x.shape != (len(labels), SIDE * SIDE):
            raise DatasetError(
                path,
                f"x and y must have shapes (n, {SIDE * SIDE}) and (n,), not {x.shape} and "
                f"{labels.shape}",
            )
    else:
        x, labels = _read_csv(path)
    unknown = np.setdiff1d(labels, _LABELS)
    if unknown.size:
        raise DatasetError(
            path,
            f"labels must be 0 to 24 without 9, there is a {unknown[0]} in row "
            f"{int(np.argmax(labels == unknown[0])) + 1}",
        )
    classes = np.searchsorted(_LABELS, labels).astype(np.uint8)
    return x.reshape(-1, SIDE, SIDE, 1), classes


def _read_csv(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Reads a table of labels and pixels."""
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingPackageError("pandas", error) from error
    try:
        with warnings.catch_warnings():
            # A row that is too long is a warning only, and its end is dropped.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(path, index_col=False)
    except pd.errors.ParserWarning as error:
        raise DatasetError(path, "a row has more values than there are columns") from error
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        reason = " ".join(str(error).split())
        raise DatasetError(path, f"cannot be read as CSV ({reason})") from error
    expected = ["label", *(f"pixel{number}" for number in range(1, SIDE * SIDE + 1))]
    if list(table.columns) != expected:
        raise DatasetError(
            path,
            f"the columns must be label, pixel1 to pixel{SIDE * SIDE}, there are "
            f"{len(table.columns)}, the first of them {table.columns[0]!r}",
        )
    if table.empty:
        raise DatasetError(path, "there are no pictures in it")
    for name, column in table.items():
        bad = ~column.between(0, 255) if column.dtype.kind in "iu" else column.isna()
        if column.dtype.kind not in "iu" or bad.any():
            row = int(np.argmax(bad)) + 1 if bad.any() else _first_text(column)
            raise DatasetError(
                path,
                f"column {name}, row {row}: '{column.iloc[row - 1]}' is not a whole number of 0 "
                "to 255; the file is damaged or truncated",
            )
    values = table.to_numpy(np.uint8)
    return np.ascontiguousarray(values[:, 1:]), values[:, 0].copy()


def _first_text(column: Any) -> int:
    """Returns the number of the first row, from 1, that is not a whole number."""
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    return int(np.argmax(numbers.isna() | (numbers % 1 != 0))) + 1
