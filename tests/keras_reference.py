"""Keras' generator beside ours: the same calls on both, and what counts as equal."""

from __future__ import annotations

import contextlib
import functools
import warnings
from types import ModuleType

import numpy as np

import batchwarp


@functools.cache
def keras_image() -> ModuleType:
    """The module that is public as `tf.keras.preprocessing.image`, under its own name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from keras.src.legacy.preprocessing import image
    return image


@contextlib.contextmanager
def quiet():
    """Switches off what Keras itself is warned of: it calls SciPy by a deprecated name."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message=".*scipy.ndimage.interpolation.*", category=DeprecationWarning
        )
        yield


def pair(**arguments):
    """Returns our generator and Keras', with the same arguments."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="This ImageDataGenerator specifies")
        theirs = keras_image().ImageDataGenerator(**arguments)
        return batchwarp.ImageDataGenerator(**arguments), theirs


def take(iterator, count):
    """Returns the next batches of an iterator."""
    with quiet():
        return [next(iterator) for _ in range(count)]


def noise(shape, dtype="uint8", seed=0):
    """Returns images that use the whole of 0 to 255, smooth enough to be warped sensibly."""
    values = np.random.RandomState(seed).randint(0, 256, shape)
    return values.astype(dtype)


def assert_close(ours, theirs, levels=0, share=0.0):
    """Asserts that two batches agree to 1e-3 of 255, relative to each image's greatest value.

    A step through 8 bit truncates, so a difference of 1e-5 before it can become a whole level: then
    up to `levels` levels are allowed on a `share` of the values. These also move the image's mean
    and with it, where samplewise statistics follow, every value by a fraction of a level.

    An image that is warped until only one value is left is special: its centre is 0, but Keras' sum
    in float32 leaves a rounding error, which the division by 1e-6 makes visible.
    """
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    for index, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        a, b = a.astype(np.float64), b.astype(np.float64)
        if np.ptp(b) == 0 and np.abs(b).max() < 0.5:
            assert np.ptp(a) == 0
            assert np.abs(a - b).max() < 0.5
            continue
        scale = max(np.ptp(b), np.abs(b).max())
        difference = np.abs(a - b) / scale * 255
        off = difference > (1e-3 + levels * share)
        assert off.mean() <= share, (
            f"image {index}: {off.sum()} of {off.size} values differ, at most by "
            f"{difference.max():.3g} of 255"
        )
        assert difference.max() <= levels + 0.1, (
            f"image {index} differs by {difference.max():.3g} of 255"
        )


def assert_same(ours, theirs, exact=False):
    """Asserts that two batches are of the same structure and equal, images closely or exactly."""
    assert type(ours) is type(theirs)
    if isinstance(ours, (tuple, list)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert_same(a, b, exact)
    elif ours.ndim == 4 and ours.dtype.kind == "f" and not exact:
        assert_close(ours, theirs)
    else:
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def assert_same_batches(iterators, count, seed=7, exact=False):
    """Asserts that two iterators give the same next batches, and leave `numpy.random` alike."""
    results = []
    for iterator in iterators:
        np.random.seed(seed)
        results.append(take(iterator, count))
        if iterator.seed is None:
            results[-1].append(np.random.random_sample(1))
    for ours, theirs in zip(*results, strict=True):
        assert_same(ours, theirs, exact)
