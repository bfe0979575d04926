"""Which store a data set has, who may add to it, and what if nobody can."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from cache_files import (
    SETTINGS,
    SHAPE,
    data_of,
    fill,
    filled,
    found,
    grown,
    in_python,
    needs_fork,
    opened,
    unusable,
)


@pytest.mark.parametrize("count", [3, 40])
def test_a_grown_data_set_keeps_its_images(count, folder, paths):
    first = filled(folder, paths)
    longer = grown(paths, count)
    cache = opened(folder, longer)
    assert found(cache, longer) == list(range(6))
    fill(cache, longer)
    assert cache.complete
    assert cache.path == first
    assert len(list(folder.iterdir())) == 2
    cache.close()
    assert found(opened(folder, longer), longer) == list(range(6 + count))


def test_lists_share_what_they_have_in_common(folder, paths):
    """As the subsets of folds do, while all are open."""
    parts = [paths[:4], paths[2:], paths[4:] + paths[:1]]
    caches = [opened(folder, part) for part in parts]
    fill(caches[0], parts[0])
    assert found(caches[1], parts[1]) == [0, 1]
    assert found(caches[2], parts[2]) == [2]
    fill(caches[1], parts[1])
    assert found(caches[2], parts[2]) == [0, 1, 2]
    assert len({cache.path for cache in caches}) == 1
    assert data_of(caches[0].path).stat().st_size == 6 * 105  # each image is there once
    assert found(opened(folder, paths), paths) == list(range(6))


def test_what_one_has_stored_another_does_not_store_again(folder, paths):
    first, second = opened(folder, paths), opened(folder, paths)
    fill(first, paths)
    fill(second, paths, version=1)  # without having looked
    assert found(second, paths) == list(range(6))
    assert first.complete
    assert len(first.images) == 6


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
def test_other_settings_have_another_store(changed, folder, paths):
    first = filled(folder, paths)
    cache = opened(folder, paths, **changed)
    assert (cache.find(np.arange(6)) == -1).all()
    assert cache.path != first


def test_files_of_earlier_releases_are_left_alone(folder, paths):
    folder.mkdir(parents=True)
    old = folder / "0123456789-0123456789.bwcache"
    old.write_bytes(b"bwcache\n\x01\0\0\0")
    cache = opened(folder, paths)
    fill(cache, paths)
    assert old.read_bytes() == b"bwcache\n\x01\0\0\0"
    assert found(opened(folder, paths), paths) == list(range(6))


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
    assert found(cache, longer) == list(range(6))
    unusable(folder.with_name("new"), paths, os.strerror(code))


def test_a_disk_without_room_for_a_store(folder, paths, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "ftruncate", full)
        cache = unusable(folder, paths, "cannot be made or renewed")
        assert found(cache, paths) == []
    filled(folder, paths[:2])
    monkeypatch.setattr(os, "ftruncate", full)
    cache = unusable(folder, paths, "cannot be written")
    assert found(cache, paths) == [0, 1]
    assert len(list(folder.iterdir())) == 2


@needs_fork
def test_processes_that_open_at_the_same_time(places):
    """All of them add to one store, and what they find is right."""
    code = """
        for turn in range(8):
            children = []
            for number in range(5):
                child = os.fork()
                if child == 0:
                    warnings.simplefilter("error")
                    cache = opened()
                    fill(cache, random.Random(number).sample(range(300), 300))
                    os._exit(int(not (found(cache) > 290 and cache._writer is not None)))
                children.append(child)
            codes = [exit_code(child) for child in children]
            assert codes == [0] * 5, codes
            cache = opened()
            fill(cache)  # those for which nobody had waited
            assert found(cache) == 300
            assert len(cache._store) == 300, len(cache._store)  # no image twice
            assert len(os.listdir(folder)) == 2
            cache.close()
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))
        print("right")
    """
    assert in_python(code, *places) == "right"
