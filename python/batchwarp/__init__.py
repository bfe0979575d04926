"""batchwarp: Keras' ImageDataGenerator, draw for draw and pixel for pixel, with a C++ core."""

from __future__ import annotations

from batchwarp import _core, cuda, errors, image, ops, runtime
from batchwarp.augment.augment import Augment
from batchwarp.errors import ImageFileError
from batchwarp.generator import ImageDataGenerator
from batchwarp.iterators import NumpyArrayIterator

__all__ = [
    "Augment",
    "ImageDataGenerator",
    "ImageFileError",
    "NumpyArrayIterator",
    "__version__",
    "cuda",
    "errors",
    "image",
    "ops",
    "runtime",
]

__version__ = _core.__version__

_core.read_environment()  # a wrong BATCHWARP_SIMD or BATCHWARP_NUM_THREADS fails the import
