"""The iterators that `ImageDataGenerator.flow` and its siblings return.

Each is imported when it is first asked for: those of files take longer to import than a generator,
and programs whose images are in memory do without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchwarp import _lazy

if TYPE_CHECKING:
    from batchwarp.iterators.array import NumpyArrayIterator as NumpyArrayIterator
    from batchwarp.iterators.base import Iterator as Iterator
    from batchwarp.iterators.coco import CocoIterator as CocoIterator
    from batchwarp.iterators.dataframe import DataFrameIterator as DataFrameIterator
    from batchwarp.iterators.device import DeviceIterator as DeviceIterator
    from batchwarp.iterators.directory import DirectoryIterator as DirectoryIterator
    from batchwarp.iterators.samples import SamplesIterator as SamplesIterator
    from batchwarp.iterators.yolo import YoloIterator as YoloIterator

_MODULES = {
    "CocoIterator": "coco",
    "DataFrameIterator": "dataframe",
    "DeviceIterator": "device",
    "DirectoryIterator": "directory",
    "Iterator": "base",
    "NumpyArrayIterator": "array",
    "SamplesIterator": "samples",
    "YoloIterator": "yolo",
}

__all__ = list(_MODULES)

_find, __dir__ = _lazy.names_of(__name__, _MODULES)

if not TYPE_CHECKING:  # who checks types knows the names above, and no others
    __getattr__ = _find
