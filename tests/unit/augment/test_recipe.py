"""What a list of operations becomes: steps, policies, and the numbers of their draws."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from batchwarp import Augment, ops
from batchwarp.augment.recipe import Recipe
from batchwarp.ops.recipe import ImageSpec

IMAGE = ImageSpec(24, 32, 3)


def steps_of(*operations, image=IMAGE):
    return Recipe("Augment", operations).steps(image)


def names(built):
    return [name for name, _ in built.steps]


def test_operations_are_numbered_by_their_places():
    built = steps_of(ops.Flip(), ops.Hue(), ops.Normalize(0, 1))
    assert names(built) == ["flip", "hue", "normalize"]
    assert built.policies == []
    assert built.where == [(-1, 0, 0, 0), (-1, 0, 1, 0), (-1, 0, 2, 0)]


def test_a_name_takes_the_place_of_a_number():
    digest = hashlib.blake2b(b"colours", digest_size=8).digest()
    number = 0x8000 | (int.from_bytes(digest[:2], "little") & 0x7FFF)
    assert number == 0xB01C
    built = steps_of(ops.Flip(), ops.Hue(name="colours"), ops.Invert())
    assert [one[2] for one in built.where] == [0, number, 2]


def test_a_probability_is_a_policy_of_one_member():
    built = steps_of(ops.Flip(), ops.Hue(p=0.25))
    assert built.policies == [("p", -1, 0, 1, 0, {"p": 0.25})]
    assert built.where == [(-1, 0, 0, 0), (0, 0, 1, 0)]


def test_nodes_are_numbered_depth_first():
    built = steps_of(
        ops.OneOf(
            ops.Sequential(ops.Invert(), ops.Gamma(p=0.5), p=0.5),
            ops.SomeOf(1, ops.Solarize(), ops.Equalize()),
            weights=(1, 3),
            p=0.75,
        )
    )
    assert names(built) == ["invert", "gamma", "solarize", "equalize"]
    assert built.policies == [
        ("p", -1, 0, 0, 0, {"p": 0.75}),
        ("one", 0, 0, 0, 0, {"of": 2, "weights": [1.0, 3.0]}),
        ("p", 1, 0, 0, 256 * 1, {"p": 0.5}),
        ("p", 2, 0, 0, 256 * 3, {"p": 0.5}),
        ("some", 1, 1, 0, 256 * 4, {"least": 1, "most": 1, "of": 2}),
    ]
    assert built.where == [
        (2, 0, 0, 256 * 2),
        (3, 0, 0, 256 * 3),
        (4, 0, 0, 256 * 5),
        (4, 1, 0, 256 * 6),
    ]


def test_a_sequence_within_a_choice_is_one_member():
    built = steps_of(ops.OneOf(ops.Sequential(ops.Invert(), ops.Gamma()), ops.Solarize()))
    assert built.policies == [("one", -1, 0, 0, 0, {"of": 2, "weights": None})]
    assert [one[:2] for one in built.where] == [(0, 0), (0, 0), (0, 1)]
    assert [one[3] // 256 for one in built.where] == [2, 3, 4]


def test_jitter_is_four_nodes_whatever_is_off():
    built = steps_of(ops.ColorJitter(contrast=0.2, hue=0.1, hue_mode="hsv", p=0.5))
    assert names(built) == ["contrast", "hue_hsv"]
    assert built.policies == [("p", -1, 0, 0, 0, {"p": 0.5})]
    assert built.where == [(0, 0, 0, 256 * 2), (0, 0, 0, 256 * 4)]


def test_rand_augment_is_a_choice_for_each():
    built = steps_of(ops.RandAugment(2))
    assert len(built.steps) == 2 * 13
    assert [(kind, parent, number // 256) for kind, parent, _, _, number, _ in built.policies] == [
        ("one", -1, 1),
        ("one", -1, 16),
    ]
    # The first of the 14 does nothing, and has a number.
    assert [(policy, member) for policy, member, _, _ in built.where[:13]] == [
        (0, member) for member in range(1, 14)
    ]
    assert [number // 256 for *_, number in built.where] == [*range(3, 16), *range(18, 31)]


def test_trivial_augment_is_one_choice():
    built = steps_of(ops.TrivialAugment(p=0.5))
    assert [policy[0] for policy in built.policies] == ["p", "one"]
    assert [number // 256 for *_, number in built.where] == list(range(2, 15))
    draws = dict(zip(names(built), [settings["draws"] for _, settings in built.steps], strict=True))
    assert draws["brightness"] == [(1.0, 0.0, 0.99, 31, True)]
    assert draws["posterize"] == [(8.0, 0.0, -6.0, 31, False)]


def test_a_policy_has_255_members_at_most():
    steps_of(ops.OneOf(*[ops.Invert()] * 255))
    for one, within in (
        (ops.OneOf(*[ops.Invert()] * 256), 256),
        (ops.SomeOf(1, *[ops.Sequential(*[ops.Invert()] * 9)] * 30), 300),
    ):
        said = f"`{type(one).__name__}` should have at most 255 .* Received: {within}"
        with pytest.raises(ValueError, match=said):
            steps_of(one)


def test_sizes_follow_each_other():
    built = steps_of(ops.Pad(4), ops.RandomCrop(28), ops.Resize(14, antialias=False))
    assert [settings["height"] for _, settings in built.steps] == [32, 28, 14]
    assert dict(built.steps)["resize"]["width"] == 14
    with pytest.raises(ValueError, match=r"`size` of `CenterCrop` should be at most 8 x 8"):
        steps_of(ops.RandomCrop(8), ops.Flip(), ops.CenterCrop(9))


def test_shifts_of_pixels_are_of_the_size_at_that_place():
    for head, width in ((ops.Flip(), 32), (ops.RandomCrop(16), 16)):
        built = steps_of(head, ops.TrivialAugment())
        (draws,) = [
            s["draws"] for _, s in built.steps if s.get("draws", [])[4:] and s["draws"][4][2]
        ]
        assert draws[4] == (0.0, 0.0, 32 / width, 31, True)


@pytest.mark.parametrize("make", [ops.Resize, ops.RandomResizedCrop])
def test_antialias_is_for_the_head(make):
    assert steps_of(ops.Hue(), make((8, 8))).steps[1][1]["antialias"] is True
    assert steps_of(ops.Flip(), make((8, 8), antialias=False)).steps[1][1]["antialias"] is False
    assert steps_of(ops.Flip(), make((24, 32))).steps[1][1]["antialias"] is False
    for before in (ops.Flip(), ops.RandAugment(), ops.OneOf(ops.Hue(), ops.Affine(rotation=3))):
        with pytest.raises(ValueError, match=r"`antialias` of `Ra?[a-zA-Z]+` should be False"):
            steps_of(before, make((8, 8)))
    with pytest.raises(ValueError, match="in no policy"):
        steps_of(ops.Sequential(make((8, 8))))


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ([ops.Normalize(0, 1), ops.Hue()], r"should end with `Normalize`.*Received after it: Hue"),
        ([ops.Normalize(0, 1), ops.Normalize(0, 1)], "should end with `Normalize`"),
        ([ops.MixUp(), ops.Hue()], r"should end with `MixUp`.*Received after it: Hue"),
        ([ops.CutMix(), ops.Normalize(0, 1)], "should end with `CutMix`"),
        ([ops.Hue(name="a"), ops.Invert(name="a")], r"`name` of `Invert` should differ.*'a'"),
        (
            [ops.Elastic(60), ops.Hue(), ops.OneOf(ops.Flip(), ops.Elastic(70))],
            r"one operation at most .*Elastic\(alpha=60\) and Elastic\(alpha=70\)",
        ),
    ],
    ids=repr,
)
def test_operations_in_wrong_places(operations, message):
    with pytest.raises(ValueError, match=message):
        Recipe("Augment", operations)


@pytest.mark.parametrize("wrong", ["Hue", ops.Hue, None, [ops.Hue()]], ids=repr)
def test_what_is_no_operation(wrong):
    with pytest.raises(TypeError, match=r"`operations` of `Augment` should be operations of"):
        Recipe("Augment", [ops.Flip(), wrong])


def test_mixing_is_kept_apart():
    recipe = Recipe("Augment", [ops.Hue(), ops.Normalize(0, 1), ops.MixUp(), ops.CutMix()])
    assert recipe.operations == (ops.Hue(), ops.Normalize(0, 1))
    assert recipe.mixing == ((ops.MixUp(), 2), (ops.CutMix(), 3))
    assert recipe.is_last == ops.Normalize(0, 1)
    assert recipe.in_range == [ops.Hue()]


HUGE = ops.Brightness((2e20, 2e20))


@pytest.mark.parametrize(
    "operations",
    [
        [ops.Brightness((0, 3e38)), ops.Brightness((0, 1.5))],
        [ops.Contrast((0, 3e38)), ops.Hue()],
        [ops.OneOf(ops.Hue(), ops.Brightness((0, 3e38))), ops.Brightness((0, 3e38), p=0.1)],
        [HUGE, ops.Flip(), ops.Contrast((0, 2e20))],
        [HUGE, ops.Equalize(), ops.Saturation((2e20, 2e20), p=0.1)],
        [ops.ColorJitter(brightness=1e16, contrast=1e16)],
        [ops.Sequential(HUGE, ops.OneOf(ops.Hue(), ops.Sequential(HUGE)))],
        [ops.SomeOf((1, 2), HUGE, ops.Hue(), HUGE)],
        [ops.Brightness((0, 2))] * 100,
    ],
    ids=repr,
)
@pytest.mark.parametrize("fused", [True, False])
def test_values_that_float32_does_not_hold(operations, fused):
    augment = Augment(*operations, seed=1, fused=fused)
    with pytest.raises(ValueError, match=r"`operations` should multiply values by at most 1e\+30"):
        augment(np.zeros((1, *IMAGE[:3]), np.uint8))


def test_the_operations_that_multiply_are_named():
    with pytest.raises(ValueError, match="should multiply values") as raised:
        steps_of(HUGE, ops.Flip(), ops.Contrast(0.0), ops.Contrast((0, 2e20)))
    assert str(raised.value).endswith("Received: Brightness((2e+20, 2e+20)), Contrast((0, 2e+20))")


@pytest.mark.parametrize(
    "operations",
    [
        [ops.Brightness((3e38, 3e38))],
        [ops.OneOf(ops.Brightness((3e38, 3e38)), ops.Contrast((3e38, 3e38))), ops.Equalize()],
        [ops.OneOf(HUGE, ops.Contrast((2e20, 2e20)), ops.Flip())],
        [ops.SomeOf(1, HUGE, HUGE), ops.RandAugment(2)],
        [ops.Brightness((2e20, 2e20)), ops.Saturation((0, 0.5)), ops.Hue()],
    ],
    ids=repr,
)
@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_that_float32_holds(operations, fused, dtype):
    x = np.random.default_rng(0).integers(0, 65536, (4, *IMAGE[:3]), np.uint16)
    made = Augment(*operations, seed=1, fused=fused, dtype=dtype)(x)
    assert np.isfinite(made).all()
