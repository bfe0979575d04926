"""`_core.resize` and `_core.luma` give the bytes of the installed Pillow."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, __version__

from batchwarp import _core

METHODS = _core.INTERPOLATIONS
CHANNELS = (1, 3, 4)
PILLOW = tuple(int(part) for part in __version__.split(".")[:2])
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def noise(height, width, channels, seed=0):
    rng = np.random.default_rng([height, width, channels, seed])
    pixels = rng.integers(0, 256, (height, width, channels), np.uint8)
    # Black and white make filters with negative weights overshoot; alpha of 0 and 255 is special.
    return np.where(rng.random(pixels.shape) < 0.3, pixels // 128 * 255, pixels).astype(np.uint8)


def pillow(image, size, method, box=None):
    channels = image.shape[2]
    plane = image[:, :, 0] if channels == 1 else image
    made = Image.fromarray(np.ascontiguousarray(plane))
    assert made.mode == MODES[channels]
    resized = made.resize(size[::-1], Image.Resampling[method.upper()], box)
    return np.asarray(resized).reshape(*size, channels)


def ours(image, size, method, box=None, release=PILLOW):
    out = np.full((*size, image.shape[2]), 77, np.uint8)
    _core.resize(image, out, method, box, pillow=release)
    return out


def check(image, size, method, box=None):
    np.testing.assert_array_equal(
        ours(image, size, method, box), pillow(image, size, method, box), f"{size} {method} {box}"
    )


# (height, width) of source and target: up, down, both, one axis, long and thin, single pixels.
SIZES = [
    ((1, 1), (1, 1)),
    ((1, 1), (7, 5)),
    ((9, 13), (1, 1)),
    ((2, 3), (300, 1)),
    ((1, 300), (3, 2)),
    ((300, 2), (5, 300)),
    ((64, 64), (64, 64)),
    ((64, 48), (64, 100)),
    ((64, 48), (20, 48)),
    ((37, 53), (53, 37)),
    ((100, 75), (33, 25)),
    ((299, 187), (150, 150)),
    ((31, 257), (224, 17)),
    ((150, 150), (149, 151)),
    ((5, 290), (6, 16)),
]


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("method", METHODS)
def test_sizes(method, channels):
    for source, target in SIZES:
        check(noise(*source, channels), target, method)


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("method", METHODS)
def test_every_width_of_a_row(method, channels):
    """Kernels work on blocks of pixels: each length of what is left over."""
    for width in range(1, 70):
        check(noise(3, 29, channels), (2, width), method)
        check(noise(3, width, channels), (5, 23), method)


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("method", METHODS)
def test_boxes(method, channels):
    image = noise(60, 80, channels)
    for box in [
        (0, 0, 80, 60),
        (10, 0, 80, 60),
        (0, 5, 80, 60),
        (11, 7, 41, 47),
        (79, 59, 80, 60),
        (0, 30, 3, 31),
        (20, 10, 60, 50),
    ]:
        for size in [(40, 40), (60, 80), (1, 1), (40, 17), (13, 40), (90, 33)]:
            check(image, size, method, box)


@pytest.mark.parametrize(
    ("release", "source", "target", "vertical"),
    [
        ((10, 1), (300, 2), (20, 5), False),
        ((12, 1), (300, 2), (20, 5), False),
        ((12, 2), (300, 2), (20, 5), True),
        ((12, 3), (200, 2), (20, 5), False),
        ((12, 3), (201, 2), (20, 5), True),
        ((12, 3), (201, 2), (202, 5), False),
        ((13, 0), (60, 40), (30, 25), False),
        ((13, 0), (60, 40), (30, 26), True),
        ((13, 0), (60, 40), (59, 45), True),
        ((13, 0), (60, 40), (61, 45), False),
        ((14, 0), (60, 40), (30, 26), True),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_order_of_passes_is_that_of_the_release(release, source, target, vertical, channels):
    """A resize along one axis has no order, so two of Pillow's make either on every release."""
    image = noise(*source, channels)
    between = (target[0], source[1]) if vertical else (source[0], target[1])
    expected = pillow(pillow(image, between, "lanczos"), target, "lanczos")
    np.testing.assert_array_equal(ours(image, target, "lanczos", release=release), expected)


@st.composite
def cases(draw):
    extents = st.integers(1, 300) | st.integers(1, 12)
    height, width = draw(extents), draw(extents)
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    box = (left, top, draw(st.integers(left + 1, width)), draw(st.integers(top + 1, height)))
    image = noise(height, width, draw(st.sampled_from(CHANNELS)), draw(st.integers(0, 99)))
    size = draw(st.tuples(extents, extents))
    return image, size, draw(st.sampled_from(METHODS)), draw(st.none() | st.just(box))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(cases())
def test_any_image_size_and_box(case):
    check(*case)


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("method", METHODS)
def test_any_strides(method, channels):
    wide = noise(90, 120, channels + 2)
    views = {
        "gaps between pixels": wide[:, :, 1 : channels + 1],
        "channels reversed": noise(45, 60, channels)[:, :, ::-1],
        "every second pixel": noise(90, 120, channels)[::2, ::2],
        "upside down": noise(45, 60, channels)[::-1],
        "mirrored": noise(45, 60, channels)[:, ::-1],
        "transposed": noise(60, 45, channels).transpose(1, 0, 2),
        "planes": np.ascontiguousarray(noise(45, 60, channels).transpose(2, 0, 1)).transpose(
            1, 2, 0
        ),
        "a crop": noise(90, 120, channels)[20:65, 30:90],
        "one pixel": np.broadcast_to(noise(1, 1, channels), (45, 60, channels)),
    }
    for name, view in views.items():
        expected = pillow(view, (21, 33), method)
        np.testing.assert_array_equal(ours(view, (21, 33), method), expected, name)


@pytest.mark.parametrize("method", METHODS)
def test_only_the_target_is_written(method):
    batch = np.full((3, 20, 24, 3), 77, np.uint8)
    image = noise(31, 17, 3)
    _core.resize(image, batch[1, 2:18, 3:20], method, pillow=PILLOW)
    np.testing.assert_array_equal(batch[1, 2:18, 3:20], pillow(image, (16, 17), method))
    batch[1, 2:18, 3:20] = 77
    assert (batch == 77).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_large_photograph(method):
    check(noise(768, 1024, 3), (224, 224), method)


def test_many_threads():
    images = [noise(50 + k, 90 - k, CHANNELS[k % 3], k) for k in range(24)]
    expected = [pillow(image, (30, 40), "lanczos") for image in images]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            made = pool.map(lambda image: ours(image, (30, 40), "lanczos"), images)
            for got, want in zip(made, expected, strict=True):
                np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (1, 67), (40, 31), (7, 128)])
def test_luma(size):
    image = noise(*size, 3)
    out = np.empty((*size, 1), np.uint8)
    for view in (image, image[::-1, ::-1], image[:, :, ::-1]):
        _core.luma(view, out)
        expected = np.asarray(Image.fromarray(np.ascontiguousarray(view)).convert("L"))
        np.testing.assert_array_equal(out[:, :, 0], expected)


def test_luma_of_every_grey_and_primary():
    levels = np.arange(256, dtype=np.uint8)
    image = np.zeros((4, 256, 3), np.uint8)
    image[:3, :, :] = np.eye(3, dtype=np.uint8)[:, None] * levels[None, :, None]
    image[3] = levels[:, None]
    out = np.empty((4, 256, 1), np.uint8)
    _core.luma(image, out)
    np.testing.assert_array_equal(out[:, :, 0], np.asarray(Image.fromarray(image).convert("L")))
    np.testing.assert_array_equal(out[3, :, 0], levels)


def frozen(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"src": [[[1]]]}, TypeError, "`src` must be a NumPy array"),
        ({"src": noise(6, 5, 3)[0]}, ValueError, "`src` must be uint8 of shape"),
        ({"src": noise(6, 5, 3) / 2}, ValueError, "`src` must be uint8 .* dtype float64"),
        ({"src": noise(6, 5, 2)}, ValueError, "`src` must have 1, 3 or 4 channels. Received: 2"),
        ({"src": noise(6, 5, 3)[:0]}, ValueError, "`src` must have extents from 1 .* height 0"),
        ({"dst": noise(4, 4, 1)}, ValueError, "`dst` must have as many channels as `src`, 3"),
        ({"dst": frozen(noise(4, 4, 3))}, ValueError, "`dst` must be writable"),
        ({"dst": noise(4, 8, 3)[:, ::2]}, ValueError, "`dst` must have the pixels of a row"),
        ({"dst": noise(4, 4, 3).view(np.int8)}, ValueError, "`dst` must be uint8 .* dtype int8"),
        ({"interpolation": "linear"}, ValueError, '`interpolation` must be one of .*"linear"'),
        ({"box": (0, 0, 6, 6)}, ValueError, r"`box` must be .* Received: \(0, 0, 6, 6\)"),
        ({"box": (3, 0, 3, 6)}, ValueError, "`box` must be .* at least one pixel"),
        ({"box": (0, 0, 5)}, ValueError, "`box` must be four integers"),
        ({"box": (0, 0, 2.5, 3)}, ValueError, "`box` must be four integers"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_written(changed, error, message):
    arguments = {"src": noise(6, 5, 3), "dst": noise(4, 4, 3), "interpolation": "bilinear"}
    arguments |= changed
    before = np.copy(arguments["dst"])
    with pytest.raises(error, match=message):
        _core.resize(**arguments)
    np.testing.assert_array_equal(arguments["dst"], before)


@pytest.mark.parametrize(
    ("src", "dst", "message"),
    [
        (noise(6, 5, 4), noise(6, 5, 1), "`src` must have 3 channels. Received: 4"),
        (noise(6, 5, 3), noise(5, 6, 1), "`dst` must have the height and width of `src`, 6 x 5"),
        (noise(6, 5, 3), noise(6, 5, 3), "`dst` must .* Received: 6 x 5 x 3"),
    ],
)
def test_luma_refuses_other_shapes(src, dst, message):
    with pytest.raises(ValueError, match=message):
        _core.luma(src, dst)


def test_memory_that_cannot_be_had_is_an_error():
    """The rows that an output row is made of would take 400 TB."""
    endless = np.broadcast_to(np.zeros((1, 1, 1), np.uint8), (2**31 - 1, 5, 1))
    with pytest.raises(MemoryError):
        _core.resize(endless, np.empty((1, 200_000, 1), np.uint8), "bilinear", pillow=(10, 1))
