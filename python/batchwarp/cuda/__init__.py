"""Batches in the memory of a graphics card; optional, see `is_available`.

`ImageDataGenerator.flow(..., device="cuda")` makes the batches of a data set on a device;
`augment_batch` augments tensors of other libraries (CuPy, JAX, PyTorch, TensorFlow) that are
already there. Both give what the processor gives, within 0.001 on a scale of 0 to 255 (float32) or
one step of the last place (float16, uint8).

Work is queued to a stream, and nothing waits for the device but what says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batchwarp._core import Plan
from batchwarp.cuda.batch import augment_batch, upload
from batchwarp.cuda.devices import device_count, is_available, native, unavailable_reason
from batchwarp.cuda.frameworks import to_tensorflow
from batchwarp.errors import CudaError

if TYPE_CHECKING:
    from batchwarp._cuda import DeviceArray

__all__ = [
    "CudaError",
    "DeviceArray",
    "Plan",
    "augment_batch",
    "device_count",
    "is_available",
    "to_tensorflow",
    "unavailable_reason",
    "upload",
]


def __getattr__(name: str) -> Any:
    """Finds `DeviceArray`, a class of the extension module, which not every installation has."""
    if name == "DeviceArray":
        try:
            return native().DeviceArray
        except CudaError as error:
            raise AttributeError(str(error)) from error
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
