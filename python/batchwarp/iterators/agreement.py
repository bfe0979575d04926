"""Whether processes that train together have flows that are parts of the same batches.

Nobody waits for anybody: the first process that asks a flow for a batch leaves a description of it
in the store that all processes have, and each of the others compares its own with that. So a flow
that only some of the processes read hangs nothing.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any, ClassVar, NamedTuple, Protocol

from batchwarp._warnings import warn
from batchwarp.augment.settings import FITTED
from batchwarp.iterators import fingerprints
from batchwarp.iterators.resume import ResumableIterator

__all__ = ["AgreeingIterator", "check_alike"]

# Computed from the images by each process, and so perhaps not the same in the last bits.
_STATISTICS = tuple(attribute for _, attribute in FITTED)
_PATIENCE = 60_000  # milliseconds to read what is known to be there


class _Store(Protocol):
    """What all processes can read and write."""

    def first(self, key: str, text: str) -> str:
        """Returns the text under a key, which is this one if there was none."""
        ...


class _Together(NamedTuple):
    """The processes that train together.

    Attributes:
        rank: Integer, which one this is.
        size: Integer, how many there are.
        store: What they share.
    """

    rank: int
    size: int
    store: _Store


class AgreeingIterator(ResumableIterator):
    """Base class of iterators, whose shards are compared with those of other processes."""

    _transient: ClassVar[frozenset[str]] = ResumableIterator._transient | {"_unchecked"}

    # By what name other processes know this iterator, until it has been compared.
    _unchecked: str | None = None

    def _make_transient(self, started: bool) -> None:
        super()._make_transient(started)
        # A copy, such as one in a worker process, has nobody to compare itself with.
        self._unchecked = None if started or self._shard.count == 1 else _name()

    def _after_fork(self) -> None:
        """Leaves it to the parent, whose connection the child must not use."""
        super()._after_fork()
        self._unchecked = None

    def check_agreement(self) -> None:
        """Compares a shard with those of the other processes, once, where they share a store.

        That is where `torch.distributed` is initialized or JAX has several processes, as many as
        there are shards.

        Raises:
            ValueError: If seed, sizes, settings or data are others than in the first process that
                got here, or another process has the same shard.
        """
        if self._unchecked is None:
            return
        together = _of_torch() or _of_jax()
        with self.lock:
            name = self._unchecked
            if name is None or together is None or together.size != self._shard.count:
                return
            try:
                self._compare(f"batchwarp/{name}", together)
            except RuntimeError as error:
                warn(
                    f"A flow could not be compared with those of the other processes: {error}",
                    RuntimeWarning,
                )
            self._unchecked = None

    def _compare(self, name: str, together: _Together) -> None:
        """Raises `ValueError` as `check_agreement` does, and `RuntimeError` if the store fails."""
        rank, shard = together.rank, self._shard
        own = self.described_alike()
        text = together.store.first(name, json.dumps({"rank": rank, "described": own}))
        first = json.loads(text)
        check_alike(own, rank, first["described"], first["rank"])
        taker = int(together.store.first(f"{name}/{shard.index}", str(rank)))
        if taker != rank:
            raise ValueError(
                "`shard` should be another one in each process. Received: "
                f"{(shard.index, shard.count)} in process {rank}, and in process {taker}"
            )

    def described_alike(self) -> dict[str, dict[str, Any]]:
        """Returns what all processes that train together should have alike, for JSON."""
        try:
            generator = fingerprints.of_generator(getattr(self, "image_data_generator", None))
        except ValueError:  # it has something that cannot be described
            generator = {}
        for name in _STATISTICS:
            if generator.get(name) is not None:
                generator[name] = True
        return {
            "flow": self._flow_described(),
            "generator": generator,
            "data set": self._data_described(),
        }


def check_alike(
    own: Mapping[str, Mapping[str, Any]],
    rank: int,
    other: Mapping[str, Mapping[str, Any]],
    other_rank: int,
) -> None:
    """Checks that flows of two processes are parts of the same batches.

    Args:
        own: What `described_alike` has returned in this process.
        rank: Integer, which process this is.
        other: What it has returned in another one.
        other_rank: Integer, which one that is.

    Raises:
        ValueError: If they are not, with what differs.
    """
    own = json.loads(json.dumps(own))  # tuples are lists there
    for part, values in own.items():
        others = other[part]
        for name in {**values, **others}:
            value, theirs = values.get(name), others.get(name)
            if value != theirs:
                what = ", by fingerprints" if part == "data set" else ""
                raise ValueError(
                    f"`{name}` of the {part} should be the same in all processes{what}. "
                    f"Received: {value!r} in process {rank}, and {theirs!r} in process {other_rank}"
                )


_numbers: dict[str, Iterator[int]] = {}


def _name() -> str:
    """Returns a name for an iterator that is being made, the same one in all processes.

    They run one program, but perhaps not all of it: so it is named after the lines that are being
    run, and not after how many there were before.
    """
    lines = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        lines.append(f"{os.path.basename(code.co_filename)}:{frame.f_lineno} {code.co_name}")
        frame = frame.f_back
    place = fingerprints.fingerprint(lines)
    return f"{place}/{next(_numbers.setdefault(place, itertools.count()))}"


class _TorchStore:
    """The store by which the processes of `torch.distributed` have found each other."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def first(self, key: str, text: str) -> str:
        found: bytes = self._store.compare_set(key, "", text)
        return found.decode()


class _JaxStore:
    """The store of JAX's coordination service."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def first(self, key: str, text: str) -> str:
        try:
            self._client.key_value_set(key, text)
        except RuntimeError as error:
            if "ALREADY_EXISTS" not in str(error):
                raise
        found: str = self._client.blocking_key_value_get(key, _PATIENCE)
        return found


def _of_torch() -> _Together | None:
    distributed: Any = sys.modules.get("torch.distributed")
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return None
    store = distributed.distributed_c10d._get_default_store()
    if store is None:  # with MPI
        return None
    rank, size = distributed.get_rank(), distributed.get_world_size()
    return _Together(int(rank), int(size), _TorchStore(store))


def _of_jax() -> _Together | None:
    """Returns JAX's processes; nothing is computed by them, nor are devices looked for."""
    state: Any = getattr(sys.modules.get("jax._src.distributed"), "global_state", None)
    if state is None or state.client is None:
        return None
    return _Together(int(state.process_id), int(state.num_processes), _JaxStore(state.client))
