"""Masks that are moved in the call that makes their images become what other masks become."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from batchwarp import _core, ops
from batchwarp.targets import TargetOptions, masks_beside

HEIGHT, WIDTH, COUNT = 24, 32, 5
RANDOM = np.random.RandomState(0)
X = RANDOM.randint(0, 256, (COUNT, HEIGHT, WIDTH, 3)).astype(np.uint8)
MASKS = RANDOM.randint(0, 5, (COUNT, HEIGHT, WIDTH)).astype(np.uint8)
RECIPES = {
    "none": (),
    "colours": (ops.Brightness(0.5), ops.Invert(p=0.5)),
    "affine": (ops.Hue(0.1), ops.Flip(), ops.Affine(rotation=40, shift=0.3), ops.Saturation(0.5)),
    "reduced": (ops.RandomResizedCrop((7, 9), scale=(0.5, 1)), ops.Contrast(0.4)),
    "bent": (ops.Elastic(30, 4), ops.Perspective(0.3)),
}


def plan_of(*operations, **options):
    aug = batchwarp.Augment(*operations, seed=2, **options)
    return aug._plan((HEIGHT, WIDTH, 3), np.dtype(np.uint8))


def beside(masks, plan=None, images=COUNT, **options):
    plan = plan_of(*RECIPES["affine"]) if plan is None else plan
    return masks_beside(masks, images, plan, TargetOptions(**options), _core.BufferPool())


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("channels", [None, 1, 2])
def test_masks_and_images_are_those_of_two_calls(recipe, data_format, channels):
    masks = MASKS if channels is None else np.stack([MASKS, 4 - MASKS][:channels], -1)
    x = X
    if data_format == "channels_first":
        x = X.transpose(0, 3, 1, 2)
        masks = masks if channels is None else np.ascontiguousarray(masks.transpose(0, 3, 1, 2))
    aug = batchwarp.Augment(
        *RECIPES[recipe], seed=2, data_format=data_format, fill_mode="constant", mask_fill=9
    )
    plan = aug._plan(x.shape[1:], x.dtype)
    assert masks_beside(masks, COUNT, plan, TargetOptions(mask_fill=9), _core.BufferPool())
    made = aug(x, keys=range(COUNT), masks=masks)
    other = aug(x, keys=range(COUNT), masks={"other": masks})
    assert made["masks"].dtype == np.uint8
    np.testing.assert_array_equal(made["masks"], other["masks"]["other"])
    np.testing.assert_array_equal(made["images"], other["images"])
    np.testing.assert_array_equal(made["images"], aug(x, keys=range(COUNT)))


@pytest.mark.parametrize(
    "masks",
    [
        MASKS.astype(np.int8),
        MASKS > 2,
        MASKS.tolist(),
        {"one": MASKS},
        MASKS[:3],
        MASKS[:, :5],
        MASKS[:, None],
        MASKS[0],
        np.asfortranarray(MASKS),
        MASKS.view(np.ma.MaskedArray),
    ],
)
def test_others_are_left_to_masks(masks):
    assert beside(MASKS) is not None
    assert beside(masks) is None


@pytest.mark.parametrize("options", [{"mask_classes": 5}, {"mask_fill": 256}, {"mask_fill": -1}])
def test_options_that_are_left_to_masks(options):
    assert beside(MASKS, **options) is None


def call(**changed):
    """Calls the core with what is beside images."""
    images = plan_of(ops.Affine(rotation=20))
    masks = _core.Plan(height=HEIGHT, width=WIDTH, channels=1, steps=images.steps)
    given = {
        "src": MASKS[..., np.newaxis],
        "plan": masks,
        "columns": np.arange(len(masks.columns)),
        "dst": np.empty((COUNT, HEIGHT, WIDTH, 1), np.uint8),
        **changed,
    }
    made = np.empty(X.shape, np.float32)
    samples = np.arange(COUNT, dtype=np.uint64)
    _core.augment_keyed(X, None, samples, 0, 1, images, made, beside=[tuple(given.values())])


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        (
            {"columns": np.arange(6) + 99},
            IndexError,
            "`columns` must be from 0 to [0-9]+. Received: 99",
        ),
        ({"columns": np.arange(6) - 1}, IndexError, "Received: -1"),
        ({"columns": np.array([0])}, ValueError, "`columns` must be a C-contiguous int64"),
        (
            {"dst": np.empty((COUNT - 1, HEIGHT, WIDTH, 1), np.uint8)},
            ValueError,
            "`beside` must be as many as the images, 5. Received: 4",
        ),
        (
            {"dst": np.empty((COUNT, HEIGHT, 3, 1), np.uint8)},
            ValueError,
            "`dst` must hold images of the plan's",
        ),
        ({"src": MASKS}, ValueError, "`src` must have rank 4"),
        ({"more": None}, ValueError, "`beside` must have 4 items each. Received: 5"),
    ],
)
def test_errors_of_the_core(changed, error, message):
    call()
    with pytest.raises(error, match=message):
        call(**changed)
