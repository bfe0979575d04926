"""Bit for bit what Pillow makes of an image that it writes as JPEG and reads again."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, features

from batchwarp import Augment, ops
from batchwarp._reference.jpeg import compressed

pytestmark = pytest.mark.skipif(
    not features.check_feature("libjpeg_turbo"), reason="Pillow's libjpeg is another one"
)


def written_and_read(image, quality):
    """Returns what Pillow reads of what it has written."""
    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(
        file, "JPEG", quality=quality
    )
    with Image.open(file) as found:
        return np.asarray(found).reshape(image.shape)


def picture(kind, random, shape):
    """Returns bytes: noise, black and white, something smooth, or one colour."""
    if kind == "noise":
        return random.randint(0, 256, shape).astype(np.uint8)
    if kind == "extremes":
        return random.choice([0, 255], shape).astype(np.uint8)
    if kind == "smooth":
        walk = random.normal(0, 4, shape).cumsum(0).cumsum(1) / 4
        return np.clip(random.randint(0, 256) + walk, 0, 255).astype(np.uint8)
    return np.broadcast_to(random.randint(0, 256, shape[2]), shape).astype(np.uint8)


def cases(count):
    """Yields random images and qualities, the smallest sizes among them."""
    random = np.random.RandomState(11)
    for number in range(count):
        kind = ("noise", "extremes", "smooth", "flat")[number % 4]
        most = (4, 20, 70)[number % 3]
        height, width = random.randint(1, most, 2)
        channels = random.choice([1, 3])
        yield picture(kind, random, (height, width, channels)), int(random.randint(1, 101))


DTYPES = ("uint8", "float16", "float32", "float64")


def compression(quality, **options):
    return Augment(ops.JpegCompression(quality), seed=1, **options)


def test_bytes_become_pillows():
    for number, (image, quality) in enumerate(cases(400)):
        dtype = DTYPES[number % len(DTYPES)]
        ours = compression(quality, dtype=dtype)(image[None], keys=[0])[0]
        theirs = written_and_read(image, quality)
        np.testing.assert_array_equal(ours, theirs, f"{image.shape}, {quality}, {dtype}")


def test_channels_first():
    for image, quality in cases(40):
        aug = compression(quality, dtype="uint8", data_format="channels_first")
        ours = aug(np.moveaxis(image, -1, 0)[None], keys=[0])[0]
        np.testing.assert_array_equal(np.moveaxis(ours, 0, -1), written_and_read(image, quality))


def test_all_qualities_of_the_interpreter():
    random = np.random.RandomState(3)
    for quality in range(1, 101):
        image = picture("smooth", random, (21, 35, 3))
        ours = compressed(image.astype(np.int64), quality)
        np.testing.assert_array_equal(ours, written_and_read(image, quality))


@pytest.mark.parametrize("ends", [(0, 1), (-1, 1), (0, 65535)], ids=str)
def test_other_value_ranges_have_256_levels(ends):
    low, high = ends
    for image, quality in cases(20):
        levels = image.astype(np.float64)
        values = (low + levels * (high - low) / 255).astype(np.float32)
        aug = compression(quality, value_range=ends, dtype="float64")
        theirs = low + written_and_read(image, quality) * ((high - low) / 255)
        np.testing.assert_allclose(aug(values[None], keys=[0])[0], theirs, atol=1e-9 * (high - low))


def test_uint16_has_256_levels():
    for image, quality in cases(20):
        values = image.astype(np.uint16) * 257
        theirs = written_and_read(image, quality).astype(np.float32) * 257
        np.testing.assert_array_equal(compression(quality)(values[None], keys=[0])[0], theirs)


def test_values_in_between_go_to_the_nearest_level():
    image = np.full((1, 9, 9, 1), 99.5, np.float32)
    aug = compression(100, value_range=(0, 255))
    np.testing.assert_array_equal(aug(image, keys=[0]), np.full_like(image, 100))
    np.testing.assert_array_equal(aug(image - 0.01, keys=[0]), np.full_like(image, 99))


def test_all_qualities_of_a_range_are_drawn():
    random = np.random.RandomState(5)
    x = np.repeat(picture("smooth", random, (1, 24, 24, 3)[1:])[None], 64, axis=0)
    made = compression((40, 43), dtype="uint8")(x, keys=range(64))
    possible = [written_and_read(x[0], quality) for quality in range(40, 44)]
    found = [[np.array_equal(one, other) for other in possible] for one in made]
    assert np.array(found).any(axis=1).all()
    assert np.array(found).any(axis=0).all()


def test_threads_and_places_make_no_difference():
    random = np.random.RandomState(6)
    x = np.stack([picture("noise", random, (50, 60, 3)) for _ in range(9)])
    aug = compression((5, 95))
    whole = aug(x, keys=range(9))
    for index in range(9):
        np.testing.assert_array_equal(aug(x[index : index + 1], keys=[index])[0], whole[index])


def test_beside_other_operations():
    """A run before it is cut off, and what comes after it sees its result."""
    random = np.random.RandomState(7)
    image = picture("smooth", random, (30, 33, 3))
    for fused in (True, False):
        aug = Augment(
            ops.Invert(),
            ops.Flip(1),
            ops.JpegCompression(20),
            ops.Invert(),
            seed=1,
            dtype="uint8",
            fused=fused,
        )
        theirs = 255 - written_and_read(np.ascontiguousarray(255 - image[:, ::-1]), 20)
        np.testing.assert_array_equal(aug(image[None], keys=[0])[0], theirs)
