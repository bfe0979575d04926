"""Batches of arrays in one call each are those that are put together step by step."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import batchwarp
from batchwarp import _core, ops
from batchwarp.iterators.at_once import AtOnce, AtOnceIterator
from keras_reference import noise

N = 23
X, Y, WEIGHTS = noise((N, 6, 7, 3)), np.arange(N), np.linspace(0, 1, N)
NO_KEY = (0, 0, 0)
ARGUMENTS = {"rotation_range": 30, "channel_shift_range": 9.0, "horizontal_flip": True}


@pytest.fixture
def made(monkeypatch):
    """What was made in one call: first and count of each batch."""
    calls = []
    really_make = AtOnce.make

    def make(self, pool, order, first, count, *others):
        calls.append((first, count))
        return really_make(self, pool, order, first, count, *others)

    monkeypatch.setattr(AtOnce, "make", make)
    return calls


def flow(generator=None, **arguments):
    generator = generator or batchwarp.ImageDataGenerator(**ARGUMENTS)
    given = {"x": X, "y": Y, "batch_size": 5, "seed": 3} | arguments
    return generator.flow(given.pop("x"), given.pop("y"), **given)


def step_by_step(iterator):
    """Returns a flow that never makes batches in one call."""
    iterator._find_at_once = lambda _: None
    return iterator


def assert_same(one, other):
    ours, theirs = (batch if isinstance(batch, tuple) else (batch,) for batch in (one, other))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert (type(a), a.dtype, a.flags.c_contiguous) == (type(b), b.dtype, True)
        np.testing.assert_array_equal(a, b)


def assert_same_flows(one, other, count=12):
    for _ in range(count):
        assert_same(next(one), next(other))
        assert (one.batch_index, one.total_batches_seen) == (
            other.batch_index,
            other.total_batches_seen,
        )
        np.testing.assert_array_equal(one.index_array, other.index_array)


def generator(**arguments):
    return batchwarp.ImageDataGenerator(**ARGUMENTS | arguments)


def with_recipe(**arguments):
    given = {"rotation_range": 30, "horizontal_flip": True, "value_range": (0, 255)} | arguments
    return batchwarp.ImageDataGenerator(operations=RECIPE, **given)


RECIPE = [
    ops.RandomCrop((5, 6)),
    ops.Affine(zoom=0.2),
    ops.ColorJitter(0.2, 0.3),
    ops.Invert(p=0.5),
]
FLOWS = {
    "labels": {},
    "weights": {"sample_weight": WEIGHTS},
    "images alone": {"y": None},
    "images alone, with weights": {"y": None, "sample_weight": WEIGHTS},
    "in order": {"shuffle": False},
    "one batch": {"batch_size": 40},
    "whole batches": {"x": X[:20], "y": Y[:20]},
    "bytes": {"handover": "uint8"},
    "the largest seed": {"seed": 2**32 - 2**20},
    "drawn by key": {"generator": generator(draws="keyed"), "sample_weight": WEIGHTS},
    "drawn by key, in order": {"generator": generator(draws="keyed"), "shuffle": False},
    "a recipe": {"generator": with_recipe()},
    "a recipe alone": {"generator": with_recipe(rotation_range=0, horizontal_flip=False)},
    "a recipe by key": {"generator": with_recipe(draws="keyed")},
    "a recipe to bytes": {"generator": with_recipe(), "handover": "uint8"},
    "a recipe of bytes": {
        "generator": with_recipe(draws="keyed"),
        "x": X.astype(np.uint8),
    },
    "the second half": {
        "generator": with_recipe(draws="keyed", validation_split=0.4),
        "subset": "training",
        "ignore_class_split": True,
    },
    "the first half": {
        "generator": with_recipe(draws="keyed", validation_split=0.7),
        "subset": "validation",
        "ignore_class_split": True,
    },
    "the first of two shards": {"shard": (0, 2), "batch_size": 2},
    "the last of three": {"shard": (2, 3), "batch_size": 2, "sample_weight": WEIGHTS},
    "shards by key": {"shard": (1, 2), "batch_size": 2, "generator": generator(draws="keyed")},
    "shards with a recipe": {
        "shard": (1, 3),
        "batch_size": 2,
        "generator": with_recipe(),
    },
    "shards without the rest": {"shard": (1, 2), "batch_size": 3, "drop_remainder": True},
    "without the rest": {"batch_size": 4, "drop_remainder": True},
}


@pytest.mark.parametrize("arguments", FLOWS.values(), ids=FLOWS)
def test_batches_are_those_of_the_other_way(arguments, made):
    one, other = flow(**arguments), step_by_step(flow(**arguments))
    assert_same_flows(one, other)
    assert len(made) == 11  # all but the first, which finds out
    assert one.state_dict() == other.state_dict()
    one.on_epoch_end(), other.on_epoch_end()  # draws from what the latest batch has left
    np.testing.assert_array_equal(one.index_array, other.index_array)
    assert_same_flows(one, other)


def test_without_a_seed_numpys_state_is_behind_each_batch(made):
    states = []
    for change in (lambda it: it, step_by_step):
        np.random.seed(11)
        iterator, found = change(flow(seed=None)), []
        for _ in range(12):
            found.append(next(iterator))
            found.append(np.random.random_sample(3))  # in between, as users do
        iterator.on_epoch_end()
        states.append((found, np.random.get_state(legacy=False), iterator.index_array))
    assert made
    for one, other in zip(states[0][0], states[1][0], strict=True):
        assert_same(one, other)
    np.testing.assert_equal(states[0][1], states[1][1])
    np.testing.assert_array_equal(states[0][2], states[1][2])


LABELS = {
    "bytes": np.arange(N, dtype=np.uint8),
    "booleans": np.arange(N) % 3 == 0,
    "halves": np.arange(N, dtype=np.float16),
    "of another order": np.arange(N, dtype=">i4"),
    "complex": np.arange(N) * 1j,
    "strings": np.array([f"é{i}" for i in range(N)]),
    "byte strings": np.array([f"{i:02}" for i in range(N)], "S3"),
    "dates": np.arange(N).astype("datetime64[D]"),
    "records": np.array([(i, i / 2) for i in range(N)], "i2, f8"),
    "rows": np.arange(3 * N).reshape(N, 3),
    "rows of single precision": np.arange(2 * N, dtype=np.float32).reshape(N, 1, 2),
    "rows of nothing": np.empty((N, 0)),
    "masks": noise((N, 6, 7, 2)),
}
LEFT = {
    "objects": np.array([[i] if i % 2 else i for i in range(N)], object),
    "every other one": np.arange(2 * N)[::2],
    "columns": np.arange(3 * N).reshape(3, N).T,
}


@pytest.mark.parametrize("labels", [*LABELS.values(), *LEFT.values()], ids=[*LABELS, *LEFT])
def test_labels_of_any_kind(labels, made):
    iterator = flow(y=labels, sample_weight=WEIGHTS)
    for _ in range(7):
        position = iterator.batch_index
        _, y, weights = next(iterator)
        chosen = iterator.index_array[5 * position : 5 * position + 5]
        assert (type(y), y.dtype) == (type(iterator.y[chosen]), labels.dtype)
        np.testing.assert_array_equal(y, iterator.y[chosen])
        np.testing.assert_array_equal(weights, WEIGHTS[chosen])
        assert y.flags.writeable
        assert not np.may_share_memory(y, labels)
    assert bool(made) == any(labels is one for one in LABELS.values())


def own_standardize(x):
    return x + 1


class Overriding(batchwarp.ImageDataGenerator):
    def standardize(self, x):
        return x + 2


def change_class(it):
    it.image_data_generator.__class__ = Overriding


CHANGES = {
    "images": lambda it: setattr(it, "x", it.x[::-1]),
    "labels": lambda it: setattr(it, "y", it.y + 100),
    "labels in place": lambda it: it.y.__iadd__(100),
    "no labels": lambda it: setattr(it, "y", None),
    "weights": lambda it: setattr(it, "sample_weight", WEIGHTS + 1),
    "the seed": lambda it: setattr(it, "seed", 8),
    "the size": lambda it: setattr(it, "batch_size", 4),
    "more inputs": lambda it: it.x_misc.append(np.arange(N)),
    "a setting": lambda it: setattr(it.image_data_generator, "rescale", 0.5),
    "a setting in its dictionary": lambda it: vars(it.image_data_generator).update(rescale=0.5),
    "another generator": lambda it: setattr(
        it, "image_data_generator", batchwarp.ImageDataGenerator(rescale=3)
    ),
    "a list in place": lambda it: it.image_data_generator.zoom_range.__setitem__(0, 0.1),
    "an array in place": lambda it: it.image_data_generator.mean.__setitem__(0, 9),
    "a method": lambda it: setattr(it.image_data_generator, "standardize", own_standardize),
    "its class": change_class,
    "operations": lambda it: setattr(it.image_data_generator, "operations", [ops.Invert()]),
    "the place": lambda it: setattr(it, "batch_index", 3),
    "a place beyond": lambda it: setattr(it, "batch_index", 9),
    "the count": lambda it: setattr(it, "total_batches_seen", 77),
    "the order": lambda it: setattr(it, "index_array", np.arange(N)[::-1].copy()),
    "the order in place": lambda it: it.index_array.sort(),
    "a reset": lambda it: it.reset(),
    "a pass": lambda it: it.on_epoch_end(),
    "the number of passes": lambda it: setattr(it, "passes", 7),
    "what is drawn by key": lambda it: setattr(it.image_data_generator, "draws", "keyed"),
    "the subset": lambda it: setattr(it, "_subset", "validation"),
    "a batch by its position": lambda it: it[1],
    "a method of the flow": lambda it: setattr(
        it, "_get_batches_of_transformed_samples", lambda index_array: index_array
    ),
}


@pytest.mark.parametrize("draws", ["keras", "keyed"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_users_change_between_batches(change, draws, made):
    flows = []
    for finish in (lambda it: it, step_by_step):
        generator = batchwarp.ImageDataGenerator(
            **ARGUMENTS, zoom_range=[0.8, 1.2], featurewise_center=True, draws=draws
        )
        generator.mean = np.zeros(3, np.float32)
        flows.append(finish(flow(generator, y=Y.copy(), sample_weight=WEIGHTS)))
    one, other = flows
    assert_same_flows(one, other, 3)
    assert len(made) == 2
    change(one), change(other)
    for _ in range(9):
        ours, theirs = next(one), next(other)
        if one.x_misc:
            ours, theirs = (*ours[0], *ours[1:]), (*theirs[0], *theirs[1:])
        assert_same(ours, theirs)


@pytest.mark.parametrize("target", ["flow", "generator"])
def test_methods_that_are_given_to_a_class(target, monkeypatch, made):
    class Generator(batchwarp.ImageDataGenerator):
        pass

    iterator = flow(Generator(**ARGUMENTS))
    next(iterator), next(iterator)
    assert len(made) == 1
    if target == "generator":
        monkeypatch.setattr(
            Generator, "standardize", lambda _, x: np.full_like(x, 7), raising=False
        )
        assert (next(iterator)[0] == 7).all()
    else:
        monkeypatch.setattr(
            AtOnceIterator,
            "_get_batches_of_transformed_samples",
            lambda *_: "own",
            raising=False,
        )
        assert next(iterator) == "own"
    assert len(made) == 1


WAYS = {
    "from the stream": {},
    "by key": {"generator": generator(draws="keyed")},
    "a recipe": {"generator": with_recipe()},
    "a shard": {"shard": (1, 2), "generator": with_recipe(), "batch_size": 3},
}


@pytest.mark.parametrize("arguments", WAYS.values(), ids=WAYS)
def test_batches_by_their_positions(arguments, made):
    one, other = flow(**arguments), step_by_step(flow(**arguments))
    for position in (0, 3, -1, 2, np.int64(1), 2):
        assert_same(one[position], other[position])
        assert one.total_batches_seen == other.total_batches_seen
    assert len(made) == 5
    one.on_epoch_end(), other.on_epoch_end()
    assert one.passes == other.passes
    assert_same_flows(one, other)
    assert one.passes == other.passes


@pytest.mark.parametrize("arguments", WAYS.values(), ids=WAYS)
def test_states_between_batches_by_their_positions(arguments, made):
    one, other = flow(**arguments), step_by_step(flow(**arguments))
    for _ in range(2):
        for position in range(len(one)):
            assert_same(one[position], other[position])
            assert one.state_dict() == other.state_dict()
        one.on_epoch_end(), other.on_epoch_end()
        assert one.passes == other.passes
    assert len(made) >= 2 * len(one) - 1


def test_a_position_that_there_is_not_moves_nothing(made):
    iterator = flow()
    iterator[0]
    before = iterator.state_dict()
    for position in (len(iterator), -len(iterator) - 1):
        with pytest.raises(ValueError, match=f"Asked to retrieve element {position}, "):
            iterator[position]
    assert iterator.state_dict() == before


@pytest.mark.parametrize("recipe", [[], RECIPE])
def test_numpys_state_is_left_alone_where_all_is_drawn_by_key(recipe, made):
    own = generator(draws="keyed", value_range=(0, 255), channel_shift_range=0, operations=recipe)
    one, other = flow(own, seed=None), step_by_step(flow(own, seed=None))
    other._key = one._key
    before = np.random.get_state(legacy=False)
    assert_same_flows(one, other)
    np.testing.assert_equal(np.random.get_state(legacy=False), before)
    assert len(made) == 11


MORE = {
    "mixing": {
        "generator": batchwarp.ImageDataGenerator(operations=[ops.MixUp()]),
        "y": np.eye(N),
    },
    "masks": {"masks": (X[..., :1] > 99).astype(np.uint8)},
}


@pytest.mark.parametrize("arguments", MORE.values(), ids=MORE)
def test_what_is_more_than_images_and_labels_goes_the_other_way(arguments, made):
    one, other = flow(**arguments), step_by_step(flow(**arguments))
    for _ in range(7):
        ours, theirs = next(one), next(other)
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_equal(a, b)
    assert not made


@pytest.mark.parametrize("copied", [copy.copy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies_go_on_by_themselves(copied, made):
    one, other = flow(), step_by_step(flow())
    assert_same_flows(one, other, 3)
    twin = copied(one)
    assert_same_flows(twin, copy.copy(other), 6)
    assert_same_flows(one, other, 6)
    one.on_epoch_end(), other.on_epoch_end()
    assert_same_flows(copied(one), copy.copy(other), 7)
    assert len(made) > 15


@pytest.mark.parametrize("arguments", WAYS.values(), ids=WAYS)
def test_batches_that_were_made_ahead(arguments, made):
    one, other = flow(prefetch=2, **arguments), step_by_step(flow(**arguments))
    for _ in range(9):
        assert_same(next(one), next(other))
    one.prefetch = 0
    assert_same_flows(one, other, 7)
    one.on_epoch_end(), other.on_epoch_end()
    assert_same_flows(one, other, 7)
    assert made


@pytest.mark.parametrize("arguments", WAYS.values(), ids=WAYS)
def test_flows_go_on_from_states_in_the_middle_of_a_pass(arguments, made):
    one, other, whole = flow(**arguments), flow(**arguments), step_by_step(flow(**arguments))
    for _ in range(7):
        next(one), next(whole)
    assert one.state_dict() == whole.state_dict()
    other.load_state_dict(one.state_dict())
    assert_same_flows(one, whole)
    fresh = step_by_step(flow(**arguments))
    for _ in range(7):
        next(fresh)
    assert_same_flows(other, fresh)
    assert made


class Refusing(list):
    """A list that an exception comes out of, as Ctrl-C does, before or after it has grown."""

    grows = False

    def append(self, value):
        if self.grows:
            super().append(value)
        raise KeyboardInterrupt


@pytest.mark.parametrize("by_position", [False, True])
@pytest.mark.parametrize("grows", [False, True])
def test_a_batch_that_was_interrupted_is_still_the_next(grows, by_position):
    one, other = flow(), flow()
    if by_position:
        for position in range(3):
            assert_same(one[position], other[position])
    else:
        assert_same_flows(one, other, 3)
    reading, before = one._reading, (one.batch_index, one.total_batches_seen, one._random)
    asked = Refusing(reading.asked)
    asked.grows = grows
    one._reading = reading._replace(asked=asked)
    with pytest.raises(KeyboardInterrupt):
        one[3] if by_position else next(one)
    assert list(asked) == reading.asked
    assert (one.batch_index, one.total_batches_seen, one._random) == before
    one._reading = reading
    if by_position:
        assert_same(one[3], other[3])
    assert_same_flows(one, other)


def test_a_flow_is_freed_with_its_last_reference():
    iterator = flow()
    next(iterator), next(iterator)
    alive = weakref.ref(iterator)
    gc.disable()
    try:
        del iterator
        assert alive() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("values", [np.arange(3), np.arange(6).reshape(2, 3)])
def test_indices_beyond_the_labels_are_refused(values):
    iterator = flow()
    next(iterator), next(iterator)
    maker, pool = iterator._at_once.maker, _core.BufferPool()
    order = np.array([0, 1, 5])
    with pytest.raises(IndexError, match=r"`order` must be from 0 to .*Received: 5"):
        maker.make_part(pool, X, order, 0, 3, 0, (values,), *NO_KEY)
    assert maker.make_part(pool, X, order, 0, 2, 0, (values,), *NO_KEY)[1].shape == (
        2,
        *values.shape[1:],
    )
    for bad in (np.array([None] * N), np.arange(2 * N)[::2], np.array(3.0)):
        with pytest.raises(ValueError, match="`others` must be C-contiguous arrays of rows"):
            maker.make_part(pool, X, order, 0, 3, 0, (bad,), *NO_KEY)
    for first, count in ((-1, 2), (0, 4), (2, 2), (0, -1)):
        with pytest.raises(ValueError, match="`begin` and `count` must be a part of the order"):
            maker.make_part(pool, X, order, first, count, 0, (), *NO_KEY)
