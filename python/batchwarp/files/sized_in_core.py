"""Image files that keep their sizes, made in the core by plans for each size."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core, _phases
from batchwarp.files.handed import Handed, as_arguments

__all__ = ["SizedWarp", "made_by_size"]

_Found = tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]


class SizedWarp(NamedTuple):
    """What is done to images that have the sizes of their files.

    Attributes:
        plans: Theirs.
        add_plan: Function of a height and a width, which adds a plan if there can be one, and
            raises a `ValueError` if images of that size cannot be made.
        keys: Tuple of the samples' numbers, of the epoch and of the seed, by which parameters are
            drawn.
        batch: Array of rank 4, where they go.
        channels_first: Boolean, the layout of that.
        params: Array with a row for each of them, what is drawn for it before its size is known;
            `None` for nothing.
    """

    plans: _core.PlansBySize
    add_plan: Callable[[int, int], None]
    keys: tuple[NDArray[np.uint64], int, int]
    batch: NDArray[Any]
    channels_first: bool
    params: NDArray[np.float64] | None = None


def made_by_size(
    paths: Sequence[str],
    decoding: _core.FileDecoding,
    warp: SizedWarp,
    handed: Sequence[Handed | None] | None = None,
) -> tuple[int, _Found]:
    """Augments images of ordinary JPEG files; those whose size is new to the core, it reads twice.

    Args:
        paths: Sequence of paths; an empty one for a file that is not wanted.
        decoding: What to make of them.
        warp: What is done to them.
        handed: Files that are not read by their paths, or `None`.

    Returns:
        Tuple of the number of threads that did not start, and of arrays: which files have been
        made, `(n,)`; their sizes in bytes and their times, `(n, 2)`; heights and widths of their
        images, `(n, 2)`, of no meaning for those that are left.
    """

    def made(some: Sequence[str], given: Sequence[Handed | None] | None) -> tuple[int, _Found]:
        start = _phases.now()
        refused, found, times = _core.make_sized_files(
            some,
            decoding,
            warp.plans,
            *warp.keys,
            warp.batch,
            channels_first=warp.channels_first,
            timed=_phases.takes_notes(),
            params=warp.params,
            **as_arguments(given),
        )
        _phases.add_files(times, start)
        return refused, found

    refused, (is_made, signatures, sizes) = made(paths, handed)
    lacking = ~is_made & (sizes[:, 0] > 0)  # of what is left, sizes are told for this alone
    if not lacking.any():
        return refused, (is_made, signatures, sizes)
    for height, width in {(height, width) for height, width in sizes[lacking].tolist()}:
        with contextlib.suppress(ValueError):  # it is the file's, as whoever decodes it will say
            warp.add_plan(height, width)
    refused, again = made(
        [path if new else "" for path, new in zip(paths, lacking, strict=True)],
        handed and [one if new else None for one, new in zip(handed, lacking, strict=True)],
    )
    for first, second in zip((is_made, signatures, sizes), again, strict=True):
        first[lacking] = second[lacking]
    return refused, (is_made, signatures, sizes)
