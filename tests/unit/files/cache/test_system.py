"""Locks, and systems without them."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from batchwarp.files.cache.system import OpenFile, in_use, mark_in_use, open_shared
from cache_files import filled, found, in_python, needs_fork, unusable, write_image


def test_a_system_without_locks(folder, paths, monkeypatch):
    from batchwarp.files.cache import store

    def no_locks(descriptor):
        raise OSError(errno.ENOLCK, "No locks available")

    filled(folder, paths)
    write_image(Path(paths[0]), b"changed")
    monkeypatch.setattr(store, "try_lock", no_locks)
    cache = unusable(folder, paths, "No locks available")
    assert found(cache, paths) == [1, 2, 3, 4, 5]


@needs_fork
def test_a_child_that_lives_longer_does_not_keep_the_lock(places):
    code = """
        cache = opened()
        fill(cache, range(10))
        assert cache._writer.alone().__enter__()  # as another thread might, at this moment
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


@pytest.mark.skipif(sys.platform == "win32", reason="nobody knows it on Windows")
def test_a_file_is_in_use_while_it_is_open(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"")
    assert not in_use(path)
    first, second = open_shared(path), open_shared(path)
    mark_in_use(first.number)
    mark_in_use(second.number)
    assert in_use(path)
    first = None
    assert in_use(path)
    second = None
    assert not in_use(path)
    assert not in_use(tmp_path / "none")


def test_the_last_reference_closes_without_running_python(tmp_path):
    """Code of a finalizer may be interrupted like any other, by a Ctrl-C that nobody hears then."""
    opened = OpenFile(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    descriptor = opened.descriptor
    os.fstat(descriptor)
    ran = []
    sys.setprofile(lambda frame, event, _: ran.append((event, frame.f_code.co_name)))
    try:
        opened = None
    finally:
        sys.setprofile(None)
    assert [name for event, name in ran if event == "call"] == []
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_closing_twice_closes_nothing_else(tmp_path):
    opened = OpenFile(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    opened.close()
    assert opened.descriptor == -1
    other = os.open(tmp_path / "file", os.O_RDONLY)  # has the number that was free
    opened.close()
    del opened
    os.fstat(other)
    os.close(other)
