"""Any number of Python threads, any number of the core's threads: the same batches."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import batchwarp
from batchwarp import runtime
from image_files import flow, save
from keras_reference import noise

X, Y = noise((50, 17, 13, 3)), np.arange(50)
AUGMENT = {
    "rotation_range": 40,
    "zoom_range": 0.2,
    "horizontal_flip": True,
    "channel_shift_range": 20.0,
    "samplewise_center": True,
}


@pytest.fixture
def threads():
    """Sets the core's number of threads, and restores the default after the test."""
    yield runtime.set_num_threads
    runtime.set_num_threads(0)


def in_threads(count, work):
    """Runs `work(number)` in several threads at once and returns the results."""
    results, errors = [None] * count, []
    start = threading.Barrier(count, timeout=30)

    def run(number):
        try:
            start.wait()
            results[number] = work(number)
        except BaseException as error:
            errors.append(error)
            raise

    workers = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert not worker.is_alive(), "a thread hangs"
    assert not errors
    return results


def by_labels(batches):
    return {tuple(labels.tolist()): images for images, labels in batches}


@pytest.mark.parametrize("shuffle", [False, True])
def test_many_threads_on_one_seeded_iterator(shuffle):
    """With a seed, which batches there are does not depend on who asks for them."""
    generator = batchwarp.ImageDataGenerator(**AUGMENT)
    flow = generator.flow(X, Y, batch_size=7, seed=3, shuffle=shuffle)
    expected = [next(flow) for _ in range(40)]
    flow = generator.flow(X, Y, batch_size=7, seed=3, shuffle=shuffle)
    results = in_threads(8, lambda _: [next(flow) for _ in range(5)])
    received = [batch for batches in results for batch in batches]
    order = sorted(range(40), key=lambda i: (expected[i][1].tolist(), expected[i][0].sum()))
    found = sorted(received, key=lambda batch: (batch[1].tolist(), batch[0].sum()))
    for i, (images, labels) in zip(order, found, strict=True):
        np.testing.assert_array_equal(labels, expected[i][1])
        np.testing.assert_array_equal(images, expected[i][0])
    assert flow.total_batches_seen == 40


def test_many_threads_on_one_unseeded_iterator():
    """Without a seed the images are anyone's guess, but each one comes once in a pass."""
    flow = batchwarp.ImageDataGenerator(**AUGMENT).flow(X, Y, batch_size=7)
    results = in_threads(8, lambda _: [next(flow)[1] for _ in range(len(flow))])
    seen = np.concatenate([labels for batches in results for labels in batches])
    np.testing.assert_array_equal(np.bincount(seen), np.full(50, 8))


def test_many_threads_read_positions():
    """This is how Keras reads with workers."""
    flow = batchwarp.ImageDataGenerator().flow(X, Y, batch_size=7, seed=3)
    results = in_threads(8, lambda number: flow[number][1])
    np.testing.assert_array_equal(np.sort(np.concatenate(results)), Y)
    assert flow.total_batches_seen == 8


def test_many_flows_of_one_generator():
    generator = batchwarp.ImageDataGenerator(**AUGMENT)
    expected = [
        [next(flow) for _ in range(9)]
        for flow in (generator.flow(X, Y, batch_size=7, seed=seed) for seed in range(6))
    ]

    def work(seed):
        flow = generator.flow(X, Y, batch_size=7, seed=seed)
        return [next(flow) for _ in range(9)]

    for ours, theirs in zip(in_threads(6, work), expected, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a[0], b[0])
            np.testing.assert_array_equal(a[1], b[1])


def test_overridden_methods_in_many_threads():
    """They draw from `numpy.random`, which one thread at a time may borrow."""

    class Own(batchwarp.ImageDataGenerator):
        def apply_transform(self, x, transform_parameters):
            return super().apply_transform(x, transform_parameters) + np.random.rand()

    flow = Own(**AUGMENT).flow(X, Y, batch_size=10, seed=3, shuffle=False)
    expected = by_labels([next(flow) for _ in range(5)])
    flow = Own(**AUGMENT).flow(X, Y, batch_size=10, seed=3, shuffle=False)
    received = by_labels(in_threads(5, lambda _: next(flow)))
    assert received.keys() == expected.keys()
    for labels, images in received.items():
        np.testing.assert_array_equal(images, expected[labels])


def test_an_exception_in_one_thread_stays_there():
    def function(x):
        if x[0, 0, 0] == X[20, 0, 0, 0] and x[1, 1, 1] == X[20, 1, 1, 1]:
            raise LookupError("image 20")
        return x

    generator = batchwarp.ImageDataGenerator(preprocessing_function=function)
    flow = generator.flow(X, Y, batch_size=10, seed=3, shuffle=False)

    def work(_):
        try:
            return next(flow)[1][0]
        except LookupError as error:
            return str(error)

    assert sorted(map(str, in_threads(5, work))) == ["0", "10", "30", "40", "image 20"]
    assert next(flow)[1][0] == 0


@pytest.mark.parametrize("order", [0, 1, 3])
@pytest.mark.parametrize(
    ("images", "batch_size"),
    [(X, 32), (X[:3], 3), (noise((1, 700, 500, 1)), 1), (noise((2, 300, 301, 3)), 2)],
    ids=["many small", "few small", "one large", "two large"],
)
def test_the_number_of_threads_changes_nothing(threads, order, images, batch_size):
    results = []
    for count in (1, 2, 3, 8):
        threads(count)
        generator = batchwarp.ImageDataGenerator(
            **AUGMENT, interpolation_order=order, fill_mode="reflect", brightness_range=(0.5, 1.0)
        )
        results.append(next(generator.flow(images, batch_size=batch_size, seed=5)))
    for other in results[1:]:
        np.testing.assert_array_equal(other, results[0])


def test_the_number_of_threads_may_change_while_batches_are_made(threads):
    generator = batchwarp.ImageDataGenerator(**AUGMENT)
    flow = generator.flow(X, Y, batch_size=50, seed=3, shuffle=False)
    expected = [next(flow)[0] for _ in range(20)]
    flow = generator.flow(X, Y, batch_size=50, seed=3, shuffle=False)

    def work(number):
        if number:
            return [threads(1 + i % 4) for i in range(100)]
        return [next(flow)[0] for _ in range(20)]

    for ours, theirs in zip(in_threads(2, work)[0], expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "options",
    [{}, {"cache": "memory"}, {"cache": "memory", "cache_limit": "10KB"}, {"prefetch": 3}],
    ids=["read", "cached", "cached in part", "read ahead"],
)
def test_many_threads_on_one_flow_of_files(tmp_path, options):
    """Files of both kinds, those that the core decodes and those that Python does."""
    for number in range(20):
        save(tmp_path / "ab"[number % 2] / str(number), "jpeg" if number % 3 else "png")
    arguments = {"batch_size": 3, "shuffle": True, "seed": 2, **options}
    alone = flow(tmp_path, AUGMENT, **arguments)
    expected = [next(alone)[0] for _ in range(40)]
    shared = flow(tmp_path, AUGMENT, **arguments)
    results = in_threads(8, lambda _: [next(shared)[0] for _ in range(5)])
    found = [images for batches in results for images in batches]
    assert sorted(images.tobytes() for images in found) == sorted(
        images.tobytes() for images in expected
    )
