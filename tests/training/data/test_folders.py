"""Data sets as folders."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("keras", reason="subsets of flows are Keras data sets")

import batchwarp
from batchwarp.training.data import folders
from batchwarp.training.data.errors import DatasetError


@pytest.fixture
def root(tmp_path):
    """Six grey pictures in each of two classes, their number being their brightness."""
    for label, name in enumerate(("a", "b")):
        (tmp_path / "train" / name).mkdir(parents=True)
        for number in range(6):
            picture = Image.new("L", (8, 8), 100 * label + number)
            picture.save(tmp_path / "train" / name / f"{number}.png")
    return tmp_path


def flow(root, **arguments):
    return batchwarp.ImageDataGenerator().flow_from_directory(
        root / "train",
        target_size=(8, 8),
        color_mode="grayscale",
        class_mode="binary",
        batch_size=4,
        shuffle=False,
        **arguments,
    )


def test_missing_folder_is_named_with_what_is_expected(root):
    folders.check_folders(root, ("train",), ("a", "b"))
    with pytest.raises(DatasetError, match="no such folder") as error:
        folders.check_folders(root, ("train", "test"), ("a", "b"))
    assert str(root / "test" / "a") in str(error.value)
    assert "train/a, train/b, test/a, test/b" in str(error.value)


def test_part_of_a_flow(root):
    part = folders.part_of("training", flow(root))
    assert part.labels.tolist() == [0] * 6 + [1] * 6
    assert part.sources[7].endswith("1.png")
    assert len(part.flow) == 3


@pytest.mark.parametrize("limit", [2, 5, 12, 99])
def test_limited_part_takes_pictures_evenly(root, limit):
    part = folders.part_of("training", flow(root), limit)
    count = min(limit, 12)
    assert len(part.labels) == len(part.sources) == count
    assert abs(int(np.sum(part.labels)) - count / 2) <= 1
    batches = [part.flow[index] for index in range(len(part.flow))]
    values = np.concatenate([x[:, 0, 0, 0] for x, _ in batches])
    expected = [
        int(source[-5]) + 100 * label
        for source, label in zip(part.sources, part.labels, strict=True)
    ]
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), part.labels)


def test_some_pictures_passes_over_what_cannot_be_read(root):
    (root / "train" / "a" / "2.png").write_bytes(b"no picture")
    found = folders.some_pictures(flow(root), 99, 0, color_mode="grayscale")
    assert found.shape == (11, 8, 8, 1)
    assert sorted(found[:, 0, 0, 0]) == [0, 1, 3, 4, 5, *range(100, 106)]
    for path in (root / "train").rglob("*.png"):
        path.write_bytes(b"no picture")
    with pytest.raises(DatasetError, match="none of its pictures can be read"):
        folders.some_pictures(flow(root), 99, 0)
