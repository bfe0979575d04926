"""The iterators that `ImageDataGenerator.flow` and its siblings return."""

from __future__ import annotations

from batchwarp.iterators.array import NumpyArrayIterator
from batchwarp.iterators.base import Iterator

__all__ = ["Iterator", "NumpyArrayIterator"]
