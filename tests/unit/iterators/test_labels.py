"""Labels, weights, subsets and statistics of files, where Keras has less; what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import batchwarp
from image_files import SIZE, flow, frame_flow, save, save_numbered, solid, values


@pytest.fixture
def numbered(tmp_path):
    return save_numbered(tmp_path)


@pytest.fixture
def labelled(numbered):
    pd = pytest.importorskip("pandas")
    numbers = np.arange(10)
    return numbered, pd.DataFrame(
        {
            "filename": [f"{'ab'[number % 2]}/{number}.png" for number in numbers],
            "number": [10, 9, 9, 10, 2, 2, 2, 2, 2, 10],
            "tags": ["x|y", "y", "", "z | x", "x", "x", "y|z", "z", "x||y", "y"],
        }
    )


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


def test_validation_files_are_not_augmented(numbered):
    generator = {"rotation_range": 90, "rescale": 2.0, "validation_split": 0.4, "cval": 9.0}
    arguments = {"subset": "validation", "class_mode": None}
    ours = next(flow(numbered, {**generator, "validation_augment": False}, **arguments))
    plain = next(flow(numbered, {"rescale": 2.0, "validation_split": 0.4}, **arguments))
    np.testing.assert_array_equal(ours, plain)


@pytest.mark.parametrize("split", ["stratified", "hash"])
def test_splits_of_files(numbered, split):
    generator = {"validation_split": 0.4, "split": split, "split_seed": 5}
    training, validation = (flow(numbered, generator, subset=s) for s in ("training", "validation"))
    assert sorted(training.filenames + validation.filenames) == sorted(flow(numbered).filenames)
    if split == "stratified":
        assert np.bincount(validation.classes).tolist() == [2, 2]
    for iterator in (training, validation):
        assert iterator.n == len(iterator.filenames) == len(iterator.classes)
        for images, labels in (next(iterator) for _ in range(len(iterator))):
            assert [value % 2 for value in values(images)] == labels.tolist()
    solid(numbered / "a" / "100.png", 100)
    solid(numbered / "b" / "000.png", 101)
    again = flow(numbered, generator, subset="validation")
    stays = set(again.filenames) - {str(Path("a", "100.png")), str(Path("b", "000.png"))}
    if split == "hash":
        assert stays == set(validation.filenames)


def test_a_stratified_split_of_samples_of_several_classes(labelled):
    folder, frame = labelled
    frame["tags"] = ["x|y", "y", "y|x", "y", "x|y", "y", "y|x", "y", "z", "z"]
    generator = {"validation_split": 0.5, "split": "stratified"}
    arguments = {"y_col": "tags", "label_separator": "|"}
    training, validation = (
        frame_flow(folder, frame, generator, subset=subset, **arguments)
        for subset in ("training", "validation")
    )
    assert sorted(training.filenames + validation.filenames) == sorted(frame["filename"])
    assert next(validation)[1].sum(axis=0).tolist() == [2, 4, 1]  # half of each combination


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_statistics_of_files(tmp_path, data_format):
    for number in range(9):
        save(tmp_path / "ab"[number % 2] / str(number), ["jpeg", "png"][number % 2])
    arguments = {
        "featurewise_center": True,
        "featurewise_std_normalization": True,
        "rescale": 1 / 255,
        "data_format": data_format,
    }
    iterator = flow(tmp_path, {"data_format": data_format}, class_mode=None, batch_size=9)
    expected = batchwarp.ImageDataGenerator(**arguments)
    expected.fit(next(iterator))
    ours = batchwarp.ImageDataGenerator(**arguments, rotation_range=30)
    ours.fit_from(ours.flow_from_directory(tmp_path, target_size=SIZE, batch_size=2))
    np.testing.assert_allclose(ours.mean, expected.mean, rtol=1e-6)
    np.testing.assert_allclose(ours.std, expected.std, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target_size": (0, 5)}, r"`target_size` should be.*\(0, 5\)"),
        ({"target_size": 5}, "`target_size` should be.*5"),
        ({"target_size": (5,)}, "`target_size` should be"),
        ({"target_size": (5, 5, 3)}, "`target_size` should be"),
        ({"target_size": ("a", 5)}, "`target_size` should be"),
        ({"target_size": None}, "`target_size` should be.*None"),
        ({"on_error": "ignore"}, '`on_error` should be "raise", "skip" or "zeros".*ignore'),
        ({"on_error": None}, "`on_error` should be"),
        ({"interpolation": "area"}, "Invalid interpolation method area.*nearest"),
        ({"interpolation": None}, "Invalid interpolation method None"),
        ({"color_mode": "bgr"}, "Invalid color mode: bgr.*unchanged"),
        ({"formats": []}, r"`formats` should be.*\[\]"),
        ({"formats": ["png", ""]}, "`formats` should be"),
        ({"formats": [3]}, "`formats` should be"),
        ({"classes": "ab"}, "`classes` should be.*'ab'"),
        ({"prefetch": -1}, "`prefetch` should be"),
        ({"batch_size": 0}, "`batch_size` should be"),
        ({"seed": -1}, "`seed` should be"),
        ({"subset": "both"}, "Invalid subset name: both"),
    ],
)
def test_what_is_refused(numbered, arguments, message):
    with pytest.raises(ValueError, match=message):
        flow(numbered, **arguments)


@pytest.mark.parametrize("below", [(".cache",), ("cache", "images")])
def test_a_cache_that_would_be_a_class(numbered, below):
    cache = numbered.joinpath(*below)
    with pytest.raises(ValueError, match=r"`cache` should not be .* takes it for a class.*cache"):
        flow(numbered, cache=cache)
    assert not (numbered / below[0]).exists()
    assert flow(numbered, cache=cache, classes=["a", "b"]).num_classes == 2
    shutil.rmtree(numbered / below[0])
    assert flow(numbered, cache=numbered / "a" / "cache").num_classes == 2
    assert flow(numbered, cache="memory").num_classes == 2


def test_images_are_read_as_they_are_for_statistics(numbered):
    chunks = list(flow(numbered, {"rescale": 5.0}).raw_chunks(3))
    assert [len(chunk) for chunk in chunks] == [3, 3, 3, 1]
    assert values(np.concatenate(chunks)) == [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]
