"""The operations that there are. A new one is a module of its own, and its name here."""

from __future__ import annotations

from batchwarp.ops.keras_affine import KerasAffine
from batchwarp.ops.keras_brightness import KerasBrightness
from batchwarp.ops.keras_channel_shift import KerasChannelShift
from batchwarp.ops.keras_flip import KerasFlip
from batchwarp.ops.keras_normalize import KerasNormalize
from batchwarp.ops.keras_standardize import KerasStandardize
from batchwarp.ops.operation import Argument, Column, Operation
from batchwarp.ops.sampling import SAMPLING

__all__ = ["ARGUMENTS", "COLUMNS", "OPERATIONS"]

# Keras' are first, in the order in which it draws and the core applies them.
OPERATIONS: tuple[Operation, ...] = (
    KerasAffine(),
    KerasFlip(),
    KerasChannelShift(),
    KerasBrightness(),
    KerasStandardize(),
    KerasNormalize(),
)

# The columns of an image's parameters, in the order of their draws.
COLUMNS: tuple[Column, ...] = tuple(
    column for operation in OPERATIONS for column in operation.columns
)

# All that decides what the core does to an image.
ARGUMENTS: tuple[Argument, ...] = (
    *(argument for operation in OPERATIONS for argument in operation.arguments),
    *SAMPLING,
)
