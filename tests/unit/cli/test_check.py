"""`batchwarp check`: which image files of a data set cannot be read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

import batchwarp
from batchwarp.cli import main
from image_files import KINDS, flow, picture, save


@pytest.fixture
def folder(tmp_path):
    for kind in KINDS:
        save(tmp_path / kind / "x", kind)
    (tmp_path / "notes.txt").write_text("no image")
    return tmp_path


def damage(folder):
    """Adds files that cannot be read, in the order of a listing; returns their paths."""
    (folder / "bad").mkdir()
    names = ("cut.jpg", "empty.png", "line\nfeed.png", "zürich.bmp")
    paths = [folder / "bad" / name for name in names]
    good = save(folder / "bad" / "z", "jpeg", picture(50, 60)).read_bytes()
    for path, content in zip(paths, (good[:-300], b"", b"text", b"BM"), strict=True):
        path.write_bytes(content)
    return [str(path) for path in paths]


def test_all_good(folder, capsys):
    assert main(["check", str(folder)]) == 0
    assert capsys.readouterr().out == f"{len(KINDS)} files, all good\n"


@pytest.mark.skipif(os.name == "nt", reason="names on Windows have no line feeds")
def test_the_table(folder, capsys):
    damage(folder)
    assert main(["check", str(folder)]) == 1
    output = capsys.readouterr()
    assert output.err == ""  # the progress is for terminals
    header, *rows, verdict = output.out.splitlines()
    assert header.split() == ["file", "reason"]
    assert verdict == f"{len(KINDS) + 5} files, 4 of them cannot be read"
    column = header.index("reason")
    assert [row[:column].strip() for row in rows] == [
        os.path.join("bad", name)  # noqa: PTH118 - as the command prints them
        for name in ("cut.jpg", "empty.png", "line\\nfeed.png", "zürich.bmp")
    ]
    reasons = [row[column:] for row in rows]
    assert "truncated" in reasons[0]
    assert reasons[1:3] == [
        "the file is empty",
        "not an image, or of a format that Pillow does not read",
    ]


@pytest.mark.skipif(os.name == "nt", reason="names on Windows have no line feeds")
def test_json(folder, capsys):
    bad = damage(folder)
    assert main(["check", "--json", str(folder)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == len(KINDS) + 5
    assert list(found["bad"]) == bad
    iterator = flow(folder, on_error="zeros", batch_size=100)
    next(iterator)
    assert found["bad"] == {error.path: error.reason for error in iterator.errors}


def test_formats(folder, capsys):
    picture().save(folder / "moving.gif")
    (folder / "broken.webp").write_bytes(b"RIFF")
    assert main(["check", "--formats", "gif", str(folder)]) == 0
    assert capsys.readouterr().out == "1 files, all good\n"
    assert main(["check", "--formats", "gif,WEBP", "--json", str(folder)]) == 1
    assert list(json.loads(capsys.readouterr().out)["bad"]) == [str(folder / "broken.webp")]


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege on Windows")
def test_symbolic_links(folder, capsys):
    (folder / "png" / "again").symlink_to("../bmp")
    (folder / "png" / "up").symlink_to("..")
    main(["check", str(folder)])
    assert capsys.readouterr().out.startswith(f"{len(KINDS)} files")
    main(["check", "--follow-links", str(folder)])
    assert capsys.readouterr().out.startswith(f"{len(KINDS) + 1} files")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["notes.txt"], "notes.txt: not a folder"),
        (["png", "--formats", "xyz"], r"png: no files with the extensions \.xyz in it"),
        (["png", "--formats", ""], "--formats: `formats` should be"),
        ([], "the following arguments are required: DIR"),
    ],
)
def test_mistakes(folder, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(folder)
    assert main(["check", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert re.search(message, output.err)
    assert output.err.count("\n") == 1


def test_as_a_command(folder):
    """Without a Keras that could be imported, and into a pipe."""
    (folder / "broken.png").write_bytes(b"")
    code = "import sys; sys.modules['keras'] = None; from batchwarp.cli import main; "
    done = subprocess.run(
        [sys.executable, "-c", code + "sys.exit(main())", "check", str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "broken.png  the file is empty" in done.stdout


def test_more_files_than_one_group(tmp_path, capsys):
    content = save(tmp_path / "x", "bmp", picture(2, 2)).read_bytes()
    for number in range(150):
        (tmp_path / f"{number:03}.bmp").write_bytes(content if number % 50 else b"")
    before = batchwarp.runtime.get_num_threads()
    batchwarp.runtime.set_num_threads(3)
    try:
        assert main(["check", "--json", str(tmp_path)]) == 1
    finally:
        batchwarp.runtime.set_num_threads(before)
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == 151
    assert list(found["bad"]) == [str(tmp_path / f"{number:03}.bmp") for number in (0, 50, 100)]
