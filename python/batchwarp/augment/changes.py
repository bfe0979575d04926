"""Whether a generator's settings have changed since something was made from them."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from batchwarp.augment import whitening
from batchwarp.ops.list import ARGUMENTS, OPERATIONS

__all__ = ["SETTINGS", "Snapshot"]

# Arrays of at most this many values are compared by value, to notice that they changed in place.
_SMALL = 4096

# All attributes that a batch depends on.
SETTINGS = (
    *(argument.name for argument in ARGUMENTS),
    *(attribute for operation in OPERATIONS for _, attribute in operation.fitted),
    *(name for pair in whitening.FITTED for name in pair),
    "preprocessing_function",
    "channel_axis",
    "operations",
    "draws",
    "value_range",
)
_settings_of = operator.attrgetter(*SETTINGS)


def _content(value: Any) -> Any:
    """Returns something comparable that differs if a setting does, or has changed in place."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype, value.tobytes() if value.size <= _SMALL else id(value)
    if isinstance(value, (list, tuple)):
        return type(value), [(type(item), item) for item in value]
    return type(value), value  # because 1 and 1.0 are different shifts


class Snapshot:
    """The settings of a generator as they were.

    Args:
        settings: The generator.

    Attributes:
        values: Tuple, one for each of `SETTINGS`.
    """

    def __init__(self, settings: Any) -> None:
        self.values: tuple[Any, ...]
        self.values = values = _settings_of(settings)
        self._contents = [_content(value) for value in values]
        self._lists = [(value, tuple(value)) for value in values if isinstance(value, list)]
        self._arrays = [(v, _content(v)) for v in values if isinstance(v, np.ndarray)]

    def matches(self, settings: Any) -> bool:
        """Whether settings are still the same."""
        values = _settings_of(settings)
        if all(map(operator.is_, values, self.values)) and self.has_kept_content():
            return True
        try:
            return self._contents == [_content(value) for value in values]
        except ValueError:  # two different arrays of another library
            return False

    def equals(self, other: Snapshot) -> bool:
        """Whether another one has the same settings."""
        try:
            return self._contents == other._contents
        except ValueError:  # two different arrays of another library
            return False

    @property
    def is_mutable(self) -> bool:
        """Whether there is a list or an array, which may change in place."""
        return bool(self._lists or self._arrays)

    def has_kept_content(self) -> bool:
        """Whether no list and no array that this was built from has changed in place."""
        for values, items in self._lists:
            if len(values) != len(items) or not all(map(operator.is_, values, items)):
                return False
        for array, content in self._arrays:  # noqa: SIM110 - asked for each batch
            if _content(array) != content:
                return False
        return True
