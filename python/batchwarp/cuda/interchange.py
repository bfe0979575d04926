"""Tensors and streams of other libraries."""

from __future__ import annotations

import atexit
import operator
import sys
import threading
from typing import Any

from batchwarp import _forks
from batchwarp.cuda.devices import native

# The stream that CUDA numbers 1: the legacy default stream, whose handle is null elsewhere.
DEFAULT_STREAM = 1
# Its number for the default stream of a thread: another stream in each.
PER_THREAD_STREAM = 2
_CPU = 1  # of DLPack's device types
# Libraries whose tensors do not change, although their capsules do not say so.
_IMMUTABLE = frozenset({"jax", "jaxlib", "tensorflow"})
_KNOWN = _IMMUTABLE | {"cupy", "torch"}


def stream_handle(stream: Any, device: int, *tensors: Any) -> int:
    """Returns a stream as CUDA numbers it.

    Args:
        stream: Integer, the address of a `cudaStream_t`; an object of CUDA's Python protocol
            (`__cuda_stream__`), of PyTorch (`cuda_stream`) or CuPy (`ptr`); or `None` for the
            stream that PyTorch or CuPy would use here if a tensor is theirs, the first one's
            if both are, and the default stream if none is.
        device: Integer, the tensors' device.
        *tensors: What the work is about.

    Returns:
        Integer of at least 1.

    Raises:
        TypeError: If it is no stream.
        ValueError: If it is a negative number.
    """
    address = _current(device, tensors) if stream is None else _address(stream)
    if address is None:
        raise TypeError(
            "`stream` should be the address of a cudaStream_t, a stream of PyTorch or CuPy, an "
            f"object with `__cuda_stream__`, or `None`. Received: {stream!r}"
        )
    if address < 0:
        raise ValueError(f"`stream` should not be negative. Received: {stream!r}")
    return address or DEFAULT_STREAM


def _address(stream: Any) -> int | None:
    protocol = getattr(stream, "__cuda_stream__", None)
    if protocol is not None:
        _, address = protocol() if callable(protocol) else protocol
        return int(address)
    for name in ("cuda_stream", "ptr"):
        if hasattr(stream, name):
            return int(getattr(stream, name))
    try:
        return None if isinstance(stream, bool) else operator.index(stream)
    except TypeError:
        return None


def _library(x: Any) -> str:
    modules = (base.__module__.partition(".")[0] for base in type(x).__mro__)
    return next((name for name in modules if name in _KNOWN), "")


def _current(device: int, tensors: tuple[Any, ...]) -> int:
    for tensor in tensors:
        library = _library(tensor)
        module: Any = sys.modules.get(library)
        if library == "torch" and tensor.is_cuda:
            return int(module.cuda.current_stream(device).cuda_stream)
        if library == "cupy":
            with module.cuda.Device(device):  # has a current stream of its own
                return int(module.cuda.get_current_stream().ptr)
    return DEFAULT_STREAM


def check_mutable(x: Any, name: str) -> None:
    """Checks that a tensor is not of a library that counts on it to stay as it is.

    Args:
        x: The tensor.
        name: String, the argument's name for errors.

    Raises:
        ValueError: If it is.
    """
    if _library(x) in _IMMUTABLE:
        raise ValueError(
            f"`{name}` should be writable. Received a tensor of {_library(x)}, where tensors are "
            "immutable"
        )


def device_of(x: Any, name: str) -> int:
    """Returns which device a tensor is on.

    Args:
        x: The tensor.
        name: String, the argument's name for errors.

    Returns:
        Integer; 0 for a tensor that is on none, which `imported` refuses.

    Raises:
        TypeError: If it is no tensor.
    """
    if hasattr(x, "__dlpack_device__"):
        return int(x.__dlpack_device__()[1])
    return int(_from_interface(x, name).device)


def imported(x: Any, name: str, stream: int) -> Any:
    """Returns a tensor of another library, ready to be used on a stream.

    Args:
        x: Object with `__dlpack__` or `__cuda_array_interface__`.
        name: String, the argument's name for errors.
        stream: Integer, as from `stream_handle`.

    Returns:
        A `_cuda.Tensor`, which keeps the memory alive.

    Raises:
        TypeError: If it is no tensor, or of a dtype that the kernels do not know.
        ValueError: If it is not in the memory of a device.
    """
    if not hasattr(x, "__dlpack__"):
        tensor = _from_interface(x, name)
        written_by = x.__cuda_array_interface__.get("stream")
        if written_by is not None and written_by != stream:
            native().order_streams(tensor.device, written_by, stream)
        return tensor
    # A processor has no streams. TensorFlow takes none: the content is there when it returns.
    on_host = x.__dlpack_device__()[0] == _CPU and not isinstance(x, native().DeviceArray)
    known = {} if on_host or _library(x) == "tensorflow" else {"stream": stream}
    try:
        capsule = x.__dlpack__(**known, max_version=(1, 0))
    except TypeError:  # older than DLPack 1
        capsule = x.__dlpack__(**known)
    return native().Tensor.from_dlpack(capsule, name)


def _from_interface(x: Any, name: str) -> Any:
    interface = getattr(x, "__cuda_array_interface__", None)
    if interface is None:
        raise TypeError(
            f"`{name}` should be a tensor on a CUDA device, with `__dlpack__` or "
            f"`__cuda_array_interface__`. Received: {type(x).__name__}"
        )
    if interface.get("mask") is not None:
        raise ValueError(f"`{name}` should not have a mask")
    pointer, read_only = interface["data"]
    return native().Tensor.from_interface(
        pointer,
        list(interface["shape"]),
        interface["typestr"],
        list(interface.get("strides") or ()),
        bool(read_only),
        x,
        name,
    )


class InFlight:
    """Tensors of other libraries whose work is still queued.

    Their owners may give the memory to somebody else as soon as nobody refers to it, and know
    nothing of our work. What has finished is let go when the next tensors come.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._waiting: list[tuple[Any, tuple[Any, ...]]] = []
        _forks.watch(self)

    def _after_fork(self) -> None:
        _forks.renew(self._lock)

    def keep(self, event: Any, *tensors: Any) -> None:
        """Keeps tensors until a device has come to an event.

        Args:
            event: A `_cuda.Event` after the work.
            *tensors: What is to be kept.
        """
        with self._lock:
            self._waiting.append((event, tensors))
            before = self._waiting
            self._waiting = [kept for kept in before if not kept[0].done()]
        # What has finished ends here, without the lock: its owners' code may come back to us.
        del before

    def clear(self) -> None:
        """Lets all go, whether finished or not."""
        with self._lock:
            self._waiting = []


in_flight = InFlight()
atexit.register(in_flight.clear)  # while the owners can still take their memory back
