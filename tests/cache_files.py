"""Stores of decoded images, and processes that use one."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from batchwarp.files.cache import DiskCache
from batchwarp.files.cache.store import Store

SHAPE = (5, 7, 3)
SETTINGS = {"color_mode": "rgb", "interpolation": "nearest", "keep_aspect_ratio": False, "n": None}
LONG_AGO = 1_600_000_000_123_456_789


def pixels(number, version=0):
    return np.random.RandomState(1000 * version + number).randint(0, 256, SHAPE).astype("uint8")


def write_image(path, content=b"image", mtime_ns=LONG_AGO):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, ns=(mtime_ns, mtime_ns))


def write_images(folder):
    """Writes six images into a new folder; returns their paths."""
    paths = [folder / f"{number}.png" for number in range(6)]
    for path in paths:
        write_image(path)
    return [str(path) for path in paths]


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
    """The path of the index of a store with all images."""
    cache = opened(folder, paths)
    fill(cache, paths)
    cache.close()
    return cache.path


def data_of(path):
    """The path of the data of a store."""
    return Store(path, marks=False).data_path


def grown(paths, count):
    more = [Path(paths[0]).with_name(f"{number}.png") for number in range(100, 100 + count)]
    for path in more:
        write_image(path)
    return [*paths, *map(str, more)]


def opened_and_filled(folder, paths):
    cache = opened(folder, paths)
    fill(cache, paths)
    return cache


def unusable(folder, paths, reason):
    """Opens and fills a cache, which must give one warning."""
    with pytest.warns(RuntimeWarning, match=reason) as caught:
        cache = opened_and_filled(folder, paths)
    assert len(caught) == 1
    assert str(cache.path) in str(caught[0].message)
    return cache


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


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
