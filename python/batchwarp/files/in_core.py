"""Image files made in the core, where no Python stands between a batch's paths and its images."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core, _phases
from batchwarp._threads import Shortage
from batchwarp.files import libjpeg, pictures
from batchwarp.files.decode import pillow_version
from batchwarp.files.handed import Handed, as_arguments
from batchwarp.files.options import CHANNELS, Decoding
from batchwarp.files.reader import Loaded
from batchwarp.files.sized_in_core import SizedWarp, made_by_size
from batchwarp.runtime import get_num_threads

__all__ = ["Warp", "made_in_core", "makes"]

_COLOR_MODES = ("grayscale", "rgb", "rgba")


class Warp(NamedTuple):
    """What is done to images of files right after they are decoded.

    Attributes:
        plan: Their plan.
        params: Array with a row for each of them, what is drawn for it; `None` for nothing.
        batch: Array of rank 4, where they go.
    """

    plan: _core.Plan
    params: NDArray[np.float64] | None
    batch: NDArray[Any]


def makes(options: Decoding, warp: Warp | SizedWarp | None = None) -> bool:
    """Returns whether the core makes such images, of the files that it decodes.

    Args:
        options: What is made of files.
        warp: What is done to images then, or `None`.

    Raises:
        RuntimeError: As `libjpeg.is_used`.
    """
    has_sizes = options.target_size is None
    return (
        has_sizes == isinstance(warp, SizedWarp)
        and options.color_mode in _COLOR_MODES
        and libjpeg.is_used()
    )


def made_in_core(
    paths: Sequence[str | None],
    options: Decoding,
    images: NDArray[np.uint8] | None = None,
    warp: Warp | SizedWarp | None = None,
    shortage: Shortage | None = None,
    handed: Sequence[Handed | None] | None = None,
    *,
    described: bool = True,
) -> list[Loaded | None]:
    """Makes images of ordinary JPEG files.

    Args:
        paths: Sequence of paths; `None` for a file that is not wanted.
        options: What to make of them, as `makes` has accepted it.
        images: Array `(n, *target_size, channels)`, where images go as they were decoded and
            resized; `None` for nowhere.
        warp: What is done to them then, or `None`.
        shortage: What says that threads could not be started, or `None`.
        handed: Sequence of files that are not read by their paths, with `None` for those that are;
            `None` if all are.
        described: Boolean, whether somebody asks for sizes and signatures.

    Returns:
        List of a `Loaded` for each path, one for all if nobody does and there are no `images`;
        `None` if it is left to whoever knows more formats, and can say what is wrong with a file.

    Raises:
        KeyboardInterrupt: Or whatever the handler of a signal has raised.
        MemoryError: If there is too little memory for what is done to images.
    """
    decoding = _decoding(options, pictures.pillow().MAX_IMAGE_PIXELS or 0)
    wanted = ["" if path is None else path for path in paths]
    found: Any
    if isinstance(warp, SizedWarp):
        refused, found = made_by_size(wanted, decoding, warp, handed)
    else:
        start = _phases.now()
        refused, found, times = _core.make_files(
            wanted,
            decoding,
            images,
            *(warp or ()),
            timed=_phases.takes_notes(),
            described=images is not None or described,
            **as_arguments(handed),
        )
        _phases.add_files(times, start)
    if refused and shortage is not None:
        threads = get_num_threads()
        shortage.tell(None, f"files are read by {threads - refused} of {threads} threads")
    if images is None and not described:  # objects for each would take as long as all else here
        all_alike = Loaded(is_warped=warp is not None)
        if found is None:
            return [all_alike] * len(paths)
        return [all_alike if is_made else None for is_made in found[0].tolist()]
    made, signatures, sizes = (array.tolist() for array in found)
    for row, one in enumerate(handed or ()):
        if one is not None:
            signatures[row] = one.signature
    return [
        Loaded(
            None if images is None else images[row],
            signature=tuple(signature),
            size=tuple(size),
            is_warped=warp is not None,
        )
        if is_made
        else None
        for row, (is_made, signature, size) in enumerate(zip(made, signatures, sizes, strict=True))
    ]


@functools.lru_cache(16)
def _decoding(options: Decoding, max_pixels: int) -> _core.FileDecoding:
    return _core.FileDecoding(
        size=options.target_size or (0, 0),
        channels=CHANNELS[options.color_mode],
        interpolation=options.interpolation,
        keep_aspect_ratio=options.keep_aspect_ratio,
        exif_transpose=options.exif_transpose,
        scaled_decode=options.scaled_decode,
        pillow=pillow_version(),
        max_pixels=max_pixels,
    )
