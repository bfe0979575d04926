"""Calls that the test suites of the older package `keras_preprocessing` make."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp import image
from image_files import picture
from keras_reference import assert_close, noise, pair, quiet, take


@pytest.mark.parametrize("batch_size", [0, 32])
def test_an_iterator_over_nothing(batch_size):
    iterator = image.Iterator(0, batch_size, False, 0)
    assert len(iterator) == 0
    assert next(iterator.index_generator).size == 0
    with pytest.raises(ValueError, match="`batch_size` should be an integer of at least 1"):
        image.Iterator(1, 0, False, 0)


def test_loading_in_grey(tmp_path):
    picture().save(tmp_path / "1.png")
    with pytest.warns(DeprecationWarning, match='use `color_mode="grayscale"`'):
        grey = image.load_img(tmp_path / "1.png", grayscale=True)
    assert grey == image.load_img(tmp_path / "1.png", color_mode="grayscale")
    assert image.load_img(tmp_path / "1.png", grayscale=False).mode == "RGB"


def test_the_brightness_of_a_number():
    for call in (
        lambda: image.random_brightness(0, (3, 3)),
        lambda: image.apply_brightness_shift(0, 3),
    ):
        with pytest.raises(ValueError, match="to have rank 3"):
            call()


@pytest.mark.parametrize("width", [3, 4])
def test_the_brightness_of_ten_channels(width):
    """Keras goes by its global data format there, and takes the width for the channels."""
    x = noise((5, 10, 8, width), "float32")
    ours, theirs = pair(
        brightness_range=(0.5, 1.5),
        rotation_range=20,
        featurewise_center=True,
        data_format="channels_first",
    )
    for generator in (ours, theirs):
        with pytest.warns(UserWarning, match="10 channels"), quiet():
            generator.fit(x, augment=True, seed=1)
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-3)
    flows = []
    for generator in (ours, theirs):
        with pytest.warns(UserWarning, match="10 channels"):
            flows.append(generator.flow(x, seed=1))
    batches, expected = (take(flow, 2) for flow in flows)
    for batch, other in zip(batches, expected, strict=True):
        assert_close(batch, other, levels=1, share=0.01)


def test_the_brightness_of_ten_channels_that_keras_refuses():
    for x, data_format in ((noise((2, 8, 8, 10)), "channels_last"), (noise((2, 10, 8, 8)), None)):
        ours, _ = pair(brightness_range=(0.5, 1.5), data_format=data_format or "channels_first")
        ours.featurewise_center = True
        with (
            pytest.warns(UserWarning, match="10 channels"),
            pytest.raises(ValueError, match="Unsupported channel number: 10"),
        ):
            ours.fit(x, augment=True)
