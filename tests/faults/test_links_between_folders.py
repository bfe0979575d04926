"""Folders of a data set that are linked to each other: no file comes for ever."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from batchwarp.cli import main
from batchwarp.files.index import image_files
from image_files import flow, solid
from keras_reference import pair

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="symbolic links need a privilege on Windows"
)


def siblings(folder, count):
    """Folders with an image each, which have links to each other."""
    names = [chr(ord("a") + number) for number in range(count)]
    for number, name in enumerate(names):
        solid(folder / name / f"{number}.png", number)
        for other in names:
            if other != name:
                (folder / name / other).symlink_to(f"../{other}")
    return folder


def names(directory, **arguments):
    found = flow(directory, follow_links=True, **arguments).filenames
    return [name.replace(os.sep, "/") for name in found]


def test_two_folders_with_links_to_each_other(tmp_path):
    siblings(tmp_path / "c", 2)
    assert names(tmp_path) == ["c/a/0.png", "c/a/b/1.png", "c/b/1.png", "c/b/a/0.png"]
    assert flow(tmp_path).n == 2


def test_three_folders_with_links_to_each_other(tmp_path):
    siblings(tmp_path / "c", 3)
    found = names(tmp_path)
    assert len(found) == 3 + 3 * 2 + 3 * 2 * 1
    assert [name for name in found if name.startswith("c/b/")] == [
        "c/b/1.png",
        "c/b/a/0.png",
        "c/b/a/c/2.png",
        "c/b/c/2.png",
        "c/b/c/a/0.png",
    ]


def test_classes_with_links_to_each_other(tmp_path):
    siblings(tmp_path, 3)
    iterator = flow(tmp_path, follow_links=True)
    assert iterator.n == 15
    assert iterator.classes.tolist() == [0] * 5 + [1] * 5 + [2] * 5


def test_classes_that_are_links(tmp_path):
    store, data = siblings(tmp_path / "store", 2), tmp_path / "data"
    data.mkdir()
    for name in "ab":
        (data / name).symlink_to(store / name)
    assert names(data) == ["a/0.png", "a/b/1.png", "b/1.png", "b/a/0.png"]


def test_a_link_back_that_is_behind_another_link(tmp_path):
    """Through `c/out` to another tree and from there to where `c` is, which leads to it again."""
    data, other = tmp_path / "data", tmp_path / "other"
    solid(data / "c" / "0.png", 0)
    solid(other / "deep" / "1.png", 1)
    (data / "c" / "out").symlink_to(other)
    (other / "deep" / "back").symlink_to(data)
    assert names(data) == ["c/0.png", "c/out/deep/1.png"]


def test_links_without_circles_are_those_of_keras(tmp_path):
    """Two links to one folder, a link in a linked folder, and one to a folder above another."""
    store, data = tmp_path / "store", tmp_path / "data"
    solid(store / "in" / "deeper" / "0.png", 0)
    solid(store / "more" / "1.png", 1)
    (store / "in" / "link").symlink_to("../more")
    solid(data / "c" / "real" / "2.png", 2)
    for name, target in (("b", store), ("y", store), ("s", "real"), ("t", store / "in")):
        (data / "c" / name).symlink_to(target)
    ours, theirs = (
        generator.flow_from_directory(data, follow_links=True).filenames for generator in pair()
    )
    assert ours == theirs
    assert len(ours) == 2 * 3 + 2 + 2


def test_so_many_ways_that_they_are_refused(tmp_path):
    siblings(tmp_path / "c", 9)
    with pytest.raises(OSError, match=r"`follow_links`: links to folders lead in circles.*/c'"):
        flow(tmp_path, follow_links=True)
    assert flow(tmp_path).n == 9


def test_the_command_check(tmp_path, capsys):
    siblings(tmp_path, 3)
    assert main(["check", "--follow-links", "--json", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == 15
    shutil.rmtree(tmp_path / "c")
    (tmp_path / "a" / "nowhere").symlink_to("../c")
    assert main(["check", "--follow-links", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "4 files, all good\n"
    siblings(tmp_path / "many", 9)
    assert main(["check", "--follow-links", str(tmp_path)]) == 2
    assert "lead in circles" in capsys.readouterr().err


def test_a_folder_that_cannot_be_read(tmp_path):
    """Its place among the ways is kept."""
    siblings(tmp_path, 2)
    errors = []
    listed = list(image_files(str(tmp_path / "gone"), (".png",), True, errors.append))
    assert (listed, len(errors)) == ([], 1)
