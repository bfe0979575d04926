"""Which samples each batch has: orders, passes, seeds and shards, whatever is made of them."""

from __future__ import annotations

import operator
import threading
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core, _forks, _keras
from batchwarp._arguments import check_batches, integer, seed_of_a_flow
from batchwarp._random import global_random, renew_random
from batchwarp.iterators.index_arrays import IndexArrays
from batchwarp.iterators.keras_class import KerasDataset
from batchwarp.iterators.passes import Pass
from batchwarp.iterators.shards import Shard, is_part_of_process, one_shard
from batchwarp.iterators.states import Left, SeededStates

# Where an iterator is. It changes in one step, with which Ctrl-C or a fork does not interfere.
PLACE = ("batch_index", "total_batches_seen", "index_array", "_drawn", "_random", "_pass")
place_of = operator.attrgetter(*PLACE)


class Drawn(NamedTuple):
    """What an order was drawn from, so that it need not be kept to have it again.

    Attributes:
        order: Array `(n,)`, the samples in this order.
        state: What `RandomState.get_state` returned before, or a `Left` without draws that stands
            for it; `None` if no state was drawn from.
    """

    order: NDArray[np.int64]
    state: Any


class Reading(NamedTuple):
    """What is read of a pass.

    Attributes:
        batch_index: Integer, that of the iterator when the pass began.
        before: Integer, how many batches there were before.
        drawn: What the order was drawn from; `None` if it is drawn with the first batch.
        begun: The pass, as it was when it began.
        asked: List of integers, the positions that have been asked for, one after the other.
        is_by_position: Boolean, whether they were asked for as such, and not by `next`.
    """

    batch_index: int
    before: int
    drawn: Drawn | None
    begun: Pass
    asked: list[int]
    is_by_position: bool


class Asked(NamedTuple):
    """What a batch is to be made of.

    Attributes:
        samples: Array `(b,)`, its samples.
        random: The random state that it draws from.
        number: Integer, of the pass that it is in.
        is_skipped: Boolean, whether it was used before, so that nobody looks at it.
    """

    samples: NDArray[np.int64]
    random: np.random.RandomState
    number: int
    is_skipped: bool


class OrderedIterator(KerasDataset):
    """Base class of iterators, that says which samples come next; see `Iterator`.

    Args:
        n: As of `Iterator`, like all others.
        batch_size: See there.
        shuffle: See there.
        seed: See there.
        shard: See there.
        drop_remainder: See there.
    """

    _transient: ClassVar[frozenset[str]] = frozenset(
        {"lock", "index_generator", "_random", "_states", "_reading", "_skip"}
    )

    _shard: Shard = Shard()
    _drawn: Drawn | None = None
    _reading: Reading | None = None
    _skip: int = 0  # how many of the next batches were used before

    def __init__(
        self,
        n: int,
        batch_size: int,
        shuffle: bool,
        seed: Any,
        shard: Any,
        drop_remainder: bool,
    ) -> None:
        self.n = integer("n", n, 0)
        check_batches(batch_size, shuffle, seed, empty=not self.n)
        self.batch_size = operator.index(batch_size)
        self.seed = seed_of_a_flow(seed)
        self.shuffle = shuffle
        self._shard = one_shard(shard, drop_remainder)
        self._check_shard()
        self.batch_index = 0
        self.total_batches_seen = 0
        self.index_array: NDArray[np.int64] | None = None
        self._pass = Pass()

    def _check_shard(self) -> None:
        """Raises `ValueError` if processes would not agree, or have nothing."""
        shard = self._shard
        if shard.count > 1 and self.seed is None and (self.shuffle or self._counts_passes):
            raise ValueError(
                "`seed` should be an integer, the same in all processes, where each makes its part "
                f"of the batches. Received: None with shard {shard.index} of {shard.count}"
            )
        if self.n and not len(self):
            raise ValueError(
                f"`drop_remainder` leaves nothing of {self.n} samples: `batch_size` is "
                f"{self.batch_size}, for {shard.count} shards"
            )

    def _make_transient(self, started: bool) -> None:
        self.lock = threading.RLock()
        self._random: np.random.RandomState | Left = global_random()  # of the latest batch
        self._reading, self._skip = None, 0
        self._states = SeededStates()
        self.index_generator = IndexArrays(self, OrderedIterator._next_index_array, started)

    def _after_fork(self) -> None:
        """Goes on by itself in a forked child, whatever threads of the parent were about."""
        _forks.renew(self.lock)
        if not isinstance(self._random, Left):
            renew_random(self._random)

    @property
    def passes(self) -> int:
        """How many passes are over, if anything is drawn by that; to begin another, set it."""
        return self._pass.over(len(self))

    @passes.setter
    def passes(self, count: int) -> None:
        self._pass = Pass(count)
        if self._draws_by_key:
            self.index_array = None  # which is drawn for the pass

    @property
    def _counts_passes(self) -> bool:
        """Whether batches differ from pass to pass by the pass's number."""
        return False

    @property
    def _draws_by_key(self) -> bool:
        """Whether the order of a pass follows from its number and the seed."""
        return False

    def _ask(self, position: int) -> bool:
        """Counts a position; returns whether a pass begins whose order is another one."""
        number = self._pass.number
        self._pass = self._pass.ask(position, len(self))
        return self._pass.number != number and self._draws_by_key

    def _next_random(self) -> None:
        """Goes to the state of the next batch; the latest one also shuffles after an epoch."""
        if self.seed is None:
            self._random = global_random()
        else:
            self._random = self._seeded(self._shard.number(self.total_batches_seen))

    def _seeded(self, number: int) -> Left:
        """Returns the state that a batch, of those of all shards, begins with."""
        return Left(((seed_of_a_flow(self.seed) or 0) + number) % 2**32, None, 0)

    def _latest_random(self) -> np.random.RandomState:
        """Returns the state of the latest batch."""
        random = self._random
        if isinstance(random, Left):
            random = self._random = self._states.made(random)
        return random

    def _set_index_array(self) -> None:
        """Draws the order of a pass. The name is Keras', and so its users'."""
        if self._shard.count > 1 and self.shuffle:
            self._set_order_of_all()
        elif self.shuffle:
            self._set_order(*self._permutation())
        else:
            self._set_order(np.arange(self.n, dtype=np.int64), None)

    def _permutation(self) -> Drawn:
        """Draws an order of all samples from the state of the latest batch."""
        left, random = self._random, self._latest_random()
        if isinstance(left, Left) and left.draws is None:  # as before the draws of a batch
            return Drawn(_core.permutation(random, self.n), left)
        state = random.get_state(legacy=False)
        return Drawn(_core.permutation(random, self.n), state)

    def _set_order(self, order: NDArray[np.int64], state: Any) -> None:
        """Keeps an order and what it was drawn from."""
        self.index_array, self._drawn = order, Drawn(order, state)

    def _set_order_of_all(self) -> None:
        """Draws the order that all shards have: as the first of them draws it for its batch."""
        first = self._seeded(self._shard.first_number(self.total_batches_seen))
        random = self._states.made(first)
        self._set_order(_core.permutation(random, self.n), first)
        if self._shard.index == 0:
            random, self._random = self._latest_random(), random  # its batch goes on from there
        self._states.give_back(random)

    def _samples_at(self, idx: int) -> Asked:
        """Returns what the batch at a position of the current order is made of.

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
            before, noted = place_of(self), self._noted()
            try:
                self._next_random()
                is_read = not _keras.asks_for_signature()
                counts = self._counts_passes and is_read
                if (counts and self._ask(position)) or self.index_array is None:
                    self._set_index_array()
                assert self.index_array is not None
                samples = self._part(self.index_array, position)
                self.total_batches_seen += 1
                # The last one of those is made: an order may be drawn from what it leaves.
                is_skipped = is_read and self._skip > 1
                if is_read:
                    self._note(before, position, is_by_position=True)
                    self._skip = max(0, self._skip - 1)
            except BaseException:  # Ctrl-C, too: nothing has happened yet
                self._go_to(before)
                self._unnote(noted)
                raise
            return Asked(samples, self._latest_random(), self._pass.number, is_skipped)

    def _part(self, order: NDArray[np.int64], position: int) -> NDArray[np.int64]:
        """Returns the samples of the batch at a position of the pass that is under way.

        Raises:
            ValueError: If it was used with batches of another size.
        """
        used, shard, size = self._pass.used, self._shard, self.batch_size
        if not used:
            return shard.part(order, size * position, size)
        rest = order[used:]
        first = len(self) - shard.batches(len(rest), size)
        if position < first:
            raise ValueError(
                f"The batch {position} of this pass was used before its state was saved, with "
                f"another size or number of shards. The first one that is left is {first}"
            )
        return shard.part(rest, size * (position - first), size)

    def _note(self, before: Sequence[Any], position: int, *, is_by_position: bool) -> None:
        """Notes that a batch of a pass was asked for.

        Args:
            before: Where the iterator was, values for `PLACE`.
            position: Integer, which batch.
            is_by_position: As of `Reading`.
        """
        reading = self._reading
        if (
            reading is None
            or reading.is_by_position != is_by_position
            or len(reading.asked) >= len(self)
            or (self._counts_passes and self._pass.number != reading.begun.over(len(self)))
            or (not is_by_position and position == 0)
        ):
            reading = self._reading = self._begun(before, is_by_position)
        reading.asked.append(position)

    def _begun(self, before: Sequence[Any], is_by_position: bool) -> Reading:
        """Returns what begins to be read, with the arguments of `_note`."""
        place = dict(zip(PLACE, before, strict=True))
        anew = place["index_array"] is None or (not is_by_position and not place["batch_index"])
        return Reading(
            place["batch_index"],
            place["total_batches_seen"],
            None if anew else place["_drawn"],
            place["_pass"],
            [],
            is_by_position,
        )

    def _noted(self) -> tuple[Reading | None, int]:
        """Returns what has been noted so far, for `_unnote`."""
        reading = self._reading
        return reading, 0 if reading is None else len(reading.asked)

    def _unnote(self, noted: tuple[Reading | None, int]) -> None:
        """Forgets what was noted since."""
        self._reading, count = noted
        if self._reading is not None:
            del self._reading.asked[count:]

    def __len__(self) -> int:
        """Returns the number of batches of one pass, of the shard where there are several."""
        return self._shard.batches(self.n, self.batch_size)

    @property
    def num_batches(self) -> int:
        """Number of batches of one pass."""
        return len(self)

    def on_epoch_begin(self) -> None:
        """Is called by Keras before each epoch; does nothing."""

    def on_epoch_end(self) -> None:
        """Is called by Keras after each epoch; draws the order of the next one."""
        if self._counts_passes and self._others_ask():
            self._pass = self._pass.ask_all(len(self))
        self._set_index_array()
        self._reading = None

    def _others_ask(self) -> bool:
        """Whether the rest of the pass was asked of other processes."""
        if self.use_multiprocessing:
            return True
        return self._shard.count == 1 and is_part_of_process(self._pass.asked, len(self))

    def reset(self) -> None:
        """Goes back to the first batch for `next()`; what is drawn by key stays in its pass."""
        self.batch_index = self._first_position()

    def _first_position(self) -> int:
        """Returns the first batch of the pass, or of what is left of it."""
        used, length = self._pass.used, len(self)
        if not used or self._pass.over(length) != self._pass.number:
            return 0
        return length - self._shard.batches(self.n - used, self.batch_size)

    def _go_to(self, position: Sequence[Any]) -> None:
        """Moves to a place, values for `PLACE`, in one step."""
        vars(self).update(dict(zip(PLACE, position, strict=True)))

    def _next_index_array(self) -> NDArray[np.int64]:
        before, noted = place_of(self), self._noted()
        try:
            self._next_random()
            count = self._shard.samples(self.n, self.batch_size)
            start = self.batch_index * self.batch_size % count if count else 0
            position = start // self.batch_size if count else 0
            other_order = self._counts_passes and self._ask(position)
            if other_order or self.batch_index == 0 or self.index_array is None:
                self._set_index_array()
            order = self.index_array
            assert order is not None
            samples = self._part(order, position)
            self._note(before, position, is_by_position=False)
            is_last = count <= start + self.batch_size
            vars(self).update(  # in one step
                batch_index=0 if is_last else self.batch_index + 1,
                total_batches_seen=self.total_batches_seen + 1,
            )
        except BaseException:  # Ctrl-C, too: this batch is still the next one
            self._go_to(before)
            self._unnote(noted)
            raise
        return samples
