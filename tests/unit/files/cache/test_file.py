"""A cache file that is open: changes beside it, damage, a disk that fills up."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from batchwarp.files.cache import file as file_module
from cache_files import LONG_AGO, fill, filled, found, opened, pixels, write_image


def test_a_reader_keeps_its_pixels_when_images_change_again_and_again(folder, paths):
    """New pixels go to new slots, and to a new file when there are no more of them."""
    filled(folder, paths)
    reader = opened(folder, paths)
    slots = reader.find(np.arange(6))
    reader._writer = None
    reader._file = None  # closes the descriptor: somebody else may write
    inodes = set()
    for version in range(1, 9):
        for path in paths:
            write_image(Path(path), mtime_ns=LONG_AGO + version)
        cache = opened(folder, paths)
        assert found(cache, paths) == []
        fill(cache, paths, version)
        assert found(cache, paths, version) == list(range(6))
        inodes.add(cache.path.stat().st_ino)
        cache.close()
    for number, slot in enumerate(slots):
        np.testing.assert_array_equal(reader.images[slot], pixels(number))
    assert len(inodes) > 1
    assert len(list(folder.iterdir())) == 1


def test_a_file_that_is_cut_while_it_is_open(folder, paths):
    path = filled(folder, paths)
    cache = opened(folder, paths)
    os.truncate(path, 5000)
    assert found(cache, paths) == []


def test_a_disk_that_fills_up(folder, paths, monkeypatch):
    """Also in the middle of an image; what was stored before stays."""
    room = [3 * 105 + 3 * 48 + 50]
    really_write = file_module.write_at

    def write_at(descriptor, data, offset):
        fits = data[: room[0]]
        room[0] -= len(fits)
        really_write(descriptor, fits, offset)
        if len(fits) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    cache = opened(folder, paths)
    monkeypatch.setattr(file_module, "write_at", write_at)
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
