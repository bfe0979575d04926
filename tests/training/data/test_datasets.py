"""Finding and reading data sets."""

from __future__ import annotations

import gzip
import os
import types
from pathlib import Path

import numpy as np
import pytest

from batchwarp.training.data import datasets
from batchwarp.training.data.errors import DatasetError

DEBIAN = Path("/usr/share/datasets/fashion-mnist")


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """No data set in any of the usual places."""
    monkeypatch.delenv(datasets.DATA_VARIABLE, raising=False)
    monkeypatch.setattr(datasets, "_DEBIAN_FASHION_MNIST", tmp_path / "no-debian")


@pytest.mark.parametrize("compress", [False, True])
def test_fashion_mnist_from_a_given_folder(tmp_path, write_fashion_mnist, compress):
    arrays = write_fashion_mnist(tmp_path, compress=compress)
    data = datasets.load_fashion_mnist(tmp_path)
    np.testing.assert_array_equal(data.x_train[..., 0], arrays["train-images-idx3-ubyte"])
    np.testing.assert_array_equal(data.y_test, arrays["t10k-labels-idx1-ubyte"])
    assert data.x_test.shape == (10, 28, 28, 1)
    assert len(data.classes) == 10
    assert data.source == str(tmp_path)


def test_limit_keeps_the_first_pictures_of_both_parts(tmp_path, write_fashion_mnist):
    write_fashion_mnist(tmp_path)
    data = datasets.load_fashion_mnist(tmp_path)
    few = data.limited(20)
    assert (len(few.x_train), len(few.y_train), len(few.x_test)) == (20, 20, 10)
    np.testing.assert_array_equal(few.x_train, data.x_train[:20])
    assert data.limited(None) is data


def test_places_are_looked_at_in_order(tmp_path, monkeypatch, nowhere, write_fashion_mnist):
    named, debian = tmp_path / "named", tmp_path / "debian"
    write_fashion_mnist(debian, train=11)
    monkeypatch.setattr(datasets, "_DEBIAN_FASHION_MNIST", debian)
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(named))
    assert len(datasets.load_fashion_mnist(None).x_train) == 11
    write_fashion_mnist(named / "fashion-mnist", train=12)
    assert len(datasets.load_fashion_mnist(None).x_train) == 12


def test_no_network_is_one_error_that_names_all_ways(monkeypatch, nowhere):
    def load_data():
        raise Exception("URL fetch failure on https://example.invalid:\n no route to host")

    fashion_mnist = types.SimpleNamespace(load_data=load_data)
    keras = types.SimpleNamespace(datasets=types.SimpleNamespace(fashion_mnist=fashion_mnist))
    monkeypatch.setattr(datasets, "load_keras", lambda: keras)
    with pytest.raises(DatasetError) as error:
        datasets.load_fashion_mnist(None)
    message = str(error.value)
    for way in ("--data", "BATCHWARP_DATA", "dataset-fashion-mnist", "no route to host"):
        assert way in message
    assert "\n" not in message


def test_download_is_the_last_resort(monkeypatch, nowhere):
    part = (np.zeros((3, 28, 28), np.uint8), np.zeros(3, np.uint8))
    fashion_mnist = types.SimpleNamespace(load_data=lambda: (part, part))
    keras = types.SimpleNamespace(datasets=types.SimpleNamespace(fashion_mnist=fashion_mnist))
    monkeypatch.setattr(datasets, "load_keras", lambda: keras)
    data = datasets.load_fashion_mnist(None)
    assert data.x_train.shape == (3, 28, 28, 1)
    assert "keras" in data.source


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("train-images-idx3-ubyte", np.zeros((30, 28, 27)), "must be 28x28 pixels, not 27x28"),
        ("train-labels-idx1-ubyte", np.zeros(29), "29 labels for 30 pictures"),
        ("t10k-labels-idx1-ubyte", np.full(10, 10), "labels must be 0 to 9, there is a 10"),
        ("t10k-images-idx3-ubyte", np.zeros((0, 28, 28)), "10 labels for 0 pictures"),
    ],
)
def test_wrong_content_is_an_error_with_the_path(
    tmp_path, idx_bytes, write_fashion_mnist, name, array, message
):
    write_fashion_mnist(tmp_path)
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress(idx_bytes(array)))
    with pytest.raises(DatasetError) as error:
        datasets.load_fashion_mnist(tmp_path)
    assert message in str(error.value)
    assert str(tmp_path) in str(error.value)


def test_missing_file_and_missing_folder_are_errors(tmp_path, write_fashion_mnist):
    write_fashion_mnist(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DatasetError, match="no file t10k-labels-idx1-ubyte"):
        datasets.load_fashion_mnist(tmp_path)
    with pytest.raises(DatasetError, match="does not exist"):
        datasets.load_fashion_mnist(tmp_path / "none")
    with pytest.raises(DatasetError, match="is not a folder"):
        datasets.load_fashion_mnist(tmp_path / "train-labels-idx1-ubyte.gz")


@pytest.mark.data
@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_real_fashion_mnist():
    data = datasets.load_fashion_mnist(DEBIAN)
    assert data.x_train.shape == (60_000, 28, 28, 1)
    assert data.x_test.shape == (10_000, 28, 28, 1)
    np.testing.assert_array_equal(np.bincount(data.y_train), [6000] * 10)
    np.testing.assert_array_equal(np.bincount(data.y_test), [1000] * 10)
    assert data.y_train[:8].tolist() == [9, 0, 0, 3, 0, 2, 7, 2]


def write_mnist(folder, **changes):
    """Writes a small set as Keras' mnist.npz."""
    arrays = {
        "x_train": np.arange(5 * 28 * 28, dtype=np.uint8).reshape(5, 28, 28),
        "y_train": np.arange(5, dtype=np.uint8),
        "x_test": np.zeros((3, 28, 28), np.uint8),
        "y_test": np.array([9, 0, 9], np.uint8),
    }
    arrays |= changes
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "mnist.npz", **{k: v for k, v in arrays.items() if v is not None})
    return arrays


def test_mnist_as_npz_and_as_idx_files(tmp_path, monkeypatch, write_fashion_mnist):
    arrays = write_mnist(tmp_path / "mnist")
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(tmp_path))
    data = datasets.load_mnist(None)
    np.testing.assert_array_equal(data.x_train[..., 0], arrays["x_train"])
    np.testing.assert_array_equal(data.y_test, [9, 0, 9])
    assert data.classes == tuple("0123456789")
    assert data.source == str(tmp_path / "mnist" / "mnist.npz")
    write_fashion_mnist(tmp_path / "idx")
    assert datasets.load_mnist(tmp_path / "idx").x_test.shape == (10, 28, 28, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_test": None}, "an array is missing: y_test"),
        ({"x_train": np.zeros((5, 28, 28))}, "x_train must be uint8, not float64"),
        ({"x_train": np.zeros((5, 27, 28), np.uint8)}, "not (5, 27, 28) and (5,)"),
        ({"y_test": np.array([9, 0, 10], np.uint8)}, "with labels 0 to 9"),
    ],
    ids=str,
)
def test_wrong_mnist_is_an_error_with_the_path(tmp_path, changes, message):
    write_mnist(tmp_path, **changes)
    with pytest.raises(DatasetError) as error:
        datasets.load_mnist(tmp_path)
    assert str(error.value).startswith(f"{tmp_path / 'mnist.npz'}: ")
    assert message in str(error.value)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 half of one"])
def test_damaged_npz_is_an_error_with_the_path(tmp_path, content):
    (tmp_path / "mnist.npz").write_bytes(content)
    with pytest.raises(DatasetError, match=r"mnist\.npz: cannot be read as \.npz"):
        datasets.load_mnist(tmp_path)


@pytest.mark.data
def test_real_mnist():
    root = os.environ.get(datasets.DATA_VARIABLE)
    if not root:
        pytest.skip(f"{datasets.DATA_VARIABLE} is not set")
    data = datasets.load_mnist(Path(root) / "mnist")
    assert (data.x_train.shape, data.x_test.shape) == ((60000, 28, 28, 1), (10000, 28, 28, 1))
