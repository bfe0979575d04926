"""`batchwarp cache`: what is in a folder of cached images, and removing it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from batchwarp.cli import main
from batchwarp.files.cache import EncodedCache
from cache_files import SETTINGS, data_of, fill, filled, found, opened, write_images


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
    (folder / f"0123456789{path.suffix}").write_bytes(b"garbage")
    (folder / f"0123456789-0123456789{path.suffix}").write_bytes(b"bwcache\n\x01" + 11 * b"\0")
    (folder / "mine.txt").write_text("not a cache")
    status, out, _ = run(capsys, folder)
    assert status == 0
    line = next(line for line in out.splitlines() if line.startswith(path.stem))
    for part in ("ready", " 6 ", "5×7×3", str(Path(paths[0]).parent), "interpolation=nearest"):
        assert part in line
    assert "damaged" in out
    assert "of another release: version 1" in out
    assert "3 stores" in out
    assert "mine" not in out


def test_encoded_files_have_any_shape(folder, paths, capsys):
    cache = EncodedCache(folder, paths, str(Path(paths[0]).parent))
    for index in range(6):
        cache.read(index)
    _, out, _ = run(capsys, folder)
    line = next(line for line in out.splitlines() if line.startswith(cache.path.stem))
    for part in (" 6 ", " any ", "format=encoded"):
        assert part in line
    assert json.loads(run(capsys, folder, "--json")[1])[0]["image_shape"] is None


def test_the_command_in_json(folder, paths, capsys):
    cache = opened(folder, paths)
    fill(cache, paths, only=[1, 2])
    status, out, _ = run(capsys, folder, "--json")
    (entry,) = json.loads(out)
    assert status == 0
    assert entry["settings"] == SETTINGS
    in_use = "ready" if sys.platform == "win32" else "in use"
    assert (entry["images"], entry["state"]) == (2, in_use)
    files = [cache.path, data_of(cache.path)]
    assert entry["paths"] == [str(path) for path in files]
    assert 0 < entry["disk_bytes"] <= sum(path.stat().st_size + 4096 for path in files)
    assert abs(entry["last_use"] - time.time()) < 60
    cache.close()


def test_the_command_removes_what_is_named(folder, paths, capsys):
    first = filled(folder, paths)
    other = opened(folder, paths, settings={"color_mode": "grayscale"})
    second, other_data = other.path, data_of(other.path)
    other.close()
    stale = [
        folder / f"{first.stem}.01234567.unfinished",
        folder / f"{first.stem}.0123456789abcdef.bwdata",
    ]
    for path in stale:
        path.write_bytes(b"")
    mine = folder / "mine.bwcache"
    mine.write_bytes(b"")
    assert "2 unfinished" in run(capsys, folder)[1]
    status, out, _ = run(capsys, folder, "--clear", second.stem[:9], "--yes")
    assert (status, first.exists(), data_of(first).exists()) == (0, True, True)
    assert [path for path in (second, other_data, *stale) if path.exists()] == []
    assert "removed 1 store and 2 unfinished" in out
    status, out, _ = run(capsys, folder, "--clear", "--yes", "--json")
    assert (status, json.loads(out)) == (0, {"removed": [first.stem]})
    assert list(folder.iterdir()) == [mine]
    assert "no cached images" in run(capsys, folder)[1]


@pytest.mark.parametrize(("answer", "removed"), [("y\n", True), ("n\n", False), ("", False)])
def test_the_command_asks(answer, removed, folder, paths, capsys, monkeypatch):
    import io

    path = filled(folder, paths)
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    status, out, err = run(capsys, folder, "--clear")
    assert "Remove 1 store" in out
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
