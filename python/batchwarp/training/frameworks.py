"""Importing TensorFlow and Keras when they are needed, and not before.

Both take seconds to import; the rest of the package works without them.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from batchwarp.training.errors import MissingPackageError

__all__ = ["keras_generator_class", "load_keras"]

_LOG_VARIABLE = "TF_CPP_MIN_LOG_LEVEL"


def load_keras() -> ModuleType:
    """Imports Keras and TensorFlow.

    TensorFlow's notices about processor and GPU are kept from the user unless the environment
    variable TF_CPP_MIN_LOG_LEVEL is set.

    Returns:
        The module `keras`.

    Raises:
        MissingPackageError: If one of them is not installed or cannot be loaded.
    """
    if _LOG_VARIABLE in os.environ:
        return _import_both()
    os.environ[_LOG_VARIABLE] = "3"
    # Some notices are written before the level is looked at.
    with _silent_stderr():
        return _import_both()


def _import_both() -> ModuleType:
    """Imports TensorFlow, then Keras, and returns the latter."""
    _import("tensorflow")
    return _import("keras")


def _import(name: str) -> ModuleType:
    """Imports a module, or says how to get its package."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingPackageError(name.partition(".")[0], error) from error


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Holds back what is written to the process' standard error; shows it if there is an error."""
    try:
        sys.stderr.flush()
        saved = os.dup(2)
    except (AttributeError, OSError):
        # There is no standard error: nothing to hold back.
        yield
        return
    with tempfile.TemporaryFile() as held:
        try:
            os.dup2(held.fileno(), 2)
            yield
        except MissingPackageError:
            raise  # says all there is to say
        except BaseException:
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)


def keras_generator_class() -> Any:
    """Returns Keras' own `ImageDataGenerator`, which batchwarp is compared with.

    Raises:
        MissingPackageError: If TensorFlow is not installed or cannot be loaded, or SciPy, which
            Keras warps with, is not.
    """
    load_keras()
    _import("scipy.ndimage")
    return _import("tensorflow").keras.preprocessing.image.ImageDataGenerator
