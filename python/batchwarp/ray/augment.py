"""`batchwarp.ray.Augment`: operations, done to the rows of Ray's datasets."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import runtime
from batchwarp._arguments import integer
from batchwarp.augment.augment import Augment as AugmentArrays
from batchwarp.augment.keys import one_epoch, one_seed, sample_numbers
from batchwarp.ops.mixing import Mixing
from batchwarp.ops.recipe import RecipeOperation

__all__ = ["Augment"]

_PATH = "path"  # the column that `ray.data.read_images(include_paths=True)` makes
# What moves with images: the name that `batchwarp.Augment` has for it, and the shape of one thing.
_TARGETS: dict[str, tuple[int, ...] | None] = {
    "masks": None,
    "boxes": (4,),
    "box_labels": (),
    "keypoints": (2,),
}


class Augment:
    """Operations that are done to the batches of a Ray dataset, as `batchwarp.Augment` does them.

    An object, or the class with its arguments, is what `ray.data.Dataset.map_batches` calls with
    `batch_format="numpy"`. What happens to an image depends on the seed, the epoch and the image's
    key: its path, or what another column calls it. So blocks may be of any size and come in any
    order, tasks may be tried again, and workers may come and go.

    Images are the rows of one array, or arrays of several shapes. They are only read, and may lie
    in the object store. Columns that are not named are handed on.

    In a task or an actor of Ray, the core has as many threads as `num_cpus` says, unless the
    environment variable `BATCHWARP_NUM_THREADS` is set.

    Args:
        *operations: Operations of `batchwarp.ops`, in their order; none that mixes images.
        seed: Integer from 0 to 2⁶⁴ - 1. There is no default: each process would draw its own.
        column: String, the column of the images, each (height, width, channels), or (channels,
            height, width) for `data_format="channels_first"`.
        key_column: String, the column of integers or strings that says what images are called;
            `None` is `"path"`.
        root: String or path-like, the folder that keys are relative to, for keys that are paths:
            then they are those of `flow_from_directory(root)`. `None` takes keys as they are.
        epoch: Integer from 0 to 2³² - 1; another one augments the same keys anew. A call can be
            given its own, by `map_batches(..., fn_kwargs={"epoch": 3})`.
        masks: String, the column of a mask for each image, `(height, width)` or with channels, or
            `None`.
        boxes: String, the column of boxes, `(k, 4)` for each image, or `None`.
        box_labels: String, the column of the labels of boxes, `(k,)` for each image, or `None`.
        keypoints: String, the column of keypoints, `(k, 2)` for each image, or `None`.
        dtype: Dtype of the results: `"uint8"`, for images of uint8 only, `"float16"`, `"float32"`
            or `"float64"`. Bytes are what is cheap to send.
        threads: Integer, the number of threads of the core in processes that call the object;
            `None` is as above, and outside of Ray leaves it as it is.
        **options: Further arguments of `batchwarp.Augment`: `fill_mode`, `cval`, `order`,
            `value_range`, `fused`, `data_format`, `mask_fill`, `mask_classes`,
            `bounding_box_format`, `max_boxes`, `min_area`, `min_visibility`, `keypoint_pairs` and
            `remove_outside`.

    Raises:
        ValueError: If an argument is not as above, or an operation stands where it cannot.
        TypeError: If something is no operation, or there is no such argument.

    Example:
        >>> augment = Augment(ops.RandomResizedCrop(24), ops.Flip(), seed=7)
        >>> rows = {"image": np.zeros((2, 32, 32, 3), np.uint8), "path": np.array(["a", "b"])}
        >>> augment(rows)["image"].shape  # or: ray.data.read_images(...).map_batches(augment)
        (2, 24, 24, 3)
    """

    def __init__(
        self,
        *operations: RecipeOperation,
        seed: int,
        column: str = "image",
        key_column: str | None = None,
        root: Any = None,
        epoch: int = 0,
        masks: str | None = None,
        boxes: str | None = None,
        box_labels: str | None = None,
        keypoints: str | None = None,
        dtype: Any = "uint8",
        threads: int | None = None,
        **options: Any,
    ) -> None:
        self.seed = one_seed(seed)
        mixing = next((one for one in operations if isinstance(one, Mixing)), None)
        if mixing is not None:
            raise ValueError(
                "`operations` should do without those that mix images, whose partners would be "
                f"whatever is in the same block. Received: {mixing!r}"
            )
        self._augment = AugmentArrays(*operations, seed=seed, dtype=dtype, **options)
        self.column = _name_of_column("column", column)
        self.key_column = _name_of_column("key_column", _PATH if key_column is None else key_column)
        self.root = None if root is None else os.fspath(root).replace(os.sep, "/").rstrip("/")
        self.epoch = one_epoch(epoch)
        given = {"masks": masks, "boxes": boxes, "box_labels": box_labels, "keypoints": keypoints}
        self._targets = {
            name: _name_of_column(name, value) for name, value in given.items() if value is not None
        }
        if box_labels is not None and boxes is None:
            raise ValueError(
                f"`box_labels` should be `None` without `boxes`. Received: {box_labels!r}"
            )
        self.threads = None if threads is None else integer("threads", threads, 1)

    def __call__(self, batch: Mapping[str, Any], epoch: int | None = None) -> dict[str, Any]:
        """Augments a batch.

        Args:
            batch: Dictionary of arrays, as Ray makes it for `batch_format="numpy"`.
            epoch: Integer from 0 to 2³² - 1; `None` is that of the constructor.

        Returns:
            Dictionary of the same columns. Images and masks are one array where they are of one
            shape, else an array of arrays. Boxes, their labels and keypoints are as many for each
            image as they were, or `max_boxes`; what is lost is -1, or nan.

        Raises:
            ValueError: If a column is missing or of another shape, or a key not below `root`.
            TypeError: If a column is of another dtype, or `batch` no dictionary.
        """
        if not isinstance(batch, Mapping):
            raise TypeError(
                '`batch` should be a dictionary of arrays, which map_batches(batch_format="numpy") '
                f"gives. Received: {type(batch).__module__}.{type(batch).__qualname__}"
            )
        epoch = self.epoch if epoch is None else one_epoch(epoch)
        images = np.asarray(self._column(batch, "column", self.column))
        columns = {
            name: np.asarray(self._column(batch, name, column))
            for name, column in self._targets.items()
        }
        keys = self._keys(batch, len(images))
        self._set_threads()
        made: dict[str, list[tuple[NDArray[np.int64], Any]]] = {}
        for places, stack in self._stacks(images):
            targets = {
                name: _rows(one, places, _TARGETS[name], self._targets[name])
                for name, one in columns.items()
            }
            for name, rows in self._augmented(stack, keys[places], epoch, targets).items():
                made.setdefault(name, []).append((places, rows))
        result = dict(batch)
        for name, parts in made.items():
            result[self._targets.get(name, self.column)] = _together(parts, len(images))
        return result

    def _column(self, batch: Mapping[str, Any], argument: str, name: str) -> Any:
        """Returns a column of a batch.

        Raises:
            ValueError: If there is none.
        """
        if name in batch:
            return batch[name]
        hint = ""
        if argument == "key_column" and name == _PATH:
            hint = "; ray.data.read_images(..., include_paths=True) has it"
        raise ValueError(
            f"`{argument}` should be a column of the batch{hint}. Received: {name!r}, where there "
            f"are {', '.join(map(repr, batch)) or 'none'}"
        )

    def _keys(self, batch: Mapping[str, Any], count: int) -> NDArray[np.uint64]:
        """Returns the numbers of the images of a batch."""
        values = self._column(batch, "key_column", self.key_column)
        if self.root is not None:
            values = [_below(self.root, value, self.key_column) for value in values]
        try:
            return sample_numbers(values, count)
        except (TypeError, ValueError) as error:
            raise type(error)(
                f"Column {self.key_column!r} should hold an integer or a string for each image, "
                f"which it is called by: {error}"
            ) from error

    def _stacks(self, images: NDArray[Any]) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
        """Yields images of one shape and dtype, with their places in the batch.

        Raises:
            ValueError: If there is something else than images of three axes.
            TypeError: If their dtype is not one that is taken.
        """
        if images.dtype != object:
            if images.ndim != 4:
                raise self._no_image(f"shape: {images.shape[1:]} of each row")
            self._check_dtype(images.dtype)
            yield np.arange(len(images)), images
            return
        places: dict[tuple[Any, Any], list[int]] = {}
        for place, image in enumerate(images):
            if not isinstance(image, np.ndarray):
                raise self._no_image(f"{type(image).__name__} in row {place}")
            if image.ndim != 3 or image.dtype == object:
                raise self._no_image(f"shape: {image.shape}, dtype: {image.dtype} in row {place}")
            self._check_dtype(image.dtype)
            places.setdefault((image.shape, image.dtype), []).append(place)
        for found in places.values():
            yield np.array(found), np.stack([images[place] for place in found])

    def _no_image(self, received: str) -> ValueError:
        hint = ' Files of one channel get theirs by ray.data.read_images(..., mode="RGB").'
        return ValueError(
            f"Column {self.column!r} should hold images of three axes, (height, width, channels) "
            f"in any order that `data_format` has.{hint} Received {received}"
        )

    def _check_dtype(self, dtype: np.dtype[Any]) -> None:
        if self._augment.dtype == "uint8" and dtype != np.uint8:
            raise TypeError(
                f'Column {self.column!r} should hold images of uint8 where `dtype` is "uint8", '
                'which other values do not fit into; dtype="float32" takes all. '
                f"Received: {dtype}"
            )

    def _augmented(
        self, stack: NDArray[Any], keys: NDArray[np.uint64], epoch: int, rows: dict[str, Any]
    ) -> dict[str, Any]:
        """Returns images of one shape, as `"images"`, and what belongs to them, augmented."""
        given = dict(rows)
        if "box_labels" in given:
            given["boxes"] = {"boxes": given["boxes"], "labels": given.pop("box_labels")}
        try:
            made = self._augment(stack, keys, epoch, **given)
        except (TypeError, ValueError) as error:
            named = {"x": self.column, **self._targets}
            called = ", ".join(f"`{name}` is column {column!r}" for name, column in named.items())
            raise type(error)(f"{error}. Here, {called}") from error
        if not isinstance(made, dict):
            return {"images": made}
        if "box_labels" in rows:
            made["boxes"], made["box_labels"] = made["boxes"]["boxes"], made["boxes"]["labels"]
        fixed = self._augment.max_boxes is not None
        for name, one in rows.items():
            if not isinstance(one, list) or (fixed and name != "keypoints"):
                continue
            if len({len(row) for row in one}) > 1:  # each image keeps as many as it had
                pairs = zip(made[name], one, strict=True)
                made[name] = [row[: len(had)] for row, had in pairs]
        return made

    def _set_threads(self) -> None:
        """Lets the core have the threads that this process may use."""
        count = self.threads or _cpus_of_ray()
        if count is not None and count != runtime.get_num_threads():
            runtime.set_num_threads(count)


def _name_of_column(argument: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"`{argument}` should be the name of a column. Received: {value!r}")
    return value


def _below(root: str, path: Any, column: str) -> str:
    """Returns a path relative to a folder, with `/`."""
    text = path.replace(os.sep, "/") if isinstance(path, str) else ""
    if not text.startswith(f"{root}/"):
        raise ValueError(
            f"Column {column!r} should hold paths below `root`, which is {root!r}. "
            f"Received: {path!r}"
        )
    return text[len(root) + 1 :]


def _rows(
    column: NDArray[Any], places: NDArray[np.int64], shape: tuple[int, ...] | None, name: str
) -> Any:
    """Returns some rows of a column of targets: an array, or a list of arrays.

    Args:
        column: The column.
        places: Which rows.
        shape: Shape of one of the things that a row has several of; `None` for masks.
        name: String, the column's name.

    Raises:
        ValueError: If a row is not made of such things.
    """
    if column.dtype != object or shape is None:
        return column[places]
    rows = []
    for place in places:
        row = column[place]
        try:
            # Arrow's lists of lists come as arrays of arrays.
            nested = isinstance(row, np.ndarray) and row.dtype == object
            array = np.array([np.asarray(one) for one in row]) if nested else np.asarray(row)
            rows.append(array.reshape(-1, *shape) if not array.size else array)
            if rows[-1].shape[1:] != shape or rows[-1].dtype == object:
                raise ValueError
        except ValueError:
            wanted = f"({', '.join(map(str, ('k', *shape)))}{'' if shape else ','})"
            raise ValueError(
                f"Column {name!r} should hold arrays or lists of shape {wanted}. "
                f"Received in row {place}: {row!r}"
            ) from None
    filled = [row.dtype for row in rows if row.size]
    # An empty list has no dtype of its own, and must not make floats of integers.
    dtype = np.result_type(*filled) if filled else None
    return [row if row.size or dtype is None else row.astype(dtype) for row in rows]


def _together(parts: Sequence[tuple[NDArray[np.int64], Any]], count: int) -> NDArray[Any]:
    """Returns the rows of a batch at their places: an array, or one of arrays of several shapes."""
    _, first = parts[0]
    if len(parts) == 1 and isinstance(first, np.ndarray):
        return first
    shapes = {(row.shape, row.dtype) for _, rows in parts for row in rows}
    if len(shapes) == 1:
        ((shape, dtype),) = shapes
        array = np.empty((count, *shape), dtype)
    else:
        array = np.empty(count, object)
    for places, rows in parts:
        for place, row in zip(places, rows, strict=True):
            array[place] = row
    return array


def _cpus_of_ray() -> int | None:
    """Returns how many processors Ray has given to this task or actor; `None` outside of one."""
    ray: Any = sys.modules.get("ray")  # in its workers it has been imported
    if ray is None or os.environ.get("BATCHWARP_NUM_THREADS") or not ray.is_initialized():
        return None
    try:
        resources = ray.get_runtime_context().get_assigned_resources()
    except AssertionError:  # what Ray raises in a driver, which has been given none
        return None
    return max(1, int(resources.get("CPU", 1)))
