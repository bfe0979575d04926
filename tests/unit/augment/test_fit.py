"""Statistics from an iterator: those of `fit` with the same images as one array."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from batchwarp import ops
from batchwarp.augment import fit
from image_files import SIZE, flow, save
from keras_reference import noise

X = noise((50, 6, 5, 3))
Y = np.arange(50) % 3
MOMENTS = {"featurewise_center": True, "featurewise_std_normalization": True}
STATISTICS = ("mean", "std", "zca_whitening_matrix")


@pytest.fixture(autouse=True)
def _many_pieces(monkeypatch):
    """Pieces of four images are read, and used one image at a time, as with large images."""
    monkeypatch.setattr(fit, "_READ_VALUES", 4 * X[0].size)
    monkeypatch.setattr(fit, "_CACHED_VALUES", X[0].size)


def assert_fitted_alike(ours, expected):
    for name in STATISTICS:
        a, b = getattr(ours, name), getattr(expected, name)
        if b is None:
            assert a is None
            continue
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6 * np.abs(b).max())


def fitted(x, **arguments):
    generator = batchwarp.ImageDataGenerator(**arguments)
    generator.fit(x)
    return generator


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("rescale", [None, 1 / 255])
def test_moments(data_format, dtype, rescale):
    x = (X if data_format == "channels_last" else X.transpose(0, 3, 1, 2)).astype(dtype)
    arguments = {**MOMENTS, "rescale": rescale, "data_format": data_format}
    ours = batchwarp.ImageDataGenerator(**arguments, rotation_range=40, horizontal_flip=True)
    ours.fit_from(ours.flow(x, batch_size=3))
    assert_fitted_alike(ours, fitted(x, **arguments))


@pytest.mark.parametrize("shape", [(50, 6, 5, 3), (200, 3, 3, 1)], ids=["few", "many"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_whitening(shape, dtype):
    x = noise(shape)
    arguments = {"zca_whitening": True, "featurewise_center": True, "zca_epsilon": 1.0}
    ours = batchwarp.ImageDataGenerator(**arguments, dtype=dtype)
    ours.fit_from(ours.flow(x))
    assert_fitted_alike(ours, fitted(x, **arguments, dtype=dtype))


def test_another_generators_iterator():
    """What the other one does to its images does not matter."""
    other = batchwarp.ImageDataGenerator(
        rescale=3.0, samplewise_center=True, validation_split=0.2, rotation_range=90
    )
    ours = batchwarp.ImageDataGenerator(**MOMENTS)
    ours.fit_from(other.flow(X, shuffle=False))
    assert_fitted_alike(ours, fitted(X, **MOMENTS))
    for split, rows in ((None, slice(10, None)), ("stratified", None)):
        other.split = split
        flow = other.flow(X, Y, subset="training", seed=1)
        ours.fit_from(flow)
        assert_fitted_alike(ours, fitted(X[flow.rows if rows is None else rows], **MOMENTS))
    assert other.mean is None


@pytest.mark.parametrize("samples", [1, 7, 50, np.int64(13), 1000])
def test_some_of_the_images(samples):
    ours = batchwarp.ImageDataGenerator(**MOMENTS)
    ours.fit_from(ours.flow(X), samples=samples)
    expected = [int(number * 50 / min(samples, 50)) for number in range(min(samples, 50))]
    assert_fitted_alike(ours, fitted(X[expected], **MOMENTS))


@pytest.mark.parametrize("seed", [None, 5])
def test_iterator_and_random_state_stay_where_they_are(seed):
    ours = batchwarp.ImageDataGenerator(**MOMENTS, rotation_range=20)
    flow, expected = (ours.flow(X, batch_size=8, seed=seed) for _ in range(2))
    ours.fit(X)
    batches = []
    for iterator in (expected, flow):
        np.random.seed(2)
        batches.append([next(iterator), next(iterator)])
        if iterator is flow:
            ours.fit_from(flow)
        batches[-1] += [next(iterator), np.random.random_sample(3)]
    for a, b in zip(*batches, strict=True):
        np.testing.assert_array_equal(a, b)


def test_nothing_is_computed_that_is_not_needed():
    ours = batchwarp.ImageDataGenerator(samplewise_center=True)
    ours.fit_from(ours.flow(X))
    assert (ours.mean, ours.std, ours.zca_whitening_matrix) == (None, None, None)


FLOW = batchwarp.ImageDataGenerator().flow


@pytest.mark.parametrize(
    ("flow", "samples", "error", "message"),
    [
        (lambda: X, None, TypeError, "`iterator` should be an iterator as from"),
        (lambda: iter([X]), None, TypeError, "`iterator` should be an iterator as from"),
        (lambda: FLOW(X[:0]), None, ValueError, "`iterator` should have at least one image"),
        (lambda: FLOW(X), 0, ValueError, "`samples` should be an integer of at least 1"),
        (lambda: FLOW(X), 1.5, ValueError, "`samples` should be an integer of at least 1"),
        (lambda: FLOW(X / np.float32(0)), None, ValueError, "finite numbers only"),
        (
            lambda: batchwarp.ImageDataGenerator(data_format="channels_first").flow(
                X.transpose(0, 3, 1, 2)
            ),
            None,
            ValueError,
            'has images with `data_format="channels_first"`.*this generator is "channels_last"',
        ),
        (
            lambda: batchwarp.image.Iterator(3, 1, False, None),
            None,
            NotImplementedError,
            "`Iterator` does not implement `raw_chunks`",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
def test_what_cannot_be_fitted(flow, samples, error, message):
    with pytest.raises(error, match=message):
        batchwarp.ImageDataGenerator(**MOMENTS).fit_from(flow(), samples)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_statistics_of_files(tmp_path, data_format):
    for number in range(9):
        save(tmp_path / "ab"[number % 2] / str(number), ["jpeg", "png"][number % 2])
    arguments = {
        "featurewise_center": True,
        "featurewise_std_normalization": True,
        "rescale": 1 / 255,
        "data_format": data_format,
    }
    iterator = flow(tmp_path, {"data_format": data_format}, class_mode=None, batch_size=9)
    expected = batchwarp.ImageDataGenerator(**arguments)
    expected.fit(next(iterator))
    ours = batchwarp.ImageDataGenerator(**arguments, rotation_range=30)
    ours.fit_from(ours.flow_from_directory(tmp_path, target_size=SIZE, batch_size=2))
    np.testing.assert_allclose(ours.mean, expected.mean, rtol=1e-6)
    np.testing.assert_allclose(ours.std, expected.std, rtol=1e-6)


# Operations.


def plain_statistics(images, axis=(0, 1, 2)):
    return images.mean(axis, dtype=np.float64), images.std(axis, dtype=np.float64)


OPERATED = {"featurewise_center": True, "featurewise_std_normalization": True, "rescale": 0.5}
CUT = [ops.RandomCrop(4), ops.Hue(0.2), ops.Invert(p=0.5)]


def test_images_themselves_are_only_cut():
    x = noise((9, 8, 6, 3))
    ours = batchwarp.ImageDataGenerator(operations=CUT, **OPERATED)
    ours.fit(x)
    mean, std = plain_statistics(x[:, 2:6, 1:5] / 2)
    np.testing.assert_allclose(ours.mean.ravel(), mean, rtol=1e-6)
    np.testing.assert_allclose(ours.std.ravel(), std, rtol=1e-6)
    other = batchwarp.ImageDataGenerator(operations=CUT, **OPERATED)
    other.fit_from(batchwarp.ImageDataGenerator().flow(x))
    np.testing.assert_allclose(other.mean, ours.mean, rtol=1e-6)


def test_rounds_are_epochs_of_operations():
    x = noise((9, 8, 6, 3))
    ours = batchwarp.ImageDataGenerator(operations=CUT, **OPERATED)
    ours.fit(x, augment=True, rounds=3, seed=7)
    augment = batchwarp.Augment(*CUT, seed=7)
    images = [augment(x, keys=range(9), epoch=number) for number in range(3)]
    mean, std = plain_statistics(np.concatenate(images) / 2)
    np.testing.assert_allclose(ours.mean.ravel(), mean, rtol=1e-5)
    np.testing.assert_allclose(ours.std.ravel(), std, rtol=1e-5)


def test_rounds_of_keyed_draws_are_the_passes_of_a_flow():
    x = noise((9, 8, 6, 3))
    keras = {"rotation_range": 30, "horizontal_flip": True, "draws": "keyed"}
    flow = batchwarp.ImageDataGenerator(**keras).flow(x, batch_size=9, seed=7)
    mean, _ = plain_statistics(np.concatenate([next(flow) for _ in range(2)]))
    ours = batchwarp.ImageDataGenerator(featurewise_center=True, **keras)
    ours.fit(x, augment=True, rounds=2, seed=7)
    np.testing.assert_allclose(ours.mean.ravel(), mean, rtol=1e-5)


def test_the_whitening_is_of_the_size_of_batches():
    x = noise((9, 8, 6, 3))
    ours = batchwarp.ImageDataGenerator(operations=CUT, zca_whitening=True, featurewise_center=True)
    ours.fit(x)
    assert ours.zca_whitening_matrix.shape == (48, 48)
    assert next(ours.flow(x)).shape == (9, 4, 4, 3)


def test_overridden_methods_cannot_be_augmented_with_operations():
    class Overridden(batchwarp.ImageDataGenerator):
        def apply_transform(self, x, transform_parameters):
            return super().apply_transform(x, transform_parameters)

    ours = Overridden(operations=CUT, **OPERATED)
    ours.fit(noise((9, 8, 6, 3)))
    with pytest.raises(ValueError, match="`augment` should be False"):
        ours.fit(noise((9, 8, 6, 3)), augment=True)
