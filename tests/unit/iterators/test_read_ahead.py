"""`prefetch=`: batches made ahead in a thread are those that are made when asked for."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import batchwarp
from keras_reference import noise

X, Y = noise((11, 6, 5, 1)), np.arange(11)
AUGMENT = {"rotation_range": 20, "zoom_range": 0.2, "horizontal_flip": True}


def flow(prefetch, function=None, **arguments):
    generator = batchwarp.ImageDataGenerator(**AUGMENT, preprocessing_function=function)
    return generator.flow(X, Y, prefetch=prefetch, **{"batch_size": 4, "seed": 1, **arguments})


_others = set()  # threads of flows that other tests have left to Keras, say


def threads():
    running = set(threading.enumerate()) - _others
    return [thread for thread in running if "batchwarp-prefetch" in thread.name]


def wait_until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it never happens"
        time.sleep(0.001)


@pytest.fixture(autouse=True)
def _no_thread_left():
    """Every thread that a test starts ends when the test's iterators do."""
    _others.clear()
    _others.update(threading.enumerate())
    yield
    gc.collect()
    wait_until(lambda: not threads())


def assert_same(ours, expected):
    for a, b in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(a, b)


OPERATIONS = {
    "next": next,
    "first": lambda it: it[0],
    "last": lambda it: it[-1],
    "epoch": lambda it: it.on_epoch_end(),
    "reset": lambda it: it.reset(),
    "jump": lambda it: setattr(it, "batch_index", 1),
    "seed": lambda it: setattr(it, "seed", it.seed + 1),
    "size": lambda it: setattr(it, "batch_size", 7 - it.batch_size),
    "shuffle": lambda it: setattr(it, "shuffle", not it.shuffle),
    "labels": lambda it: setattr(it, "y", it.y + 1),
    "copy": lambda it: next(copy.copy(it)),
    "pickle": lambda it: next(pickle.loads(pickle.dumps(it))),
    "data set": lambda it: [it._take_pass()[0]],
    "depth": lambda it: setattr(it, "prefetch", it.prefetch and it.prefetch % 3 + 1),
}


@settings(deadline=None, max_examples=60)
@given(
    names=st.lists(st.sampled_from(["next", "next", "next", *OPERATIONS]), max_size=12),
    prefetch=st.integers(1, 3),
    shuffle=st.booleans(),
)
def test_nothing_tells_the_difference(names, prefetch, shuffle):
    ours, expected = flow(prefetch, shuffle=shuffle), flow(0, shuffle=shuffle)
    for name in [*names, "next"]:
        np.random.seed(2)  # what an order is drawn from before there was a batch
        a = OPERATIONS[name](ours)
        np.random.seed(2)
        b = OPERATIONS[name](expected)
        if b is not None:
            assert_same(a, b)
        assert ours.batch_index == expected.batch_index
        assert ours.total_batches_seen == expected.total_batches_seen
        np.testing.assert_array_equal(ours.index_array, expected.index_array)


def test_without_a_seed():
    """The numbers are those of `numpy.random`, in the same order."""
    results = []
    for prefetch in (0, 3):
        ours = flow(prefetch, seed=None)
        np.random.seed(5)
        results.append([next(ours) for _ in range(7)])
    for a, b in zip(*results, strict=True):
        assert_same(a, b)


def test_batches_are_made_ahead_and_not_further():
    made = []

    def function(image):
        made.append(1)
        return image

    ours = flow(2, function, batch_size=1)
    next(ours)
    wait_until(lambda: len(made) == 3)
    time.sleep(0.05)
    assert len(made) == 3
    next(ours)
    wait_until(lambda: len(made) == 4)


def test_an_error_comes_in_place_of_its_batch():
    def function(image):
        if image[0, 0, 0] == -1:
            raise LookupError("this one")
        return image

    images = X.astype("float32")
    images[5] = -1
    generator = batchwarp.ImageDataGenerator(preprocessing_function=function)
    ours = generator.flow(images, Y, batch_size=2, seed=1, shuffle=False, prefetch=4)

    def first_label():
        try:
            return next(ours)[1][0]
        except LookupError as error:
            return str(error)

    assert [first_label() for _ in range(8)] == [0, 2, "this one", 6, 8, 10, 0, 2]


def test_a_generator_that_changes():
    """What has been made ahead stays as it was made."""
    ours = flow(1, shuffle=False)
    next(ours)
    wait_until(lambda: ours._ahead._maker.reads)
    ours.image_data_generator.rescale = 0.0625
    assert next(ours)[0].max() > 16
    next(ours)
    assert next(ours)[0].max() < 16


def test_many_threads_share_one_iterator():
    plain, ours = flow(0), flow(3)
    expected, found = [next(plain)[1] for _ in range(30)], []

    def work():
        found.extend([next(ours)[1] for _ in range(5)])

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert not worker.is_alive()
    assert sorted(labels.tolist() for labels in found) == sorted(x.tolist() for x in expected)


def test_the_thread_ends_with_its_iterator():
    ours = flow(2)
    next(ours)
    assert len(threads()) == 1
    iterator = weakref.ref(ours)
    gc.disable()
    try:
        del ours
        assert iterator() is None
    finally:
        gc.enable()
    wait_until(lambda: not threads())


def test_a_new_start_leaves_no_thread_behind():
    ours = flow(2)
    for _ in range(20):
        next(ours)
        ours[0]
    assert len(threads()) <= 1


def test_there_is_no_thread_before_it_is_needed(keras):
    ours = flow(2)
    assert len(ours[0][0]) == 4
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile(loss="mse")
    model.fit(ours, verbose=0)
    assert not threads()


@pytest.mark.parametrize("prefetch", [-1, 1.5, "2", None])
def test_what_is_refused(prefetch):
    with pytest.raises(ValueError, match=r"`prefetch` should be an integer of at least 0.*Receiv"):
        flow(prefetch)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_goes_on_from_the_same_place():
    code = """
        import sys, os
        sys.modules["keras"] = None
        import numpy as np, batchwarp
        x = np.random.RandomState(0).randint(0, 256, (64, 20, 20, 3)).astype("uint8")
        def flow(prefetch):
            generator = batchwarp.ImageDataGenerator(rotation_range=30)
            return generator.flow(x, batch_size=8, seed=1, prefetch=prefetch)
        ours, expected = flow(3), flow(0)
        codes = []
        for _ in range(5):
            assert np.array_equal(next(ours), next(expected))
            child = os.fork()
            same = all(np.array_equal(next(ours), next(expected)) for _ in range(4))
            if child == 0:
                if same:
                    sys.exit(0)  # with all that Python does at its end
                os._exit(1)
            assert same
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        print(codes)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout.strip(), done.returncode) == ("[0, 0, 0, 0, 0]", 0), done.stderr


@pytest.mark.parametrize("pause", [0, 0.05])
def test_the_interpreter_ends_while_batches_are_made(pause):
    code = f"""
        import sys, time
        sys.modules["keras"] = None
        import numpy as np, batchwarp
        x = np.zeros((64, 200, 200, 3), "uint8")
        generator = batchwarp.ImageDataGenerator(rotation_range=20, interpolation_order=3)
        flow = generator.flow(x, batch_size=64, prefetch=2)
        next(flow)
        time.sleep({pause})
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
