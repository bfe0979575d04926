"""Where a flow is, as a small dictionary, and a flow that goes on from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from batchwarp import _core
from batchwarp._arguments import integer, seed_of_a_flow
from batchwarp._random import global_random
from batchwarp.iterators import fingerprints
from batchwarp.iterators.index_arrays import IndexArrays
from batchwarp.iterators.order import Drawn, OrderedIterator
from batchwarp.iterators.passes import Pass
from batchwarp.iterators.random_states import decoded, encoded
from batchwarp.iterators.states import Left

__all__ = ["FORMAT", "ResumableIterator"]

FORMAT = 1
_KEYS = ("format", "flow", "data", "generator", "place", "key", "order", "random", "numpy_random")
# With keyed draws, a pass may go on with others of these.
_SIZES = ("batch_size", "shards", "drop_remainder")
_OPTIONS = (
    "target_size",
    "color_mode",
    "interpolation",
    "keep_aspect_ratio",
    "class_mode",
    "data_format",
    "subset",
    "handover",
)
_LARGEST_KEY = 2**64 - 1


class _Place(NamedTuple):
    """Where a flow is.

    Attributes:
        batch_index: Integer, the attribute of the flow.
        seen: Integer, its `total_batches_seen`.
        drawn: What the order of the pass was drawn from, if it was.
        number: The pass.
        random: The random state of the latest batch, if the next order may be drawn from it.
    """

    batch_index: int
    seen: int
    drawn: Drawn | None
    number: Pass
    random: np.random.RandomState | None


class ResumableIterator(OrderedIterator):
    """Base class of iterators, whose place can be saved."""

    _transient: ClassVar[frozenset[str]] = OrderedIterator._transient | {"_data"}

    _key: int | None = None
    _data: dict[str, str] | None = None  # the fingerprints of the data set, once they are known
    # Whether it was loaded in the middle of a pass that nobody has begun anew since.
    _resumed: bool = False

    def state_dict(self, consumed: int | None = None) -> dict[str, Any]:
        """Describes where the iterator is, for `load_state_dict` of an equal one.

        What was made ahead by `prefetch` does not count; the iterator is behind the batches that
        its caller has got. Others read ahead without its knowing: `fit`, a `to_tf_dataset()`, a
        thread that calls `flow[i]`. There `consumed` says how far their reader has really got.

        Args:
            consumed: Integer, how many batches of the pass under way were used. That pass is the
                latest one of which a batch was asked for; its batches count in the order in which
                they were asked for, from where the pass began or, after `load_state_dict`, its
                rest. For `to_tf_dataset` they are those of the iteration that began latest. It
                needs a `seed`, or `draws="keyed"`. `None` counts all that were asked for.

        Returns:
            Dictionary of a few kilobytes in types that JSON has. Besides the place, it has
            fingerprints of the data set and the settings.

        Raises:
            ValueError: If `consumed` is not as above, or `index_array` was set by others.
        """
        with self.lock:
            if consumed is None:
                place = self._present_place()
            else:
                place = self._consumed_place(consumed)
            return {
                "format": FORMAT,
                "flow": self._flow_described(),
                "data": self._data_described(),
                "generator": fingerprints.of_generator(getattr(self, "image_data_generator", None)),
                "place": {
                    "batch_index": place.batch_index,
                    "batches_seen": place.seen,
                    "pass": place.number.number,
                    "asked": f"{place.number.asked:x}",
                    "used": place.number.used,
                    "samples": self._samples_used(place.number),
                },
                "key": None if self._key is None or self._has_seed else f"{self._key:016x}",
                "order": encoded(place.drawn and self._state_of(place.drawn)),
                "random": encoded(place.random and place.random.get_state(legacy=False)),
                "numpy_random": encoded(self._numpy_state()) if self._draws_from_numpy else None,
            }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from where an equal iterator was.

        That one had the same data set, generator and arguments; how many batches are made ahead,
        and the places of files, may differ. All that comes is then, bit for bit, what came there:
        from `next()`, `flow[i]`, and the first iteration over a `to_tf_dataset()` that is asked for
        afterwards, which gives the rest of the pass. With `draws="keyed"`, a pass that was read in
        order may go on with another `batch_size` or number of shards: each sample of the rest comes
        once. Without a `seed`, and with the draws of Keras, the state of `numpy.random` is
        restored.

        Args:
            state: Dictionary as from `state_dict`.

        Raises:
            ValueError: If it is none, of a newer format, or of another data set, generator or flow.

        Example:
            >>> x, y = np.zeros((8, 5, 5, 1), np.uint8), np.arange(8)
            >>> datagen = ImageDataGenerator()
            >>> flow, later = (datagen.flow(x, y, batch_size=2, seed=3) for _ in range(2))
            >>> _ = next(flow)
            >>> later.load_state_dict(flow.state_dict())
            >>> np.array_equal(next(flow)[1], next(later)[1])
            True
        """
        _check_keys(state)
        with self.lock:
            self._check_equal(state)
            place = self._place_from(state)
            key = state["key"]
            number = None if key is None else _hexadecimal('state["key"]', key, _LARGEST_KEY)
            if (number is None) != (self._key is None or self._has_seed):
                raise ValueError(
                    '`state["key"]` should be a hexadecimal number for a flow without a seed, and '
                    f"`None` for others. Received: {key!r}"
                )
            order = None
            if state["order"] is not None:
                order = decoded('state["order"]', state["order"])
            shared: Any = None
            if (state["numpy_random"] is not None) != self._draws_from_numpy:
                raise ValueError(
                    '`state["numpy_random"]` should be a random state for a flow that draws from '
                    f"`numpy.random`, and `None` for others. Received: {state['numpy_random']!r}"
                )
            if self._draws_from_numpy:
                shared = decoded('state["numpy_random"]', state["numpy_random"])
                shared = shared.get_state(legacy=False)
            self._forget_ahead()
            if shared is not None:
                try:
                    global_random().set_state(shared)
                except ValueError as error:
                    raise ValueError(
                        f'`state["numpy_random"]` is of another bit generator than that of '
                        f"`numpy.random`: {error}"
                    ) from error
            if number is not None:
                self._key = number
            self._go_on_from(place, order)

    def pass_over(self, count: int) -> None:
        """Makes nothing of the next batches, which were used before; whoever reads drops them.

        They have no samples, or zeros in a shard or from `to_tf_dataset()`; a batch from which an
        order may be drawn is made. Where several workers ask at once, or other processes, nobody
        can tell which batches were meant, and all are made.

        Args:
            count: Integer of at least 0, how many.
        """
        alone = self.workers <= 1 and not self.use_multiprocessing
        self._skip = integer("count", count, 0) if alone else 0

    @property
    def _has_seed(self) -> bool:
        return seed_of_a_flow(self.seed) is not None

    @property
    def _draws_from_numpy(self) -> bool:
        """Whether batches draw from `numpy.random`."""
        return not self._has_seed and not self._draws_by_key

    def _numpy_state(self) -> Any:
        """Returns the state of `numpy.random` behind the latest batch."""
        return global_random().get_state(legacy=False)

    def _forget_ahead(self) -> None:
        """Drops what was made ahead; here there is nothing."""

    def _present_place(self) -> _Place:
        """Returns where the iterator is itself."""
        drawn = self._drawn
        if self.index_array is None or not self.shuffle:
            drawn = None
        elif drawn is None or drawn.order is not self.index_array:
            raise ValueError(
                "`index_array` should be an order that the flow has drawn itself: of one that was "
                "set, `state_dict` cannot tell how to have it again"
            )
        return _Place(
            self.batch_index, self.total_batches_seen, drawn, self._pass, self._random_of_latest()
        )

    def _random_of_latest(self) -> np.random.RandomState | None:
        """Returns the random state of the latest batch, if an order may be drawn from it."""
        reading = self._reading
        by_position = reading is not None and reading.is_by_position
        draws = self.shuffle and self._has_seed and not self._draws_by_key
        latest = by_position and draws and self._shard.count == 1
        return self._latest_random() if latest else None

    def _consumed_place(self, consumed: Any) -> _Place:
        """Returns where the iterator would be if only these batches had been asked for."""
        if self._draws_from_numpy:
            raise ValueError(
                '`consumed` needs a flow with a `seed` or with `draws="keyed"`: of batches that '
                "draw from `numpy.random`, nobody knows the state between them"
            )
        reading = self._reading
        if reading is None:
            integer("consumed", consumed, 0, 0)
            return self._present_place()
        count = integer("consumed", consumed, 0, len(reading.asked))
        if reading.before + len(reading.asked) != self.total_batches_seen:
            raise ValueError(
                "`consumed` cannot be told apart, because `total_batches_seen` was changed or "
                "batches were read for their shapes"
            )
        asked = reading.asked[:count]
        number, length = reading.begun, len(self)
        if self._counts_passes:
            for position in asked:
                number = number.ask(position, length)
        drawn = reading.drawn
        if count and drawn is None:
            drawn = self._drawn_first(reading.before)
        index = reading.batch_index
        if count and not reading.is_by_position:
            index = (asked[-1] + 1) % length
        is_latest = count == len(reading.asked)
        random = self._random_of_latest() if is_latest else None
        if self._draws_by_key or not self.shuffle:
            drawn = None
        return _Place(index, reading.before + count, drawn, number, random)

    def _drawn_first(self, seen: int) -> Drawn:
        """Returns what the order is drawn from together with the first batch of a pass."""
        # That of all shards is drawn as the first of them does.
        first = self._seeded(self._shard.first_number(seen))
        return Drawn(np.empty(0, np.int64), first)

    def _state_of(self, drawn: Drawn) -> Any:
        """Returns what an order was drawn from, as `RandomState.get_state` does."""
        state = drawn.state
        if isinstance(state, Left):  # as it is before draws
            return np.random.RandomState(state.seed).get_state(legacy=False)
        return state

    def _samples_used(self, number: Pass) -> int | None:
        """Returns how many samples of a pass were used, if they are the first ones."""
        length, step = len(self), self.batch_size * self._shard.count
        first = number.first(length)
        if first < 0:
            return None
        if first == length:
            return self.n
        if number.used:
            first -= length - self._shard.batches(self.n - number.used, self.batch_size)
        return min(self.n, number.used + first * step)

    def _flow_described(self) -> dict[str, Any]:
        """Returns the arguments of the flow that decide about its batches."""
        described: dict[str, Any] = {
            "samples": self.n,
            "batch_size": self.batch_size,
            "shards": self._shard.count,
            "drop_remainder": self._shard.drop_remainder,
            "shuffle": bool(self.shuffle),
            "seed": seed_of_a_flow(self.seed),
            "draws": "keyed" if self._draws_by_key else "keras",
        }
        for name in _OPTIONS:
            value = getattr(self, name, None)
            if value is not None:
                described[name] = list(value) if isinstance(value, tuple) else value
        dtype = getattr(self, "_numpy_dtype", None)
        return described if dtype is None else {**described, "dtype": dtype.name}

    def _data_described(self) -> dict[str, str]:
        if self._data is None:
            self._data = fingerprints.of_data(self)
        return self._data

    def _check_equal(self, state: Mapping[str, Any]) -> None:
        """Raises `ValueError` if a state is of another flow, with what differs."""
        generator = fingerprints.of_generator(getattr(self, "image_data_generator", None))
        for part, what, own in (
            ("data", "another data set", self._data_described()),
            ("generator", "another generator", generator),
            ("flow", "a flow with other arguments", self._flow_described()),
        ):
            of_state = state[part]
            if not isinstance(of_state, Mapping):
                raise ValueError(
                    f'`state["{part}"]` should be a dictionary. Received: {of_state!r}'
                )
            own = json.loads(json.dumps(own))
            free = _SIZES if self._draws_by_key else ()
            for name in {**own, **of_state}:
                if name not in free and own.get(name) != of_state.get(name):
                    raise ValueError(
                        f"`state` is of {what}: `{name}` was {of_state.get(name)!r} and is "
                        f"{own.get(name)!r}"
                    )

    def _place_from(self, state: Mapping[str, Any]) -> _Place:
        """Returns the place that a state describes, with the samples that are left."""
        place, flow = state["place"], state["flow"]
        if not isinstance(place, Mapping):
            raise ValueError(f'`state["place"]` should be a dictionary. Received: {place!r}')

        def number_of(name: str, most: int | None = None) -> int:
            if name not in place:
                raise ValueError(f'`state["place"]` lacks the key {name!r}')
            return integer(f'state["place"]["{name}"]', place[name], 0, most)

        seen, passes = number_of("batches_seen"), number_of("pass", 2**32 - 1)
        random = None
        if state["random"] is not None:
            random = decoded('state["random"]', state["random"])
        own = self._flow_described()
        if any(flow.get(name) != own[name] for name in _SIZES):
            if place.get("samples") is None:
                raise ValueError(
                    "`state` is of a pass that was not read in order: it can only go on with the "
                    + ", ".join(f"`{name}` {flow.get(name)!r}" for name in _SIZES)
                )
            samples = number_of("samples", self.n)
            seen = seen * _step(flow) // (self.batch_size * self._shard.count)
            return self._with_other_sizes(passes, samples, seen)
        length = len(self)
        asked = _hexadecimal('state["place"]["asked"]', place.get("asked"), 2**length - 1)
        number = Pass(passes, asked, number_of("used", self.n))
        return _Place(number_of("batch_index", max(0, length - 1)), seen, None, number, random)

    def _with_other_sizes(self, passes: int, samples: int, seen: int) -> _Place:
        """Returns the place behind some samples of a pass of batches of other sizes."""
        length, step = len(self), self.batch_size * self._shard.count
        left = self._shard.batches(self.n - samples, self.batch_size)
        if not left:
            return _Place(0, seen, None, Pass(passes).ask_all(length), None)
        first, used = length - left, samples
        if samples % step == 0:
            first, used = samples // step, 0
        return _Place(first, seen, None, Pass(passes, (1 << first) - 1, used), None)

    def _go_on_from(self, place: _Place, order: np.random.RandomState | None) -> None:
        """Goes to a place whose order is drawn from a state, if it was drawn."""
        self.index_array = self._drawn = None
        self._pass = place.number
        if order is not None and self.shuffle and not self._draws_by_key:
            if self._shard.count > 1:
                drawn = order.get_state(legacy=False)
                self._set_order(_core.permutation(order, self.n), drawn)
            else:
                self._random = order
                self._set_index_array()
        self.batch_index, self.total_batches_seen = place.batch_index, place.seen
        if place.random is not None:
            self._random = place.random
        elif self._has_seed:
            self._random = np.random.RandomState(0)
        else:
            self._random = global_random()
        self._reading, self._skip = None, 0
        self._resumed = place.batch_index > 0
        self.index_generator = IndexArrays(self, OrderedIterator._next_index_array, True)


def _step(flow: Mapping[str, Any]) -> int:
    """Returns how many samples a step has, by the description of a flow."""
    return integer('state["flow"]["batch_size"]', flow.get("batch_size"), 0) * integer(
        'state["flow"]["shards"]', flow.get("shards"), 1
    )


def _hexadecimal(name: str, value: Any, most: int) -> int:
    """Returns an integer from 0 to `most` that is written in hexadecimal digits."""
    try:
        number = int(value, 16) if isinstance(value, str) else -1
    except ValueError:
        number = -1
    if not 0 <= number <= most:
        raise ValueError(
            f"`{name}` should be a hexadecimal number of up to {most.bit_length()} bits. "
            f"Received: {value!r}"
        )
    return number


def _check_keys(state: Any) -> None:
    """Raises `ValueError` if something is no state that this version can read."""
    if not isinstance(state, Mapping) or "format" not in state:
        raise ValueError(
            f"`state` should be a dictionary as from `state_dict`. Received: {state!r}"
        )
    number = integer('state["format"]', state["format"], 1)
    if number > FORMAT:
        raise ValueError(
            f"`state` has the format {number}, which a newer batchwarp has written; this one knows "
            f"formats up to {FORMAT}"
        )
    missing = [key for key in _KEYS if key not in state]
    if missing:
        raise ValueError(f"`state` lacks the key {missing[0]!r}")
    unknown = [key for key in state if key not in _KEYS]
    if unknown:
        raise ValueError(f"`state` has the unknown key {unknown[0]!r}")
