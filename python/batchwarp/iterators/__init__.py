"""The iterators that `ImageDataGenerator.flow` and its siblings return."""

from __future__ import annotations

from batchwarp.iterators.array import NumpyArrayIterator
from batchwarp.iterators.base import Iterator
from batchwarp.iterators.dataframe import DataFrameIterator
from batchwarp.iterators.directory import DirectoryIterator

__all__ = ["DataFrameIterator", "DirectoryIterator", "Iterator", "NumpyArrayIterator"]
