"""Arguments and attributes of a generator: a right answer or an error that says what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from keras_reference import noise

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        *(
            ({name: value}, rf"`{name}`.*(finite number|1-D array-like).*Received: .*{value}")
            for name in (
                "rotation_range",
                "width_shift_range",
                "height_shift_range",
                "shear_range",
                "zoom_range",
                "channel_shift_range",
                "rescale",
                "zca_epsilon",
            )
            for value in (NAN, INF, -INF)
        ),
        ({"rotation_range": "20"}, "`rotation_range` should be a finite number"),
        ({"rotation_range": [1, 2]}, "`rotation_range` should be a finite number"),
        ({"rotation_range": 1e308}, "`rotation_range` is too wide"),
        ({"shear_range": 1j}, "`shear_range` should be a finite number"),
        ({"width_shift_range": [0.1, NAN]}, "`width_shift_range` should be a float, an integer"),
        ({"width_shift_range": [[1, 2]]}, "`width_shift_range` should be a float, an integer"),
        ({"width_shift_range": [[1], [1, 2]]}, "`width_shift_range` should be a float, an integer"),
        ({"height_shift_range": ["a"]}, "`height_shift_range` should be a float, an integer"),
        ({"height_shift_range": "0.1"}, "`height_shift_range` should be a finite number"),
        ({"zoom_range": None}, "`zoom_range` should be a float or a tuple or list of two floats"),
        ({"zoom_range": (1, 2, 3)}, "`zoom_range` should be a float or a tuple or list"),
        ({"zoom_range": (1, NAN)}, "`zoom_range` should be a float or a tuple or list"),
        ({"zoom_range": "ab"}, "`zoom_range` should be a float or a tuple or list"),
        ({"brightness_range": 0.5}, "`brightness_range should be tuple or list of two floats"),
        ({"brightness_range": (1,)}, "`brightness_range should be tuple or list of two floats"),
        ({"brightness_range": (1, INF)}, "`brightness_range` should be a finite number"),
        ({"brightness_range": ("a", "b")}, "`brightness_range` should be a finite number"),
        ({"channel_shift_range": None}, "`channel_shift_range` should be a finite number"),
        ({"fill_mode": "mirrored"}, "`fill_mode` should be one of 'nearest'.*'mirrored'"),
        ({"fill_mode": None}, "`fill_mode` should be one of 'nearest'.*None"),
        ({"cval": "black"}, "`cval` should be a finite number. Received: 'black'"),
        ({"cval": None}, "`cval` should be a finite number. Received: None"),
        ({"cval": NAN}, "`cval` should be a finite number. Received: nan"),
        ({"interpolation_order": 6}, "`interpolation_order` should be an integer from 0 to 5"),
        ({"interpolation_order": -1}, "`interpolation_order` should be an integer from 0 to 5"),
        ({"interpolation_order": 1.0}, "`interpolation_order` should be an integer from 0 to 5"),
        ({"data_format": "channels_middle"}, '`data_format` should be `"channels_last"`'),
        ({"validation_split": 1.0}, "`validation_split` must be strictly between 0 and 1"),
        ({"validation_split": -0.1}, "`validation_split` must be strictly between 0 and 1"),
        ({"validation_split": NAN}, "`validation_split` must be strictly between 0 and 1"),
        ({"dtype": "float31"}, "`dtype` should be a floating-point or integer NumPy dtype"),
        ({"dtype": "complex64"}, "`dtype` should be a floating-point or integer NumPy dtype"),
        ({"dtype": "bool"}, "`dtype` should be a floating-point or integer NumPy dtype"),
        ({"dtype": "str"}, "`dtype` should be a floating-point or integer NumPy dtype"),
        ({"zca_epsilon": -1e-6}, "`zca_epsilon` should be at least 0"),
        ({"split": "random"}, '`split` should be `None`, "stratified" or "hash"'),
        ({"split_seed": -1}, "`split_seed` should be an integer from 0"),
    ],
)
def test_arguments_of_a_generator(arguments, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        batchwarp.ImageDataGenerator(**arguments)


def test_a_preprocessing_function_that_is_none():
    with pytest.raises(TypeError, match="`preprocessing_function` should be a function"):
        batchwarp.ImageDataGenerator(preprocessing_function=3)


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("rotation_range", NAN, "`rotation_range` should be a finite number"),
        ("zoom_range", None, "`zoom_range` should be a tuple or list of two floats"),
        ("brightness_range", (1, 2, 3), "`brightness_range` should be a tuple or list"),
        ("fill_mode", "mirrored", "`fill_mode` should be one of"),
        ("interpolation_order", 9, "`interpolation_order` should be an integer"),
        ("rescale", INF, "`rescale` should be a finite number"),
    ],
)
def test_attributes_that_are_set_later(attribute, value, message):
    generator = batchwarp.ImageDataGenerator(featurewise_center=True)
    flow = generator.flow(noise((2, 4, 4, 1)))
    setattr(generator, attribute, value)
    with pytest.raises(ValueError, match=message):
        next(flow)


X = noise((6, 4, 5, 3))


def test_standardising_integers():
    generator = batchwarp.ImageDataGenerator(rescale=0.5)
    with pytest.raises(TypeError, match=r"`x` of dtype uint8 cannot hold.*astype\(\"float32\"\)"):
        generator.standardize(X.copy())
    generator = batchwarp.ImageDataGenerator(rescale=0.5, dtype="uint8")
    with pytest.raises(TypeError, match="`x` of dtype uint8 cannot hold"):
        next(generator.flow(X))
    np.testing.assert_array_equal(batchwarp.ImageDataGenerator().standardize(X), X)


def test_the_generator_describes_its_layout():
    first = batchwarp.ImageDataGenerator(data_format="channels_first")
    assert (first.channel_axis, first.row_axis, first.col_axis) == (1, 2, 3)
    last = batchwarp.ImageDataGenerator()
    assert (last.channel_axis, last.row_axis, last.col_axis) == (3, 1, 2)
