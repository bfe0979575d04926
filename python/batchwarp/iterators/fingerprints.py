"""Short descriptions of flows, by which a state of another one is told from their own."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp.augment.config import get_config
from batchwarp.augment.hashes import hash64_of_bytes
from batchwarp.augment.settings import Settings
from batchwarp.iterators.file_targets import FileTargets
from batchwarp.targets import Boxes, Keypoints, Targets
from batchwarp.targets.masks import Masks

__all__ = ["fingerprint", "of_data", "of_generator"]

# Attributes of flows that say what their samples are, by the names that errors give them.
_OF_DATA = {
    "images": ("x", "rows", "x_misc"),
    "files": ("filenames",),
    "samples": ("some_samples",),
    "labels": ("y", "classes", "class_indices", "_targets"),
    "sample_weight": ("sample_weight",),
    "targets": ("_targets_of_files",),
}
# Arrays of more bytes are sampled: some rows say enough of images.
_WHOLE = 1 << 20
_ROWS = 16
# A setting whose description is longer is told by its fingerprint.
_LONGEST = 60


def of_data(flow: Any) -> dict[str, str]:
    """Returns fingerprints of what a flow has samples of: images or files, labels and others.

    Of large arrays 16 rows are read; files are known by their names.

    Args:
        flow: The flow.
    """
    found = {}
    for name, attributes in _OF_DATA.items():
        values = [getattr(flow, attribute, None) for attribute in attributes]
        if any(value is not None for value in values):
            found[name] = fingerprint(values)
    return found


def of_generator(generator: Any) -> dict[str, Any]:
    """Returns what a generator does, each setting by itself, short and in types that JSON has.

    Args:
        generator: `ImageDataGenerator`, or whatever a flow takes for one.
    """
    described: dict[str, Any] = {"class": type(generator).__qualname__}
    if isinstance(generator, Settings):
        function = getattr(generator, "preprocessing_function", None)
        plain = copy.copy(generator)
        plain.preprocessing_function = None  # which may have no name to be imported by
        described |= get_config(plain, Settings)
        if function is not None:
            described["preprocessing_function"] = getattr(
                function, "__qualname__", type(function).__qualname__
            )
    return {name: _short(value) for name, value in described.items()}


def _short(value: Any) -> Any:
    text = json.dumps(value)
    return value if len(text) <= _LONGEST else f"#{fingerprint(text)}"


def fingerprint(value: Any) -> str:
    """Returns 16 hexadecimal digits that tell values apart.

    Args:
        value: Numbers, strings, arrays, targets of a flow, and containers of them. Of an object of
            another kind its class counts.
    """
    parts: list[bytes] = []
    _collect(value, parts)
    return f"{hash64_of_bytes(b''.join(parts)):016x}"


def _collect(value: Any, parts: list[bytes]) -> None:
    """Adds the bytes that stand for a value."""
    if isinstance(value, np.ndarray):
        _collect_array(value, parts)
    elif isinstance(value, str):
        parts.append(b"s" + value.encode("utf-8", "surrogatepass") + b"\0")
    elif value is None or isinstance(value, (bool, int, float, bytes)):
        parts.append(repr(value).encode() + b"\0")
    elif isinstance(value, np.generic):
        _collect(value.item(), parts)
    elif isinstance(value, Mapping):
        _collect(list(value.items()), parts)
    elif isinstance(value, Sequence):
        parts.append(b"[%d" % len(value))
        for item in value:
            _collect(item, parts)
    elif isinstance(value, (Targets, FileTargets, Masks, Boxes, Keypoints)):
        _collect({name: vars(value)[name] for name in sorted(vars(value))}, parts)
    elif (paths := getattr(value, "paths", None)) is not None:  # a source of masks
        _collect(_names(paths, value.root), parts)
        _collect(getattr(value, "outlines", None), parts)
    elif is_dataclass(value):
        _collect([getattr(value, field.name) for field in fields(value)], parts)
    else:
        _collect(type(value).__qualname__, parts)


def _names(paths: Sequence[str], root: str | None) -> list[str]:
    """Returns paths below a folder, which may be elsewhere later; without one only their names."""
    begin = os.path.join(root, "") if root else None
    return [
        path[len(begin) :].replace(os.sep, "/")
        if begin is not None and path.startswith(begin)
        else os.path.basename(path)
        for path in paths
    ]


def _collect_array(array: NDArray[Any], parts: list[bytes]) -> None:
    parts.append(f"{array.shape}{array.dtype.str}".encode())
    if array.nbytes > _WHOLE and array.ndim:
        array = array[np.linspace(0, len(array) - 1, min(_ROWS, len(array)), dtype=np.int64)]
    if array.dtype.hasobject:
        _collect(array.tolist(), parts)
    else:
        parts.append(np.ascontiguousarray(array).tobytes())
