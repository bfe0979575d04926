"""Files as bytes, and what images are made of right after they were decoded."""

from __future__ import annotations

import weakref

import numpy as np
import pytest

import batchwarp
from batchwarp import _core
from batchwarp.files import decode
from batchwarp.files.threads import _Helpers, _Job


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "class").mkdir()
    rng = np.random.default_rng(0)
    for number in range(5):
        pixels = rng.integers(0, 256, (9 + number, 12, 3), np.uint8)
        batchwarp.image.save_img(tmp_path / "class" / f"{number}.png", pixels, scale=False)
    return tmp_path


@pytest.mark.parametrize("size", [0, 256, 70_000])
def test_a_file_is_read_as_a_whole(tmp_path, size):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * (size // 256))
    data, signature = decode.read_file(str(path))
    assert data == path.read_bytes()
    assert signature == (path.stat().st_size, path.stat().st_mtime_ns)


def test_a_file_that_takes_several_calls(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(200)))
    read = decode.os.read
    monkeypatch.setattr(decode.os, "read", lambda descriptor, size: read(descriptor, min(size, 7)))
    assert decode.read_file(str(path))[0] == path.read_bytes()


def test_no_descriptor_stays_open(tmp_path, monkeypatch):
    closed = []
    close = decode.os.close
    monkeypatch.setattr(decode.os, "close", lambda number: (closed.append(number), close(number)))
    with pytest.raises(OSError, match=r"not a regular file|Permission denied|Is a directory"):
        decode.read_file(str(tmp_path))
    assert len(closed) == 1 or decode.os.name == "nt"


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_images_made_one_by_one_are_those_of_a_batch(folder, data_format):
    generator = batchwarp.ImageDataGenerator(
        rotation_range=30, zoom_range=0.2, rescale=1 / 255, data_format=data_format
    )
    flows = [
        generator.flow_from_directory(
            folder, target_size=(11, 13), batch_size=5, seed=3, class_mode=None, cache=cache
        )
        for cache in (None, "memory")
    ]
    flows[1]._stored(np.arange(5))  # all are in the cache: its batches come from one call
    for _ in range(3):
        np.testing.assert_array_equal(*map(next, flows))


def test_a_generator_without_augmentation_of_files(folder):
    generator = batchwarp.ImageDataGenerator(preprocessing_function=lambda image: image + 1)
    options = {"target_size": (9, 12), "shuffle": False, "class_mode": None}
    plain = batchwarp.ImageDataGenerator().flow_from_directory(folder, **options)
    flow = generator.flow_from_directory(folder, **options)
    expected = next(plain) + 1
    for _ in range(2):  # the first batch is made in turn
        np.testing.assert_array_equal(next(flow), expected)


def test_the_number_of_threads_of_a_call():
    images = np.random.default_rng(0).integers(0, 256, (3, 90, 120, 3), np.uint8)
    plan = _core.Plan(height=90, width=120, channels=3, rescale=1 / 255)
    batches = [np.empty(images.shape, np.float32) for _ in range(3)]
    for threads, batch in enumerate(batches):
        _core.augment_batch(images, None, None, plan, batch, threads=threads)
    np.testing.assert_array_equal(batches[0], images * np.float32(1 / 255))
    np.testing.assert_array_equal(batches[1], batches[0])
    np.testing.assert_array_equal(batches[2], batches[0])
    with pytest.raises(ValueError, match=r"`threads` must be at least 0. Received: -1"):
        _core.augment_batch(images, None, None, plan, batches[0], threads=-1)


def test_a_thread_that_waits_keeps_no_job_that_it_has_not_joined(monkeypatch):
    """It would keep a batch's memory, and an iterator with its thread, until the next one."""
    helpers, kept = _Helpers(), []
    helpers._jobs.append(_Job(print, 1, seats=0))
    job = weakref.ref(helpers._jobs[0])

    def wait():
        helpers._jobs.clear()
        kept.append(job())
        helpers._ending = True

    monkeypatch.setattr(helpers._wake, "wait", wait)
    assert helpers._next_job() is None
    assert kept == [None]
