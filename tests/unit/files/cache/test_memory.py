"""The cache in memory."""

from __future__ import annotations

import pickle

import pytest

from batchwarp.files.cache import MemoryCache
from cache_files import SHAPE, fill, found


def test_a_cache_that_memory_cannot_hold():
    with pytest.raises(MemoryError, match=r"GiB.*cache on disk"):
        MemoryCache(2**20, (10**6, 10**6, 3))
    with pytest.raises(ValueError, match="`count` must be at least 0"):
        MemoryCache(-1, SHAPE)


def test_a_pickled_memory_cache_is_empty(paths):
    cache = MemoryCache(len(paths), SHAPE)
    fill(cache, paths)
    other = pickle.loads(pickle.dumps(cache))
    assert found(other, paths) == []
    fill(other, paths)
    assert other.complete
