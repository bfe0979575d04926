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
import pandas as pd
import pytest
from PIL import Image

from annotation_files import coco_content, save_images, save_yolo
from batchwarp import ImageDataGenerator, ops

N, SIZE = 11, (6, 5)
X = np.random.default_rng(0).integers(0, 256, (N, *SIZE, 3), dtype=np.uint8)
Y = np.arange(N)
MASKS = np.random.default_rng(1).integers(0, 3, (N, *SIZE), dtype=np.uint8)
BOXES = [np.array([[0, 0, 3, 2], [1, 1, 4, 5]][: number % 3], np.float32) for number in range(N)]


def generator(draws, **arguments):
    recipe = [ops.Affine(rotation=40, shift=0.2), ops.Brightness(0.3)]
    made = {"rotation_range": 30, "horizontal_flip": True, "draws": draws, **arguments}
    return ImageDataGenerator(**{"operations": recipe, **made})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of the images, in two classes; and annotations in COCO's and YOLO's formats."""
    root = tmp_path_factory.mktemp("resume")
    for number, image in enumerate(X):
        path = root / "images" / "ab"[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    (root / "coco").mkdir()
    save_images(root / "coco")
    (root / "coco.json").write_text(json.dumps(coco_content()))
    (root / "yolo").mkdir()
    return root


def arrays(made, folder, **arguments):
    return made.flow(X, Y, 4, **arguments)


def directories(made, folder, **arguments):
    return made.flow_from_directory(
        folder / "images", target_size=SIZE, class_mode="sparse", batch_size=4, **arguments
    )


def dataframes(made, folder, **arguments):
    names = sorted(str(path) for path in (folder / "images").rglob("*.png"))
    frame = pd.DataFrame({"filename": names, "class": list(range(len(names)))})
    return made.flow_from_dataframe(
        frame, class_mode="raw", target_size=SIZE, batch_size=4, **arguments
    )


def coco(made, folder, **arguments):
    return made.flow_from_coco(
        folder / "coco.json", folder / "coco", target_size=SIZE, batch_size=2, **arguments
    )


def yolo(made, folder, **arguments):
    return made.flow_from_yolo(
        save_yolo(folder / "yolo"), target_size=SIZE, batch_size=2, **arguments
    )


def samples(made, _, **arguments):
    pairs = list(zip(X, Y.tolist(), strict=True))
    return made.flow_from_samples(pairs, target_size=SIZE, batch_size=4, **arguments)


KINDS = {flow.__name__: flow for flow in (arrays, directories, dataframes, coco, yolo, samples)}


def same(one, other):
    """Asserts that batches are equal: arrays, tuples and dictionaries of them."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = list(one.values()), list(other.values())
    if isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for parts in zip(one, other, strict=True):
            same(*parts)
    else:
        np.testing.assert_array_equal(one, other)


def saved(flow, **arguments):
    """The flow's state, through JSON."""
    text = json.dumps(flow.state_dict(**arguments))
    assert len(text) < 20_000
    return json.loads(text)


def loaded(make, state):
    flow = make()
    flow.load_state_dict(state)
    return flow


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


# Other sizes, other numbers of processes.


def parts(made, count, batch_size, **arguments):
    return [
        made.flow(X, Y, batch_size, seed=3, shard=(index, count), **arguments)
        for index in range(count)
    ]


def labels_of_rest(flows):
    """The labels that are left of a pass, in order, and whether there are some twice."""
    first = flows[0].batch_index
    steps = [np.concatenate([next(flow)[1] for flow in flows]) for _ in range(first, len(flows[0]))]
    return np.concatenate([*steps, Y[:0]]) if steps else Y[:0]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("drops", [True, False])
@pytest.mark.parametrize(("count", "batch_size"), [(1, 1), (1, 3), (2, 2), (3, 1), (2, 1)])
def test_a_pass_goes_on_with_others(count, batch_size, shuffle, drops):
    made = generator("keyed")
    arguments = {"shuffle": shuffle}
    whole = made.flow(X, Y, 1, seed=3, **arguments)
    order = np.array([next(whole)[1][0] for _ in range(2 * N)])
    images = made.flow(X, Y, N, seed=3, **arguments)
    next(images)
    second_pass = next(images)
    for others, size, used in itertools.product((1, 2, 3), (1, 2, 4), range(1, 4)):
        if drops and others * size > N:
            continue  # nothing would be left of any pass
        before = parts(made, count, batch_size, **arguments)
        used = min(used, len(before[0]))
        for _ in range(used):
            for flow in before:
                next(flow)
        states = [saved(flow) for flow in before]
        samples = min(N, used * count * batch_size)
        after = parts(made, others, size, drop_remainder=drops, **arguments)
        for index, flow in enumerate(after):
            flow.load_state_dict(states[index % count])
        left = labels_of_rest(after) if samples < N and after[0].batch_index else None
        if left is not None:
            step = others * size
            kept = (N - samples) // step * step if drops else N - samples
            np.testing.assert_array_equal(left[:kept], order[samples : samples + kept])
            assert len(left) - kept < others
        # The next pass is a whole one again, with the pixels of its number.
        got, labels = zip(*(next(flow) for flow in after), strict=True)
        if samples == N or left is not None:
            labels, images = (np.concatenate(made)[:N] for made in (labels, got))
            np.testing.assert_array_equal(labels, order[N : N + len(labels)])
            same(images, second_pass[0][: len(labels)])


def test_the_rest_of_a_pass_by_position_by_tensorflow_and_saved_again():
    made = generator("keyed")
    flow = made.flow(X, Y, 3, seed=3)
    next(flow)
    state = saved(flow)
    wanted = next(made.flow(X, Y, N, seed=3))

    def make():
        return made.flow(X, Y, 2, seed=3)

    other = loaded(make, state)
    assert other.batch_index == 2
    for used, position in enumerate(range(2, 6)):
        got = other[position]
        same(got, tuple(part[3 + 2 * used : 5 + 2 * used] for part in wanted))
    other = loaded(make, state)
    with pytest.raises(ValueError, match="batch 1 of this pass was used before"):
        other[1]
    other.reset()
    assert other.batch_index == 2
    same(next(other), tuple(part[3:5] for part in wanted))
    again = loaded(make, saved(other))
    same(next(again), tuple(part[5:7] for part in wanted))
    # Counted in samples, and of other sizes once more.
    third = loaded(lambda: made.flow(X, Y, 4, seed=3), saved(other))
    same(next(third), tuple(part[5:9] for part in wanted))
    rest = list(loaded(make, state).to_tf_dataset().as_numpy_iterator())
    assert [len(images) for images, _ in rest] == [2, 2, 2, 2]
    same(np.concatenate([images for images, _ in rest]), wanted[0][3:])
    flow = loaded(make, state)
    dataset = flow.to_tf_dataset()
    assert [len(list(dataset)) for _ in range(2)] == [4, 6]
    same(flow.state_dict()["place"]["pass"], 1)


def test_what_cannot_go_on_with_others():
    flow = generator("keras").flow(X, Y, 4, seed=3)
    next(flow)
    with pytest.raises(ValueError, match="flow with other arguments: `batch_size` was 4 and is 3"):
        generator("keras").flow(X, Y, 3, seed=3).load_state_dict(saved(flow))
    flow = generator("keyed").flow(X, Y, 4, seed=3)
    flow[1]
    with pytest.raises(ValueError, match="pass that was not read in order"):
        generator("keyed").flow(X, Y, 3, seed=3).load_state_dict(saved(flow))


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


# States of others, and what is none.


def test_what_differs_is_named(folder):
    made = generator("keras")
    state = saved(made.flow(X, Y, 4, seed=3))

    def refused(match, flow):
        with pytest.raises(ValueError, match=match):
            flow.load_state_dict(state)
        assert flow.total_batches_seen == 0

    refused("another data set: `images` was", made.flow(X + 1, Y, 4, seed=3))
    refused("another data set: `labels` was", made.flow(X, Y + 1, 4, seed=3))
    refused("another data set: `images` was", made.flow(X[:, ::-1], Y, 4, seed=3))
    refused("another data set: `(images|files)` was", directories(made, folder, seed=3))
    refused("another data set: `labels` was .* is", made.flow(X, Y, 4, seed=3, masks=MASKS))
    refused(
        "`rotation_range` was 30.* and is 31",
        generator("keras", rotation_range=31).flow(X, Y, 4, seed=3),
    )
    refused(
        "another generator: `operations` was",
        generator("keras", operations=[ops.Flip()]).flow(X, Y, 4, seed=3),
    )
    refused(
        "another generator: `draws` was 'keras' and is 'keyed'",
        generator("keyed").flow(X, Y, 4, seed=3),
    )
    function = generator("keras", preprocessing_function=lambda image: image)
    refused("another generator: `preprocessing_function` was None", function.flow(X, Y, 4, seed=3))
    refused("`seed` was 3 and is 4", made.flow(X, Y, 4, seed=4))
    refused("`shuffle` was True and is False", made.flow(X, Y, 4, seed=3, shuffle=False))
    wide = generator("keras", dtype="float64")
    refused("another generator: `dtype` was 'float32' and is", wide.flow(X, Y, 4, seed=3))
    state = saved(directories(made, folder, seed=3))
    other = made.flow_from_directory(
        folder / "images" / "..", target_size=SIZE, batch_size=4, seed=3, class_mode="sparse"
    )
    refused("another data set: `(files|labels)` was", other)
    refused(
        r"`target_size` was \[6, 5\] and is \[5, 5\]",
        made.flow_from_directory(
            folder / "images", target_size=(5, 5), class_mode="sparse", batch_size=4, seed=3
        ),
    )


def test_large_arrays_are_sampled():
    x = np.zeros((100, 64, 64, 3), np.uint8)
    made = ImageDataGenerator()
    state = saved(made.flow(x, seed=0))
    x[99] = 1
    with pytest.raises(ValueError, match="`images` was"):
        made.flow(x, seed=0).load_state_dict(state)
    made.flow(np.zeros_like(x), seed=0, prefetch=3).load_state_dict(state)


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
