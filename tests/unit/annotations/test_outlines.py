"""Polygons and run lengths: which are broken."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp.annotations.outlines import outline
from batchwarp.annotations.report import BadAnnotation


@pytest.mark.parametrize("seed", range(8))
def test_run_lengths_of_pycocotools_are_good(seed):
    mask = pytest.importorskip("pycocotools.mask")
    random = np.random.default_rng(seed)
    shape = tuple(int(extent) for extent in random.integers(1, 90, 2))
    pixels = random.random(shape) < [0.01, 0.5, 0.99, 0, 1, 0.2, 0.7, 0.001][seed]
    runs = mask.encode(np.asfortranarray(pixels.astype(np.uint8)))
    value = {"size": runs["size"], "counts": runs["counts"].decode()}
    values = np.repeat(np.arange(len(outline(value, *shape))) % 2 == 1, outline(value, *shape))
    np.testing.assert_array_equal(values.reshape(shape[::-1]).T, pixels)
    text = value["counts"]
    for broken in (text[:-1], text + "1", text[:-1] + "~", "Z" + text):
        with pytest.raises(BadAnnotation):
            outline({**value, "counts": broken}, *shape)


def test_run_lengths_as_a_list():
    value = {"size": [4, 5], "counts": [0, 7, 13]}
    assert outline(value, 4, 5).tolist() == [0, 7, 13]


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        [],
        {},
        {"size": [4, 5]},
        {"size": [5, 4], "counts": [20]},
        {"size": [4, 5], "counts": [21]},
        {"size": [4, 5], "counts": [25, -5]},
        {"size": [4, 5], "counts": [20.0]},
        {"size": [4, 5], "counts": [True] * 20},
        {"size": [4, 5], "counts": []},
        {"size": [4, 5], "counts": ""},
        [1, 2, 3, 4, 5, 6],
        [[]],
        [[0, 0, 1, 0, 1]],
        [[0, 0, 1, 0]],
        [[0, 0, 1, 0, 1, None]],
        [[0, 0, 1, 0, 1, float("nan")]],
        [[0, 0, 2, 2, 4, 4]],
        [[1, 1, 1, 1, 1, 1]],
        [[0, 0, 1, 0, 1, 5.5]],
        [[0, 0, 1, 0, 1, 1], [0, 0, 6.5, 0, 1, 1]],
    ],
)
def test_broken_outlines(value):
    with pytest.raises(BadAnnotation):
        outline(value, 4, 5)


def test_a_polygon_that_crosses_itself_has_an_area():
    (polygon,) = outline([[0, 0, 4, 4, 4, 0, 0, 4]], 4, 5)
    assert polygon.dtype == np.float64
