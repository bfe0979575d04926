"""Masks beside images."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from batchwarp import ops

HEIGHT, WIDTH = 24, 32
X = np.zeros((3, HEIGHT, WIDTH, 1), np.uint8)
RANDOM = np.random.RandomState(0)
MASKS = RANDOM.randint(0, 5, (3, HEIGHT, WIDTH)).astype(np.uint8)
STEPS = ops.Affine(rotation=30, zoom=0.3, shift=0.2), ops.CenterCrop((20, 26))
DTYPES = ["bool", *(f"{kind}int{bits}" for kind in ("", "u") for bits in (8, 16, 32, 64))]


def moved(masks, *operations, x=X, **options):
    aug = batchwarp.Augment(*operations, **{"seed": 1, **options})
    return aug(x, keys=range(3), masks=masks)["masks"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes_and_all_their_values(dtype):
    if dtype == "bool":
        masks, fill = MASKS > 2, 1
    else:
        ends = np.iinfo(dtype)
        values = np.array([ends.min, ends.min + 1, 7, ends.max - 1, ends.max], dtype)
        masks, fill = values[MASKS], int(ends.max)
    places = np.arange(MASKS.size, dtype=np.int64).reshape(MASKS.shape)
    read = moved(places, *STEPS, fill_mode="constant", mask_fill=-1)
    made = moved(masks, *STEPS, fill_mode="constant", mask_fill=fill)
    assert made.dtype == masks.dtype
    assert made.shape == (3, 20, 26)
    assert (read == -1).any()
    wanted = np.where(read == -1, np.array(fill, dtype), masks.ravel()[read])
    np.testing.assert_array_equal(made, wanted)


@pytest.mark.parametrize("channels", [1, 2, 7])
def test_channels(channels):
    masks = RANDOM.randint(0, 9, (3, HEIGHT, WIDTH, channels)).astype(np.int16)
    made = moved(masks, *STEPS)
    assert made.shape == (3, 20, 26, channels)
    for channel in range(channels):
        np.testing.assert_array_equal(made[..., channel], moved(masks[..., channel], *STEPS))
    first = moved(
        masks.transpose(0, 3, 1, 2),
        *STEPS,
        x=X.transpose(0, 3, 1, 2),
        data_format="channels_first",
    )
    np.testing.assert_array_equal(first.transpose(0, 2, 3, 1), made)


def test_without_channels_in_either_layout():
    made = moved(MASKS, *STEPS, x=X.transpose(0, 3, 1, 2), data_format="channels_first")
    np.testing.assert_array_equal(made, moved(MASKS, *STEPS))


def test_dictionaries():
    masks = {"parts": MASKS, "depth": MASKS[..., None].astype(np.int32) * 1000}
    made = moved(masks, *STEPS)
    assert list(made) == ["parts", "depth"]
    for name, mask in masks.items():
        np.testing.assert_array_equal(made[name], moved(mask, *STEPS))


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("rank", [3, 4])
def test_one_hot(dtype, rank):
    masks = MASKS if rank == 3 else MASKS[..., None]
    options = {"fill_mode": "constant", "mask_fill": 255, "dtype": dtype}
    plain = moved(MASKS, *STEPS, **options)
    made = moved(masks, *STEPS, **options, mask_classes=5)
    assert made.dtype == dtype
    assert made.shape == (3, 20, 26, 5)
    np.testing.assert_array_equal(made, plain[..., None] == np.arange(5))
    assert (plain == 255).any()
    first = moved(
        masks if rank == 3 else masks.transpose(0, 3, 1, 2),
        *STEPS,
        **options,
        mask_classes=5,
        x=X.transpose(0, 3, 1, 2),
        data_format="channels_first",
    )
    np.testing.assert_array_equal(first.transpose(0, 2, 3, 1), made)


def test_more_classes_than_the_dtype_has_values():
    made = moved(MASKS, mask_classes=300)
    assert made.shape == (3, HEIGHT, WIDTH, 300)
    np.testing.assert_array_equal(made.argmax(axis=-1), MASKS)
    assert moved(MASKS > 2, mask_classes=2).argmax(axis=-1).sum() == (MASKS > 2).sum()


def test_a_class_to_ignore():
    masks = MASKS.copy()
    masks[1, 2, 3] = 255
    made = moved(masks, mask_classes=5, mask_fill=255)
    assert made[1, 2, 3].tolist() == [0] * 5
    with pytest.raises(
        ValueError, match=r"`masks` should be from 0 to 4, .* Received 255 in image 1"
    ):
        moved(masks, mask_classes=5)
    with pytest.raises(ValueError, match=r"Received -1 in image 0"):
        moved(MASKS.astype(np.int8) - 1, mask_classes=5)


@pytest.mark.parametrize("fused", [True, False])
def test_passes_make_no_difference(fused):
    made = moved(MASKS, *STEPS, ops.Brightness(0.5), ops.Erase(), fused=fused)
    np.testing.assert_array_equal(made, moved(MASKS, *STEPS))


def test_cut_mix_pastes_masks():
    x = RANDOM.randint(0, 5, (3, HEIGHT, WIDTH, 1)).astype(np.uint8)
    aug = batchwarp.Augment(ops.Flip(), ops.CutMix(num_classes=3), seed=5, dtype="uint8")
    made = aug(x, keys=range(3), labels=[0, 1, 2], masks={"all": x, "flat": x[..., 0]})
    np.testing.assert_array_equal(made["masks"]["all"], made["images"])
    np.testing.assert_array_equal(made["masks"]["flat"], made["images"][..., 0])
    assert (made["labels"] > 0).sum() > 3
    first = batchwarp.Augment(
        ops.Flip(), ops.CutMix(num_classes=3), seed=5, data_format="channels_first"
    )
    other = first(x.transpose(0, 3, 1, 2), keys=range(3), labels=[0, 1, 2], masks=x[..., 0])
    np.testing.assert_array_equal(other["masks"], made["masks"]["flat"])


@pytest.mark.parametrize(
    ("masks", "options", "error", "message"),
    [
        (MASKS.astype(np.float32), {}, TypeError, "`masks` should hold integers.*float32"),
        (
            [MASKS[0], MASKS[1].astype(np.float32), MASKS[2]],
            {},
            TypeError,
            "Received dtype of mask 1: float32",
        ),
        (MASKS.astype(float).tolist(), {}, TypeError, "Received dtype: float64"),
        (MASKS[:2], {}, ValueError, r"`masks` should have .*\(3, 24, 32\) or \(3, 24, 32, chan"),
        (MASKS[:, :5], {}, ValueError, r"Received shape: \(3, 5, 32\)"),
        (MASKS[:, None], {}, ValueError, r"Received shape: \(3, 1, 24, 32\)"),
        (MASKS[0], {}, ValueError, r"Received shape: \(24, 32\)"),
        ({"one": MASKS, "two": MASKS[:1]}, {}, ValueError, r"`masks\['two'\]` should have"),
        (MASKS, {"mask_fill": 256}, ValueError, "`mask_fill` should be from 0 to 255, for `masks`"),
        (MASKS, {"mask_fill": -1}, ValueError, "Received: -1"),
        (
            np.stack([MASKS] * 2, -1),
            {"mask_classes": 5},
            ValueError,
            "`masks` should have one channel for `mask_classes`",
        ),
        (iter([]), {}, TypeError, "`masks` should be an array"),
    ],
)
def test_errors(masks, options, error, message):
    with pytest.raises(error, match=message):
        moved(masks, **options)
