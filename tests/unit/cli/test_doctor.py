"""`batchwarp doctor` on files and folders."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from batchwarp.cli import main

SCRIPT = "from keras.preprocessing import image\n"
SWAPPED = "from batchwarp import image\n"


def git(folder, *arguments):
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(folder)]
    subprocess.run([*command, *arguments], check=True, capture_output=True)


def test_what_is_printed(tmp_path, capsys):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    assert main(["doctor", str(path)]) == 1
    printed = capsys.readouterr().out
    assert "1: import: `from keras.preprocessing import image` is Keras' own" in printed
    assert f"-{SCRIPT}+{SWAPPED}" in printed
    assert "--write" in printed
    assert path.read_text() == SCRIPT


def test_nothing_to_say(tmp_path, capsys):
    (tmp_path / "train.py").write_text("print(1)\n")
    assert main(["doctor", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "0 findings in 0 files\n"


def test_json(tmp_path, capsys):
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "old.py").write_text("print 'two'\n")
    assert main(["doctor", "--json", str(tmp_path)]) == 1
    found = json.loads(capsys.readouterr().out)
    [one] = found["files"].values()
    assert [(finding["line"], finding["kind"]) for finding in one["findings"]] == [("1", "import")]
    assert SWAPPED in one["diff"]
    assert list(found["unread"]) == [str(tmp_path / "old.py")]


def test_folders_that_are_not_the_users_are_left_alone(tmp_path, capsys):
    for folder in (".hidden", "venv", "lib/site-packages", "mine"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.py").write_text(SCRIPT)
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    main(["doctor", "--json", str(tmp_path)])
    assert list(json.loads(capsys.readouterr().out)["files"]) == [str(tmp_path / "mine" / "a.py")]


def test_a_copy_stays_beside_what_is_written(tmp_path, capsys):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    path.chmod(0o750)
    (tmp_path / "train.py.bak").write_text("of yesterday")
    main(["doctor", "--write", str(path)])
    assert f"{path}: written; as it was: train.py.bak1" in capsys.readouterr().out
    assert path.read_text() == SWAPPED
    assert (tmp_path / "train.py.bak").read_text() == "of yesterday"
    assert (tmp_path / "train.py.bak1").read_text() == SCRIPT
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o750


def test_what_git_has_needs_no_copy(tmp_path):
    git(tmp_path, "init", "-q")
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(SCRIPT)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "First")
    main(["doctor", "--write", str(tmp_path)])
    assert sorted(path.name for path in tmp_path.iterdir()) == [".git", "a.py", "b.py"]
    assert (tmp_path / "a.py").read_text() == (tmp_path / "b.py").read_text() == SWAPPED


@pytest.mark.parametrize("change", ["another", "itself", "untracked"])
def test_what_git_does_not_have_gets_a_copy(tmp_path, change):
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text(SCRIPT)
    (tmp_path / "b.txt").write_text("one")
    git(tmp_path, "add", "b.txt" if change == "untracked" else ".")
    git(tmp_path, "commit", "-qm", "First")
    if change == "another":
        (tmp_path / "b.txt").write_text("two")
    if change == "itself":
        (tmp_path / "a.py").write_text(SCRIPT + "x = 1\n")
    main(["doctor", "--write", str(tmp_path / "a.py")])
    assert (tmp_path / "a.py.bak").exists()


def test_a_link_stays_one(tmp_path):
    target = tmp_path / "target.py"
    target.write_text(SCRIPT)
    link = tmp_path / "link.py"
    link.symlink_to(target)
    main(["doctor", "--write", str(link)])
    assert link.is_symlink()
    assert target.read_text() == SWAPPED


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.py", "no such file"), ("a.txt", "not a script")],
)
def test_what_is_no_script(tmp_path, capsys, name, message):
    (tmp_path / "a.txt").touch()
    assert main(["doctor", str(tmp_path / name)]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_folder_that_cannot_be_written_to(tmp_path, capsys):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    tmp_path.chmod(0o500)
    try:
        assert main(["doctor", "--write", str(path)]) == 2
    finally:
        tmp_path.chmod(0o700)
    assert str(path) in capsys.readouterr().err
    assert path.read_text() == SCRIPT
