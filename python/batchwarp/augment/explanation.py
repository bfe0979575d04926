"""What has happened to the images of a batch: to be read, kept as JSON, and done again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core
from batchwarp.augment.config import from_config
from batchwarp.augment.draws import as_rows
from batchwarp.augment.keyed_pipeline import pipeline_for
from batchwarp.augment.keys import Keys
from batchwarp.augment.settings import Settings
from batchwarp.ops.list import COLUMNS

__all__ = ["ExplainedImage", "Explanation"]

_FORMAT = 1
_NEUTRAL = {column.name: column.neutral for column in COLUMNS}


@dataclass(frozen=True)
class ExplainedImage:
    """What has happened to one image.

    Attributes:
        sample: Integer, which sample of the flow it is.
        name: String, the file that it is from; empty for arrays.
        parameters: Dictionary of what Keras' arguments did, with the keys of
            `get_random_transform`: angles in degrees, shifts in pixels, `None` for what was not
            done. Empty if they are off.
        operations: List of what the generator's operations did, in order: each a dictionary of
            `"operation"`, how it is written, `"step"`, what the core calls it, and `"numbers"`,
            those that changed something. One that is not in the list did nothing.
        mixed: List of what the image was mixed with, in order: dictionaries of `"operation"`,
            `"share"`, how much of the image is left, and `"sample"`, the other one.
    """

    sample: int
    name: str
    parameters: dict[str, Any]
    operations: list[dict[str, Any]] = field(default_factory=list)
    mixed: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Explanation:
    """What has happened to the images of a batch.

    It prints as a table. `to_dict()` is in types that JSON has, and `from_dict` reads it;
    `Augment.replay` does it again.

    Attributes:
        epoch: Integer, which pass of the flow.
        position: Integer, which batch of the pass.
        images: List of an `ExplainedImage` for each image of the batch.
        generator: Dictionary, the generator's `get_config()`; `None` if there is none.
        seed: Integer, that of keyed draws.
        keys: List of integers, what these call the samples.
        augments: Boolean, whether Keras' arguments were done.
        takes_chances: Boolean, whether operations were done in which chance has a part.
        value_range: Pair of numbers, between what values images are, or `None`.
        dtype: String, the dtype of the batch.
    """

    epoch: int
    position: int
    images: list[ExplainedImage]
    generator: dict[str, Any] | None
    seed: int
    keys: list[int]
    augments: bool
    takes_chances: bool
    value_range: tuple[float, float] | None
    dtype: str

    def to_dict(self) -> dict[str, Any]:
        """Returns a dictionary of types that JSON has."""
        return {"format": _FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, described: Any) -> Explanation:
        """Returns what `to_dict` has described.

        Args:
            described: Dictionary.

        Raises:
            ValueError: If it is none, or of a newer format.
        """
        if not isinstance(described, Mapping) or described.get("format") != _FORMAT:
            raise ValueError(
                f'`explanation` should be a dictionary as from `to_dict`, of "format" {_FORMAT}. '
                f"Received: {described!r:.200}"
            )
        values = {name: value for name, value in described.items() if name != "format"}
        value_range = values.get("value_range")
        try:
            values["images"] = [ExplainedImage(**one) for one in values["images"]]
            values["value_range"] = None if value_range is None else tuple(value_range)
            return cls(**values)
        except (KeyError, TypeError) as error:
            raise ValueError(f"`explanation` lacks something, or has too much: {error}") from error

    def __str__(self) -> str:
        lines = [f"epoch {self.epoch}, batch {self.position}"]
        for one in self.images:
            lines.append(f"{one.sample}: {one.name}" if one.name else f"{one.sample}:")
            lines += [f"    {text}" for text in _texts(one)] or ["    nothing"]
        return "\n".join(lines)

    def again(self, x: NDArray[Any]) -> NDArray[Any]:
        """Does the same to images; see `Augment.replay`."""
        if self.generator is None:
            raise ValueError(
                "`explanation` should be of a generator that `get_config` can describe, whose "
                "`preprocessing_function` has a name by which it can be imported"
            )
        mixed = [one.mixed[0]["operation"] for one in self.images if one.mixed]
        if mixed:
            raise ValueError(
                "`explanation` should be of images that were not mixed with others, which are not "
                f"in `x`. Received: one with {mixed[0]}"
            )
        if len(x) != len(self.images):
            raise ValueError(
                f"`x` should have the {len(self.images)} images of the explanation. "
                f"Received: {len(x)}"
            )
        settings = from_config(Settings, self.generator)
        pipeline = pipeline_for(
            settings,
            x.shape[1:],
            np.dtype(self.dtype),
            augment=self.augments,
            takes_chances=self.takes_chances,
            value_range=self.value_range,
        )
        parameters = [one.parameters for one in self.images]
        rows = as_rows(parameters) if any(parameters) else None
        keys = Keys(np.array(self.keys, np.uint64), self.epoch, self.seed)
        rows = pipeline.rows(rows, keys)
        return pipeline.make(settings, x, np.arange(len(x)), rows, _core.BufferPool())


def _texts(one: ExplainedImage) -> list[str]:
    texts = []
    changed = {name: value for name, value in one.parameters.items() if _changes(name, value)}
    if changed:
        texts.append(_written(changed))
    for operation in one.operations:
        numbers = _written(operation["numbers"])
        texts.append(f"{operation['operation']}: {numbers}" if numbers else operation["operation"])
    texts += [
        f"{mixed['operation']}: {mixed['share']:.4g} of it, the rest of {mixed['sample']}"
        for mixed in one.mixed
    ]
    return texts


def _written(numbers: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in numbers.items()
    )


def _changes(name: str, value: Any) -> bool:
    neutral = _NEUTRAL.get(name)
    return value is not None and value != neutral
