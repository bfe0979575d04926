"""Masks on a device, which move there with the images beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from batchwarp.cuda.batch import augment_batch, uploaded
from batchwarp.cuda.devices import usable
from batchwarp.cuda.frameworks import as_tensor
from batchwarp.cuda.interchange import DEFAULT_STREAM, PER_THREAD_STREAM, stream_handle
from batchwarp.targets import Masks, Move, nearest_bytes

if TYPE_CHECKING:
    from batchwarp._cuda import DeviceArray

__all__ = ["DeviceMasks", "check_for_device"]


def check_for_device(masks: Masks) -> None:
    """Raises `ValueError` for masks that a device does not move: not of bytes, or made one-hot."""
    for key, array in masks.arrays.items():
        if array.dtype not in (np.uint8, np.bool_):
            name = f"masks[{key!r}]" if masks.is_dictionary else "masks"
            raise ValueError(
                f"`{name}` should be of uint8 or bool for batches that are made on a device. "
                f"Received dtype: {array.dtype}"
            )
    if masks.options.mask_classes is not None:
        raise ValueError(
            "`mask_classes` is for batches that the processor makes. On a device, make the masks "
            "of a batch one-hot by the library that trains there"
        )


class DeviceMasks:
    """Masks that have been copied to a device, and stay there.

    Args:
        masks: They, as `check_for_device` lets them pass.
        rows: Array `(n,)`, which of them the samples of a flow have.
        device: Integer.

    Raises:
        CudaError: If there is not enough memory.
    """

    def __init__(self, masks: Masks, rows: NDArray[np.int64], device: int) -> None:
        self._masks, self._device = masks, device
        self._there = {
            key: uploaded(masks.planes_of(array), rows, device, np.dtype(np.uint8))
            for key, array in masks.arrays.items()
        }

    def moved(
        self, move: Move, indices: NDArray[np.int64], stream: int | None, framework: str
    ) -> Any:
        """Returns the masks of a batch, of uint8, or a dictionary of them.

        Args:
            move: How the images of the batch are moved.
            indices: Array `(b,)`, the samples.
            stream: As of `augment_batch`.
            framework: String, whose tensors they become.
        """
        made = {
            key: as_tensor(self._moved(key, move, indices, stream), framework)
            for key in self._there
        }
        return made if self._masks.is_dictionary else made["masks"]

    def _moved(
        self, key: str, move: Move, indices: NDArray[np.int64], stream: int | None
    ) -> DeviceArray:
        there = self._there[key]
        axis = 1 if move.plan.data_format == "channels_first" else 3
        fill = self._masks.options.mask_fill
        plan, params = nearest_bytes(move, there.shape[axis], move.plan.data_format, fill)
        size = [plan.target_height, plan.target_width]
        shape = [len(indices), *size]
        if self._masks.arrays[key].ndim == 4:
            shape.insert(axis, there.shape[axis])
        handle = stream_handle(stream, self._device, there)
        owner = DEFAULT_STREAM if handle == PER_THREAD_STREAM else handle
        batch: DeviceArray = usable().DeviceArray(
            shape, np.dtype(np.uint8), self._device, owner, True
        )
        out = batch if len(shape) == 4 else _WithChannel(batch, axis)
        augment_batch(there, params, plan, out, handle, indices=indices)
        batch.written_by(handle)
        return batch


class _WithChannel:
    """An array of rank 3 as one of rank 4, with one channel."""

    def __init__(self, array: DeviceArray, axis: int) -> None:
        self._array, self._axis = array, axis

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        interface = dict(self._array.__cuda_array_interface__)
        shape = list(interface["shape"])
        shape.insert(self._axis, 1)
        return {**interface, "shape": tuple(shape), "strides": None}
