"""Validation subsets by class and by name."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp.augment.settings import check_split
from batchwarp.iterators import splits

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


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "a", None])
def test_seeds_that_are_none(seed):
    with pytest.raises(ValueError, match="`split_seed` should be an integer from 0"):
        check_split("hash", seed)


@pytest.mark.parametrize("split", ["random", 3, True, ["hash"]])
def test_splits_that_are_none(split):
    with pytest.raises(ValueError, match='`split` should be `None`, "stratified" or "hash"'):
        check_split(split, 0)
