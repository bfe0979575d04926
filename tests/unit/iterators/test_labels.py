"""Labels of files, and their weights, where Keras has less."""

from __future__ import annotations

import numpy as np
import pytest

from image_files import flow, frame_flow


@pytest.mark.parametrize("dtype", ["int64", "uint8", "object"])
@pytest.mark.parametrize("class_mode", ["sparse", "categorical"])
def test_integer_classes(labelled, dtype, class_mode):
    folder, frame = labelled
    frame = frame.astype({"number": dtype})
    arguments = {"y_col": "number", "class_mode": class_mode}
    with pytest.raises(TypeError, match="pass `integer_classes=True`"):
        frame_flow(folder, frame, **arguments)
    iterator = frame_flow(folder, frame, **arguments, integer_classes=True)
    assert iterator.class_indices == {2: 0, 9: 1, 10: 2}  # and not in order of the digits
    expected = np.array([2, 1, 1, 2, 0, 0, 0, 0, 0, 2])
    if class_mode == "categorical":
        expected = np.eye(3)[expected]
    np.testing.assert_array_equal(next(iterator)[1], expected)
    some = frame_flow(folder, frame, **arguments, integer_classes=True, classes=[10, 2])
    assert some.class_indices == {10: 0, 2: 1}
    assert some.n == 8


def test_integers_in_two_classes(labelled):
    folder, frame = labelled
    frame["number"] = frame["number"] // 10
    iterator = frame_flow(folder, frame, y_col="number", class_mode="binary", integer_classes=True)
    assert next(iterator)[1].tolist() == frame["number"].tolist()


def test_mixed_labels(labelled):
    folder, frame = labelled
    frame["mixed"] = [1, "a"] * 5
    with pytest.raises(TypeError, match="all strings or all integers"):
        frame_flow(folder, frame, y_col="mixed", class_mode="sparse", integer_classes=True)
    frame["mixed"] = [True, False] * 5
    with pytest.raises(TypeError, match="must be"):
        frame_flow(folder, frame, y_col="mixed", class_mode="sparse", integer_classes=True)


def test_labels_in_one_string(labelled):
    folder, frame = labelled
    iterator = frame_flow(folder, frame, y_col="tags", label_separator="|")
    assert iterator.class_indices == {"x": 0, "y": 1, "z": 2}
    expected = [[c in tag for c in "xyz"] for tag in frame["tags"]]
    np.testing.assert_array_equal(next(iterator)[1], np.array(expected, float))
    some = frame_flow(folder, frame, y_col="tags", label_separator="|", classes=["z", "y"])
    chosen = frame["tags"][[any(c in tag for c in "yz") for tag in frame["tags"]]]
    np.testing.assert_array_equal(
        next(some)[1], np.array([[c in tag for c in "zy"] for tag in chosen], float)
    )
    with pytest.raises(TypeError, match='With `label_separator`, y_col="number"'):
        frame_flow(folder, frame, y_col="number", label_separator="|")
    for arguments in ({"class_mode": "sparse", "label_separator": "|"}, {"label_separator": ""}):
        with pytest.raises(ValueError, match=r"`label_separator` should be.*Received"):
            frame_flow(folder, frame, y_col="tags", **arguments)


@pytest.mark.parametrize("class_mode", ["sparse", "categorical"])
def test_class_weights(labelled, class_mode):
    """scikit-learn's formula for "balanced": n / (classes * count)."""
    folder, frame = labelled
    iterator = frame_flow(
        folder, frame, y_col="number", class_mode=class_mode, integer_classes=True
    )
    expected = {0: 10 / (3 * 5), 1: 10 / (3 * 2), 2: 10 / (3 * 3)}
    assert iterator.class_weights_ == pytest.approx(expected)
    assert all(type(number) is int for number in iterator.class_weights_)
    assert flow(folder, classes=["a", "b"]).class_weights_ == {0: 1.0, 1: 1.0}


def test_class_weights_that_there_are_not(labelled):
    folder, frame = labelled
    for class_mode in ("input", None):
        with pytest.raises(ValueError, match=r"needs `class_mode`.*It is"):
            _ = flow(folder, class_mode=class_mode).class_weights_
    with pytest.raises(ValueError, match="samples of one class each"):
        _ = frame_flow(folder, frame, y_col="tags", label_separator="|").class_weights_
    (folder / "c").mkdir()
    assert set(flow(folder).class_weights_) == {0, 1}  # an empty class has no weight
