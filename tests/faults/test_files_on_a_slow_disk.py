"""Files on a disk that is slow: many of them are waited for at once, whoever decodes them."""

from __future__ import annotations

import gc
import shutil

import numpy as np
import pytest

import batchwarp
from batchwarp import runtime
from batchwarp.files import ahead
from image_files import picture, save
from slow_disk import mounted

# So slow that a file in memory is read in a quarter of the time on a busy machine, too.
FILES, BATCH, SECONDS = 96, 8, 0.05


@pytest.fixture
def folder(tmp_path):
    for number in range(FILES):
        kind = "png" if number % 7 == 3 else "jpeg"
        save(tmp_path / "disk" / "ab"[number % 2] / f"{number:02}", kind, picture(30, 40, number))
    (tmp_path / "slow").mkdir()
    return tmp_path / "disk"


def flow(folder, **options):
    generator = batchwarp.ImageDataGenerator(rotation_range=20)
    return generator.flow_from_directory(
        folder, target_size=(20, 24), batch_size=BATCH, seed=3, **options
    )


@pytest.mark.parametrize("cache", [None, "memory", "encoded"])
@pytest.mark.parametrize("prefetch", [0, 2])
def test_more_files_are_waited_for_than_there_are_threads(folder, cache, prefetch):
    expected = list(zip(range(2 * FILES // BATCH), flow(folder), strict=False))
    options = {"cache": cache, "prefetch": prefetch}
    if cache == "encoded":
        options |= {"cache": folder.parent / "cache", "cache_format": "encoded"}
    before = runtime.get_num_threads()
    runtime.set_num_threads(2)
    try:
        with mounted(folder, folder.parent / "slow", SECONDS) as disk:
            files = flow(disk.path, **options)
            made = list(zip(range(2 * FILES // BATCH), files, strict=False))
            del files
            gc.collect()  # with the threads that read ahead
    finally:
        runtime.set_num_threads(before)
    np.testing.assert_equal(made, expected)
    assert disk.most_at_once > ahead._THREADS // 2


def test_without_reading_ahead_as_many_as_there_are_threads(folder, monkeypatch):
    """Otherwise the test above would say nothing."""
    monkeypatch.setattr(ahead.FilesAhead, "is_due", lambda _: False)
    before = runtime.get_num_threads()
    runtime.set_num_threads(2)
    try:
        with mounted(folder, folder.parent / "slow", SECONDS) as disk:
            next(flow(disk.path))
    finally:
        runtime.set_num_threads(before)
    assert disk.most_at_once <= 2


def test_a_disk_that_goes_away(folder):
    """Its files are bad then, each with its name."""
    with mounted(folder, folder.parent / "slow", 0) as disk:
        files = flow(disk.path, on_error="raise")
        next(files)
    with pytest.raises(batchwarp.ImageFileError, match="slow"):
        next(files)
    shutil.rmtree(folder)
