"""Masks beside image files: read as they are stored, checked, brought to one size, and cached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from batchwarp._signals import let_through
from batchwarp._warnings import warn
from batchwarp.files import unchanged
from batchwarp.files.ahead import Touch, touch_file
from batchwarp.files.cache import Budget, DiskCache, EncodedCache, MemoryCache
from batchwarp.files.decode import pillow_version, read_file, resized
from batchwarp.files.options import Decoding, FileOptions
from batchwarp.files.pictures import pillow
from batchwarp.files.reader import Content
from batchwarp.files.shortages import raise_shortage
from batchwarp.targets.masks import check_fill, check_kind, no_class
from batchwarp.targets.options import TargetOptions

__all__ = ["FORMATS_OF_MASKS", "MaskFiles", "MaskReader", "MaskSource"]

# Beside Keras' and the user's.
FORMATS_OF_MASKS = (".gif", ".npy", ".webp")


_LOSSY = (".jpg", ".jpeg", ".jpe", ".jfif")


class MaskSource(Protocol):
    """Where masks come from, in the sizes of the pictures that they are beside.

    Attributes:
        paths: Sequence of strings, for each mask the path of what it is made of, for errors.
        root: String, the folder that the paths begin with, it may be empty; `None` if these are not
            files of masks, which a cache on disk could look after.
        kind: Tuple of the dtype and the number of channels of all masks; `None` if only the first
            one can say it.
    """

    @property
    def paths(self) -> Sequence[str]:
        """As above."""
        ...

    @property
    def root(self) -> str | None:
        """As above."""
        ...

    @property
    def kind(self) -> tuple[np.dtype[Any], int] | None:
        """As above."""
        ...

    def read(
        self,
        number: int,
        content: Content | None = None,
        size: tuple[int, int] | None = None,
    ) -> tuple[NDArray[Any], tuple[int, int]]:
        """Returns a mask, from any thread.

        Args:
            number: Integer, which of them.
            content: What returns the bytes of its file and their signature; `None` to read it.
            size: Tuple of the height and width of its picture, if they are known.

        Returns:
            Tuple of an array `(height, width)` or `(height, width, channels)` of integers or
            booleans, and of the signature of its file, `(st_size, st_mtime_ns)`; `(0, 0)` if it has
            none.

        Raises:
            Exception: Of any kind, if it cannot be made. An `ImageFileError` has a path of its own.
        """
        ...


@dataclass(frozen=True)
class MaskFiles:
    """Masks in image files: indices of palettes, and else samples as they are stored.

    Attributes:
        paths: As of `MaskSource`.
        root: As of `MaskSource`.
        exif_transpose: Boolean, whether to turn masks as their own EXIF orientation says.
    """

    paths: Sequence[str]
    root: str
    exif_transpose: bool

    @property
    def kind(self) -> None:
        """As of `MaskSource`."""

    def read(
        self,
        number: int,
        content: Content | None = None,
        size: tuple[int, int] | None = None,  # noqa: ARG002 - the file has one of its own
    ) -> tuple[NDArray[Any], tuple[int, int]]:
        """Reads and decodes a file; see `MaskSource`."""
        path = self.paths[number]
        pillow()
        data, signature = read_file(path) if content is None else content()
        return unchanged.decode(data, path, self.exif_transpose, indices=True).image, signature


class MaskReader:
    """The masks of a data set, all of the dtype and with the channels of the first one.

    Args:
        name: String, what errors call them.
        source: Where they come from.
        rows: Array, which of the source's masks each sample has; `None` if they are in order.
        options: How their images are read.
        targets: What the user says of targets.
        size: Tuple `(height, width)`, pixels, of all images; where the options leave images the
            sizes of their files, of what takes the place of one that cannot be read.
        budget: What the cache shares with that of the images.

    Attributes:
        dtype: Of all masks.
        channels: Integer, of all masks.
        shape: Tuple `(height, width, channels)`, with the size of all images.
        cache: `MemoryCache`, `DiskCache` or `None`.

    Raises:
        ValueError: If they are no classes, or cannot have the `mask_fill`.
        TypeError: If they are floats.
    """

    def __init__(
        self,
        name: str,
        source: MaskSource,
        rows: NDArray[np.int64] | None,
        options: FileOptions,
        targets: TargetOptions,
        size: tuple[int, int],
        budget: Budget,
    ) -> None:
        self.name = name
        self._source = source
        self._rows = range(len(source.paths)) if rows is None else rows
        self._targets = targets
        self._decoding = Decoding(
            target_size=options.target_size,
            color_mode="unchanged",
            keep_aspect_ratio=options.keep_aspect_ratio,
            exif_transpose=options.exif_transpose,
        )
        self._encoded = self._open_encoded(options, budget)
        self._warn_of_losses()
        self.dtype, self.channels = self._format_of_first()
        self.shape = (*size, self.channels)
        check_kind(name, self.dtype)
        check_fill(name, self.dtype, targets)
        if targets.mask_classes is not None and self.channels != 1:
            raise ValueError(
                f"`{name}` should have one channel for `mask_classes`. Received: {self.channels}"
            )
        self.cache = self._open_cache(options, budget)

    def _warn_of_losses(self) -> None:
        """Warns of files in which no class is sure to be what was written."""
        if self._source.root is None or not len(self._rows):
            return
        path = self.path(0)
        if path.lower().endswith(_LOSSY):
            warn(
                f"Masks in JPEG files, as of `{self.name}`, have other values than were written, "
                "which are no class: write them as PNG, from the originals. The first one is "
                f"{path}"
            )

    def _format_of_first(self) -> tuple[np.dtype[Any], int]:
        if self._source.kind is not None:
            return self._source.kind
        for sample in range(len(self._rows)):
            mask = self._first(sample)
            if mask is not None:
                return mask.dtype, mask.shape[2] if mask.ndim == 3 else 1
        return np.dtype(np.uint8), 1

    def _first(self, sample: int) -> NDArray[Any] | None:
        """Returns a mask, or `None` if it cannot be read, of which is told when its turn comes."""
        try:
            return self._stored(sample)[0]
        except Warning:  # it is the user who made an error of it
            raise
        except Exception as error:  # noqa: BLE001 - decoders raise what they like
            let_through(error)
            raise_shortage(error, self.path(sample))
            return None

    def _open_cache(self, options: FileOptions, budget: Budget) -> MemoryCache | DiskCache | None:
        if options.cache is None or options.cache_format == "encoded":
            return None
        # Caches hold bytes: wider integers take several of them, like channels.
        shape = (*self.shape[:2], self.channels * self.dtype.itemsize)
        if options.cache == "memory":
            return MemoryCache(len(self._rows), shape, budget)
        root = self._source.root
        if root is None:
            return None
        settings = {one.name: getattr(self._decoding, one.name) for one in fields(Decoding)}
        settings["target_size"] = "{}x{}".format(*self.shape)
        settings["pillow"] = "{}.{}".format(*pillow_version())
        settings["color_mode"] = "mask"
        if self.dtype.itemsize > 1:
            settings["dtype"] = self.dtype.str
        return DiskCache(options.cache, self._paths(), shape, settings, root, budget)

    def _open_encoded(self, options: FileOptions, budget: Budget) -> EncodedCache | None:
        root = self._source.root
        if root is None or options.cache_format != "encoded":
            return None
        return EncodedCache(options.cache, self._paths(), root, budget)

    def _paths(self) -> list[str]:
        return [self._source.paths[row] for row in self._rows]

    def _stored(
        self, sample: int, size: tuple[int, int] | None = None
    ) -> tuple[NDArray[Any], tuple[int, int]]:
        """Returns the mask of a sample as it is stored; see `MaskSource`."""
        content = None if self._encoded is None else partial(self._encoded.read, sample)
        return self._source.read(int(self._rows[sample]), content, size)

    def touches(self, sample: int) -> list[Touch]:
        """Returns what reads the file of a sample's mask, if there is one."""
        if self._encoded is not None:
            return [(self._encoded.touch, sample)]
        return [] if self._source.root is None else [(touch_file, self.path(sample))]

    def path(self, sample: int) -> str:
        """Returns what the mask of a sample is made of."""
        return self._source.paths[self._rows[sample]]

    def read(self, sample: int, size: tuple[int, int] | None) -> NDArray[Any]:
        """Returns the mask of a sample in the size of all images.

        Args:
            sample: Integer.
            size: Height and width of its picture, which it must have.

        Returns:
            Array `(height, width, channels)`.

        Raises:
            Exception: Of any kind, if it cannot be read or is not as all masks should be.
        """
        if self.cache is not None:
            held = self.cache.hold(np.array([sample]))
            slot = int(held.slots[0])
            if slot >= 0:
                cached: NDArray[Any] = held.images[slot].view(self.dtype)
                return cached
        mask, signature = self._stored(sample, size)
        if mask.ndim == 2:
            mask = mask[..., np.newaxis]
        self._check(mask, size)
        mask = np.ascontiguousarray(resized(mask, self._decoding))
        if self.cache is not None:
            self.cache.store(sample, mask.view(np.uint8), signature)
        return mask

    def filled(self) -> NDArray[Any]:
        """Returns what takes the place of a mask that cannot be read: nothing is there."""
        return np.full(self.shape, self._targets.mask_fill, self.dtype)

    def _check(self, mask: NDArray[Any], size: tuple[int, int] | None) -> None:
        if size is not None and mask.shape[:2] != size:
            raise ValueError(
                f"the mask has {mask.shape[1]} × {mask.shape[0]} pixels, where its image has "
                f"{size[1]} × {size[0]}"
            )
        if mask.shape[2] != self.channels or mask.dtype != self.dtype:
            raise ValueError(
                f"the mask has {mask.shape[2]} channels of {mask.dtype}, where the first one has "
                f"{self.channels} of {self.dtype}"
            )
        classes = self._targets.mask_classes
        if classes is None:
            return
        where = no_class(mask, self._targets)
        if where is not None:
            raise ValueError(
                f"the mask should be from 0 to {classes - 1}, below `mask_classes`, or the "
                f"`mask_fill` {self._targets.mask_fill}; it is {mask[where]} at row {where[0]}, "
                f"column {where[1]}"
            )
