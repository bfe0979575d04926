"""The extension module of the kernels, where there is one, and its devices."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from batchwarp.errors import CudaError


def native() -> Any:
    """Returns the extension module.

    Raises:
        CudaError: If this installation has none, or it cannot be loaded.
    """
    try:
        return importlib.import_module("batchwarp._cuda")
    except ModuleNotFoundError as error:
        raise CudaError(
            "this installation of batchwarp was built without CUDA; build it with "
            "`pip install . -C cmake.define.BATCHWARP_CUDA=ON`, which needs nvcc"
        ) from error
    except ImportError as error:
        raise CudaError(f"batchwarp's CUDA module cannot be loaded: {error}") from error


def usable() -> Any:
    """Returns the extension module if there is a device, too.

    Raises:
        CudaError: If there is not; it carries CUDA's own text.
    """
    module = native()
    if module.device_count() == 0:
        raise CudaError("there is no CUDA device")
    return module


def unavailable_reason() -> str | None:
    """Returns why batches cannot be made on a device.

    Returns:
        String, or `None` if they can.
    """
    try:
        usable()
    except CudaError as error:
        return str(error)
    return None


def is_available() -> bool:
    """Returns whether batches can be made on a device.

    Returns:
        True if batchwarp was built with CUDA and there are a driver and a device.
    """
    return unavailable_reason() is None


def device_count() -> int:
    """Returns the number of devices.

    Returns:
        Integer; 0 also if batchwarp was built without CUDA, or there is no driver.
    """
    return int(native().device_count()) if is_available() else 0


def device_number(device: Any) -> int:
    """Returns the number of a device.

    Args:
        device: `"cuda"` for the first one, `"cuda:N"`, or an integer.

    Returns:
        Integer.

    Raises:
        ValueError: If it is neither, or there is no such device.
        CudaError: If there is no device at all.
    """
    count = usable().device_count()
    kind, separator, digits = str(device).partition(":")
    if isinstance(device, (int, np.integer)) and not isinstance(device, bool):
        number = int(device)
    elif kind == "cuda" and (digits.isdecimal() or not separator):
        number = int(digits or 0)
    else:
        raise ValueError(
            f'`device` should be "cuda", "cuda:N" or the number of a device. Received: {device!r}'
        )
    if not 0 <= number < count:
        raise ValueError(
            f"`device` should be one of {count} CUDA devices, counted from 0. Received: {device!r}"
        )
    return number
