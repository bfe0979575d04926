"""Which files a data set consists of, in Keras' order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from batchwarp._warnings import warn

__all__ = ["class_folders", "files_of_class", "image_files"]


def class_folders(directory: str) -> list[str]:
    """Returns the names of the folders in a folder, sorted.

    Args:
        directory: String.

    Returns:
        List of strings.

    Raises:
        OSError: If the folder cannot be read.
    """
    with os.scandir(directory) as entries:
        return sorted(entry.name for entry in entries if _is_folder(entry))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # for example a symbolic link to itself
        return False


def image_files(
    directory: str,
    extensions: Iterable[str],
    follow_links: bool,
    on_error: Callable[[OSError], None] | None = None,
) -> Iterator[tuple[str, list[str]]]:
    """Lists the image files under a folder without asking for the status of any.

    Args:
        directory: String. A folder that does not exist, or cannot be read, has no files.
        extensions: The ends of the names that are taken, in lower case.
        follow_links: Boolean, whether to look into folders that are symbolic links.
        on_error: Function that is called with the error of each folder that cannot be read.

    Yields:
        Tuple of a folder and its files' names, sorted; the folders are sorted, too.
    """
    accepted = tuple(extensions)
    for root, names in sorted(_folders(directory, follow_links, on_error)):
        chosen = []
        for name in sorted(names):
            lower = name.lower()
            if lower.endswith(".tiff"):
                warn(
                    'Using ".tiff" files with multiple bands will cause distortion. '
                    "Please verify your output."
                )
            if lower.endswith(accepted):
                chosen.append(name)
        yield root, chosen


def _folders(
    directory: str, follow_links: bool, on_error: Callable[[OSError], None] | None
) -> Iterator[tuple[str, list[str]]]:
    for root, folders, names in os.walk(directory, onerror=on_error, followlinks=follow_links):
        if follow_links:
            folders[:] = [name for name in folders if not _leads_back(root, name)]
        yield root, names


def _leads_back(root: str, name: str) -> bool:
    """Whether a folder is a symbolic link to one that it is in, so that it would have no end."""
    path = os.path.join(root, name)
    if not os.path.islink(path):
        return False
    inside = os.path.join(os.path.realpath(root), "")
    return inside.startswith(os.path.join(os.path.realpath(path), ""))


def files_of_class(
    directory: str, name: str, extensions: Sequence[str], follow_links: bool
) -> list[str]:
    """Returns the image files of one class.

    Args:
        directory: String, the folder of the data set.
        name: String, the class, which is the name of a folder in it.
        extensions: As in `image_files`.
        follow_links: As in `image_files`.

    Returns:
        List of paths relative to `directory`.
    """
    folder = os.path.join(directory, name)
    files: list[str] = []
    for root, names in image_files(folder, extensions, follow_links):
        inside = root[len(folder) :].strip(os.sep)
        start = os.path.join(name, inside, "")
        files += [start + found for found in names]
    return files
