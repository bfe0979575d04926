"""Locks, and systems without them."""

from __future__ import annotations

import errno
from pathlib import Path

from cache_files import filled, found, in_python, needs_fork, unusable, write_image


def test_a_system_without_locks(folder, paths, monkeypatch):
    from batchwarp.files.cache import opening

    def no_locks(descriptor):
        raise OSError(errno.ENOLCK, "No locks available")

    filled(folder, paths)
    write_image(Path(paths[0]), b"changed")
    monkeypatch.setattr(opening, "try_lock", no_locks)
    cache = unusable(folder, paths, "No locks available")
    assert found(cache, paths) == [1, 2, 3, 4, 5]


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
