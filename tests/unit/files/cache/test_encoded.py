"""The cache of files as they are."""

from __future__ import annotations

import copy
import os
import pickle
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp.files.cache import Budget, EncodedCache
from batchwarp.files.cache import opening as opening_module
from batchwarp.files.cache.layout import RECORD
from batchwarp.files.cache.store import Store
from cache_files import LONG_AGO, data_of, in_python, needs_fork, write_image
from image_files import KINDS, SIZE, save


@pytest.fixture
def files(tmp_path):
    """Six files of different lengths, one of them empty."""
    paths = [tmp_path / "images" / f"{number}.bin" for number in range(6)]
    for number, path in enumerate(paths):
        write_image(path, content(number))
    return [str(path) for path in paths]


def content(number, version=0):
    return np.random.RandomState(number + 100 * version).bytes(37 * number)


def opened(folder, files, **options):
    return EncodedCache(folder, files, str(Path(files[0]).parent), **options)


def read_all(cache, files, version=0):
    """Reads all files; returns how many of them the store had."""
    known = cache.find(np.arange(len(files))) >= 0
    for index, path in enumerate(files):
        data, signature = cache.read(index)
        assert data == content(int(Path(path).stem), version)
        status = Path(path).stat()
        assert signature == (status.st_size, status.st_mtime_ns)
    return known.sum()


def spoil(files):
    """Changes all files so that nobody notices: what is read of them now is from elsewhere."""
    for path in map(Path, files):
        mtime_ns, size = path.stat().st_mtime_ns, path.stat().st_size
        path.write_bytes(b"\0" * size)
        os.utime(path, ns=(mtime_ns, mtime_ns))


def test_files_are_read_once(folder, files):
    cache = opened(folder, files)
    assert read_all(cache, files) == 0
    spoil(files)
    assert read_all(cache, files) == 6
    for other in (opened(folder, files), pickle.loads(pickle.dumps(cache)), copy.deepcopy(cache)):
        assert read_all(other, files) == 6
        assert other.path == cache.path
    assert data_of(cache.path).stat().st_size == sum(37 * number for number in range(6))


def test_other_lists_and_what_is_added_meanwhile(folder, files):
    first, second = opened(folder, files[:4]), opened(folder, files[::-1] + files[:1])
    read_all(first, files[:4])
    spoil(files[:4])
    assert read_all(second, files[::-1] + files[:1]) == 5
    assert len(second._store) == 6


@pytest.mark.parametrize(
    "changed", [{"content": b"longer than before" * 20}, {"mtime_ns": LONG_AGO + 1}], ids=str
)
def test_a_file_that_has_changed_is_read_again(changed, folder, files):
    read_all(opened(folder, files), files)
    write_image(Path(files[3]), **{"content": content(3, 1), **changed})
    expected = Path(files[3]).read_bytes()
    cache = opened(folder, files)
    assert (cache.find(np.arange(6)) >= 0).tolist() == [True, True, True, False, True, True]
    assert cache.read(3)[0] == expected
    spoil(files)
    assert cache.read(3)[0] == expected
    assert opened(folder, files).read(3)[0] == expected


def test_a_file_that_has_just_been_written_is_not_kept(folder, files):
    Path(files[2]).touch()
    cache = opened(folder, files)
    for _ in range(2):
        read_all(cache, files)
    assert (cache.find(np.arange(6)) >= 0).tolist() == [True, True, False, True, True, True]
    assert len(cache._store) == 5


def test_a_file_that_is_missing_is_an_error_though_it_is_in_the_store(folder, files):
    read_all(opened(folder, files), files)
    Path(files[2]).unlink()
    with pytest.raises(FileNotFoundError):
        opened(folder, files).read(2)


def test_a_torn_end_is_dropped(folder, files):
    """Data without a record, and a record that was begun."""
    cache = opened(folder, files[:4])
    read_all(cache, files[:4])
    with data_of(cache.path).open("ab") as data, cache.path.open("ab") as index:
        data.write(b"half of a file")
        index.write(b"\1" * (RECORD.itemsize - 1))
    again = opened(folder, files)
    assert read_all(again, files) == 4
    spoil(files)
    assert read_all(again, files) == 6
    assert read_all(opened(folder, files), files) == 6
    assert data_of(cache.path).stat().st_size == sum(37 * number for number in range(6))


@pytest.mark.parametrize("cut", [False, True])
def test_data_that_are_damaged_are_read_from_the_file(folder, files, cut):
    cache = opened(folder, files)
    read_all(cache, files)
    with data_of(cache.path).open("r+b") as data:
        if cut:
            data.truncate(37 * 9)  # in the middle of the fourth file with something in it
        else:
            data.seek(37 * 9)
            data.write(b"\xff\xff\xff")
    again = opened(folder, files)
    read_all(again, files)
    spoil(files)
    assert read_all(again, files) == 6
    assert read_all(opened(folder, files), files) == 6
    if not cut:
        return
    os.truncate(data_of(cache.path), 40)  # under those who have seen that all is right
    with pytest.raises(AssertionError):
        read_all(again, files)
    assert again.read(1)[0] == content(1)


def test_a_bound(folder, files):
    cache = opened(folder, files, budget=Budget(37 * 7))
    read_all(cache, files)
    assert (cache.find(np.arange(6)) >= 0).tolist() == [True, True, True, True, False, False]
    assert data_of(cache.path).stat().st_size == 37 * 6
    assert read_all(opened(folder, files), files) == 4


def test_a_store_is_renewed_when_most_of_it_is_old(folder, files, monkeypatch):
    monkeypatch.setattr(opening_module, "_LEAST_GAIN", 100)
    stores = set()
    for version in range(6):
        for path in files[1:]:
            write_image(Path(path), content(int(Path(path).stem), version), LONG_AGO + version)
        cache = opened(folder, files)
        assert read_all(cache, files, version) == 1 - (not version)
        stores.add(data_of(cache.path))
        spoil(files)
        assert read_all(opened(folder, files), files, version) == 6
    assert 1 < len(stores) < 6
    assert len(list(folder.iterdir())) == 2


def test_records_say_where_and_what(folder, files):
    cache = opened(folder, files)
    read_all(cache, files)
    store = Store(cache.path)
    records, positions = store.records(0, len(store))
    assert positions.tolist() == list(range(6))
    assert store.layout.image_shape is None
    for number, record in enumerate(records):
        assert (record["size"], record["length"]) == (37 * number, 37 * number)
        assert record["crc32"] == zlib.crc32(content(number))
        assert store.read(int(record["offset"]), int(record["length"])) == content(number)


def test_threads_read_the_same_files(folder, files):
    caches, failures = [opened(folder, files) for _ in range(2)], []

    def work(seed):
        try:
            for index in np.random.RandomState(seed).randint(0, 6, 60):
                assert caches[seed % 2].read(int(index))[0] == content(index)
        except BaseException as error:  # noqa: BLE001 - the test must hear of all
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(caches[0]._store) == 6


@needs_fork
def test_processes_fill_one_store_and_some_are_killed(places):
    code = """
        from batchwarp.files.cache import EncodedCache
        for number, path in enumerate(paths):
            with open(path, "wb") as file:
                file.write(images[number].tobytes()[: 2 * number])
            os.utime(path, ns=(10**18 + 1, 10**18 + 1))

        def read(cache, numbers):
            for number in numbers:
                assert cache.read(number)[0] == images[number].tobytes()[: 2 * number], number

        cache = EncodedCache(folder, paths, root)
        for turn in range(20):
            children = []
            for seed in range(3):
                child = os.fork()
                if child == 0:
                    mine = cache if seed else EncodedCache(folder, paths, root)
                    read(mine, random.Random(turn * 3 + seed).sample(range(300), 100))
                    os._exit(0)
                children.append(child)
            time.sleep(random.random() * 0.02)
            os.kill(children[0], signal.SIGKILL)
            assert [exit_code(child) for child in children][1:] == [0, 0]
        read(cache, range(300))
        again = EncodedCache(folder, paths, root)
        print((again.find(np.arange(300)) >= 0).sum(), len(again._store), len(os.listdir(folder)))
    """
    assert in_python(code, *places) == "300 300 2"


# In flows.


@pytest.fixture
def folder_of_kinds(tmp_path):
    """A file of each kind of three channels or fewer, and a mask of another size for each."""
    for name in ("jpeg", "png", "jpeg-progressive", "png-alpha", "png-16", "jpeg-grey", "bmp"):
        save(tmp_path / "data" / "a" / name, name)
        picture = Image.fromarray(np.full((17, 23), len(name), np.uint8))
        mask = tmp_path / "masks" / "a" / f"{name}.png"
        mask.parent.mkdir(parents=True, exist_ok=True)
        picture.save(mask)
    for path in tmp_path.rglob("*.*"):
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    assert "jpeg" in KINDS
    return tmp_path / "data"


def flow(folder, operations=(), **options):
    generator = batchwarp.ImageDataGenerator(rotation_range=20, operations=operations)
    defaults = {"target_size": SIZE, "batch_size": 3, "seed": 5, "class_mode": None}
    return generator.flow_from_directory(folder, **{**defaults, **options})


CASES = {
    "rgb": {},
    "grey": {"color_mode": "grayscale"},
    "rgba": {"color_mode": "rgba", "interpolation": "bilinear"},
    "ahead": {"prefetch": 2},
    "masks": {"masks": True},
    "sizes": {"target_size": None, "operations": [batchwarp.ops.RandomResizedCrop(9)]},
    "masks of sizes": {
        "target_size": None,
        "operations": [batchwarp.ops.RandomResizedCrop(9)],
        "masks": True,
    },
}


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_batches_are_the_same(folder_of_kinds, tmp_path, options):
    """Also of a flow that finds all files in the store, and nothing right where they were."""
    options = dict(options)
    if "masks" in options:
        options["masks"] = tmp_path / "masks"
    cached = {"cache": tmp_path / "cached", "cache_format": "encoded"}
    plain, first = flow(folder_of_kinds, **options), flow(folder_of_kinds, **options, **cached)
    expected = [next(plain) for _ in range(6)]
    for batch in expected:
        assert_same(next(first), batch)
    del first
    spoil(tmp_path.rglob("*.*g"))
    spoil(tmp_path.rglob("*.bmp"))
    second = flow(folder_of_kinds, **options, **cached)
    for batch in expected:
        assert_same(next(second), batch)
    assert not second.errors


def assert_same(made, wanted):
    if isinstance(wanted, np.ndarray):
        np.testing.assert_array_equal(made, wanted)
    else:
        for one, other in zip(made, wanted, strict=True):
            np.testing.assert_array_equal(one, other)


def test_one_store_is_for_all_sizes_and_modes(folder_of_kinds, tmp_path):
    cached = {"cache": tmp_path / "cached", "cache_format": "encoded"}
    next(flow(folder_of_kinds, batch_size=7, **cached))
    others = [{"target_size": (3, 4)}, {"color_mode": "grayscale"}, {"exif_transpose": True}]
    expected = [next(flow(folder_of_kinds, **other)) for other in others]
    spoil(folder_of_kinds.rglob("*.*"))
    for other, batch in zip(others, expected, strict=True):
        np.testing.assert_array_equal(next(flow(folder_of_kinds, **other, **cached)), batch)
    assert len(list((tmp_path / "cached").iterdir())) == 2


def test_deep_images_as_they_are(tmp_path):
    for number in range(3):
        deep = np.full((6, 5), 1000 * number, np.uint16)
        path = tmp_path / "data" / "a" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(deep).save(path)
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    options = {"color_mode": "unchanged", "cache": tmp_path / "cached", "cache_format": "encoded"}
    for _ in range(2):
        images = next(flow(tmp_path / "data", shuffle=False, **options))
        np.testing.assert_array_equal(np.unique(images[:, 2, 2]), [0, 1000, 2000])
        spoil((tmp_path / "data").rglob("*.png"))


def test_files_that_cannot_be_read(folder_of_kinds, tmp_path):
    broken = folder_of_kinds / "a" / "bmp.bmp"
    write_image(broken, b"nothing")
    for _ in range(2):
        made = flow(
            folder_of_kinds,
            on_error="skip",
            batch_size=7,
            cache=tmp_path / "cached",
            cache_format="encoded",
        )
        next(made)
        assert [error.path for error in made.errors] == [str(broken)]
