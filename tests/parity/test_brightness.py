"""Brightness goes through 8 bit, so it can be compared exactly where its input is integral."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from keras_reference import assert_close, noise, pair, take


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("limits", [(0.2, 0.9), (0.9, 2.5), (0, 0), (1, 1), (3.5, 3.5), (-1, 0.5)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_integral_images_are_equal(channels, limits, dtype):
    x = noise((5, 9, 7, channels), dtype)
    ours, theirs = (
        take(generator.flow(x, seed=2), 2)
        for generator in pair(brightness_range=limits, horizontal_flip=True)
    )
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("offset", [-30, 60])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_beyond_8_bit_are_stretched(offset, channels):
    x = noise((5, 9, 7, channels), "float32") + offset
    results = [
        take(generator.flow(x, seed=2), 2) for generator in pair(brightness_range=(0.3, 1.4))
    ]
    for a, b in zip(*results, strict=True):
        assert_close(a, b, levels=2, share=0.02)


def test_images_in_0_to_1_become_black():
    """A quirk of Keras, kept: the step truncates to whole levels."""
    x = (noise((3, 5, 5, 3)) / 256).astype("float32")
    for generator in pair(brightness_range=(0.5, 1.5)):
        assert not take(generator.flow(x, seed=1), 1)[0].any()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_first_equals_keras_with_its_global_setting(channels, keras):
    """Keras' own brightness reads the global setting instead of the generator's."""
    x = noise((4, channels, 9, 7))
    ours, theirs = pair(brightness_range=(0.5, 1.5), data_format="channels_first")
    images = next(ours.flow(x, seed=2))
    keras.config.set_image_data_format("channels_first")
    try:
        expected = take(theirs.flow(x, seed=2), 1)[0]
    finally:
        keras.config.set_image_data_format("channels_last")
    np.testing.assert_array_equal(images, expected)


@pytest.mark.parametrize("channels", [2, 5])
def test_other_numbers_of_channels(channels):
    x = noise((2, 5, 5, channels))
    for generator in pair(brightness_range=(0.5, 1.5)):
        with pytest.warns(UserWarning, match="channels"):
            iterator = generator.flow(x)
        with pytest.raises(ValueError, match=f"Unsupported channel number: {channels}"):
            next(iterator)


def test_fit_with_brightness_on_other_numbers_of_channels():
    generator = batchwarp.ImageDataGenerator(brightness_range=(0.5, 1.5), featurewise_center=True)
    with (
        pytest.warns(UserWarning, match="channels"),
        pytest.raises(ValueError, match="Unsupported channel number: 2"),
    ):
        generator.fit(noise((2, 5, 5, 2)), augment=True)
