"""Reading Sign Language MNIST."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from batchwarp.console.errors import MissingPackageError
from batchwarp.training.data.datasets import DATA_VARIABLE
from batchwarp.training.data.errors import DatasetError
from batchwarp.training.data.sign_mnist import CLASSES, load_sign_mnist

HEADER = ",".join(["label", *(f"pixel{number}" for number in range(1, 785))])


def rows(labels):
    """Returns the pixels of a picture for each label."""
    return (np.arange(784)[None, :] + np.array(labels)[:, None]).astype(np.uint8)


def write_csv(path, labels, *, header=HEADER, change=None):
    lines = [
        ",".join(map(str, [label, *row])) for label, row in zip(labels, rows(labels), strict=True)
    ]
    if change is not None:
        row, old, new = change
        assert old in lines[row]
        lines[row] = lines[row].replace(old, new, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n")


@pytest.fixture
def table(tmp_path):
    pytest.importorskip("pandas", reason="it reads the CSV files")
    write_csv(tmp_path / "sign_mnist_train.csv", [0, 8, 10, 24])
    write_csv(tmp_path / "sign_mnist_test.csv", [24, 3])
    return tmp_path


def test_csv_files(table):
    data = load_sign_mnist(table)
    assert data.classes == CLASSES == tuple("ABCDEFGHIKLMNOPQRSTUVWXY")
    # J, the label 9, is not there: K is the tenth class.
    assert [data.classes[label] for label in data.y_train] == ["A", "I", "K", "Y"]
    assert data.y_test.tolist() == [23, 3]
    assert data.x_train.shape == (4, 28, 28, 1)
    assert data.x_train.dtype == np.uint8
    np.testing.assert_array_equal(data.x_train[2].ravel(), rows([10])[0])


def test_kaggles_folders_and_the_variable(tmp_path, monkeypatch):
    pytest.importorskip("pandas", reason="it reads the CSV files")
    folder = tmp_path / "sign_mnist"
    for part in ("train", "test"):
        write_csv(folder / f"sign_mnist_{part}" / f"sign_mnist_{part}.csv", [1])
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    assert load_sign_mnist(None).source == str(folder)


def test_npz_files(tmp_path):
    for part, labels in (("train", [0, 24]), ("test", [10])):
        labels = np.array(labels, np.uint8)
        np.savez(tmp_path / f"sign_mnist_{part}.npz", x=rows(labels), y=labels)
    data = load_sign_mnist(tmp_path)
    assert data.y_train.tolist() == [0, 23]
    assert data.y_test.tolist() == [9]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": [9]}, "labels must be 0 to 24 without 9, there is a 9 in row 1"),
        ({"labels": [0, 25]}, "there is a 25 in row 2"),
        ({"labels": []}, "no pictures in it"),
        (
            {"labels": [1], "header": HEADER.replace("pixel9,", "")},
            "more values than there are columns",
        ),
        ({"labels": [1], "header": HEADER + ",pixel785"}, "there are 786"),
        ({"labels": [1], "header": "x" + HEADER}, "the first of them 'xlabel'"),
        ({"labels": [1, 2], "change": (1, ",7,", ",seven,")}, "column pixel6, row 2: 'seven'"),
        ({"labels": [1, 2], "change": (0, ",7,", ",300,")}, "column pixel7, row 1: '300'"),
        ({"labels": [1, 2], "change": (0, ",7,", ",,")}, "column pixel7, row 1: 'nan'"),
        ({"labels": [1, 2], "change": (0, ",7,", ",7.5,")}, "column pixel7, row 1: '7.5'"),
        ({"labels": [1, 2], "change": (0, ",7,", ",7,8,9,")}, "more values than there are columns"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_broken_csv_is_one_line_with_the_path(table, arguments, message):
    path = table / "sign_mnist_test.csv"
    write_csv(path, **arguments)
    with pytest.raises(DatasetError) as error:
        load_sign_mnist(table)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00binary", b"\x00" * 100])
def test_what_is_no_csv(table, content):
    (table / "sign_mnist_train.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=r"sign_mnist_train\.csv: "):
        load_sign_mnist(table)


def test_missing_files_folders_and_pandas(table, tmp_path, monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    with pytest.raises(DatasetError, match=r"--data FOLDER .*BATCHWARP_DATA"):
        load_sign_mnist(None)
    with pytest.raises(DatasetError, match="nowhere: does not exist"):
        load_sign_mnist(tmp_path / "nowhere")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'batchwarp\[train\]'"):
        load_sign_mnist(table)
    (table / "sign_mnist_test.csv").unlink()
    monkeypatch.undo()
    with pytest.raises(DatasetError, match=r"neither sign_mnist_test\.csv nor sign"):
        load_sign_mnist(table)


@pytest.mark.data
def test_real_sign_mnist():
    root = os.environ.get(DATA_VARIABLE)
    if not root:
        pytest.skip(f"{DATA_VARIABLE} is not set")
    data = load_sign_mnist(Path(root) / "sign_mnist")
    assert (len(data.x_train), len(data.x_test)) == (27455, 7172)
    assert np.unique(data.y_train).tolist() == list(range(24))
