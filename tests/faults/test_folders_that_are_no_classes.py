"""Hidden folders, files of other programs and more than two classes: Keras' labels, and a word."""

from __future__ import annotations

import shutil
import warnings

import pytest

from image_files import flow, save_numbered, solid
from keras_reference import pair


@pytest.fixture
def numbered(tmp_path):
    return save_numbered(tmp_path)


def names(directory, **arguments):
    """The files of both iterators, which must be the same; ours may warn."""
    theirs = pair()[1].flow_from_directory(directory, class_mode=None)
    ours = flow(directory, **arguments)
    assert ours.filenames == theirs.filenames
    assert ours.class_indices == theirs.class_indices
    return ours


@pytest.mark.parametrize("name", [".ipynb_checkpoints", ".git", "__MACOSX", "@eaDir"])
def test_a_folder_of_a_program(numbered, name):
    (numbered / name).mkdir()
    message = rf"that are hidden or of other programs are classes.*: {name}\. Remove.*`classes`"
    with pytest.warns(UserWarning, match=message):
        names(numbered)
    assert flow(numbered, classes=["a", "b"]).n == 10
    assert flow(numbered, classes=["a", "b", name]).num_classes == 3


def test_files_that_macos_writes_beside_others(numbered):
    for number in (0, 2, 4, 6):
        (numbered / "a" / f"._{number}.png").write_bytes(b"\0\5\x16\7")
    first = r"a.\._0.png, a.\._2.png, a.\._4.png and 1 more"
    with pytest.warns(UserWarning, match=rf"begin with `\._` count.*: {first}\. .*on_error"):
        assert names(numbered).n == 14


def test_a_hidden_folder_in_a_class(numbered):
    shutil.copytree(numbered / "b", numbered / "a" / ".ipynb_checkpoints")
    with pytest.warns(UserWarning, match=r"Images in hidden folders.*ipynb_checkpoints.1.png"):
        assert names(numbered).n == 15


def test_hidden_images_and_empty_hidden_folders_in_classes(numbered):
    """They are as good as others, or hold nothing."""
    solid(numbered / "a" / ".hidden.png", 3)
    (numbered / "a" / ".empty").mkdir()
    assert names(numbered).n == 11


def test_the_data_set_itself_may_be_hidden(tmp_path):
    data = save_numbered(tmp_path / ".keras" / "._data")
    assert names(data).n == 10


def test_binary_labels_of_six_classes(numbered):
    for name in "cdef":
        solid(numbered / name / "0.png", 0)
    with pytest.warns(UserWarning, match=r'"binary"` is for two classes.* has 6.*0 to 5.*"sparse"'):
        found = flow(numbered, class_mode="binary")
    assert sorted(set(found.classes)) == [0, 1, 2, 3, 4, 5]
    with pytest.warns(UserWarning, match=r"for two classes.* has 1"):
        flow(numbered, class_mode="binary", classes=["c"])
    flow(numbered, class_mode="binary", classes=["a", "f"])
    flow(numbered, class_mode="categorical")


def test_one_word_each(numbered):
    (numbered / ".hidden").mkdir()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        flow(numbered, class_mode="binary")
    assert len(caught) == 2
    assert {warning.filename for warning in caught} == {flow.__code__.co_filename}
