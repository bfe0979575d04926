"""The order of batches: what all iterators share."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core, _forks, _keras, _phases
from batchwarp._arguments import integer
from batchwarp._random import global_random, with_borrowed_global
from batchwarp._signals import let_through
from batchwarp._threads import NOT_STARTED, Shortage
from batchwarp._warnings import issue
from batchwarp.iterators.agreement import AgreeingIterator
from batchwarp.iterators.order import PLACE, Reading, place_of
from batchwarp.iterators.passes import Pass
from batchwarp.iterators.read_ahead import ReadAhead
from batchwarp.iterators.states import Left
from batchwarp.iterators.structures import map_arrays, stacked, without_lists
from batchwarp.iterators.tf_dataset import Begun, tf_dataset


class _Twin:
    """An iterator that goes on by itself from where another one is, with the same pool of memory.

    It makes the batches of `prefetch`, and those of `tf.data`, without a step of the other one.

    Args:
        iterator: The other one.
    """

    def __init__(self, iterator: Iterator) -> None:
        self._iterator = twin = copy.copy(iterator)
        twin.prefetch = 0
        twin._buffers, twin._shortage = iterator._buffers, iterator._shortage

    def __next__(self) -> Any:
        return next(self._iterator)

    def place(self) -> dict[str, Any]:
        """Returns where it is; the random state of its latest batch goes along."""
        return self._iterator._kept_place()

    def give_back(self, random: np.random.RandomState | Left) -> None:
        """Takes a random state that came with a place and is no longer needed."""
        self._iterator._give_back(random)

    def block(
        self, first: int, count: int, begun: Begun, order: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], Any]:
        """Makes batches of a pass; see `tf_dataset.Passes`."""
        twin = self._iterator
        twin.batch_index = first
        twin.total_batches_seen = begun.before + first
        twin.index_array = order
        twin._pass = Pass(begun.number, 0, begun.used)
        try:
            block = twin._block(count)
            assert twin.index_array is not None
            return twin.index_array, block
        finally:
            twin.index_array = None

    def order(self, begun: Begun) -> NDArray[np.int64]:
        """Returns the order of a pass; see `tf_dataset.Passes`."""
        twin = self._iterator
        twin.total_batches_seen = begun.before
        twin._pass = Pass(begun.number, 0, begun.used)
        return twin._drawn_order()


class _Passes:
    """The passes of an iterator; see `tf_dataset.Passes`."""

    def __init__(self, iterator: Iterator) -> None:
        self._iterator = iterator
        self._idle: list[_Twin] = []

    def begin(self) -> tuple[Begun, NDArray[np.int64] | None]:
        begun, order = self._iterator._take_pass()
        self._idle = [_Twin(self._iterator)]
        return begun, order

    def block(
        self, first: int, count: int, begun: Begun, order: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], Any]:
        twin = self._idle.pop() if self._idle else _Twin(self._iterator)
        try:
            return twin.block(first, count, begun, order)
        finally:
            self._idle.append(twin)

    def order(self, begun: Begun) -> NDArray[np.int64]:
        return _Twin(self._iterator).order(begun)


class Iterator(AgreeingIterator):
    """Base class for image data iterators.

    Every subclass must implement `_get_batches_of_transformed_samples`. From when Keras 3 has been
    imported, iterators are instances of `keras.utils.PyDataset`, too, on any of its backends.

    Random numbers come from `numpy.random` without a seed. With one, each batch has a private state
    seeded with `seed + total_batches_seen`, and the state of `numpy.random` is left alone; only
    while an overridden method runs, `numpy.random` draws from the private state.

    Any number of threads may call `next()` on one iterator.

    Args:
        n: Integer, the number of samples in the data set.
        batch_size: Integer of at least 1, the size of a batch; 0 is accepted without samples. The
            last batch of a pass may be smaller.
        shuffle: Boolean, whether to draw a new order for each pass.
        seed: Integer from 0 to 2³² - 2²⁰, or `None`. Should the batches' seeds reach 2³², they go
            on from 0.
        prefetch: Integer of at least 0, how many batches to make ahead for `next()`, in a thread.
        shard: Pair (index, count) of integers, which part of each batch of `batch_size` times
            `count` samples to make, see `flow`; `"auto"`, or `None` for all of it.
        drop_remainder: Boolean, whether to leave out a last step that lacks samples.
        **kwargs: `workers`, `use_multiprocessing` and `max_queue_size` of `keras.utils.PyDataset`.

    Raises:
        ValueError: If `n`, `batch_size`, `seed`, `prefetch` or `shard` is not as above, or nothing
            remains of the samples.
        TypeError: If there are other keyword arguments.

    Example:
        >>> flow = ImageDataGenerator().flow(np.zeros((7, 5, 5, 1)), batch_size=3)
        >>> isinstance(flow, Iterator), len(flow), flow.n
        (True, 3, 7)
    """

    white_list_formats = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")

    _transient: ClassVar[frozenset[str]] = AgreeingIterator._transient | {
        "_buffers",
        "_ahead",
        "_left",
        "_shortage",
    }

    prefetch: int = 0
    _ahead: ReadAhead | None = None
    # The state of `numpy.random` behind the latest batch that was made ahead, if it draws from it.
    _left: Any = None

    def __init__(
        self,
        n: int,
        batch_size: int,
        shuffle: bool,
        seed: Any,
        *,
        prefetch: int = 0,
        shard: Any = None,
        drop_remainder: bool = False,
        **kwargs: Any,
    ) -> None:
        self._set_options(kwargs)
        super().__init__(n, batch_size, shuffle, seed, shard, drop_remainder)
        self.prefetch = integer("prefetch", prefetch, 0)
        self._make_transient(started=False)

    @property
    def batches_of(self) -> object:
        """What tells the batches of this flow, made ahead or not, from those of others."""
        return self._buffers

    @property
    def bytes_to_cache(self) -> int | None:
        """What a cache of its decoded images would take; `None` if it has one or needs none."""
        return None

    def _make_transient(self, started: bool) -> None:
        super()._make_transient(started)
        self._buffers = _core.BufferPool()  # for the memory of batches
        self._shortage = Shortage()
        self._ahead = self._left = None
        _forks.watch(self)

    def _after_fork(self) -> None:
        """Goes on by itself in a forked child, whatever threads of the parent were about."""
        super()._after_fork()
        self._ahead = None

    def _state(self) -> list[Any]:
        """Returns all attributes that decide which batch is the next one, and how it looks."""
        return [value for name, value in list(vars(self).items()) if name not in self._transient]

    def __getitem__(self, idx: int) -> Any:
        """Makes the batch at a position of the current order.

        Args:
            idx: Integer below `len(self)`; negative ones count from the end.

        Returns:
            The batch, as from `next()`. Where Keras asks for it to train on TensorFlow, tuples are
            in place of lists of several inputs or outputs, which TensorFlow does not take.

        Raises:
            ValueError: If there is no such batch.
        """
        batch = self._at(idx)
        tuples = without_lists(batch)
        if tuples is not batch and _keras.asks() and _keras.backend() == "tensorflow":
            return tuples
        return batch

    def _at(self, idx: int) -> Any:
        if not _phases.is_awaited():
            return self._made_at(idx)
        return _phases.asked(self.batches_of, partial(self._made_at, idx))

    def _made_at(self, idx: int) -> Any:
        self.check_agreement()
        samples, random, number, is_skipped = self._samples_at(idx)
        if is_skipped:
            self._give_back(random)
            return self._blank(len(samples))
        return self._make(samples, random, number)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        if not _phases.is_awaited():
            return self._next()
        return _phases.asked(self.batches_of, self._next)

    def _next(self) -> Any:
        self.check_agreement()
        if self.prefetch:
            with self.lock:
                ahead = self._reader()
                if ahead is not None and ahead.wait(self.prefetch):
                    return self._take(ahead)
        with self.lock:
            index_array = next(self.index_generator)
            random, number = self._latest_random(), self._pass.number
        return self._make(index_array, random, number)

    def _reader(self) -> ReadAhead | None:
        """Returns the thread for `prefetch`, or `None` if none can be started."""
        self.index_generator.start(self)
        if self._ahead is None or not self._ahead.fits(self._state()):
            if self._ahead is not None:
                self._ahead.close()
                self._ahead = None
            try:
                self._ahead = ReadAhead(self, _Twin(self), self._state())
            except NOT_STARTED as error:
                let_through(error)
                self._shortage.tell(error, "no batch is made ahead")
        return self._ahead

    def _take(self, ahead: ReadAhead) -> Any:
        """Returns the first batch that was made ahead, and moves behind it."""
        made = ahead.first
        previous, before = self._random, place_of(self)
        vars(self).update(made.place)
        if self.total_batches_seen != before[PLACE.index("total_batches_seen")]:
            self._note(before, before[PLACE.index("batch_index")], is_by_position=False)
        # From here on the iterator is behind the batch. Unless all of this is done, `ahead` does
        # not fit the next time.
        ahead.drop_first(previous, self._random, self._state())
        issue(made.warned)
        if made.error is not None:
            raise made.error
        return made.batch

    def next(self) -> Any:
        """Returns the next batch, as the built-in `next` does. Keras 3 has dropped this method."""
        return self.__next__()

    def _kept_place(self) -> dict[str, Any]:
        """Returns where it is; the random state of its latest batch goes along."""
        self._states.withhold(self._random)
        left = global_random().get_state(legacy=False) if self._draws_from_numpy else None
        return {**dict(zip(PLACE, place_of(self), strict=True)), "_left": left}

    def _numpy_state(self) -> Any:
        """Returns the state of `numpy.random` behind the latest batch; see the base class."""
        ahead = self._ahead
        if ahead is not None and self._left is not None and ahead.fits(self._state()):
            return self._left
        return super()._numpy_state()

    def _forget_ahead(self) -> None:
        """Drops what was made ahead; see the base class."""
        if self._ahead is not None:
            self._ahead.close()
        self._ahead = self._left = None

    def _give_back(self, random: np.random.RandomState | Left) -> None:
        """Takes a random state that is no longer needed."""
        self._states.give_back(random)

    def _drawn_order(self) -> NDArray[np.int64]:
        """Draws the order of the pass that it is at the beginning of."""
        self._next_random()
        self._set_index_array()
        assert self.index_array is not None
        return self.index_array

    def _make(
        self, index_array: NDArray[np.int64], random: np.random.RandomState, number: int
    ) -> Any:
        try:
            if not _phases.is_recording():
                return self._batch(index_array, random, number)
            making = _phases.begin(self)
            try:
                return self._batch(index_array, random, number)
            finally:
                _phases.end(making)
        finally:
            self._states.give_back(random)

    def _batch(
        self,
        index_array: NDArray[np.int64],
        random: np.random.RandomState,
        number: int,  # noqa: ARG002 - subclasses use it
    ) -> Any:
        """Makes a batch of pass `number`, here through the method that subclasses implement."""
        return with_borrowed_global(
            random, lambda _: self._get_batches_of_transformed_samples(index_array)
        )

    def _get_batches_of_transformed_samples(
        self,
        index_array: NDArray[np.int64],  # noqa: ARG002 - subclasses use it
    ) -> Any:
        """Makes a batch; to be implemented by a subclass. The name is Keras', and so its users'.

        Args:
            index_array: Array of the indices of the samples.

        Returns:
            The batch.

        Raises:
            NotImplementedError: If the subclass does not implement it.
        """
        raise self._lacks("_get_batches_of_transformed_samples")

    def _lacks(self, name: str) -> NotImplementedError:
        return NotImplementedError(f"`{type(self).__name__}` does not implement `{name}`")

    def raw_chunks(
        self,
        count: int,  # noqa: ARG002 - subclasses use them
        index_array: NDArray[np.int64] | None = None,  # noqa: ARG002
    ) -> Iterable[NDArray[Any]]:
        """Yields the data set's images in the generator's layout, as they are before augmentation.

        It is what statistics are computed from. Neither the place of the iterator nor a random
        state changes. To be implemented by a subclass.

        Args:
            count: Integer of at least 1, how many images an array may have.
            index_array: Array of the indices of the samples; `None` means all, in order.

        Returns:
            Iterable of arrays of rank 4 of any real dtype.

        Raises:
            NotImplementedError: If the subclass does not implement it.
        """
        raise self._lacks("raw_chunks")

    def to_tf_dataset(self) -> Any:
        """Returns the batches as a `tf.data.Dataset`, for the least time between training steps.

        Keras reads an iterator with `Dataset.from_generator`, whose cost of about a millisecond a
        batch this avoids. Tuples take the place of lists, so that models with several inputs can be
        trained with `flow((images, others), ...)`.

        Each time that the data set is iterated over, it gives the next pass of the iterator from
        its beginning: `len(self)` batches, with a seed the same ones in the same order as `next()`
        gives. The iterator is moved behind the pass at once, however much of it is read. Batches
        are made ahead, in threads of TensorFlow's; an error in a function of the user's ends the
        iteration with TensorFlow's error, whose message has the original one.

        TensorFlow does not tune it (`options.autotune`), which costs more than it brings: of what
        is added behind, stages with `AUTOTUNE` have TensorFlow's defaults. `with_options` decides
        otherwise.

        Returns:
            A `tf.data.Dataset` of known cardinality, `len(self)`, unless its first iteration gives
            a rest. Add `.repeat()` to train with
            `steps_per_epoch`, and `shuffle=False` to `fit` if Keras' warning that it does not
            shuffle data sets is unwelcome: this one is in the iterator's order.

        Raises:
            ImportError: If TensorFlow cannot be imported.
            TypeError: If TensorFlow has no dtype for an array of the batches.

        Example:
            >>> flow = ImageDataGenerator().flow(np.zeros((6, 5, 5, 1)), np.arange(6), batch_size=3)
            >>> [labels.numpy().shape for images, labels in flow.to_tf_dataset()]
            [(3,), (3,)]
        """
        count = self._shard.samples(self.n, self.batch_size)
        is_rest = (self._resumed and self.batch_index > 0) or self._pass.used > 0
        return tf_dataset(
            _Passes(self),
            count,
            self.batch_size,
            self._template(),
            is_rest=is_rest,
            one_by_one=self._pass.used > 0,
        )

    def _take_pass(self) -> tuple[Begun, NDArray[np.int64] | None]:
        """Moves behind the next pass, or what is left of one; returns where it began.

        That is, after `load_state_dict`, the rest of the pass in which it was, with its order.
        """
        self.check_agreement()
        with self.lock:
            length, skip = len(self), self._skip
            place = self.batch_index if self._resumed else 0
            self.reset()
            first = place or self.batch_index
            order = self.index_array if place else None
            before, begun, used = self.total_batches_seen, self._pass, self._pass.used
            asked = list(range(first, length))
            drawn = self._drawn if place else None
            self._reading = Reading(first, before, drawn, begun, asked, is_by_position=False)
            self.total_batches_seen += length - first
            self.batch_index, self._resumed, self._skip = 0, False, 0
            if self._counts_passes:
                self._pass = begun.ask_all(length)
                if self._pass.number != begun.number:
                    used = 0
            return Begun(before - first, self._pass.number, first, used, skip), order

    def _template(self) -> Any:
        """Returns a batch of any number of samples, for the structure, dtypes and shapes.

        Neither the place of the iterator nor the state of `numpy.random` changes.
        """
        return copy.copy(self)._batch(np.arange(min(1, self.n)), np.random.RandomState(0), 0)

    def _blank(self, count: int) -> Any:
        """Returns what is in the place of a batch that nobody looks at.

        It has no samples or, in one of several processes, zeros of its size: JAX joins what these
        have to one array, for whose devices there should be something.
        """
        template = self._template()
        if self._shard.count == 1:
            return template
        return map_arrays(lambda one: np.zeros((count, *one.shape[1:]), one.dtype), template)

    def _block(self, batches: int) -> Any:
        """Makes the next batches of `next()`, which must be of one size, joined as by `stacked`."""
        return stacked([next(self) for _ in range(batches)])
