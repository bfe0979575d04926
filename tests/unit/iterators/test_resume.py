"""A flow that goes on from a state gives what the one that was saved would have given."""

from __future__ import annotations

import copy
import itertools
import json
import os
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest

from batchwarp import ImageDataGenerator, ops
from resumed_flows import (
    BOXES,
    KINDS,
    MASKS,
    SIZE,
    N,
    X,
    Y,
    arrays,
    directories,
    generator,
    loaded,
    same,
    save_files,
    saved,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_files(tmp_path_factory.mktemp("resume"))


def by_next(flow):
    while True:
        yield next(flow)


def by_position(flow):
    """Batches as Keras asks for them; the end of a pass comes before the next batch."""
    first = flow.total_batches_seen % len(flow)
    if flow.total_batches_seen and not first:
        flow.on_epoch_end()
    while True:
        for position in range(first, len(flow)):
            yield flow[position]
        flow.on_epoch_end()
        first = 0


def check_breaks(make, read):
    """Breaks three passes before each of their batches, and compares what comes then."""
    whole = make()
    count = 3 * len(whole)
    np.random.seed(5)
    unbroken = list(itertools.islice(read(whole), count + 2))
    whole._forget_ahead()  # a thread that draws from `numpy.random` would do so meanwhile
    for broken in range(count):
        np.random.seed(5)
        flow = make()
        for batch, wanted in zip(itertools.islice(read(flow), broken), unbroken, strict=False):
            same(batch, wanted)
        state = saved(flow)
        flow._forget_ahead()
        np.random.seed(1000 + broken)  # what `load_state_dict` must not go by
        other = loaded(make, state)
        after = itertools.islice(read(other), count + 2 - broken)
        for batch, wanted in zip(after, unbroken[broken:], strict=True):
            same(batch, wanted)
        other._forget_ahead()


@pytest.mark.parametrize("read", [by_next, by_position])
@pytest.mark.parametrize("shard", [None, (1, 2)])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("seed", [3, None])
@pytest.mark.parametrize("draws", ["keras", "keyed"])
@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("operations", [True, False])
def test_arrays(draws, seed, shuffle, prefetch, shard, read, operations):
    if seed is None and shard is not None:
        pytest.skip("processes without a seed would not agree")
    made = generator(draws) if operations else generator(draws, operations=())

    # Without a seed, operations draw from a hash of NumPy's state when the flow is made.
    def make():
        return made.flow(
            X, Y, 4, seed=seed, shuffle=shuffle, prefetch=prefetch, shard=shard, sample_weight=Y
        )

    key = copy.copy(make())
    key = key.state_dict()["key"]

    def with_key():
        flow = make()
        if key is not None:
            flow._key = int(key, 16)
        return flow

    check_breaks(with_key, read)


@pytest.mark.parametrize("draws", ["keras", "keyed"])
@pytest.mark.parametrize("read", [by_next, by_position])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "arrays"])
def test_files(kind, read, draws, folder):
    made = generator(draws, operations=[ops.Affine(rotation=40)])
    check_breaks(lambda: KINDS[kind](made, folder, seed=3), read)


@pytest.mark.parametrize("draws", ["keras", "keyed"])
def test_targets(draws, folder):
    made = generator(draws)
    targets = {"masks": MASKS, "boxes": BOXES}
    check_breaks(lambda: arrays(made, folder, seed=3, prefetch=2, **targets), by_next)
    check_breaks(
        lambda: directories(made, folder, seed=3, masks=folder / "images"),
        by_next,
    )


def test_images_that_are_mixed(folder):
    made = generator("keyed", operations=[ops.Flip(), ops.MixUp(num_classes=N)])
    check_breaks(lambda: arrays(made, folder, seed=3), by_next)


def test_numbers_of_a_method_and_of_a_function(folder):
    """What draws from `numpy.random` image by image goes on, too."""

    class Own(ImageDataGenerator):
        def random_transform(self, x, seed=None):
            return super().random_transform(x, seed) + np.random.randint(5)

    def add(image):
        return image + np.random.uniform()

    for made in (Own(rotation_range=9), ImageDataGenerator(preprocessing_function=add)):
        for seed in (None, 3):
            check_breaks(lambda made=made, seed=seed: arrays(made, folder, seed=seed), by_next)


# What others read ahead.


@pytest.mark.parametrize(
    ("draws", "shuffle", "shard"),
    [
        ("keras", True, None),
        ("keras", True, (0, 2)),
        ("keras", False, None),
        ("keyed", True, None),
        ("keyed", False, (0, 2)),
    ],
)
def test_a_data_set_of_tensorflow(draws, shuffle, shard, folder):
    made = generator(draws)

    def make():
        return made.flow(X, Y, 2, seed=3, shuffle=shuffle, shard=shard)

    flow = make()
    unbroken = [next(flow) for _ in range(3 * len(flow))]
    length = len(flow)
    for broken in range(2 * length + 1):
        flow = make()
        passes, used = divmod(broken, length)
        dataset = flow.to_tf_dataset()
        for _ in range(passes):
            list(dataset)
        if used:
            iterator = dataset.as_numpy_iterator()
            for number in range(used):
                same(next(iterator), unbroken[passes * length + number])
            # However much of it has been made, the flow is behind the pass.
            assert flow.total_batches_seen == (passes + 1) * length
            state = saved(flow, consumed=used)
        else:
            state = saved(flow)
        following = unbroken[broken:]
        for batch, wanted in zip(by_next(loaded(make, state)), following, strict=False):
            same(batch, wanted)
        flow = loaded(make, state)
        dataset = flow.to_tf_dataset()
        rest = [batch for _ in range(3 - passes) for batch in dataset.as_numpy_iterator()]
        assert len(rest) == len(following)
        for batch, wanted in zip(rest, following, strict=True):
            same(batch, wanted)
        if used:  # the rest of which is read again
            again = loaded(make, state)
            iterator = again.to_tf_dataset().as_numpy_iterator()
            next(iterator)
            state = saved(again, consumed=1)
            for batch, wanted in zip(by_next(loaded(make, state)), following[1:], strict=False):
                same(batch, wanted)


def test_a_data_set_that_is_older_than_the_state():
    tf = pytest.importorskip("tensorflow")
    flow = generator("keyed").flow(X, Y, 4, seed=3)
    next(flow)
    state, dataset = saved(flow), flow.to_tf_dataset()
    assert len(dataset) == 3
    list(dataset)
    flow.load_state_dict(state)
    with pytest.raises(tf.errors.InvalidArgumentError, match="call it again"):
        list(dataset)
    flow.load_state_dict(state)
    assert len(list(flow.to_tf_dataset())) == 2


@pytest.mark.parametrize("draws", ["keras", "keyed"])
def test_positions_that_are_read_ahead(draws):
    """As `fit` does it: in an order of its own, some batches more than were used."""
    made = generator(draws)

    def make():
        return made.flow(X, Y, 2, seed=3)

    positions = np.random.default_rng(0).permutation(6)
    flow = make()
    unbroken = []
    for _ in range(3):
        unbroken.append([flow[position] for position in positions])
        flow.on_epoch_end()
    for passes, used in itertools.product(range(2), range(7)):
        flow = make()
        for _ in range(passes):
            for position in positions:
                flow[position]
            flow.on_epoch_end()
        for position in positions[: min(6, used + 2)]:
            flow[position]
        flow = loaded(make, saved(flow, consumed=used))
        for position, wanted in list(zip(positions, unbroken[passes], strict=True))[used:]:
            same(flow[position], wanted)
        flow.on_epoch_end()
        if used < 6 or draws == "keyed":
            for position, wanted in zip(positions, unbroken[passes + 1], strict=True):
                same(flow[position], wanted)


def test_used_batches_that_are_passed_over():
    """What a training goes through again is not made; the state of the last one of them is."""
    made = generator("keras")
    flow, other = (made.flow(X, Y, 2, seed=3) for _ in range(2))
    wanted = [flow[position] for position in range(6)]
    flow.on_epoch_end()
    for used in range(7):
        other.load_state_dict(made.flow(X, Y, 2, seed=3).state_dict())
        other._skip = used
        got = [other[position] for position in range(6)]
        assert [len(one[0]) for one in got[: max(0, used - 1)]] == [0] * max(0, used - 1)
        for batch, expected in list(zip(got, wanted, strict=True))[max(0, used - 1) :]:
            same(batch, expected)
        other.on_epoch_end()
        np.testing.assert_array_equal(other.index_array, flow.index_array)
    part = made.flow(X, Y, 2, seed=3, shard=(0, 2))
    part.pass_over(2)
    assert [(images.shape, images.any()) for images, _ in (part[0], part[1])] == [
        ((2, *SIZE, 3), False),
        ((2, *SIZE, 3), True),
    ]
    whole = made.flow(X, Y, 2, seed=3)
    wanted = [next(whole) for _ in range(12)]
    skipping = made.flow(X, Y, 2, seed=3)
    skipping._skip = 3
    dataset = skipping.to_tf_dataset()
    first = list(dataset.as_numpy_iterator())
    assert [len(images) for images, _ in first] == [2] * 5 + [1]
    for batch, expected in list(zip(first, wanted, strict=False))[3:]:
        same(batch, expected)
    for batch, expected in zip(dataset.as_numpy_iterator(), wanted[6:], strict=True):
        same(batch, expected)


# In another process.

SCRIPT = """
import hashlib, json, sys
import numpy as np
from batchwarp import ImageDataGenerator, ops

made = ImageDataGenerator(
    rotation_range=30, horizontal_flip=True, draws=sys.argv[1], operations=[ops.Brightness(0.3)]
)
x = np.random.default_rng(0).integers(0, 256, (11, 6, 5, 3), dtype=np.uint8)
flow = made.flow(x, np.arange(11), 4, seed=eval(sys.argv[2]), prefetch=int(sys.argv[3]))
if sys.argv[4]:
    flow.load_state_dict(json.loads(sys.argv[4]))
for _ in range(int(sys.argv[5])):
    print(hashlib.md5(next(flow)[0].tobytes()).hexdigest())
print(json.dumps(flow.state_dict()))
"""


@pytest.mark.parametrize(("draws", "seed"), [("keras", None), ("keyed", 3)])
def test_another_process(draws, seed, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))

    def run(state, count):
        arguments = [draws, str(seed), "2", state, str(count)]
        environment = {**os.environ, "PYTHONHASHSEED": str(count)}
        done = subprocess.run(
            [sys.executable, script, *arguments],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        *hashes, state = done.stdout.split("\n")[:-1]
        return hashes, state

    _, start = run("", 0)
    unbroken, end = run(start, 9)
    first, state = run(start, 4)
    rest, other_end = run(state, 5)
    assert first + rest == unbroken
    assert other_end == end


# What is no state.


@pytest.mark.parametrize(
    ("path", "value", "match"),
    [
        (("format",), 2, "format 2, which a newer batchwarp has written"),
        (("format",), "1", r"`state\[\"format\"\]` should be an integer"),
        (("format",), None, r"`state\[\"format\"\]` should be an integer"),
        (("place",), 3, r"`state\[\"place\"\]` should be a dictionary"),
        (("flow",), 3, r"`state\[\"flow\"\]` should be a dictionary"),
        (("place", "batch_index"), -1, r"`state\[\"place\"\]\[\"batch_index\"\]` should be"),
        (("place", "batch_index"), 3, r"`state\[\"place\"\]\[\"batch_index\"\]` should be"),
        (("place", "batches_seen"), 1.5, "batches_seen.*should be an integer"),
        (("place", "pass"), "1", "pass.*should be an integer"),
        (("place", "asked"), "xyz", "asked.*should be a hexadecimal number of up to 3 bits"),
        (("place", "asked"), "f", "asked.*should be a hexadecimal number of up to 3 bits"),
        (("place", "used"), 12, "used.*should be an integer from 0 to 11"),
        (("order",), 7, r"`state\[\"order\"\]` should be a random state"),
        (("order", "bit_generator"), "Dice", "there is no bit generator 'Dice'"),
        (("order", "state", "key", "base64"), "?", "its numbers are damaged"),
        (("order", "state", "key", "base64"), "AAAA", r"`state\[\"order\"\]` should be a random"),
        (("key",), "12", r"`state\[\"key\"\]` should be a hexadecimal number for a flow without"),
        (("numpy_random",), {}, r"`state\[\"numpy_random\"\]` should be a random state for a flow"),
        (("extra",), 1, "unknown key 'extra'"),
    ],
)
def test_what_is_no_state(path, value, match):
    made = generator("keras")
    flow = made.flow(X, Y, 4, seed=3)
    next(flow)
    state = saved(flow)
    at = state
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    with pytest.raises(ValueError, match=match):
        flow.load_state_dict(state)
    assert flow.total_batches_seen == 1  # it is where it was


@pytest.mark.parametrize("key", ["data", "generator", "place", "key", "order", "random"])
def test_a_state_without_a_key(key):
    flow = generator("keras").flow(X, Y, 4, seed=3)
    state = saved(flow)
    del state[key]
    with pytest.raises(ValueError, match=f"lacks the key '{key}'"):
        flow.load_state_dict(state)
    with pytest.raises(ValueError, match="`state` should be a dictionary"):
        flow.load_state_dict([])


def test_what_consumed_may_be():
    flow = generator("keras").flow(X, Y, 4, seed=3)
    same(flow.state_dict(consumed=0), flow.state_dict())
    for wrong in (1, -1, 0.5, True):
        with pytest.raises(ValueError, match="`consumed` should be an integer from 0 to 0"):
            flow.state_dict(consumed=wrong)
    next(flow)
    same(flow.state_dict(consumed=1), flow.state_dict())
    with pytest.raises(ValueError, match="`consumed` should be an integer from 0 to 1"):
        flow.state_dict(consumed=2)
    flow.total_batches_seen = 7
    with pytest.raises(ValueError, match="`total_batches_seen` was changed"):
        flow.state_dict(consumed=1)
    with pytest.raises(ValueError, match="`consumed` needs a flow with a `seed` or with"):
        generator("keras").flow(X, Y, 4).state_dict(consumed=0)


def test_an_order_that_was_set():
    flow = generator("keras").flow(X, Y, 4, seed=3)
    flow.index_array = np.arange(N)
    with pytest.raises(ValueError, match="`index_array` should be an order that the flow has"):
        flow.state_dict()


def test_numpy_of_another_kind():
    """A state of `numpy.random` goes only to a generator of its kind."""
    made = generator("keras")
    flow = made.flow(X, Y, 4)
    state = saved(flow)
    other = np.random.RandomState(np.random.PCG64(3)).get_state(legacy=False)
    from batchwarp.iterators.random_states import encoded

    state["numpy_random"] = json.loads(json.dumps(encoded(other)))
    with pytest.raises(ValueError, match="is of another bit generator"):
        flow.load_state_dict(state)


def test_a_flow_that_nothing_was_asked_of_is_saved_without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        empty = ImageDataGenerator().flow(X[:0], seed=1)
        loaded(lambda: ImageDataGenerator().flow(X[:0], seed=1), saved(empty))
