"""Images that a user has in other forms than files: encoded, as pixels, or by a path or URL.

They go through the decoder of files, and what is wrong with one is an error of it alone.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from batchwarp import _forks
from batchwarp._arguments import user_path
from batchwarp._signals import let_through
from batchwarp.files import pictures, unchanged
from batchwarp.files.dataset import ImageFiles
from batchwarp.files.decode import decode, in_color_mode, part_of, read_file, resized
from batchwarp.files.handed import Handed, handed_over
from batchwarp.files.options import Decoding, FileOptions
from batchwarp.files.orientation import turned
from batchwarp.files.reader import Loaded

__all__ = ["NOTHING", "FormError", "SampleImages", "Samples", "name_of_sample", "parts_of"]

NOTHING: Any = object()  # where a sample has no label
_ACCEPTED = (
    "bytes of an image file, an array (height, width, channels), a Pillow image, a path or URL, or "
    'a dictionary of "bytes" and "path"'
)


class FormError(TypeError):
    """A sample is of no form that is accepted."""


def name_of_sample(row: int) -> str:
    """Returns what a sample is called where a file has its path.

    Args:
        row: Integer, which of the samples, from 0.
    """
    return f"samples[{row}]"


def parts_of(sample: Any, columns: tuple[Any, Any]) -> tuple[Any, Any]:
    """Returns image and label of a sample.

    Args:
        sample: A pair of them, a dictionary of columns, or the image alone.
        columns: Pair of the names of the columns of images and labels.

    Returns:
        Tuple of both; `NOTHING` is in the place of a label that there is not.

    Raises:
        FormError: If it is something else.
    """
    if isinstance(sample, Mapping):
        image, label = columns
        if image in sample:
            return sample[image], sample.get(label, NOTHING)
        if "bytes" in sample or "path" in sample:
            return sample, NOTHING
        names = ", ".join(repr(name) for name in sample)
        raise FormError(
            f"is a dictionary without {image!r}; `columns` should name image and label among "
            f"its keys: {names}"
        )
    if isinstance(sample, (tuple, list)):
        if len(sample) != 2:
            raise FormError(
                f"should be a pair (image, label) or an image. Received: {type(sample).__name__} "
                f"of length {len(sample)}"
            )
        return sample[0], sample[1]
    return sample, NOTHING


class Samples:
    """A user's samples, which are asked for one at a time, whatever thread asks.

    Args:
        samples: Object with a length, whose elements are as of `parts_of`.
        columns: As of `parts_of`.
        rows: Array `(n,)`, which of them belong to the flow, in order.
    """

    def __init__(self, samples: Any, columns: tuple[Any, Any], rows: NDArray[np.int64]) -> None:
        self._samples, self._columns, self._rows = samples, columns, rows
        self._set_lock()

    def _set_lock(self) -> None:
        self._lock = threading.Lock()
        _forks.watch(self)

    def _after_fork(self) -> None:
        _forks.renew(self._lock)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._set_lock()

    def image(self, sample: int) -> Any:
        """Returns an image in one of four forms: bytes, array, Pillow image, or path as a string.

        Args:
            sample: Integer, which of the flow.

        Raises:
            FormError: If it is of no form that is accepted.
            Exception: Of any kind, from the user's object.
        """
        row = int(self._rows[sample])
        # Few objects of users are made for threads: files that seek, decoders that keep a state.
        with self._lock:
            image = _in_one_form(parts_of(self._samples[row], self._columns)[0])
            if _is_picture(image):
                image.load()
        return image

    def some(self, count: int) -> list[Any]:
        """Returns what tells a few images, evenly chosen, from others.

        Args:
            count: Integer, how many.

        Returns:
            List of bytes, arrays, or names of files, wherever these are; `None` for those that
            cannot be had.
        """
        if not len(self._rows):
            return []
        chosen = np.unique(np.linspace(0, len(self._rows) - 1, count, dtype=np.int64))
        return [self._described(int(sample)) for sample in chosen]

    def _described(self, sample: int) -> Any:
        try:
            image = self.image(sample)
        except Exception as error:  # noqa: BLE001 - users' objects raise what they like
            let_through(error)
            return None
        if isinstance(image, str):
            return image.replace(os.sep, "/").rpartition("/")[2]
        return np.asarray(image) if _is_picture(image) else image

    def check(self) -> None:
        """Raises an error that no sample is without, if the first one tells.

        Raises:
            TypeError: If it is of no form that is accepted.
            ImportError: If a package is missing that reads URLs.
        """
        if not len(self._rows):
            return
        image: Any = None
        try:
            image = self.image(0)
        except FormError as error:
            raise TypeError(f"`{name_of_sample(int(self._rows[0]))}` {error}") from None
        except ImportError:
            raise
        except Exception as error:  # noqa: BLE001 - this one cannot be read, as others may not
            let_through(error)
        if isinstance(image, str) and _is_url(image):
            with suppress(ValueError):  # of no protocol that it knows, which is said of the sample
                _fsspec(image).core.url_to_fs(image)


def _in_one_form(image: Any) -> Any:
    if hasattr(image, "as_py"):  # a scalar of Arrow's
        image = image.as_py()
    if isinstance(image, Mapping):
        content = image.get("bytes")
        image = image.get("path") if content is None else content
        if image is None:
            raise FormError('has neither "bytes" nor a "path"')
    if isinstance(image, bytes):
        return image
    if isinstance(image, (bytearray, memoryview)):
        return bytes(image)
    if isinstance(image, (str, os.PathLike)):
        return os.fsdecode(image)
    if _is_picture(image):
        return image
    if not isinstance(image, (np.ndarray, np.generic)) and hasattr(image, "__array__"):
        image = np.asarray(image)
    if not isinstance(image, np.ndarray) or image.dtype == object:
        raise FormError(f"should be {_ACCEPTED}. Received: {type(image).__name__}")
    return image.tobytes() if image.ndim == 1 and image.dtype == np.uint8 else image


def _is_picture(image: Any) -> bool:
    pil = sys.modules.get("PIL.Image")
    return pil is not None and isinstance(image, pil.Image)


class SampleImages(ImageFiles):
    """The images of samples, which are read by their numbers; see the base class.

    Args:
        samples: The samples.
        options: As of the base class, as are the arguments after it. There is no cache on disk.
        names: See `paths` there.
        wide: See there.
        size: See there.
    """

    _are_files: ClassVar[bool] = False

    def __init__(
        self,
        samples: Samples,
        options: FileOptions,
        names: Sequence[str],
        wide: np.dtype[Any],
        size: tuple[int, int],
    ) -> None:
        self._samples = samples
        super().__init__(options, names, "", wide, size)
        self.ahead = None

    def _fetch(self, sample: int, path: str) -> Handed | Loaded:
        """Asks for a sample; see the base class."""
        return self._made_of(sample, path, may_hand_over=True)

    def _read(self, sample: int, path: str, handed: Handed | None = None) -> Loaded:
        """Makes the pixels of one sample; see the base class."""
        if handed is not None:
            return super()._read(sample, path, handed)
        made = self._made_of(sample, path, may_hand_over=False)
        assert isinstance(made, Loaded)
        return made

    def _made_of(self, sample: int, path: str, *, may_hand_over: bool) -> Handed | Loaded:
        loaded = Loaded()
        try:
            image = self._samples.image(sample)
            if isinstance(image, str):
                path = image
                image = _read_url(path) if _is_url(path) else read_file(str(user_path(path)))[0]
            if may_hand_over and isinstance(image, bytes):
                handed = handed_over(image, path, (0, 0), self._options)
                if handed is not None:
                    return handed
            pixels, loaded.size = _decoded(image, path, self._options)
            loaded.take(pixels, self.shape[2])
        except (Warning, ImportError):  # the user's to mend, and no fault of the sample
            raise
        except Exception as error:  # noqa: BLE001 - decoders and users' objects raise what they like
            loaded.fail(path, error)
        return loaded


def _decoded(image: Any, name: str, options: Decoding) -> tuple[NDArray[Any], tuple[int, int]]:
    """Returns an image as `decode` does, from one of three forms."""
    if isinstance(image, bytes):
        return decode(image, name, options)
    if isinstance(image, np.ndarray):
        return _of_array(image, options)
    return _of_picture(image, options)


def _of_array(image: NDArray[Any], options: Decoding) -> tuple[NDArray[Any], tuple[int, int]]:
    if image.ndim == 2:
        image = image[..., np.newaxis]
    if image.ndim != 3 or 0 in image.shape:
        raise ValueError(
            "should be an array (height, width, channels) or (height, width). "
            f"Received: {image.shape}"
        )
    height, width, channels = image.shape
    if options.color_mode == "unchanged" or (options.color_mode == "palette" and channels == 1):
        image = np.ascontiguousarray(image, image.dtype.newbyteorder("="))
        return resized(image, options), (height, width)
    if image.dtype != np.uint8 or channels not in (1, 3, 4) or options.color_mode == "palette":
        accepted = "1 channel" if options.color_mode == "palette" else "1, 3 or 4 channels"
        raise ValueError(
            f'for `color_mode="{options.color_mode}"`, arrays should be of uint8 and {accepted}; '
            f'"unchanged" takes others. Received: {image.dtype}, {channels} channels'
        )
    left, top, right, bottom = part_of(height, width, options)
    if channels == 3 and left < right and top < bottom:
        return in_color_mode(np.ascontiguousarray(image), options), (height, width)
    picture = pictures.pillow().fromarray(image[..., 0] if channels == 1 else image)
    return _of_picture(picture, options)


def _of_picture(picture: Any, options: Decoding) -> tuple[NDArray[Any], tuple[int, int]]:
    if options.exif_transpose:
        picture = turned(picture)
    size, color_mode = (picture.height, picture.width), options.color_mode
    if color_mode in ("unchanged", "palette"):
        stored = unchanged.of_picture(picture, color_mode == "palette")
        image = stored.image if stored.image.ndim == 3 else stored.image[..., np.newaxis]
        if color_mode == "palette" and image.shape[2] != 1:
            raise ValueError(f'has {image.shape[2]} channels, for `color_mode="palette"`')
        return resized(image, options, stored.has_alpha), size
    if picture.mode == "P":
        picture = picture.copy()  # it is the user's, and loses what it says of transparency
    picture = pictures.in_color_mode(picture, color_mode)
    if options.target_size is not None:
        keep = options.keep_aspect_ratio
        picture = pictures.resized(picture, options.target_size, options.interpolation, keep)
    image = np.asarray(picture)
    return (image if image.ndim == 3 else image[..., np.newaxis]), size


def _is_url(path: str) -> bool:
    return "://" in path


def _fsspec(url: str) -> Any:
    with _forks.importing:
        try:
            import fsspec
        except ImportError as error:
            raise ImportError(
                f"URLs are read by fsspec, which cannot be imported: `pip install fsspec`. {url}"
            ) from error
    return fsspec


def _read_url(url: str) -> bytes:
    with _fsspec(url).open(url, "rb") as file:
        content: bytes = file.read()
    return content
