"""Small data sets in the formats that the training scripts read."""

from __future__ import annotations

import gzip
from contextlib import contextmanager

import numpy as np
import pytest


def idx_bytes(array):
    """Returns an array as the content of an IDX file of bytes."""
    header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(np.uint8).tobytes()


def write_fashion_mnist(folder, *, train=30, test=10, compress=True):
    """Writes a small set in Fashion-MNIST's format and returns its arrays by file name."""
    rng = np.random.default_rng(0)
    arrays = {}
    for prefix, count in (("train", train), ("t10k", test)):
        arrays[f"{prefix}-images-idx3-ubyte"] = rng.integers(0, 256, (count, 28, 28), np.uint8)
        arrays[f"{prefix}-labels-idx1-ubyte"] = (np.arange(count) % 10).astype(np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        content = idx_bytes(array)
        if compress:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)
    return arrays


@pytest.fixture(name="idx_bytes")
def idx_bytes_fixture():
    return idx_bytes


@pytest.fixture(name="write_fashion_mnist")
def write_fashion_mnist_fixture():
    return write_fashion_mnist


@pytest.fixture
def masked_folders(tmp_path):
    """Folders of ten pictures, and of masks that are 255 where they show a shape."""
    from PIL import Image

    from batchwarp.training.data import scenes

    images, masks = tmp_path / "images", tmp_path / "masks"
    images.mkdir()
    masks.mkdir()
    for number, (picture, mask) in enumerate(
        zip(*scenes.draw_set(10, seed=0, side=48), strict=True)
    ):
        Image.fromarray(picture).save(images / f"{number}.png")
        Image.fromarray(np.where(mask > 0, 255, 0).astype(np.uint8)).save(masks / f"{number}.png")
    return images, masks


@pytest.fixture(scope="session")
def without_pictures():
    """Returns a context in which pictures of runs are blank: drawing takes longer than training."""

    @contextmanager
    def context():
        from PIL import Image

        from batchwarp.console.files import replacing
        from batchwarp.training.results import plots

        def save(figure, path):
            with replacing(path) as temporary:
                Image.new("L", (8, 8)).save(temporary, format="png")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plots, "save", save)
            yield

    return context


@pytest.fixture
def blank_pictures(without_pictures):
    """The pictures of the runs of a test are blank."""
    with without_pictures():
        yield


@pytest.fixture
def eager(monkeypatch):
    """Models take their steps without compiling a graph, which costs more than a few steps do."""
    import keras

    always = property(lambda _: True, lambda *_: None)
    monkeypatch.setattr(keras.Model, "run_eagerly", always)
