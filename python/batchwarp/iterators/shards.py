"""Which samples of each batch one of several processes makes."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchwarp._arguments import boolean, integer

__all__ = ["Shard", "is_part_of_process", "one_shard"]


@dataclass(frozen=True)
class Shard:
    """One of the parts, of equal size, that the batches of a pass have.

    All parts have as many batches. Side by side, those of one step are the batch that one process
    would make of `batch_size` times `count`: the part `index` has the samples from
    `index * batch_size` on. Where samples do not suffice for all parts of the last step, it has
    smaller batches, of equal size for all parts; what is missing to that is filled up with the
    first samples of the pass, as PyTorch's `DistributedSampler` does.

    Attributes:
        index: Integer, which part.
        count: Integer, how many there are.
        drop_remainder: Boolean, whether to leave out the last step, if samples do not suffice for
            it.
    """

    index: int = 0
    count: int = 1
    drop_remainder: bool = False

    def batches(self, n: int, batch_size: int) -> int:
        """Returns how many batches a pass over `n` samples has, for each part."""
        if not n:
            return 0
        size = batch_size * self.count
        return n // size if self.drop_remainder else -(-n // size)

    def samples(self, n: int, batch_size: int) -> int:
        """Returns how many samples a part has in a pass over `n`, those that fill up included."""
        if not n or (self.count == 1 and not self.drop_remainder):
            return n
        whole, rest = divmod(n, batch_size * self.count)
        return whole * batch_size + (0 if self.drop_remainder else -(-rest // self.count))

    def part(self, order: NDArray[np.int64], start: int, batch_size: int) -> NDArray[np.int64]:
        """Returns the samples of a batch.

        Args:
            order: Array `(n,)`, all samples in the order of the pass.
            start: Integer, how many samples of this part come before.
            batch_size: Integer.
        """
        samples, first, size = self.part_of(order, start, batch_size)
        return samples[first : first + size]

    def part_of(
        self, order: NDArray[np.int64], start: int, batch_size: int
    ) -> tuple[NDArray[np.int64], int, int]:
        """Returns what the samples of a batch are a part of.

        Args:
            order: As of `part`.
            start: As of `part`.
            batch_size: As of `part`.

        Returns:
            Tuple of an array, from where on they are in it, and how many they are.
        """
        n = len(order)
        size = min(batch_size, self.samples(n, batch_size) - start)
        first = start if self.count == 1 else start * self.count + self.index * size
        if first + size <= n:
            return order, first, size
        return order[np.arange(first, first + size) % n], 0, size

    def number(self, batch: int) -> int:
        """Returns which one among the batches of all parts a batch of this part is."""
        return batch * self.count + self.index

    def first_number(self, batch: int) -> int:
        """Returns which one among those of all parts the same batch of the first part is."""
        return batch * self.count


def one_shard(shard: Any, drop_remainder: Any) -> Shard:
    """Returns the part that a user has asked for.

    Args:
        shard: Pair of integers, which part and how many; `"auto"` for those of the process; `None`
            for the whole. A `Shard` is taken as it is.
        drop_remainder: Boolean.

    Raises:
        ValueError: If an argument is not as above.
    """
    if isinstance(shard, Shard):
        return shard
    drops = boolean("drop_remainder", drop_remainder)
    if shard is None:
        return Shard(drop_remainder=drops)
    if isinstance(shard, str) and shard == "auto":
        return Shard(*_of_process(), drops)
    try:
        index, count = shard
        count = integer("shard[1]", count, 1)
        index = integer("shard[0]", index, 0, count - 1)
    except (TypeError, ValueError):
        raise ValueError(
            "`shard` should be a pair (index, count) of integers with 0 ≤ index < count, or "
            f'"auto". Received: {shard!r}'
        ) from None
    return Shard(index, count, drops)


def is_part_of_process(asked: int, length: int) -> bool:
    """Whether a caller that asks each process for every so manieth batch has asked for its part.

    Keras 3.16 does that where `keras.distribution` has several processes. Whether it leaves out the
    batches of a last step that not all processes have a part of does not matter.

    Args:
        asked: Integer, whose bits are the positions that have been asked for.
        length: Integer, how many there are.
    """
    try:
        index, count = _of_process()
    except ValueError:  # then nobody can tell
        return False
    if count == 1:
        return False
    whole = length - length % count
    return asked in {
        sum(1 << position for position in range(index, end, count)) for end in (whole, length)
    } - {0}


def _of_process() -> tuple[int, int]:
    """Returns the number of this process among those that train together, and theirs.

    Only libraries that the program has imported are asked: whoever trains with one has done so.

    Raises:
        ValueError: If two of them say something else.
    """
    found = {
        name: place
        for name, place in (
            ("Ray", _of_ray()),
            ("torch.distributed", _of_torch()),
            ("JAX", _of_jax()),
            ("RANK and WORLD_SIZE", _of_environment()),
        )
        if place is not None
    }
    if len(set(found.values())) > 1:
        said = ", ".join(f"{name} {index} of {count}" for name, (index, count) in found.items())
        raise ValueError(
            f'`shard="auto"` cannot tell which process this is: it is {said}. Pass (index, count)'
        )
    return next(iter(found.values()), (0, 1))


def _of_ray() -> tuple[int, int] | None:
    train = sys.modules.get("ray.train")
    if train is None:
        return None
    try:
        context = train.get_context()
    except RuntimeError:  # as in the program that starts workers and is none
        return None
    size = context.get_world_size()
    return None if size is None else (int(context.get_world_rank()), int(size))


def _of_torch() -> tuple[int, int] | None:
    distributed: Any = sys.modules.get("torch.distributed")
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return None
    return int(distributed.get_rank()), int(distributed.get_world_size())


def _of_jax() -> tuple[int, int] | None:
    """Returns the place among JAX's processes, which `keras.distribution` goes by, too."""
    jax: Any = sys.modules.get("jax")
    if jax is None or not jax.distributed.is_initialized():
        return None
    return int(jax.process_index()), int(jax.process_count())


def _of_environment() -> tuple[int, int] | None:
    """Returns what `torchrun` and others tell the processes that they start."""
    rank, size = os.environ.get("RANK", ""), os.environ.get("WORLD_SIZE", "")
    if not (rank.isdecimal() and size.isdecimal()) or int(rank) >= int(size):
        return None
    return int(rank), int(size)
