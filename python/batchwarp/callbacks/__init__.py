"""Callbacks for `fit` of Keras. Importing this needs no Keras."""

from __future__ import annotations

from batchwarp.callbacks.data_checkpoint import DataCheckpoint
from batchwarp.callbacks.input_meter import InputMeter

__all__ = ["DataCheckpoint", "InputMeter"]
