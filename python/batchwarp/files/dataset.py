"""The images of a data set in files: decoded, cached, and replaced where they cannot be read.

Masks go along: a sample is its image and its masks, and if one of them cannot be read, it cannot.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from batchwarp import _phases
from batchwarp._arrays import CORE_INPUTS
from batchwarp._signals import let_through
from batchwarp._threads import Shortage
from batchwarp._warnings import warn
from batchwarp.errors import ImageFileError
from batchwarp.files.ahead import FilesAhead, Touch, touch_file
from batchwarp.files.cache import Budget, DiskCache, EncodedCache, Held, MemoryCache
from batchwarp.files.decode import pillow_version, read_file
from batchwarp.files.handed import Handed, handed_over
from batchwarp.files.in_core import Warp, made_in_core, makes
from batchwarp.files.masks import MaskReader
from batchwarp.files.options import CHANNELS, Decoding, FileOptions
from batchwarp.files.reader import Content, Loaded, load, loaded_by
from batchwarp.files.shortages import raise_shortage
from batchwarp.files.sized_in_core import SizedWarp
from batchwarp.files.sizes import size_of_file

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
        encoded: `EncodedCache`, from which files are read, or `None`.
        ahead: What reads files before their turn; `None` if samples are no files.
        budget: What it and those of masks may take.
        errors: Dictionary from paths to the errors of the files that could not be read so far.
        masks: List of what reads the masks beside images; to be set, with `sizes`, if there are
            some.
        sizes: Array `(n, 2)`, heights and widths of all files, -1 where they are not known yet; to
            be set if somebody asks for them. Those that are known, files must have.

    Raises:
        ValueError: If there is to be a cache, and images are not of 8 bits or the folder is none.
    """

    # Whether samples are what is at their paths.
    _are_files: ClassVar[bool] = True

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
        limit = options.cache_limit
        assert not isinstance(limit, str)
        self.budget = Budget(limit)
        self.ahead: FilesAhead | None = FilesAhead()
        self.encoded: EncodedCache | None = None
        if options.cache_format == "encoded":
            self.encoded = EncodedCache(options.cache, paths, directory, self.budget)
        self.masks: list[MaskReader] = []
        self.sizes: NDArray[np.int64] | None = None
        self._has_warned = False
        channels, self.dtype = CHANNELS.get(options.color_mode, 0), np.dtype(np.uint8)
        self.shape = (*size, channels)  # 0: of any number
        if not channels:
            channels, self.dtype = self._format_of_first(paths, wide)
        self.shape = (*size, channels)
        self.cache = self._open_cache(paths, directory)

    def _format_of_first(
        self, paths: Sequence[str], wide: np.dtype[Any]
    ) -> tuple[int, np.dtype[Any]]:
        """Returns the first image's number of channels, which others must have, and its dtype."""
        for sample, path in enumerate(paths):
            loaded = self._read(sample, path)
            if loaded.image is not None:
                dtype = loaded.image.dtype
                return loaded.image.shape[2], dtype if dtype in CORE_INPUTS else wide
            self._note(loaded)
        return 3, np.dtype(np.uint8)

    def _open_cache(self, paths: Sequence[str], directory: str) -> MemoryCache | DiskCache | None:
        options = self._options
        if options.cache is None or self.encoded is not None:
            return None
        if self.dtype != np.uint8:
            raise ValueError(f"`cache` holds images of 8 bits; these files have {self.dtype}")
        if options.cache == "memory":
            return MemoryCache(len(paths), self.shape, self.budget)
        settings = {field.name: getattr(options, field.name) for field in fields(Decoding)}
        settings["target_size"] = "{}x{}".format(*self.shape)
        settings["pillow"] = "{}.{}".format(*pillow_version())  # resizing depends on it
        if options.color_mode == "unchanged":
            settings["samples"] = "as stored"  # not so in what the first release has cached
        root = os.path.abspath(directory) if directory else ""  # noqa: PTH100 - of strings
        return DiskCache(options.cache, paths, self.shape, settings, root, self.budget)

    def find(self, samples: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Looks samples up in the cache.

        Args:
            samples: Array `(n,)`.

        Returns:
            Array `(n,)`, whether each is there with its masks, at this moment.
        """
        found = np.full(len(samples), self.cache is not None)
        for cache in (self.cache, *(masks.cache for masks in self.masks)):
            found &= False if cache is None else cache.find(samples) >= 0
        return found

    def hold(self, samples: NDArray[np.int64]) -> tuple[Held, list[Held]] | None:
        """Looks samples up in the cache, and keeps what is found there.

        Args:
            samples: Array `(n,)`.

        Returns:
            Tuple of the `Held` of images, whose slots are -1 for those that have to be loaded, as
            image or as mask, and of a list of a `Held` for each mask; `None` without a cache.
        """
        if self.cache is None:
            return None
        held = self.cache.hold(samples)
        beside = []
        for masks in self.masks:
            if masks.cache is None:
                held = held._replace(slots=np.full(len(samples), -1))
                continue
            beside.append(masks.cache.hold(samples))
            held = held._replace(slots=np.where(beside[-1].slots < 0, -1, held.slots))
        return held, beside

    def load(
        self,
        samples: NDArray[np.int64],
        paths: Sequence[str],
        shortage: Shortage,
        use: Callable[[int, Loaded], object] | None = None,
        fit: Callable[[NDArray[Any]], object] | None = None,
        images: NDArray[np.uint8] | None = None,
        warp: Warp | SizedWarp | None = None,
    ) -> list[Loaded]:
        """Decodes samples, on several threads, and keeps them in the cache.

        Args:
            samples: Array `(n,)`.
            paths: Sequence of the paths of all samples.
            shortage: As for `loaded_by`.
            use: Function of a number from 0 on and the `Loaded` of that sample, which is called in
                the thread that loaded it; not for those that are warped, unless masks, sizes or the
                cache have to do with them.
            fit: Function of an image; a `ValueError` that it raises is one of the file.
            images: Array `(n, *shape)`, memory for the images that the core makes.
            warp: What is done to these; to the others it is left to `use`.

        Returns:
            List of a `Loaded` for each sample.

        Raises:
            OSError, MemoryError: If it is not the file that is at fault.
        """
        if not _phases.is_recording():
            return self._load(samples, paths, shortage, use, fit, images, warp)
        with _phases.shared() as notes:
            return self._load(samples, paths, shortage, use, fit, images, warp, notes)

    def _load(
        self,
        samples: NDArray[np.int64],
        paths: Sequence[str],
        shortage: Shortage,
        use: Callable[[int, Loaded], object] | None,
        fit: Callable[[NDArray[Any]], object] | None,
        images: NDArray[np.uint8] | None,
        warp: Warp | SizedWarp | None,
        notes: list[_phases.Note] | None = None,
    ) -> list[Loaded]:
        """Does what `load` does; threads note their part in `notes`, if there are some."""
        count, in_core = len(samples), len(samples) > 0 and makes(self._options, warp)
        if in_core and images is None and (warp is None or self.cache is not None):
            images = np.empty((count, *self.shape), np.uint8)
        # Whether all is done to what the core makes.
        suffices = warp is not None and self.sizes is None and self.cache is None

        def make(
            wanted: Sequence[str | None], handed: Sequence[Handed | None] | None = None
        ) -> list[Loaded | None]:
            return made_in_core(
                wanted, self._options, images, warp, shortage, handed, described=not suffices
            )

        made: list[Loaded | None] = [None] * count
        if in_core and self._reads_paths:
            made = make(self._wanted(samples, paths))
            if suffices and all(made):
                return made  # type: ignore[return-value]
        handed: list[Handed | None] = [None] * count
        done: list[Loaded | None] = [None] * count

        def finish(number: int, loaded: Loaded) -> Loaded:
            sample = int(samples[number])
            self._complete(sample, paths[sample], loaded, fit)
            if use is not None:
                use(number, loaded)
            done[number] = loaded
            return loaded

        def fetch(number: int) -> Loaded:
            sample = int(samples[number])
            found = self._cached(sample) or self._fetch(sample, paths[sample])
            if isinstance(found, Handed):
                handed[number] = found
                return Loaded()
            return finish(number, found)

        def one(number: int) -> Loaded:
            sample = int(samples[number])
            loaded = made[number] or self._cached(sample)
            return finish(number, loaded or self._read(sample, paths[sample], handed[number]))

        def each(work: Callable[[int], Loaded], of: list[Loaded | None]) -> None:
            numbers = [number for number, loaded in enumerate(of) if loaded is None]
            noting = work if notes is None else _phases.working_for(notes, work)
            if numbers:
                loaded_by(lambda at: noting(numbers[at]), len(numbers), shortage)

        if in_core and (not self._reads_paths or self._options.exif_transpose):
            each(fetch, made)
            if any(handed):
                again = make([None] * count, handed)
                made = [loaded or other for loaded, other in zip(made, again, strict=True)]
        if suffices:
            done = [loaded or other for loaded, other in zip(made, done, strict=True)]
        each(one, done)
        return [loaded for loaded in done if loaded is not None]

    def _complete(
        self,
        sample: int,
        path: str,
        loaded: Loaded,
        fit: Callable[[NDArray[Any]], object] | None,
    ) -> None:
        """Adds what belongs to an image that was just decoded, and keeps it in the cache."""
        if fit is not None:
            loaded.accept(fit, path)
        if self.sizes is not None:
            self._learn_size(sample, path, loaded)
            self._add_masks(sample, path, loaded)
        self._keep(sample, path, loaded)

    @property
    def _reads_paths(self) -> bool:
        """Whether all there is to a sample is the file at its path."""
        return self._are_files and self.encoded is None

    def _wanted(self, samples: NDArray[np.int64], paths: Sequence[str]) -> list[str | None]:
        """Returns the paths of samples, with `None` for those that are in the cache."""
        wanted: list[str | None] = [paths[sample] for sample in samples.tolist()]
        if self.cache is not None and self.masks:
            for number in np.flatnonzero(self.cache.hold(samples).slots >= 0):
                wanted[number] = None
        return wanted

    def _fetch(self, sample: int, path: str) -> Handed | Loaded:
        """Returns the bytes of a sample that the core may decode; else what Python makes of it."""
        loaded = Loaded()
        try:
            with _phases.noted("read"):
                data, signature = (self._content(sample) or partial(read_file, path))()
            found = handed_over(data, path, signature, self._options)
        except Warning:  # it is the user who made an error of it
            raise
        except Exception as error:  # noqa: BLE001 - decoders raise what they like at a broken file
            loaded.fail(path, error)
            return loaded
        return found or self._decoded(path, data, signature)

    def _decoded(self, path: str, data: bytes, signature: tuple[int, int]) -> Loaded:
        """Decodes the bytes of a sample."""
        return load(path, self._options, self.shape[2], content=lambda: (data, signature))

    def _read(self, sample: int, path: str, handed: Handed | None = None) -> Loaded:
        """Decodes one sample, which is read if it was not handed to the core before.

        Args:
            sample: Integer.
            path: String.
            handed: What was handed over, or `None`.

        Returns:
            As `load` of `batchwarp.files.reader`.
        """
        if handed is not None:
            return self._decoded(handed.path, handed.data, handed.signature)
        return load(path, self._options, self.shape[2], content=self._content(sample))

    def touches(self, samples: NDArray[np.int64], paths: Sequence[str]) -> list[Touch]:
        """Returns what reads the files of samples, without those that are in the cache.

        Args:
            samples: Array `(n,)`.
            paths: As for `load`.
        """
        found: list[Touch] = []
        for sample in samples[~self.find(samples)].tolist():
            if self.encoded is not None:
                found.append((self.encoded.touch, sample))
            else:
                found.append((touch_file, paths[sample]))
            for masks in self.masks:
                found += masks.touches(sample)
        return found

    def _content(self, sample: int) -> Content | None:
        """Returns what reads a file, if it need not be the file itself that is read."""
        return None if self.encoded is None else partial(self.encoded.read, sample)

    def _cached(self, sample: int) -> Loaded | None:
        """Returns an image that is in the cache, though its masks are not."""
        if self.cache is None or not self.masks:
            return None
        held = self.cache.hold(np.array([sample]))
        slot = int(held.slots[0])
        return Loaded(held.images[slot]) if slot >= 0 else None

    def _learn_size(self, sample: int, path: str, loaded: Loaded) -> None:
        """Keeps the size of a file, or says that it is another one than was said."""
        sizes = self.sizes
        assert sizes is not None
        if loaded.error is not None:
            return
        height, width = (int(extent) for extent in sizes[sample])
        if loaded.size is None:  # the image is from the cache
            measured = Loaded(size=(height, width))
            if height < 0:
                measured = size_of_file(path, self._options, self._content(sample))
            if measured.error is not None:
                loaded.reject(path, measured.error)
                return
            loaded.size = measured.size
        assert loaded.size is not None
        if height < 0:
            sizes[sample] = loaded.size
        elif loaded.size != (height, width):
            height_found, width_found = loaded.size
            error = ValueError(
                f"has {width_found} × {height_found} pixels, where {width} × {height} were said"
            )
            loaded.reject(path, error)

    def _add_masks(self, sample: int, path: str, loaded: Loaded) -> None:
        """Reads the masks of an image that could be read."""
        if loaded.error is not None:
            return
        found = []
        try:
            for masks in self.masks:
                path = masks.path(sample)
                found.append(masks.read(sample, loaded.size))
        except Warning:  # it is the user who made an error of it
            raise
        except Exception as error:  # noqa: BLE001 - decoders raise what they like at a broken file
            let_through(error)
            raise_shortage(error, path)
            loaded.reject(path, error)
        else:
            loaded.masks = found

    def sizes_of(
        self, samples: NDArray[np.int64], paths: Sequence[str], shortage: Shortage
    ) -> NDArray[np.int64]:
        """Returns the sizes of files, whose headers are read if need be; if there are `sizes`.

        Args:
            samples: Array `(n,)`.
            paths: As for `load`.
            shortage: As for `load`.

        Returns:
            Array `(n, 2)`.

        Raises:
            ImageFileError: If a file cannot be read, though it is in the cache.
            OSError, MemoryError: As `load`.
        """
        sizes = self.sizes
        assert sizes is not None
        unknown = samples[sizes[samples, 0] < 0]

        def one(number: int) -> Loaded:
            sample = int(unknown[number])
            return size_of_file(paths[sample], self._options, self._content(sample))

        for sample, loaded in zip(unknown, loaded_by(one, len(unknown), shortage), strict=True):
            if loaded.error is not None:
                raise loaded.error
            assert loaded.size is not None
            sizes[sample] = loaded.size
        return sizes[samples]

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
    ) -> tuple[int, Loaded]:
        """Returns what to take for what was loaded.

        Args:
            sample: Integer.
            loaded: What became of its file.
            on_error: What to do if it could not be read: `"raise"`, `"zeros"` for a black image in
                its place, beside which nothing is, or `"skip"` for the next sample.
            paths: As for `load`.
            shortage: As for `load`.
            fit: As for `load`.

        Returns:
            Tuple of the sample, which may be another one, and of a `Loaded` with an image.

        Raises:
            ImageFileError: If it could not be read and this is not to be tolerated, or if there is
                no other that can be read.
            OSError, MemoryError: As `load`.
        """
        if loaded.image is not None:
            return sample, loaded
        assert loaded.error is not None
        self._note(loaded)
        if on_error == "zeros":
            image = np.zeros(self.shape, self.dtype)
            return sample, Loaded(image, masks=[masks.filled() for masks in self.masks])
        if on_error == "raise":
            raise loaded.error
        for step in range(1, len(paths)):
            other = (sample + step) % len(paths)
            result = self.load(np.array([other]), paths, shortage, fit=fit)[0]
            if result.image is not None:
                return other, result
            self._note(result)
        raise loaded.error

    def _note(self, loaded: Loaded) -> None:
        error = loaded.error
        if error is not None and error.path not in self.errors:
            # Without the traceback, which would keep the file's content, or a batch, in memory.
            self.errors[error.path] = ImageFileError(error.path, error.reason)
