"""Data sets as folders: `<part>/<class>/<picture>`, read with `flow_from_directory`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batchwarp.console.frameworks import load_keras
from batchwarp.errors import ImageFileError
from batchwarp.files.options import Decoding
from batchwarp.files.reader import load_all
from batchwarp.image import DirectoryIterator, img_to_array, load_img
from batchwarp.training.data.errors import DatasetError
from batchwarp.training.data.part import Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "check_folders",
    "check_readable",
    "class_names",
    "limited_steps",
    "part_of",
    "some_pictures",
    "subset",
]


def check_folders(root: Path, parts: Sequence[str], classes: Sequence[str]) -> None:
    """Checks that a folder has a folder for each part and class.

    Args:
        root: The folder.
        parts: Names of the parts, for example "train" and "validation".
        classes: Names of the classes.

    Raises:
        DatasetError: If one of them is missing.
    """
    for part in parts:
        for name in classes:
            if not (root / part / name).is_dir():
                expected = ", ".join(f"{one}/{label}" for one in parts for label in classes)
                raise DatasetError(
                    root / part / name, f"there is no such folder; {root} must have {expected}"
                )


def class_names(root: Path, parts: Sequence[str]) -> tuple[str, ...]:
    """Returns the names of the classes that a folder has pictures of.

    Args:
        root: The folder.
        parts: Names of the parts, for example "train" and "validation".

    Returns:
        The names of the folders in the first part, sorted; hidden ones are left out.

    Raises:
        DatasetError: If they are fewer than two, or missing in one of the parts.
    """
    first = root / parts[0]
    if not first.is_dir():
        raise DatasetError(
            first, f"there is no such folder; {root} must have {parts[0]}/CLASS for every class"
        )
    names = sorted(
        path.name for path in first.iterdir() if path.is_dir() and not path.name.startswith(".")
    )
    if len(names) < 2:
        found = ", ".join(names) or "none"
        raise DatasetError(first, f"there must be a folder for each of two classes, found: {found}")
    check_folders(root, parts[1:], names)
    return tuple(names)


def check_readable(flow: Any) -> None:
    """Checks that all pictures of a flow can be read, if it is one of Keras'.

    Those of batchwarp pass over what cannot be read, and list it.

    Args:
        flow: An iterator of batchwarp or of Keras.

    Raises:
        DatasetError: For the first file that cannot be read.
    """
    if hasattr(flow, "errors"):
        return
    # Whether a file can be read does not depend on the size.
    for path, loaded in zip(
        flow.filepaths, load_all(flow.filepaths, Decoding((8, 8)), 0), strict=True
    ):
        if loaded.error is not None:
            raise DatasetError(path, loaded.error.reason)


def limited_steps(limit: int | None, batch_size: int) -> int | None:
    """Returns how many batches an epoch takes that sees no more than about `limit` pictures.

    Args:
        limit: Number of pictures; None takes all.
        batch_size: Pictures in a batch.

    Returns:
        The number of batches; None for a whole pass.
    """
    return None if limit is None else -(-limit // batch_size)


def part_of(name: str, flow: DirectoryIterator, limit: int | None = None) -> Part:
    """Returns the pictures of an unshuffled flow as a part to evaluate.

    Args:
        name: Name of the part.
        flow: The flow.
        limit: Take this many pictures, evenly over the classes; None takes all.

    Returns:
        The part.
    """
    rows = _evenly(flow, limit)
    return Part(
        name,
        flow if limit is None else subset(flow, rows),
        np.asarray(flow.classes, np.intp)[rows],
        [flow.filepaths[row] for row in rows],
    )


def _evenly(flow: DirectoryIterator, limit: int | None) -> NDArray[np.intp]:
    count = flow.samples if limit is None else min(limit, flow.samples)
    return np.linspace(0, flow.samples - 1, count).round().astype(np.intp)


def subset(flow: Any, rows: NDArray[np.intp]) -> Any:
    """Returns the batches of some pictures of a flow, as a `keras.utils.PyDataset`.

    Args:
        flow: The flow.
        rows: Numbers of the pictures, in the order of the flow's files.
    """
    keras = load_keras()
    batch_size: int = flow.batch_size

    class Subset(keras.utils.PyDataset):  # type: ignore[misc, name-defined]
        def __len__(self) -> int:
            return (len(rows) + batch_size - 1) // batch_size

        def __getitem__(self, index: int) -> Any:
            return flow._get_batches_of_transformed_samples(
                rows[index * batch_size : (index + 1) * batch_size]
            )

        @property
        def errors(self) -> list[ImageFileError]:
            return getattr(flow, "errors", [])

    return Subset()


def some_pictures(flow: Any, count: int, seed: int, **load: Any) -> NDArray[np.float32]:
    """Returns pictures of a flow chosen at random, of those that can be read.

    Args:
        flow: The flow.
        count: How many at most.
        seed: Seed of the choice.
        **load: Further arguments of `batchwarp.image.load_img`, for example `target_size`.

    Returns:
        float32 of shape `(n, height, width, channels)`, 0 to 255.

    Raises:
        DatasetError: If none can be read.
    """
    order = np.random.RandomState(seed).permutation(flow.samples)
    images: list[NDArray[np.float32]] = []
    for picture in _readable((flow.filepaths[row] for row in order), load):
        images.append(picture)
        if len(images) == count:
            break
    if not images:
        raise DatasetError(flow.directory, "none of its pictures can be read")
    return np.stack(images)


def _readable(paths: Iterator[str], load: Any) -> Iterator[NDArray[np.float32]]:
    for path in paths:
        with suppress(OSError):  # of which ImageFileError is one
            yield img_to_array(load_img(path, **load), dtype="float32")
