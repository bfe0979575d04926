"""Finding and reading data sets."""

from __future__ import annotations

import gzip
import os
import types
from pathlib import Path

import cv2
import numpy as np
import pytest

from batchwarp.training import datasets
from batchwarp.training.errors import DatasetError

DEBIAN = Path("/usr/share/datasets/fashion-mnist")


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """No data set in any of the usual places."""
    monkeypatch.delenv(datasets.DATA_VARIABLE, raising=False)
    monkeypatch.setattr(datasets, "_DEBIAN_FASHION_MNIST", tmp_path / "no-debian")


@pytest.mark.parametrize("compress", [False, True])
def test_idx_files_are_read_plain_and_compressed_whatever_their_name(tmp_path, idx_bytes, compress):
    array = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    path = tmp_path / "images.anything"
    content = idx_bytes(array)
    path.write_bytes(gzip.compress(content) if compress else content)
    np.testing.assert_array_equal(datasets.read_idx(path, dimensions=3), array)


GOOD = b"\x00\x00\x08\x02" + b"\x00\x00\x00\x04\x00\x00\x00\x05" + bytes(20)
# Tests are named after these bytes, so they must be the same in every process: no time in them.
PACKED = gzip.compress(GOOD, mtime=0)
PACKED_SHORT = gzip.compress(GOOD[:-1], mtime=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with nothing"),
        (b"\x00\x00\x08", "begins with 00 00 08, not with 00 00 08 02"),
        (b"\x89PNG and so on", "begins with 89 50 4e 47"),
        (b"\x00\x00\x08\x01" + GOOD[4:], "00 00 08 01, not with 00 00 08 02"),
        (b"\x00\x00\x0d\x02" + GOOD[4:], "00 00 0d 02"),
        (GOOD[:9], "ends within its header"),
        (GOOD[:-1], "truncated: the header says 4x5 = 20 bytes, there are 19"),
        (GOOD[:4] + b"\xff" * 8, "truncated"),
        (GOOD + b"x", "longer than the 4x5 = 20 bytes"),
        (PACKED[:-9], "gzip stream"),
        (PACKED[:12] + b"\xff\xff" + PACKED[14:], "gzip stream"),
        (PACKED[:-6] + bytes(6), "gzip stream"),
        (PACKED_SHORT, "truncated: the header says 4x5 = 20 bytes, there are 19"),
    ],
)
def test_bad_idx_file_is_an_error_with_its_path(tmp_path, content, message):
    path = tmp_path / "bad.gz"
    path.write_bytes(content)
    with pytest.raises(DatasetError) as error:
        datasets.read_idx(path, dimensions=2)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)


def test_idx_file_that_is_not_there_is_an_error_with_its_path(tmp_path):
    with pytest.raises(DatasetError, match=r"none\.gz: cannot be read"):
        datasets.read_idx(tmp_path / "none.gz", dimensions=1)


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


@pytest.fixture
def folders(tmp_path):
    """Folders with three pictures per class for training and two for testing."""
    for part, count in (("train", 3), ("test", 2)):
        for value, name in enumerate("OX", start=1):
            folder = tmp_path / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                picture = np.full((20, 30), 100 * value + number, np.uint8)
                cv2.imwrite(str(folder / f"{number}.png"), picture)
    return tmp_path


def load(folder, **arguments):
    return datasets.load_picture_folders(folder, "OX", height=10, width=15, **arguments)


def test_picture_folders_are_read_in_order_and_resized(folders):
    data = load(folders)
    assert data.x_train.shape == (6, 10, 15, 1)
    assert data.x_train.dtype == np.uint8
    np.testing.assert_array_equal(data.x_train[:, 5, 5, 0], [100, 101, 102, 200, 201, 202])
    np.testing.assert_array_equal(data.y_train, [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(data.y_test, [0, 0, 1, 1])


def test_limit_is_shared_by_the_classes(folders):
    data = load(folders, limit=4)
    np.testing.assert_array_equal(data.y_train, [0, 0, 1, 1])


def test_colour_small_and_oddly_named_pictures_are_read(folders):
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 2] = 255
    content = cv2.imencode(".png", red)[1].tobytes()
    (folders / "test" / "O" / "é ü.PNG").write_bytes(content)
    data = load(folders)
    assert data.x_test[2].tolist() == np.full((10, 15, 1), 76).tolist()


def test_other_and_hidden_files_are_left_out(folders):
    (folders / "train" / "O" / "notes.txt").write_text("not a picture")
    (folders / "train" / "O" / ".hidden.png").write_bytes(b"")
    assert len(load(folders).x_train) == 6


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_broken_picture_is_an_error_with_its_path(folders, content):
    path = folders / "test" / "X" / "broken.png"
    path.write_bytes(content)
    with pytest.raises(DatasetError) as error:
        load(folders)
    assert str(path) in str(error.value)


def test_missing_and_empty_folders_are_errors(folders):
    for path in (folders / "test" / "X").iterdir():
        path.unlink()
    with pytest.raises(DatasetError, match="there is no picture in it"):
        load(folders)
    (folders / "test" / "X").rmdir()
    with pytest.raises(DatasetError, match="there is no such folder"):
        load(folders)


@pytest.mark.data
@pytest.mark.skipif("BATCHWARP_DATA" not in os.environ, reason="BATCHWARP_DATA is not set")
def test_real_drawings():
    root = Path(os.environ["BATCHWARP_DATA"]) / "xo_handdrawn"
    if not root.is_dir():
        pytest.skip(f"there is no {root}")
    data = datasets.load_picture_folders(root, "OX", height=38, width=46)
    assert data.x_train.shape == (320, 38, 46, 1)
    assert data.x_test.shape == (80, 38, 46, 1)
