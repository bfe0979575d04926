"""Which image a sample is, and whether its file has changed since."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from batchwarp.files.cache import DiskCache
from batchwarp.files.cache.samples import Samples
from cache_files import LONG_AGO, SETTINGS, SHAPE, fill, filled, found, opened, pixels, write_image


def test_the_order_of_samples_does_not_matter_and_a_file_may_be_two_samples(folder, paths):
    filled(folder, paths)
    mixed = [paths[number] for number in (3, 5, 3, 1, 0, 2, 4)]
    cache = opened(folder, mixed)
    assert found(cache, mixed) == list(range(7))
    cache.close()
    twice = [paths[0], paths[0]]
    cache = opened(folder.with_name("other"), twice)
    fill(cache, twice, only=[1])
    assert found(cache, twice) == [0, 1]
    assert cache.complete


def test_no_samples(folder):
    cache = DiskCache(folder, [], SHAPE, SETTINGS)
    assert cache.complete
    assert cache.find(np.zeros(0, np.int64)).shape == (0,)


def test_relative_paths_mean_the_same_from_everywhere(folder, paths, tmp_path, monkeypatch):
    filled(folder, paths)
    monkeypatch.chdir(tmp_path)
    relative = [f"images/{number}.png" for number in range(6)]
    assert found(opened(folder, relative, root="images"), relative) == list(range(6))


def test_paths_below_a_root_are_no_absolute_paths(tmp_path, folder):
    """`/x.png` below a root and `/x.png` itself are two files."""
    inside, outside = tmp_path / "root" / "0.png", tmp_path / "1.png"
    for path in (inside, outside):
        write_image(path)
    hashes = [
        Samples(names, root).hashes.tolist()
        for names, root in (
            (["/root/0.png"], "/root"),
            (["/0.png"], "/root"),
            (["0.png"], ""),
            (["0.png"], "/root"),
        )
    ]
    assert hashes[0] not in hashes[1:]


@pytest.mark.parametrize(
    "changed", [{"content": b"other image"}, {"mtime_ns": LONG_AGO + 1}], ids=["size", "mtime"]
)
def test_a_changed_image_is_decoded_again(changed, folder, paths):
    filled(folder, paths)
    write_image(Path(paths[2]), **changed)
    cache = opened(folder, paths)
    assert found(cache, paths) == [0, 1, 3, 4, 5]
    fill(cache, paths, version=1, only=[2])
    slot = cache.find(np.array([2]))[0]
    np.testing.assert_array_equal(cache.images[slot], pixels(2, version=1))
    cache.close()
    again = opened(folder, paths)
    slot = again.find(np.array([2]))[0]
    np.testing.assert_array_equal(again.images[slot], pixels(2, version=1))


def test_a_missing_image(folder, paths):
    filled(folder, paths)
    Path(paths[1]).unlink()
    cache = opened(folder, paths)
    assert found(cache, paths) == [0, 2, 3, 4, 5]
    assert not cache.complete


def test_an_image_that_has_just_been_written_is_not_trusted_later(folder, paths):
    """It may change once more within the same tick of the clock."""
    now = time.time_ns() // 1000 * 1000 + 1
    write_image(Path(paths[0]), mtime_ns=now)
    write_image(Path(paths[1]), mtime_ns=now + 10**15)
    cache = opened(folder, paths)
    fill(cache, paths)
    assert cache.complete
    cache.close()
    assert found(opened(folder, paths), paths) == [1, 2, 3, 4, 5]
