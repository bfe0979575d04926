"""Flows as data sets: of whole batches, and of samples."""

from __future__ import annotations

import copy
from collections.abc import Iterator as Iterable
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from batchwarp._arguments import boolean, integer
from batchwarp.iterators.parts import PartedIterator
from batchwarp.runtime import get_num_threads, set_num_threads
from batchwarp.torch.epochs import BatchEpochs, SampleEpochs
from batchwarp.torch.tensors import as_tensors, mapped

__all__ = ["Dataset", "IterableDataset"]

_shares_threads = False  # whether this process, a worker, has taken its part of them


def _library(name: str) -> Any:
    """Returns PyTorch, or says who needs it."""
    try:
        import torch
        import torch.utils.data
    except ImportError as error:
        raise ImportError(
            f"`batchwarp.torch.{name}` needs PyTorch, which cannot be imported: `pip install torch`"
        ) from error
    return torch


def _unpickled(cls: type[Any], state: dict[str, Any]) -> Any:
    make: Any = cls.__new__
    dataset = make(cls)
    vars(dataset).update(state)
    return dataset


class _OfFlow:
    """A base class whose instances are of the class of that name in `torch.utils.data`, too.

    That class is derived when the first one is made, so that importing this needs no PyTorch.
    """

    _base: ClassVar[str]

    flow: Any
    pin_memory: bool

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:  # noqa: ARG004 - they are for __init__
        """Makes an instance of the class that is PyTorch's, too."""
        base = getattr(_library(cls.__name__).utils.data, cls._base)
        made: Any = cls
        if not issubclass(cls, base):
            made = cls.__dict__.get("_derived")
            if made is None:
                names = {"__doc__": cls.__doc__, "__module__": cls.__module__, "_plain": cls}
                made = type(cls.__name__, (cls, base), names)
                cls._derived = made
        instance: Self = object.__new__(made)
        return instance

    def __reduce__(self) -> tuple[Any, ...]:
        cls = type(self)
        return _unpickled, (cls.__dict__.get("_plain", cls), vars(self).copy())

    def _keep(self, flow: Any, pin_memory: Any) -> None:
        if not isinstance(flow, PartedIterator):
            raise TypeError(
                "`flow` should be an iterator as from `ImageDataGenerator.flow`. "
                f"Received: {type(flow).__name__}"
            )
        if hasattr(flow, "framework"):
            raise TypeError(
                "`flow` should be of the processor: one of a device makes tensors by itself, as "
                '`flow(…, device="cuda", framework="torch")`'
            )
        self.flow = flow
        self.pin_memory = boolean("pin_memory", pin_memory)

    def _tensors(self, batch: Any) -> Any:
        torch = _library(type(self).__name__)
        pins = (
            self.pin_memory
            and torch.utils.data.get_worker_info() is None  # memory goes to another process first
            and torch.cuda.is_available()
        )
        return as_tensors(self.flow, batch, pins)


class IterableDataset(_OfFlow):
    """A `torch.utils.data.IterableDataset` of the batches of a flow.

    It yields whole batches: iterate over it, or pass it to a `DataLoader` with `batch_size=None`.
    With any number of workers, persistent or not, an epoch has the batches of a pass of the flow in
    the flow's order; each worker makes every so manieth of them. Epochs are counted across workers.
    The first one is the rest of a pass, if the flow is in the middle of it, as after
    `load_state_dict`.

    Worker processes cost their start and a copy of each batch. A flow works on all processors
    without them, and with `prefetch` while the model does: workers pay where functions in Python
    are the greater part of the work. They share the processors among themselves.

    Args:
        flow: Iterator as from `ImageDataGenerator.flow` and its siblings. For workers it needs a
            `seed`, or a generator with `draws="keyed"`.
        pin_memory: Boolean, whether tensors shall be in pinned memory, from which copies to a card
            go on while the program does, where there is CUDA. With workers, `DataLoader` has an
            argument of the same name.

    Yields:
        Batches as of the flow, of tensors: images and masks `(n, channels, height, width)` in the
        memory of the batch, so with strides of `torch.channels_last` unless the generator's
        `data_format` is `"channels_first"`; labels that are integers, and those of
        `class_mode="sparse"`, of int64.

    Raises:
        ImportError: If PyTorch cannot be imported.
        TypeError: If `flow` is no such iterator.
        ValueError: If there are workers, and nothing that says which numbers all of them draw.

    Example:
        >>> flow = ImageDataGenerator().flow(np.zeros((6, 8, 8, 3)), np.arange(6), 3, seed=1)
        >>> for images, labels in IterableDataset(flow):
        ...     print(tuple(images.shape), labels.dtype)
        (3, 3, 8, 8) torch.int64
        (3, 3, 8, 8) torch.int64
    """

    _base: ClassVar[str] = "IterableDataset"

    def __init__(self, flow: Any, *, pin_memory: bool = False) -> None:
        self._keep(flow, pin_memory)
        self.flow.check_agreement()  # workers cannot
        self._epochs = BatchEpochs(self.flow.latest_pass)

    def __len__(self) -> int:
        """Returns the number of batches of an epoch."""
        return len(self.flow)

    def set_epoch(self, epoch: int) -> None:
        """Has the next iteration be the epoch with this number, in workers, too.

        Without it, each iteration is the next epoch. Call it between epochs.

        Args:
            epoch: Integer of at least 0, the number of a pass of the flow.

        Raises:
            ValueError: If it is not as above.
        """
        self._epochs.set(integer("epoch", epoch, 0))

    def __iter__(self) -> Iterable[Any]:
        worker = _library("IterableDataset").utils.data.get_worker_info()
        if worker is None:
            self._go_to_epoch(self.flow, 0, 0)
            left = len(self.flow) - self.flow.batch_index
            return (self._tensors(next(self.flow)) for _ in range(left))
        if not self.flow.draws_alike_everywhere:
            raise ValueError(
                "`seed` of the flow should be an integer, or `draws` of its generator "
                '"keyed", where worker processes make the batches: their numbers are the same '
                f"ones then. Received: None with {worker.num_workers} workers"
            )
        _take_part_of_threads(worker.num_workers)
        twin = copy.copy(self.flow)
        self._go_to_epoch(twin, worker.id, worker.seed - worker.id)
        return map(self._tensors, twin.every(worker.id, worker.num_workers))

    def _go_to_epoch(self, flow: PartedIterator, worker: int, seed: int) -> None:
        """Moves a flow to the beginning of the next epoch; the first one may be under way."""
        number, is_first = self._epochs.begin(worker, seed)
        if not is_first or not flow.batch_index:
            flow.begin_pass(number)


class Dataset(_OfFlow):
    """A `torch.utils.data.Dataset` of the samples of a flow, augmented by key.

    For loops that choose samples by a sampler: `DataLoader(dataset, batch_size=…, shuffle=…,
    num_workers=…)`. What happens to a sample depends on the seed, the epoch and the sample alone,
    so no sampler, batch size or worker makes a difference. The flow's own `batch_size`, `shuffle`
    and `prefetch` have no part in it.

    Samples that a `DataLoader` asks for together are made in one call, on all processors.

    Args:
        flow: Iterator as from `ImageDataGenerator.flow` and its siblings, of a generator with
            `draws="keyed"`, and not of a shard, which a `DistributedSampler` chooses here.
        pin_memory: As of `IterableDataset`.

    Raises:
        ImportError: If PyTorch cannot be imported.
        TypeError: If `flow` is no such iterator.
        ValueError: If the flow's draws are not keyed, or it is of a shard.

    Example:
        >>> flow = ImageDataGenerator(draws="keyed").flow(
        ...     np.zeros((6, 8, 8, 3), np.uint8), np.arange(6), batch_size=3, seed=1
        ... )
        >>> len(Dataset(flow))
        6
    """

    _base: ClassVar[str] = "Dataset"

    def __init__(self, flow: Any, *, pin_memory: bool = False) -> None:
        self._keep(flow, pin_memory)
        if not flow.draws_by_key:
            raise ValueError(
                '`flow` should be of a generator with `draws="keyed"`: others draw by the place of '
                "a sample in its batch"
            )
        if flow.is_of_a_shard:
            raise ValueError(
                "`flow` should be of all samples, of which a `DistributedSampler` gives each "
                "process its own. Received: one with a `shard`"
            )
        self._epochs = SampleEpochs(flow.latest_pass, flow.n)

    def __len__(self) -> int:
        """Returns the number of samples."""
        return int(self.flow.n)

    def set_epoch(self, epoch: int) -> None:
        """Has samples be augmented as in the epoch with this number, in workers, too.

        Without it, a sample is in the next epoch each time that it is asked for, which is the same
        if all of them are asked for once in each. Call it between epochs.

        Args:
            epoch: Integer of at least 0.

        Raises:
            ValueError: If it is not as above.
        """
        self._epochs.set(integer("epoch", epoch, 0))

    def __getitem__(self, index: int) -> Any:
        """Returns a sample: what a batch has of it, as tensors without the axis of the batch.

        Raises:
            IndexError: If there is no such sample.
        """
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        """Returns samples, which are made together. `DataLoader` asks in this way.

        Args:
            indices: Sequence of integers.

        Returns:
            List of what `__getitem__` returns.

        Raises:
            IndexError: If there is no such sample.
        """
        worker = _library("Dataset").utils.data.get_worker_info()
        if worker is not None:
            _take_part_of_threads(worker.num_workers)
        samples = [self._existing(int(index)) for index in indices]
        together: dict[int, list[int]] = {}  # places in `indices`, by epoch
        for place, sample in enumerate(samples):
            together.setdefault(self._epochs.of(sample), []).append(place)
        made: list[Any] = [None] * len(samples)
        for epoch, places in together.items():
            rows = np.array([samples[place] for place in places], np.int64)
            batch = self._tensors(self.flow.made(rows, epoch))
            for row, place in enumerate(places):
                made[place] = _row_of(batch, row)
        return made

    def _existing(self, index: int) -> int:
        count = len(self)
        if not -count <= index < count:
            raise IndexError(f"Asked for sample {index} of {count}")
        return index % count


def _row_of(batch: Any, row: int) -> Any:
    return mapped(lambda array: array[row], batch)


def _take_part_of_threads(workers: int) -> None:
    """Leaves the other workers their part of the processors."""
    global _shares_threads
    if not _shares_threads:
        _shares_threads = True
        set_num_threads(max(1, get_num_threads() // workers))
