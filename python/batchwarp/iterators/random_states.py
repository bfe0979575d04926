"""Random states of NumPy's in types that JSON has."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["decoded", "encoded"]

_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


def encoded(state: Any) -> Any:
    """Returns what `RandomState.get_state(legacy=False)` has returned, for JSON."""
    if isinstance(state, Mapping):
        return {name: encoded(value) for name, value in state.items()}
    if isinstance(state, np.ndarray):
        little = state.astype(state.dtype.newbyteorder("<"))
        text = base64.b64encode(little.tobytes()).decode("ascii")
        return {"dtype": little.dtype.str, "base64": text}
    return state.item() if isinstance(state, np.generic) else state


def decoded(name: str, value: Any) -> np.random.RandomState:
    """Returns a state that `encoded` has described.

    Args:
        name: String, what errors call it.
        value: The description.

    Raises:
        ValueError: If it describes none.
    """
    try:
        generator = value["bit_generator"]
        if generator not in _GENERATORS:
            raise ValueError(f"there is no bit generator {generator!r}")
        random = np.random.RandomState(getattr(np.random, generator)())
        random.set_state(_decoded(value))
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(
            f"`{name}` should be a random state as `state_dict` describes it, but {reason}"
        ) from error
    return random


def _decoded(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if value.keys() != {"dtype", "base64"}:
        return {name: _decoded(part) for name, part in value.items()}
    try:
        data = base64.b64decode(value["base64"], validate=True)
    except binascii.Error as error:
        raise ValueError(f"its numbers are damaged: {error}") from error
    numbers = np.frombuffer(data, np.dtype(value["dtype"]))
    return numbers.astype(numbers.dtype.newbyteorder("="))
