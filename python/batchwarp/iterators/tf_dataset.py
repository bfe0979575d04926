"""Iterators as `tf.data.Dataset`.

Keras hands batches over with `Dataset.from_generator`: about a millisecond a batch, whatever the
generator does, and thirty at the start of each epoch. Here Python is called for blocks of many
batches, which TensorFlow splits without copying them while the next block is being made.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._warnings import Caught, caller, collected, issue
from batchwarp.iterators.structures import arrays, map_arrays

if TYPE_CHECKING:
    from batchwarp.iterators.base import Iterator

# A block has at most this many batches, and no more bytes unless a single batch has.
_BATCHES = 64
_BYTES = 8 << 20


def _tensorflow() -> Any:
    try:
        import tensorflow as tf
    except ImportError as error:
        raise ImportError(
            f"`to_tf_dataset` needs TensorFlow, which cannot be imported ({error}); "
            "install it with: pip install 'batchwarp[train]'"
        ) from error
    return tf


def _native(array: NDArray[Any]) -> np.dtype[Any]:
    return array.dtype.newbyteorder("=")


def _layout(flow: Iterator, template: Any) -> list[tuple[int, int]]:
    """Returns the first batch of each block of a pass and how many it has, all of one size.

    The first blocks are small, for an early start.
    """
    sample = sum(array.itemsize * int(np.prod(array.shape[1:])) for array in arrays(template))
    most = min(_BATCHES, max(1, _BYTES // max(1, sample * flow.batch_size)))
    full, rest = divmod(flow.n, flow.batch_size)
    blocks, first, count = [], 0, max(1, most // 8)
    while first < full:
        blocks.append((first, min(count, full - first)))
        first += count
        count = min(2 * count, most)
    if rest:
        blocks.append((full, 1))
    return blocks


class _Blocks:
    """Makes the blocks of passes, several of which may be under way.

    What belongs to a pass is kept by TensorFlow and comes with each call, so nothing remains of a
    pass that is abandoned. Warnings are issued at the line that asked for the data set: there is no
    other one of the user's in TensorFlow's threads.

    Args:
        flow: The iterator.
        layout: As from `_layout`.
    """

    def __init__(self, flow: Iterator, layout: list[tuple[int, int]]) -> None:
        self._flow = flow
        self._layout = layout
        self._place = caller()
        self._begun = 0
        self._idle: list[Iterator] = []

    def make(
        self, number: int, order: NDArray[np.int64], before: int
    ) -> tuple[NDArray[np.int64], int, Any]:
        """Makes a block.

        Args:
            number: Integer, which block of the pass.
            order: Array `(n,)`, the pass's order of samples. It is empty for the first block, and
                for the others if that one has ended with an error.
            before: Integer, how many batches the iterator had given before the pass; likewise.

        Returns:
            Tuple of the order, the number of batches before, and the block.
        """
        first, count = self._layout[number]
        if number == 0:
            before = self._begun = self._flow._take_pass()
            self._idle = [self._flow._twin()]
        elif not order.size:
            before = self._begun
            order = self._order(before)
        source = self._idle.pop() if self._idle else self._flow._twin()
        source.batch_index = first
        source.total_batches_seen = before + first
        source.index_array = order if number else None
        warned: list[Caught] = []
        try:
            with collected(warned):
                block = source._block(count)
            issue(warned, self._place)
            assert source.index_array is not None
            return source.index_array, before, block
        finally:
            source.index_array = None
            self._idle.append(source)

    def _order(self, before: int) -> NDArray[np.int64]:
        """Returns the order of a pass, with a seed that which its first batch has."""
        source = self._flow._twin()
        source.total_batches_seen = before
        source._next_random()
        source._set_index_array()
        assert source.index_array is not None
        return source.index_array


def tf_dataset(flow: Iterator) -> Any:
    """Returns an iterator's batches as a `tf.data.Dataset`; see `Iterator.to_tf_dataset`.

    Args:
        flow: The iterator.

    Returns:
        A `tf.data.Dataset`.

    Raises:
        ImportError: If TensorFlow cannot be imported.
        TypeError: If TensorFlow has no dtype for an array of the batches.
    """
    tf = _tensorflow()
    template = flow._template()

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
    layout = _layout(flow, template)
    blocks = _Blocks(flow, layout)
    # TensorFlow keeps what a Python function refers to until the process ends. It must not be the
    # images: they live as long as a data set, or an iterator, that is made from these numbers.
    held = weakref.ref(blocks)

    def make(number: Any, order: Any, before: Any) -> tuple[Any, ...]:
        found = held()
        if found is None:
            raise ReferenceError("the data set that `to_tf_dataset` returned is gone")
        order, before, block = found.make(int(number), order, int(before))
        # TensorFlow takes the bytes of an array of the other byte order as they are.
        parts = map_arrays(lambda array: array.astype(_native(array), copy=False), block)
        return order, np.int64(before), *tf.nest.flatten(parts)

    def scan(state: Any, number: Any) -> Any:
        order, before, *parts = tf.numpy_function(
            make, [number, *state], [tf.int64, tf.int64, *(leaf.dtype for leaf in leaves)]
        )
        order.set_shape((None,))
        before.set_shape(())
        for part, leaf in zip(parts, leaves, strict=True):
            part.set_shape(leaf.shape)
        return (order, before), tf.nest.pack_sequence_as(signature, parts)

    def split(*parts: Any) -> Any:
        block = parts if isinstance(signature, tuple) else parts[0]
        return tf.data.Dataset.from_tensor_slices(block)

    numbers = tf.data.Dataset.range(len(layout))
    numbers._blocks = blocks
    start = (tf.zeros((0,), tf.int64), tf.zeros((), tf.int64))
    batches = numbers.scan(start, scan).prefetch(1).flat_map(split)
    return batches.apply(tf.data.experimental.assert_cardinality(len(flow))).prefetch(2)
