"""Rows of images, of which each may have another number."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp.targets.ragged import Ragged

LISTS = [[[0, 1], [2, 3]], [], [[4, 5]], [[6, 7], [8, 9], [10, 11]]]
ARRAYS = [np.array(one, np.float32).reshape(-1, 2) for one in LISTS]


def padded(given, room=None, dtype="float64"):
    return given.padded(given.room if room is None else room, -1, np.dtype(dtype))


@pytest.mark.parametrize("value", [LISTS, tuple(LISTS), ARRAYS, np.array([*ARRAYS, 0], object)[:4]])
def test_lists(value):
    given = Ragged.of_images("rows", value, 4, (2,))
    assert given.room == 3
    assert given.starts.tolist() == [0, 2, 2, 3, 6]
    assert given.starts.dtype == np.int64
    np.testing.assert_array_equal(given.rows, np.arange(12).reshape(6, 2))
    wanted = [
        [[0, 1], [2, 3], [-1, -1]],
        [[-1, -1]] * 3,
        [[4, 5], [-1, -1], [-1, -1]],
        [[6, 7], [8, 9], [10, 11]],
    ]
    np.testing.assert_array_equal(padded(given), wanted)
    np.testing.assert_array_equal(padded(given, 2), np.array(wanted)[:, :2])
    np.testing.assert_array_equal(padded(given, 4)[:, :3], wanted)
    assert [given.place(row) for row in range(6)] == [
        (0, 0),
        (0, 1),
        (2, 0),
        (3, 0),
        (3, 1),
        (3, 2),
    ]


@pytest.mark.parametrize("tail", [(), (4,)])
def test_arrays(tail):
    value = np.arange(np.prod((5, 3, *tail))).reshape(5, 3, *tail)
    given = Ragged.of_images("rows", value, 5, tail)
    assert given.room == 3
    np.testing.assert_array_equal(padded(given, dtype="int64"), value)
    np.testing.assert_array_equal(padded(given, 2, "int64"), value[:, :2])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "bool", ">f4"])
@pytest.mark.parametrize("tail", [(), (4,)])
def test_lists_of_arrays_in_any_layout(dtype, tail):
    numbers = np.arange(9 * 8 * 2).reshape(18, 8)
    whole = (numbers if tail else numbers[:, 0]).astype(dtype)
    rows = whole[:, 2:6] if tail else whole
    arrays = [rows[:5], rows[5:5], rows[17:4:-3], rows[5:18]]
    wanted = np.concatenate(arrays)
    for value in (arrays, tuple(arrays), list(map(np.ascontiguousarray, arrays))):
        given = Ragged.of_images("rows", value, 4, tail)
        assert given.room == 13
        assert given.starts.tolist() == [0, 5, 5, 10, 23]
        assert given.rows.dtype == wanted.dtype
        np.testing.assert_array_equal(given.rows, wanted)


def test_lists_of_arrays_that_differ():
    arrays = [np.ones((2, 4), np.float32), np.full((1, 4), 2.5), np.full((1, 4), 7, np.uint8)]
    given = Ragged.of_images("rows", arrays, 3, (4,))
    assert given.rows.dtype == np.float64
    assert given.rows[:, 0].tolist() == [1, 1, 2.5, 7]


def test_what_has_been_given_stays():
    for value in (np.ones((3, 2, 4)), [np.ones((2, 4), np.float32)] * 3):
        given = Ragged.of_images("rows", value, 3, (4,))
        for array in value:
            array[:] = 5
        assert (given.rows == 1).all()


def test_some_images():
    given = Ragged.of_images("rows", ARRAYS, 4, (2,))
    order = np.array([3, 1, 1, 0, 3])
    np.testing.assert_array_equal(padded(given.at(order)), padded(given)[order])
    assert given.at(np.array([], np.int64)).rows.shape == (0, 2)
    assert given.at(None) is given


def test_only_some_rows():
    given = Ragged.of_images("rows", ARRAYS, 4, (2,))
    kept = given.only(np.array([False, True, False, True, False, True]))
    assert kept.counts.tolist() == [1, 0, 0, 2]
    np.testing.assert_array_equal(padded(kept, 2)[3], [[6, 7], [10, 11]])


@pytest.mark.parametrize("value", [np.empty((3, 0, 2)), [[], [], []], [np.empty((0, 2))] * 3])
def test_no_rows(value):
    given = Ragged.of_images("rows", value, 3, (2,))
    assert given.starts.tolist() == [0] * 4
    assert padded(given).shape == (3, 0, 2)
    assert (padded(given, 2) == -1).all()


def test_no_images():
    assert padded(Ragged.of_images("rows", [], 0, (2,))).shape == (0, 0, 2)
    assert padded(Ragged.of_images("rows", np.empty((0, 5, 2)), 0, (2,))).shape == (0, 5, 2)


def test_empty_lists_have_no_dtype():
    given = Ragged.of_images("labels", [[], [7], np.empty(0, np.int16)], 3, ())
    assert given.rows.dtype == np.int64
    given = Ragged.of_images("labels", [[], np.array([7], np.int16)], 2, ())
    assert given.rows.dtype == np.int16


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (np.zeros((4, 3, 2)), ValueError, r"shape \(3, k, 2\).* Received shape: \(4, 3, 2\)"),
        (np.zeros((3, 2)), ValueError, r"Received shape: \(3, 2\)"),
        (np.zeros((3, 5, 4)), ValueError, r"Received shape: \(3, 5, 4\)"),
        ([[], []], ValueError, "a list of 3 arrays, one for each image. Received: 2"),
        ([[[1, 2]], [[1, 2, 3]], []], ValueError, r"Received shape \(1, 3\) for image 1"),
        ([[], [], [1, 2]], ValueError, r"Received shape \(2,\) for image 2"),
        ([[], 5, []], ValueError, r"Received shape \(\) for image 1"),
        ([[], [], [[1, 2], [3]]], ValueError, r"\[2\]` should hold arrays of one shape"),
        ([[], [["a", "b"]], []], TypeError, "real numbers. Received dtype <U1 for image 1"),
        (np.array([[["a", "b"]]] * 3), TypeError, "real numbers"),
        (5, ValueError, r"Received shape: \(\)"),
    ],
)
def test_errors(value, error, message):
    with pytest.raises(error, match=f"`rows.*{message}"):
        Ragged.of_images("rows", value, 3, (2,))
