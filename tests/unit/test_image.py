"""Functions on one image: a right answer or an error that says what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from batchwarp import image
from keras_reference import noise

NAN, INF = float("nan"), float("inf")
X = noise((6, 4, 5, 3))


@pytest.mark.parametrize("theta", [1e300, -1e18])
def test_huge_parameters_do_no_harm(theta):
    generator = batchwarp.ImageDataGenerator()
    x = X[0].astype("float32")
    for parameters in ({"tx": theta}, {"zx": theta, "zy": theta}, {"theta": theta}):
        result = generator.apply_transform(x, parameters)
        assert np.isfinite(result).all()
        assert result.min() >= x.min()
        assert result.max() <= x.max()


@pytest.mark.parametrize("name", ["theta", "tx", "ty", "shear", "zx", "zy"])
@pytest.mark.parametrize("value", [NAN, INF, "1"])
def test_parameters_of_a_transform(name, value):
    generator = batchwarp.ImageDataGenerator()
    with pytest.raises(ValueError, match=f"`{name}` should be a finite number"):
        generator.apply_transform(X[0], {name: value})


def test_other_parameters_of_a_transform():
    generator = batchwarp.ImageDataGenerator()
    with pytest.raises(ValueError, match="`intensity` should be a finite number"):
        generator.apply_transform(X[0], {"channel_shift_intensity": NAN})
    with pytest.raises(ValueError, match="`brightness` should be a finite number"):
        generator.apply_transform(X[0], {"brightness": INF})
    with pytest.raises(ValueError, match=r"multi-channel 2D images.*\(4, 5\)"):
        generator.apply_transform(X[0, :, :, 0], {"theta": 3})


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (image.apply_affine_transform, {"theta": 3}),
        (image.apply_channel_shift, {"intensity": 3}),
        (image.apply_brightness_shift, {"brightness": 0.5}),
        (image.array_to_img, {"data_format": "channels_first"}),
    ],
)
def test_empty_images(function, arguments):
    with pytest.raises(ValueError, match="should not be empty"):
        function(np.zeros((3, 0, 3)), **arguments)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (image.random_rotation, (NAN,), "`rg` should be a finite number"),
        (image.random_shift, (NAN, 0), "`wrg` should be a finite number"),
        (image.random_shift, (0, INF), "`hrg` should be a finite number"),
        (image.random_shear, (NAN,), "`intensity` should be a finite number"),
        (image.random_zoom, ((NAN, 1),), "`zoom_range` should be a finite number"),
        (image.random_channel_shift, (NAN,), "`intensity_range` should be a finite number"),
        (image.random_brightness, ((NAN, 1),), "`brightness_range` should be a finite number"),
        (image.apply_channel_shift, (3, 5), "has no axis `channel_axis` = 5"),
    ],
)
def test_arguments_of_image_functions(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(X[0].transpose(2, 0, 1), *arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fill_mode": "outside"}, "`fill_mode` should be one of"),
        ({"order": 7}, "`order` should be an integer from 0 to 5"),
        ({"cval": "x"}, "`cval` should be a finite number"),
    ],
)
def test_options_of_an_affine_transform(arguments, message):
    with pytest.raises(ValueError, match=message):
        image.apply_affine_transform(X[0].transpose(2, 0, 1), theta=3, **arguments)
    with pytest.raises(TypeError, match="`x` should be an array of real numbers"):
        image.apply_affine_transform(X[0].transpose(2, 0, 1).astype(complex), theta=3)
