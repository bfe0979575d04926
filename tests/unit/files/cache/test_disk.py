"""The caches of decoded images: what is found has the right pixels, whatever happened before."""

from __future__ import annotations

import copy
import errno
import json
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchwarp.cli import main
from batchwarp.files.cache import DiskCache, MemoryCache
from batchwarp.files.cache import disk as disk_module
from batchwarp.files.cache import file as file_module

SHAPE = (5, 7, 3)
SETTINGS = {"color_mode": "rgb", "interpolation": "nearest", "keep_aspect_ratio": False, "n": None}
LONG_AGO = 1_600_000_000_123_456_789


def pixels(number, version=0):
    return np.random.RandomState(1000 * version + number).randint(0, 256, SHAPE).astype("uint8")


def write_image(path, content=b"image", mtime_ns=LONG_AGO):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, ns=(mtime_ns, mtime_ns))


@pytest.fixture
def paths(tmp_path):
    names = [tmp_path / "images" / f"{number}.png" for number in range(6)]
    for name in names:
        write_image(name)
    return [str(name) for name in names]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "deep" / "cache"


def opened(folder, paths, **changed):
    arguments = {"image_shape": SHAPE, "settings": SETTINGS, "root": str(Path(paths[0]).parent)}
    return DiskCache(folder, paths, **{**arguments, **changed})


def signature(path):
    status = Path(path).stat()
    return status.st_size, status.st_mtime_ns


def fill(cache, paths, version=0, only=None):
    for index in range(len(paths)) if only is None else only:
        number = int(Path(paths[index]).stem)
        cache.store(index, pixels(number, version), signature(paths[index]))


def found(cache, paths, version=0):
    """The samples that are found; their pixels must be the right ones."""
    slots = cache.find(np.arange(len(paths)))
    for index in np.flatnonzero(slots >= 0):
        expected = pixels(int(Path(paths[index]).stem), version)
        np.testing.assert_array_equal(cache.images[slots[index]], expected)
    return np.flatnonzero(slots >= 0).tolist()


def filled(folder, paths):
    """The path of a cache file with all images."""
    cache = opened(folder, paths)
    fill(cache, paths)
    cache.close()
    return cache.path


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


def test_a_pickled_disk_cache_reads_the_same_file_without_a_word(folder, paths):
    cache = opened(folder, paths)
    fill(cache, paths, only=[0, 1])
    for other in (pickle.loads(pickle.dumps(cache)), copy.deepcopy(cache)):
        assert other.path == cache.path
        assert found(other, paths) == [0, 1]
        fill(other, paths)
        assert found(other, paths) == [0, 1]
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
    assert [path.name for path in folder.iterdir()] == [again.path.name]


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
        disk_module.Samples(names, root).hashes.tolist()
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


def grown(paths, count):
    more = [Path(paths[0]).with_name(f"{number}.png") for number in range(100, 100 + count)]
    for path in more:
        write_image(path)
    return [*paths, *map(str, more)]


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


@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, b"bwcache\n", b"bwcache\n\xff\0\0\0"])
def test_garbage_is_replaced(content, folder, paths):
    path = filled(folder, paths)
    path.write_bytes(content)
    cache = opened(folder, paths)
    assert found(cache, paths) == []
    fill(cache, paths)
    cache.close()
    assert found(opened(folder, paths), paths) == list(range(6))


def test_a_file_with_other_settings_in_its_header_is_replaced(folder, paths):
    path = filled(folder, paths)
    other = opened(folder, paths, settings={"color_mode": "grayscale"})
    other_path = other.path
    other.close()
    path.replace(other_path)
    other = opened(folder, paths, settings={"color_mode": "grayscale"})
    assert (other.find(np.arange(6)) == -1).all()
    fill(other, paths)
    assert other.complete


def test_another_version_is_replaced(folder, paths, monkeypatch):
    from batchwarp.files.cache import layout

    monkeypatch.setattr(layout, "VERSION", 2)
    filled(folder, paths)
    monkeypatch.undo()
    assert found(opened(folder, paths), paths) == []


flips = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=6)


@pytest.fixture
def sound(tmp_path, paths):
    """The bytes of a full cache file, and its parts: header, index, pixels that are used."""
    path = filled(tmp_path / "sound", paths)
    return path.name, path.read_bytes(), [(0, 400), (4096, 6 * 48), (8192, 6 * 105)]


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(part=st.integers(0, 2), flips=flips, cut=st.none() | st.floats(0, 1))
def test_a_damaged_file_never_gives_wrong_pixels(part, flips, cut, sound, paths, folder):
    name, content, parts = sound
    torn = bytearray(content)
    start, length = parts[part]
    for place, mask in flips:
        torn[start + int(place * length)] ^= mask
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    (folder / name).write_bytes(torn if cut is None else torn[: int(cut * len(torn))])
    for _ in range(2):
        cache = opened(folder, paths)
        before = found(cache, paths)
        if not flips and cut is None:
            assert before == list(range(6))
        fill(cache, paths)
        assert found(cache, paths) == list(range(6))
        cache.close()


def test_a_record_that_was_altered_does_not_hold(folder, paths):
    """Its pixels are as they were, but the image has changed since: only the seal tells."""
    path = filled(folder, paths)
    content = path.read_bytes()
    before, after = (time.to_bytes(8, "little") for time in (LONG_AGO, LONG_AGO + 2**20))
    assert content.count(before) == 6
    path.write_bytes(content.replace(before, after))
    for image in paths[:3]:
        write_image(Path(image), mtime_ns=LONG_AGO + 2**20)
    assert found(opened(folder, paths), paths) == []


def test_a_file_that_is_cut_while_it_is_open(folder, paths):
    path = filled(folder, paths)
    cache = opened(folder, paths)
    os.truncate(path, 5000)
    assert found(cache, paths) == []


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


def unusable(folder, paths, reason):
    """Opens and fills a cache, which must give one warning."""
    with pytest.warns(RuntimeWarning, match=reason) as caught:
        cache = opened_and_filled(folder, paths)
    assert len(caught) == 1
    assert str(cache.path) in str(caught[0].message)
    return cache


def opened_and_filled(folder, paths):
    cache = opened(folder, paths)
    fill(cache, paths)
    return cache


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


def test_a_system_without_locks(folder, paths, monkeypatch):
    from batchwarp.files.cache import opening

    def no_locks(descriptor):
        raise OSError(errno.ENOLCK, "No locks available")

    filled(folder, paths)
    write_image(Path(paths[0]), b"changed")
    monkeypatch.setattr(opening, "try_lock", no_locks)
    cache = unusable(folder, paths, "No locks available")
    assert found(cache, paths) == [1, 2, 3, 4, 5]


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


@pytest.mark.parametrize("folder", ["", "  ", b"x", None, 3, "a\0b"])
def test_what_cannot_be_meant_as_a_folder(folder, paths):
    with pytest.raises(ValueError, match="`cache` must be 'memory' or the path of a folder"):
        opened(folder, paths)


def test_settings_that_cannot_be_written(folder, paths):
    with pytest.raises(ValueError, match=r"`settings` must have.*size=\(1, 2\)"):
        opened(folder, paths, settings={"size": (1, 2)})


def in_python(code, *arguments):
    """Runs code in a process that has no threads and no Keras; returns what it prints."""
    preface = """
        import errno, os, random, signal, sys, time, warnings
        sys.modules["keras"] = None
        import numpy as np
        from batchwarp.files.cache import DiskCache, MemoryCache

        shape = (16, 16, 3)
        folder, root = sys.argv[1:3]
        paths = [os.path.join(root, f"{number}.png") for number in range(300)]
        for path in paths:
            open(path, "wb").close()
            os.utime(path, ns=(10**18 + 1, 10**18 + 1))

        def opened():
            return DiskCache(folder, paths, shape, {}, root)

        def pixels(number):
            return np.random.RandomState(number).randint(0, 256, shape).astype("uint8")

        images = [pixels(number) for number in range(300)]

        def fill(cache, numbers=range(300)):
            for number in numbers:
                cache.store(number, images[number], (0, 10**18 + 1))

        def found(cache):
            slots = cache.find(np.arange(300))
            for number in np.flatnonzero(slots >= 0):
                assert np.array_equal(cache.images[slots[number]], images[number]), number
            return int((slots >= 0).sum())

        def exit_code(child):
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(preface) + textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def places(tmp_path):
    (tmp_path / "images").mkdir()
    return str(tmp_path / "cache"), str(tmp_path / "images")


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


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
        print(len(os.listdir(folder)) <= 3)
    """
    assert in_python(code, *places) == "True"


@needs_fork
def test_a_forked_child_reads_and_leaves_writing_to_its_parent(places):
    code = """
        cache, memory = opened(), MemoryCache(300, shape)
        for one in (cache, memory):
            fill(one, range(100))
        cache._lock.acquire()  # as if another thread had it
        child = os.fork()
        if child == 0:
            for one in (cache, memory):
                fill(one)
            right = found(cache) == 100 and found(memory) == 300
            fill(memory)
            os._exit(0 if right else 1)
        cache._lock.release()
        code = exit_code(child)
        before = found(memory)
        fill(cache)
        print(code, before, found(cache))
    """
    assert in_python(code, *places) == "0 100 300"


@needs_fork
def test_a_child_that_lives_longer_does_not_keep_the_lock(places):
    code = """
        cache = opened()
        fill(cache, range(10))
        child = os.fork()
        if child == 0:
            time.sleep(30)
        slots = cache.images  # a map that is still in use does not keep it either
        cache.close()
        del cache
        warnings.simplefilter("error")
        again = opened()
        fill(again)
        os.kill(child, signal.SIGKILL)
        print(found(again))
    """
    assert in_python(code, *places) == "300"


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


def run(capsys, *arguments):
    status = main(["cache", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_command_shows_what_is_there(folder, paths, capsys):
    path = filled(folder, paths)
    (folder / f"0123456789-0123456789{path.suffix}").write_bytes(b"garbage")
    (folder / "mine.txt").write_text("not a cache")
    status, out, _ = run(capsys, folder)
    assert status == 0
    line = next(line for line in out.splitlines() if line.startswith(path.stem))
    for part in ("ready", "6/22", "5×7×3", str(Path(paths[0]).parent), "interpolation=nearest"):
        assert part in line
    assert "damaged" in out
    assert "2 files" in out
    assert "mine" not in out


def test_the_command_in_json(folder, paths, capsys):
    cache = opened(folder, paths)
    fill(cache, paths, only=[1, 2])
    status, out, _ = run(capsys, folder, "--json")
    (entry,) = json.loads(out)
    assert status == 0
    assert entry["settings"] == SETTINGS
    assert (entry["images"], entry["capacity"], entry["state"]) == (2, 22, "in use")
    assert entry["path"] == str(cache.path)
    assert 0 < entry["disk_bytes"] <= cache.path.stat().st_size + 4096
    assert abs(entry["last_use"] - time.time()) < 60
    cache.close()


def test_the_command_removes_what_is_named(folder, paths, capsys):
    first, second = filled(folder, paths), filled(folder, paths[:2])
    stale = folder / f"{first.stem}.01234567.unfinished"
    stale.write_bytes(b"")
    mine = folder / "mine.bwcache"
    mine.write_bytes(b"")
    status, out, _ = run(capsys, folder, "--clear", second.stem[:15], "--yes")
    assert (status, second.exists(), stale.exists(), first.exists()) == (0, False, False, True)
    assert "removed 2 files" in out
    assert run(capsys, folder, "--clear", "--yes", "--json")[0] == 0
    assert list(folder.iterdir()) == [mine]
    assert "no cached images" in run(capsys, folder)[1]


@pytest.mark.parametrize(("answer", "removed"), [("y\n", True), ("n\n", False), ("", False)])
def test_the_command_asks(answer, removed, folder, paths, capsys, monkeypatch):
    import io

    path = filled(folder, paths)
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    status, out, err = run(capsys, folder, "--clear")
    assert "Remove 1 file" in out
    assert path.exists() is not removed
    assert (status, "nothing was removed" in err) == ((0, False) if removed else (2, True))


def test_a_cleared_cache_goes_on(folder, paths, capsys):
    cache = opened(folder, paths)
    fill(cache, paths, only=[0, 1])
    run(capsys, folder, "--clear", "--yes")
    fill(cache, paths)
    assert found(cache, paths) == list(range(6))
    cache.close()
    assert found(opened(folder, paths), paths) == []


def test_what_the_command_cannot_do(folder, paths, tmp_path, capsys):
    assert run(capsys, tmp_path / "none")[0] == 2
    status, _, err = run(capsys, paths[0])
    assert (status, "not a folder" in err) == (2, True)
    path = filled(folder, paths)
    status, _, err = run(capsys, folder, "--clear", "ffff", "--yes")
    assert (status, "'ffff'" in err, path.exists()) == (2, True, True)
