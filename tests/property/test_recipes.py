"""Random recipes: the core, fused and not, against the slow interpreter; and what is drawn.

What the core makes of a pixel must lie between what the interpreter makes of it when its input is
off by what the core may round: places by a millionth of a pixel, values by 0.001 on a scale of 0 to
255. Where a result depends on the input without jumps, that is hardly more than nothing; where it
jumps (order 0, the edges of `constant` and `wrap`, thresholds, levels, integers), both sides of the
jump are right if the input is that close to it. Beyond that, results may differ by the same 0.001,
and by what the output's dtype can tell apart.

`BATCHWARP_RECIPES=5000` runs so many instead of 200.
"""

from __future__ import annotations

import itertools
import os
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from batchwarp import Augment, _core, ops
from batchwarp._reference import run
from batchwarp._reference.colors import CHANGES, levels_of
from batchwarp._reference.coordinates import MAPS, copies, points_of, window
from batchwarp._reference.draws import NEUTRAL, Size
from batchwarp._reference.philox import sample_of
from batchwarp._reference.run import colored, placed, value_range
from batchwarp._reference.tree import Leaf, leaves, size_after
from batchwarp.augment.recipe import Recipe
from batchwarp.ops.mixing import Mixing
from batchwarp.ops.policies import Policy
from batchwarp.ops.recipe import ImageSpec
from random_recipes import MIXING, Case, cases, images_of, mixtures, pixels

EXAMPLES = int(os.environ.get("BATCHWARP_RECIPES", "200"))

PLACES = 1e-6  # pixels
VALUES = 0.001 / 255  # of the value range
FLOAT = 2.0**-22  # likewise, for each operation, and grown by those after it
JPEG = "jpeg_compression"
STATISTICS = ("contrast", "autocontrast", "equalize", "standardize", JPEG)  # of many pixels


def leaves_of(case, index):
    size = Size(*images_of(case).shape[1:])
    recipe = case.recipe
    return leaves(recipe.operations, size, recipe.seed, sample_of(case.keys[index]), case.epoch)


def displaced(found, x, y):
    """The leaves with one more, which reads the image (x, y) pixels further, and after an
    antialiased head."""
    first = found[0]
    after = size_after(first.op, first.size) if first.alone else first.size
    filtered = (
        first.alone
        and getattr(first.op, "antialias", False)
        and (window(first)[2] > after.height or window(first)[3] > after.width)
    )
    size = after if filtered else first.size
    columns = {**NEUTRAL["affine"], "shift_x": -x / size.width, "shift_y": -y / size.height}
    extra = Leaf("affine", None, columns, size, acts=True, alone=False)
    return [first, extra, *found[1:]] if filtered else [extra, *found]


def rest_of(found):
    """What of the coordinate leaves is a map, without an antialiased head."""
    return displaced(found, 0, 0)[1:] if found else []


class Outcomes(NamedTuple):
    """What the interpreter makes of an image and inputs as good as the same, and how sure that is.

    Attributes:
        results: Array `(m, height, width, channels)`.
        extent: Float, how far apart black and white are.
        changes: The leaves that change colours.
        deviation: Float, the standard deviation before the image is standardized.
        grown: Float, how much what one operation rounds can grow by others.
    """

    results: np.ndarray
    extent: float
    changes: list
    deviation: float
    grown: float


def outcomes(case, index):
    """What the interpreter makes of an image, and of inputs that are as good as the same."""
    return outcomes_of(case, index, leaves_of(case, index))


def outcomes_of(case, index, found):
    """What the interpreter makes of an image by some leaves, and of inputs as good as the same."""
    recipe = case.recipe
    image = images_of(case)[index].astype(np.float64)
    ends = value_range(recipe.value_range, case.x.dtype)
    extent = 1.0 if ends is None else ends[1] - ends[0]
    coordinates = [leaf for leaf in found if leaf.kind in MAPS]
    changes = [leaf for leaf in found if leaf.kind in CHANGES]
    divisors = divisors_of(coordinates, case)
    # At the horizon, places are anywhere.
    assume(np.abs(divisors).min() > 1e-3 * np.abs(divisors).max())
    exact = placed(recipe, image, coordinates)
    inputs = [exact]
    if coordinates and not copies(acting(rest_of(coordinates))):
        inputs += [
            placed(recipe, image, displaced(coordinates, x, y))
            for x, y in itertools.product((-PLACES, PLACES), repeat=2)
        ]
        jumping = np.ptp(inputs, axis=0).max(axis=2) > 0.001 * extent
        if any(leaf.kind in STATISTICS for leaf in acting(changes)):
            # Several pixels between two others each take one of them by themselves, and all of them
            # together decide what is done to the rest.
            assume(jumping.sum() < 2)
    random = np.random.RandomState(0)
    for sign in (1, -1, random.choice([-1, 1], image.shape)):
        inputs.append(placed(recipe, image + sign * VALUES * extent, coordinates))
    # Integers are rounded in between, which leaves nothing of it.
    signs = (1, -1, random.choice([-1, 1], exact.shape))
    inputs += [exact + sign * VALUES * extent for sign in signs]
    results = [colored(one, changes, ends) for one in inputs]
    for at, leaf in enumerate(changes):
        if leaf.kind in (JPEG, "equalize") and leaf.acts:
            # One level more or less may be a step more or less in all of its block, and what a few
            # of the pixels on an edge do, each by itself, in all that is equalized.
            before = [colored(one, changes[:at], ends) for one in inputs]
            before += [before[0] + to * VALUES * extent for to in (-1, 1)]
            levels = [levels_of(np.clip(one, *ends), *ends) for one in before]
            assume(all(np.array_equal(one, levels[0]) for one in levels))
    # What is white or black exactly, as after auto-contrast, or on the edge of a step, as after
    # posterizing, is so within rounding only, of which these make much.
    signs = list(itertools.product((1, -1), repeat=image.shape[2]))
    for at, leaf in enumerate(changes):
        if leaf.kind in ("gamma", "posterize", "solarize"):
            before = colored(exact, changes[:at], ends)
            if acting(changes[:at]) and any(one.kind in STATISTICS for one in changes[at + 1 :]):
                # Each pixel on an edge goes to either side by itself, and all of them together
                # decide what is done to all others: more ways than can be tried.
                sides = [colored(before + to * FLOAT * extent, [leaf], ends) for to in (-1, 1)]
                assume(np.ptp(sides, axis=0).max() <= VALUES * extent)
            results += [
                colored(before + FLOAT * extent * np.array(sign), changes[at:], ends)
                for sign in signs
            ]
    grown = growth(changes)
    for at, leaf in enumerate(changes):
        if leaf.kind == "autocontrast" and leaf.acts:
            ranges = np.ptp(colored(exact, changes[:at], ends), axis=(0, 1))
            grown *= max(1, (extent / ranges[ranges > 0]).max(initial=1))
    if changes and changes[-1].kind == "standardize":
        exact = colored(exact, changes[:-1], ends)
    return Outcomes(np.array(results), extent, changes, exact.std(), grown)


def acting(found):
    return [leaf for leaf in found if leaf.acts]


def divisors_of(coordinates, case):
    size = Size(*images_of(case).shape[1:])
    for operation in case.recipe.operations:
        size = size_after(operation, size)
    return points_of(acting(rest_of(coordinates)), size.height, size.width)[2]


def growth(changes):
    """How much what one operation rounds can grow by others."""
    factors = ("brightness", "contrast", "saturation")
    return np.prod([max(1, leaf.columns[leaf.kind]) for leaf in changes if leaf.kind in factors])


def check(case, result):
    recipe = case.recipe
    if recipe.data_format == "channels_first":
        result = result.transpose(0, 2, 3, 1)
    for index, ours in enumerate(result):
        theirs, extent, changes, deviation, grown = outcomes(case, index)
        tolerance = (VALUES + FLOAT * grown) * extent
        if changes and changes[-1].kind == "normalize":
            tolerance = tolerance / np.min(changes[-1].op.std)
        elif changes and changes[-1].kind == "standardize" and changes[-1].op.std:
            # Of values, of their mean, and of the deviation.
            tolerance = tolerance * (2 + np.abs(theirs[0])) / (deviation + 1e-6)
        precision = 2 * np.finfo(np.float16).eps if recipe.dtype == "float16" else 1e-6
        spread = tolerance + precision * np.abs(theirs[0])
        low, high = theirs.min(0) - spread, theirs.max(0) + spread
        if recipe.dtype == "uint8":
            low, high = (np.clip(np.trunc(side), 0, 255) for side in (low, high))
        off = np.maximum(low - ours, ours.astype(np.float64) - high)
        assert off.max() <= 0, (index, float(off.max()), np.argwhere(off > 0)[:5].tolist())


def plan_of(case, fused=True):
    recipe = case.recipe
    return Recipe("Augment", recipe.operations).plan(
        ImageSpec(*images_of(case).shape[1:]),
        owner="Augment",
        value_range=value_range(recipe.value_range, case.x.dtype),
        data_format=recipe.data_format,
        fill_mode=recipe.fill_mode,
        cval=recipe.cval,
        interpolation_order=recipe.order,
        fused=fused,
    )


def samples_of(case):
    return np.array([sample_of(key) for key in case.keys], np.uint64)


def augmented(case, fused=True):
    plan = plan_of(case, fused)
    shape = (len(case.x), plan.target_height, plan.target_width, plan.channels)
    if case.recipe.data_format == "channels_first":
        shape = (shape[0], shape[3], *shape[1:3])
    result = np.empty(shape, case.recipe.dtype)
    _core.augment_keyed(case.x, None, samples_of(case), case.epoch, case.recipe.seed, plan, result)
    return result


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(cases())
def test_images(case):
    check(case, augmented(case))


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(cases())
def test_images_step_by_step(case):
    check(case, augmented(case, fused=False))


# Each operation that is no policy and mixes no images, as strong as people have it.
ALONE = [
    ops.Affine(rotation=40, zoom=0.3, shear=15, shear_y=5, shift=0.2),
    ops.AutoContrast(),
    ops.Brightness(0.6),
    ops.CenterCrop((5, 4)),
    ops.ChannelDrop(),
    ops.ChannelShift(0.3),
    ops.ColorJitter(0.4, 0.4, 0.4, 0.1),
    ops.Contrast(0.6),
    ops.Elastic(20, sigma=3),
    ops.Equalize(),
    ops.Erase((0.1, 0.4)),
    ops.Erase(shape="grid", length=(2, 6)),
    ops.Erase(shape="square", length=5),
    ops.Flip(0.5, 0.5),
    ops.Gamma((0.5, 2)),
    ops.GaussianBlur((0.3, 2)),
    ops.GaussianNoise(0.1),
    ops.Grayscale(),
    ops.GridDistortion(3, 0.5),
    ops.Hue(0.2),
    ops.Hue(0.2, mode="hsv"),
    ops.Invert(),
    ops.JpegCompression((20, 95)),
    ops.Normalize(0.5, 0.25),
    ops.Pad((1, 2, 3, 4)),
    ops.Perspective(0.3),
    ops.Posterize((2, 6)),
    ops.RandomCrop(6, padding=2),
    ops.RandomResizedCrop((6, 9), scale=(0.3, 1)),
    ops.Resize((5, 16)),
    ops.Rotate90((0, 2)),
    ops.Saturation(0.6),
    ops.Sharpen(0.8),
    ops.Solarize((0.2, 0.9)),
    ops.Standardize(),
]
KINDS = list(
    itertools.product(
        ("uint8", "uint16", "float16", "float32", "float64"),
        (1, 2, 3, 5),
        ("channels_last", "channels_first"),
    )
)
SIDES = ((9, 13), (17, 6), (7, 7))


def test_no_operation_is_missing():
    policies = {name for name in ops.__all__ if issubclass(getattr(ops, name), Policy)}
    mixing = {name for name in ops.__all__ if issubclass(getattr(ops, name), Mixing)}
    alone = {type(one).__name__ for one in ALONE}
    assert alone == set(ops.__all__) - policies - mixing | {"ColorJitter"}


@pytest.mark.parametrize("operation", ALONE, ids=repr)
def test_each_operation_on_every_kind_of_image(operation):
    """Every dtype, number of channels and layout; sizes, ways and outputs take turns."""
    outputs = itertools.cycle(("float32", "float64", "float32"))
    kinds = [kind for kind in KINDS if takes(operation, kind[1])]
    left = list(kinds)

    @settings(max_examples=len(kinds), deadline=None, derandomize=True)
    @given(st.sampled_from(kinds))
    def of(kind):
        dtype, channels, data_format = kind
        size = SIDES[KINDS.index(kind) % len(SIDES)]
        ends = value_range(None, np.dtype(dtype)) or (0.0, 1.0)
        random = np.random.RandomState(KINDS.index(kind))
        x = pixels("noise", random, (2, *size, channels), 0, 255)
        if isinstance(operation, (ops.Equalize, ops.JpegCompression)):
            x = np.rint(x)  # beyond doubt which of the levels it is
        x = (ends[0] + x * (ends[1] - ends[0]) / 255).astype(dtype)
        if data_format == "channels_first":
            x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
        recipe = SimpleNamespace(
            operations=(operation,),
            seed=KINDS.index(kind),
            fill_mode="reflect",
            cval=0.0,
            order=1,
            dtype=next(outputs),
            value_range=None if dtype.startswith("uint") else ends,
            data_format=data_format,
        )
        case = Case(recipe, x, [3, 2**40], 1)
        for fused in (True, False):
            check(case, augmented(case, fused))
        if kind in left:
            left.remove(kind)

    of()
    assert not left


def takes(operation, channels):
    """Whether an operation is defined for images of so many channels."""
    try:
        operation.node(ImageSpec(*SIDES[0], channels))
    except ValueError:
        return False
    return True


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(cases())
def test_draws(case):
    """The very doubles: one ulp in a number is another pixel somewhere."""
    ours = _core.draw(plan_of(case), samples_of(case), case.epoch, case.recipe.seed)
    for index, row in enumerate(ours):
        theirs = [value for leaf in leaves_of(case, index) for value in leaf.columns.values()]
        np.testing.assert_array_equal(row, theirs)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(
    st.lists(MIXING, min_size=1, max_size=3),
    st.sampled_from(["float32", "float64", "uint8"]),
    st.sampled_from(["channels_last", "channels_first"]),
    st.tuples(*[st.integers(1, 9)] * 3, st.integers(1, 4)),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_mixed_batches(mixing, dtype, data_format, shape, weighted, seed):
    """`Augment` itself here, since the core has no part in it."""
    ends = [] if dtype == "uint8" else [ops.Normalize(100, 50)]
    aug = Augment(
        ops.Flip(vertical=0.5), *ends, *mixing, seed=seed, dtype=dtype, data_format=data_format
    )
    random = np.random.RandomState(seed)
    x = random.randint(0, 256, shape).astype(np.uint8)
    keys = random.randint(0, 2**31, len(x)).tolist()
    labels = random.rand(len(x), 3) if weighted else random.randint(0, 3, len(x))
    made = aug(x, keys=keys, epoch=5, labels=labels)
    wanted = run(aug, x, keys, 5, labels)
    images, weights = wanted["images"], wanted["labels"]
    # Each operation truncates integers, and what is off by a hair may be one less.
    tolerance = len(mixing) + 0.001 if dtype == "uint8" else 1e-5
    np.testing.assert_allclose(made["images"].astype(np.float64), images, rtol=0, atol=tolerance)
    np.testing.assert_allclose(made["labels"], weights, atol=1e-6)


@settings(max_examples=EXAMPLES // 10, deadline=None, derandomize=True)
@given(mixtures(), st.booleans())
def test_a_mixture_is_that_of_its_chains(case, fused):
    result = augmented(case, fused)
    if case.recipe.data_format == "channels_first":
        result = result.transpose(0, 2, 3, 1)
    for index, ours in enumerate(result):
        found = leaves_of(case, index)
        [mixing] = [leaf for leaf in found if leaf.kind == "augmix"]
        low, high = np.zeros(ours.shape), np.zeros(ours.shape)
        for chain, weight in enumerate(mixing.columns.values()):
            own = [leaf for leaf in found if leaf.chain in (0, chain)]
            theirs, extent, _, _, grown = outcomes_of(case, index, own)
            tolerance = (VALUES + FLOAT * grown) * extent
            precision = 2 * np.finfo(np.float16).eps if case.recipe.dtype == "float16" else 1e-6
            spread = tolerance + precision * np.abs(theirs[0])
            low += weight * (theirs.min(0) - spread)
            high += weight * (theirs.max(0) + spread)
        assert (low <= ours).all()
        assert (ours <= high).all()
