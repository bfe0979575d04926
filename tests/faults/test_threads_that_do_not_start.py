"""Containers and clusters limit processes and threads: some threads, or all, do not start."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
import time
import warnings

import numpy as np
import pytest

import batchwarp
from batchwarp.files import reader, threads
from image_files import flow, save_numbered, values
from keras_reference import noise

X, Y = noise((11, 6, 5, 1)), np.arange(11)
NONE = "can't start new thread"


@pytest.fixture
def numbered(tmp_path):
    return save_numbered(tmp_path)


@pytest.fixture
def limit(monkeypatch):
    """Returns a function that says how many threads of ours start from now on, of four."""
    monkeypatch.setattr(threads, "_helpers", threads._Helpers())
    others = set(threading.enumerate())  # of flows that are still somebody's
    start, left = threading.Thread.start, [100]

    def limited(thread):
        if thread.name.startswith("batchwarp-"):
            if not left[0]:
                raise RuntimeError(NONE)
            left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    before = batchwarp.runtime.get_num_threads()
    batchwarp.runtime.set_num_threads(4)
    yield lambda count: left.__setitem__(0, count)
    batchwarp.runtime.set_num_threads(before)
    gc.collect()
    end = time.monotonic() + 30
    while any(
        thread.name == "batchwarp-prefetch" for thread in set(threading.enumerate()) - others
    ):
        assert time.monotonic() < end, "a thread is left"
        time.sleep(0.001)


@pytest.fixture
def _slow_threads(monkeypatch):
    """Helpers are still at their first file when the others have been done."""
    decode = reader.decode

    def slow(*arguments):
        if threading.current_thread().name.startswith("batchwarp-files"):
            time.sleep(0.1)
        return decode(*arguments)

    monkeypatch.setattr(reader, "decode", slow)


def warned(work):
    """Returns what a function returns, and the texts of the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = work()
    assert {(one.category, one.filename) for one in caught} <= {(RuntimeWarning, __file__)}
    return result, [str(one.message) for one in caught]


@pytest.mark.usefixtures("_slow_threads")
@pytest.mark.parametrize("started", [0, 1, 2])
@pytest.mark.parametrize("arguments", [{}, {"cache": "memory"}, {"prefetch": 2}], ids=str)
def test_files(numbered, limit, started, arguments):
    limit(started)
    iterator = flow(numbered, batch_size=10, **arguments)
    batches, texts = warned(lambda: [next(iterator)[0] for _ in range(3)])
    for batch in batches:
        assert values(batch) == [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]
    (text,) = texts
    assert f"did not start a thread ({NONE})" in text
    if started or not arguments.get("prefetch"):
        readers = 1 + started - (started and arguments.get("prefetch", 0) > 0)
        assert f"files are read by {readers} of 4 threads" in text
    limit(100)
    assert warned(lambda: values(next(iterator)[0]))[1] == []


@pytest.mark.usefixtures("_slow_threads")
def test_a_function_of_the_user_sees_images(numbered, limit):
    limit(1)
    seen = []
    generator = {"preprocessing_function": lambda image: seen.append(image[0, 0, 0]) or image}
    iterator = flow(numbered, generator, batch_size=10)
    warned(lambda: next(iterator))
    assert seen == [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]


@pytest.mark.usefixtures("_slow_threads")
def test_the_error_of_a_broken_file_is_not_lost(numbered, limit):
    (numbered / "a" / "0.png").write_bytes(b"nothing")
    limit(1)
    with pytest.raises(batchwarp.ImageFileError, match=r"0\.png"):
        warned(lambda: next(flow(numbered)))


@pytest.mark.usefixtures("_slow_threads")
def test_check_finds_what_is_broken(numbered, limit, capsys):
    from batchwarp.cli import main

    (numbered / "a" / "0.png").write_bytes(b"nothing")
    limit(1)
    status, texts = warned(lambda: main(["check", str(numbered)]))
    assert (status, len(texts)) == (1, 1)
    assert "10 files, 1 of them cannot be read" in capsys.readouterr().out


@pytest.mark.parametrize("seed", [3, None])
def test_a_flow_that_prefetches(limit, seed):
    limit(0)
    generator = batchwarp.ImageDataGenerator(rotation_range=30, horizontal_flip=True)
    ours = generator.flow(X, Y, batch_size=4, seed=seed, prefetch=2)
    plain = generator.flow(X, Y, batch_size=4, seed=seed)
    np.random.seed(1)
    found, texts = warned(lambda: [next(ours) for _ in range(4)])
    np.random.seed(1)
    for batch in found:
        for a, b in zip(batch, next(plain), strict=True):
            np.testing.assert_array_equal(a, b)
    (text,) = texts
    assert f"did not start a thread ({NONE}): no batch is made ahead" in text
    limit(100)
    next(ours)
    assert any(thread.name.startswith("batchwarp-prefetch") for thread in threading.enumerate())
    ours._ahead.close()


@pytest.mark.parametrize("prefetch", [0, 2])
def test_a_thread_that_ends_by_itself(numbered, limit, monkeypatch, prefetch):
    """As for want of memory, before it has begun with anything."""
    run = threading.Thread.run

    def ended(thread):
        if not thread.name.startswith("batchwarp-"):
            run(thread)

    monkeypatch.setattr(threading.Thread, "run", ended)
    iterator = flow(numbered, batch_size=10, prefetch=prefetch)
    for _ in range(2):
        assert values(next(iterator)[0]) == [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]
    monkeypatch.undo()
    assert values(next(iterator)[0]) == [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]


def test_threads_end_with_the_interpreter(numbered):
    code = """
        import sys
        sys.modules["keras"] = None
        import batchwarp
        generator = batchwarp.ImageDataGenerator()
        flow = generator.flow_from_directory(sys.argv[1], batch_size=5, prefetch=1)
        next(flow)
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), str(numbered)],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "BATCHWARP_NUM_THREADS": "3"},
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("", 0)


LIMITED = """
    import faulthandler, os, sys, time, warnings
    faulthandler.dump_traceback_later(50, exit=True)
    sys.modules["keras"] = None
    import resource
    import numpy as np
    import batchwarp
    kind, more = sys.argv[1], int(sys.argv[2])
    x = np.arange(16 * 40 * 40 * 3).reshape(16, 40, 40, 3).astype("uint8")

    def flow(**options):
        generator = batchwarp.ImageDataGenerator(rotation_range=30)
        if kind.startswith("files"):
            return generator.flow_from_directory(
                ".", target_size=(8, 8), batch_size=8, shuffle=False, seed=1, **options
            )
        return generator.flow(x, np.zeros(16), batch_size=8, seed=1, **options)

    def threads_of_this_user():
        count = 0
        for name in os.listdir("/proc"):
            try:
                if name.isdigit() and os.stat(f"/proc/{name}").st_uid == os.getuid():
                    count += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                pass
        return count

    batchwarp.runtime.set_num_threads(1)
    plain = flow()
    expected = [next(plain) for _ in range(8)]
    others = set(os.listdir("/proc/self/task"))
    batchwarp.runtime.set_num_threads(4)
    limit = 1
    if os.geteuid() == 0:  # no limit holds for root
        os.setgroups([])
        os.setgid(65534)
        os.setuid(30_000 + os.getpid() % 30_000)  # a user without other processes
        limit = threads_of_this_user() + more
    before = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (limit, before[1]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours = flow(prefetch=2 if "prefetch" in kind else 0)
        for batch in expected[:4]:
            for a, b in zip(next(ours), batch):
                assert np.array_equal(a, b)
    for one in caught:
        print(one.category.__name__, one.message)

    # The limit is gone: after a second, there are as many threads as there should be.
    resource.setrlimit(resource.RLIMIT_NPROC, before)
    time.sleep(1.1)
    warnings.simplefilter("error")
    for batch in expected[4:]:
        for a, b in zip(next(ours), batch):
            assert np.array_equal(a, b)
    started = set(os.listdir("/proc/self/task")) - others
    assert len(started) >= 3, started
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems count otherwise")
@pytest.mark.parametrize(
    ("kind", "more"),
    [("arrays", 0), ("arrays", 1), ("arrays prefetch", 0), ("files", 1), ("files prefetch", 1)],
)
def test_a_real_limit(numbered, kind, more):
    if more and os.geteuid():
        pytest.skip("only root can become a user of whom no other process is")
    numbered.chmod(0o755)  # the other user reads it
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LIMITED), kind, str(more)],
        capture_output=True, text=True, timeout=60, check=False, cwd=numbered,
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("", 0)
    (line,) = [line for line in done.stdout.splitlines() if not line.startswith("Found")]
    assert line.startswith("RuntimeWarning The system did not start a thread")
