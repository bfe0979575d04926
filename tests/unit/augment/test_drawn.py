"""What a recipe has drawn, against what the interpreter draws, and what becomes of the images."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp import Augment, ops
from batchwarp._reference.draws import NEUTRAL, Size
from batchwarp._reference.philox import sample_of
from batchwarp._reference.tree import leaves
from batchwarp.augment.drawn import drawn
from batchwarp.ops.recipe import ImageSpec

IMAGE = ImageSpec(20, 24, 3)
KEYS = [*range(30), "cats/1.jpg"]


def by_the_interpreter(recipe, key, epoch):
    """Returns steps and numbers, those of columns that differ from neutral ones."""
    found = leaves(recipe.operations, Size(20, 24, 3), recipe.seed, sample_of(key), epoch)
    return [
        (leaf.kind, {name: value for name, value in leaf.columns.items() if changes(leaf, name)})
        for leaf in found
        if leaf.acts
    ]


def changes(leaf, name):
    neutral = NEUTRAL.get(leaf.kind, {})
    return name in neutral and leaf.columns[name] != neutral[name]


@pytest.mark.parametrize(
    "operations",
    [
        [ops.Affine(20, 0.2, 5, 5, 0.1), ops.Hue(0.1, p=0.5), ops.Brightness(0.3, name="light")],
        [ops.Perspective(0.3), ops.Flip(0.5, 0.5), ops.Erase(), ops.ChannelDrop(p=0.2)],
        [ops.Erase(shape="square", length=(3, 9)), ops.Erase(shape="grid", length=7, p=0.5)],
        [ops.OneOf(ops.Invert(), ops.Contrast(0.3), ops.Rotate90((0, 2)), p=0.8)],
        [ops.SomeOf((0, 2), ops.Grayscale(), ops.Saturation(0.4), ops.ColorJitter(0.1))],
    ],
    ids=str,
)
def test_it_is_what_the_interpreter_draws(operations):
    recipe = Augment(*operations, seed=5, data_format="channels_last")
    rows = drawn(recipe, IMAGE, KEYS, epoch=2)
    assert len(rows) == len(KEYS)
    for row, key in zip(rows, KEYS, strict=True):
        expected = by_the_interpreter(recipe, key, 2)
        assert [one.step for one in row] == [step for step, _ in expected]
        for one, (_, numbers) in zip(row, expected, strict=True):
            assert one.numbers == pytest.approx(numbers)


def test_steps_belong_to_operations():
    flip = ops.Flip(1)
    recipe = Augment(
        ops.Sequential(flip, flip),
        ops.Invert(name="invert"),
        ops.ColorJitter(0.1, hue=0.1),
        ops.Normalize(1, 2),
        ops.MixUp(),
        seed=0,
    )
    (row,) = drawn(recipe, IMAGE, [7])
    assert [(one.place, one.step) for one in row] == [
        (0, "flip"),
        (0, "flip"),
        (1, "invert"),
        (2, "brightness"),
        (2, "hue"),
        (3, "normalize"),
    ]
    assert row[0].numbers == {"flip_horizontal": 1}
    assert row[-1].numbers == {}  # it draws nothing and is always done


def test_what_does_nothing_is_left_out():
    recipe = Augment(ops.Invert(p=0), ops.Hue((0, 0)), ops.ChannelDrop(p=0), seed=0)
    assert drawn(recipe, IMAGE, [1, 2]) == [[], []]


def test_the_size_counts():
    recipe = Augment(ops.RandomCrop(8), seed=0)
    tops = [one.numbers["top"] for (one,) in drawn(recipe, IMAGE, np.arange(200))]
    assert 0 <= min(tops) < max(tops) <= 12
    with pytest.raises(ValueError, match="RandomCrop"):
        drawn(Augment(ops.RandomCrop(21)), IMAGE, [0])
