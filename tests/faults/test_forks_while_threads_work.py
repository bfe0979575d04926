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


@pytest.mark.parametrize("names", TOGETHER, ids=lambda names: names[0])
def test_children_make_their_own_batches(names):
    run("fork_in", *names)


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

    sys.stdout = io.StringIO()  # files have locks of their own, which Python does not renew
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

    threads = [threading.Thread(target=work) for _ in range(2)]
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


if __name__ == "__main__":
    sys.modules["keras"] = None  # it takes seconds to import
    globals()[sys.argv[1]](*sys.argv[2:])
