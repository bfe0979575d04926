"""A folder that cannot be listed for a moment must not make a smaller data set of it unnoticed."""

from __future__ import annotations

import errno
import os

import pytest

from image_files import flow, save_numbered


@pytest.fixture
def unlisted(tmp_path, monkeypatch):
    """Returns a function after which one class of a folder of two cannot be listed."""
    folder, scandir = save_numbered(tmp_path), os.scandir

    def make(number):
        def fails(path):
            if str(path).endswith("b"):
                raise OSError(number, os.strerror(number), path)
            return scandir(path)

        monkeypatch.setattr(os, "scandir", fails)
        return folder

    return make


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_too_many_open_files(unlisted, number):
    folder = unlisted(number)
    with pytest.raises(OSError, match=os.strerror(number)) as caught:
        flow(folder)
    assert (caught.value.errno, caught.value.filename) == (number, str(folder / "b"))


def test_too_little_memory(unlisted):
    with pytest.raises(MemoryError, match="b: "):
        flow(unlisted(errno.ENOMEM))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_folder_that_is_closed(unlisted, number):
    folder = unlisted(number)
    with pytest.warns(RuntimeWarning, match=rf"b cannot be read \({os.strerror(number)}\)"):
        iterator = flow(folder)
    assert (iterator.n, iterator.class_indices) == (5, {"a": 0, "b": 1})  # as in Keras
