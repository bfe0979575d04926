"""What several processes make, each a part of the batches, is what one process makes."""

from __future__ import annotations

import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from batchwarp import ImageDataGenerator, ops
from batchwarp.iterators.shards import Shard, one_shard

X = np.random.default_rng(0).integers(0, 256, (23, 6, 5, 3), dtype=np.uint8)
Y = np.arange(23)


def keyed(**arguments):
    recipe = [ops.Affine(rotation=40, shift=0.2), ops.Brightness(0.3)]
    return ImageDataGenerator(operations=recipe, draws="keyed", horizontal_flip=True, **arguments)


def shards(generator, count, batch_size, **arguments):
    return [
        generator.flow(X, Y, batch_size, seed=3, shard=(index, count), **arguments)
        for index in range(count)
    ]


def joined(parts):
    """The batch that the parts of a step are, side by side."""
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 7), st.booleans(), st.integers(0, 9))
def test_parts_are_the_order_cut_up(n, batch_size, count, drops, seed):
    order = np.random.RandomState(seed).permutation(n).astype(np.int64)
    parts = [Shard(index, count, drops) for index in range(count)]
    [batches] = {part.batches(n, batch_size) for part in parts}
    [samples] = {part.samples(n, batch_size) for part in parts}
    steps = []
    for batch in range(batches):
        made = [part.part(order, batch * batch_size, batch_size) for part in parts]
        assert len({len(one) for one in made}) == 1  # no process waits for another
        steps.append(np.concatenate(made))
    together = np.concatenate([*steps, order[:0]])
    assert len(together) == samples * count
    whole = n - n % (batch_size * count) if drops else n
    np.testing.assert_array_equal(together[:whole], order[:whole])
    # What fills up are the first samples of the pass, fewer than there are processes.
    assert len(together) - whole < count
    np.testing.assert_array_equal(together[whole:], np.resize(order, len(together))[n:])


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(("count", "batch_size"), [(1, 4), (2, 4), (3, 3), (5, 7)])
def test_keyed_parts_are_the_batches_of_one_process(count, batch_size, shuffle):
    generator = keyed()
    parts = shards(generator, count, batch_size, shuffle=shuffle)
    whole = generator.flow(X, Y, batch_size * count, seed=3, shuffle=shuffle)
    assert {len(part) for part in parts} == {len(whole)}
    for _ in range(2 * len(whole)):  # two passes, which differ
        images, labels = joined([next(part) for part in parts])
        wanted, wanted_labels = next(whole)
        np.testing.assert_array_equal(images[: len(wanted)], wanted)
        np.testing.assert_array_equal(labels[: len(wanted)], wanted_labels)


def test_keyed_parts_at_positions_ahead_of_time_and_from_pickles():
    generator = keyed()
    whole = generator.flow(X, Y, 8, seed=3)
    wanted = [next(whole) for _ in range(2 * len(whole))]
    ahead = shards(generator, 2, 4, prefetch=2)
    copies = [pickle.loads(pickle.dumps(part)) for part in shards(generator, 2, 4)]
    asked = shards(generator, 2, 4)
    for number, (images, _) in enumerate(wanted):
        position = number % len(whole)
        for parts in (
            [next(part) for part in ahead],
            [next(part) for part in copies],
            [part[position] for part in asked],
        ):
            np.testing.assert_array_equal(joined(parts)[0][: len(images)], images)


@pytest.mark.parametrize("shuffle", [True, False])
def test_parts_with_the_draws_of_keras_are_batches_one_after_the_other(shuffle):
    # 20 images are whole steps; then the numbers of the second pass agree, too.
    generator = ImageDataGenerator(rotation_range=30, zoom_range=0.2, horizontal_flip=True)
    arguments = {"batch_size": 5, "shuffle": shuffle, "seed": 9}
    parts = [generator.flow(X[:20], Y[:20], shard=(one, 2), **arguments) for one in range(2)]
    whole = generator.flow(X[:20], Y[:20], **arguments)
    for _ in range(4):
        for part in parts:
            images, labels = next(part)
            wanted, wanted_labels = next(whole)
            np.testing.assert_array_equal(labels, wanted_labels)
            np.testing.assert_array_equal(images, wanted)


@pytest.fixture
def folder(tmp_path):
    """A data set of the images in files, with their numbers, in two classes."""
    for number, image in enumerate(X):
        path = tmp_path / "images" / "ab"[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return tmp_path


@pytest.mark.parametrize("cache", [None, "memory"])
def test_keyed_parts_of_files_with_masks_are_the_batches_of_one_process(folder, cache):
    def flow(batch_size, **arguments):
        return keyed().flow_from_directory(
            folder / "images",
            target_size=(6, 5),
            class_mode="sparse",
            batch_size=batch_size,
            seed=3,
            masks=folder / "images",  # which move as images do
            cache=cache,
            **arguments,
        )

    whole = flow(8)
    parts = [flow(4, shard=(index, 2)) for index in range(2)]
    for _ in range(2 * len(whole)):
        wanted, target = next(whole)
        images, targets = zip(*(next(part) for part in parts), strict=True)
        np.testing.assert_array_equal(np.concatenate(images)[: len(wanted)], wanted)
        for name in ("labels", "masks"):
            together = np.concatenate([one[name] for one in targets])
            np.testing.assert_array_equal(together[: len(wanted)], target[name])


def test_parts_of_a_dataframe_by_tensorflow(folder):
    names = sorted(str(path) for path in folder.rglob("*.png"))
    frame = pd.DataFrame({"filename": names, "class": list(range(len(names)))})
    arguments = {"class_mode": "raw", "target_size": (6, 5), "seed": 1}
    whole = keyed().flow_from_dataframe(frame, batch_size=6, **arguments)
    steps = []
    for index in range(3):
        part = keyed().flow_from_dataframe(frame, batch_size=2, shard=(index, 3), **arguments)
        dataset = part.to_tf_dataset()
        assert len(dataset) == len(whole)
        steps.append(list(dataset.as_numpy_iterator()))
    for wanted, *made in zip((next(whole) for _ in range(len(whole))), *steps, strict=True):
        images, labels = joined(made)
        np.testing.assert_array_equal(images[: len(wanted[0])], wanted[0])
        np.testing.assert_array_equal(labels[: len(wanted[1])], wanted[1])


@pytest.mark.parametrize("way", ["flow_from_directory", "flow_from_dataframe"])
def test_what_is_no_shard_of_files_is_an_error_before_any_is_looked_for(way):
    with pytest.raises(ValueError, match="`shard` should be a pair"):
        getattr(ImageDataGenerator(), way)("nowhere", seed=0, shard=(2, 2))


def test_all_parts_agree_about_the_order_after_an_epoch():
    parts = shards(ImageDataGenerator(rotation_range=30), 3, 4)
    for _ in range(3):
        seen = [part[position][1] for position in range(len(parts[0])) for part in parts]
        assert set(np.concatenate(seen)) == set(Y)
        assert sum(map(len, seen)) == 24  # of 23, one to fill up
        orders = [part.index_array for part in parts]
        np.testing.assert_array_equal(orders[0], orders[1])
        np.testing.assert_array_equal(orders[0], orders[2])
        for part in parts:
            part.on_epoch_end()
    assert not np.array_equal(orders[0], parts[0].index_array)


def test_a_remainder_is_dropped():
    flow = ImageDataGenerator().flow(X, Y, 4, drop_remainder=True)
    assert len(flow) == 5
    assert [len(next(flow)[1]) for _ in range(10)] == [4] * 10
    parts = shards(keyed(), 2, 4, drop_remainder=True)
    assert [len(part) for part in parts] == [2, 2]
    seen = np.concatenate([next(part)[1] for _ in range(2) for part in parts])
    assert len(set(seen)) == 16


@pytest.mark.parametrize("shard", [(2, 2), (-1, 2), (0, 0), (0,), "all", 3, (0.5, 2), (True, 2)])
def test_what_is_no_shard(shard):
    with pytest.raises(ValueError, match=r"`shard` should be a pair \(index, count\)"):
        ImageDataGenerator().flow(X, seed=0, shard=shard)


def test_processes_that_would_not_agree():
    with pytest.raises(ValueError, match=r"`seed` should be an integer, the same in all"):
        ImageDataGenerator().flow(X, shard=(0, 2))
    with pytest.raises(ValueError, match=r"`seed` should be an integer, the same in all"):
        keyed().flow(X, shuffle=False, shard=(0, 2))
    assert len(ImageDataGenerator().flow(X, shuffle=False, shard=(1, 2))) == 1
    with pytest.raises(ValueError, match="`drop_remainder` leaves nothing of 23 samples"):
        ImageDataGenerator().flow(X, batch_size=12, seed=0, shard=(1, 2), drop_remainder=True)


def ray(rank, size):
    context = SimpleNamespace(get_world_rank=lambda: rank, get_world_size=lambda: size)
    return SimpleNamespace(get_context=lambda: context)


def torch(rank, size, initialized=True):
    return SimpleNamespace(
        is_available=lambda: True,
        is_initialized=lambda: initialized,
        get_rank=lambda: rank,
        get_world_size=lambda: size,
    )


def jax(rank, size, initialized=True):
    return SimpleNamespace(
        distributed=SimpleNamespace(is_initialized=lambda: initialized),
        process_index=lambda: rank,
        process_count=lambda: size,
    )


@pytest.fixture
def process(monkeypatch):
    """Sets what a process can know of itself: modules by their names, and its environment."""
    for name in ("ray.train", "torch.distributed", "jax"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)

    def knows(modules=(), **environment):
        for name, module in dict(modules).items():
            monkeypatch.setitem(sys.modules, name, module)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        shard = one_shard("auto", False)
        return shard.index, shard.count

    return knows


def test_which_process_this_is(process):
    assert process() == (0, 1)
    assert process({"torch.distributed": torch(7, 8, False), "jax": jax(5, 6, False)}) == (0, 1)
    assert process({"jax": jax(1, 3)}) == (1, 3)
    assert process({"torch.distributed": torch(1, 3)}) == (1, 3)
    assert process({"ray.train": ray(1, 3)}) == (1, 3)
    assert process(RANK="1", WORLD_SIZE="3") == (1, 3)
    with pytest.raises(ValueError, match=r'`shard="auto"` cannot tell which .*JAX 0 of 2, RANK'):
        process({"jax": jax(0, 2)})


def test_what_is_no_process_of_several(process):
    assert process(RANK="x", WORLD_SIZE="3") == (0, 1)
    assert process(RANK="3", WORLD_SIZE="3") == (0, 1)
    assert process({"ray.train": ray(None, None)}) == (0, 1)

    def refuse():
        raise RuntimeError("`get_context` cannot be used outside of a training function")

    assert process({"ray.train": SimpleNamespace(get_context=refuse)}) == (0, 1)


@pytest.mark.parametrize("drops", [False, True])
def test_a_caller_that_asks_each_process_for_every_so_manieth_batch(process, drops):
    whole = keyed().flow(X, Y, 4, seed=5)  # six batches
    flows = [keyed().flow(X, Y, 4, seed=5) for _ in range(4)]
    end = len(whole) // 4 * 4 if drops else len(whole)
    for _ in range(3):
        wanted = [next(whole) for _ in range(len(whole))]
        for index, flow in enumerate(flows):
            process({"jax": jax(index, 4)})
            flow[index], flow[index]  # a position may be read twice
            for position in range(index, end, 4):
                for made, want in zip(flow[position], wanted[position], strict=True):
                    np.testing.assert_array_equal(made, want)
            flow.on_epoch_end()
    assert [flow.passes for flow in flows] == [3] * 4


def test_an_epoch_of_some_steps_ends_no_pass(process):
    process({"jax": jax(1, 2)})
    flow = keyed().flow(X, Y, 4, seed=5)
    flow[1], flow[3], flow.on_epoch_end()
    assert flow.passes == 0
    with pytest.raises(ValueError, match="cannot tell which"):
        process({"torch.distributed": torch(0, 3)})
    flow[5], flow.on_epoch_end()  # with them it was every second one
    assert flow.passes == 0
