"""Masks whose classes are the indices of a palette."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp.files.options import Decoding
from batchwarp.files.reader import load
from image_files import flow, picture
from tiff_files import tiff

MASK = np.random.RandomState(0).randint(0, 4, (9, 7)).astype(np.uint8)
PALETTE = [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]


def save(path, **options):
    image = Image.fromarray(MASK)
    image.putpalette(PALETTE)
    path.parent.mkdir(exist_ok=True)
    image.save(path, **options)
    return path


def indices(path, size=(9, 7)):
    loaded = load(str(path), Decoding(size, "palette"), 1)
    assert loaded.error is None, loaded.error
    return loaded.image


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize(
    "transparent", [{}, {"transparency": 0}, {"transparency": b"\0\x80\xff\xff"}]
)
def test_indices_of_png(tmp_path, bits, transparent):
    path = save(tmp_path / "x.png", bits=bits, **transparent)
    np.testing.assert_array_equal(indices(path)[..., 0], MASK)
    assert indices(path).dtype == np.uint8


@pytest.mark.parametrize("suffix", ["gif", "bmp", "tif"])
def test_indices_of_other_formats(tmp_path, suffix):
    path = save(tmp_path / f"x.{suffix}")
    np.testing.assert_array_equal(indices(path)[..., 0], MASK)


def test_colours_stay_what_unchanged_gives(tmp_path):
    colours = np.array(PALETTE, np.uint8).reshape(-1, 3)[MASK]
    for suffix in ("png", "tif"):
        path = save(tmp_path / f"x.{suffix}")
        loaded = load(str(path), Decoding((9, 7), "unchanged"), 0)
        np.testing.assert_array_equal(loaded.image, colours)


def test_grey_masks(tmp_path):
    for mask in (MASK, MASK.astype(np.uint16) * 300):
        Image.fromarray(mask).save(tmp_path / "x.png")
        np.testing.assert_array_equal(indices(tmp_path / "x.png")[..., 0], mask)
    Image.fromarray(MASK > 1).save(tmp_path / "x.png")
    np.testing.assert_array_equal(indices(tmp_path / "x.png")[..., 0], MASK > 1)
    (tmp_path / "x.tif").write_bytes(tiff((MASK > 1).astype(np.uint8)[..., np.newaxis], bits=1))
    np.testing.assert_array_equal(indices(tmp_path / "x.tif")[..., 0], MASK > 1)


def test_masks_are_resized_to_indices(tmp_path):
    path = save(tmp_path / "x.png")
    expected = np.asarray(Image.fromarray(MASK).resize((14, 18), Image.Resampling.NEAREST))
    np.testing.assert_array_equal(indices(path, (18, 14))[..., 0], expected)


def test_a_flow_of_masks(tmp_path):
    save(tmp_path / "a" / "1.png")
    for cache in (None, "memory", tmp_path / "cached"):
        masks = flow(
            tmp_path,
            color_mode="palette",
            class_mode=None,
            target_size=(9, 7),
            classes=["a"],
            cache=cache,
        )
        assert masks.image_shape == (9, 7, 1)
        for _ in range(2):
            np.testing.assert_array_equal(next(masks)[0, ..., 0], MASK)


def test_what_has_no_indices(tmp_path):
    (tmp_path / "a").mkdir()
    picture().save(tmp_path / "a" / "x.png")
    with pytest.raises(batchwarp.ImageFileError, match="has 3 channels and no palette"):
        next(flow(tmp_path, color_mode="palette"))
    with pytest.raises(ValueError, match=r'"palette"` needs `interpolation="nearest"`.*bilinear'):
        flow(tmp_path, color_mode="palette", interpolation="bilinear")
