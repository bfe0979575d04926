"""Which cache file a data set has, who may write, and what if nobody can."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from batchwarp.files.cache import disk as disk_module
from cache_files import (
    LONG_AGO,
    SETTINGS,
    SHAPE,
    fill,
    filled,
    found,
    grown,
    in_python,
    needs_fork,
    opened,
    pixels,
    unusable,
    write_image,
)


@pytest.mark.parametrize("count", [3, 40], ids=["within the file", "beyond it"])
def test_a_grown_data_set_keeps_its_images_and_leaves_no_second_file(count, folder, paths):
    first = filled(folder, paths)
    longer = grown(paths, count)
    cache = opened(folder, longer)
    assert found(cache, longer) == list(range(6))
    fill(cache, longer)
    assert cache.complete
    assert cache.path != first
    assert list(folder.iterdir()) == [cache.path]
    cache.close()
    assert found(opened(folder, longer), longer) == list(range(6 + count))


def test_lists_that_overlap_keep_their_files(folder, paths):
    first = filled(folder, paths)
    part = opened(folder, paths[:3])
    assert found(part, paths[:3]) == [0, 1, 2]
    assert first.exists()
    assert len(list(folder.iterdir())) == 2


def test_a_list_in_use_keeps_its_file(folder, paths):
    cache = opened(folder, paths)
    fill(cache, paths)
    longer = grown(paths, 2)
    other = opened(folder, longer)
    assert found(other, longer) == list(range(6))
    assert cache.path.exists()
    fill(other, longer)
    assert other.complete


@pytest.mark.parametrize(
    "changed",
    [
        {"settings": {**SETTINGS, "interpolation": "bilinear"}},
        {"settings": {**SETTINGS, "n": 0}},
        {"settings": {**SETTINGS, "keep_aspect_ratio": 0}},
        {"image_shape": (7, 5, 3)},
        {"root": ""},
    ],
    ids=str,
)
def test_other_settings_have_another_file(changed, folder, paths):
    filled(folder, paths)
    cache = opened(folder, paths, **changed)
    assert (cache.find(np.arange(6)) == -1).all()
    assert len(list(folder.iterdir())) == 2


def test_a_second_writer_reads_and_says_so_once(folder, paths, monkeypatch):
    cache = opened(folder, paths)
    fill(cache, paths, only=[0, 1])
    second = unusable(folder, paths, "another process or iterator writes")
    assert found(second, paths) == [0, 1]
    fill(cache, paths)
    monkeypatch.setattr(disk_module, "_REFRESH_SECONDS", 0)
    second._next_reading = 0
    assert found(second, paths) == list(range(6))
    cache.close()


def test_nobody_warns_when_there_is_nothing_to_write(folder, paths):
    filled(folder, paths)
    caches = [opened(folder, paths) for _ in range(2)]
    assert [found(cache, paths) for cache in caches] == [list(range(6))] * 2


@pytest.mark.parametrize("below", [False, True])
def test_a_file_in_place_of_the_folder(below, tmp_path, paths):
    (tmp_path / "file").write_bytes(b"")
    folder = tmp_path / "file" / "below" if below else tmp_path / "file"
    cache = unusable(folder, paths, "exists|directory")
    assert found(cache, paths) == []
    assert cache.images.shape == (0, *SHAPE)


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_folder_without_permission_to_write(code, folder, paths, monkeypatch):
    """What is there is read all the same; without anything missing there is no warning."""
    longer = grown(paths, 1)
    filled(folder, paths)
    really_open = os.open

    def read_only(path, flags, *mode):
        if flags & (os.O_RDWR | os.O_CREAT):
            raise OSError(code, os.strerror(code), path)
        return really_open(path, flags, *mode)

    monkeypatch.setattr(os, "open", read_only)
    assert found(opened(folder, paths), paths) == list(range(6))
    cache = unusable(folder, longer, os.strerror(code))
    assert found(cache, longer) == []


def test_a_disk_without_room_for_a_larger_file(folder, paths, monkeypatch):
    filled(folder, paths)
    for version in range(1, 4):
        for path in paths:
            write_image(Path(path), mtime_ns=LONG_AGO + version)
        if version < 3:
            cache = opened(folder, paths)
            fill(cache, paths, version)
            cache.close()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write_image(Path(paths[0]), mtime_ns=LONG_AGO + 2)  # as it was once
    monkeypatch.setattr(os, "ftruncate", full)
    cache = unusable(folder, paths, "cannot be made or enlarged")
    np.testing.assert_array_equal(cache.images[cache.find(np.array([0]))[0]], pixels(0, 2))
    assert list(folder.iterdir()) == [cache.path]


@needs_fork
def test_processes_that_open_at_the_same_time(places):
    """One of them writes; the others read its file or none, and what they find is right."""
    code = """
        warnings.simplefilter("ignore")
        for turn in range(8):
            children = []
            for _ in range(5):
                child = os.fork()
                if child == 0:
                    cache = opened()
                    fill(cache)
                    code = int(cache._writer is not None)
                    found(cache)
                    os._exit(code)
                children.append(child)
            codes = [exit_code(child) for child in children]
            assert set(codes) <= {0, 1} and 1 in codes, codes
            cache = opened()
            assert found(cache) == 300
            cache.close()
            if turn % 2:
                for name in os.listdir(folder):
                    os.unlink(os.path.join(folder, name))
            else:
                for path in paths:  # all slots are needed again: the file is replaced
                    os.utime(path, ns=(10**18 + 1, 10**18 + turn))
                    os.utime(path, ns=(10**18 + 1, 10**18 + 1))
        print("right")
    """
    assert in_python(code, *places) == "right"
