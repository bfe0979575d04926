"""The cache in memory."""

from __future__ import annotations

import gc
import pickle
import threading

import numpy as np
import pytest

from batchwarp.files.cache import Budget, MemoryCache
from cache_files import SHAPE, fill, found, in_python, needs_fork, pixels

IMAGE_BYTES = 105


def bounded(images, count=6):
    return MemoryCache(count, SHAPE, Budget(images * IMAGE_BYTES + 7))


def put(cache, *numbers):
    for number in numbers:
        cache.store(number, pixels(number), (0, 0))


def there(cache, count=6):
    """What is in a cache, without a use of it."""
    return np.flatnonzero(cache.find(np.arange(count)) >= 0).tolist()


def right(held, numbers):
    """Whether what is held has the pixels of some images."""
    assert (held.slots >= 0).all()
    return all(
        np.array_equal(held.images[slot], pixels(number))
        for slot, number in zip(held.slots, numbers, strict=True)
    )


def test_a_cache_that_memory_cannot_hold():
    with pytest.raises(MemoryError, match=r"GiB.*cache on disk"):
        MemoryCache(2**20, (10**6, 10**6, 3))
    with pytest.raises(ValueError, match="`count` must be at least 0"):
        MemoryCache(-1, SHAPE)


def test_a_bound_without_room_for_one_image():
    with pytest.raises(ValueError, match=r"`cache_limit` should have room.*105 bytes.*: 104 bytes"):
        MemoryCache(2, SHAPE, Budget(104))


def test_a_pickled_memory_cache_is_empty(paths):
    cache = MemoryCache(len(paths), SHAPE)
    fill(cache, paths)
    other = pickle.loads(pickle.dumps(cache))
    assert found(other, paths) == []
    fill(other, paths)
    assert other.complete


def test_a_bound_is_copied_with_the_cache():
    cache = bounded(3)
    put(cache, *range(6))
    other = pickle.loads(pickle.dumps(cache))
    assert there(other) == []
    put(other, *range(6))
    assert there(other) == [3, 4, 5]
    assert other.images.nbytes <= 3 * IMAGE_BYTES + 7


def test_a_bound_that_has_room_for_all():
    cache = bounded(6)
    put(cache, *range(6))
    assert cache.complete
    assert there(cache) == list(range(6))


def test_the_image_whose_use_is_longest_ago_gives_way():
    cache = bounded(3)
    put(cache, 0, 1, 2)
    assert right(cache.hold(np.array([0])), [0])
    put(cache, 3)
    assert there(cache) == [0, 2, 3]
    assert right(cache.hold(np.array([2, 0])), [2, 0])
    put(cache, 4)
    assert there(cache) == [0, 2, 4]
    put(cache, 1, 3)  # they may come again
    assert there(cache) == [1, 3, 4]
    assert right(cache.hold(np.array([4, 3, 1])), [4, 3, 1])


@pytest.mark.parametrize(
    "view",
    [
        lambda images: images,
        lambda images: images.transpose(0, 3, 1, 2),
        lambda images: images.view(np.int8)[1:],
        lambda images: np.asarray(images)[..., ::-1][1:, 2:],
    ],
)
def test_an_image_is_not_replaced_while_a_view_of_it_is_there(view):
    cache = bounded(2)
    put(cache, 0, 1)
    held = cache.hold(np.array([0]))
    kept, slot = view(held.images), held.slots[0]
    before = kept.copy()
    del held
    put(cache, 2, 3)
    assert there(cache) == [0, 3]
    assert cache.find(np.array([0]))[0] == slot
    everything = cache.hold(np.array([3]))
    put(cache, 4)  # nothing may be replaced: it is not kept
    assert there(cache) == [0, 3]
    assert before.shape == kept.shape
    del kept, everything
    gc.collect()
    put(cache, 4)
    assert there(cache) == [3, 4]


def test_many_batches_that_are_kept():
    cache = bounded(3)
    put(cache, 0, 1, 2)
    kept = [cache.hold(np.array([number % 2])) for number in range(200)]
    put(cache, 3, 4)
    assert there(cache) == [0, 1, 4]
    assert all(right(held, [number % 2]) for number, held in enumerate(kept))


def test_an_image_that_is_not_written_to_its_end_leaves_its_place(monkeypatch):
    cache = bounded(2)
    put(cache, 0)

    class Interrupting:
        def __setitem__(self, slot, image):
            raise KeyboardInterrupt

        def __len__(self):
            return 2

    memory = cache.images
    cache.images = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        put(cache, 1)
    cache.images = memory
    put(cache, 1)
    assert there(cache) == [0, 1]


def test_threads_replace_images_under_each_other():
    """What each holds stays what it is, whatever the others store."""
    cache, failures = bounded(8, 40), []
    start = threading.Barrier(5)

    def work(seed):
        random = np.random.RandomState(seed)
        try:
            start.wait()
            for _ in range(300):
                wanted = random.randint(0, 40, 3)
                held = cache.hold(wanted)
                for number, slot in zip(wanted, held.slots, strict=True):
                    if slot < 0:
                        put(cache, int(number))
                    else:
                        np.testing.assert_array_equal(held.images[slot], pixels(int(number)))
        except BaseException as error:  # noqa: BLE001 - the test must hear of all
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert 0 < len(there(cache, 40)) <= 8


@needs_fork
def test_a_forked_child_goes_on_with_a_bound(places):
    code = """
        from batchwarp.files.cache import Budget
        cache = MemoryCache(300, shape, Budget(100 * 768))
        fill(cache, range(150))
        held = cache.hold(np.arange(140, 150))
        slot = cache._vacated()  # as another thread might, at this moment
        child = os.fork()
        if child == 0:
            fill(cache)
            right = found(cache) == 100 and (cache.find(np.arange(140, 150)) >= 0).all()
            os._exit(0 if right else 1)
        print(exit_code(child))
    """
    assert in_python(code, *places) == "0"
