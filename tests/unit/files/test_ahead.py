"""Files that are read before their turn: when, which, how many, and what becomes of the threads."""

from __future__ import annotations

import gc
import os
import pickle
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import batchwarp
from batchwarp.files import ahead as ahead_module
from batchwarp.files.ahead import FilesAhead, touch_file
from cache_files import LONG_AGO
from image_files import SIZE, solid

BATCH = 4


@pytest.fixture
def folder(tmp_path):
    """Eighty files, whose pixels are their numbers."""
    for number in range(80):
        solid(tmp_path / "images" / "a" / f"{number:02}.png", number)
    for path in tmp_path.rglob("*.png"):
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    return tmp_path / "images"


@pytest.fixture
def disk(monkeypatch):
    """What is read ahead of its turn, and whether the disk is slow; nobody looks at a clock."""

    class Disk:
        def __init__(self):
            self.is_slow, self.touched = True, []

        def touch(self, path):
            self.touched.append(int(Path(path).stem))

        def is_worth_it(self, touch):
            ahead_module._try(touch)
            return self.is_slow

    made = Disk()
    monkeypatch.setattr(ahead_module, "_is_worth_it", made.is_worth_it)
    monkeypatch.setattr(ahead_module, "FILES", 3 * BATCH)
    monkeypatch.setattr("batchwarp.iterators.files.FILES", 3 * BATCH)
    monkeypatch.setattr("batchwarp.files.dataset.touch_file", made.touch)
    monkeypatch.setattr("batchwarp.files.masks.touch_file", made.touch)
    return made


def flow(folder, **options):
    return batchwarp.ImageDataGenerator().flow_from_directory(
        folder, target_size=SIZE, batch_size=BATCH, seed=3, class_mode=None, **options
    )


def readers():
    return [one for one in threading.enumerate() if one.name == "batchwarp-reads-ahead"]


def until(condition):
    """Waits for other threads, as long as it takes on a busy machine."""
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.001)
    assert condition()


def test_files_of_coming_batches_are_read(folder, disk):
    made = flow(folder)
    plain = flow(folder)
    plain._files.ahead = None
    for turn in range(20):
        batch = next(made)
        np.testing.assert_array_equal(batch, next(plain))
        if turn >= ahead_module._PROBES - 1 and turn < 19:
            order = made.index_array
            coming = order[(turn + 1) * BATCH : (turn + 5) * BATCH].tolist()
            until(lambda coming=coming: set(coming) <= set(disk.touched))
            assert set(disk.touched) <= set(order[: (turn + 5) * BATCH].tolist())
    assert made._files.ahead.is_active
    assert len(disk.touched) <= 80 + ahead_module._PROBES  # none twice, but those that were tried
    for _ in range(20):  # the next pass has another order
        np.testing.assert_array_equal(next(made), next(plain))


def test_a_fast_disk_has_no_threads(folder, disk):
    disk.is_slow = False
    made = flow(folder)
    for _ in range(40):
        next(made)
    assert not made._files.ahead.is_active
    assert not readers()
    # A file for each of the first batches, then now and then one.
    assert len(disk.touched) == ahead_module._PROBES + 40 // ahead_module._PAUSE


def test_a_disk_that_becomes_fast_is_left_alone(folder, disk):
    made = flow(folder)
    for _ in range(10):
        next(made)
    assert made._files.ahead.is_active
    disk.is_slow = False
    for _ in range(60):
        next(made)
        until(lambda: made._files.ahead._shared.orders.empty())
        if not made._files.ahead.is_active:
            break
    assert not made._files.ahead.is_active
    count = len(disk.touched)
    for _ in range(3):
        next(made)
    assert len(disk.touched) <= count + 1


def test_batches_by_their_place(folder, disk):
    made = flow(folder)
    for place in range(8):
        made[place]
    assert made._files.ahead.is_active
    until(lambda: set(made.index_array[8 * BATCH : 11 * BATCH].tolist()) <= set(disk.touched))
    until(lambda: made._files.ahead._shared.orders.empty())
    count = len(disk.touched)
    for place in (3, 17, 5, 12):  # in nobody's order
        made[place]
    assert len(disk.touched) == count


@pytest.mark.parametrize("cache", ["memory", "decoded", "encoded"])
def test_what_is_in_a_cache_is_not_read(folder, disk, tmp_path, cache):
    options = {"cache": "memory" if cache == "memory" else tmp_path / "cached"}
    if cache == "encoded":
        options["cache_format"] = "encoded"
    made = flow(folder, **options)
    for _ in range(20):
        next(made)
    assert made._files.ahead.is_active
    until(lambda: made._files.ahead._shared.orders.empty())
    disk.touched.clear()
    for _ in range(20):
        next(made)
    assert not disk.touched


def test_an_encoded_file_is_read_where_it_is(folder, tmp_path):
    made = flow(folder, cache=tmp_path / "cached", cache_format="encoded")
    encoded = made._files.encoded
    next(made)
    kept, other = made.index_array[[0, -1]].tolist()
    for path in folder.glob("a/*.png"):
        path.unlink()
    encoded.touch(kept)
    with pytest.raises(FileNotFoundError):
        encoded.touch(other)


def test_masks_are_read_too(folder, disk, tmp_path):
    for number in range(80):
        solid(tmp_path / "masks" / "a" / f"{number:02}.png", number)
    made = flow(folder, masks=tmp_path / "masks")
    for _ in range(8):
        next(made)
    until(lambda: made._files.ahead._shared.orders.empty())
    coming = made.index_array[9 * BATCH : 10 * BATCH].tolist()
    until(lambda: all(disk.touched.count(number) == 2 for number in coming))


def test_threads_end_with_the_flow(folder, disk):
    for options in ({}, {"prefetch": 2}):
        made = flow(folder, **options)
        for _ in range(8):
            next(made)
        until(readers)
        del made
        gc.collect()
        until(lambda: not readers())


def test_a_copy_begins_anew(folder, disk):
    made = flow(folder)
    for _ in range(8):
        next(made)
    other = pickle.loads(pickle.dumps(made))
    assert made._files.ahead.is_active
    assert not other._files.ahead.is_active
    np.testing.assert_array_equal(next(other), next(made))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_has_threads_of_its_own(folder, disk):
    made = flow(folder)
    for _ in range(8):
        next(made)
    until(readers)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            disk.touched.clear()
            before = made._files.ahead.is_active or bool(readers())
            for _ in range(8):
                next(made)
            coming = made.index_array[16 * BATCH : 19 * BATCH].tolist()
            until(lambda: set(coming) <= set(disk.touched))
            code = int(before or not made._files.ahead.is_active)
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    for _ in range(4):
        next(made)


def test_a_system_without_threads(folder, disk, monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ahead_module.threading.Thread, "start", start)
    ahead = FilesAhead()
    touched = []
    for first in range(1, 12):
        ahead.go_on(touched, first, first + 3, lambda place: [(touched.append, place)])
    assert not ahead.is_active


def test_files_that_cannot_be_read_are_left_to_their_turn(folder, disk, monkeypatch):
    monkeypatch.setattr("batchwarp.files.dataset.touch_file", touch_file)
    made = flow(folder, on_error="zeros")
    for path in sorted(folder.glob("a/*.png"))[::2]:
        path.unlink()
    for _ in range(20):
        next(made)
    assert made._files.ahead.is_active
    assert len(made.errors) == 40


@pytest.mark.parametrize(
    ("times", "worth"),
    [
        ((0.005, 0.00003), True),
        ((0.0001, 0.00003), False),  # a disk that is fast
        ((0.005, 0.004), False),  # of which nothing stays in memory
        ((0.010, 0.005), False),  # a thread that has to wait for others
    ],
)
def test_when_it_is_worth_it(times, worth, monkeypatch):
    clock, left = [0.0], list(times)
    monkeypatch.setattr(ahead_module.time, "perf_counter", lambda: clock[0])

    def touch(_):
        clock[0] += left.pop(0)

    assert ahead_module._is_worth_it((touch, None)) is worth
    assert not left


def test_a_pipe_is_not_waited_for(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no pipes with names")
    os.mkfifo(tmp_path / "pipe")
    touch_file(str(tmp_path / "pipe"))


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no device without an end")
def test_what_is_no_regular_file_is_left_to_its_turn(tmp_path):
    (tmp_path / "endless.jpg").symlink_to("/dev/zero")
    touch_file(str(tmp_path / "endless.jpg"))
    path = tmp_path / "growing.jpg"
    path.write_bytes(b"1" * 10)
    with path.open("ab") as writer, pytest.MonkeyPatch.context() as patch:
        read = os.read

        def read_and_grow(descriptor, count):
            data = read(descriptor, count)
            writer.write(b"1" * 10)
            writer.flush()
            return data

        patch.setattr(os, "read", read_and_grow)
        touch_file(str(path))
    assert path.stat().st_size == 20  # it was read once
