"""Operations of recipes: what holds for each of them, and what each accepts."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from batchwarp import Augment, ops
from batchwarp._reference import run
from batchwarp.augment.recipe import Recipe
from batchwarp.ops.core_steps import CORE_STEPS
from batchwarp.ops.list import OPERATIONS
from batchwarp.ops.recipe import ImageSpec

NAN = float("nan")
INF = float("inf")
SQUARE = ImageSpec(32, 32, 3)

GRID = ops.Erase(shape="grid", length=(4, 9), hole_ratio=0.4)
SQUARE_HOLE = ops.Erase(value=9, shape="square", length=7)

# One with arguments that differ from the defaults, for each class.
EXAMPLES = {
    "Affine": ops.Affine(rotation=(-5, 20), zoom=0.1, shear=8, shift=(0.1, 0.2), p=0.5),
    "AugMix": ops.AugMix(5, 4, 2, alpha=0.5, all_ops=False, p=0.5),
    "AutoContrast": ops.AutoContrast(p=0.2, name="contrast"),
    "Brightness": ops.Brightness((0.5, 1.5)),
    "CenterCrop": ops.CenterCrop((20, 24)),
    "ChannelDrop": ops.ChannelDrop(p=0.1),
    "ChannelShift": ops.ChannelShift((0, 0.2)),
    "ColorJitter": ops.ColorJitter(0.2, 0.3, 0.4, 0.05, "hsv"),
    "Contrast": ops.Contrast(0.4),
    "CutMix": ops.CutMix(0.5, num_classes=3, p=0.5),
    "Elastic": ops.Elastic(80, sigma=6),
    "Equalize": ops.Equalize(p=0.2),
    "Erase": ops.Erase((0.1, 0.2), (0.5, 2), (1, 2, 3)),
    "Flip": ops.Flip(0.25, 0.75),
    "Gamma": ops.Gamma(0.5),
    "GaussianBlur": ops.GaussianBlur((0.5, 1), 7),
    "GaussianNoise": ops.GaussianNoise((0.02, 0.1)),
    "Grayscale": ops.Grayscale(p=0.1),
    "GridDistortion": ops.GridDistortion(7, (-0.4, 0.2)),
    "Hue": ops.Hue(0.05, "hsv"),
    "Invert": ops.Invert(p=0.1),
    "JpegCompression": ops.JpegCompression((20, 60), p=0.5),
    "MixUp": ops.MixUp(0.4, num_classes=10),
    "Normalize": ops.Normalize((1, 2, 3), 4.5),
    "OneOf": ops.OneOf(ops.Invert(), ops.Hue(0.2), weights=(1, 3), p=0.5),
    "Pad": ops.Pad((1, 2, 3, 4)),
    "Perspective": ops.Perspective(0.25),
    "Posterize": ops.Posterize((3, 6)),
    "RandAugment": ops.RandAugment(3, 10, 21),
    "RandomCrop": ops.RandomCrop(24, padding=(2, 4)),
    "RandomResizedCrop": ops.RandomResizedCrop((20, 24), (0.5, 1), (0.9, 1.1), antialias=False),
    "Resize": ops.Resize((20, 24), antialias=False),
    "Rotate90": ops.Rotate90((0, 2)),
    "Saturation": ops.Saturation(0.4),
    "Sequential": ops.Sequential(GRID, ops.Solarize(), p=0.5, name="two"),
    "Sharpen": ops.Sharpen((0, 2)),
    "Solarize": ops.Solarize((0.25, 1)),
    "SomeOf": ops.SomeOf((1, 2), SQUARE_HOLE, ops.Gamma(), ops.Equalize()),
    "Standardize": ops.Standardize(std=False),
    "TrivialAugment": ops.TrivialAugment(11, p=0.5),
}

ROOT = Path(__file__).parents[3]

each = pytest.mark.parametrize("name", ops.__all__)


def test_each_has_an_example():
    assert list(EXAMPLES) == ops.__all__
    for name, operation in EXAMPLES.items():
        assert type(operation) is getattr(ops, name)


def steps_of(operation):
    """The core's names of what an operation does; what mixes images is none of the core's."""
    return {name for name, _ in Recipe("Augment", [operation]).steps(SQUARE).steps}


def in_the_core(name):
    return steps_of(EXAMPLES[name]) <= set(CORE_STEPS)


def in_the_interpreter(name):
    recipe = Augment(EXAMPLES[name], seed=1)
    x = np.random.RandomState(0).randint(0, 256, (2, *SQUARE[:3])).astype(np.uint8)
    try:
        run(recipe, x, [0, 1], labels=[0, 1])
    except TypeError:
        return False
    return True


def written(path, pattern):
    """Returns what looks for a name in a file; the pattern has the name as {}."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return lambda name: re.search(pattern.format(name), text) is not None


PARTS = {
    "a step in the core, `cpp/src/ops/`": in_the_core,
    "a function of the interpreter, `_reference/`": in_the_interpreter,
    "a definition in docs/semantics.md": written("docs/semantics.md", r"`{}\("),
    "pictures in docs/draw_gallery.py": written("docs/draw_gallery.py", r"\b{}\("),
    "a strategy in tests/random_recipes.py": written("tests/random_recipes.py", r"\bops\.{}\b"),
}


@each
def test_it_has_all_its_parts(name):
    missing = [part for part, is_there in PARTS.items() if not is_there(name)]
    assert not missing, f"{name} lacks {'; '.join(missing)}"


def test_every_step_of_the_core_belongs_to_an_operation():
    found = set().union(*map(steps_of, EXAMPLES.values()))
    ours = {operation.name for operation in OPERATIONS}  # of `ImageDataGenerator`'s arguments
    assert set(CORE_STEPS) - ours - found == set()


@each
def test_repr_can_be_pasted(name):
    operation = EXAMPLES[name]
    pasted = eval(repr(operation), vars(ops))
    assert pasted == operation
    assert hash(pasted) == hash(operation)
    assert len({pasted, operation}) == 1


@each
def test_it_can_be_pickled(name):
    assert pickle.loads(pickle.dumps(EXAMPLES[name])) == EXAMPLES[name]


@each
def test_it_becomes_json_and_back(name):
    written = json.dumps(EXAMPLES[name].get_config(), allow_nan=False)
    assert ops.from_config(json.loads(written)) == EXAMPLES[name]


@each
def test_it_never_changes(name):
    operation = EXAMPLES[name]
    for field in dataclasses.fields(operation):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(operation, field.name, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        operation.other = 1


@each
def test_it_differs_from_all_others(name):
    assert all((EXAMPLES[name] == other) == (name == key) for key, other in EXAMPLES.items())


@each
def test_its_documentation_names_its_arguments(name):
    made = getattr(ops, name)
    documented = inspect.getdoc(made)
    for argument in inspect.signature(made).parameters:
        assert f"    {argument}: " in documented or f"    *{argument}: " in documented, argument
    assert ">>> " in documented


@each
def test_its_example_is_true(name):
    lines = inspect.getdoc(getattr(ops, name)).splitlines()
    pairs = itertools.pairwise(line.strip() for line in lines)
    shown = [(one[4:], two) for one, two in pairs if one.startswith(">>>")]
    assert shown
    for source, result in shown:
        assert repr(eval(source, vars(ops))) == result


@each
def test_its_table(name):
    rows = getattr(ops, name).describe()
    assert {row[0] for row in rows} <= set(inspect.signature(getattr(ops, name)).parameters)
    assert all(accepted for _, _, accepted in rows)


def test_arguments_become_pythons_own():
    operation = ops.Affine(rotation=np.float32(20), zoom=[0.5, np.int64(2)], p=np.array(1))
    assert type(operation.rotation) is float
    assert operation == ops.Affine(rotation=20, zoom=(0.5, 2))
    assert type(operation.zoom[1]) is int
    assert ops.Normalize(np.array([1.0, 2.0]), 1).mean == (1.0, 2.0)


def test_repr_leaves_out_defaults():
    assert repr(ops.Hue(0.2)) == "Hue(0.2)"
    assert repr(ops.Flip()) == "Flip()"
    assert repr(ops.ColorJitter(hue=0.1)) == "ColorJitter(hue=0.1)"
    assert repr(ops.SomeOf(1, ops.Invert(), name="x")) == "SomeOf(1, Invert(), name='x')"


WRONG = [
    (lambda v: ops.Affine(rotation=v), "rotation", [NAN, INF, -1, "20", True, (5, 1), (1, 2, 3)]),
    (lambda v: ops.Affine(zoom=v), "zoom", [1, -0.1, (0, 1), (2, 1), (1, INF)]),
    (lambda v: ops.Affine(shear=v), "shear", [90, (-90, 0), (0, 91)]),
    (lambda v: ops.Affine(shear_y=v), "shear_y", [100]),
    (lambda v: ops.Affine(shift=v), "shift", [-0.1, (0.1,), (0.1, -0.1), "a", (0, NAN)]),
    (lambda v: ops.Flip(v), "horizontal", [1.1, -0.1, NAN, "a", None, True]),
    (lambda v: ops.Rotate90(v), "turns", [(), 1, (4,), (-1,), (0.5,), "12"]),
    (
        lambda v: ops.RandomCrop(v),
        "size",
        [0, -1, 1.5, (3,), (3, 0), (1, 2, 3), "3", True, None, ()],
    ),
    *[
        (lambda v, make=make: make(v), "size", [(), 2**31 + 1, (1, 2**40), 2**70])
        for make in (ops.Resize, ops.RandomCrop, ops.CenterCrop, ops.RandomResizedCrop)
    ],
    (lambda v: ops.RandomCrop(1, padding=v), "padding", [-1, (1, 2, 3), 0.5, (), 2**40]),
    (lambda v: ops.Pad(v), "padding", [-1, (1, 2, 3), 0.5, (), 2**31 + 1, (0, 0, 0, 2**70)]),
    (lambda v: ops.Resize(2, antialias=v), "antialias", [1, None, "yes"]),
    (lambda v: ops.RandomResizedCrop(2, scale=v), "scale", [0.5, (0, 1), (0.5, 1.1), (1, 0.5)]),
    (lambda v: ops.RandomResizedCrop(2, ratio=v), "ratio", [1, (0, 1), (2, 1), (1, NAN)]),
    (lambda v: ops.Perspective(v), "distortion", [0, 1, -0.1, (0.1, 0.2), NAN]),
    (lambda v: ops.Elastic(v), "alpha", [0, -1, (1, 2), INF, NAN]),
    (lambda v: ops.Elastic(sigma=v), "sigma", [0, 0.9, -1, (1, 2), NAN]),
    (lambda v: ops.GridDistortion(v), "num_steps", [1, 0, 101, 2.0, True, (2, 3), None]),
    (
        lambda v: ops.GridDistortion(distort_limit=v),
        "distort_limit",
        [1, -0.1, (-1, 0), (2, 1), NAN],
    ),
    (lambda v: ops.Brightness(v), "factor", [-0.1, (-1, 1), (2, 1), "a", None]),
    (lambda v: ops.Hue(v), "delta", [0.6, -0.1, (-0.6, 0), (0.1, -0.1)]),
    (lambda v: ops.Hue(mode=v), "mode", ["rgb", None, 1]),
    (lambda v: ops.ColorJitter(hue=v), "hue", [0.6]),
    (lambda v: ops.ChannelShift(v), "shift", [1.1, (-2, 0)]),
    (lambda v: ops.Gamma(v), "gamma", [1, (0, 1), -1]),
    (lambda v: ops.Solarize(v), "threshold", [-0.1, 1.1, (0.5, 2)]),
    (lambda v: ops.Posterize(v), "bits", [-1, 9, 3.5, (3, 9), (4.0, 5), (5, 4)]),
    (lambda v: ops.GaussianBlur(v), "sigma", [-0.1, 1001, (2, 1), NAN, None, "a"]),
    (lambda v: ops.GaussianBlur(kernel_size=v), "kernel_size", [0, 2, -1, 3.0, 6003, True, (3, 3)]),
    (lambda v: ops.GaussianNoise(v), "std", [-0.1, 1.1, (2, 1), (0, 2), NAN, None, "a"]),
    (
        lambda v: ops.JpegCompression(v),
        "quality",
        [0, 101, 75.0, (90, 10), (0, 50), (1, 2, 3), True],
    ),
    (lambda v: ops.Erase(value=v), "value", [NAN, (), "a", (1, INF)]),
    (lambda v: ops.Erase(scale=v), "scale", [0.5, (0, 1), (0.5, 1.1), (1, 0.5), (NAN, 1)]),
    (lambda v: ops.Erase(ratio=v), "ratio", [1, (0, 1), (2, 1), (1, NAN)]),
    (lambda v: ops.Erase(shape=v), "shape", ["squares", None, 1]),
    *[
        (lambda v, shape=shape: ops.Erase(shape=shape, length=v), "length", values)
        for shape, values in (
            ("square", [None, 0, -1, 1.5, (4, 3), (3,), (1, 2, 3), "3", True, 2**31 + 1, (0, 2)]),
            ("grid", [None, 1, (1, 4), 2.0, (2**31, 2**32)]),
            ("rectangle", [1, (3, 4)]),
        )
    ],
    (
        lambda v: ops.Erase(shape="grid", length=4, hole_ratio=v),
        "hole_ratio",
        [0, 1, -0.1, NAN, None, (0.1, 0.2)],
    ),
    (lambda v: ops.Erase(shape="square", length=4, hole_ratio=v), "hole_ratio", [0.4]),
    (lambda v: ops.Erase(shape="grid", length=4, scale=v), "scale", [(0.1, 0.2)]),
    (lambda v: ops.Erase(shape="square", length=4, ratio=v), "ratio", [(1.0, 1.0)]),
    (lambda v: ops.Normalize(v, 1), "mean", [NAN, None, (), "a", ((1, 2), (3, 4))]),
    (lambda v: ops.Normalize(0, v), "std", [0, -1, (1, 0)]),
    (lambda v: ops.Standardize(center=v), "center", [1, None, "yes"]),
    (lambda v: ops.Standardize(std=v), "std", [0, None, 1.0]),
    (lambda v: ops.RandAugment(v), "num_ops", [0, 18, 1.5, True]),
    (lambda v: ops.RandAugment(magnitude=v), "magnitude", [-1, 31, 0.5]),
    (lambda v: ops.AugMix(v), "severity", [0, 11, 2.5]),
    (lambda v: ops.AugMix(mixture_width=v), "mixture_width", [0, 8, True]),
    (lambda v: ops.AugMix(chain_depth=v), "chain_depth", [-2, 1.5, None]),
    (lambda v: ops.AugMix(alpha=v), "alpha", [0, -1, NAN, "1"]),
    (lambda v: ops.AugMix(all_ops=v), "all_ops", [2, None]),
    (lambda v: ops.TrivialAugment(v), "num_magnitude_bins", [1, 2.5]),
    (lambda v: ops.MixUp(v), "alpha", [0, -1, NAN]),
    (lambda v: ops.MixUp(num_classes=v), "num_classes", [1, 2.0, "a"]),
    (lambda v: ops.Invert(p=v), "p", [2, -1, NAN, "a", None]),
    (lambda v: ops.Invert(name=v), "name", ["", 1]),
    (
        lambda v: ops.OneOf(ops.Invert(), ops.Hue(), weights=v),
        "weights",
        [(1,), (0, 0), (-1, 2), 1],
    ),
    (lambda v: ops.SomeOf(v, ops.Invert()), "n", [-1, 2, (1, 2), (1, 0), 0.5, (0,)]),
]


@pytest.mark.parametrize(("make", "name", "values"), WRONG, ids=[one[1] for one in WRONG])
def test_wrong_arguments(make, name, values):
    for value in values:
        with pytest.raises(ValueError, match=rf"`{name}` of `\w+` should be ") as caught:
            make(value)
        assert f"Received: {value!r}" in str(caught.value)


FAR = 3.5e38  # finite, but not in float32
EXTREME = [
    (lambda v: ops.Affine(rotation=v), "rotation", [FAR, (-FAR, 0), 10**400]),
    (lambda v: ops.Affine(zoom=v), "zoom", [(1, FAR)]),
    (lambda v: ops.Affine(shift=v), "shift", [FAR, (0, FAR)]),
    (lambda v: ops.RandomResizedCrop(2, ratio=v), "ratio", [(1, FAR)]),
    (lambda v: ops.Elastic(v), "alpha", [FAR, 1e-39]),
    (lambda v: ops.Elastic(sigma=v), "sigma", [FAR]),
    (lambda v: ops.Brightness(v), "factor", [FAR, (FAR, FAR), np.float64(FAR), 10**400]),
    (lambda v: ops.ColorJitter(contrast=v), "contrast", [FAR]),
    (lambda v: ops.Gamma(v), "gamma", [(1, FAR)]),
    (lambda v: ops.Sharpen(v), "factor", [FAR]),
    (lambda v: ops.Erase(value=v), "value", [-FAR, (0, 0, FAR)]),
    (lambda v: ops.Normalize(v, 1), "mean", [FAR, (0, -FAR)]),
    (lambda v: ops.Normalize(0, v), "std", [FAR, 1e-39, (1, 1e-320)]),
    (lambda v: ops.MixUp(v), "alpha", [FAR, 1e-320]),
    (lambda v: ops.AugMix(alpha=v), "alpha", [FAR, 1e-320]),
]


@pytest.mark.parametrize(("make", "name", "values"), EXTREME, ids=[one[1] for one in EXTREME])
def test_numbers_that_single_precision_does_not_have(make, name, values):
    said = "(within the range of float32, from -3.40282e|at least 2.93874e-39, such that float32 )"
    for value in values:
        with pytest.raises(ValueError, match=rf"`{name}` of `\w+` should be .*, {said}") as caught:
            make(value)
        assert f"Received: {value!r}" in str(caught.value)


def test_the_largest_numbers_of_single_precision_give_numbers():
    most = float(np.finfo(np.float32).max)
    x = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(1, 8, 8, 3)
    for operation in (
        ops.Brightness((most, most)),
        ops.Contrast((most, most)),
        ops.Saturation((most, most)),
        ops.Sharpen((most, most)),
        ops.Affine(rotation=most, zoom=(most, most), shift=most),
        ops.Elastic(most),
        ops.Normalize(0, most),
    ):
        assert np.isfinite(Augment(operation, seed=1)(x)).all(), operation


def test_policies_without_members():
    for make in (ops.Sequential, ops.OneOf, lambda: ops.SomeOf(0)):
        with pytest.raises(ValueError, match="at least one operation"):
            make()


@pytest.mark.parametrize("member", [3, "Invert", ops.Invert, None], ids=repr)
def test_members_that_are_no_operations(member):
    with pytest.raises(TypeError, match=r"`operations` of `OneOf` should be operations"):
        ops.OneOf(ops.Invert(), member)


@pytest.mark.parametrize(
    "member",
    [
        ops.Normalize(0, 1),
        ops.Standardize(),
        ops.MixUp(),
        ops.Resize(3),
        ops.Sequential(ops.Pad(1)),
        ops.Hue(name="h"),
    ],
    ids=repr,
)
def test_members_that_belong_elsewhere(member):
    for policy in (ops.OneOf, lambda one: ops.SomeOf(1, one)):
        with pytest.raises(ValueError, match=r"Received: "):
            policy(member)


def test_a_fixed_sequence_may_change_sizes():
    head = ops.Sequential(ops.Resize(40), ops.CenterCrop(32))
    assert head.sets_size
    assert head.size_after(ImageSpec(60, 80, 3)) == (32, 32)
    with pytest.raises(ValueError, match="`p=1`"):
        ops.Sequential(ops.Resize(40), p=0.5)


@pytest.mark.parametrize(
    ("operation", "image", "message"),
    [
        (ops.Hue(), (8, 8, 2), "3 channels"),
        (ops.ColorJitter(saturation=0.1), (8, 8, 1), "3 channels"),
        (ops.ChannelShift(), (8, 8, 4), "1 or 3 channels"),
        (ops.RandAugment(), (8, 8, 4), "1 or 3 channels"),
        (ops.JpegCompression(), (8, 8, 4), "1 or 3 channels"),
        (ops.AugMix(), (8, 8, 2), "1 or 3 channels"),
        (ops.RandomCrop(9), (8, 9, 3), "at most 8 x 9"),
        (ops.RandomCrop(13, padding=2), (8, 8, 3), "at most 12 x 12"),
        (ops.CenterCrop((8, 10)), (8, 9, 3), "at most 8 x 9"),
        (ops.Rotate90(), (8, 9, 3), "not square"),
        (ops.Pad(2**31), (8, 8, 3), r"`Pad\(2147483648\)` .* makes 4294967304 x 4294967304 x 3"),
        (ops.Resize(2**30), (8, 24, 1), "at most 2147483648 rows .* makes 1073741824 x 3221225472"),
        (ops.Resize((2**31, 2**31)), (8, 8, 3), "at most .* 36028797018963968 values"),
        (ops.Perspective(0.9), (8, 8, 3), "at most 0.875"),
        (ops.Perspective(0.6), (2, 20, 3), "at most 0.5"),
        (ops.Normalize((1, 2), 1), (8, 8, 3), "`mean` of `Normalize`"),
        (ops.Erase(value=(1, 2)), (8, 8, 3), "`value` of `Erase`"),
        (ops.Erase((0.1, 0.2), value=(1, 2)), (8, 8, 1), "`value` of `Erase`"),
        (ops.OneOf(ops.Invert(), ops.Grayscale()), (8, 8, 1), "3 channels"),
    ],
    ids=repr,
)
def test_images_that_do_not_fit(operation, image, message):
    with pytest.raises(ValueError, match=message):
        operation.node(ImageSpec(*image))


def test_grey_images_take_what_needs_no_colours():
    ops.ColorJitter(brightness=0.1, contrast=0.1).node(ImageSpec(8, 8, 1))
    ops.RandAugment().node(ImageSpec(8, 8, 1))


@pytest.mark.parametrize(
    ("operation", "size"),
    [
        (ops.Resize(30), (30, 40)),
        (ops.Resize((5, 6)), (5, 6)),
        (ops.Pad((1, 2)), (64, 82)),
        (ops.Pad((1, 2, 3, 4)), (66, 84)),
        (ops.RandomCrop(20), (20, 20)),
        (ops.CenterCrop((20, 24)), (20, 24)),
        (ops.RandomResizedCrop(24), (24, 24)),
        (ops.Hue(), (60, 80)),
    ],
    ids=repr,
)
def test_sizes(operation, size):
    assert operation.size_after(ImageSpec(60, 80, 3)) == size


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "should be a dictionary"),
        ({}, "should be a dictionary"),
        ({"operation": 3}, "should be a dictionary"),
        ({"operation": "Hues"}, "\"operation\" should be one of .* Received: 'Hues'"),
        ({"operation": "from_config"}, '"operation" should be one of'),
        ({"operation": "Hue", "detla": 1}, "unknown key 'detla'. Accepted are 'delta', 'mode'"),
        ({"operation": "Hue", "delta": 9}, "`delta` of `Hue`"),
        ({"operation": "Normalize", "mean": 1}, "should have the key 'std'"),
        ({"operation": "OneOf"}, "should have the key 'operations'"),
        ({"operation": "OneOf", "operations": 3}, "should be a list of dictionaries"),
        ({"operation": "OneOf", "operations": [{"operation": "?"}]}, "Received: '\\?'"),
    ],
    ids=repr,
)
def test_wrong_configurations(config, message):
    with pytest.raises(ValueError, match=message):
        ops.from_config(config)
