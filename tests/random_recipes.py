"""Random recipes of operations, and images to do them to: strategies of Hypothesis."""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from batchwarp import _core, ops
from batchwarp._reference.draws import Size
from batchwarp._reference.run import value_range
from batchwarp._reference.tree import size_after


def pair(least, most):
    return st.tuples(st.floats(least, most), st.floats(least, most)).map(
        lambda ends: tuple(sorted(ends))
    )


def lengths(least):
    """Lengths of `Erase`, a number or a pair."""
    pairs = st.tuples(st.integers(least, 12), st.integers(12, 40))
    return st.one_of(st.integers(least, 40), pairs)


VALUE = st.sampled_from([0, 0.5, -3])  # of holes
HALF = st.sampled_from([0.0, 0.5, 1.0])
PROBABILITY = st.sampled_from([1.0, 1.0, 0.5])
FACTOR = st.one_of(pair(0, 2.5), st.floats(0, 1.5))


# Strategies are kept: to make them takes longer than to draw from them.
@functools.cache
def moves(is_square, shorter, fields):
    """Coordinate operations that leave images their size, whose shorter side is given."""
    turns = st.sampled_from([(0, 1, 2, 3), (1,), (3,)] if is_square else [(0, 2)])
    # Above two thirds of what is accepted, images may fold.
    most = 0.6 * (1 - 1 / shorter)
    found = [
        st.builds(
            ops.Affine,
            rotation=st.one_of(st.floats(0, 180), pair(-180, 180), st.sampled_from([(90, 90)])),
            zoom=st.one_of(st.just(0), pair(0.5, 2)),
            shear=st.one_of(st.just(0), st.floats(0, 40)),
            shear_y=st.one_of(st.just(0), st.floats(0, 20)),
            shift=st.one_of(st.just(0), st.floats(0, 1.5)),
            p=PROBABILITY,
        ),
        st.builds(ops.Affine, shift=st.floats(0, 0.4), p=PROBABILITY),
        st.builds(ops.Flip, horizontal=HALF, vertical=HALF),
        st.builds(ops.Rotate90, turns=turns, p=PROBABILITY),
    ]
    if fields:
        found += [
            st.builds(ops.Elastic, alpha=st.floats(0.1, 80), sigma=st.floats(1, 12), p=PROBABILITY),
            st.builds(
                ops.GridDistortion,
                num_steps=st.integers(2, 12),
                distort_limit=st.one_of(st.floats(0, 0.5), pair(-0.8, 0.8)),
                p=PROBABILITY,
            ),
        ]
    if most > 0.1:
        found.append(st.builds(ops.Perspective, st.floats(0.05, most), p=PROBABILITY))
    return st.one_of(found)


@functools.cache
def compressions():
    """JPEG of any quality."""
    quality = st.integers(1, 100)
    pairs = st.tuples(quality, quality).map(lambda ends: tuple(sorted(ends)))
    return st.builds(ops.JpegCompression, st.one_of(quality, pairs), p=PROBABILITY)


@functools.cache
def colors(channels):
    """Operations that change colours."""
    found = [
        st.builds(ops.Brightness, FACTOR, p=PROBABILITY),
        st.builds(ops.Contrast, FACTOR, p=PROBABILITY),
        st.builds(ops.Invert, p=PROBABILITY),
        st.builds(ops.ChannelDrop, p=PROBABILITY),
        st.builds(ops.Gamma, pair(0.3, 3), p=PROBABILITY),
        # The core's thresholds are float32, in which the smallest ones are zero.
        st.builds(
            ops.Solarize,
            st.one_of(st.floats(0, 1).map(lambda at: round(at, 6)), pair(0.01, 1)),
            p=PROBABILITY,
        ),
        st.builds(ops.Posterize, st.sampled_from([0, 1, 4, (2, 6), (0, 8)])),
        st.builds(ops.AutoContrast, p=PROBABILITY),
        st.builds(ops.Equalize, p=PROBABILITY),
        st.builds(ops.Sharpen, FACTOR, p=PROBABILITY),
        st.builds(
            ops.GaussianBlur,
            st.one_of(st.just((0.1, 2.0)), pair(0, 4), st.sampled_from([0, 0.01, 30])),
            st.sampled_from([None, None, 1, 3, 9, 41]),
            p=PROBABILITY,
        ),
        st.builds(
            ops.GaussianNoise,
            st.one_of(st.just(0.05), pair(0, 0.5), st.sampled_from([0, 0.001, 1])),
            p=PROBABILITY,
        ),
        st.builds(
            ops.Erase,
            scale=pair(0.02, 0.6),
            ratio=pair(0.3, 3),
            value=VALUE,
            p=PROBABILITY,
        ),
        st.builds(
            ops.Erase, shape=st.just("square"), length=lengths(1), value=VALUE, p=PROBABILITY
        ),
        st.builds(
            ops.Erase,
            shape=st.just("grid"),
            length=lengths(2),
            hole_ratio=st.floats(0.01, 0.99),
            value=VALUE,
            p=PROBABILITY,
        ),
    ]
    if channels in (1, 3):
        found += [
            st.builds(ops.ChannelShift, st.floats(0, 0.4), p=PROBABILITY),
            compressions(),
            st.builds(ops.RandAugment, st.integers(1, 3), magnitude=st.integers(0, 30)),
            st.builds(ops.TrivialAugment, p=PROBABILITY),
        ]
    if channels == 3:
        found += [
            st.builds(ops.Saturation, FACTOR, p=PROBABILITY),
            st.builds(ops.Hue, st.floats(0, 0.5), p=PROBABILITY),
            st.builds(ops.Hue, st.floats(0, 0.5), mode=st.just("hsv"), p=PROBABILITY),
            st.builds(ops.Grayscale, p=PROBABILITY),
            st.builds(
                ops.ColorJitter,
                brightness=FACTOR,
                contrast=st.one_of(st.just(0), FACTOR),
                saturation=FACTOR,
                hue=st.floats(0, 0.5),
                p=PROBABILITY,
            ),
        ]
    return st.one_of(found)


def policies(members):
    """Policies over some operations."""
    return st.lists(members, min_size=1, max_size=4).flatmap(
        lambda found: st.one_of(
            st.builds(lambda p: ops.OneOf(*found, p=p), PROBABILITY),
            st.builds(
                lambda weights: ops.OneOf(*found, weights=weights),
                st.lists(st.floats(0.1, 5), min_size=len(found), max_size=len(found)),
            ),
            st.builds(
                lambda n, p: ops.SomeOf(n, *found, p=p),
                st.tuples(st.integers(0, 1), st.integers(1, len(found))),
                PROBABILITY,
            ),
            st.builds(lambda p: ops.Sequential(*found, p=p), PROBABILITY),
        )
    )


@functools.cache
def nested_policies(channels, *moving):
    """Policies over colours, `moves` and policies."""
    members = st.one_of(colors(channels), moves(*moving))
    return policies(st.one_of(members, policies(members)))


@functools.cache
def resizes(size, at_head):
    """Operations that set the size."""
    target = st.tuples(st.integers(1, 24), st.integers(1, 24))
    smaller = st.tuples(st.integers(1, size.height), st.integers(1, size.width))
    antialias = st.booleans() if at_head else st.just(False)
    around = st.integers(0, 3)
    return st.one_of(
        st.builds(ops.Resize, st.one_of(target, st.integers(1, 24)), antialias=antialias),
        st.builds(
            ops.RandomResizedCrop,
            target,
            scale=pair(0.05, 1),
            ratio=st.one_of(st.just((3 / 4, 4 / 3)), pair(0.3, 3)),
            antialias=antialias,
        ),
        st.builds(ops.RandomCrop, smaller, padding=st.one_of(around, st.tuples(*[around] * 4))),
        st.builds(ops.CenterCrop, smaller),
        st.builds(ops.Pad, st.one_of(around, st.tuples(*[around] * 2), st.tuples(*[around] * 4))),
    )


class Case(NamedTuple):
    """A recipe and what it is done to."""

    recipe: SimpleNamespace
    x: np.ndarray
    keys: list
    epoch: int


def pixels(kind, random, shape, low, high):
    if kind == "flat":
        return np.full(shape, low + (high - low) * random.rand())
    if kind == "two":
        return random.choice([low, high], shape)
    if kind == "gradient":
        ramp = np.linspace(low, high, shape[1])[:, None, None]
        return np.broadcast_to(ramp, shape).copy()
    return low + (high - low) * random.rand(*shape)


@st.composite
def cases(draw):
    channels = draw(st.sampled_from([3, 3, 3, 1, 2, 4]))
    size = Size(draw(st.integers(1, 24)), draw(st.integers(1, 24)), channels)
    dtype = draw(st.sampled_from(["uint8", "uint8", "uint16", "float16", "float32", "float64"]))
    given_range = draw(st.sampled_from([(0.0, 1.0), (0.0, 255.0), (-1.0, 1.0)]))
    low, high = value_range(None, np.dtype(dtype)) or given_range
    random = np.random.RandomState(draw(st.integers(0, 2**31)))
    kind = draw(st.sampled_from(["noise", "noise", "noise", "two", "gradient", "flat"]))
    x = pixels(kind, random, (3, *size), low, high).astype(dtype)

    found, head, at = [], True, size
    # What is rounded before it must be beyond doubt, as bytes are that nothing has been done to.
    if dtype == "uint8" and channels in (1, 3) and draw(st.booleans()):
        found.append(draw(compressions()))
    for _ in range(draw(st.integers(0, 5))):
        chosen = draw(st.sampled_from(["color", "color", "move", "policy", "size"]))
        fields = not any(one.fields for one in found)
        moving = (at.height == at.width, min(at.height, at.width), fields)
        if chosen == "color":
            operation = draw(colors(channels))
        elif chosen == "move":
            operation = draw(moves(*moving))
        elif chosen == "policy":
            operation = draw(nested_policies(channels, *moving))
        else:
            operation = draw(resizes(at, head))
        assume(len(operation.fields) < 2)
        at = size_after(operation, at)
        head = (
            head
            and chosen == "color"
            and not isinstance(operation, (ops.RandAugment, ops.TrivialAugment))
        )
        found.append(operation)
    outputs = ["float32", "float32", "float64"]
    # 65535 is more than it can hold.
    outputs += ["float16"] if high < 65535 else []
    outputs += ["uint8"] if dtype == "uint8" else []
    output = draw(st.sampled_from(outputs))
    if output != "uint8" and draw(st.booleans()):
        means = st.floats(low, high)
        std = st.floats((high - low) / 10, high - low)
        last = [
            st.builds(
                ops.Normalize,
                st.one_of(means, st.tuples(*[means] * channels)),
                st.one_of(std, st.tuples(*[std] * channels)),
            ),
            # float16 cannot hold what there is over the deviation of an image of one value.
            st.builds(ops.Standardize, st.booleans() if output != "float16" else st.just(True)),
            st.just(ops.Standardize(std=False)),
        ]
        found.append(draw(st.one_of(last)))
    order = draw(st.sampled_from([1, 1, 1, 1, 1, 0, 0, 2, 3, 4, 5]))
    recipe = SimpleNamespace(
        operations=tuple(found),
        seed=draw(st.integers(0, 2**64 - 1)),
        fill_mode=draw(st.sampled_from(_core.FILL_MODES)),
        cval=low + (high - low) * draw(st.sampled_from([0.0, 0.5, 1.0])),
        order=order,
        dtype=output,
        value_range=None if dtype.startswith("uint") else given_range,
        data_format=draw(st.sampled_from(["channels_last", "channels_last", "channels_first"])),
    )
    if recipe.data_format == "channels_first":
        x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    keys = draw(
        st.one_of(
            st.lists(st.integers(0, 2**63), min_size=3, max_size=3),
            st.lists(st.text(max_size=5), min_size=3, max_size=3),
        )
    )
    return Case(recipe, x, keys, draw(st.sampled_from([0, 1, 2**32 - 1])))


def images_of(case):
    if case.recipe.data_format == "channels_first":
        return case.x.transpose(0, 2, 3, 1)
    return case.x


ALPHA = st.floats(0.05, 5)
MIXING = st.one_of(
    *[
        st.builds(mixing, ALPHA, num_classes=st.just(3), p=PROBABILITY)
        for mixing in (ops.MixUp, ops.CutMix)
    ]
)


@st.composite
def mixtures(draw):
    """Cases whose recipe ends with `AugMix`, after what may come before it."""
    case = draw(cases())
    _, height, width, channels = images_of(case).shape
    # In a line of pixels, a turn about its middle has that one on the edge, and no other inside.
    assume(channels in (1, 3) and min(height, width) > 1)
    before = [one for one in case.recipe.operations if not one.is_last]
    mixed = draw(
        st.builds(
            ops.AugMix,
            severity=st.integers(1, 10),
            mixture_width=st.integers(1, 3),
            chain_depth=st.integers(-1, 3),
            alpha=st.sampled_from([0.2, 1, 5]),
            all_ops=st.booleans(),
            p=PROBABILITY,
        )
    )
    dtype = "float32" if case.recipe.dtype == "uint8" else case.recipe.dtype
    recipe = vars(case.recipe) | {"operations": (*before[:2], mixed), "dtype": dtype}
    return case._replace(recipe=SimpleNamespace(**recipe))
