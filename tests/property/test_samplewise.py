"""Samplewise standardisation against NumPy in double."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchwarp import ImageDataGenerator

settings.register_profile("batchwarp", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("batchwarp")

EPSILON = np.finfo(np.float32).eps


def standardised(x, **arguments):
    generator = ImageDataGenerator(samplewise_center=True, **arguments)
    return next(generator.flow(x, batch_size=len(x), shuffle=False))


@st.composite
def image_batches(draw):
    """Images whose values are spread around one that may be far from 0, in parts by steps."""
    shape = (draw(st.integers(1, 3)), *draw(st.tuples(*[st.integers(1, 70)] * 2)))
    channels = draw(st.sampled_from([1, 3, 4]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.normal(size=(*shape, channels)) * 10.0 ** draw(st.integers(-20, 20))
    spread = np.abs(x).max()
    x[:, : shape[1] // 2] += spread * draw(st.sampled_from([0, 3, -100]))
    return (x + spread * draw(st.sampled_from([0, 1, -1e3]))).astype(np.float32)


@given(image_batches(), st.booleans())
def test_mean_and_deviation(x, divides):
    made = standardised(x, samplewise_std_normalization=divides)
    wide = x.astype(np.float64)
    axes = (1, 2, 3)
    mean, deviation = wide.mean(axes, keepdims=True), wide.std(axes, keepdims=True)
    expected = wide - mean
    # What is subtracted is a float32, and what is left is rounded.
    error = 2 * EPSILON * np.abs(mean) + 4e-6 * np.abs(expected) + 1e-6 * deviation
    if divides:
        expected, error = expected / (deviation + 1e-6), error / (deviation + 1e-6)
    assert np.all(np.abs(made - expected) <= error)


@pytest.mark.parametrize("level", [0, 0.1, -1e-30, 77, 3e38])
@pytest.mark.parametrize("side", [3, 28, 150])
def test_one_value_becomes_zeros(level, side):
    x = np.full((2, side, side, 3), level, np.float32)
    assert not standardised(x, samplewise_std_normalization=True).any()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_within_its_image(odd):
    x = np.random.default_rng(0).uniform(0, 255, (2, 50, 50, 3)).astype(np.float32)
    x[0, 40, 7, 1] = odd
    made = standardised(x, samplewise_std_normalization=True)
    assert np.isnan(made[0]).all()
    np.testing.assert_array_equal(
        made[1], standardised(x[1:], samplewise_std_normalization=True)[0]
    )
