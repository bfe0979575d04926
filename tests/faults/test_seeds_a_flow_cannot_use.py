"""A flow's batches count on from its seed: what they cannot count from is refused at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import batchwarp
from batchwarp import image
from batchwarp.files.cache import DiskCache
from image_files import picture
from keras_reference import keras_image, noise

X = noise((6, 4, 4, 3), "float32")
LARGEST = 2**32 - 2**20
NONE = [LARGEST + 1, 2**32 - 1, 2**32, -1, 1.0, 1.5, "1", b"1", [1], (1, 2), np.array([3]), True]


def generator():
    return batchwarp.ImageDataGenerator(rotation_range=30)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data" / "a").mkdir(parents=True)
    picture().save(tmp_path / "data" / "a" / "1.png")
    return tmp_path / "data"


@pytest.mark.parametrize("seed", NONE, ids=repr)
def test_it_is_refused_before_any_work(seed, folder, monkeypatch):
    monkeypatch.setattr(DiskCache, "__init__", None)  # would fail otherwise than by a ValueError
    frame = pd.DataFrame({"filename": ["a/1.png"], "class": ["a"]})
    message = r"`seed` should be an integer from 0 to 4293918720 \(2\*\*32 - 2\*\*20\)"
    for make in (
        lambda: generator().flow(X, seed=seed),
        lambda: generator().flow_from_directory(folder, seed=seed, cache=folder / "cache"),
        lambda: generator().flow_from_dataframe(frame, folder, seed=seed, cache=folder / "cache"),
        lambda: image.Iterator(3, 2, False, seed),
    ):
        with pytest.raises(ValueError, match=message):
            make()


def test_the_largest_one_lasts_for_ever():
    flow = generator().flow(X, batch_size=3, seed=LARGEST)
    first = next(flow)
    flow.total_batches_seen = 2**32 - LARGEST - 1
    next(flow)
    batch = next(flow)  # where Keras has an error
    flow.reset()
    next(flow)
    assert batch.shape == first.shape
    fresh = generator().flow(X, batch_size=3, seed=0)
    flow.total_batches_seen = 2**32 - LARGEST
    flow.reset()
    np.testing.assert_array_equal(next(flow), next(fresh))


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint64, np.array])
def test_numbers_of_few_bits_do_not_wrap(kind):
    flow = generator().flow(X, batch_size=2, seed=kind(255 if kind is not np.int16 else 32767))
    expected = generator().flow(X, batch_size=2, seed=255 if kind is not np.int16 else 32767)
    for _ in range(4):
        np.testing.assert_array_equal(next(flow), next(expected))
    flow.seed = np.uint8(254)
    expected.seed = 254
    for _ in range(4):
        np.testing.assert_array_equal(next(flow), next(expected))


def test_a_seed_that_is_set_later_is_named():
    flow = generator().flow(X, seed=1)
    flow.seed = [1, 2]
    with pytest.raises(ValueError, match=r"`seed` should be an integer.*Received: \[1, 2\]"):
        next(flow)


@pytest.mark.parametrize(
    "seed",
    ["1", 1.5, -1, 2**32, True, [1.5], ["1"], [[]], object()],
    ids=lambda seed: repr(seed).partition(" at ")[0],
)
def test_seeds_of_a_single_draw(seed):
    made = batchwarp.ImageDataGenerator(rotation_range=30, featurewise_center=True)
    for use in (
        lambda: made.fit(X, augment=True, seed=seed),
        lambda: made.fit(X, seed=seed),
        lambda: made.random_transform(X[0], seed=seed),
        lambda: made.get_random_transform((4, 4, 3), seed=seed),
    ):
        with pytest.raises(ValueError, match="`seed` should be an integer from 0 to"):
            use()


def test_the_largest_one_of_a_single_draw_is_that_of_keras():
    reference = keras_image().ImageDataGenerator(rotation_range=30)
    for seed in (2**32 - 1, [1, 2], np.uint8(255)):
        assert generator().get_random_transform((4, 4, 3), seed) == reference.get_random_transform(
            (4, 4, 3), seed
        )


@pytest.mark.parametrize("seed", [2**32, -1, 1.5, "1", True, [1], None], ids=repr)
def test_seeds_of_a_split(seed):
    with pytest.raises(ValueError, match="`split_seed` should be an integer from 0 to"):
        batchwarp.ImageDataGenerator(split="hash", validation_split=0.5, split_seed=seed)
