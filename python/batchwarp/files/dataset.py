"""The images of a data set in files: decoded, cached, and replaced where they cannot be read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._arrays import CORE_INPUTS
from batchwarp._threads import Shortage
from batchwarp._warnings import warn
from batchwarp.errors import ImageFileError
from batchwarp.files.cache import DiskCache, MemoryCache
from batchwarp.files.decode import pillow_version
from batchwarp.files.options import CHANNELS, Decoding, FileOptions
from batchwarp.files.reader import Loaded, load, load_all

__all__ = ["ImageFiles"]


class ImageFiles:
    """Image files, of which samples are read by their numbers.

    The paths come with each call, since they are the iterator's to say.

    Args:
        options: What to make of them.
        paths: Sequence of strings, the path of every sample.
        directory: String, the folder that they begin with; it may be empty.
        wide: Dtype for pixels of a dtype that the core does not read.
        size: Tuple `(height, width)`, pixels, of every image; where the options leave images the
            sizes of their files, of what takes the place of one that cannot be read.

    Attributes:
        shape: Tuple `(height, width, channels)`, with this size.
        dtype: Dtype of the images; single grey ones of more than 8 bits may have another.
        cache: `MemoryCache`, `DiskCache` or `None`.
        errors: Dictionary from paths to the errors of the files that could not be read so far.

    Raises:
        ValueError: If there is to be a cache, and images are not of 8 bits or the folder is none.
    """

    def __init__(
        self,
        options: FileOptions,
        paths: Sequence[str],
        directory: str,
        wide: np.dtype[Any],
        size: tuple[int, int],
    ) -> None:
        self._options = options
        self.errors: dict[str, ImageFileError] = {}
        self._has_warned = False
        channels, self.dtype = CHANNELS.get(options.color_mode, 0), np.dtype(np.uint8)
        if not channels:
            channels, self.dtype = self._format_of_first(paths, wide)
        self.shape = (*size, channels)
        self.cache = self._open_cache(paths, directory)

    def _format_of_first(
        self, paths: Sequence[str], wide: np.dtype[Any]
    ) -> tuple[int, np.dtype[Any]]:
        """Returns the first image's number of channels, which others must have, and its dtype."""
        for path in paths:
            loaded = load(path, self._options, 0)
            if loaded.image is not None:
                dtype = loaded.image.dtype
                return loaded.image.shape[2], dtype if dtype in CORE_INPUTS else wide
            self._note(loaded)
        return 3, np.dtype(np.uint8)

    def _open_cache(self, paths: Sequence[str], directory: str) -> MemoryCache | DiskCache | None:
        options = self._options
        if options.cache is None:
            return None
        if self.dtype != np.uint8:
            raise ValueError(f"`cache` holds images of 8 bits; these files have {self.dtype}")
        if options.cache == "memory":
            return MemoryCache(len(paths), self.shape)
        settings = {field.name: getattr(options, field.name) for field in fields(Decoding)}
        settings["target_size"] = "{}x{}".format(*self.shape)
        settings["pillow"] = "{}.{}".format(*pillow_version())  # resizing depends on it
        if options.color_mode == "unchanged":
            settings["samples"] = "as stored"  # not so in what the first release has cached
        root = os.path.abspath(directory) if directory else ""  # noqa: PTH100 - of strings
        return DiskCache(options.cache, paths, self.shape, settings, root=root)

    def find(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        """Looks samples up in the cache.

        Args:
            samples: Array `(n,)`.

        Returns:
            Array `(n,)`, where in `cache.images` each is; -1 for those that have to be loaded.
        """
        return np.full(len(samples), -1) if self.cache is None else self.cache.find(samples)

    def load(
        self,
        samples: NDArray[np.int64],
        paths: Sequence[str],
        shortage: Shortage,
        use: Callable[[int, Loaded], object] | None = None,
        fit: Callable[[NDArray[Any]], object] | None = None,
    ) -> list[Loaded]:
        """Decodes samples, on several threads, and keeps them in the cache.

        Args:
            samples: Array `(n,)`.
            paths: Sequence of the paths of all samples.
            shortage: As for `load_all`.
            use: As for `load_all`; it is called once an image is in the cache.
            fit: Function of an image; a `ValueError` that it raises is one of the file.

        Returns:
            List of a `Loaded` for each sample.

        Raises:
            OSError, MemoryError: If it is not the file that is at fault.
        """

        def keep_and_use(number: int, loaded: Loaded) -> None:
            if fit is not None:
                loaded.accept(fit, chosen[number])
            self._keep(int(samples[number]), chosen[number], loaded)
            if use is not None:
                use(number, loaded)

        chosen = [paths[sample] for sample in samples]
        return load_all(chosen, self._options, self.shape[2], keep_and_use, shortage)

    def _keep(self, sample: int, path: str, loaded: Loaded) -> None:
        """Puts an image that was just decoded into the cache."""
        image = loaded.image
        if self.cache is None or image is None:
            return
        if image.dtype == np.uint8:
            self.cache.store(sample, image, loaded.signature)
        elif not self._has_warned:
            self._has_warned = True
            warn(
                f"{path} has {image.dtype} pixels. `cache` holds 8 bits only: such files are "
                "decoded in each pass.",
                RuntimeWarning,
            )

    def accepted(
        self,
        sample: int,
        loaded: Loaded,
        on_error: str,
        paths: Sequence[str],
        shortage: Shortage,
        fit: Callable[[NDArray[Any]], object] | None = None,
    ) -> tuple[int, NDArray[Any]]:
        """Returns the image to take for what was loaded.

        Args:
            sample: Integer.
            loaded: What became of its file.
            on_error: What to do if it could not be read: `"raise"`, `"zeros"` for a black image in
                its place, or `"skip"` for the next sample.
            paths: As for `load`.
            shortage: As for `load`.
            fit: As for `load`.

        Returns:
            Tuple of the sample, which may be another one, and the image.

        Raises:
            ImageFileError: If it could not be read and this is not to be tolerated, or if there is
                no other that can be read.
            OSError, MemoryError: As `load`.
        """
        if loaded.image is not None:
            return sample, loaded.image
        assert loaded.error is not None
        self._note(loaded)
        if on_error == "zeros":
            return sample, np.zeros(self.shape, self.dtype)
        if on_error == "raise":
            raise loaded.error
        for step in range(1, len(paths)):
            other = (sample + step) % len(paths)
            result = self.load(np.array([other]), paths, shortage, fit=fit)[0]
            if result.image is not None:
                return other, result.image
            self._note(result)
        raise loaded.error

    def _note(self, loaded: Loaded) -> None:
        error = loaded.error
        if error is not None and error.path not in self.errors:
            # Without the traceback, which would keep the file's content, or a batch, in memory.
            self.errors[error.path] = ImageFileError(error.path, error.reason)
