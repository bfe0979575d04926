"""The order of batches: what all iterators share."""

from __future__ import annotations

import operator
import threading
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core, _keras
from batchwarp.draws import borrowed_global, global_random

if TYPE_CHECKING:
    from inspect import Signature

    from typing_extensions import Self

_DATASET_OPTIONS = {"workers": 1, "use_multiprocessing": False, "max_queue_size": 10}
_UNPICKLED = ("lock", "index_generator", "_random", "_idle", "_buffers")

_class_lock = threading.Lock()


def _dataset_class(cls: type[Any]) -> type[Any]:
    """Returns `cls` as a `keras.utils.PyDataset`, or `cls` itself where there is no Keras.

    Whether there is one is asked when an iterator is made, not when batchwarp is imported. The
    derived class is kept on `cls`, so that all its iterators are of one type.
    """
    dataset = _keras.py_dataset()
    if dataset is None or issubclass(cls, dataset):
        return cls
    with _class_lock:
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


def _unpickled(cls: type[Any], state: dict[str, Any]) -> Any:
    """Makes an iterator from its state, in a process with or without Keras."""
    make: Any = cls.__new__
    iterator = make(cls)
    iterator.__setstate__(state)
    return iterator


class _IndexArrays:
    """Which samples each next batch has; does not keep its iterator alive.

    A generator would, in a circle that holds on to images and memory for batches until Python's
    garbage collector finds it.

    Args:
        iterator: The iterator.
        started: Boolean, whether to go on from where the iterator is; if not, it is reset before
            the first batch, as in Keras.
    """

    def __init__(self, iterator: Iterator, started: bool) -> None:
        self._iterator = weakref.ref(iterator)
        self._started = started

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> NDArray[np.int64]:
        iterator = self._iterator()
        if iterator is None:
            raise StopIteration
        if not self._started:
            self._started = True
            iterator.reset()
        return iterator._next_index_array()


class _SignatureOfInit:
    """Lets `help` show the arguments of `__init__` instead of those of `__new__`."""

    def __get__(self, instance: object, owner: type[Any]) -> Signature:
        import inspect

        signature = inspect.signature(owner.__init__)
        return signature.replace(parameters=list(signature.parameters.values())[1:])


class Iterator:
    """Base class for image data iterators.

    Every subclass must implement `_get_batches_of_transformed_samples`. Where Keras 3 can be
    imported, iterators are instances of `keras.utils.PyDataset`, too, on any of its backends.

    Random numbers come from `numpy.random` without a seed. With one, each batch has a private state
    seeded with `seed + total_batches_seen`, and the state of `numpy.random` is left alone; only
    while an overridden method runs, `numpy.random` draws from the private state.

    Any number of threads may call `next()` on one iterator.

    Args:
        n: Integer, the number of samples in the data set.
        batch_size: Integer of at least 1, the size of a batch. The last batch of a pass may be
            smaller.
        shuffle: Boolean, whether to draw a new order for each pass.
        seed: Integer from 0 to 2³² - 1, or `None`.
        **kwargs: `workers`, `use_multiprocessing` and `max_queue_size` of `keras.utils.PyDataset`.

    Raises:
        ValueError: If `n`, `batch_size` or `seed` is not as above.
        TypeError: If there are other keyword arguments.
    """

    white_list_formats = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")

    __signature__: ClassVar[Any] = _SignatureOfInit()
    _as_dataset: ClassVar[type[Any] | None] = None
    _plain: ClassVar[type[Any] | None] = None

    workers: int
    use_multiprocessing: bool
    max_queue_size: int

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:  # noqa: ARG004 - they are for __init__
        """Makes an instance of the class, as a `keras.utils.PyDataset` if possible."""
        made: Any = _dataset_class(cls)
        instance: Self = object.__new__(made)
        return instance

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: Any, **kwargs: Any) -> None:
        unknown = kwargs.keys() - _DATASET_OPTIONS.keys()
        if unknown:
            raise TypeError(
                f"`{type(self).__name__}` takes the keyword arguments "
                f"{', '.join(_DATASET_OPTIONS)}. Received: {', '.join(sorted(unknown))}"
            )
        dataset = _keras.py_dataset()
        if dataset is not None and isinstance(self, dataset):
            initialize: Any = super().__init__
            initialize(**kwargs)
        else:
            for name, default in _DATASET_OPTIONS.items():
                setattr(self, name, kwargs.get(name, default))
        self.n = _integer("n", n, 0)
        self.batch_size = _integer("batch_size", batch_size, 1)
        if seed is not None:
            _check_seed(seed)
        self.seed = seed
        self.shuffle = shuffle
        self.batch_index = 0
        self.total_batches_seen = 0
        self.lock = threading.RLock()
        self.index_array: NDArray[np.int64] | None = None
        self._random = global_random()  # of the latest batch
        self._idle: list[np.random.RandomState] = []
        self._buffers = _core.BufferPool()  # for the memory of batches
        self.index_generator = _IndexArrays(self, started=False)

    def __reduce__(self) -> tuple[Any, ...]:
        cls = type(self).__dict__.get("_plain", type(self))
        state = {name: value for name, value in vars(self).items() if name not in _UNPICKLED}
        return _unpickled, (cls, state)

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, default in _DATASET_OPTIONS.items():  # a PyDataset keeps them elsewhere
            vars(self).setdefault(name, default)
        vars(self).update(state)
        self.lock = threading.RLock()
        self._random = global_random()
        self._idle = []
        self._buffers = _core.BufferPool()
        self.index_generator = _IndexArrays(self, started=True)

    def _next_random(self) -> np.random.RandomState:
        """Returns the state for the next batch; the latest one also shuffles after an epoch."""
        if self.seed is None:
            self._random = global_random()
        else:
            try:  # seeding is fast, making a state is not
                random = self._idle.pop()
            except IndexError:
                random = np.random.RandomState(0)
            random.seed(self.seed + self.total_batches_seen)
            self._random = random
        return self._random

    def _set_index_array(self) -> None:
        self.index_array = (
            self._random.permutation(self.n) if self.shuffle else np.arange(self.n)
        ).astype(np.int64, copy=False)

    def __getitem__(self, idx: int) -> Any:
        """Makes the batch at a position of the current order.

        Args:
            idx: Integer below `len(self)`; negative ones count from the end.

        Returns:
            The batch, as from `next()`.

        Raises:
            ValueError: If there is no such batch.
        """
        length = len(self)
        position = idx + length if idx < 0 else idx
        if not 0 <= position < length:
            raise ValueError(
                f"Asked to retrieve element {idx}, but the Sequence has length {length}"
            )
        with self.lock:
            random = self._next_random()
            self.total_batches_seen += 1
            if self.index_array is None:
                self._set_index_array()
            order = self.index_array
        assert order is not None
        start = self.batch_size * position
        return self._make(order[start : start + self.batch_size], random)

    def __len__(self) -> int:
        """Returns the number of batches of one pass."""
        return (self.n + self.batch_size - 1) // self.batch_size

    @property
    def num_batches(self) -> int:
        """Number of batches of one pass."""
        return len(self)

    def on_epoch_begin(self) -> None:
        """Is called by Keras before each epoch; does nothing."""

    def on_epoch_end(self) -> None:
        """Is called by Keras after each epoch; draws the order of the next one."""
        self._set_index_array()

    def reset(self) -> None:
        """Starts the next batch of `next()` at the beginning of a new pass."""
        self.batch_index = 0

    def _next_index_array(self) -> NDArray[np.int64]:
        self._next_random()
        if self.batch_index == 0 or self.index_array is None:
            self._set_index_array()
        assert self.index_array is not None
        start = self.batch_index * self.batch_size % self.n if self.n else 0
        if self.n > start + self.batch_size:
            self.batch_index += 1
        else:
            self.batch_index = 0
        self.total_batches_seen += 1
        return self.index_array[start : start + self.batch_size]

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        with self.lock:
            index_array = next(self.index_generator)
            random = self._random
        return self._make(index_array, random)

    def next(self) -> Any:
        """Returns the next batch, as the built-in `next` does. Keras 3 has dropped this method."""
        return self.__next__()

    def _make(self, index_array: NDArray[np.int64], random: np.random.RandomState) -> Any:
        try:
            return self._batch(index_array, random)
        finally:
            if random is not global_random():
                self._idle.append(random)

    def _batch(self, index_array: NDArray[np.int64], random: np.random.RandomState) -> Any:
        """Makes a batch with the given state, here through the method that subclasses implement."""
        with borrowed_global(random):
            return self._get_batches_of_transformed_samples(index_array)

    def _get_batches_of_transformed_samples(
        self,
        index_array: NDArray[np.int64],  # noqa: ARG002 - subclasses use it
    ) -> Any:
        """Makes a batch; to be implemented by a subclass.

        Args:
            index_array: Array of the indices of the samples.

        Returns:
            The batch.

        Raises:
            TypeError: If the subclass does not implement it.
        """
        raise TypeError(
            f"`{type(self).__name__}` does not implement `_get_batches_of_transformed_samples`"
        )


def _integer(name: str, value: Any, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ValueError(f"`{name}` should be an integer of at least {least}. Received: {value!r}")
    return number


def _check_seed(seed: Any) -> None:
    try:
        np.random.RandomState(seed)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`seed` should be an integer from 0 to 2**32 - 1 or `None`. Received: {seed!r}"
        ) from error
