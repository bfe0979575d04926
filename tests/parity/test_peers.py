"""Single operations against other libraries that define them alike.

The interpreter of recipes stands for ours. What differs by intent, see `docs/semantics.md`, is in
how operations follow each other, so there are single ones here only.
"""

from __future__ import annotations

import colorsys
import math

import cv2
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from scipy import ndimage

from batchwarp import ops
from batchwarp._reference import colors, coordinates, fields, sampling
from batchwarp._reference.draws import NEUTRAL, Size
from batchwarp._reference.tree import Leaf

HEIGHT, WIDTH = 23, 34


@pytest.fixture(params=range(3))
def levels(request):
    """Bytes, with both ends of the range, flat areas and grey pixels among them."""
    random = np.random.RandomState(request.param)
    image = random.randint(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    image[:4] = image[:4, :, :1]
    image[4:8] = 17 * request.param
    image[8, :2] = [[0, 0, 0], [255, 255, 255]]
    return image


@pytest.fixture
def unit(levels):
    return levels / 255.0


@pytest.fixture(scope="module")
def torchvision():
    """torchvision's functions on images from 0 to 1, channels last, in double."""
    functional = pytest.importorskip("torchvision.transforms.v2.functional")
    import torch

    def call(name, image, *arguments, **options):
        tensor = torch.from_numpy(np.ascontiguousarray(np.moveaxis(image, -1, 0)))
        result = getattr(functional, name)(tensor, *arguments, **options)
        return np.moveaxis(result.numpy(), 0, -1)

    return call


def clipped(image, high=1.0):
    return np.clip(image, 0, high)


def close(ours, theirs, tolerance=1e-6):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance)


FACTORS = [0.0, 0.4, 1.0, 1.7]
# torchvision rounds the weight of red to 0.2989.
GREY = 1.1e-4


@pytest.mark.parametrize("factor", FACTORS)
class TestFactors:
    def test_brightness(self, unit, torchvision, factor):
        ours = clipped(colors.brightness(unit, factor, 0))
        close(ours, torchvision("adjust_brightness", unit, factor))

    def test_contrast(self, unit, torchvision, factor):
        ours = clipped(colors.contrast(unit, factor))
        close(ours, torchvision("adjust_contrast", unit, factor), GREY * abs(1 - factor) + 1e-6)

    def test_saturation(self, unit, torchvision, factor):
        ours = clipped(colors.saturation(unit, factor))
        close(ours, torchvision("adjust_saturation", unit, factor), GREY * abs(1 - factor) + 1e-6)

    def test_sharpen(self, unit, torchvision, factor):
        ours = colors.sharpen(unit, factor, 0, 1)
        close(ours, torchvision("adjust_sharpness", unit, factor))

    @pytest.mark.parametrize(
        ("name", "function"),
        [
            ("Brightness", lambda x, factor: colors.brightness(x, factor, 0)),
            ("Contrast", lambda x, factor: colors.contrast(x, factor)),
            ("Color", lambda x, factor: colors.saturation(x, factor)),
            ("Sharpness", lambda x, factor: colors.sharpen(x, factor, 0, 255)),
        ],
    )
    def test_pillow(self, levels, factor, name, function):
        """Pillow rounds the grey of a pixel, the mean and the smoothed image to levels first."""
        theirs = getattr(ImageEnhance, name)(Image.fromarray(levels)).enhance(factor)
        ours = clipped(function(levels.astype(np.float64), factor), 255)
        close(ours, np.asarray(theirs), abs(1 - factor) * 1.01 + 1)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.2])
def test_gamma(unit, torchvision, gamma):
    close(colors.gamma(unit, gamma, 0, 1), torchvision("adjust_gamma", unit, gamma))


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.2])
def test_gamma_of_scikit_image(levels, gamma):
    exposure = pytest.importorskip("skimage.exposure")
    theirs = exposure.adjust_gamma(levels / 255.0, gamma)
    close(colors.gamma(levels.astype(np.float64), gamma, 0, 255) / 255, theirs)


@pytest.mark.parametrize("turns", [-0.5, -0.2, 0.0, 0.1, 0.5])
class TestHue:
    def test_torchvision(self, unit, torchvision, turns):
        close(colors.hue_hsv(unit, turns, 0, 1), torchvision("adjust_hue", unit, turns))

    def test_python(self, unit, turns):
        def turned(pixel):
            hue, saturation, value = colorsys.rgb_to_hsv(*pixel)
            return colorsys.hsv_to_rgb((hue + turns) % 1, saturation, value)

        close(colors.hue_hsv(unit, turns, 0, 1), np.apply_along_axis(turned, 2, unit))

    def test_scikit_image(self, levels, turns):
        color = pytest.importorskip("skimage.color")
        hsv = color.rgb2hsv(levels / 255.0)
        hsv[..., 0] = (hsv[..., 0] + turns) % 1
        ours = colors.hue_hsv(levels.astype(np.float64), turns, 0, 255)
        close(ours, color.hsv2rgb(hsv) * 255, 1e-4)

    def test_yiq_of_python(self, unit, turns):
        """Python's matrices have other digits, and are inverses of each other to some only."""

        def turned(pixel):
            y, i, q = colorsys.rgb_to_yiq(*pixel)
            angle = 2 * math.pi * turns
            cos, sin = math.cos(angle), math.sin(angle)
            return np.array([y, i * cos + q * sin, q * cos - i * sin])

        ours = colors.hue(unit, turns)
        theirs = np.apply_along_axis(turned, 2, unit)
        close(np.apply_along_axis(lambda pixel: colorsys.rgb_to_yiq(*pixel), 2, ours), theirs, 0.01)


def test_hue_goes_from_red_to_yellow():
    red = np.array([[[1.0, 0.0, 0.0]]])
    for turned in (clipped(colors.hue(red, 0.05)), colors.hue_hsv(red, 0.05, 0, 1)):
        assert turned[0, 0, 1] > 0.1
        assert turned[0, 0, 2] < 0.01


def test_invert(levels, torchvision):
    ours = colors.invert(levels.astype(np.float64), 0, 255)
    np.testing.assert_array_equal(ours, torchvision("invert", levels))
    np.testing.assert_array_equal(ours, np.asarray(ImageOps.invert(Image.fromarray(levels))))


@pytest.mark.parametrize("threshold", [0, 100, 255])
def test_solarize_of_levels(levels, threshold):
    ours = colors.solarize(levels.astype(np.float64), threshold / 255, 0, 255)
    theirs = ImageOps.solarize(Image.fromarray(levels), threshold)
    np.testing.assert_array_equal(ours, np.asarray(theirs))


@pytest.mark.parametrize("threshold", [0.0, 0.43, 1.0])
def test_solarize(unit, torchvision, threshold):
    close(colors.solarize(unit, threshold, 0, 1), torchvision("solarize", unit, threshold))


@pytest.mark.parametrize("bits", [1, 3, 7, 8])
def test_posterize_of_levels(levels, torchvision, bits):
    ours = colors.posterize(levels.astype(np.float64), bits, 0, 255)
    np.testing.assert_array_equal(ours, torchvision("posterize", levels, bits))
    theirs = ImageOps.posterize(Image.fromarray(levels), bits)
    np.testing.assert_array_equal(ours, np.asarray(theirs))


@pytest.mark.parametrize("bits", [1, 3, 7])
def test_posterize(unit, torchvision, bits):
    close(colors.posterize(unit, bits, 0, 1), torchvision("posterize", unit, bits))


def test_autocontrast(unit, torchvision):
    unit = 0.2 + 0.5 * unit
    unit[..., 1] = 0.3
    close(colors.autocontrast(unit, 0, 1), torchvision("autocontrast", unit))


def test_autocontrast_of_pillow(levels):
    """Pillow cuts to a level."""
    narrow = (levels // 2 + 30).astype(np.uint8)
    ours = colors.autocontrast(narrow.astype(np.float64), 0, 255)
    theirs = np.asarray(ImageOps.autocontrast(Image.fromarray(narrow)))
    close(ours - 0.5, theirs, 0.5001)


def test_autocontrast_of_scikit_image(levels):
    exposure = pytest.importorskip("skimage.exposure")
    narrow = levels[..., 0] * 0.4 + 30
    theirs = exposure.rescale_intensity(narrow, out_range=(0.0, 255.0))
    close(colors.autocontrast(narrow[..., None], 0, 255)[..., 0], theirs)


@pytest.mark.parametrize("darken", [1, 3])
@pytest.mark.parametrize("times", [1, 5])
def test_equalize(levels, torchvision, darken, times):
    """Images of fewer pixels than levels stay as they are, so some are repeated."""
    levels = np.tile(levels // np.uint8(darken), (times, 1, 1))
    ours = colors.equalize(levels.astype(np.float64), 0, 255)
    close(ours, torchvision("equalize", levels), 1e-9)
    close(ours, np.asarray(ImageOps.equalize(Image.fromarray(levels))), 1e-9)


def test_sharpen_of_scipy(unit):
    """As a convolution, away from the edges."""
    kernel = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13
    smooth = ndimage.convolve(unit, kernel[:, :, None])
    ours = colors.sharpen(unit, 1.8, 0, 1)
    close(ours[1:-1, 1:-1], clipped(smooth + 1.8 * (unit - smooth))[1:-1, 1:-1], 1e-12)
    close(ours[0], unit[0], 0)


@pytest.mark.parametrize("size", [1, 3, 7, 21])
@pytest.mark.parametrize("sigma", [0.1, 1.0, 3.0])
def test_gaussian_blur(unit, torchvision, sigma, size):
    ours = colors.gaussian_blur(unit, sigma, size)
    close(ours, torchvision("gaussian_blur", unit, [size, size], [sigma, sigma]))


@pytest.mark.parametrize("sigma", [0.1, 1.0, 3.0])
def test_gaussian_blur_of_scipy(unit, sigma):
    """Which has four times sigma on either side, unless told otherwise."""
    theirs = ndimage.gaussian_filter(
        unit, sigma, radius=math.ceil(3 * sigma), axes=(0, 1), mode="mirror"
    )
    close(colors.gaussian_blur(unit, sigma, None), theirs, 1e-12)


def test_gaussian_blur_of_opencv(unit):
    theirs = cv2.GaussianBlur(unit, (7, 7), 1.2, borderType=cv2.BORDER_REFLECT_101)
    close(colors.gaussian_blur(unit, 1.2, 7), theirs, 1e-12)


@pytest.mark.parametrize("level", [0.02, 0.5])
@pytest.mark.parametrize("sigma", [0.05, 0.3])
def test_gaussian_noise_is_as_strong(torchvision, level, sigma):
    """Where it is cut off and where not; the numbers are others."""
    import torch

    torch.manual_seed(0)
    grey = np.full((200, 200, 3), level)
    theirs = torchvision("gaussian_noise", grey, 0.0, sigma)
    columns = {"std": sigma, "key_low": 1.0, "key_high": 2.0}
    ours = clipped(colors.gaussian_noise(grey, columns, 0.0, 1.0))
    error = 5 * sigma / math.sqrt(grey.size)
    close(ours.mean(), theirs.mean(), error)
    close(ours.std(), theirs.std(), error)
    close((ours == 0).mean(), (theirs == 0).mean(), 5 / math.sqrt(grey.size))


SIZES = [(7, 5), (11, 40), (40, 11), (23, 9), (1, 1)]


@pytest.mark.parametrize("size", SIZES)
class TestAntialias:
    def test_torchvision(self, unit, torchvision, size):
        ours = sampling.antialiased(unit, (0, 0, HEIGHT, WIDTH), *size)
        close(ours, torchvision("resize", unit, list(size), antialias=True))

    def test_a_crop_of_torchvision(self, unit, torchvision, size):
        ours = sampling.antialiased(unit, (3, 4, 17, 25), *size)
        close(ours, torchvision("resized_crop", unit, 3, 4, 17, 25, list(size), antialias=True))

    def test_pillow(self, unit, size):
        channel = Image.fromarray(unit[..., 0].astype(np.float32))
        theirs = channel.crop((4, 3, 29, 20)).resize(size[::-1], Image.Resampling.BILINEAR)
        ours = sampling.antialiased(unit, (3, 4, 17, 25), *size)
        close(ours[..., 0], np.asarray(theirs))


def leaf(kind, **columns):
    return Leaf(
        kind, None, {**NEUTRAL[kind], **columns}, Size(HEIGHT, WIDTH, 3), acts=True, alone=True
    )


def sampled(image, matrix, **options):
    options = {"order": 1, "fill_mode": "grid-constant", "cval": 0.0, **options}
    return sampling.sampled(
        image, sampling.places_of(sampling.mapped(matrix, HEIGHT, WIDTH)), **options
    )


@pytest.mark.parametrize(
    ("columns", "theirs"),
    [
        ({"rotation": 20}, {"angle": -20}),
        ({"rotation": -200}, {"angle": 200}),
        ({"zoom": 1.3}, {"scale": 1.3}),
        ({"shear_x": 12}, {"shear": [-12, 0]}),
        ({"shear_y": 12}, {"shear": [0, -12]}),
        ({"shift_x": 3 / WIDTH, "shift_y": -2 / HEIGHT}, {"translate": [3, -2]}),
        (
            {"rotation": 20, "zoom": 0.8, "shear_x": -9},
            {"angle": -20, "scale": 0.8, "shear": [9, 0]},
        ),
    ],
)
def test_affine(unit, torchvision, columns, theirs):
    """There, angles are clockwise, and shears have the other sign."""
    from torchvision.transforms import InterpolationMode

    options = {"angle": 0, "translate": [0, 0], "scale": 1.0, "shear": [0, 0], **theirs}
    # Their mask beyond the edges is interpolated, too.
    inside = np.ones_like(unit)
    their_inside, their_image = (
        torchvision(
            "affine", image, **options, interpolation=InterpolationMode.BILINEAR, fill=[0.0]
        )
        for image in (inside, unit)
    )
    matrix = coordinates.affine(leaf("affine", **columns))
    whole = (their_inside > 1 - 1e-9) & (sampled(inside, matrix) > 1 - 1e-9)
    assert whole.mean() > 0.3
    close(np.where(whole, sampled(unit, matrix), 0), np.where(whole, their_image, 0), 1e-4)


def test_rotation_is_that_of_pillow(levels):
    image = Image.fromarray(levels[..., 0].astype(np.float32))
    theirs = np.asarray(image.rotate(30, Image.Resampling.BILINEAR))
    ours = sampled(levels.astype(np.float64), coordinates.affine(leaf("affine", rotation=30)))
    inside = slice(5, -5), slice(12, -12)
    close(ours[..., 0][inside], theirs[inside], 1e-2)


MOVES = {"x0": 0.3, "y0": 0.1, "x1": 0.2, "y1": 0.35, "x2": 0.0, "y2": 0.25, "x3": 0.05, "y3": 0.3}


def corners():
    """Of an image, and where `MOVES` takes them."""
    ends = np.array([(0, 0), (WIDTH - 1, 0), (WIDTH - 1, HEIGHT - 1), (0, HEIGHT - 1)], np.float64)
    inward = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
    moves = np.array(list(MOVES.values())).reshape(4, 2) * [WIDTH / 2, HEIGHT / 2]
    return ends, ends + inward * moves


class TestPerspective:
    def test_the_matrix_of_opencv(self):
        ends, places = (points.astype(np.float32) for points in corners())
        theirs = cv2.getPerspectiveTransform(places, ends)
        close(coordinates.perspective(leaf("perspective", **MOVES)), theirs, 1e-5)

    def test_the_image_of_scikit_image(self, unit):
        transform = pytest.importorskip("skimage.transform")
        ends, places = corners()
        theirs = transform.warp(
            unit,
            transform.ProjectiveTransform.from_estimate(places, ends),
            order=1,
            mode="constant",
        )
        matrix = coordinates.perspective(leaf("perspective", **MOVES))
        whole = sampled(np.ones_like(unit), matrix) > 1 - 1e-9
        close(np.where(whole, sampled(unit, matrix), 0), np.where(whole, theirs, 0))

    def test_torchvision(self, unit, torchvision):
        """There, the centre of the first pixel is at (0.5, 0.5)."""
        from torchvision.transforms import InterpolationMode

        points = [(each + 0.5).tolist() for each in corners()]
        theirs = torchvision(
            "perspective", unit, *points, interpolation=InterpolationMode.BILINEAR, fill=[0.0]
        )
        matrix = coordinates.perspective(leaf("perspective", **MOVES))
        whole = sampled(np.ones_like(unit), matrix) > 1 - 1e-9
        close(np.where(whole, sampled(unit, matrix), 0), np.where(whole, theirs, 0), 1e-4)


@pytest.mark.parametrize("order", range(6))
@pytest.mark.parametrize(
    "mode",
    [
        "nearest",
        "constant",
        "reflect",
        "mirror",
        "wrap",
        "grid-mirror",
        "grid-wrap",
        "grid-constant",
    ],
)
def test_sampling_is_that_of_affine_transform(unit, mode, order):
    """Which is what Keras calls: the modes mean the same, spline filters included."""
    matrix = np.array([[1.1, 0.31, -3.3], [-0.27, 0.93, 4.2], [0, 0, 1]])
    ours = sampled(unit, matrix, fill_mode=mode, order=order, cval=0.4)
    for channel in range(3):
        theirs = ndimage.affine_transform(
            unit[..., channel],
            matrix[:2, :2][::-1, ::-1],
            matrix[:2, 2][::-1],
            order=order,
            mode=mode,
            cval=0.4,
        )
        close(ours[..., channel], theirs, 1e-9)


def statistics(fields):
    """Standard deviation, and the correlations 1, 4 and 8 pixels to the right, away from edges."""
    inner = fields[..., 20:-20, 20:-20]
    variance = np.mean(inner**2)
    return np.sqrt(variance), [
        np.mean(inner[..., :-by] * inner[..., by:]) / variance for by in (1, 4, 8)
    ]


@pytest.mark.parametrize(("alpha", "sigma"), [(50.0, 5.0), (120.0, 3.0)])
def test_elastic_is_as_strong_and_as_smooth(alpha, sigma):
    """Theirs is in halves of the width and the height."""
    transforms = pytest.importorskip("torchvision.transforms.v2")
    import torch

    torch.manual_seed(0)
    side = 96
    transform = transforms.ElasticTransform(alpha, sigma)
    image = torch.zeros(1, side, side)
    theirs = np.stack(
        [transform.make_params([image])["displacement"][0].numpy() for _ in range(100)]
    )
    their_deviation, their_correlations = statistics(np.moveaxis(theirs, -1, 1) * side / 2)
    operation = ops.Elastic(alpha, sigma)
    places = np.mgrid[:side, :side].astype(np.float64)
    ours = [
        fields.elastic(
            Leaf(
                "elastic",
                operation,
                {"key_low": 7.0, "key_high": float(key)},
                Size(side, side, 3),
                acts=True,
                alone=True,
            ),
            places,
        )
        for key in range(100)
    ]
    deviation, correlations = statistics(np.stack(ours))
    np.testing.assert_allclose(deviation, their_deviation, rtol=0.06)
    np.testing.assert_allclose(deviation, 0.0814 * alpha / sigma, rtol=0.06)
    np.testing.assert_allclose(correlations, their_correlations, rtol=0, atol=0.05)


def test_grid_distortion_is_that_of_albumentations_but_for_its_joints(monkeypatch):
    """Their cells are of whole pixels, each of which reads its last pixel where the next begins."""
    albumentations = pytest.importorskip("albumentations")
    steps, size, limit = 5, Size(100, 120, 3), 0.9
    places = np.mgrid[: size.height, : size.width].astype(np.float64)
    ramps = np.stack([*places, places[0]], -1).astype(np.float32)
    transform = albumentations.GridDistortion(steps, (-limit, limit), p=1.0, border_mode=1)
    theirs = albumentations.Compose([transform], seed=5)(image=ramps)["image"][..., :2]
    lines = [theirs[:: size.height // steps, 0, 0], theirs[0, :: size.width // steps, 1]]
    extents = np.diff([[*one, end] for one, end in zip(lines, size, strict=False)])
    shares = extents / extents.max() * (1 + limit)
    drawn = (shares - 1 + limit) / (2 * limit) * 2**32
    monkeypatch.setattr(fields, "words", lambda *counter: (*drawn[:, counter[-1]], 0, 0))
    one = Leaf(
        "grid_distortion",
        ops.GridDistortion(steps, limit),
        {"key_low": 0.0, "key_high": 0.0},
        size,
        acts=True,
        alone=True,
    )
    ours = np.moveaxis(places + fields.grid_distortion(one, places), 0, -1)
    away = np.abs(theirs - np.moveaxis(places, 0, -1)).max()
    assert away > 10
    # A pixel of a cell, times how much it is stretched at most.
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=2)
