"""Iterators as classes of Keras: what makes them a `keras.utils.PyDataset` where there is Keras."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

from batchwarp import _forks, _keras

if TYPE_CHECKING:
    from inspect import Signature

    from typing_extensions import Self

__all__ = ["KerasDataset"]

# What a `PyDataset` takes, with Keras' defaults.
_OPTIONS = {"workers": 1, "use_multiprocessing": False, "max_queue_size": 10}
_lock = threading.RLock()


@_forks.call_after_fork
def _renew_lock() -> None:
    _forks.renew(_lock)


def _dataset_class(cls: type[Any]) -> type[Any]:
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


class _SignatureOfInit:
    """Lets `help` show the arguments of `__init__` instead of those of `__new__`."""

    def __get__(self, instance: object, owner: type[Any]) -> Signature:
        import inspect

        signature = inspect.signature(owner.__init__)
        return signature.replace(parameters=list(signature.parameters.values())[1:])


class KerasDataset:
    """A base class whose instances are `keras.utils.PyDataset`s, too, where there is Keras.

    They can be copied and pickled, for processes with or without Keras.
    """

    __signature__: ClassVar[Any] = _SignatureOfInit()

    # Attributes that a pickle or a copy does without.
    _transient: ClassVar[frozenset[str]] = frozenset()

    workers: int
    use_multiprocessing: bool
    max_queue_size: int

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:  # noqa: ARG004 - they are for __init__
        """Makes an instance of the class, as a `keras.utils.PyDataset` if possible."""
        made: Any = _dataset_class(cls)
        instance: Self = object.__new__(made)
        return instance

    def _set_options(self, options: dict[str, Any]) -> None:
        """Sets what a `PyDataset` takes, or raises a `TypeError` if there is anything else."""
        unknown = options.keys() - _OPTIONS.keys()
        if unknown:
            raise TypeError(
                f"`{type(self).__name__}` takes the keyword arguments "
                f"{', '.join(_OPTIONS)}. Received: {', '.join(sorted(unknown))}"
            )
        dataset = _keras.py_dataset()
        if dataset is not None and isinstance(self, dataset):
            initialize: Any = super().__init__
            initialize(**options)
        else:
            for name, default in _OPTIONS.items():
                setattr(self, name, options.get(name, default))

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
        for name, default in _OPTIONS.items():  # a PyDataset keeps them elsewhere
            vars(self).setdefault(name, default)
        vars(self).update(state)
        self._make_transient(started=True)
