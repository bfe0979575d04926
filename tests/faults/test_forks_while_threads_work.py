"""`os.fork` at any moment while other threads are inside calls: the child makes its own batches.

It must neither wait for threads that it has not, nor for locks that they held, and its batches are
those that it would have made without the fork.
"""

from __future__ import annotations

import faulthandler
import io
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

HANG = float(os.environ.get("HANG", 30.0))  # seconds; what a child does takes milliseconds
FORKS = 4

TOGETHER = (
    ("next", "next with prefetch", "a new flow with prefetch", "a batch by its position"),
    (
        "a function that draws",
        "a function that draws, with prefetch",
        "a method that draws",
        "a method that draws, with prefetch",
    ),
    ("files", "files with prefetch", "files through a method"),
    ("files in the memory cache", "files in a cache on disk", "a new cache on disk"),
    ("files in a small memory cache", "files, encoded, in a cache"),
    ("fit", "fit with augmentation", "fit with whitening", "fit_from"),
    (
        "methods of the generator",
        "functions of one image",
        "calls without a seed",
        "set_num_threads",
        "check",
    ),
)


def run(code, *arguments):
    """Runs a function of this file in a process without Keras; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", __file__, code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0), done.stdout
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("names", TOGETHER, ids=lambda names: names[0])
def test_children_make_their_own_batches(names):
    run("fork_in", *names)


def test_forks_while_libraries_are_imported():
    """The first call of a process imports OpenCV and Pillow, in whatever thread it is."""
    for delay in (0.01, 0.03, 0.06, 0.1):
        run("fork_in_first_call", delay)


def test_forks_while_names_are_imported():
    """The module of a name is imported when that is asked for, in whatever thread it is.

    So is `numpy.random`.
    """
    run("fork_in_first_use_of_names")


def test_a_lock_that_the_forking_thread_holds():
    run("fork_with_the_lock")


def test_a_lock_on_a_cache_file():
    run("fork_with_an_open_cache")


def test_copies_while_a_thread_takes_batches():
    """A pickle goes on from one place, whatever another thread is about."""
    run("pickle_while_a_thread_works")


def in_child(work):
    """Runs a function in a child; returns the process's number."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        faulthandler.dump_traceback_later(HANG, exit=True)
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - the parent fails
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def wait_for(child, what):
    end = time.monotonic() + 2 * HANG
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            assert status == 0, f"the child failed: {what}"
            return
        time.sleep(0.002)
    os.kill(child, 9)
    os.waitpid(child, 0)
    raise AssertionError(f"the child hangs: {what}")


def fork_in(*names):
    import numpy as np

    import public_calls

    with tempfile.TemporaryDirectory() as folder:
        public_calls.write_files(Path(folder))
        everything = public_calls.calls(Path(folder))
        for name in names:
            moments = random.Random(name)
            shared, own = everything[name](), everything["next"]()
            failures = fork_repeatedly(name, shared, own, moments, np.random.RandomState(7).rand())
            assert not failures, failures


def fork_repeatedly(name, shared, own, moments, drawn):
    import numpy as np

    np.random.seed(7)
    stop, failures = threading.Event(), []

    def work():
        try:
            while not stop.is_set():
                shared.call()
        except BaseException as error:
            failures.append(error)
            raise

    def child(draws=True):
        if draws and not shared.draws_globally:
            assert np.random.rand() == drawn, "the global state is another one"
        shared.check()
        own.check()

    def grandchild():
        child()
        faulthandler.cancel_dump_traceback_later()  # its thread, too, would not be there
        wait_for(in_child(lambda: child(draws=False)), "the grandchild")

    def from_a_thread(number):
        thread = threading.Thread(target=fork, args=(number, False))
        thread.start()
        thread.join()

    def fork(number, may_delegate=True):
        if number % 3 == 1 and may_delegate:
            from_a_thread(number)
        else:
            wait_for(in_child(grandchild if number % 3 == 2 else child), f"{name}, {number}")

    # A command has the process, and its standard error, to itself.
    threads = [threading.Thread(target=work) for _ in range(1 if name == "check" else 2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(int(os.environ.get("BATCHWARP_FORKS", FORKS))):
            time.sleep(moments.random() * 0.02)
            fork(number)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    shared.check()
    return failures


def fork_in_first_call(delay):
    import public_calls

    with tempfile.TemporaryDirectory() as folder:
        writer = in_child(lambda: public_calls.write_files(Path(folder)))  # it imports Pillow
        wait_for(writer, "the writer of files")

        def call():
            return next(public_calls.file_flow(Path(folder)))

        batches = []
        thread = threading.Thread(target=lambda: batches.append(call()))
        thread.start()
        time.sleep(float(delay))
        wait_for(in_child(call), "its first call")
        thread.join()
        assert public_calls.same(batches[0], call())


def fork_in_first_use_of_names():
    import numpy as np

    import batchwarp
    from batchwarp import ops

    def call():
        for package in (batchwarp, ops):
            assert all(hasattr(package, name) for name in package.__all__)
        batchwarp.image.random_rotation(np.zeros((4, 4, 3)), 9)

    def attempt(delay):  # in a process that has asked for none yet
        faulthandler.cancel_dump_traceback_later()  # its thread would not be in the child
        thread = threading.Thread(target=call)
        thread.start()
        time.sleep(delay)
        wait_for(in_child(call), f"its first use of names, {delay} s after another thread's")
        thread.join()

    for delay in (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128):
        wait_for(in_child(lambda delay=delay: attempt(delay)), f"a process with a child, {delay} s")


def fork_with_the_lock():
    import batchwarp
    import public_calls

    for prefetch in (0, 2):
        flow = public_calls.array_flow(batchwarp.ImageDataGenerator(), prefetch=prefetch)
        next(flow)

        def child(flow=flow):
            thread = threading.Thread(target=lambda: next(flow))
            thread.start()  # it waits for this thread
            thread.join(0.05)
            assert flow.total_batches_seen == 1
            next(flow)
            flow.lock.release()
            thread.join()
            assert flow.total_batches_seen == 3

        with flow.lock:
            wait_for(in_child(child), f"a child that holds the lock, prefetch={prefetch}")


def fork_with_an_open_cache():
    import public_calls

    with tempfile.TemporaryDirectory() as folder:
        public_calls.write_files(Path(folder))
        folders = [Path(folder) / f"cache {number}" for number in range(8)]
        opened = []

        def work():
            for path in folders:
                flow = public_calls.file_flow(Path(folder), cache=path)
                opened.append(flow)
                next(flow)

        reading, writing = os.pipe()

        def child():
            os.read(reading, 1)

        thread = threading.Thread(target=work)
        thread.start()
        children = []
        for _ in range(6):
            time.sleep(0.01)
            children.append(in_child(child))
        thread.join()
        children.append(in_child(child))
        for flow in opened:
            flow._files.cache.close()
        opened.clear()
        # The children are there, and keep no file locked: nothing would be stored.
        for path in folders:
            flow = public_calls.file_flow(Path(folder), cache=path)
            next(flow)
            assert flow._files.cache._writer is not None
            assert not flow._files.cache._busy_until
        os.write(writing, b"." * len(children))
        for number in children:
            wait_for(number, "a child that reads a pipe")


def pickle_while_a_thread_works():
    import copy
    import pickle

    import batchwarp
    import public_calls

    for prefetch in (0, 2):
        generator = batchwarp.ImageDataGenerator(**public_calls.AUGMENT)
        call = public_calls.Flow(
            lambda generator=generator, **options: public_calls.array_flow(generator, **options),
            prefetch=prefetch,
        )
        stop = threading.Event()

        def work(call=call, stop=stop):
            while not stop.is_set():
                call.call()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            for _ in range(20):
                for twin in (pickle.loads(pickle.dumps(call.flow)), copy.copy(call.flow)):
                    own = copy.copy(call)
                    own.flow = twin
                    own.check()
        finally:
            stop.set()
            thread.join()


if __name__ == "__main__":
    sys.modules["keras"] = None  # it takes seconds to import
    sys.stdout = io.StringIO()  # files have locks of their own, which Python does not renew
    globals()[sys.argv[1]](*sys.argv[2:])
