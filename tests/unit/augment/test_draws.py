"""Keyed draws of the compiled core, against the slow interpreter's and Random123's vectors."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp import _core, ops
from batchwarp._reference.draws import Size
from batchwarp._reference.philox import uniform
from batchwarp._reference.tree import leaves
from batchwarp.augment.recipe import Recipe
from batchwarp.ops.recipe import ImageSpec

SEED, EPOCH, SIZE = 2**40 + 3, 5, 32
OPERATIONS = {operation.name: operation for operation in _core.OPERATIONS}
SAMPLES = np.arange(1000, 1064, dtype=np.uint64) * np.uint64(2**33 + 7)
U = (0.0, -1.0, 1.0, 0, False)

RECIPES = {
    "plain": [
        ops.Flip(0.5, 0.3),
        ops.Affine(rotation=20, zoom=0.1, shear=5, shear_y=3, shift=(0.1, 0.2), p=0.7),
        ops.Perspective(0.3, p=0.5),
        ops.Erase(p=0.5),
    ],
    "windows": [ops.RandomResizedCrop(24), ops.Rotate90(), ops.RandomCrop(20, padding=2)],
    "holes": [
        ops.Erase(shape="square", length=9, p=0.5),
        ops.Erase(shape="square", length=(1, 40)),
        ops.Erase(shape="grid", length=11),
        ops.Erase(shape="grid", length=(2, 60), hole_ratio=0.3, p=0.7, name="grid"),
        ops.OneOf(ops.Erase(), ops.Erase(shape="grid", length=3)),
    ],
    "late size": [ops.Erase(), ops.ChannelDrop(p=0.3), ops.RandomCrop(12)],
    "choices": [
        ops.OneOf(
            ops.Flip(),
            ops.SomeOf((1, 2), ops.Rotate90(), ops.Invert(p=0.5), ops.Grayscale()),
            weights=(1, 2),
        ),
        ops.ChannelShift(0.2, name="named"),
    ],
    "groups": [
        ops.Sequential(ops.Flip(), ops.OneOf(ops.Rotate90(), ops.Brightness(0.3)), p=0.6),
        ops.ColorJitter(0.1, 0.2, 0.3, 0.1),
    ],
}


def plan_of(operations):
    image = ImageSpec(SIZE, SIZE, 3)
    return Recipe("a test", operations).plan(image, owner="a test", value_range=(0, 255))


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        (0, 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        (2**32 - 1, 2**32 - 1, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ],
)
def test_philox(counter, key, words):
    found = _core.philox([counter] * 4, [key] * 2)
    assert " ".join(f"{word:08x}" for word in found) == words


@pytest.mark.parametrize("operations", RECIPES.values(), ids=RECIPES)
def test_draws_are_those_of_the_interpreter(operations):
    plan = plan_of(operations)
    acting = 0
    for sample, row in zip(SAMPLES, _core.draw(plan, SAMPLES, EPOCH, SEED), strict=True):
        found = leaves(operations, Size(SIZE, SIZE, 3), SEED, int(sample), EPOCH)
        columns = [c for leaf in found for c in OPERATIONS[leaf.kind].columns]
        assert plan.columns == tuple(columns)
        parts = np.split(row, np.cumsum([len(OPERATIONS[leaf.kind].columns) for leaf in found]))
        for leaf, part in zip(found, parts, strict=False):
            operation = OPERATIONS[leaf.kind]
            expected = operation.neutral
            if leaf.acts:
                acting += 1
                expected = [leaf.columns[name] for name in operation.columns]
            np.testing.assert_array_equal(part, expected, err_msg=leaf.kind)
    assert acting > len(SAMPLES)


def test_a_plan_knows_its_recipe():
    steps = [
        ("flip", {"horizontal": 0.5}),
        ("affine", {"draws": [U, (1.0, 0.0, 0.1, 3, True)] * 3}),
    ]
    policies = [("p", -1, 0, 0, 0, {"p": 0.5}), ("one", 0, 0, 0, 0, {"of": 2, "weights": [1, 3]})]
    where = [(1, 0, 0, 256), (1, 1, 0, 512)]
    plan = _core.Plan(height=8, width=8, channels=1, steps=steps, policies=policies, where=where)
    assert plan.policies == tuple(policies)
    assert plan.where == tuple(where)
    assert plan.steps[1][1]["draws"] == tuple(steps[1][1]["draws"])
    again = _core.Plan(
        height=8, width=8, channels=1, steps=plan.steps, policies=plan.policies, where=plan.where
    )
    np.testing.assert_array_equal(*(_core.draw(p, SAMPLES, 0, 1) for p in (plan, again)))


def test_images_are_drawn_and_made_in_one_call():
    plan = plan_of([ops.Flip(0.5, 0.5), ops.Rotate90(), ops.Invert(p=0.5)])
    x = np.random.default_rng(0).integers(0, 256, (64, SIZE, SIZE, 3), np.uint8)
    keyed, expected = np.empty(x.shape, np.float32), np.empty(x.shape, np.float32)
    _core.augment_keyed(x, None, SAMPLES, EPOCH, SEED, plan, keyed)
    _core.augment_batch(x, None, _core.draw(plan, SAMPLES, EPOCH, SEED), plan, expected)
    np.testing.assert_array_equal(keyed, expected)
    assert (keyed != x).any()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"policies": [("all", -1, 0, 0, 0, {})]}, ValueError, '"p", "one", "some"'),
        ({"policies": [("p", -1)]}, TypeError, "`policies` must be made of tuples of 6"),
        ({"where": [(0, 0, 0)]}, TypeError, "`where` must be made of tuples of 4"),
        ({"steps": [("affine", {"draws": [(0, 1)]})]}, TypeError, "`draws` must be made of tup"),
        (
            {"where": [(-1, 0, 0, 0)] * 2},
            ValueError,
            "`where` must have one item for each of `steps`",
        ),
        ({"value_range": (1, 0)}, ValueError, "`value_range` must be two finite numbers"),
    ],
)
def test_wrong_recipes(options, error, message):
    arguments = {"steps": [("flip", {})], "where": [(-1, 0, 0, 0)], **options}
    with pytest.raises(error, match=message):
        _core.Plan(height=8, width=8, channels=1, **arguments)


@pytest.mark.parametrize("epoch", [-1, 2**32])
def test_wrong_epochs(epoch):
    with pytest.raises(ValueError, match="`epoch` must be from 0 to"):
        _core.draw(plan_of([ops.Flip()]), SAMPLES, epoch, SEED)


def test_uniform_numbers_are_those_of_the_interpreter():
    samples = np.array([0, 5, 2**64 - 1], np.uint64)
    numbers = (0, 3, 255)
    found = _core.uniform(samples, 3, 2**63 + 7, 0x8001, numbers)
    expected = [[uniform(2**63 + 7, int(one), 3, 0x8001, k) for k in numbers] for one in samples]
    np.testing.assert_array_equal(found, expected)
    assert _core.uniform(samples[:0], 0, 0, 0, [1]).shape == (0, 1)


@pytest.mark.parametrize(("operation", "numbers"), [(-1, [0]), (2**16, [0]), (0, [256]), (0, [-1])])
def test_uniform_numbers_that_there_are_not(operation, numbers):
    with pytest.raises(ValueError, match="must be from 0 to 65535"):
        _core.uniform(np.arange(2, dtype=np.uint64), 0, 0, operation, numbers)
