"""Flows of processes that train together say so if they are no parts of the same batches."""

from __future__ import annotations

import copy
import os
import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from batchwarp import ImageDataGenerator

X = np.random.default_rng(0).integers(0, 256, (12, 6, 5, 3), dtype=np.uint8)
Y = np.arange(12)


class Store:
    """A store as of `torch.distributed`, which all processes have."""

    def __init__(self):
        self.texts = {}
        self.error = None

    def compare_set(self, key, expected, desired):
        assert expected == ""
        if self.error is not None:
            raise self.error
        return self.texts.setdefault(key, desired).encode()


class Client:
    """A client of JAX's coordination service, which all processes have."""

    def __init__(self):
        self.texts = {}

    def key_value_set(self, key, value):
        if key in self.texts:
            raise RuntimeError(f"ALREADY_EXISTS: key {key} already exists.")
        self.texts[key] = value

    def blocking_key_value_get(self, key, timeout):
        assert timeout > 0
        return self.texts[key]


class Processes:
    """Lets this process be several ones, one after the other."""

    def __init__(self, library, monkeypatch):
        self.library, self.patch = library, monkeypatch
        self.store, self.client = Store(), Client()

    def run(self, make, read=next, rank=0, count=2):
        """Has a process make a flow and read it; the same lines run in all of them."""
        if self.library == "torch":
            self.patch.setitem(sys.modules, "torch.distributed", self._torch(rank, count))
        else:
            state = SimpleNamespace(client=self.client, process_id=rank, num_processes=count)
            self.patch.setitem(
                sys.modules, "jax._src.distributed", SimpleNamespace(global_state=state)
            )
        # Each process counts by itself.
        self.patch.setattr("batchwarp.iterators.agreement._numbers", {})
        return read(make(rank))

    def _torch(self, rank, count):
        return SimpleNamespace(
            is_available=lambda: True,
            is_initialized=lambda: True,
            get_rank=lambda: rank,
            get_world_size=lambda: count,
            distributed_c10d=SimpleNamespace(_get_default_store=lambda: self.store),
        )

    def texts(self):
        return self.store.texts or self.client.texts

    def all(self, make, read=next, count=2):
        for rank in range(count):
            self.run(make, read, rank, count)


@pytest.fixture(params=["torch", "jax"])
def processes(request, monkeypatch):
    for name in ("torch.distributed", "jax._src.distributed"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return Processes(request.param, monkeypatch)


@pytest.fixture
def two(monkeypatch):
    monkeypatch.delitem(sys.modules, "jax._src.distributed", raising=False)
    return Processes("torch", monkeypatch)


def flow(rank, of=None, x=X, y=Y, **options):
    of = of or ImageDataGenerator(rotation_range=30, draws="keyed")
    return of.flow(x, y, **{"batch_size": 3, "seed": 5, "shard": (rank, 2)} | options)


def test_processes_that_agree(processes):
    processes.all(flow)
    assert len(processes.texts()) == 3  # what the flow is, and who has which shard
    processes.all(lambda rank: flow(rank, seed=6))
    assert len(processes.texts()) == 6


OTHERS = {
    "seed": (lambda: {"seed": 6}, "`seed` of the flow .*Received: 6 in process 1, and 5 in"),
    "batch size": (lambda: {"batch_size": 2}, "`batch_size` of the flow .* 2 .* 1, and 3 in"),
    "shuffle": (lambda: {"shuffle": False}, "`shuffle` of the flow should be the same in all"),
    "remainder": (lambda: {"drop_remainder": True}, "`drop_remainder` of the flow should be"),
    "number": (lambda: {"x": X[:11], "y": Y[:11]}, "`samples` of the flow should be the same"),
    "images": (lambda: {"x": X[::-1]}, "`images` of the data set .* all processes, by fingerp"),
    "labels": (lambda: {"y": Y[::-1]}, "`labels` of the data set should be the same in all"),
    "weights": (lambda: {"sample_weight": Y}, "`sample_weight` of the data set should be the"),
    "draws": (lambda: {"of": ImageDataGenerator(rotation_range=30)}, "`draws` of the flow should"),
    "settings": (
        lambda: {"of": ImageDataGenerator(rotation_range=20, draws="keyed")},
        r"`rotation_range` of the generator .* 20.* in process 1, and 30.* in process 0",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_processes_that_do_not_agree(processes, name):
    options, message = OTHERS[name]
    with pytest.raises(ValueError, match=message):
        processes.all(lambda rank: flow(rank, **(options() if rank else {})))


READERS = {
    "next": next,
    "position": lambda made: made[-1],
    "ahead": lambda made: next(made),
    "data set": lambda made: next(iter(made.to_tf_dataset())),
}


@pytest.mark.parametrize("way", READERS)
def test_whoever_asks(two, way):
    options = {"prefetch": 2} if way == "ahead" else {}
    refused = []

    def read(made):
        if made.seed == 5:
            return READERS[way](made)
        for _ in range(2):  # a batch of it never comes
            with pytest.raises(Exception, match="`seed` of the flow should be the same") as caught:
                READERS[way](made)
            refused.append(caught)
        return None

    two.all(lambda rank: flow(rank, **options, seed=5 + rank), read)
    assert len(refused) == 2


def test_files(two, tmp_path):
    for rank in range(2):
        for name in ("a/1.png", "b/2.png", f"b/{rank + 3}.png"):
            path = tmp_path / str(rank) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(X[0]).save(path)

    def of_folder(rank, name):
        return ImageDataGenerator(draws="keyed").flow_from_directory(
            tmp_path / name, target_size=(6, 5), batch_size=1, seed=1, shard=(rank, 2)
        )

    two.all(lambda rank: of_folder(rank, "0"))
    with pytest.raises(ValueError, match="`files` of the data set should be the same in all"):
        two.all(lambda rank: of_folder(rank, str(rank)))


def test_a_shard_that_two_have(processes):
    message = r"`shard` should be another one .* \(0, 2\) in process 1, and in process 0"
    with pytest.raises(ValueError, match=message):
        processes.all(lambda _: flow(0))


def test_flows_that_only_some_processes_make_are_compared_with_none(two):
    def program(rank):
        if rank == 0:
            next(flow(rank, seed=1))  # with a look at it
        return flow(rank)

    two.all(program)
    assert len(two.texts()) == 5


def test_what_is_no_part_of_these_processes_is_not_compared(processes):
    processes.all(lambda rank: flow(rank, shard=None, seed=rank))
    processes.all(lambda rank: flow(rank % 2, seed=rank), count=4)  # of two groups of two
    assert processes.texts() == {}


def test_statistics_may_differ_in_their_last_bits(two):
    def centred(fit):
        made = ImageDataGenerator(rescale=0.5, draws="keyed")
        made.featurewise_center = True
        if fit:
            made.fit(X)
        return made

    def fitted(rank):
        made = centred(fit=True)
        made.mean = np.nextafter(made.mean, np.float32(rank * 1000))
        return flow(rank, made)

    two.all(fitted)
    with pytest.raises(ValueError, match="`mean` of the generator should be the same"):
        two.all(lambda rank: flow(rank, centred(fit=rank == 0)))


def test_copies_and_children_leave_it_to_their_parent(two):
    def by_others(made):
        next(copy.copy(made))
        next(pickle.loads(pickle.dumps(made)))
        assert two.texts() == {}
        next(made)
        assert len(two.texts()) == 2

    two.run(flow, by_others)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forked children")
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_forked_child_does_not_use_the_connection(two):
    def in_a_child(made):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                next(made)
                code = len(two.texts())
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        next(made)
        assert len(two.texts()) == 2

    two.run(flow, in_a_child)


def test_a_store_that_fails_is_a_warning(two):
    two.store.error = RuntimeError("Connection reset by peer")
    with pytest.warns(RuntimeWarning, match="could not be compared .*: Connection reset by peer"):
        images, _ = two.run(flow)
    assert len(images) == 3


def test_a_process_group_without_a_store(two):
    two.store = None
    assert len(two.run(flow)[0]) == 3


def test_a_group_that_is_made_after_the_first_batch(two):
    made = flow(0)
    next(made)
    two.run(lambda _: made)
    assert len(two.texts()) == 2
