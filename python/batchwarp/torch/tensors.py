"""Batches of a flow as tensors of PyTorch, in its layout and without a copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp.iterators.parts import PartedIterator

__all__ = ["as_tensors", "mapped"]


def mapped(function: Callable[[Any], Any], batch: Any) -> Any:
    """Returns what a function makes of each array of a batch, in the batch's structure."""
    if isinstance(batch, Mapping):
        return {name: mapped(function, part) for name, part in batch.items()}
    if isinstance(batch, (tuple, list)):
        return type(batch)(mapped(function, part) for part in batch)
    return function(batch)


def as_tensors(flow: PartedIterator, batch: Any, pin: bool) -> Any:
    """Returns a batch with tensors in place of its arrays.

    Args:
        flow: The flow that it is of.
        batch: As from `next(flow)`.
        pin: Boolean, whether tensors shall be in memory that a card reads by itself.

    Returns:
        The batch's structure. Images and masks are `(n, channels, height, width)`: views of what
        is `(n, height, width, channels)`. Labels that number classes are of int64. What is no
        number stays an array.
    """
    first = getattr(flow, "data_format", "channels_last") == "channels_first"

    def image(array: Any) -> Any:
        tensor = _tensor(array, pin)
        return tensor if first or np.ndim(array) != 4 else tensor.permute(0, 3, 1, 2)

    def plain(array: Any) -> Any:
        return _tensor(array, pin)

    def label(array: Any) -> Any:
        if mode == "input":
            return image(array)
        numbers = np.ndim(array) == 1 and (mode == "sparse" or array.dtype.kind in "iu")
        return plain(array.astype(np.int64, copy=False) if numbers else array)

    mode = getattr(flow, "class_mode", None)
    if not isinstance(batch, tuple):
        return _inputs(batch, image, plain)
    inputs, outputs, *weights = batch
    names = flow.target_names
    ways = {"labels": label, "masks": image}
    if not names:
        made = mapped(label, outputs)
    elif len(names) == 1 and mode is None and getattr(flow, "y", None) is None:
        made = mapped(ways.get(names[0], plain), outputs)  # nothing else is there
    else:
        made = {name: mapped(ways.get(name, plain), part) for name, part in outputs.items()}
    return (_inputs(inputs, image, plain), made, *map(plain, weights))


def _inputs(inputs: Any, image: Callable[[Any], Any], plain: Callable[[Any], Any]) -> Any:
    """Returns images, or a list of them and of what else goes into a model."""
    if isinstance(inputs, list):
        return [image(inputs[0]), *map(plain, inputs[1:])]
    return image(inputs)


def _tensor(array: NDArray[Any], pin: bool) -> Any:
    import torch

    array = np.asarray(array)
    is_brain = array.dtype.name == "bfloat16"  # which NumPy knows from another library
    if array.dtype.kind not in "biufc" and not is_brain:
        return array
    if not array.flags.writeable or min(array.strides, default=0) < 0:
        array = array.copy()
    if is_brain:
        tensor = torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    else:
        tensor = torch.from_numpy(array)
    return tensor.pin_memory() if pin else tensor
