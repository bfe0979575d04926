"""Batches: what is computed, and the snapshot of a generator that they are made from."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from batchwarp.augment import changes
from batchwarp.augment.pipeline import Pipeline
from keras_reference import noise


def pipeline_of(generator):
    return Pipeline(generator, (6, 5, 3), np.dtype("float32"))


def test_nothing_is_compared_by_value_where_nothing_can_have_changed(monkeypatch):
    """What is asked before each batch is whether the attributes are the same objects."""
    generator = batchwarp.ImageDataGenerator(
        rotation_range=20, zoom_range=[0.8, 1.1], height_shift_range=[1, 2], horizontal_flip=True
    )
    pipeline = pipeline_of(generator)
    monkeypatch.delattr(changes, "_content")
    assert pipeline.matches(generator)


CHANGES = {
    "an item": lambda g: g.zoom_range.__setitem__(0, 0.5),
    "its type": lambda g: g.height_shift_range.__setitem__(0, 1.0),
    "one more item": lambda g: g.height_shift_range.append(3),
    "one value of an array": lambda g: g.mean.__setitem__((0, 0, 0), 7),
    "an array's shape": lambda g: setattr(g.mean, "shape", (3, 1, 1)),
    "another number": lambda g: setattr(g, "rescale", 0.5),
    "another type": lambda g: setattr(g, "width_shift_range", 0),
    "another large array": lambda g: setattr(g, "zca_whitening_matrix", np.ones((90, 90))),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")
def test_what_makes_it_out_of_date(change):
    generator = batchwarp.ImageDataGenerator(height_shift_range=[1, 2], width_shift_range=0.0)
    generator.mean = np.ones((1, 1, 3), np.float32)
    generator.zca_whitening_matrix = np.ones((90, 90))
    pipeline = pipeline_of(generator)
    assert pipeline.matches(generator)
    change(generator)
    assert not pipeline.matches(generator)


def test_equal_values_in_other_objects_do_not():
    generator = batchwarp.ImageDataGenerator(rescale=float("0.5"), zoom_range=[0.5, 1.5])
    generator.mean = np.ones((1, 1, 3), np.float32)
    pipeline = pipeline_of(generator)
    generator.rescale = float("0.5")
    generator.zoom_range = [0.5, 1.5]
    generator.mean = generator.mean.copy()
    assert pipeline.matches(generator)


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
