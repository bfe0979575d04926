"""What both caches do: what is found has the right pixels."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from batchwarp.files.cache import MemoryCache
from cache_files import LONG_AGO, SHAPE, fill, found, opened, pixels, signature


@pytest.fixture(params=["memory", "disk"])
def cache(request, folder, paths):
    either = MemoryCache(len(paths), SHAPE) if request.param == "memory" else opened(folder, paths)
    yield either
    either.close()


def test_what_is_stored_is_found(cache, paths):
    assert found(cache, paths) == []
    fill(cache, paths, only=[4, 1])
    assert found(cache, paths) == [1, 4]
    assert not cache.complete
    fill(cache, paths)
    assert cache.complete
    assert found(cache, paths) == list(range(6))
    assert cache.find(np.array([3, 3, 0])).shape == (3,)


def test_the_first_image_of_a_sample_stays(cache, paths):
    fill(cache, paths)
    fill(cache, paths, version=1)
    assert found(cache, paths) == list(range(6))


def test_after_closing_nothing_is_found_or_stored(cache, paths):
    fill(cache, paths)
    for _ in range(2):
        cache.close()
        fill(cache, paths)
        assert found(cache, paths) == []


@pytest.mark.parametrize(
    "image", [np.zeros((5, 7, 4), "uint8"), np.zeros(SHAPE), np.zeros((7, 5, 3), "uint8")]
)
def test_an_image_of_another_kind_is_refused(cache, image):
    with pytest.raises(ValueError, match=r"`image` must be a uint8 array of shape \(5, 7, 3\)"):
        cache.store(0, image, (1, LONG_AGO))


def test_strided_images(cache, paths):
    cache.store(2, pixels(2)[::-1].copy()[::-1], signature(paths[2]))
    assert found(cache, paths) == [2]


def test_many_threads_store_and_find(cache, paths):
    """Every thread must see whole images only, while all of them store the same ones."""
    start, failures = threading.Barrier(6), []

    def work(first):
        try:
            start.wait()
            for turn in range(30):
                fill(cache, paths, only=[(first + turn) % 6])
                found(cache, paths)
        except BaseException as error:  # noqa: BLE001 - the test must hear of all
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert cache.complete


@pytest.mark.parametrize("shape", [(0, 1, 1), (1, 2), (1, 2, 3, 4), (1.5, 2, 3), None, "abc"])
def test_wrong_shapes(shape, folder, paths):
    for make in (lambda: MemoryCache(1, shape), lambda: opened(folder, paths, image_shape=shape)):
        with pytest.raises(ValueError, match=r"`image_shape` must be .*Received"):
            make()
