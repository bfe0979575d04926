"""Formats of boxes are Keras'."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp._reference.targets import expressed
from batchwarp.targets.formats import FORMATS, one_format, to_edges

HEIGHT, WIDTH = 30, 50
EDGES = np.array([[3, 4, 20, 29.5], [0, 0, 50, 30], [-4, 8, 1, 8], [10, 2, 10, 2]])


def test_names_are_those_of_keras(keras):
    from keras.src.layers.preprocessing.image_preprocessing.bounding_boxes import bounding_box

    assert bounding_box.SUPPORTED_FORMATS == FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_those_of_keras(keras, name):
    def theirs(boxes, source, target):
        convert = keras.utils.bounding_boxes.convert_format
        return np.asarray(convert(boxes, source, target, HEIGHT, WIDTH, dtype="float64"))

    boxes = theirs(EDGES, "xyxy", name)
    np.testing.assert_allclose(expressed(EDGES, name, HEIGHT, WIDTH), boxes, rtol=1e-12)
    np.testing.assert_allclose(to_edges(boxes, name, HEIGHT, WIDTH), EDGES, rtol=1e-12, atol=1e-12)
    # Keras accepts names in any case.
    np.testing.assert_array_equal(theirs(boxes, name.upper(), one_format(name.upper())), boxes)


@pytest.mark.parametrize("name", FORMATS)
def test_there_and_back(name):
    boxes = np.random.RandomState(0).rand(100, 4)
    before = boxes.copy()
    back = expressed(to_edges(boxes, name, HEIGHT, WIDTH), name, HEIGHT, WIDTH)
    np.testing.assert_allclose(back, before, atol=1e-14)
    np.testing.assert_array_equal(boxes, before)


@pytest.mark.parametrize("value", ["xyxyz", "rel_center_yxhw", "", None, 4, ["xyxy"]])
def test_other_names(value):
    with pytest.raises(ValueError, match="`bounding_box_format` should be one of 'xyxy', "):
        one_format(value)
