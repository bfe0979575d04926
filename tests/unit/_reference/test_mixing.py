"""Images and labels that are mixed by two."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from batchwarp import ops
from batchwarp._reference import run
from batchwarp._reference.draws import Numbers
from batchwarp._reference.mixing import class_weights, share_of

N = 40


def done(operation, x, labels, **options):
    recipe = SimpleNamespace(
        operations=(ops.Normalize(0, 1), operation),
        seed=7,
        fill_mode="nearest",
        cval=0.0,
        order=1,
        dtype="float32",
        value_range=None,
        data_format="channels_last",
    )
    made = run(SimpleNamespace(**{**vars(recipe), **options}), x, range(N), 0, labels)
    return made["images"], made["labels"]


@pytest.fixture
def flat():
    """Images of one value each, their numbers, which are their classes, too."""
    return np.broadcast_to(np.arange(N, dtype=np.float64)[:, None, None, None], (N, 10, 14, 1))


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_are_of_the_beta_distribution(alpha):
    shares = [share_of(alpha, Numbers(7, sample, 0, 1, 0)) for sample in range(4000)]
    assert stats.kstest(shares, stats.beta(alpha, alpha).cdf).pvalue > 0.01


def test_labels_are_mixed_as_images_are(flat):
    images, weights = done(ops.MixUp(1.0, num_classes=N), flat, np.arange(N))
    assert 30 < (images[:, 0, 0, 0] != np.arange(N)).sum() <= N
    np.testing.assert_allclose(weights @ np.arange(N), images[:, 0, 0, 0])
    np.testing.assert_allclose(weights.sum(1), 1)


def test_labels_count_the_pixels_that_are_pasted(flat):
    images, weights = done(ops.CutMix(num_classes=N), flat, np.arange(N))
    assert 20 < (images != flat).any(axis=(1, 2, 3)).sum() <= N
    np.testing.assert_allclose(weights @ np.arange(N), images.mean(axis=(1, 2, 3)))
    pasted = (images != flat)[..., 0]
    for image in pasted[pasted.any(axis=(1, 2))]:
        rows, columns = image.any(1), image.any(0)
        np.testing.assert_array_equal(image, rows[:, None] & columns)  # a rectangle


def test_a_probability(flat):
    images, _ = done(ops.MixUp(1.0, num_classes=N, p=0.5), flat, np.arange(N))
    assert 10 < (images[:, 0, 0, 0] != np.arange(N)).sum() < 30


def test_both_layouts(flat):
    last, _ = done(ops.CutMix(num_classes=N), flat, np.arange(N))
    first, _ = done(
        ops.CutMix(num_classes=N),
        flat.transpose(0, 3, 1, 2),
        np.arange(N),
        data_format="channels_first",
    )
    np.testing.assert_array_equal(first.transpose(0, 2, 3, 1), last)


def test_labels():
    np.testing.assert_array_equal(class_weights([1, 0], 3), [[0, 1, 0], [1, 0, 0]])
    np.testing.assert_array_equal(class_weights([[0.2, 0.8]], None), [[0.2, 0.8]])
    with pytest.raises(ValueError, match="num_classes"):
        class_weights([1, 0], None)
