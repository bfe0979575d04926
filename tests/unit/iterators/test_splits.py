"""Validation subsets by class and by name."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

import batchwarp
from batchwarp.iterators import splits
from image_files import flow as file_flow
from image_files import frame_flow, solid, values
from validation_data import Overridden, X, Y, generator

LABELS = np.repeat([3, 1, 2], [10, 25, 7])[np.random.RandomState(0).permutation(42)]


def test_every_class_gives_its_share():
    chosen = splits.stratified(LABELS, 0.3, 5)
    assert chosen.dtype == bool
    np.testing.assert_array_equal(np.bincount(LABELS[chosen]), [0, 7, 2, 3])


def test_the_permutations_are_those_of_the_documentation():
    random = np.random.RandomState(5)
    expected = np.zeros(42, bool)
    for label in (1, 2, 3):
        members = np.flatnonzero(np.equal(LABELS, label))
        expected[members[random.permutation(len(members))[: int(0.3 * len(members))]]] = True
    np.testing.assert_array_equal(splits.stratified(LABELS, 0.3, 5), expected)
    assert not np.array_equal(splits.stratified(LABELS, 0.3, 6), expected)


@pytest.mark.parametrize(
    "form",
    [
        lambda labels: labels.tolist(),
        lambda labels: labels[:, None],
        lambda labels: np.eye(4, dtype="float32")[labels],
        lambda labels: np.eye(4, dtype=bool)[labels],
        lambda labels: np.array(["", "a", "b", "c"])[labels],
        lambda labels: np.array(["", "a", "b", "c"], dtype=object)[labels],
        lambda labels: labels / 2,
    ],
)
def test_forms_of_labels(form):
    expected = splits.stratified(LABELS, 0.4, 1)
    np.testing.assert_array_equal(splits.stratified(form(LABELS), 0.4, 1), expected)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.ones((4, 3)), r"one-hot.*\(4, 3\)"),
        (np.eye(3) * 2, r"one-hot.*\(3, 3\)"),
        (np.array([["a", "b"]]), r"one-hot.*\(1, 2\)"),
        (np.zeros((4, 3, 2)), r"one-hot.*\(4, 3, 2\)"),
        (np.array([1, "a"], dtype=object), "can be sorted"),
    ],
)
def test_labels_without_classes(labels, message):
    with pytest.raises(ValueError, match=message):
        splits.stratified(labels, 0.5, 0)


def test_nothing_to_choose():
    assert splits.stratified([], 0.5, 0).shape == (0,)
    assert splits.hashed([], 0.5, 0).shape == (0,)
    assert not splits.stratified(LABELS, 0.0, 0).any()
    assert not splits.hashed([str(number) for number in range(99)], 0.0, 0).any()


NAMES = [f"cats/{number}.jpg" for number in range(4000)]


def test_a_name_stays_where_it_is():
    chosen = splits.hashed(NAMES, 0.25, 3)
    assert 0.22 < chosen.mean() < 0.28
    np.testing.assert_array_equal(splits.hashed(NAMES[::3], 0.25, 3), chosen[::3])
    assert not np.array_equal(splits.hashed(NAMES, 0.25, 4), chosen)
    # What a smaller share chooses, a greater one does too.
    assert (splits.hashed(NAMES, 0.5, 3) >= chosen).all()


def test_the_choice_never_changes():
    """Neither with a version of batchwarp nor with the machine: data sets are split for years."""
    np.testing.assert_array_equal(
        np.flatnonzero(splits.hashed(NAMES[:24], 0.25, 0)), [4, 6, 8, 10, 13, 16, 19]
    )


def test_names_of_other_systems():
    windows = [name.replace("/", "\\") for name in NAMES]
    np.testing.assert_array_equal(splits.hashed(windows, 0.25, 3), splits.hashed(NAMES, 0.25, 3))
    composed = [f"\u00e9{number}" for number in range(50)]
    decomposed = [f"e\u0301{number}" for number in range(50)]
    np.testing.assert_array_equal(
        splits.hashed(composed, 0.5, 0), splits.hashed(decomposed, 0.5, 0)
    )
    assert splits.hashed(["no \udcff Unicode.jpg"], 0.5, 0).shape == (1,)


def parts(y, options=None, **arguments):
    """Returns the training and the validation flow of numbered images."""
    x = np.arange(len(y), dtype="float32")[:, None, None, None] * np.ones((1, 2, 2, 1), "float32")
    made = batchwarp.ImageDataGenerator(
        validation_split=0.25, split="stratified", split_seed=7, **(options or {})
    )
    return [
        made.flow(x, y, batch_size=100, shuffle=False, subset=subset, **arguments)
        for subset in ("training", "validation")
    ]


@pytest.mark.parametrize("labels", [Y, Y[:, None], np.eye(3)[Y], Y.tolist()])
def test_a_stratified_split(labels):
    training, validation = parts(labels)
    chosen = splits.stratified(Y, 0.25, 7)
    assert chosen.sum() == 6 + 2 + 1
    for flow, numbers in ((training, ~chosen), (validation, chosen)):
        x, y = next(flow)
        np.testing.assert_array_equal(x[:, 0, 0, 0], np.flatnonzero(numbers))
        np.testing.assert_array_equal(y, np.asarray(labels)[numbers])
        np.testing.assert_array_equal(flow.y, y)
        np.testing.assert_array_equal(flow.x[flow.rows], x)
        assert flow.n == len(flow.rows) == numbers.sum()


def test_a_stratified_split_copies_no_image(tmp_path):
    np.save(tmp_path / "x.npy", X)
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    for subset in ("training", "validation"):
        flow = generator(split="stratified").flow(x, Y, subset=subset)
        assert np.shares_memory(flow.x, x)
        assert flow.x.shape == x.shape


def test_all_that_belongs_to_an_image_is_split_with_it():
    made = batchwarp.ImageDataGenerator(validation_split=0.25, split="stratified")
    numbers = np.arange(40)
    made = made.flow((X, [numbers, -numbers]), Y, sample_weight=numbers / 2, subset="validation")
    for flow in (made, pickle.loads(pickle.dumps(made))):
        for _ in range(2):
            (images, ones, others), labels, weights = next(flow)
            np.testing.assert_array_equal(images, X[ones])
            np.testing.assert_array_equal(others, -ones)
            np.testing.assert_array_equal(labels, Y[ones])
            np.testing.assert_array_equal(weights, ones / 2)


@pytest.mark.parametrize("options", [{}, {"rotation_range": 30}])
def test_a_stratified_split_of_a_tf_data_set(options):
    pytest.importorskip("tensorflow")
    training, _ = parts(Y, options, seed=1)
    expected = next(training)
    dataset = parts(Y, options, seed=1)[0].to_tf_dataset()
    for ours, theirs in zip(next(iter(dataset)), expected, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs)


def test_a_stratified_split_through_overridden_methods():
    x, y = next(
        Overridden(validation_split=0.25, split="stratified").flow(
            X, np.arange(40) % 4, subset="validation", shuffle=False
        )
    )
    rows = np.flatnonzero(splits.stratified(np.arange(40) % 4, 0.25, 0))
    np.testing.assert_array_equal(x, X[rows])
    np.testing.assert_array_equal(y, rows % 4)


def test_without_a_subset_nothing_is_split():
    for split in ("stratified", "hash"):
        flow = generator(split=split).flow(X)
        assert flow.rows is None
        assert flow.n == 40


@pytest.mark.parametrize(
    ("arguments", "y", "message"),
    [
        ({"split": "hash"}, Y, '`split="hash"` is for files.*"stratified"'),
        ({"split": "stratified"}, None, "needs labels: `y` is `None`"),
        ({"split": "stratified"}, np.ones((40, 2)), r"one-hot.*\(40, 2\)"),
        (
            {"split": "stratified", "validation_split": 0.15},
            Y,
            r"leaves 1 of 3 classes without.*= 0.15 of 6 images.*`ignore_class_split=True`",
        ),
    ],
)
def test_what_cannot_be_split(arguments, y, message):
    with pytest.raises(ValueError, match=message):
        generator(**arguments).flow(X, y, subset="validation")


def test_classes_that_are_too_small_may_be_accepted():
    made = generator(split="stratified", validation_split=0.15)
    flow = made.flow(X, Y, subset="validation", ignore_class_split=True)
    np.testing.assert_array_equal(np.bincount(flow.y), [3, 1])


@pytest.mark.parametrize("split", ["stratified", "hash"])
def test_splits_of_files(numbered, split):
    generator = {"validation_split": 0.4, "split": split, "split_seed": 5}
    training, validation = (
        file_flow(numbered, generator, subset=s) for s in ("training", "validation")
    )
    assert sorted(training.filenames + validation.filenames) == sorted(
        file_flow(numbered).filenames
    )
    if split == "stratified":
        assert np.bincount(validation.classes).tolist() == [2, 2]
    for iterator in (training, validation):
        assert iterator.n == len(iterator.filenames) == len(iterator.classes)
        for images, labels in (next(iterator) for _ in range(len(iterator))):
            assert [value % 2 for value in values(images)] == labels.tolist()
    solid(numbered / "a" / "100.png", 100)
    solid(numbered / "b" / "000.png", 101)
    again = file_flow(numbered, generator, subset="validation")
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
