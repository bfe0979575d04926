"""What a user says of image files: which count, what is made of each, what of those that fail."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from batchwarp import _core
from batchwarp._arguments import boolean, byte_count, image_size
from batchwarp._arrays import listed
from batchwarp._options import Options

__all__ = ["CHANNELS", "Decoding", "FileOptions", "extensions"]

# Of images in each color mode; `"unchanged"` has any number.
CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4, "palette": 1}
_ON_ERROR = ("raise", "skip", "zeros")
_CACHE_FORMATS = ("decoded", "encoded")
# What has no meaning where images keep the sizes of their files.
_OF_A_SIZE = ("interpolation", "keep_aspect_ratio", "scaled_decode", "cache")


@dataclass(frozen=True)
class Decoding(Options):
    """What is made of a file. All of it is in the key of a cache on disk.

    Attributes:
        target_size: Tuple `(height, width)`, pixels; `None` for the size of each file.
        color_mode: `"grayscale"`, `"rgb"`, `"rgba"`, `"unchanged"` or `"palette"`.
        interpolation: Name of Pillow's method to resize with.
        keep_aspect_ratio: Boolean, whether to crop to the target's proportions first.
        exif_transpose: Boolean, whether to turn images as their EXIF orientation says.
        scaled_decode: Boolean, whether JPEG files may be decoded at a half, a quarter or an eighth
            of their size where the target is no larger.

    Raises:
        ValueError: If one is not as above.
    """

    target_size: tuple[int, int] | None
    color_mode: str = "rgb"
    interpolation: str = "nearest"
    keep_aspect_ratio: bool = False
    exif_transpose: bool = False
    scaled_decode: bool = False

    def __post_init__(self) -> None:
        if self.color_mode not in CHANNELS and self.color_mode != "unchanged":
            raise ValueError(
                f'Invalid color mode: {self.color_mode}; expected "rgb", "rgba", "grayscale", '
                '"unchanged" or "palette".'
            )
        if self.interpolation not in _core.INTERPOLATIONS:
            raise ValueError(
                f"Invalid interpolation method {self.interpolation} specified. Supported methods "
                f"are {', '.join(_core.INTERPOLATIONS)}"
            )
        if self.color_mode == "palette" and self.interpolation != "nearest":
            raise ValueError(
                '`color_mode="palette"` needs `interpolation="nearest"`: between two indices lie '
                f"those of other colours. Received: {self.interpolation!r}"
            )
        for name in ("keep_aspect_ratio", "exif_transpose", "scaled_decode"):
            self._set(name, boolean(name, getattr(self, name)))
        if self.target_size is not None:
            self._set("target_size", image_size("target_size", self.target_size))
            return
        for one in fields(self):  # those of a subclass, too
            value = getattr(self, one.name)
            needs_one = one.name in _OF_A_SIZE and not self._takes_any_size(one.name)
            if needs_one and value != one.default:
                raise ValueError(
                    f"`{one.name}` needs images of one size, and so a `target_size`. "
                    f"Received: {value!r} with `target_size=None`"
                )

    def _takes_any_size(self, name: str) -> bool:  # noqa: ARG002 - subclasses use it
        """Whether an option has a meaning for images of any size, by the values of others."""
        return False


@dataclass(frozen=True)
class FileOptions(Decoding):
    """The keyword arguments that `flow_from_directory` and `flow_from_dataframe` have in common.

    They are those that say how files are read.

    Attributes:
        cache: `None`, `"memory"` or the path of a folder.
        cache_limit: Integer, bytes that the cache may take; also as a string such as `"4GB"`;
            `None` for no bound.
        cache_format: What a cache in a folder holds: `"decoded"` images or `"encoded"` files.
        on_error: What to do about a file that cannot be read: `"raise"`, `"skip"` or `"zeros"`.
        formats: The ends of the names of image files, in lower case; `None` for Keras' list.

    Raises:
        ValueError: If one is not as above.
    """

    cache: Any = None
    cache_limit: int | str | None = None
    cache_format: str = "decoded"
    on_error: str = "raise"
    formats: Sequence[str] | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.on_error not in _ON_ERROR:
            raise ValueError(
                f'`on_error` should be "raise", "skip" or "zeros". Received: {self.on_error!r}'
            )
        if self.cache_format not in _CACHE_FORMATS:
            raise ValueError(
                f'`cache_format` should be "decoded" or "encoded". Received: {self.cache_format!r}'
            )
        if self.cache_format == "encoded" and self.cache in (None, "memory"):
            raise ValueError(
                '`cache_format="encoded"` is for a `cache` that is a folder. Received: '
                f"cache={self.cache!r}"
            )
        if self.cache_limit is not None:
            if self.cache is None:
                raise ValueError(
                    f"`cache_limit` is for a `cache`. Received: {self.cache_limit!r} with "
                    "`cache=None`"
                )
            self._set("cache_limit", byte_count("cache_limit", self.cache_limit))
        if self.formats is not None:
            self._set("formats", extensions(self.formats, ()))

    def _takes_any_size(self, name: str) -> bool:
        return name == "cache" and self.cache_format == "encoded"


def extensions(formats: Any, default: Sequence[str]) -> tuple[str, ...]:
    """Returns the ends of the names of files that are images.

    Args:
        formats: Sequence of strings such as `"webp"` or `".webp"`, or one of them; `None` for the
            default.
        default: Sequence of strings, Keras' formats.

    Returns:
        Tuple of strings in lower case.

    Raises:
        ValueError: If there is none, or something else among them.
    """
    if formats is None:
        return tuple(default)
    wanted: list[Any] = []
    if isinstance(formats, str):
        wanted = [formats]
    elif isinstance(formats, Iterable):
        with contextlib.suppress(TypeError):  # of an array without an axis
            wanted = listed(formats)
    if not wanted or not all(isinstance(name, str) and name.strip(".") for name in wanted):
        raise ValueError(
            "`formats` should be a sequence of file name extensions, for example "
            f'("png", "webp"). Received: {formats!r}'
        )
    return tuple("." + name.lower().lstrip(".") for name in wanted)
