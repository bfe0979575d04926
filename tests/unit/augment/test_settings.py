"""The settings of a generator, and whether its methods are overridden."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pytest

import batchwarp
from batchwarp.augment.one_by_one import overrides
from batchwarp.augment.settings import Settings, check_split


class Overriding(batchwarp.ImageDataGenerator):
    def standardize(self, x):
        return super().standardize(x)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "a", None])
def test_seeds_that_are_none(seed):
    with pytest.raises(ValueError, match="`split_seed` should be an integer from 0"):
        check_split("hash", seed)


@pytest.mark.parametrize("split", ["random", 3, True, ["hash"]])
def test_splits_that_are_none(split):
    with pytest.raises(ValueError, match='`split` should be `None`, "stratified" or "hash"'):
        check_split(split, 0)


def test_what_is_overridden():
    generator = batchwarp.ImageDataGenerator()
    assert not overrides(generator, Settings, "standardize", "apply_transform")
    assert overrides(Overriding(), Settings, "standardize")
    assert not overrides(Overriding(), Settings, "apply_transform")
    generator.apply_transform = lambda x, _: x
    assert overrides(generator, Settings, "apply_transform")


def test_methods_are_named_after_the_public_class():
    public = batchwarp.ImageDataGenerator
    for name, method in inspect.getmembers(Settings, inspect.isfunction):
        assert method.__qualname__ == f"ImageDataGenerator.{name}"
        assert pickle.loads(pickle.dumps(getattr(public, name))) is method
    with pytest.raises(TypeError, match=r"ImageDataGenerator\.__init__\(\) got an unexpected"):
        public(rotation=3)


def test_settings_augment_without_flows():
    arguments = {"rotation_range": 20, "horizontal_flip": True, "rescale": 0.5}
    x = np.random.default_rng(0).random((6, 5, 3), np.float32)
    ours, theirs = (
        made.standardize(made.random_transform(x, seed=3))
        for made in (Settings(**arguments), batchwarp.ImageDataGenerator(**arguments))
    )
    np.testing.assert_array_equal(ours, theirs)
