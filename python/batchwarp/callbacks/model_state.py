"""What a Keras model has in the middle of an epoch: variables, and random states beside them."""

from __future__ import annotations

import base64
import importlib
import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _keras

__all__ = [
    "arrays_of",
    "described_memory",
    "described_python_random",
    "described_torch",
    "metrics_of",
    "restore_memory",
    "restore_python_random",
    "restore_torch",
    "restore_variables",
    "variables_of",
]

# What EarlyStopping, ModelCheckpoint and ReduceLROnPlateau remember from one epoch to the next.
_REMEMBERED = ("best", "best_epoch", "cooldown_counter", "wait", "stopped_epoch")


def variables_of(model: Any) -> list[Any]:
    """Returns the variables of a model, seeds of random layers included, and of its optimizer."""
    optimizer = getattr(model, "optimizer", None)
    return [*model.variables, *(() if optimizer is None else optimizer.variables)]


def metrics_of(model: Any) -> list[Any]:
    """Returns the variables of a model's metrics."""
    return list(model.metrics_variables)


def arrays_of(variables: Sequence[Any]) -> list[NDArray[Any]]:
    """Returns copies of the values of Keras variables."""
    return [_keras.to_numpy(variable) for variable in variables]


def restore_variables(
    variables: Sequence[Any], described: Sequence[Mapping[str, Any]], data: Sequence[bytes]
) -> None:
    """Gives variables the values that they had.

    Args:
        variables: Keras variables.
        described: For each its dtype and shape, as they were.
        data: For each the bytes of its value.

    Raises:
        ValueError: If they are others; then none has changed.
    """
    if len(variables) != len(described):
        raise ValueError(
            f"the checkpoint is of another model: it has {len(described)} variables, the model "
            f"{len(variables)}"
        )
    values = []
    for variable, had, buffer in zip(variables, described, data, strict=True):
        dtype = _keras.numpy_dtype(variable.dtype)
        shape = [int(size) for size in variable.shape]
        if had["shape"] != shape or had["dtype"] != dtype.name:
            raise ValueError(
                f"the checkpoint is of another model: {variable.path} was {had['dtype']} of shape "
                f"{had['shape']} and is {dtype.name} of shape {shape}"
            )
        values.append(np.frombuffer(buffer, dtype).reshape(shape))
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def described_memory(callbacks: Sequence[Any]) -> list[dict[str, Any]]:
    """Returns what callbacks remember from one epoch to the next, for JSON."""
    return [
        {
            name: value if isinstance(value, (int, float)) else float(value)
            for name in _REMEMBERED
            if (value := getattr(callback, name, None)) is not None and np.ndim(value) == 0
        }
        for callback in callbacks
    ]


def restore_memory(callbacks: Sequence[Any], memory: Sequence[Mapping[str, Any]]) -> None:
    """Gives callbacks back what they remembered; to be called when training has begun."""
    for callback, remembered in zip(callbacks, memory, strict=True):
        for name, value in remembered.items():
            setattr(callback, name, value)


def described_python_random() -> list[Any]:
    """Returns the state of Python's `random`, for JSON."""
    version, numbers, gauss = random.getstate()
    return [version, list(numbers), gauss]


def restore_python_random(state: Any) -> None:
    """Makes Python's `random` go on where it was."""
    version, numbers, gauss = state
    random.setstate((version, tuple(numbers), gauss))


def described_torch() -> list[str]:
    """Returns the states of PyTorch's own generators, from which Keras' layers draw there."""
    return [
        base64.b64encode(generator.get_state().numpy().tobytes()).decode("ascii")
        for generator in _torch_generators()
    ]


def restore_torch(states: Sequence[str]) -> None:
    """Makes PyTorch's generators go on where they were."""
    for generator, text in zip(_torch_generators(), states, strict=False):
        # A copy, since PyTorch warns of arrays that cannot be written to.
        state = np.frombuffer(base64.b64decode(text), np.uint8).copy()
        generator.set_state(importlib.import_module("torch").from_numpy(state))


def _torch_generators() -> list[Any]:
    """Returns PyTorch's generators of the processor and of each GPU; none for other backends."""
    if _keras.backend() != "torch":
        return []
    torch = importlib.import_module("torch")
    return [
        torch.default_generator,
        *(torch.cuda.default_generators if torch.cuda.is_available() else ()),
    ]
