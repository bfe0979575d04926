"""Batches of arrays in one call of the core each, for as long as nothing about the flow changes."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchwarp import _core, _keras, _phases
from batchwarp._arguments import seed_of_a_flow
from batchwarp._random import global_random
from batchwarp.augment.changes import SETTINGS, Snapshot
from batchwarp.augment.pipeline import Pipeline
from batchwarp.augment.settings import Settings
from batchwarp.iterators.images import ImageIterator
from batchwarp.iterators.index_arrays import IndexArrays
from batchwarp.iterators.shards import Shard
from batchwarp.iterators.states import Left

__all__ = ["AtOnce", "AtOnceIterator"]

# What a batch depends on beside the settings of the generator and the place in the order.
_OF_FLOW = (
    "x",
    "y",
    "sample_weight",
    "x_misc",
    "rows",
    "image_data_generator",
    "n",
    "batch_size",
    "seed",
    "prefetch",
    "save_to_dir",
    "handover",
    "index_generator",
    "_shard",
    "_targets",
    "_first_row",
    "_subset",
    "_key",
)
# Methods that users override.
_OF_FLOWS = ("_get_batches_of_transformed_samples",)
_OF_GENERATORS = ("get_random_transform", "apply_transform", "standardize")

_new = tuple.__new__


class AtOnce(NamedTuple):
    """What makes a flow's batches in one call, with all that they are made of.

    Attributes:
        maker: What makes them.
        draws: What it draws for each image, or `None` for nothing.
        images: Array of rank 4.
        others: Tuple of arrays, the labels and the weights, as far as there are some.
        base: Integer, the seed of a batch before which there were none; `None` if all is drawn
            from `numpy.random`.
        size: Integer, of a batch.
        n: Integer, how many samples there are.
        length: Integer, how many batches a pass has.
        shard: Which part of the batches is made, or `None` for the whole.
        counts: Boolean, whether batches differ by the number of their pass.
        by_key: Boolean, whether nothing is drawn but by key.
        first_row: Integer, what is added to samples to have their numbers for keys.
        has_epochs: Boolean, whether keys have the number of the pass for their epoch.
        key: Integer, the seed of keys.
        kind: Class of the flow.
        attributes: What this depends on.
        settings: The generator's, if some of them may change in place.
    """

    maker: _core.BatchMaker
    draws: _core.ParameterDraws | None
    images: NDArray[Any]
    others: tuple[NDArray[Any], ...]
    base: int | None
    size: int
    n: int
    length: int
    shard: Shard | None
    counts: bool
    by_key: bool
    first_row: int
    has_epochs: bool
    key: int
    kind: type[Any]
    attributes: _core.Attributes
    settings: Snapshot | None

    def holds(self, flow: Any) -> bool:
        """Whether nothing has changed since.

        Args:
            flow: The flow.
        """
        return (
            type(flow) is self.kind
            and self.attributes.are_unchanged(flow)
            and not flow.x_misc  # a list, to which something may be added
            and (self.settings is None or self.settings.has_kept_content())
        )

    def make(
        self,
        pool: _core.BufferPool,
        order: NDArray[np.int64],
        first: int,
        count: int,
        random: np.random.RandomState | int,
        number: int,
    ) -> Any:
        """Makes a batch, as `next()` returns it.

        Args:
            pool: Where the memory of the images comes from.
            order: Array of indices of samples.
            first: Integer, from where on they are those of the batch.
            count: Integer, how many they are.
            random: The state to draw from, or the seed of one that nobody else needs.
            number: Integer, of the pass.
        """
        begin = _phases.now() if _phases.is_recording() else 0
        made = self.maker.make_part(
            pool,
            self.images,
            order,
            first,
            count,
            None if self.by_key else random,
            self.others,
            self.first_row,
            number if self.has_epochs else 0,
            self.key,
        )
        if begin:
            _phases.add("warp", begin, _phases.now())
        return made if self.others else made[0]


def _alongside(labels: Any, weights: Any) -> tuple[NDArray[Any], ...] | None:
    """Returns what belongs to images, or `None` if it is more than rows of bytes."""
    given = () if labels is None else (labels,) if weights is None else (labels, weights)
    for array in given:
        if type(array) is not np.ndarray or array.ndim == 0 or array.dtype.hasobject:
            return None
        if not array.flags.c_contiguous:
            return None
    return given


class AtOnceIterator(ImageIterator):
    """Base class of iterators over arrays: most batches are one call of the core.

    What that call cannot do, and the first batch of a pass, whose order is drawn, goes the way of
    all iterators.
    """

    _transient: ClassVar[frozenset[str]] = ImageIterator._transient | {"_at_once", "_refused"}
    _at_once: AtOnce | None = None
    _refused: Pipeline | None = None  # by which batches cannot be made at once

    def _make_transient(self, started: bool) -> None:
        super()._make_transient(started)
        self._at_once = self._refused = None

    def _find_at_once(self, pipeline: Pipeline) -> None:
        """Finds out whether batches can be made at once; is called by the other way.

        Args:
            pipeline: The way of images, as it is now.
        """
        if self._at_once is None and self._refused is not pipeline:  # asked once, not each time
            self._at_once = self._at_once_by(pipeline)
            self._refused = pipeline if self._at_once is None else None

    def _at_once_by(self, pipeline: Pipeline) -> AtOnce | None:
        """Returns what makes batches, if one call of the core is all that there is to be done.

        Args:
            pipeline: The way of images.
        """
        # The values first: what changes meanwhile is noticed with the next batch.
        own = tuple(getattr(self, name, None) for name in _OF_FLOW)
        of: dict[str, Any] = dict(zip(_OF_FLOW, own, strict=True))
        generator, kind = of["image_data_generator"], type(self)
        settings = Snapshot(generator)
        others = _alongside(of["y"], of["sample_weight"])
        if (
            others is None
            or pipeline.maker is None
            or not pipeline.equals(settings)
            or self._mixing()
            or of["x_misc"]
            or of["rows"] is not None
            or of["save_to_dir"]
            or of["_targets"].names
            or of["prefetch"]
            or type(of["index_generator"]) is not IndexArrays
            or (of["handover"] is None and pipeline.dtype is not self._numpy_dtype)
            or kind._transformed is not ImageIterator._transformed
            or self._is_overridden()
        ):
            return None
        seed, shard = seed_of_a_flow(of["seed"]), of["_shard"]
        n, size = of["n"], of["batch_size"]
        by_key = self._draws_by_key
        checks = (
            (None, _OF_FLOW, own, _OF_FLOWS),
            (kind, _OF_FLOWS, tuple(getattr(kind, name) for name in _OF_FLOWS), ()),
            (
                generator,
                (*SETTINGS, "__class__"),
                (*settings.values, type(generator)),
                _OF_GENERATORS,
            ),
            (
                type(generator),
                _OF_GENERATORS,
                tuple(getattr(Settings, name) for name in _OF_GENERATORS),
                (),
            ),
        )
        return AtOnce(
            pipeline.maker,
            None if by_key else pipeline.drawn_in_core,
            of["x"],
            others,
            seed,
            size,
            n,
            shard.batches(n, size),
            None if shard == Shard() else shard,
            self._counts_passes,
            by_key,
            of["_first_row"],
            pipeline.is_keyed and of["_subset"] != "validation",
            self._seed() if pipeline.is_keyed else 0,
            kind,
            _core.Attributes(checks),
            settings if settings.is_mutable else None,
        )

    def _standing(self) -> AtOnce | None:
        """Returns what makes batches at once, unless something has changed."""
        found = self._at_once
        if found is not None and not found.holds(self):
            found = self._at_once = None
        return found

    def _batch(
        self, index_array: NDArray[np.int64], random: np.random.RandomState, number: int
    ) -> Any:
        found = self._standing()
        if found is None:
            return super()._batch(index_array, random, number)
        return found.make(self._buffers, index_array, 0, len(index_array), random, number)

    def _next(self) -> Any:
        made = self._made_at_once(None)
        return super()._next() if made is None else made

    def _made_at(self, idx: int) -> Any:
        made = self._made_at_once(idx)
        return super()._made_at(idx) if made is None else made

    def _made_at_once(self, idx: int | None) -> Any:
        """Makes the batch at a position, or the next one for `None`.

        Returns:
            The batch; `None` if there is more to be done than one call, of which nothing is done.
        """
        found = self._standing()
        if found is None or _phases.is_recording():
            return None
        if self._unchecked is not None:
            self.check_agreement()
        with self.lock:
            part = self._move_on(found, idx)
        return None if part is None else found.make(self._buffers, *part)

    def _is_special(self, idx: Any) -> bool:
        """Whether the batch at a position is more than the next one that is read of a pass."""
        return type(idx) is not int or self._skip > 0 or _keras.asks_for_signature()

    def _move_on(
        self, found: AtOnce, idx: int | None
    ) -> tuple[NDArray[np.int64], int, int, np.random.RandomState | int, int] | None:
        """Moves behind a batch of a pass that is under way.

        Args:
            found: What makes the batch.
            idx: As of `_made_at_once`.

        Returns:
            What `AtOnce.make` is told of it; `None` if there is more to be done than to move on.
        """
        order, drawn, reading = self.index_array, self._drawn, self._reading
        index, seen, latest = self.batch_index, self.total_batches_seen, self._random
        length, shard, begun = found.length, found.shard, self._pass
        position = index if idx is None else idx
        if (
            not 0 <= position < length
            or (idx is None and not position)  # where a pass begins
            or order is None
            or drawn is None
            or drawn.order is not order
            or reading is None
            or reading.is_by_position is (idx is None)
            or len(reading.asked) >= length
            or begun.used
            or (idx is not None and self._is_special(idx))
        ):
            return None
        over = begun
        if found.counts:
            over = begun.ask(position, length)
            if not over.number == begun.number == reading.begun.over(length):
                return None
        first = position * found.size
        if shard is None:
            count, batch = min(found.size, found.n - first), seen
        else:
            order, first, count = shard.part_of(order, first, found.size)
            batch = shard.number(seen)
        random: np.random.RandomState | int
        left: np.random.RandomState | Left
        if found.base is None:
            random = left = global_random()
        else:
            random = (found.base + batch) % 2**32
            left = _new(Left, (random, found.draws, 0 if found.by_key else count))
        following = index
        if idx is None:
            following = position + 1 if position + 1 < length else 0
        asked = len(reading.asked)
        try:
            reading.asked.append(position)
            vars(self).update(
                batch_index=following, total_batches_seen=seen + 1, _random=left, _pass=over
            )
        except BaseException:  # Ctrl-C, too: this batch is still the next one
            del reading.asked[asked:]
            vars(self).update(
                batch_index=index, total_batches_seen=seen, _random=latest, _pass=begun
            )
            raise
        return order, first, count, random, over.number
