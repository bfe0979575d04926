"""Ctrl-C, or another signal whose handler raises, at any moment of any call.

The exception arrives where the call was made, or after it. Nothing hangs then, nothing is printed,
and the next batch is the one that was interrupted or the one after it. More moments are tried with
the environment variable `BATCHWARP_SIGNALS`, the number for each call.
"""

from __future__ import annotations

import faulthandler
import functools
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest

if __name__ == "__main__":
    sys.modules["keras"] = None  # it takes seconds to import

import batchwarp
from batchwarp import image
from batchwarp.files import reader

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="Windows has no timer that interrupts"
)

HANG = 60.0  # seconds; what is waited for takes milliseconds
MOMENTS = int(os.environ.get("BATCHWARP_SIGNALS", "20"))

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
    ("methods of the generator", "functions of one image", "set_num_threads", "check"),
)


@pytest.mark.slow
@pytest.mark.parametrize("names", TOGETHER, ids=lambda names: names[0])
def test_a_signal_at_any_moment(names):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning", __file__, *names],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=600 + MOMENTS,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0), done.stdout


def refuse(*_):
    raise TimeoutError("the user's alarm")


class Callable:
    def __call__(self, *_):
        refuse()

    def method(self, *_):
        refuse()


@pytest.mark.parametrize(
    "handler",
    [refuse, Callable(), Callable().method, functools.partial(refuse, 1)],
    ids=["function", "object", "method", "partial"],
)
@pytest.mark.parametrize("on_error", ["raise", "skip", "zeros"])
def test_an_alarm_is_not_the_fault_of_an_image(tmp_path, monkeypatch, handler, on_error):
    """A handler may raise what decoders raise, too; no image must be passed over for that."""
    (tmp_path / "c").mkdir()
    image.save_img(tmp_path / "c" / "0.png", np.full((6, 5, 3), 7.0))
    flow = batchwarp.ImageDataGenerator().flow_from_directory(tmp_path, on_error=on_error)
    really_decode = reader.decode

    def decode(*arguments):
        signal.raise_signal(signal.SIGALRM)
        return really_decode(*arguments)

    expected = next(flow)[0]
    before = signal.signal(signal.SIGALRM, handler)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(reader, "decode", decode)
            with pytest.raises(TimeoutError, match="the user's alarm"):
                next(flow)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert flow.errors == []
    np.testing.assert_array_equal(next(flow)[0], expected)


class Stop(Exception):
    """What the handler of a signal may raise instead of `KeyboardInterrupt`."""


INTERRUPTS = (KeyboardInterrupt, SystemExit, Stop)


def in_a_thread(work):
    """Runs a function in another thread, for which no lock may be left held."""
    failures = []

    def run():
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised below
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def interrupted(call, delay, interrupt):
    """Calls a function, with an alarm; returns how long it took, or `None` after the alarm."""
    heard = []

    def handler(number, frame):
        heard.append(number)
        raise interrupt

    signal.signal(signal.SIGALRM, handler)
    start = time.perf_counter()
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, delay)
            call()
            took = time.perf_counter() - start
        finally:
            left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
            end = time.perf_counter() + 1
            while not left and not heard and time.perf_counter() < end:
                time.sleep(0.0001)  # it is on its way, unless the time left was rounded to nothing
    except interrupt:
        return None
    return took


def interrupt_repeatedly(name, call, moments):
    """Interrupts a call again and again, and looks each time what has become of it."""
    np.random.seed(7)
    start = time.perf_counter()
    call.check()
    usual = time.perf_counter() - start
    # Python's own `Thread.start` takes an `Exception` of a handler for a thread that did not start.
    starts_threads = call.draws_globally or "prefetch" in name
    kinds = INTERRUPTS[: 2 if starts_threads else 3]
    for number in range(MOMENTS):
        place, state = call.place, np.random.get_state()
        delay = moments.random() ** 2 * usual + 1e-6
        faulthandler.dump_traceback_later(HANG, exit=True)
        try:
            took = interrupted(call.call, delay, kinds[number % len(kinds)])
            if took is not None:
                usual = took
            if not call.draws_globally and "prefetch" not in name:  # whose thread may be at work
                assert all(map(np.array_equal, np.random.get_state(), state)), "it was drawn from"
            in_a_thread(lambda place=place: call.check(place))
            call.check()
        except BaseException as error:
            raise AssertionError(
                f"{name}, {number}: {delay * 1e6:.0f} us of {usual * 1e6:.0f}"
            ) from error
        faulthandler.cancel_dump_traceback_later()


def main(*names):
    import public_calls

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        public_calls.write_files(folder)
        for name in names:
            call = public_calls.calls(folder)[name]()
            interrupt_repeatedly(name, call, random.Random(name))
            del call
            if (folder / "caches").exists():  # what was written is right for others, too
                flow = public_calls.file_flow(folder, cache=folder / "caches", shuffle=False)
                plain = public_calls.file_flow(folder, shuffle=False)
                for _ in range(len(flow)):
                    assert public_calls.same(next(flow), next(plain))
                assert flow._files.cache.complete
                del flow
                shutil.rmtree(folder / "caches")


if __name__ == "__main__":
    sys.stdout = io.StringIO()
    main(*sys.argv[1:])
