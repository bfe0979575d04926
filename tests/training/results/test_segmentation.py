"""What a model is said to make of the pixels of pictures."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from batchwarp.training.data.part import MaskedPart
from batchwarp.training.results.segmentation import evaluate_masks, iou, record

CLASSES = ("ground", "disc", "ring", "star")
# Two pictures of four pixels: of the first, one pixel of ground is taken for a disc and one of a
# disc for a ring; of the second, all are found. There is no star.
TRUE = np.array([[[0, 0], [1, 1]], [[0, 0], [0, 1]]], np.uint8)
FOUND = np.array([[[0, 1], [1, 2]], [[0, 0], [0, 1]]])


class Model:
    """A model that has found what is `FOUND`, and is sure of it to eight parts in ten."""

    def __init__(self, classes=4):
        self.classes = classes

    def predict_on_batch(self, images):
        found = FOUND[images[:, 0, 0, 0].astype(int)]
        return np.float32(0.6) * np.eye(self.classes, dtype=np.float32)[found] + np.float32(0.1)


class Flow(list):
    """Batches of one picture, whose first pixel is its number."""

    def __init__(self, masks=TRUE):
        images = np.zeros((2, 2, 2, 3), np.float32)
        images[1] = 1
        super().__init__((images[n : n + 1], masks[n : n + 1]) for n in range(2))


def part(**changes):
    return MaskedPart(**{"name": "test", "flow": Flow(), "sources": ["one", "two"], **changes})


def test_iou_by_hand():
    matrix = np.array([[4, 1, 0, 0], [0, 2, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    # Ground: 4 of 5; disc: 2 of 1 + 2 + 1; ring: none of the one that was taken for it.
    np.testing.assert_array_equal(iou(matrix), [0.8, 0.5, 0, math.nan])


def test_figures_by_hand():
    one = evaluate_masks(Model(), part(), CLASSES, most=5)
    np.testing.assert_array_equal(one.matrix[:2, :3], [[4, 1, 0], [0, 2, 1]])
    assert one.matrix.sum() == 8
    assert (one.part, one.count) == ("test", 2)
    assert one.mean_iou == pytest.approx((0.8 + 0.5 + 0) / 3)
    assert one.accuracy == 6 / 8
    np.testing.assert_array_equal(one.support, [5 / 8, 3 / 8, 0, 0])
    assert one.loss == pytest.approx(-(6 * math.log(0.7) + 2 * math.log(0.1)) / 8, rel=1e-6)


def test_the_worst_come_first():
    worst = evaluate_masks(Model(), part(), CLASSES, most=5).worst
    assert [picture.source for picture in worst] == ["one", "two"]
    # Of the first picture: ground 1 of 2, disc 1 of 3, ring 0 of 1.
    assert [picture.iou for picture in worst] == pytest.approx([(1 / 2 + 1 / 3 + 0) / 3, 1])
    for number, picture in enumerate(worst):
        np.testing.assert_array_equal(picture.image, Flow()[number][0][0])
        np.testing.assert_array_equal(picture.true, TRUE[number])
        np.testing.assert_array_equal(picture.predicted, FOUND[number])
    (only,) = evaluate_masks(Model(), part(), CLASSES, most=1).worst
    assert only.source == "one"


def test_the_figures_are_json():
    figures = record([evaluate_masks(Model(), part(), CLASSES, most=0)], CLASSES)
    assert json.loads(json.dumps(figures)) == figures
    assert figures["test"]["classes"]["disc"] == {"iou": 0.5, "support": 3 / 8}
    assert figures["test"]["classes"]["star"] == {"iou": None, "support": 0}
    assert figures["test"]["images"] == 2


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        (Model(3), {}, r"an output of shape \(1, 2, 2, 4\). Received: \(1, 2, 2, 3\)"),
        (Model(), {"flow": Flow(TRUE + 3)}, "4 classes. Received: values from 3 to 4"),
        (Model(), {"sources": ["one"]}, "should be 2 names. Received: 1"),
    ],
)
def test_what_does_not_fit_is_an_error(model, changes, message):
    with pytest.raises(ValueError, match=message):
        evaluate_masks(model, part(**changes), CLASSES, most=1)
