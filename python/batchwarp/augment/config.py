"""A generator as a dictionary that can be written as JSON, and a generator from it."""

from __future__ import annotations

import importlib
import inspect
import operator
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from batchwarp import _keras
from batchwarp._arrays import is_floating, is_real
from batchwarp.augment.recipe import from_configs
from batchwarp.augment.settings import FITTED, Settings

_Generator = TypeVar("_Generator", bound=Settings)
_STATISTICS = tuple(attribute for _, attribute in FITTED)


def get_config(generator: Settings, reference: type[Any]) -> dict[str, Any]:
    """Returns a generator's present attributes; see `ImageDataGenerator.get_config`.

    Args:
        generator: The generator.
        reference: The class whose arguments are described.

    Returns:
        Dictionary of strings, numbers, booleans, `None` and lists.

    Raises:
        ValueError: If an attribute cannot be described so.
    """
    config: dict[str, Any] = {}
    for name in inspect.signature(reference).parameters:
        value = getattr(generator, "_validation_split" if name == "validation_split" else name)
        if name == "dtype":
            config[name] = _keras.standardize_dtype(value).name
        elif name == "preprocessing_function":
            config[name] = _function_name(value) if value else None
        elif name == "operations":
            config[name] = [one.get_config() for one in value]
        elif _is_one_zero(value):
            config[name] = 0  # as a shift it is none, whereas a list of one zero is one that draws
        else:
            config[name] = _described(name, value)
    for name in _STATISTICS:
        if getattr(generator, name) is not None:
            config[name] = _described(name, getattr(generator, name))
    return config


def _is_one_zero(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.shape == (1,) and not value.item()


def _described(name: str, value: Any) -> Any:
    """Returns a value in types that JSON has."""
    if isinstance(value, (np.ndarray, np.generic)) and is_real(value.dtype):
        wide = value.astype(np.float64) if is_floating(value.dtype) else value
        return wide.tolist()
    if isinstance(value, (tuple, list)):
        return [_described(name, item) for item in value]
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, str):
        return str(value)
    raise ValueError(
        f"`{name}` cannot be written to a configuration, which holds numbers, strings, lists and "
        f"arrays of numbers. It is {value!r}"
    )


def _function_name(function: Any) -> str:
    name = f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', '')}"
    try:
        found = _imported(name)
    except (ImportError, AttributeError, ValueError):
        found = None
    if found is not function:
        raise ValueError(
            "`preprocessing_function` cannot be written to a configuration: it should be a "
            "function that can be imported from its module by its name, and no lambda, local "
            f"function, bound method or other object. It is {function!r}"
        )
    return name


def _imported(name: str) -> Any:
    """Returns what `module:qualname` names."""
    module, _, qualname = name.partition(":")
    return operator.attrgetter(qualname)(importlib.import_module(module))


def from_config(cls: type[_Generator], config: Any) -> _Generator:
    """Makes a generator; see `ImageDataGenerator.from_config`.

    Args:
        cls: The generator's class.
        config: Dictionary as from `get_config`, of which keys may be missing.

    Returns:
        The generator.

    Raises:
        ValueError: If a key is unknown or a value is none that the class takes.
    """
    if not isinstance(config, Mapping):
        raise ValueError(f"`config` should be a dictionary. Received: {config!r}")
    parameters = inspect.signature(cls).parameters
    takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    unknown = [key for key in config if key not in parameters and key not in _STATISTICS]
    if unknown and not takes_all:
        raise ValueError(
            f"`config` has the unknown key {unknown[0]!r}. Accepted are "
            f"{', '.join(map(repr, (*parameters, *_STATISTICS)))}"
        )
    arguments = {key: value for key, value in config.items() if key not in _STATISTICS}
    if arguments.get("preprocessing_function") is not None:
        arguments["preprocessing_function"] = _function(arguments["preprocessing_function"])
    if "operations" in arguments:
        arguments["operations"] = from_configs(arguments["operations"])
    generator = cls(**arguments)
    for key in _STATISTICS:
        if config.get(key) is not None:
            setattr(generator, key, _statistic(key, config[key]))
    return generator


def _function(name: Any) -> Any:
    try:
        if not callable(function := _imported(name)):
            raise AttributeError(f"{function!r} cannot be called")
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            '`preprocessing_function` should be "module:function" with a function that can be '
            f"imported. Received: {name!r} ({error})"
        ) from error
    return function


def _statistic(name: str, value: Any) -> float | NDArray[np.floating[Any]]:
    """Returns statistics in the precision that `fit` gave them."""
    try:
        array = np.asarray(value)
    except ValueError:  # ragged
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise ValueError(
            f"`{name}` should be a finite number, or nested lists of the same length of them. "
            f"Received: {value!r}"
        )
    if name == "zca_whitening_matrix" and (array.ndim != 2 or array.shape[0] != array.shape[1]):
        raise ValueError(f"`{name}` should be a square matrix. Received the shape {array.shape}")
    if array.ndim == 0:
        return float(array)
    double = array.astype(np.float64)
    with np.errstate(over="ignore"):
        single = double.astype(np.float32)
    return single if np.array_equal(single, double) else double
