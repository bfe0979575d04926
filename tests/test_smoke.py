"""The least that a built wheel must do; needs NumPy and Pillow only, and no conftest."""

from __future__ import annotations

import sys
import sysconfig

import numpy as np
import pytest

import batchwarp

# Where Keras is installed, the first iterator imports it, whose warnings are not the point here.
pytestmark = pytest.mark.filterwarnings("default")

X = np.random.RandomState(0).randint(0, 256, (10, 12, 9, 3)).astype("uint8")


def test_version_and_build():
    assert batchwarp.__version__ == batchwarp.runtime.build_config()["version"]
    assert batchwarp.runtime.get_num_threads() >= 1
    assert batchwarp.runtime.simd_tier() in batchwarp.runtime.simd_tiers()


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="Python has its global lock here"
)
def test_the_core_does_not_bring_the_lock_back():
    assert not sys._is_gil_enabled()


def test_nothing_to_do_copies():
    images, labels = next(
        batchwarp.ImageDataGenerator().flow(X, np.arange(10), shuffle=False, batch_size=4)
    )
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images, X[:4])
    np.testing.assert_array_equal(labels, [0, 1, 2, 3])


def test_augmentation_is_reproducible():
    generator = batchwarp.ImageDataGenerator(
        rotation_range=20,
        width_shift_range=0.1,
        height_shift_range=0.1,
        shear_range=5,
        zoom_range=0.1,
        channel_shift_range=9.0,
        brightness_range=(0.8, 1.0),
        horizontal_flip=True,
        rescale=1 / 255,
        featurewise_center=True,
        featurewise_std_normalization=True,
    )
    generator.fit(X)
    runs = []
    for _ in range(2):
        flow = generator.flow(X, batch_size=4, seed=1)
        runs.append([next(flow) for _ in range(5)])
    for first, second in zip(*runs, strict=True):
        np.testing.assert_array_equal(first, second)
        assert np.isfinite(first).all()
    assert [len(batch) for batch in runs[0]] == [4, 4, 2, 4, 4]


@pytest.mark.parametrize("order", range(6))
@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_every_warp(order, fill_mode, data_format):
    x = X if data_format == "channels_last" else X.transpose(0, 3, 1, 2)
    generator = batchwarp.ImageDataGenerator(
        rotation_range=180,
        interpolation_order=order,
        fill_mode=fill_mode,
        data_format=data_format,
    )
    images = next(generator.flow(x, seed=2))
    assert images.shape == x.shape
    assert 60 < images.mean() < 160


def test_brightness_of_a_black_image_is_black():
    black = np.zeros((4, 5, 1), "float32")
    np.testing.assert_array_equal(
        batchwarp.image.apply_brightness_shift(black, 2.0, scale=False), black
    )
