"""Which files a data set consists of, in Keras' order."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from batchwarp._warnings import warn
from batchwarp.files.shortages import raise_shortage

__all__ = ["class_folders", "files_of_class", "image_files"]

# How often links may lead back to where a way has come from before the walk is given up.
_MOST_CIRCLES = 10_000


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


def _warn_of_folder(error: OSError) -> None:
    if error.errno not in (errno.ENOENT, errno.ENOTDIR):  # of those, the caller knows
        warn(
            f"The folder {error.filename} cannot be read ({error.strerror}): as in Keras, its "
            "images are not in the data set.",
            RuntimeWarning,
        )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:  # for example a symbolic link to itself
        raise_shortage(error, entry.path)
        return False


def image_files(
    directory: str,
    extensions: Iterable[str],
    follow_links: bool,
    on_error: Callable[[OSError], None],
) -> Iterator[tuple[str, list[str]]]:
    """Lists the image files under a folder without asking for the status of any.

    Args:
        directory: String. A folder that does not exist, or cannot be read, has no files.
        extensions: The ends of the names that are taken, in lower case.
        follow_links: Boolean, whether to look into folders that are symbolic links.
        on_error: Function that is called with the error of each folder that cannot be read, unless
            that is no fault of the folder's.

    Yields:
        Tuple of a folder and its files' names, sorted; the folders are sorted, too. A folder that
        links lead to comes under each path that goes through no real folder twice.

    Raises:
        OSError: If there are very many such paths because links lead back and forth, or too many
            files are open.
        MemoryError: If there is too little memory.
    """
    accepted = tuple(extensions)

    def note(error: OSError) -> None:
        raise_shortage(error, str(error.filename or directory))
        on_error(error)

    for root, names in sorted(_folders(directory, follow_links, note)):
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
    directory: str, follow_links: bool, on_error: Callable[[OSError], None]
) -> Iterator[tuple[str, list[str]]]:
    ways = _Ways(directory) if follow_links else None
    for root, folders, names in os.walk(directory, onerror=on_error, followlinks=follow_links):
        if ways is not None:
            folders[:] = ways.onward(root, folders)
        yield root, names


class _Ways:
    """The ways through links from a folder downwards, each through every real folder once.

    A link is not taken if it leads to a folder that the way to it has gone through, or to one that
    such a folder is in, from where the way would lead to the link again.

    Args:
        directory: String, the folder where all ways begin.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._turned_back = 0
        # For each folder that is still to be looked into: where it really is, and where the
        # links really are that the way to it has taken.
        self._ahead: dict[str, tuple[str, tuple[str, ...]]] = {
            directory: (os.path.realpath(directory), ())
        }

    def onward(self, root: str, folders: list[str]) -> list[str]:
        """Returns which folders in a folder to look into.

        Args:
            root: String, a folder that is looked into: the first one, or one that was returned.
            folders: List of the names of the folders in it.

        Returns:
            List of names.

        Raises:
            OSError: If there are too many ways because links lead back and forth.
        """
        real, passed = self._ahead.pop(root)
        chosen = []
        for name in folders:
            path = os.path.join(root, name)
            if not os.path.islink(path):
                self._ahead[path] = os.path.join(real, name), passed
            else:
                target = os.path.realpath(os.path.join(real, name))
                if any(_is_in(folder, target) for folder in (real, *passed)):
                    self._turn_back()
                    continue
                self._ahead[path] = target, (real, *passed)
            chosen.append(name)
        return chosen

    def _turn_back(self) -> None:
        # Eight folders with links to each other give a hundred thousand ways, ten give millions.
        self._turned_back += 1
        if self._turned_back > _MOST_CIRCLES:
            raise OSError(
                errno.ELOOP,
                "`follow_links`: links to folders lead in circles on more than "
                f"{_MOST_CIRCLES} ways",
                self._directory,
            )


def _is_in(folder: str, other: str) -> bool:
    """Whether a folder is another one or is in it; both are real paths."""
    return os.path.join(folder, "").startswith(os.path.join(other, ""))


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
    for root, names in image_files(folder, extensions, follow_links, _warn_of_folder):
        inside = root[len(folder) :].strip(os.sep)
        start = os.path.join(name, inside, "")
        files += [start + found for found in names]
    return files
