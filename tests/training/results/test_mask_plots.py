"""Pictures of masks."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("matplotlib", reason="it draws the pictures")

from batchwarp.training.data import scenes
from batchwarp.training.results import mask_plots
from batchwarp.training.results.segmentation import SegmentedPicture


def colours_of(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return {tuple(color) for _, color in picture.convert("RGB").getcolors(1 << 20)}


def test_colours_lie_over_grey_and_the_background_has_none():
    image = np.full((2, 2, 3), (0.2, 0.4, 0.6), np.float32)
    over = mask_plots.overlaid(image, np.array([[0, 1], [2, 2]], np.uint8))
    np.testing.assert_allclose(over[0, 0], 0.4, rtol=1e-6)
    orange = np.array((0xE6, 0x9F, 0x00)) / 255
    np.testing.assert_allclose(over[0, 1], 0.25 * 0.4 + 0.75 * orange, rtol=1e-6)
    np.testing.assert_array_equal(over[1, 0], over[1, 1])
    assert len(np.unique(over.reshape(-1, 3), axis=0)) == 3


def test_grey_pictures_and_many_classes_have_colours_too():
    masks = np.arange(9, dtype=np.uint8).reshape(1, 3, 3)
    over = mask_plots.overlaid(np.zeros((1, 3, 3, 1)), masks)
    assert over.shape == (1, 3, 3, 3)
    np.testing.assert_array_equal(over[0, 2, 2], over[0, 0, 1])  # the eighth is as the first
    assert len(np.unique(over.reshape(-1, 3), axis=0)) == 8


def test_both_pictures_say_what_colours_mean(tmp_path):
    x, masks = scenes.draw_set(4, seed=0, side=32)
    images = x / np.float32(255)
    found = [
        SegmentedPicture("a picture", 0.5, *one)
        for one in zip(images, masks, masks[::-1], strict=True)
    ]
    for name in ("before-after.png", "worst.png"):
        path = tmp_path / name
        if name == "worst.png":
            mask_plots.worst_pictures(found, scenes.CLASSES, path, title="Worst")
        else:
            before = (images, masks)
            mask_plots.masks_before_after(before, before, scenes.CLASSES, path, title="Masks")
        # Nowhere but in the legend are the colours as they are.
        assert {(0xE6, 0x9F, 0x00), (0x56, 0xB4, 0xE9), (0x00, 0x9E, 0x73)} <= colours_of(path)
