"""Batches: what is computed."""

from __future__ import annotations

import numpy as np

import batchwarp
from keras_reference import noise

X = noise((10, 6, 5, 3))


def test_half_precision():
    """SciPy refuses float16; here it is computed in float32 and rounded once."""
    generator = batchwarp.ImageDataGenerator(rotation_range=20, rescale=1 / 255, dtype="float16")
    half = next(generator.flow(X, seed=1))
    assert half.dtype == np.float16
    generator.dtype = "float32"
    np.testing.assert_allclose(half, next(generator.flow(X, seed=1)), atol=5e-4)


def test_the_fused_batch_equals_the_single_steps():
    """`flow` on the one hand, `random_transform` and `standardize` on the other."""
    generator = batchwarp.ImageDataGenerator(
        rotation_range=20, zoom_range=0.1, channel_shift_range=9.0, samplewise_center=True
    )
    np.random.seed(6)
    batch = next(generator.flow(X, shuffle=False))
    np.random.seed(6)
    for image, expected in zip(X, batch, strict=True):
        single = generator.standardize(generator.random_transform(image.astype("float32")))
        np.testing.assert_allclose(single, expected, atol=1e-3)


NAN, INF = float("nan"), float("inf")
AUGMENT = {"rotation_range": 25, "width_shift_range": 0.1, "zoom_range": 0.2}


def test_values_that_are_not_finite_stay_where_they_are():
    x = X.astype("float32")
    x[0, 0, 0, 0], x[1, 1, 1, 1] = NAN, INF
    images = next(batchwarp.ImageDataGenerator(rescale=2.0).flow(x, shuffle=False))
    np.testing.assert_array_equal(images, x * 2)


def test_one_pixel():
    x = noise((3, 1, 1, 1))
    generator = batchwarp.ImageDataGenerator(**AUGMENT, horizontal_flip=True)
    np.testing.assert_array_equal(next(generator.flow(x, shuffle=False)), x)


def test_a_long_thin_image():
    generator = batchwarp.ImageDataGenerator(width_shift_range=[1], fill_mode="nearest")
    x = np.arange(70000, dtype="float32").reshape(1, 70000, 1, 1)
    moved = next(generator.flow(x, seed=0)).ravel() - x.ravel()
    assert set(moved[1:-1].tolist()) in ({1.0}, {-1.0})
