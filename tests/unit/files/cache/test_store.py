"""A store that is open: changes beside it, damage, locks, a disk that fills up."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from batchwarp.files.cache import opening as opening_module
from batchwarp.files.cache import store as store_module
from batchwarp.files.cache import stored as stored_module
from batchwarp.files.cache.layout import RECORD
from batchwarp.files.cache.system import OpenFile, try_lock
from cache_files import LONG_AGO, data_of, fill, filled, found, opened, pixels, write_image


def test_a_reader_keeps_its_pixels_when_images_change_again_and_again(folder, paths, monkeypatch):
    """New pixels go behind the old ones, and to a new store when most are old."""
    monkeypatch.setattr(opening_module, "_LEAST_GAIN", 1000)
    filled(folder, paths)
    reader = opened(folder, paths)
    slots = reader.find(np.arange(6))
    stores = set()
    for version in range(1, 9):
        for path in paths:
            write_image(Path(path), mtime_ns=LONG_AGO + version)
        cache = opened(folder, paths)
        assert found(cache, paths) == []
        fill(cache, paths, version)
        assert found(cache, paths, version) == list(range(6))
        stores.add(data_of(cache.path))
        cache.close()
    for number, slot in enumerate(slots):
        np.testing.assert_array_equal(reader.images[slot], pixels(number))
    assert 1 < len(stores) < 8
    assert len(list(folder.iterdir())) == 2
    assert data_of(cache.path).stat().st_size < 30 * 105


def test_a_renewed_store_has_all_that_is_current(folder, paths, monkeypatch):
    filled(folder, paths)
    for version in (1, 2):
        for path in paths[:3]:
            write_image(Path(path), mtime_ns=LONG_AGO + version)
        cache = opened(folder, paths)
        fill(cache, paths, version, only=range(3))
        cache.close()
    before = data_of(cache.path)
    monkeypatch.setattr(opening_module, "_LEAST_GAIN", 1)
    with before.open("r+b") as file:  # one image is damaged, and no longer taken over
        file.seek(5 * 105)
        file.write(b"\0")
    assert before.stat().st_size == 12 * 105
    cache = opened(folder, paths)
    assert data_of(cache.path) != before
    assert [cache.find(np.array([number]))[0] for number in range(6)] == [2, 3, 4, 0, 1, -1]
    for number in range(5):
        expected = pixels(number, version=2 if number < 3 else 0)
        np.testing.assert_array_equal(cache.images[cache.find(np.array([number]))[0]], expected)


def test_data_that_are_cut_while_they_are_open(folder, paths):
    path = filled(folder, paths)
    cache = opened(folder, paths)
    os.truncate(data_of(path), 200)
    assert found(cache, paths) == [0]
    fill(cache, paths)
    assert found(cache, paths) == list(range(6))


def test_a_record_that_was_begun_is_dropped(folder, paths):
    """What follows is written over it, and found by those who have seen it."""
    path = filled(folder, paths[:4])
    reader = opened(folder, paths)
    with path.open("ab") as file:
        file.write(b"\x01" * (RECORD.itemsize // 2))
    cache = opened(folder, paths)
    assert found(cache, paths) == [0, 1, 2, 3]
    fill(cache, paths)
    assert (path.stat().st_size - 4096) % RECORD.itemsize == 0
    assert found(reader, paths) == list(range(6))
    assert found(opened(folder, paths), paths) == list(range(6))


def test_a_disk_that_fills_up(folder, paths, monkeypatch):
    """Also in the middle of an image; what was stored before stays."""
    room = [3 * 105 + 3 * RECORD.itemsize + 50]
    really_write = store_module.write_at

    def write_at(descriptor, data, offset):
        fits = data[: room[0]]
        room[0] -= len(fits)
        really_write(descriptor, fits, offset)
        if len(fits) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    cache = opened(folder, paths)
    monkeypatch.setattr(store_module, "write_at", write_at)
    with pytest.warns(RuntimeWarning, match=os.strerror(errno.ENOSPC)) as caught:
        fill(cache, paths)
    assert len(caught) == 1
    assert found(cache, paths) == [0, 1, 2]
    cache.close()
    monkeypatch.undo()
    again = opened(folder, paths)
    assert found(again, paths) == [0, 1, 2]
    fill(again, paths)
    assert again.complete


def test_a_lock_that_is_not_to_be_had_costs_the_image_only(folder, paths, monkeypatch):
    """As of a process that was stopped while it had the lock: nobody waits for it for long."""
    monkeypatch.setattr(store_module, "_PATIENCE", 0)
    monkeypatch.setattr(stored_module, "_PAUSE", 3600)
    cache = opened(folder, paths)
    fill(cache, paths, only=[0])
    other = OpenFile(cache.path, os.O_RDWR)
    assert try_lock(other.descriptor)
    fill(cache, paths, only=[1])
    other.close()
    fill(cache, paths, only=[2])  # nobody asks for the lock again so soon
    assert found(cache, paths) == [0]
    cache._busy_until = 0
    fill(cache, paths)
    assert found(cache, paths) == list(range(6))
