"""Iterators as `tf.data.Dataset`.

Keras hands batches over with `Dataset.from_generator`: about a millisecond a batch, whatever the
generator does, and thirty at the start of each epoch. Here Python is called for blocks of many
batches, which TensorFlow splits without copying them while the next block is being made.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from batchwarp._warnings import Caught, caller, collected, issue
from batchwarp.iterators.structures import arrays, map_arrays

# A block has at most this many batches, and no more bytes unless a single batch has.
_BATCHES = 64
_BYTES = 16 << 20


def _tensorflow() -> Any:
    try:
        import tensorflow as tf
    except ImportError as error:
        raise ImportError(
            f"`to_tf_dataset` needs TensorFlow, which cannot be imported ({error}); "
            "install it with: pip install 'batchwarp[train]'"
        ) from error
    return tf


def _untuned(tf: Any) -> Any:
    """Returns options without TensorFlow's tuning, for which nothing here is left to choose.

    Its thread costs each pass some milliseconds, and now and then, when a pass ends and it has to
    be waited for, two hundred.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return options


def _native(array: NDArray[Any]) -> np.dtype[Any]:
    return array.dtype.newbyteorder("=")


class Begun(NamedTuple):
    """Where a pass of an iterator began.

    Attributes:
        before: Integer, how many batches there were before its first one.
        number: Integer, how many passes.
        first: Integer, the first of its batches that is left.
        used: Integer, as of `Pass`.
        skip: Integer, how many of the batches were used before, so that nobody looks at them.
    """

    before: int = 0
    number: int = 0
    first: int = 0
    used: int = 0
    skip: int = 0


class Passes(Protocol):
    """The passes of an iterator over its samples, several of which may be under way."""

    def begin(self) -> tuple[Begun, NDArray[np.int64] | None]:
        """Moves the iterator behind its next pass.

        Returns:
            Tuple of where the pass begins, and of its order if that has been drawn.
        """
        ...

    def block(
        self, first: int, count: int, begun: Begun, order: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], Any]:
        """Makes batches of a pass.

        Args:
            first: Integer, the first batch.
            count: Integer, how many batches, all of one size.
            begun: What `begin` returned.
            order: Array `(n,)`, the order of the pass; `None` draws it, with the first batch.

        Returns:
            Tuple of the order and of the batches, joined as by `stacked`.
        """
        ...

    def order(self, begun: Begun) -> NDArray[np.int64]:
        """Returns the order of a pass, with a seed that which its first batch has."""
        ...


def _layout(n: int, batch_size: int, template: Any) -> list[tuple[int, int]]:
    """Returns the first batch of each block of a pass and how many it has, all of one size.

    The first blocks are small, for an early start.
    """
    sample = sum(array.itemsize * int(np.prod(array.shape[1:])) for array in arrays(template))
    most = min(_BATCHES, max(1, _BYTES // max(1, sample * batch_size)))
    full, rest = divmod(n, batch_size)
    blocks, first, count = [], 0, max(1, most // 8)
    while first < full:
        blocks.append((first, min(count, full - first)))
        first += count
        count = min(2 * count, most)
    if rest:
        blocks.append((full, 1))
    return blocks


class _Blocks:
    """Makes the blocks of passes.

    What belongs to a pass is kept by TensorFlow and comes with each call, so nothing remains of a
    pass that is abandoned. Warnings are issued at the line that asked for the data set: there is no
    other one of the user's in TensorFlow's threads.

    Args:
        passes: The iterator's passes.
        layout: As from `_layout`.
        blank: Function of a block's first batch and their number that returns zeros in its place.
        is_rest: Boolean, whether the first pass may be the rest of one.
    """

    def __init__(
        self,
        passes: Passes,
        layout: list[tuple[int, int]],
        blank: Callable[[int, int], Any],
        is_rest: bool,
    ) -> None:
        self._passes = passes
        self._layout = layout
        self._blank = blank
        self._is_rest = is_rest
        self._order: NDArray[np.int64] | None = None
        self._place = caller()
        self._begun = Begun()

    def make(
        self, number: int, order: NDArray[np.int64], begun: Begun
    ) -> tuple[NDArray[np.int64], Begun, Any]:
        """Makes a block.

        Args:
            number: Integer, which block of the pass.
            order: Array `(n,)`, the pass's order of samples. It is empty for the first block, and
                for the others if that one has ended with an error.
            begun: Where the pass began; likewise.

        Returns:
            Tuple of the order, where the pass began, and the block.
        """
        first, count = self._layout[number]
        drawn: NDArray[np.int64] | None = order
        if number == 0:
            begun, drawn = self._passes.begin()
            self._begun, self._order = begun, drawn
            if (begun.first or begun.used) and not self._is_rest:
                raise ValueError(
                    "a state was loaded after `to_tf_dataset()` was called, and only the rest of a "
                    "pass is left: call it again"
                )
        elif not order.size:
            begun, drawn = self._begun, self._order
        if drawn is None and (number or begun.first):
            drawn = self._passes.order(begun)
        warned: list[Caught] = []
        with collected(warned):
            if first + count <= max(begun.first, begun.skip):
                left = count if first >= begun.first else 0
                block = self._blank(first, left)
                order = self._passes.order(begun) if drawn is None else drawn
            else:
                left = min(count, first + count - begun.first)
                order, block = self._passes.block(first + count - left, left, begun, drawn)
        issue(warned, self._place)
        return order, begun, block


def tf_dataset(
    passes: Passes,
    n: int,
    batch_size: int,
    template: Any,
    *,
    is_rest: bool = False,
    one_by_one: bool = False,
) -> Any:
    """Returns an iterator's batches as a `tf.data.Dataset`; see `Iterator.to_tf_dataset`.

    Args:
        passes: The iterator's passes.
        n: Integer, the number of samples.
        batch_size: Integer.
        template: A batch of any number of samples, for the structure, dtypes and shapes.
        is_rest: Boolean, whether the first pass may be the rest of one.
        one_by_one: Boolean, whether its batches may be of other sizes than those of a whole pass.

    Returns:
        A `tf.data.Dataset`.

    Raises:
        ImportError: If TensorFlow cannot be imported.
        TypeError: If TensorFlow has no dtype for an array of the batches.
    """
    tf = _tensorflow()

    def specification(array: NDArray[Any]) -> Any:
        try:
            dtype = tf.as_dtype(_native(array))
        except TypeError as error:
            raise TypeError(
                f"TensorFlow has no dtype for arrays of {array.dtype}, which the batches hold"
            ) from error
        return tf.TensorSpec((None, None, *array.shape[1:]), dtype)

    signature = map_arrays(specification, template)
    leaves = tf.nest.flatten(signature)
    length = -(-n // batch_size) if n else 0
    layout = _layout(n, batch_size, template)
    if one_by_one:
        layout = [(first, 1) for first in range(length)]

    def blank(first: int, count: int) -> Any:
        size = min(batch_size, n - first * batch_size)
        return map_arrays(
            lambda array: np.zeros((count, size, *array.shape[1:]), array.dtype), template
        )

    blocks = _Blocks(passes, layout, blank, is_rest)
    # TensorFlow keeps what a Python function refers to until the process ends. It must not be the
    # images: they live as long as a data set, or an iterator, that is made from these numbers.
    held = weakref.ref(blocks)

    def make(number: Any, order: Any, begun: Any) -> tuple[Any, ...]:
        found = held()
        if found is None:
            raise ReferenceError("the data set that `to_tf_dataset` returned is gone")
        order, where, block = found.make(int(number), order, Begun(*begun.tolist()))
        # TensorFlow takes the bytes of an array of the other byte order as they are.
        parts = map_arrays(lambda array: array.astype(_native(array), copy=False), block)
        return order, np.array(where, np.int64), *tf.nest.flatten(parts)

    def scan(state: Any, number: Any) -> Any:
        order, begun, *parts = tf.numpy_function(
            make, [number, *state], [tf.int64, tf.int64, *(leaf.dtype for leaf in leaves)]
        )
        order.set_shape((None,))
        begun.set_shape((len(Begun()),))
        for part, leaf in zip(parts, leaves, strict=True):
            part.set_shape(leaf.shape)
        return (order, begun), tf.nest.pack_sequence_as(signature, parts)

    def split(*parts: Any) -> Any:
        block = parts if isinstance(signature, tuple) else parts[0]
        return tf.data.Dataset.from_tensor_slices(block)

    numbers = tf.data.Dataset.range(len(layout))
    numbers._blocks = blocks
    start = (tf.zeros((0,), tf.int64), tf.zeros((len(Begun()),), tf.int64))
    batches = numbers.scan(start, scan).prefetch(1).flat_map(split)
    if not is_rest:
        batches = batches.apply(tf.data.experimental.assert_cardinality(length))
    return batches.prefetch(2).with_options(_untuned(tf))
