"""MixUp and CutMix on arrays."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from batchwarp import _core, ops

RANDOM = np.random.default_rng(3)


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.5, 1, 2, 30])
def test_shares_are_of_the_beta_distribution(alpha):
    uniform = RANDOM.random((20_000, 3))
    active = np.ones(len(uniform), bool)
    shares, partners = ops.MixUp(alpha).shares_and_partners(uniform, active, len(uniform))
    # Not up to the ends: with a small alpha, many shares are closer to 1 than doubles are.
    points = np.linspace(0.001, 0.999, 999)
    found = np.searchsorted(np.sort(shares), points) / len(shares)
    limit = stats.kstwobign.isf(1e-3) / np.sqrt(len(shares))
    assert np.abs(found - stats.beta(alpha, alpha).cdf(points)).max() < limit
    assert 0 <= partners.min() < 100
    assert len(uniform) - 100 < partners.max() < len(uniform)


def test_the_smallest_numbers_give_shares():
    uniform = np.array([[0.0, 0.0, 0.0], [1 - 2**-53, 0.5, 0.5], [0.5, 0.25, 0.5]])
    shares, partners = ops.MixUp(1e-3).shares_and_partners(uniform, np.ones(3, bool), 3)
    np.testing.assert_array_equal(shares[:2], [0.5, 0.0])
    assert 0 <= shares[2] <= 1
    np.testing.assert_array_equal(partners, [0, 1, 1])


def test_inactive_images_keep_all_of_themselves():
    uniform = RANDOM.random((50, 5))
    active = np.arange(50) % 2 == 0
    for operation in (ops.MixUp(1.0), ops.CutMix()):
        images = RANDOM.random((50, 6, 5, 2)).astype(np.float32)
        before = images.copy()
        shares, partners = operation.shares_and_partners(uniform, active, len(uniform))
        kept = operation.mix(images, images, shares, partners, uniform)
        np.testing.assert_array_equal(kept[~active], 1)
        np.testing.assert_array_equal(images[~active], before[~active])
        assert (kept[active] < 1).any()


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
def test_mixup_is_a_weighted_sum(dtype):
    images = (RANDOM.random((7, 4, 5, 3)) * 255).astype(dtype)
    before = images.astype(np.float64)
    uniform = RANDOM.random((7, 3))
    shares, partners = ops.MixUp(1.0).shares_and_partners(uniform, np.ones(7, bool), 7)
    assert ops.MixUp(1.0).mix(images, images, shares, partners, uniform) is shares
    weights = shares[:, None, None, None]
    expected = weights * before + (1 - weights) * before[partners]
    tolerance = {"uint8": 1, "float16": 0.1}.get(dtype, 1e-4)
    np.testing.assert_allclose(images.astype(np.float64), expected, atol=tolerance, rtol=0)


def test_mixup_of_an_image_with_itself_changes_nothing():
    images = np.repeat(RANDOM.integers(0, 256, (1, 8, 8, 3), np.uint8), 5, axis=0)
    before = images.copy()
    uniform = RANDOM.random((5, 3))
    operation = ops.MixUp(1.0)
    operation.mix(
        images, images, *operation.shares_and_partners(uniform, np.ones(5, bool), 5), uniform
    )
    np.testing.assert_array_equal(images, before)


def test_cutmix_pastes_one_rectangle():
    count, height, width = 40, 9, 12
    images = np.broadcast_to(
        np.arange(count, dtype=np.float32)[:, None, None, None], (count, height, width, 1)
    ).copy()
    uniform = RANDOM.random((count, 5))
    operation = ops.CutMix()
    shares, partners = operation.shares_and_partners(uniform, np.ones(count, bool), count)
    kept = operation.mix(images, images, shares, partners, uniform)
    for number, (image, share, partner) in enumerate(
        zip(images[..., 0], kept, partners, strict=True)
    ):
        pasted = image != number
        if partner == number:
            assert not pasted.any()
            continue
        assert set(np.unique(image[pasted])) <= {partner}
        assert share == pytest.approx(1 - pasted.mean())
        rows, columns = pasted.any(axis=1), pasted.any(axis=0)
        np.testing.assert_array_equal(pasted, rows[:, None] & columns)
    assert (kept < 1).sum() > 30


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "int64", "float16"])
def test_cutmix_pastes_pixels_of_any_dtype(dtype):
    images = RANDOM.integers(0, 2, (6, 5, 7, 1)).astype(dtype)
    before = images.copy()
    uniform = RANDOM.random((6, 5))
    operation = ops.CutMix()
    shares, partners = operation.shares_and_partners(uniform, np.ones(6, bool), 6)
    operation.mix(images, images, shares, partners, uniform)
    assert ((images == before) | (images == before[partners])).all()
    assert (images != before).any()


@pytest.mark.parametrize("operation", [ops.MixUp(1.0), ops.CutMix()])
def test_channels_first_are_mixed_alike(operation):
    images = RANDOM.random((6, 5, 7, 3)).astype(np.float32)
    first = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    uniform = RANDOM.random((6, 5))
    shares, partners = operation.shares_and_partners(uniform, np.ones(6, bool), 6)
    operation.mix(images, images, shares, partners, uniform)
    plane = np.moveaxis(first, 1, -1)
    operation.mix(plane, plane, shares, partners, uniform)
    np.testing.assert_array_equal(plane, images)


@pytest.mark.parametrize("operation", [ops.MixUp(1.0), ops.CutMix()])
def test_others_stay_as_they_are(operation):
    images, others = RANDOM.random((2, 6, 5, 7, 3)).astype(np.float32)
    before, kept = images.copy(), others.copy()
    uniform = RANDOM.random((6, 5))
    shares, partners = operation.shares_and_partners(uniform, np.ones(6, bool), 6)
    operation.mix(images, others, shares, partners, uniform)
    np.testing.assert_array_equal(others, kept)
    both = np.concatenate((before, others))
    operation.mix(both[:6], both, shares, partners + 6, uniform)
    np.testing.assert_array_equal(both[:6], images)


def test_mixup_of_a_dtype_that_the_core_does_not_know():
    images = RANDOM.integers(0, 1000, (5, 4, 4, 1))
    before = images.copy()
    uniform = RANDOM.random((5, 3))
    operation = ops.MixUp(1.0)
    shares, partners = operation.shares_and_partners(uniform, np.ones(5, bool), 5)
    operation.mix(images, images, shares, partners, uniform)
    weights = shares[:, None, None, None]
    expected = weights * before + (1 - weights) * before[partners]
    np.testing.assert_allclose(images, expected, atol=1, rtol=0)


def test_the_core_refuses_what_does_not_fit():
    images = np.zeros((2, 4, 5, 3), np.float32)
    partners, shares = np.array([1, 0]), np.ones(2)
    for changed, message in (
        ({"images": frozen(images)}, "`images` must be writable"),
        ({"others": images[:, :3]}, "`others` must be images like"),
        ({"others": images.astype(np.float64)}, "`others` must be images like"),
        ({"images": images[..., ::2], "others": images[..., ::2]}, "lie close"),
        ({"partners": np.array([0, 2])}, "`partners` must be from 0 to below 2"),
        ({"partners": np.array([0, -1])}, "`partners` must be from 0 to below 2"),
        ({"partners": np.array([0])}, "`partners` must be a C-contiguous int64"),
        ({"shares": np.ones(3)}, "`shares` must be a C-contiguous float64"),
    ):
        given = {"images": images, "others": images, "partners": partners, "shares": shares}
        with pytest.raises(ValueError, match=message):
            _core.add_others(**given | changed)
    for wrong in ([0, 5, 0, 5], [3, 2, 0, 5], [-1, 2, 0, 5], [0, 4, 0, 6]):
        rectangles = np.array([[0, 4, 0, 5], wrong])
        with pytest.raises(ValueError, match=r"`rectangles` must lie within .* position 1"):
            _core.paste_others(images, images, partners, rectangles)


def frozen(array):
    array = array.copy()
    array.flags.writeable = False
    return array
