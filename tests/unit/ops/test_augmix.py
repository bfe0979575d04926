"""Chains of distortions that are mixed: what is drawn, where they stand, what becomes of pixels."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from batchwarp import Augment, ImageDataGenerator, _core, ops, runtime
from batchwarp._reference import run
from batchwarp._reference.philox import sample_of
from batchwarp._reference.tree import leaves
from batchwarp.augment.recipe import Recipe
from batchwarp.ops.recipe import ImageSpec
from keras_reference import noise

SIZE = (24, 20, 3)


def images(count=6):
    """Images without edges, so that no place decides much."""
    y, x, k = np.mgrid[: SIZE[0], : SIZE[1], : SIZE[2]]
    return np.stack(
        [128 + 100 * np.sin(y / 7 + i) * np.cos(x / (5 + k) - i) for i in range(count)]
    ).astype(np.uint8)


# Of more than three strengths, thresholds are at levels, which may be on either side.
RECIPES = {
    "alone": [ops.AugMix()],
    "fewer": [ops.AugMix(3, 4, 2, alpha=0.3, all_ops=False)],
    "among others": [
        ops.RandomResizedCrop((18, 22), antialias=False),
        ops.Brightness(0.3),
        ops.AugMix(2, 2, p=0.7),
        ops.Contrast(0.4),
        ops.Affine(rotation=20),
        ops.Erase(),
        ops.Normalize(100, 50),
    ],
    "reduced": [ops.Resize((11, 13)), ops.Hue(0.1), ops.AugMix(severity=1), ops.Flip()],
}


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"dtype": "float64"},
        {"dtype": "uint8"},
        {"order": 3},
        {"fused": False},
        {"fill_mode": "reflect", "data_format": "channels_first"},
    ],
    ids=str,
)
def test_images_are_those_of_the_interpreter(recipe, arguments):
    if arguments.get("dtype") == "uint8" and recipe == "among others":
        arguments = {}  # `Normalize` is for floating-point numbers
    aug = Augment(*RECIPES[recipe], seed=3, **arguments)
    x = images()
    if aug.data_format == "channels_first":
        x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    ours, theirs = aug(x, keys=range(6), epoch=2), run(aug, x, list(range(6)), 2)
    tolerance = 1.0 if aug.dtype == "uint8" else 0.01
    # A level, or a pixel at a threshold, may be on either side.
    assert (np.abs(ours - theirs) > tolerance).mean() < 2e-3


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_threads_and_batches_make_no_difference(threads):
    x, aug = images(), Augment(*RECIPES["among others"], seed=3)
    alone = np.concatenate([aug(x[i : i + 1], keys=[i]) for i in range(6)])
    before = runtime.get_num_threads()
    try:
        runtime.set_num_threads(threads)
        np.testing.assert_array_equal(aug(x, keys=range(6)), alone)
    finally:
        runtime.set_num_threads(before)


def test_the_core_draws_what_the_interpreter_does():
    operation = ops.AugMix(7, 3, alpha=0.7, p=0.8, name="mix")
    plan = Recipe("Augment", [operation]).plan(
        ImageSpec(*SIZE), owner="Augment", value_range=(0.0, 255.0)
    )
    rows = _core.draw(plan, np.arange(300, dtype=np.uint64), 4, 9)
    size = SimpleNamespace(height=SIZE[0], width=SIZE[1], channels=3)
    for sample, row in enumerate(rows):
        mixing, *found = leaves([operation], size, 9, sample_of(sample), 4)
        drawn = [value for leaf in found for value in leaf.columns.values()]
        np.testing.assert_array_equal(row[:-4], drawn)
        np.testing.assert_allclose(row[-4:], list(mixing.columns.values()), rtol=1e-12)
    assert 40 < (rows[:, -4] == 1).sum() < 80  # without chains


def chains_of(operation, sample):
    size = SimpleNamespace(height=30, width=60, channels=3)
    _, *found = leaves([operation], size, 1, sample, 0)
    return [[leaf for leaf in found if leaf.chain == chain and leaf.acts] for chain in (1, 2, 3)]


def test_chains_are_one_to_three_deep_or_as_deep_as_is_said():
    strong = {"severity": 10}
    deep = [len(chain) for i in range(200) for chain in chains_of(ops.AugMix(**strong), i)]
    # The weakest strength of many distortions is none.
    assert max(deep) == 3
    assert 1.5 < np.mean(deep) < 2
    three = [
        len(chain)
        for i in range(200)
        for chain in chains_of(ops.AugMix(**strong, chain_depth=5), i)
    ]
    assert max(three) == 5
    assert 4 < np.mean(three) < 5


def test_strengths_are_those_of_the_paper():
    """torchvision's: ten of each, of which the severity leaves the weakest."""
    found = {}
    for sample in range(2000):
        for chain in chains_of(ops.AugMix(severity=3), sample):
            for leaf in chain:
                for name, value in leaf.columns.items():
                    found.setdefault((leaf.kind, name), set()).add(round(value, 9))
    ninths = np.arange(3) / 9
    for kind, name, centre, most in (
        ("affine", "rotation", 0, 30),
        ("affine", "shift_x", 0, 1 / 3),
        ("brightness", "brightness", 1, 0.9),
        ("sharpen", "sharpen", 1, 0.9),
    ):
        expected = sorted({centre + sign * most * n for n in ninths for sign in (-1, 1)})
        ours = sorted(found[kind, name] | {centre})
        np.testing.assert_allclose(ours, expected, atol=1e-8)
    assert found["posterize", "bits"] == {4, 3}
    np.testing.assert_allclose(sorted(found["solarize", "threshold"]), 1 - ninths[::-1])
    shear = np.tan(np.radians(sorted(found["affine", "shear_x"])))
    np.testing.assert_allclose(shear, np.array([-2, -1, 0, 1, 2]) / 30, atol=2e-4)


def test_some_distortions_can_be_left_out():
    kinds = {
        leaf.kind
        for sample in range(300)
        for chain in chains_of(ops.AugMix(severity=10, all_ops=False), sample)
        for leaf in chain
    }
    assert kinds == {"affine", "posterize", "solarize", "autocontrast", "equalize"}


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_where_chains_agree_nothing_is_rounded(dtype):
    """No distortion of the least strength changes an image that is flat and has four bits."""
    flat = np.full((20, *SIZE), 240, np.uint8)
    aug = Augment(ops.Affine(rotation=30), ops.AugMix(severity=1), seed=2, dtype=dtype)
    np.testing.assert_array_equal(aug(flat), flat)


def test_without_a_chain_an_image_is_itself():
    x = images()
    np.testing.assert_array_equal(Augment(ops.AugMix(p=0), seed=1, dtype="uint8")(x), x)
    moves = [ops.Affine(rotation=20), ops.Hue(0.1), ops.Flip()]
    mixed = [moves[0], moves[1], ops.AugMix(p=0), moves[2]]
    named = [ops.Flip(name="f"), ops.Affine(rotation=20, name="a"), ops.Hue(0.1, name="h")]
    np.testing.assert_array_equal(
        Augment(*named, seed=1)(x, keys=range(6)),
        Augment(*named[:2], ops.AugMix(p=0), named[2], seed=1)(x, keys=range(6)),
    )
    assert Augment(*mixed, seed=1)(x).shape == x.shape


def test_flows_mix_as_augment_does(tmp_path):
    x, recipe = images(), RECIPES["among others"]
    flow = ImageDataGenerator(operations=recipe).flow(x, batch_size=4, shuffle=False, seed=3)
    made = np.concatenate([next(flow), next(flow)])
    np.testing.assert_array_equal(made, Augment(*recipe, seed=3)(x, keys=range(6)))


def test_arguments_of_keras_are_done_in_each_chain():
    x = noise((4, *SIZE))
    recipe = [ops.AugMix(chain_depth=1, p=0.9)]
    keras = {"rotation_range": 40, "brightness_range": (0.5, 1.5), "rescale": 1 / 255}
    flow = ImageDataGenerator(operations=recipe, **keras).flow(x, shuffle=False, seed=3)
    plain = ImageDataGenerator(**keras).flow(x, shuffle=False, seed=3)
    augmented = next(plain) * 255
    aug = Augment(*recipe, seed=3, value_range=(0, 255))
    made = next(flow) * 255
    np.testing.assert_allclose(made, aug(augmented, keys=range(4)), atol=0.01)


def test_validation_data_are_not_mixed():
    x = images()
    datagen = ImageDataGenerator(operations=[ops.AugMix(), ops.Invert()], validation_split=0.5)
    flow = datagen.flow(x, subset="validation", shuffle=False, seed=3)
    np.testing.assert_array_equal(next(flow), 255.0 - x[:3])


def test_where_it_cannot_be():
    for group in (ops.OneOf, ops.Sequential, lambda *found: ops.SomeOf(1, *found)):
        with pytest.raises(ValueError, match="should be such that a recipe may have several"):
            group(ops.AugMix(), ops.Invert())
    with pytest.raises(ValueError, match="one operation at most that mixes an image with itself"):
        Augment(ops.AugMix(), ops.AugMix(2))
    with pytest.raises(ValueError, match="at most 255 operations within it"):
        Augment(ops.AugMix(mixture_width=7))(images())


def test_a_table_shows_what_it_costs():
    table = str(Augment(ops.AugMix(mixture_width=2), seed=1).plan(SIZE))
    assert "2 chains, which are mixed with the image" in table
    assert "2 times all of the above" in table
