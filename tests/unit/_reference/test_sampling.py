"""Where pixels come from."""

from __future__ import annotations

import numpy as np

from batchwarp._reference.sampling import FARTHEST, mapped, places_of


def test_places_of_a_perspective():
    """With a horizon at the third column."""
    matrix = np.array([[1, 0, 4], [0, 1, -1], [-0.5, 0, 1]])
    rows, columns = places_of(mapped(matrix, 2, 4))
    np.testing.assert_array_equal(columns, [[4, 10, FARTHEST, FARTHEST]] * 2)
    np.testing.assert_array_equal(rows[0], [-1, -2, -FARTHEST, -FARTHEST])


def test_places_of_an_affine_map():
    rows, columns = places_of(mapped(np.array([[2, 0, -1e7], [0, 1, 3], [0, 0, 1]]), 1, 2))
    np.testing.assert_array_equal(rows, [[3, 3]])
    np.testing.assert_array_equal(columns, [[-1e7, -1e7 + 2]])
