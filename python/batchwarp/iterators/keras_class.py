"""Iterators as data sets of Keras: what makes them a `PyDataset` once Keras is imported."""

from __future__ import annotations

import threading
from typing import Any, ClassVar, Self

from batchwarp import _forks, _keras

__all__ = ["KerasDataset"]

# What a `PyDataset` takes.
_OPTIONS = ("workers", "use_multiprocessing", "max_queue_size")
_lock = threading.RLock()
# Whose attributes iterators have been given, and the attributes.
_adopted: type[Any] | None = None
_names: set[str] = set()


@_forks.call_after_fork
def _renew_lock() -> None:
    _forks.renew(_lock)


class _Behind:
    """A descriptor that an instance's own attribute comes before, as it does before methods.

    Args:
        descriptor: What is found if there is none, a property for example.
    """

    def __init__(self, descriptor: Any) -> None:
        self._descriptor = descriptor

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        return self._descriptor.__get__(instance, owner)


def _adopt(dataset: type[Any]) -> None:
    """Gives all iterators what a `PyDataset` has, and their classes do not know of.

    A `__getattr__` would find it, too, but with one Python looks for every attribute of an iterator
    the slow way: that was a twentieth of a small batch.
    """
    global _adopted
    if _adopted is dataset:
        return
    with _lock:
        for base in reversed(dataset.__mro__):
            for name, value in vars(base).items():
                if not (name.startswith("__") and name.endswith("__")) and (
                    name in _names or not hasattr(KerasDataset, name)
                ):
                    is_first = hasattr(type(value), "__set__")
                    setattr(KerasDataset, name, _Behind(value) if is_first else value)
                    _names.add(name)
        _adopted = dataset


def _dataset_class(cls: type[Any]) -> type[Any]:
    """Returns `cls` as a `keras.utils.PyDataset`, or `cls` itself as long as there is no Keras.

    The derived class is kept on `cls`, so that all its iterators say that they are of one type.
    """
    dataset = _keras.py_dataset()
    if dataset is None or issubclass(cls, dataset):
        return cls
    _adopt(dataset)
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


def _plain_class(cls: type[Any]) -> type[Any]:
    """Returns the class that `_dataset_class` has made `cls` of, or `cls` itself."""
    plain: type[Any] = cls.__dict__.get("_plain", cls)
    return plain


def _unpickled(cls: type[Any], state: dict[str, Any]) -> Any:
    """Makes an iterator from its state, in a process with or without Keras."""
    make: Any = cls.__new__
    iterator = make(cls)
    iterator.__setstate__(state)
    return iterator


class KerasDataset:
    """A base class whose instances are `keras.utils.PyDataset`s, too, once Keras is imported.

    Whether it is, is asked each time that somebody asks what an instance is. So it makes no
    difference what is made or imported first, in which thread, or before which fork, and nothing
    here imports Keras. `isinstance` believes an instance's `__class__` where its type says no; the
    type itself stays what it is. What else a `PyDataset` of a later Keras has, instances have from
    then on, or from when one is made.

    Instances can be copied and pickled, for processes with or without Keras.

    Attributes:
        workers: Integer, how many workers Keras reads batches with.
        use_multiprocessing: Boolean, whether these are processes.
        max_queue_size: Integer, how many batches Keras keeps that workers have made.
    """

    # Attributes that a pickle or a copy does without.
    _transient: ClassVar[frozenset[str]] = frozenset()

    # As Keras has them. Its own class has properties of these names, which come after.
    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    @property
    def __class__(self) -> type[Self]:
        """The type of the iterator, as a `keras.utils.PyDataset` once Keras is imported."""
        return _dataset_class(type(self))

    @__class__.setter
    def __class__(self, cls: type[Any]) -> None:
        object.__dict__["__class__"].__set__(self, cls)

    def _set_options(self, options: dict[str, Any]) -> None:
        """Sets what a `PyDataset` takes, or raises a `TypeError` if there is anything else."""
        unknown = options.keys() - set(_OPTIONS)
        if unknown:
            raise TypeError(
                f"`{type(self).__name__}` takes the keyword arguments "
                f"{', '.join(_OPTIONS)}. Received: {', '.join(sorted(unknown))}"
            )
        if (dataset := _keras.py_dataset()) is not None:
            _adopt(dataset)
        for name in _OPTIONS:
            setattr(self, name, options.get(name, getattr(KerasDataset, name)))

    def _make_transient(self, started: bool) -> None:
        """Makes the transient attributes; here there are none.

        Args:
            started: Boolean, false for a new instance, true for one that goes on as a copy.
        """

    def __reduce__(self) -> tuple[Any, ...]:
        attributes = vars(self).copy()  # other threads may be at work
        state = {name: value for name, value in attributes.items() if name not in self._transient}
        return _unpickled, (_plain_class(type(self)), state)

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._make_transient(started=True)
