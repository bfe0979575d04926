"""Threads that decode: they end with their iterator, their process, or Ctrl-C."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
import time
import weakref

import pytest

import batchwarp
from batchwarp.files import threads
from batchwarp.files.threads import _Helpers, _Job
from image_files import flow, picture, save, save_numbered


@pytest.fixture
def numbered(tmp_path):
    return save_numbered(tmp_path)


def our_threads():
    return {thread for thread in threading.enumerate() if "batchwarp" in thread.name}


@pytest.mark.parametrize("prefetch", [0, 2])
def test_an_iterator_dropped_in_the_middle(numbered, monkeypatch, prefetch):
    """What it leaves are the threads that all iterators share."""
    monkeypatch.setattr(threads, "_helpers", threads._Helpers())
    others = our_threads()
    before = batchwarp.runtime.get_num_threads()
    batchwarp.runtime.set_num_threads(3)
    try:
        for _ in range(5):
            iterator = flow(numbered, prefetch=prefetch)
            next(iterator)
            del iterator
    finally:
        batchwarp.runtime.set_num_threads(before)
    gc.collect()
    end = time.monotonic() + 30
    while any("prefetch" in thread.name for thread in our_threads() - others):
        assert time.monotonic() < end
        time.sleep(0.001)
    assert len(our_threads() - others) <= 2


def run(code, *arguments):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "BATCHWARP_NUM_THREADS": "3"},
    )


PREPARE = """
    import os, signal, sys, threading, time
    sys.modules["keras"] = None
    import numpy as np
    import batchwarp

    def flow(**arguments):
        generator = batchwarp.ImageDataGenerator(rotation_range=9)
        return generator.flow_from_directory(
            sys.argv[1], (300, 300), batch_size=10, seed=1, interpolation="lanczos", **arguments
        )
"""


@pytest.mark.parametrize("prefetch", [0, 3])
def test_the_interpreter_ends_in_the_middle_of_an_epoch(numbered, prefetch):
    code = f"""
    next(flow(prefetch={prefetch}))
    it = flow(prefetch=3)
    next(it)
    """
    done = run(PREPARE + code, numbered)
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("scaled", [False, True])
def test_a_forked_child_reads_files(tmp_path, scaled):
    for number in range(4):
        save(tmp_path / "a" / str(number), "jpeg", picture(700, 640, number))
    code = f"""
    ours, expected = flow(scaled_decode={scaled}), flow(scaled_decode={scaled})
    next(ours)
    child = os.fork()
    if child == 0:
        signal.alarm(50)
        next(ours)
        sys.exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    done = run(PREPARE + code, tmp_path)
    assert (done.stdout.split()[-1:], done.returncode) == (["0"], 0), done.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals are sent to a process by itself")
@pytest.mark.parametrize("prefetch", [0, 2])
def test_ctrl_c(numbered, prefetch):
    code = f"""
    it = flow(prefetch={prefetch})
    expected = next(flow())
    next(it)
    for _ in range(5):
        timer = threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT))
        try:
            timer.start()  # in here: under load it fires before this returns
            while True:
                next(it)
        except KeyboardInterrupt:
            timer.join()
    assert all(len(part) == 10 for part in next(it))
    print("ends")
    """
    done = run(PREPARE + code, numbered)
    assert (done.stdout.split()[-1:], done.returncode) == (["ends"], 0), done.stderr


def test_a_thread_that_waits_keeps_no_job_that_it_has_not_joined(monkeypatch):
    """It would keep a batch's memory, and an iterator with its thread, until the next one."""
    helpers, kept = _Helpers(), []
    helpers._jobs.append(_Job(print, 1, seats=0))
    job = weakref.ref(helpers._jobs[0])

    def wait():
        helpers._jobs.clear()
        kept.append(job())
        helpers._ending = True

    monkeypatch.setattr(helpers._wake, "wait", wait)
    assert helpers._next_job() is None
    assert kept == [None]
