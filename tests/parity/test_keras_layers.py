"""Recipes of one operation against the layers of Keras that define it alike.

A layer is told what it is to draw, by a range of one number. What differs by intent is in
`docs/semantics.md`, and in `docs/moving/keras-layers.md` for each layer.
"""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp import Augment, ops

WHITE = {"value_range": (0, 255)}
GREY = 0.03  # Keras' weights of red, green and blue have four digits


@pytest.fixture(params=[(23, 34), (16, 16), (5, 41)], ids=str)
def x(request):
    """Whole levels as floats, with flat areas, grey pixels and both ends among them."""
    random = np.random.RandomState(sum(request.param))
    images = random.randint(0, 256, (3, *request.param, 3)).astype(np.float32)
    images[:, 1] = images[:, 1, :, :1]
    images[:, 2] = 119
    images[:, 0, :2] = [[0, 0, 0], [255, 255, 255]]
    return images


@pytest.fixture
def layer(keras):
    """What a layer makes of images, by its name and arguments."""

    def made(name, x, *arguments, drawn=None, **options):
        found = getattr(keras.layers, name)(*arguments, **options)
        result = found(x, training=True) if drawn is None else found.transform_images(x, drawn)
        return np.asarray(result)

    return made


def ours(x, operation, **options):
    return Augment(operation, seed=1, value_range=(0, 255), **options)(x, keys=range(len(x)))


def close(found, expected, tolerance=1e-3):
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def both(number):
    return (number, number)


def test_invert(x, layer):
    close(ours(x, ops.Invert()), layer("RandomInvert", x, both(1), **WHITE))


def test_grayscale(x, layer):
    close(ours(x, ops.Grayscale()), layer("RandomGrayscale", x, 1.0), GREY)


@pytest.mark.parametrize("factor", [0.0, 0.3, 1.0])
def test_colours_that_are_mixed_with_their_grey(x, layer, factor):
    theirs = layer("RandomColorDegeneration", x, both(factor), **WHITE)
    close(ours(x, ops.Saturation(both(1 - factor))), theirs, GREY)


@pytest.mark.parametrize("bits", [1, 2, 5, 7, 8])
def test_posterize(x, layer, bits):
    theirs = layer("RandomPosterization", x, both(bits), **WHITE)
    close(ours(x, ops.Posterize(bits)), theirs)


@pytest.mark.parametrize("threshold", [0, 51, 128, 255])
def test_solarize(x, layer, threshold):
    drawn = {"thresholds": np.float32(threshold), "additions": np.float32(0)}
    theirs = layer("Solarization", x, drawn=drawn, **WHITE)
    close(ours(x, ops.Solarize(threshold / 255)), theirs)


def test_autocontrast(x, layer):
    x = 30 + x / 2
    close(ours(x, ops.AutoContrast()), layer("AutoContrast", x, **WHITE))


@pytest.mark.parametrize("factor", [0.0, 0.1, 0.4, 1.0])
def test_hue(x, layer, factor):
    drawn = {"factor": np.float32([factor, -factor, factor]) / 2}
    theirs = layer("RandomHue", x, factor, drawn=drawn, **WHITE)
    right, left = (ours(x, ops.Hue(both(turn / 2), mode="hsv")) for turn in (factor, -factor))
    close(np.stack([right[0], left[1], right[2]]), theirs)


@pytest.mark.parametrize("factor", [0.2, 0.5, 0.8])
def test_sharpen(x, layer, factor):
    """Pixels of the border stay here, and have others' weights there."""
    theirs = layer("RandomSharpness", x, both(factor), **WHITE)
    found = ours(x, ops.Sharpen(both(2 * factor)))
    close(found[:, 1:-1, 1:-1], theirs[:, 1:-1, 1:-1])


@pytest.mark.parametrize("sigma", [0.3, 1.0])
def test_gaussian_blur(x, layer, sigma):
    """Beyond an edge is black there, so that pixels near it differ."""
    theirs = layer("RandomGaussianBlur", x, both(1), 3, both(sigma), **WHITE)
    found = ours(x, ops.GaussianBlur(sigma, kernel_size=3))
    close(found[:, 1:-1, 1:-1], theirs[:, 1:-1, 1:-1])


@pytest.mark.parametrize("turns", [-0.3, 0.07, 0.25])
@pytest.mark.parametrize("fill_mode", ["reflect", "nearest"])
def test_rotation(x, layer, fill_mode, turns):
    theirs = layer("RandomRotation", x, both(turns), fill_mode=fill_mode)
    found = ours(x, ops.Affine(rotation=both(360 * turns)), fill_mode=fill_mode)
    close(found, theirs, 0.05)  # of places in float32, on noise


@pytest.mark.parametrize("size", [(5, 4), (3, 16), (4, 7)])
def test_center_crop(x, layer, size):
    """Of sizes that leave as much on both sides: which is the middle otherwise, differs."""
    even = x[
        :, : x.shape[1] - (x.shape[1] - size[0]) % 2, : x.shape[2] - (x.shape[2] - size[1]) % 2
    ]
    close(ours(even, ops.CenterCrop(size)), layer("CenterCrop", even, *size))


@pytest.mark.parametrize("size", [(40, 50), (11, 12), (7, 60)])
def test_resizing(x, layer, size):
    found = ours(x, ops.Resize(size, antialias=False))
    close(found, layer("Resizing", x, *size), 0.05)


@pytest.mark.parametrize("mode", ["horizontal", "vertical"])
def test_flips(x, layer, mode):
    """Each image is flipped or not, there and here."""
    theirs = layer("RandomFlip", np.repeat(x, 8, axis=0), mode, seed=1)
    both_ways = ops.Flip(*((1, 0) if mode == "horizontal" else (0, 1)))
    flipped = np.repeat(ours(x, both_ways), 8, axis=0)
    kept = (theirs == np.repeat(x, 8, axis=0)).all((1, 2, 3))
    assert 0 < kept.sum() < len(kept)
    np.testing.assert_array_equal(theirs[~kept], flipped[~kept])
