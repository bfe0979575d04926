"""Which operations act on a sample, and with what numbers."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from batchwarp import ops
from batchwarp._reference.draws import Numbers, Size
from batchwarp._reference.philox import operation_of, uniform
from batchwarp._reference.tree import leaves, size_after

SIZE = Size(20, 30, 3)
SAMPLES = range(400)


def drawn(*operations, size=SIZE, sample=5, epoch=3):
    return leaves(operations, size, 7, sample, epoch)


def acting(operation, sample):
    return [leaf.kind for leaf in drawn(operation, sample=sample) if leaf.acts]


def test_the_example_of_the_documentation():
    _, leaf = drawn(ops.Flip(), ops.Affine(rotation=20))
    assert leaf.columns == {
        "rotation": 8.41616452658328,
        "zoom": 1.0,
        "shear_x": 0.0,
        "shear_y": 0.0,
        "shift_x": 0.0,
        "shift_y": 0.0,
    }


def test_what_a_number_belongs_to():
    columns = drawn(ops.Affine(rotation=1, zoom=0.5, shear=1, shear_y=1, shift=(1, 1)))[0].columns
    u = [uniform(7, 5, 3, 0, k) for k in range(6)]
    assert list(columns.values()) == [
        -1 + 2 * u[0],
        0.5 + u[1],
        -1 + 2 * u[2],
        -1 + 2 * u[3],
        -1 + 2 * u[4],
        -1 + 2 * u[5],
    ]


def test_a_name_keeps_numbers_where_they_are():
    named = ops.Brightness(name="light")
    alone, after_another = drawn(named)[0], drawn(ops.Flip(), named)[1]
    assert alone.columns == after_another.columns
    expected = 0.8 + (1.2 - 0.8) * uniform(7, 5, 3, operation_of(0, "light"), 0)
    assert alone.columns["brightness"] == expected
    assert drawn(ops.Brightness())[0].columns != alone.columns


def test_nodes_are_numbered_depth_first_whether_chosen_or_not():
    jitter = ops.ColorJitter(brightness=0.5, hue=0.1)  # of whose four nodes two are off
    tree = ops.Sequential(ops.OneOf(ops.Invert(), jitter, weights=(0, 1)), ops.Brightness(0.5))
    found = {leaf.kind: leaf for leaf in drawn(tree)[:-1]}
    last = drawn(tree)[-1]
    # 0 the group, 1 the choice, 2 Invert, 3 the jitter, 4 to 7 its members, 8 the last one.
    assert found["hue"].columns["hue"] == -0.1 + 0.2 * uniform(7, 5, 3, 0, 256 * 7)
    assert found["brightness"].columns["brightness"] == 0.5 + uniform(7, 5, 3, 0, 256 * 4)
    assert last.columns["brightness"] == 0.5 + uniform(7, 5, 3, 0, 256 * 8)
    assert not found["invert"].acts


def test_probabilities():
    count = sum(bool(acting(ops.Invert(p=0.25), sample)) for sample in SAMPLES)
    assert 70 < count < 130
    assert acting(ops.Invert(p=0), 1) == []
    both = ops.Sequential(ops.Invert(p=0.5), ops.Grayscale(), p=0.5)
    found = Counter(tuple(acting(both, sample)) for sample in SAMPLES)
    assert set(found) == {(), ("grayscale",), ("invert", "grayscale")}
    assert 160 < found[()] < 240


def test_one_of_several():
    three = ops.OneOf(ops.Invert(), ops.Grayscale(), ops.AutoContrast())
    found = Counter(tuple(acting(three, sample)) for sample in SAMPLES)
    assert set(found) == {("invert",), ("grayscale",), ("autocontrast",)}
    assert min(found.values()) > 100
    weighed = ops.OneOf(ops.Invert(), ops.Grayscale(), ops.AutoContrast(), weights=(1, 0, 3))
    found = Counter(tuple(acting(weighed, sample)) for sample in SAMPLES)
    assert set(found) == {("invert",), ("autocontrast",)}
    assert 60 < found["invert",] < 140


def test_some_of_several():
    members = [ops.Invert(), ops.Grayscale(), ops.AutoContrast(), ops.Equalize()]
    found = Counter(tuple(acting(ops.SomeOf(2, *members), sample)) for sample in SAMPLES)
    # All six pairs, each in the order of the list.
    assert len(found) == 6
    assert set(found) >= {("invert", "grayscale"), ("grayscale", "equalize")}
    assert min(found.values()) > 35
    sizes = Counter(len(acting(ops.SomeOf((1, 3), *members), sample)) for sample in SAMPLES)
    assert set(sizes) == {1, 2, 3}
    assert min(sizes.values()) > 100


def test_what_some_of_several_draws():
    """Written out: the partial shuffle of four, for one sample."""
    draw = Numbers(7, 5, 3, 0, 0)
    order = [0, 1, 2, 3]
    first = int(draw.u(0) * 4)
    order[0], order[first] = order[first], order[0]
    second = 1 + int(draw.u(1) * 3)
    order[1], order[second] = order[second], order[1]
    kinds = ["invert", "grayscale", "autocontrast", "equalize"]
    members = [ops.Invert(), ops.Grayscale(), ops.AutoContrast(), ops.Equalize()]
    expected = [kinds[i] for i in sorted(order[:2])]
    assert acting(ops.SomeOf(2, *members), 5) == expected


def magnitudes(operation, kind, column, samples=3000):
    return {
        round(leaf.columns[column], 9)
        for sample in range(samples)
        for leaf in drawn(operation, sample=sample)
        if leaf.kind == kind and leaf.acts and leaf.columns[column] != (kind == "brightness")
    } - {0.0}


class TestRandAugment:
    """Against the tables of torchvision, where it is installed."""

    @pytest.fixture
    def space(self):
        transforms = pytest.importorskip("torchvision.transforms.v2")
        return {
            name: values(31, 20, 30)
            for name, (values, _) in transforms.RandAugment._AUGMENTATION_SPACE.items()
        }

    @pytest.mark.parametrize("magnitude", [4, 30])
    @pytest.mark.parametrize(
        ("theirs", "kind", "column", "meaning"),
        [
            ("ShearX", "affine", "shear_x", lambda m: (-m, m)),
            ("TranslateX", "affine", "shift_x", lambda m: (-m / 30, m / 30)),
            ("TranslateY", "affine", "shift_y", lambda m: (-m / 20, m / 20)),
            ("Rotate", "affine", "rotation", lambda m: (-m, m)),
            ("Brightness", "brightness", "brightness", lambda m: (1 - m, 1 + m)),
            ("Color", "saturation", "saturation", lambda m: (1 - m, 1 + m)),
            ("Contrast", "contrast", "contrast", lambda m: (1 - m, 1 + m)),
            ("Sharpness", "sharpen", "sharpen", lambda m: (1 - m, 1 + m)),
            ("Posterize", "posterize", "bits", lambda m: (m,)),
            ("Solarize", "solarize", "threshold", lambda m: (m,)),
        ],
    )
    def test_strengths(self, space, magnitude, theirs, kind, column, meaning):
        found = magnitudes(ops.RandAugment(1, magnitude=magnitude), kind, column, 500)
        expected = meaning(float(space[theirs][magnitude]))
        if column == "shear_x":
            found = {np.tan(np.radians(each)) for each in found}
        # A threshold of 0 is one, but counts as nothing drawn in `magnitudes`.
        expected = [each for each in expected if each != 0]
        np.testing.assert_allclose(sorted(found), sorted(expected), atol=1e-6)

    def test_all_are_equally_frequent(self):
        found = Counter(tuple(acting(ops.RandAugment(1), sample)) for sample in range(2800))
        affine = found.pop(("affine",))
        assert 900 < affine < 1100
        assert len(found) == 9
        assert all(150 < count < 260 for count in found.values())


class TestTrivialAugment:
    @pytest.fixture
    def space(self):
        transforms = pytest.importorskip("torchvision.transforms.v2")
        return {
            name: values(31, 20, 30)
            for name, (values, _) in transforms.TrivialAugmentWide._AUGMENTATION_SPACE.items()
        }

    @pytest.mark.parametrize(
        ("theirs", "kind", "column", "scale"),
        [
            ("TranslateX", "affine", "shift_x", 30),
            ("TranslateY", "affine", "shift_y", 20),
            ("Rotate", "affine", "rotation", 1),
        ],
    )
    def test_strengths(self, space, theirs, kind, column, scale):
        found = magnitudes(ops.TrivialAugment(), kind, column)
        expected = {round(s * float(m) / scale, 5) for m in space[theirs][1:] for s in (-1, 1)}
        assert {round(each, 5) for each in found} <= expected
        assert len(found) > 45  # of 60; each is expected three and a half times

    def test_bits(self, space):
        found = magnitudes(ops.TrivialAugment(), "posterize", "bits")
        assert found == {float(bits) for bits in space["Posterize"]} - {8.0}


@pytest.mark.parametrize(
    ("operation", "size"),
    [
        (ops.Resize((7, 9)), (7, 9)),
        (ops.Resize(10), (10, 15)),
        (ops.RandomCrop(12), (12, 12)),
        (ops.CenterCrop((3, 30)), (3, 30)),
        (ops.Pad((1, 2, 3, 5)), (27, 34)),
        (ops.RandomResizedCrop((4, 5)), (4, 5)),
        (ops.Sequential(ops.Pad(1), ops.CenterCrop(5)), (5, 5)),
        (ops.Affine(rotation=3), (20, 30)),
    ],
)
def test_sizes(operation, size):
    assert size_after(operation, SIZE) == Size(*size, 3)


def test_a_crop_is_everywhere_in_the_padded_image():
    crop = ops.RandomCrop((18, 30), padding=(2, 1))
    places = {
        (leaf.columns["top"], leaf.columns["left"])
        for sample in SAMPLES
        for leaf in drawn(crop, sample=sample)
    }
    assert places == {(top, left) for top in range(-1, 4) for left in range(-2, 3)}


def test_areas_of_resized_crops():
    crop = ops.RandomResizedCrop(8, scale=(0.2, 0.5), ratio=(0.5, 2))
    for sample in SAMPLES:
        columns = drawn(crop, sample=sample)[0].columns
        area = columns["height"] * columns["width"]
        assert 0.15 < area / 600 < 0.58
        assert 0 <= columns["top"] <= 20 - columns["height"]
        assert 0 <= columns["left"] <= 30 - columns["width"]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (Size(100, 4, 3), {"top": 47, "left": 0, "height": 5, "width": 4}),
        (Size(4, 100, 3), {"top": 0, "left": 47, "height": 4, "width": 5}),
    ],
)
def test_the_fallback_of_resized_crops(size, expected):
    crop = ops.RandomResizedCrop(8, scale=(1, 1), ratio=(3 / 4, 4 / 3))
    assert drawn(crop, size=size)[0].columns == expected


def test_erasing_looks_at_the_size_of_the_output():
    erase = ops.Erase(scale=(0.3, 0.3), ratio=(1, 1))
    assert drawn(erase)[0].columns["height"] == round((0.3 * 600) ** 0.5)
    _, leaf = drawn(erase, ops.Pad(10))[::-1]
    assert leaf.columns["height"] == round((0.3 * 2000) ** 0.5)
    assert not drawn(ops.Erase(scale=(1, 1)))[0].acts  # nothing fits


def test_squares_and_grids_look_at_the_size_of_the_output():
    wide = ops.Resize((1, 300))
    square = ops.Erase(shape="square", length=4)
    columns = [drawn(square, wide, sample=sample)[0].columns for sample in range(60)]
    assert {one["top"] for one in columns} == {-2}
    assert min(one["left"] for one in columns) < 30
    assert max(one["left"] for one in columns) > 260
    grid = ops.Erase(shape="grid", length=(4, 90), hole_ratio=0.3)
    for sample in range(60):
        (found, _) = drawn(grid, wide, sample=sample)
        unit = found.columns["unit"]
        assert found.acts
        assert 4 <= unit <= 90
        assert found.columns["hole"] == max(1, int(unit * 0.3))
        assert found.columns["top"] < unit
        assert found.columns["left"] < unit


def test_neutral_numbers_do_not_act():
    for operation in (ops.Brightness((1, 1)), ops.Affine(), ops.Posterize(8), ops.Flip(0, 0)):
        assert not drawn(operation)[0].acts
