"""The images of a batch, read and decoded in parallel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from batchwarp import _phases
from batchwarp._signals import let_through
from batchwarp._threads import Shortage
from batchwarp.errors import ImageFileError
from batchwarp.files.decode import decode, read_file
from batchwarp.files.options import Decoding
from batchwarp.files.shortages import raise_shortage
from batchwarp.files.threads import for_each


@dataclass
class Loaded:
    """What became of one file.

    Attributes:
        image: Array `(height, width, channels)`, or `None` if there is an error.
        error: `ImageFileError`, or `None`.
        signature: Tuple `(st_size, st_mtime_ns)` of the file that was read.
        size: Tuple of height and width before it was resized; `None` if nobody has looked.
        masks: List of arrays `(height, width, channels)`, what is beside the image.
        is_warped: Boolean, whether the image has been augmented, too, and is where it belongs;
            `image` may be `None` then.
    """

    image: NDArray[Any] | None = None
    error: ImageFileError | None = None
    signature: tuple[int, int] = (0, 0)
    size: tuple[int, int] | None = None
    masks: Sequence[NDArray[Any]] = ()
    is_warped: bool = False

    def take(self, image: NDArray[Any], channels: int) -> None:
        """Keeps an image.

        Args:
            image: Array `(height, width, channels)`.
            channels: Integer, how many channels it must have; 0 for any number.

        Raises:
            ValueError: If it has another number.
        """
        if channels and image.shape[2] != channels:
            raise ValueError(
                f"has {image.shape[2]} channels where the images before it have {channels}"
            )
        self.image = image

    def fail(self, path: str, error: Exception) -> None:
        """Makes an error of what was raised while an image was read, if it is the file's fault.

        Args:
            path: String, the file's path.
            error: What was raised.

        Raises:
            OSError, MemoryError: As in `load`.
            Exception: What was raised, if the handler of a signal has done it.
        """
        let_through(error)
        raise_shortage(error, path)
        self.reject(path, error)

    def reject(self, path: str, error: Exception) -> None:
        """Makes an error of an image.

        Args:
            path: String, the path of the file that is at fault.
            error: What was raised at it.
        """
        self.image = None
        if isinstance(error, ImageFileError):
            self.error = error
        else:
            self.error = ImageFileError(path, _reason(error))
            self.error.__cause__ = error

    def accept(self, fit: Callable[[NDArray[Any]], object], path: str) -> None:
        """Makes an error of an image that does not fit what is to be done to it.

        Args:
            fit: Function of the image; it raises a `ValueError` if so.
            path: String, the file's path.
        """
        if self.image is None:
            return
        try:
            fit(self.image)
        except ValueError as error:
            self.reject(path, error)


Decode = Callable[[bytes, str, Decoding], tuple[NDArray[Any], tuple[int, int]]]


Content = Callable[[], tuple[bytes, tuple[int, int]]]


def load(
    path: str,
    options: Decoding,
    channels: int,
    make: Decode | None = None,
    content: Content | None = None,
) -> Loaded:
    """Reads and decodes one file.

    Args:
        path: String.
        options: What to make of it.
        channels: Integer, how many channels it must have then; 0 for any number.
        make: What makes an image of it; `None` for `decode`.
        content: What returns its bytes and its signature; `None` to read the file.

    Returns:
        A `Loaded`; whatever is wrong with the file is in its `error`.

    Raises:
        Warning: If the user has turned a decoder's warnings into errors.
        OSError: If it is not the file that is at fault, as when too many files are open.
        MemoryError: If there is too little memory.
    """
    loaded = Loaded()
    try:
        noted = _phases.is_recording()
        begin = _phases.now() if noted else 0
        data, loaded.signature = read_file(path) if content is None else content()
        between = _phases.now() if noted else 0
        image, loaded.size = (make or decode)(data, path, options)
        if noted:
            _phases.add("read", begin, between)
            _phases.add("decode", between, _phases.now())
        loaded.take(image, channels)
    except Warning:  # it is the user who made an error of it
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise what they like at a broken file
        loaded.fail(path, error)
    return loaded


def _reason(error: Exception) -> str:
    """Returns what the system or a decoder has to say, without the file's path."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def load_all(paths: Sequence[str], options: Decoding, channels: int) -> list[Loaded]:
    """Reads and decodes files on as many threads as `batchwarp.runtime.get_num_threads` says.

    Args:
        paths: Sequence of strings.
        options: What to make of them.
        channels: As in `load`.

    Returns:
        List of a `Loaded` for each path.

    Raises:
        OSError, MemoryError: As in `load`.
    """
    return loaded_by(lambda number: load(paths[number], options, channels), len(paths))


def loaded_by(
    one: Callable[[int], Loaded], count: int, shortage: Shortage | None = None
) -> list[Loaded]:
    """Has a function load files on as many threads as `batchwarp.runtime.get_num_threads` says.

    Args:
        one: Function of a file's number. An exception that it raises ends the work and is raised
            here.
        count: Integer, how many files there are.
        shortage: As in `for_each`.

    Returns:
        List of a `Loaded` for each file.
    """
    results: list[Loaded | None] = [None] * count

    def work(number: int) -> None:
        results[number] = one(number)

    for_each(work, count, shortage)
    done = [loaded for loaded in results if loaded is not None]
    if len(done) < len(results):  # the memory of these images was never written
        raise RuntimeError(f"{len(results) - len(done)} of {len(results)} files were not read")
    return done
