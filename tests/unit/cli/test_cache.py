"""`batchwarp cache`: what is in a folder of cached images, and removing it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from batchwarp.cli import main
from cache_files import SETTINGS, fill, filled, found, opened, write_images


@pytest.fixture
def paths(tmp_path):
    return write_images(tmp_path / "images")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "deep" / "cache"


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
