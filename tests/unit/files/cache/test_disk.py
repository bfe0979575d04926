"""The cache on disk, used by one process after the other and by several."""

from __future__ import annotations

import copy
import pickle
import sys

import pytest

from cache_files import data_of, fill, found, in_python, needs_fork, opened


def test_a_pickled_disk_cache_goes_on_with_the_same_store(folder, paths):
    cache = opened(folder, paths)
    fill(cache, paths, only=[0, 1])
    for number, other in enumerate((pickle.loads(pickle.dumps(cache)), copy.deepcopy(cache))):
        assert other.path == cache.path
        assert found(other, paths) == list(range(2 + number))
        fill(other, paths, only=[2 + number])
        assert found(other, paths) == list(range(3 + number))
        assert found(cache, paths) == list(range(3 + number))
    state = pickle.dumps(cache)
    cache.close()
    del cache
    later = pickle.loads(state)
    fill(later, paths)
    assert found(later, paths) == list(range(6))


def test_images_outlive_the_process_that_stored_them(folder, paths):
    cache = opened(folder, paths)
    fill(cache, paths)
    assert not cache.images.flags.writeable
    cache.close()
    again = opened(folder, paths)
    assert found(again, paths) == list(range(6))
    assert again.complete
    assert {*folder.iterdir()} == {again.path, data_of(again.path)}


@pytest.mark.parametrize("folder", ["", "  ", b"x", None, 3, "a\0b"])
def test_what_cannot_be_meant_as_a_folder(folder, paths):
    with pytest.raises(ValueError, match="`cache` must be 'memory' or the path of a folder"):
        opened(folder, paths)


def test_settings_that_cannot_be_written(folder, paths):
    with pytest.raises(ValueError, match=r"`settings` must have.*size=\(1, 2\)"):
        opened(folder, paths, settings={"size": (1, 2)})


@needs_fork
def test_writers_that_are_killed(places):
    """At any moment of making, writing and enlarging the file; what is found is right."""
    code = """
        numbers, partial, random = list(range(300)), 0, random.Random(3)
        for turn in range(1000):  # on a busy machine, children are killed before they have begun
            if turn >= 60 and partial > 5:
                break
            if turn % 6 == 0 and turn:  # begin anew, with a list that then grows out of its file
                for name in os.listdir(folder):
                    os.unlink(os.path.join(folder, name))
            length = 300 if turn % 6 else 200
            child = os.fork()
            if child == 0:
                random.shuffle(numbers)
                cache = DiskCache(folder, paths[:length], shape, {}, root)
                fill(cache, [number for number in numbers if number < length])
                time.sleep(10)
            time.sleep(random.random() * 0.02)
            os.kill(child, signal.SIGKILL)
            exit_code(child)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                cache = opened()
            partial += 0 < found(cache) < 300
            cache.close()
        assert partial > 5, partial
        cache = opened()
        fill(cache)
        assert found(cache) == 300 and cache.complete
        cache.close()
        print(len(os.listdir(folder)))
    """
    assert in_python(code, *places) == "2"


@needs_fork
def test_a_forked_child_and_its_parent_add_to_one_store(places):
    code = """
        cache, memory = opened(), MemoryCache(300, shape)
        for one in (cache, memory):
            fill(one, range(100))
        cache._lock.acquire()  # as if another thread had it
        child = os.fork()
        if child == 0:
            for one in (cache, memory):
                fill(one, range(200))
            right = found(cache) == 200 and found(memory) == 200
            os._exit(0 if right else 1)
        cache._lock.release()
        code = exit_code(child)
        before = found(memory), found(cache)
        fill(cache)
        print(code, *before, found(cache), len(cache._store))
    """
    assert in_python(code, *places) == "0 100 200 300 300"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
def test_a_limit_for_the_size_of_files(places):
    code = """
        import resource
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            cache = opened()
            fill(cache)
        print(found(cache), len(caught), os.strerror(errno.EFBIG) in str(caught[0].message))
    """
    assert in_python(code, *places) == "0 1 True"


def test_importing_the_cache_is_light(places):
    code = """
        heavy = {"cv2", "PIL", "pandas", "tensorflow"}
        print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
    """
    assert in_python(code, *places) == "[]"
