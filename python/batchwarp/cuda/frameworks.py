"""Batches as tensors of the libraries that train on them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from batchwarp import _keras

if TYPE_CHECKING:
    from batchwarp._cuda import DeviceArray

FRAMEWORKS = ("torch", "jax", "tensorflow", "dlpack")


def framework_name(framework: Any) -> str:
    """Returns which library's tensors batches are to be.

    Args:
        framework: One of `FRAMEWORKS`, or `None` for the backend of Keras, where it is one of
            these, and `"dlpack"` otherwise.

    Returns:
        String, one of `FRAMEWORKS`.

    Raises:
        ValueError: If it is another value.
        ImportError: If the library cannot be imported.
    """
    if framework is None:
        backend = _keras.backend()
        return backend if backend in FRAMEWORKS else "dlpack"
    if framework not in FRAMEWORKS:
        raise ValueError(
            f"`framework` should be one of {', '.join(FRAMEWORKS)}, or `None`. "
            f"Received: {framework!r}"
        )
    if framework != "dlpack":
        importlib.import_module(framework)
    return str(framework)


def as_tensor(batch: DeviceArray, framework: str) -> Any:
    """Returns a batch as a tensor of a library, in the same memory.

    Args:
        batch: The batch.
        framework: String, one of `FRAMEWORKS`.

    Returns:
        The tensor, or for `"dlpack"` the batch.
    """
    if framework == "torch":
        import torch

        return torch.from_dlpack(batch)
    if framework == "jax":
        import jax

        return jax.dlpack.from_dlpack(batch)
    return to_tensorflow(batch) if framework == "tensorflow" else batch


def to_tensorflow(batch: DeviceArray) -> Any:
    """Returns a batch as a tensor of TensorFlow, in the same memory.

    TensorFlow takes no part in the ordering of streams: this waits until the batch is there, and
    when TensorFlow lets go of it, the device is waited for.

    Args:
        batch: The batch.

    Returns:
        A `tf.Tensor` on the device.

    Raises:
        ImportError: If TensorFlow cannot be imported.
    """
    import tensorflow as tf

    batch.synchronize()
    return tf.experimental.dlpack.from_dlpack(batch.__dlpack__(stream=-1))


def stream_of(framework: str, device: int) -> int | None:
    """Returns the stream that a library would use now, to make batches for it on.

    Args:
        framework: String, one of `FRAMEWORKS`.
        device: Integer.

    Returns:
        Integer, the address of a `cudaStream_t`; `None` if the library does not say.
    """
    if framework == "torch":
        import torch

        if torch.cuda.is_available():
            return int(torch.cuda.current_stream(device).cuda_stream)
    return None
