"""Thousands of batches from files need no more memory and no more open files than some."""

from __future__ import annotations

import contextlib
import gc

import pytest

import batchwarp
from image_files import flow, picture, save

psutil = pytest.importorskip("psutil", reason="tells memory and open files")

BATCHES = 2000
LIMIT = 4 * 2**20  # 2 kB for each batch, less than the image in it


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("images")
    for number in range(40):
        kind = ("jpeg", "png", "jpeg-cmyk", "png-16")[number % 4]
        save(path / "a" / f"{number:02}", kind, picture(20, 20, number))
    return path


@pytest.fixture(scope="module")
def damaged(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("damaged")
    for file in sorted((folder / "a").iterdir()):
        (path / "a").mkdir(exist_ok=True)
        (path / "a" / file.name).write_bytes(file.read_bytes()[:-40])
    return path


def open_files(process):
    return process.num_fds() if hasattr(process, "num_fds") else process.num_handles()


def growth(take, batches):
    """Returns by how many bytes and open files the process grows in so many batches."""
    process = psutil.Process()
    for _ in range(batches // 5):
        take()
    gc.collect()
    before = process.memory_info().rss, open_files(process)
    for _ in range(batches):
        take()
    gc.collect()
    return process.memory_info().rss - before[0], open_files(process) - before[1]


def assert_no_growth(take, batches=BATCHES):
    memory, files = growth(take, batches)
    if memory > LIMIT:  # the allocator may still have been growing; a leak does so again
        memory, files = growth(take, batches)
    assert memory <= LIMIT
    assert files < 10  # other threads of this process may open some


ARGUMENTS = {"target_size": (20, 20), "batch_size": 1, "shuffle": True, "seed": 1}


@pytest.fixture(autouse=True)
def _two_threads():
    before = batchwarp.runtime.get_num_threads()
    batchwarp.runtime.set_num_threads(2)
    yield
    batchwarp.runtime.set_num_threads(before)


@pytest.mark.parametrize("prefetch", [0, 2])
def test_batches(folder, prefetch):
    iterator = flow(folder, {"rotation_range": 20}, prefetch=prefetch, **ARGUMENTS)
    assert_no_growth(lambda: next(iterator))


@pytest.mark.parametrize(("on_error", "prefetch"), [("raise", 0), ("zeros", 2)])
def test_errors(damaged, on_error, prefetch):
    iterator = flow(damaged, prefetch=prefetch, on_error=on_error, **ARGUMENTS)

    def take():
        with contextlib.suppress(batchwarp.ImageFileError):
            next(iterator)

    assert_no_growth(take)
    assert len(iterator.errors) == 40


def test_iterators(folder, capsys):
    """New ones, each dropped in the middle of an epoch."""

    def take():
        next(flow(folder, prefetch=1, **ARGUMENTS))
        capsys.readouterr()

    assert_no_growth(take, BATCHES // 5)
