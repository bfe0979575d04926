"""Augmentation of tensors on a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from batchwarp import _core
from batchwarp.augment.draws import NAMES, as_rows
from batchwarp.augment.keyed_pipeline import pipeline_for
from batchwarp.augment.one_by_one import overrides
from batchwarp.augment.pipeline import Pipeline
from batchwarp.augment.settings import Settings
from batchwarp.cuda.devices import device_number, native, usable
from batchwarp.cuda.interchange import (
    DEFAULT_STREAM,
    PER_THREAD_STREAM,
    check_mutable,
    device_of,
    imported,
    in_flight,
    stream_handle,
)
from batchwarp.errors import CudaError

if TYPE_CHECKING:
    from batchwarp._cuda import DeviceArray

# The dtypes of batches.
OUTPUTS = ("float32", "float16", "uint8")
_INPUTS = ("uint8", "uint16", "float16", "float32")
_CHUNK = 64 << 20  # bytes that go to a device at once


def augment_batch(
    x: Any,
    params: Any,
    plan: _core.Plan | Settings,
    out: Any = None,
    stream: Any = None,
    *,
    indices: ArrayLike | None = None,
    dtype: Any = None,
) -> Any:
    """Augments images that are in the memory of a device.

    The work is queued to a stream, and the function returns. `params` and `indices` are in the
    host's memory, and may change as soon as it has. A stream must live as long as the arrays that
    were made on it.

    Args:
        x: Images, a tensor of rank 4 of uint8, uint16, float16 or float32 with `__dlpack__` or
            `__cuda_array_interface__`, in the plan's layout, with any strides.
        params: What is done to each image: a list of `n` dictionaries as from
            `ImageDataGenerator.get_random_transform`, or an array `(n, 10)` of these numbers in the
            order of the keys there, NaN for `None`. `None` leaves augmentation out.
        plan: A `Plan`, or an `ImageDataGenerator`, whose `preprocessing_function`, ZCA whitening
            and overridden methods are not for devices.
        out: Tensor like `x` of uint8, float16 or float32, to be written. It is not JAX' or
            TensorFlow's, which are immutable. `None` makes an array.
        stream: A stream of PyTorch or CuPy, an object with `__cuda_stream__`, or the address of a
            `cudaStream_t`. `None` is the current stream of PyTorch or CuPy if `x`, or else `out`,
            is theirs, and the default stream otherwise.
        indices: Array `(n,)` of integers, which images of `x`; `None` means the first `n`.
        dtype: Dtype of the result if `out` is `None`: float32 (`None`), float16 or uint8.

    Returns:
        `out`, or a `DeviceArray` of shape `(n, ...)`, which other libraries read by
        `from_dlpack`.

    Raises:
        CudaError: If there is no device, or CUDA refuses the work, with CUDA's text.
        ValueError: If shapes, dtypes or devices do not fit, or a value is out of its range.
        TypeError: If an argument is of another type.
        IndexError: If an index is not in `x`.
    """
    module = usable()
    device = device_of(x, "x")
    handle = stream_handle(stream, device, x, out)
    if module.is_capturing(device, handle):  # before anything is queued there
        raise ValueError(
            "`stream` should not be captured into a graph: the parameters of a batch would be "
            "those of every replay"
        )
    source = imported(x, "x", handle)
    if len(source.shape) != 4:
        raise ValueError(f"`x` should have rank 4. Received a tensor of shape {source.shape}")
    if out is not None:
        if dtype is not None:
            raise ValueError("`dtype` is for results of our own; `out` has one")
        check_mutable(out, "out")
    rows = _params(params, plan.columns if isinstance(plan, _core.Plan) else NAMES)
    chosen = None if indices is None else _indices(indices)
    count = next((len(given) for given in (rows, chosen) if given is not None), source.shape[0])

    result = out
    if out is None:
        owner = DEFAULT_STREAM if handle == PER_THREAD_STREAM else handle
        result = module.DeviceArray(
            [count, *source.shape[1:]], output_dtype(dtype), source.device, owner, True
        )
    target = imported(result, "out", handle)
    if not isinstance(plan, _core.Plan):
        plan = plan_for(plan, source.shape[1:], target.dtype)
    if out is not None and source.device != target.device:
        raise ValueError(
            f"`out` should be on the device of `x`, cuda:{source.device}. Received a tensor on "
            f"cuda:{target.device}"
        )
    if len(target.shape) != 4 or target.shape[0] != count:
        raise ValueError(
            f"`out` should have rank 4 and hold {count} images. Received a tensor of shape "
            f"{target.shape}"
        )
    try:
        module.augment_batch(source, chosen, rows, plan, target, handle)
    except (ValueError, TypeError) as error:  # the core's names for them are those of the host's
        message = str(error).replace("`src`", "`x`").replace("`dst`", "`out`")
        raise type(error)(message) from None
    except CudaError:  # a part of the work may have been queued
        _keep_for_work(handle, (source, x), (target, result))
        raise
    _keep_for_work(handle, (source, x), (target, result))
    return result


def _keep_for_work(handle: int, source: tuple[Any, Any], target: tuple[Any, Any]) -> None:
    """Lets tensors live, and their readers wait, until the work of a stream is done.

    Args:
        handle: Integer, the stream.
        source: Tuple of a `_cuda.Tensor` that is read, and whose it is.
        target: The same for the one that is written.
    """
    ours = native().DeviceArray
    if isinstance(target[1], ours):
        target[1].written_by(handle)
    # Arrays of ours know what uses them.
    foreign = [tensor for tensor, owner in (source, target) if not isinstance(owner, ours)]
    if foreign:
        in_flight.keep(native().Event(source[0].device, handle), *foreign)


def upload(images: Any, device: Any = 0, dtype: Any = None) -> DeviceArray:
    """Copies images to a device, and waits until they are there.

    Args:
        images: Array-like of rank 4 in the host's memory, for example a `numpy.memmap`; at most 64
            MiB are converted or read at once.
        device: Integer, `"cuda"` or `"cuda:N"`.
        dtype: Dtype on the device: uint8, uint16, float16 or float32. `None` keeps that of the
            images if it is one of these, and is float32 if not.

    Returns:
        A `DeviceArray` of the shape of `images`.

    Raises:
        CudaError: If there is no device, or not enough memory on it.
        ValueError: If the images are not of rank 4, or an argument is not as above.
    """
    number = device_number(device)
    array = np.asarray(images)
    if array.ndim != 4:
        raise ValueError(f"`images` should have rank 4. Received an array of shape {array.shape}")
    target = input_dtype(array) if dtype is None else _dtype(dtype, _INPUTS)
    return uploaded(array, None, number, target)


def uploaded(
    images: NDArray[Any], rows: NDArray[np.int64] | None, device: int, dtype: np.dtype[Any]
) -> DeviceArray:
    """Copies some images to a device, and waits until they are there.

    Args:
        images: Array of rank 4.
        rows: Array `(n,)`, which of them; `None` for all.
        device: Integer.
        dtype: Dtype on the device.

    Returns:
        A `DeviceArray` of shape `(n, ...)`.

    Raises:
        CudaError: If there is not enough memory.
    """
    count = len(images) if rows is None else len(rows)
    array: DeviceArray = usable().DeviceArray(
        [count, *images.shape[1:]], dtype, device, DEFAULT_STREAM, False
    )
    step = max(1, _CHUNK * count // max(1, array.nbytes))
    for first in range(0, count, step):
        part = slice(first, first + step)
        chunk = images[part] if rows is None else images[rows[part]]
        array.fill(np.ascontiguousarray(chunk, dtype=dtype), first)
    return array


def plan_for(generator: Any, image_shape: tuple[int, ...], dtype: np.dtype[Any]) -> _core.Plan:
    """Returns all that a generator does to an image as a plan.

    Args:
        generator: An `ImageDataGenerator`.
        image_shape: Tuple of three integers.
        dtype: Dtype of the batches.

    Returns:
        A `Plan`.

    Raises:
        ValueError: If a device cannot do all of it.
        TypeError: If it is no `ImageDataGenerator`.
    """
    if not isinstance(generator, Settings):
        raise TypeError(
            "`plan` should be a `Plan` or an `ImageDataGenerator`. "
            f"Received: {type(generator).__name__}"
        )
    pipeline = pipeline_for(generator, image_shape, dtype)
    if overrides(generator, Settings, "apply_transform", "standardize"):
        raise ValueError(
            "overridden methods of a generator are called for batches that the processor makes, "
            f"not a device. Received as `plan`: {type(generator).__name__}"
        )
    check_sole(pipeline)
    pipeline.warn_missing()
    return pipeline.plan


def check_sole(pipeline: Pipeline) -> None:
    """Checks that one call of the core makes a whole batch, which is all that a device does.

    Args:
        pipeline: The pipeline.

    Raises:
        ValueError: If it is not so, with the settings that are in the way.
    """
    others = pipeline.beyond_the_core
    if others:
        raise ValueError(
            f"{', '.join(others)} cannot be done on a device; leave `device` out for batches that "
            "the processor makes"
        )


def input_dtype(images: NDArray[Any]) -> np.dtype[Any]:
    """Returns the dtype that images have on a device: their own, if the kernels read it."""
    name = images.dtype.name
    return _dtype(name if name in _INPUTS else "float32", _INPUTS)


def output_dtype(dtype: Any) -> np.dtype[Any]:
    """Returns the dtype of batches on a device.

    Args:
        dtype: Anything that `numpy.dtype` takes; `None` means float32.

    Returns:
        A dtype.

    Raises:
        ValueError: If the kernels do not write it.
    """
    return _dtype("float32" if dtype is None else dtype, OUTPUTS)


def _dtype(dtype: Any, accepted: tuple[str, ...]) -> np.dtype[Any]:
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = ""
    if name not in accepted:
        raise ValueError(
            f"`dtype` should be one of {', '.join(accepted)} on a device. Received: {dtype!r}"
        )
    found: np.dtype[Any] = np.dtype(name)
    return found


def _params(params: Any, names: Sequence[str]) -> NDArray[np.float64] | None:
    if params is None:
        return None
    if isinstance(params, Mapping):
        raise TypeError("`params` should be a list of dictionaries, one for each image")
    listed = isinstance(params, Sequence) and not isinstance(params, str)
    if listed and all(isinstance(row, Mapping) for row in params):
        return as_rows(params, names)
    columns = len(names)
    rows = _host_array("params", params, f"an array (n, {columns}) of numbers", np.float64)
    if rows.ndim != 2 or rows.shape[1] != columns:
        raise ValueError(
            f"`params` should be an array of shape (n, {columns}), or dictionaries. Received an "
            f"array of shape {rows.shape}"
        )
    return rows


def _host_array(name: str, values: Any, accepted: str, dtype: Any = None) -> NDArray[Any]:
    try:
        return np.ascontiguousarray(values, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(f"`{name}` should be {accepted} in the host's memory: {error}") from error


def _indices(indices: Any) -> NDArray[np.int64]:
    array = _host_array("indices", indices, "an array (n,) of integers")
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise ValueError(
            "`indices` should be an array (n,) of integers. Received an array of shape "
            f"{array.shape} and dtype {array.dtype}"
        )
    return np.ascontiguousarray(array, dtype=np.int64)
