"""Importing Keras and the backend it trains with when they are needed, and not before.

Both take seconds to import; the rest of the package works without them.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from batchwarp.console.errors import MissingPackageError, UsageError

__all__ = ["impatient_downloads", "keras_generator_class", "load_keras", "quiet_keras"]

# A server that says nothing for so long is not going to.
_DOWNLOAD_TIMEOUT = 15.0  # seconds
_LOG_VARIABLE = "TF_CPP_MIN_LOG_LEVEL"
# Keras' backends that can train, named as their modules are.
_BACKENDS = ("tensorflow", "jax", "torch")


def load_keras() -> ModuleType:
    """Imports Keras and the backend that `KERAS_BACKEND` or Keras' settings file names.

    TensorFlow's notices about processor and GPU are kept from the user unless the environment
    variable TF_CPP_MIN_LOG_LEVEL is set.

    Returns:
        The module `keras`.

    Raises:
        MissingPackageError: If one of them is not installed or cannot be loaded.
        UsageError: If the backend cannot train.
    """
    if _LOG_VARIABLE in os.environ:
        return _import_both()
    os.environ[_LOG_VARIABLE] = "3"
    # Some notices are written before the level is looked at.
    with _silent_stderr():
        return _import_both()


def _import_both() -> ModuleType:
    """Imports Keras, which imports its backend, and returns the former."""
    try:
        keras = importlib.import_module("keras")
    except ImportError as error:
        raise _missing(error.name or "keras", error) from error
    except ValueError as error:  # what Keras says of a backend that it does not know
        raise UsageError(f"KERAS_BACKEND: {error}") from error
    name = keras.backend.backend()
    if name not in _BACKENDS:
        raise UsageError(
            f"KERAS_BACKEND: must be {', '.join(_BACKENDS)} to train, received: {name!r}"
        )
    _import(name)
    return keras


def _import(name: str) -> ModuleType:
    """Imports a module, or says how to get its package."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise _missing(name, error) from error


def _missing(module: str, error: ImportError) -> MissingPackageError:
    """Returns what to tell the user; of a missing backend, which others there are."""
    package = module.partition(".")[0]
    others = [name for name in _BACKENDS if name != package and importlib.util.find_spec(name)]
    instead = f"set KERAS_BACKEND={others[0]}" if package in _BACKENDS and others else ""
    return MissingPackageError(package, error, instead)


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


@contextmanager
def quiet_keras() -> Iterator[None]:
    """Keeps Keras' warnings from the user meanwhile; errors are shown."""
    from absl import logging  # comes with Keras, which warns with it

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)


@contextmanager
def impatient_downloads() -> Iterator[None]:
    """Lets what Keras downloads meanwhile fail after some seconds of silence."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_DOWNLOAD_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def keras_generator_class() -> Any:
    """Returns Keras' own `ImageDataGenerator`, which batchwarp is compared with.

    Raises:
        MissingPackageError: If Keras, its backend, or SciPy, which it warps with, cannot be
            imported.
    """
    load_keras()
    _import("scipy.ndimage")
    # Public as `tf.keras.preprocessing.image` only, which needs TensorFlow.
    return _import("keras.src.legacy.preprocessing.image").ImageDataGenerator
