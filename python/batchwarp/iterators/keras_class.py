"""Iterators as classes of Keras: what makes them a `keras.utils.PyDataset` where there is Keras."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from batchwarp import _forks, _keras

if TYPE_CHECKING:
    from inspect import Signature

__all__ = ["DATASET_OPTIONS", "SignatureOfInit", "dataset_class", "plain_class", "unpickled"]

# What a `PyDataset` takes, with Keras' defaults.
DATASET_OPTIONS = {"workers": 1, "use_multiprocessing": False, "max_queue_size": 10}
_lock = threading.RLock()


@_forks.call_after_fork
def _renew_lock() -> None:
    _forks.renew(_lock)


def dataset_class(cls: type[Any]) -> type[Any]:
    """Returns `cls` as a `keras.utils.PyDataset`, or `cls` itself where there is no Keras.

    Whether there is one is asked when an iterator is made, not when batchwarp is imported. The
    derived class is kept on `cls`, so that all its iterators are of one type.
    """
    dataset = _keras.py_dataset()
    if dataset is None or issubclass(cls, dataset):
        return cls
    with _lock:
        made: type[Any] | None = cls.__dict__.get("_as_dataset")
        if made is None or not issubclass(made, dataset):
            namespace = {
                "__doc__": cls.__doc__,
                "__module__": cls.__module__,
                "__qualname__": cls.__qualname__,
                "_plain": cls,
            }
            made = type(cls.__name__, (cls, dataset), namespace)
            cls._as_dataset = made
    return made


def plain_class(cls: type[Any]) -> type[Any]:
    """Returns the class that `dataset_class` has made `cls` of, or `cls` itself."""
    plain: type[Any] = cls.__dict__.get("_plain", cls)
    return plain


def unpickled(cls: type[Any], state: dict[str, Any]) -> Any:
    """Makes an iterator from its state, in a process with or without Keras."""
    make: Any = cls.__new__
    iterator = make(cls)
    iterator.__setstate__(state)
    return iterator


class SignatureOfInit:
    """Lets `help` show the arguments of `__init__` instead of those of `__new__`."""

    def __get__(self, instance: object, owner: type[Any]) -> Signature:
        import inspect

        signature = inspect.signature(owner.__init__)
        return signature.replace(parameters=list(signature.parameters.values())[1:])
