"""batchwarp: Keras' ImageDataGenerator, draw for draw and pixel for pixel, with a C++ core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchwarp import _core, _environment, _lazy, errors, ops, runtime
from batchwarp import iterators as iterators  # a table, too, as `ops` is
from batchwarp.errors import AnnotationError, ImageFileError

if TYPE_CHECKING:
    from batchwarp import callbacks as callbacks
    from batchwarp import cuda as cuda
    from batchwarp import grain as grain
    from batchwarp import image as image
    from batchwarp import ray as ray
    from batchwarp import torch as torch
    from batchwarp.augment.augment import Augment as Augment
    from batchwarp.generator import ImageDataGenerator as ImageDataGenerator
    from batchwarp.iterators.array import NumpyArrayIterator as NumpyArrayIterator

__all__ = [
    "AnnotationError",
    "Augment",
    "ImageDataGenerator",
    "ImageFileError",
    "NumpyArrayIterator",
    "__version__",
    "callbacks",
    "cuda",
    "errors",
    "image",
    "ops",
    "runtime",
]  # `grain`, `ray` and `torch` are to be asked for: a star must not hide the libraries themselves

_MODULES = {
    "Augment": "augment.augment",
    "ImageDataGenerator": "generator",
    "NumpyArrayIterator": "iterators.array",
    "callbacks": "callbacks",
    "cuda": "cuda",
    "grain": "grain",
    "image": "image",
    "ray": "ray",
    "torch": "torch",
}

_find, __dir__ = _lazy.names_of(__name__, _MODULES)

if not TYPE_CHECKING:  # who checks types knows the names above, and no others
    __getattr__ = _find

__version__ = _core.__version__

# A wrong BATCHWARP_SIMD, BATCHWARP_NUM_THREADS or BATCHWARP_JPEG fails the import.
_core.read_environment()
_environment.jpeg_way()
