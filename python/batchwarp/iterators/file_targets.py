"""Masks, boxes and keypoints beside image files, from what users give to batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp.files.cache import Held
from batchwarp.files.dataset import ImageFiles
from batchwarp.files.decode import part_of
from batchwarp.files.masks import MaskReader, MaskSource
from batchwarp.files.options import FileOptions
from batchwarp.files.reader import Loaded
from batchwarp.iterators.structures import map_arrays
from batchwarp.targets import Boxes, Keypoints, Move, Stack, TargetOptions, Windows
from batchwarp.targets.masks import one_hot
from batchwarp.targets.nearest import move_nearest, move_nearest_to

__all__ = ["Beside", "FileTargets", "MovedBeside"]


class Beside(NamedTuple):
    """What was read together with the images of a batch.

    Attributes:
        masks: For each mask of an image a tuple of an array `(m, height, width, channels)`, and of
            an array `(b,)`: which of its items belong to the images.
        sizes: Array `(b, 2)` of float64, heights and widths of the images' files; nan for what
            takes the place of one.
    """

    masks: Sequence[tuple[NDArray[Any], NDArray[np.int64]]]
    sizes: NDArray[np.float64]


class FileTargets:
    """What moves with the images of a flow of files.

    Args:
        options: What the user says of them.
        count: Integer, beside how many images they were given.
        masks: Where masks come from, or a dictionary of that, or `None`. A mask of each image.
        boxes: As for `Boxes`, in the files' own pixels, or `None`.
        given_format: The format of `boxes`, if it is not the options'.
        keypoints: As for `Keypoints`, likewise; as shares of the files' sizes if `given_format` is
            one of shares.
        rows: Array `(n,)`, which of the given images each sample is; `None` if they are in order.
        sizes: Array `(count, 2)`, heights and widths that files must have, or `None`.
        names: What errors call the boxes, their labels and keypoints.

    Attributes:
        names: List of the arguments that were given.
        mask_classes: Integer, of how many classes masks are made one-hot, or `None`.

    Raises:
        ValueError: If something is none of what it should be.
        TypeError: If something is of another dtype.
    """

    def __init__(
        self,
        options: TargetOptions,
        count: int,
        *,
        masks: MaskSource | Mapping[Any, MaskSource] | None = None,
        boxes: Any = None,
        given_format: str | None = None,
        keypoints: Any = None,
        rows: NDArray[np.int64] | None = None,
        sizes: NDArray[np.int64] | None = None,
        names: tuple[str, str, str] = ("boxes", 'boxes["labels"]', "keypoints"),
    ) -> None:
        given = {"masks": masks, "boxes": boxes, "keypoints": keypoints}
        self.names = [name for name, value in given.items() if value is not None]
        self._options = options
        self.mask_classes = options.mask_classes
        self._rows = rows
        self._sizes = sizes
        self._is_dictionary = isinstance(masks, Mapping)
        self._sources: dict[Any, MaskSource] = {}
        if isinstance(masks, Mapping):
            self._sources = dict(masks)
        elif masks is not None:
            self._sources = {"masks": masks}
        # Boxes are in pixels, or in shares of 1 × 1: `Windows` knows the size of each file.
        pictures = Stack(count, 1, 1, "channels_last", np.dtype(np.float32))
        box_names, keypoint_name = names[:2], names[2]
        self._boxes: Boxes | None = None
        if boxes is not None:
            self._boxes = Boxes(boxes, pictures, options, box_names, given_format)
        self._keypoints: Keypoints | None = None
        if keypoints is not None:
            in_shares = given_format is not None and given_format.startswith("rel_")
            self._keypoints = Keypoints(keypoints, pictures, options, keypoint_name, in_shares)

    def attach(
        self,
        files: ImageFiles,
        options: FileOptions,
        samples: int,
        data_format: str,
        dtype: np.dtype[Any],
    ) -> None:
        """Has the masks read with the images.

        Args:
            files: The images.
            options: How they are read.
            samples: Integer, how many there are in the flow.
            data_format: `"channels_last"` or `"channels_first"`, of the batches.
            dtype: Of the batches.

        Raises:
            ValueError: If masks cannot be cached, or are not as the options want them.
            TypeError: If they are floats.
        """
        self._files = files
        self._size = options.target_size
        self._decoding = options
        self._first = data_format == "channels_first"
        self._dtype = dtype
        size = files.shape[:2]
        files.masks = [
            MaskReader(
                f"masks[{name!r}]" if self._is_dictionary else "masks",
                source,
                self._rows,
                options,
                self._options,
                size,
                files.budget,
            )
            for name, source in self._sources.items()
        ]
        files.sizes = np.full((samples, 2), -1)
        if self._sizes is not None:
            files.sizes = self._sizes if self._rows is None else self._sizes[self._rows]
            files.sizes = np.array(files.sizes, np.int64)

    def beside(self, loaded: Sequence[Loaded]) -> Beside:
        """Returns what was read with images.

        Args:
            loaded: What became of the samples.
        """
        order = np.arange(len(loaded))
        masks = []
        for number, reader in enumerate(self._files.masks):
            found = [one.masks[number] for one in loaded]
            none = np.empty((0, *reader.shape), reader.dtype)
            masks.append((np.stack(found) if found else none, order))
        sizes = [(np.nan, np.nan) if one.size is None else one.size for one in loaded]
        return Beside(masks, np.array(sizes, np.float64).reshape(-1, 2))

    def cached(self, held: Sequence[Held], sizes: NDArray[np.int64]) -> Beside:
        """Returns what is beside samples that were all found in the cache.

        Args:
            held: Their masks there, of each kind.
            sizes: Array `(b, 2)`, heights and widths of their files.
        """
        readers = self._files.masks
        masks: list[tuple[NDArray[Any], NDArray[np.int64]]] = [
            (one.images.view(reader.dtype), one.slots)
            for reader, one in zip(readers, held, strict=True)
        ]
        return Beside(masks, sizes.astype(np.float64))

    def empty(self, count: int, plan: _core.Plan, buffers: _core.BufferPool) -> list[NDArray[Any]]:
        """Returns memory for the masks of a batch.

        Args:
            count: Integer, of how many images.
            plan: Theirs, or the last one.
            buffers: Where the memory comes from, and where it goes back to.
        """
        size = plan.target_height, plan.target_width
        return [
            buffers.empty(
                (count, one.channels, *size) if self._first else (count, *size, one.channels),
                one.dtype,
            )
            for one in self._files.masks
        ]

    def move_mask(
        self,
        mask: NDArray[Any],
        moves: Sequence[Move],
        to: NDArray[Any],
        buffers: _core.BufferPool,
    ) -> None:
        """Moves the mask of one image, in this thread.

        Args:
            mask: Array `(height, width, channels)`.
            moves: How the image is moved.
            to: The part of a batch from `empty` where it goes.
            buffers: As for `empty`.
        """
        fill = np.array(self._options.mask_fill, mask.dtype)
        moved = self._in_layout(mask[np.newaxis])
        for move in moves[:-1]:
            moved = move_nearest(moved, move, None, fill, buffers)
        move_nearest_to(to, moved, moves[-1], None, fill, threads=1)

    def moved_masks(
        self, beside: Beside, moves: Sequence[Move], buffers: _core.BufferPool
    ) -> list[NDArray[Any]]:
        """Moves the masks of a batch, like `move_masks`."""
        made = []
        for masks, indices in beside.masks:
            fill = np.array(self._options.mask_fill, masks.dtype)
            rows: NDArray[np.int64] | None = indices
            if self._first and masks.shape[3] > 1:  # a copy is made, which is not to be of all
                masks, rows = masks[indices], None
            moved = self._in_layout(masks)
            for move in moves:
                moved = move_nearest(moved, move, rows, fill, buffers)
                rows = None
            made.append(moved)
        return made

    def moved(
        self,
        moves: Sequence[Move],
        samples: NDArray[np.int64],
        sizes: NDArray[np.float64],
        masks: Sequence[NDArray[Any]],
    ) -> dict[str, Any]:
        """Returns all that moves with the images of a batch, by the names of the arguments.

        Args:
            moves: How the images are moved.
            samples: Array `(b,)`.
            sizes: Array `(b, 2)`, as of `Beside`.
            masks: The masks, which have been moved.
        """
        found = self._finished(masks)
        if self._boxes is None and self._keypoints is None:
            return found
        rows = samples if self._rows is None else self._rows[samples]
        windows = self._windows(sizes)
        if self._boxes is not None:
            found["boxes"] = self._boxes.move(moves, rows, windows)
        if self._keypoints is not None:
            found["keypoints"] = self._keypoints.move(moves, rows, windows)
        return found

    def moved_by_themselves(
        self,
        moves: Sequence[Sequence[Move]],
        samples: NDArray[np.int64],
        sizes: NDArray[np.float64],
        masks: Sequence[NDArray[Any]],
    ) -> dict[str, Any]:
        """Does what `moved` does where each image of a batch has moves of its own."""
        found = self._finished(masks)
        parts = [
            self.moved(own, samples[row : row + 1], sizes[row : row + 1], ())
            for row, own in enumerate(moves)
        ]
        found |= map_arrays(lambda *arrays: np.concatenate(arrays), *parts)
        return found

    def _finished(self, masks: Sequence[NDArray[Any]]) -> dict[str, Any]:
        """Returns the masks of a batch as the user wants them, as `"masks"` if there are some."""
        axis = 1 if self._first else 3
        named: dict[Any, NDArray[Any]] = {}
        for name, mask in zip(self._sources, masks, strict=False):
            if self._options.mask_classes is not None:
                named[name] = one_hot(mask, self._options.mask_classes, axis, self._dtype)
            else:
                named[name] = mask.squeeze(axis) if mask.shape[axis] == 1 else mask
        if not named:
            return {}
        return {"masks": named if self._is_dictionary else named["masks"]}

    def _windows(self, sizes: NDArray[np.float64]) -> Windows:
        """Returns what was made of the files before anything moved."""
        parts = np.zeros((len(sizes), 4))
        parts[:, 2:] = sizes[:, ::-1]
        if self._decoding.keep_aspect_ratio:
            for row in np.flatnonzero(~np.isnan(sizes[:, 0])):
                height, width = (int(extent) for extent in sizes[row])
                parts[row] = part_of(height, width, self._decoding)
        return Windows(sizes, parts, self._size)

    def _in_layout(self, masks: NDArray[Any]) -> NDArray[Any]:
        """Returns masks `(n, height, width, channels)` in the layout of the batches."""
        if not self._first:
            return masks
        if masks.shape[3] == 1:
            return masks.reshape(len(masks), 1, *masks.shape[1:3])
        return np.ascontiguousarray(masks.transpose(0, 3, 1, 2))


class MovedBeside:
    """What is beside the images of a batch, moved image by image as they are made.

    Args:
        targets: What there is.
        count: Integer, of how many images.
        plan: Theirs, or one of the same size.
        buffers: Where the memory of masks comes from, and where it goes back to.
    """

    def __init__(
        self, targets: FileTargets, count: int, plan: _core.Plan, buffers: _core.BufferPool
    ) -> None:
        self._targets = targets
        self._buffers = buffers
        self._masks = targets.empty(count, plan, buffers)
        self._sizes = np.full((count, 2), np.nan)
        self._moves: list[Sequence[Move]] = [()] * count

    def move(self, row: int, loaded: Loaded, moves: Sequence[Move]) -> None:
        """Moves the masks of one image, in this thread, and keeps how it was moved.

        Args:
            row: Integer, which image of the batch it is.
            loaded: What became of its file.
            moves: How it was moved.
        """
        self._moves[row] = moves
        if loaded.size is not None:
            self._sizes[row] = loaded.size
        for mask, batch in zip(loaded.masks, self._masks, strict=True):
            self._targets.move_mask(mask, moves, batch[row : row + 1], self._buffers)
        loaded.masks = ()

    def moved(self, moves: Sequence[Move] | None, samples: NDArray[np.int64]) -> dict[str, Any]:
        """Returns all that has moved, by the names of the arguments.

        Args:
            moves: How all images were moved; `None` if each was moved in its own way.
            samples: Array `(b,)`.
        """
        if moves is None:
            return self._targets.moved_by_themselves(self._moves, samples, self._sizes, self._masks)
        return self._targets.moved(moves, samples, self._sizes, self._masks)
