"""What a model made of pictures, against figures worked out by hand."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import batchwarp
from batchwarp.training.data.part import Part
from batchwarp.training.results import evaluation
from batchwarp.training.results.evaluation import Evaluation, evaluate, record, write_misclassified

CLASSES = ("A", "B", "C")
# Rows are pictures; their classes are 0, 0, 1, 1, 1, 2.
LABELS = np.array([0, 0, 1, 1, 1, 2])
SOFTMAX = np.array(
    [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.6, 0.1], [0.9, 0.1, 0], [0, 1, 0], [0.4, 0.5, 0.1]]
)


class Model:
    """Gives fixed outputs for pictures whose first pixel is their number."""

    def __init__(self, outputs, *, first=0):
        self.outputs = np.asarray(outputs, np.float32)
        self.first = first
        self.sizes = []

    def predict_on_batch(self, x):
        self.sizes.append(len(x))
        return self.outputs[np.rint(x[:, 0, 0, 0] * 1000).astype(int)]


class Batches:
    """A flow of any pictures."""

    def __init__(self, x, size, *, with_labels=True):
        self.x, self.size, self.with_labels = x, size, with_labels

    def __len__(self):
        return -(-len(self.x) // self.size)

    def __getitem__(self, index):
        part = self.x[self.size * index : self.size * (index + 1)]
        return (part, None) if self.with_labels else part


def numbered(count, *, shape=(3, 4, 1)):
    """Returns pictures whose pixels are a thousandth of their number."""
    numbers = np.arange(count, dtype=np.float32) / np.float32(1000)
    return np.ones((count, *shape), np.float32) * numbers[:, None, None, None]


def part_of(x, labels, *, size=4, name="test", with_labels=True):
    sources = [f"picture {row}" for row in range(len(labels))]
    return Part(name, Batches(x, size, with_labels=with_labels), np.asarray(labels), sources)


@pytest.fixture
def three_classes():
    return evaluate(Model(SOFTMAX), part_of(numbered(6), LABELS), CLASSES)


def test_confusion_and_what_follows_from_it(three_classes):
    assert three_classes.part == "test"
    assert three_classes.matrix.tolist() == [[1, 1, 0], [1, 2, 0], [0, 1, 0]]
    assert three_classes.matrix.dtype == np.int64
    assert (three_classes.count, three_classes.wrong, three_classes.unread) == (6, 3, 0)
    assert three_classes.accuracy == 0.5
    # Nothing was taken for C: its precision is 0, and not an error or a warning.
    np.testing.assert_allclose(three_classes.precision, [1 / 2, 2 / 4, 0])
    np.testing.assert_allclose(three_classes.recall, [1 / 2, 2 / 3, 0])
    np.testing.assert_allclose(three_classes.f1, [1 / 2, 4 / 7, 0])
    assert three_classes.support.tolist() == [2, 3, 1]


def test_loss_is_the_mean_cross_entropy(three_classes):
    # The last but one is certain, and right: its logarithm is that of 1 - 1e-7.
    logarithms = np.log([0.7, 0.1, 0.6, 0.1, 1 - 1e-7, 0.1])
    assert three_classes.loss == pytest.approx(-logarithms.mean(), rel=1e-6)


def test_loss_is_finite_where_the_model_was_certain_and_wrong():
    result = evaluate(Model([[1, 0]]), part_of(numbered(1), [1]), ("A", "B"))
    assert result.loss == pytest.approx(-math.log(1e-7))


def test_misclassified_pictures_come_surest_first(three_classes):
    mistakes = three_classes.misclassified
    found = [(one.source, one.true, one.predicted, round(one.probability, 6)) for one in mistakes]
    assert found == [("picture 3", 1, 0, 0.9), ("picture 1", 0, 1, 0.8), ("picture 5", 2, 1, 0.5)]
    assert {one.part for one in mistakes} == {"test"}
    np.testing.assert_array_equal(mistakes[0].image, numbered(6)[3])


def test_sigmoid_output_is_the_probability_of_class_1():
    model = Model([[0.2], [0.9], [0.5], [0.6]])
    result = evaluate(model, part_of(numbered(4), [0, 0, 1, 1]), ("O", "X"))
    # Even odds are no sign of class 1, as with `> 0.5`.
    assert result.matrix.tolist() == [[1, 1], [1, 1]]
    assert result.loss == pytest.approx(-np.log([0.8, 0.1, 0.5, 0.6]).mean(), rel=1e-6)
    assert [(one.source, round(one.probability, 6)) for one in result.misclassified] == [
        ("picture 1", 0.9),
        ("picture 2", 0.5),
    ]


@pytest.mark.parametrize("most", [0, 1, 7, 700])
def test_no_more_misclassified_pictures_than_asked_for(most):
    count = 700
    sureness = np.random.default_rng(0).permutation(count) / (2 * count) + 0.5
    model = Model(sureness[:, None])
    part = part_of(numbered(count), np.zeros(count, int), size=32)
    result = evaluate(model, part, ("O", "X"), most=most)
    assert result.wrong == count - 1  # one has exactly even odds
    expected = np.argsort(-sureness)[: min(most, count - 1)]
    assert [one.source for one in result.misclassified] == [f"picture {row}" for row in expected]


@pytest.mark.parametrize("size", [1, 30, 5000])
@pytest.mark.parametrize("with_labels", [True, False])
def test_batches_of_any_size_reach_the_model_in_pieces_of_one_size(size, with_labels):
    count = 1100
    model = Model(np.tile([0.1, 0.9], (count, 1)))
    part = part_of(numbered(count), np.ones(count, int), size=size, with_labels=with_labels)
    assert evaluate(model, part, ("A", "B")).accuracy == 1
    assert model.sizes == [512, 512, 76]


def test_large_pictures_reach_the_model_in_small_pieces():
    model = Model(np.tile([0.1, 0.9], (70, 1)))
    part = part_of(numbered(70, shape=(150, 150, 3)), np.ones(70, int), size=20)
    evaluate(model, part, ("A", "B"))
    assert model.sizes == [32, 32, 6]


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0, 1, [0, 1]), (0.2, 0.5, [0.2, 0.5]), (-3, 5, [0, 1])]
)
def test_pictures_are_scaled_for_display_only_if_they_must_be(low, high, expected):
    x = np.full((1, 2, 2, 1), low, np.float32)
    x[0, 1, 1] = high

    class Wrong:
        def predict_on_batch(self, x):
            return np.ones((len(x), 1), np.float32)

    (mistake,) = evaluate(Wrong(), part_of(x, [0]), ("O", "X")).misclassified
    np.testing.assert_allclose([mistake.image.min(), mistake.image.max()], expected)
    assert mistake.image.dtype == np.float32
    assert not np.shares_memory(mistake.image, x)


def test_a_model_that_has_diverged_is_reported_as_such():
    result = evaluate(Model(np.full((3, 2), np.nan)), part_of(numbered(3), [0, 1, 1]), ("A", "B"))
    assert math.isnan(result.loss)
    assert len(result.misclassified) == result.wrong
    assert record([result], ("A", "B"))["test"]["loss"] is None


@pytest.mark.parametrize("on_error", ["zeros", "skip"])
def test_files_that_cannot_be_read_are_left_out(tmp_path, on_error):
    for name, value in (("a/0.png", 0), ("a/1.png", 1), ("b/0.png", 2), ("b/2.png", 3)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (4, 3), value).save(tmp_path / name)
    (tmp_path / "b" / "1.png").write_bytes(b"this is no picture")
    flow = batchwarp.ImageDataGenerator(rescale=1e-3).flow_from_directory(
        tmp_path,
        target_size=(3, 4),
        color_mode="grayscale",
        batch_size=2,
        shuffle=False,
        on_error=on_error,
    )
    part = Part("validation", flow, flow.classes, flow.filepaths)
    model = Model([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [0.7, 0.3]])
    result = evaluate(model, part, ("a", "b"))
    assert result.unread == 1
    assert result.matrix.tolist() == [[1, 1], [1, 1]]
    wrong = [Path(one.source).relative_to(tmp_path) for one in result.misclassified]
    assert wrong == [Path("a", "1.png"), Path("b", "2.png")]


def test_a_part_without_pictures_has_no_loss():
    result = evaluate(Model([[0.5]]), part_of(numbered(0), []), ("A", "B"))
    assert (result.count, result.accuracy) == (0, 0)
    assert math.isnan(result.loss)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.array([0, 0, 1, 1, 1, 3])}, "indices of 3 classes, received: 3"),
        ({"labels": np.array([0, 0, 1, 1, 1, -1])}, "indices of 3 classes, received: -1"),
        ({"sources": ["one"]}, "of one length, received: 6 and 1"),
        ({"flow": Batches(numbered(5), 4)}, "has 5 pictures, fewer than the 6 labels"),
        ({"flow": Batches(numbered(7), 4)}, "more pictures than the 6 labels"),
        (
            {"flow": batchwarp.ImageDataGenerator().flow(numbered(6))},
            "`part.flow` must not be shuffled",
        ),
    ],
)
def test_parts_that_do_not_fit_are_errors(change, message):
    part = Part(**{**vars(part_of(numbered(6), LABELS)), **change})
    model = Model(np.tile(SOFTMAX, (2, 1)))
    with pytest.raises(ValueError, match=message):
        evaluate(model, part, CLASSES)


@pytest.mark.parametrize("outputs", [np.ones((6, 1)), np.ones((6, 4)), np.ones((6, 3, 1))])
def test_models_with_other_outputs_are_errors(outputs):
    with pytest.raises(ValueError, match=r"shape \(n, 3\) for 3 classes.*received: \(6, "):
        evaluate(Model(outputs), part_of(numbered(6), LABELS), CLASSES)


def test_bad_classes_and_limits_are_errors():
    part = part_of(numbered(6), LABELS)
    with pytest.raises(ValueError, match="`classes` must be at least 2 names, received:"):
        evaluate(Model(SOFTMAX), part, ["A"])
    with pytest.raises(ValueError, match="`most` must be at least 0, received: -1"):
        evaluate(Model(SOFTMAX), part, CLASSES, most=-1)


def test_record_is_json(three_classes):
    figures = json.loads(json.dumps(record([three_classes], CLASSES), allow_nan=False))
    assert list(figures) == ["test"]
    test = figures["test"]
    assert test["confusion"] == [[1, 1, 0], [1, 2, 0], [0, 1, 0]]
    assert (test["accuracy"], test["images"], test["misclassified"]) == (0.5, 6, 3)
    assert test["loss"] == three_classes.loss
    assert test["unread"] == 0
    assert list(test["classes"]) == list(CLASSES)
    assert test["classes"]["B"] == {
        "precision": 0.5,
        "recall": pytest.approx(2 / 3),
        "f1": pytest.approx(4 / 7),
        "support": 3,
    }


def test_table_of_misclassified_pictures(tmp_path, three_classes):
    strange = evaluation.Misclassified(
        'the "other" part', 'a,b\n"c"\udcff.png', 2, 0, 0.123456789, np.zeros((1, 1, 1))
    )
    other = Evaluation("other", np.zeros((3, 3), np.int64), 0.0, (strange,), 0)
    path = tmp_path / "misclassified.csv"
    write_misclassified([three_classes, other], CLASSES, path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["part", "source", "true", "predicted", "probability"],
        ["test", "picture 3", "B", "A", "0.900000"],
        ["test", "picture 1", "A", "B", "0.800000"],
        ["test", "picture 5", "C", "B", "0.500000"],
        ['the "other" part', 'a,b\n"c"\\udcff.png', "C", "A", "0.123457"],
    ]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("units", [1, 2])
def test_figures_are_those_of_keras(units):
    keras = pytest.importorskip("keras", reason="its models are evaluated")
    rng = np.random.default_rng(1)
    x = rng.random((600, 6, 5, 1), np.float32)
    y = rng.integers(0, 2, 600)
    activation = "sigmoid" if units == 1 else "softmax"
    layers = [keras.Input((6, 5, 1)), keras.layers.Flatten()]
    model = keras.Sequential([*layers, keras.layers.Dense(units, activation=activation)])
    flow = batchwarp.ImageDataGenerator().flow(x, y, batch_size=32, shuffle=False)
    part = Part("training", flow, y, [f"picture {row}" for row in range(600)])
    result = evaluate(model, part, ("A", "B"))  # a loaded model may be uncompiled, too
    loss = "binary_crossentropy" if units == 1 else "sparse_categorical_crossentropy"
    model.compile(loss=loss, metrics=["accuracy"])
    expected_loss, expected_accuracy = model.evaluate(x, y, verbose=0)
    assert 0 < result.wrong < 600
    assert result.accuracy == pytest.approx(expected_accuracy, abs=1e-6)
    assert result.loss == pytest.approx(expected_loss, rel=1e-5)
