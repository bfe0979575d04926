"""Small folders of files and their labels, for flows of files."""

from __future__ import annotations

import numpy as np
import pytest

from image_files import save_numbered


@pytest.fixture
def numbered(tmp_path):
    """A folder of ten files whose pixels are their numbers."""
    return save_numbered(tmp_path)


@pytest.fixture
def labelled(numbered):
    """The folder, and a dataframe with integers and with several labels for each of its files."""
    pd = pytest.importorskip("pandas")
    numbers = np.arange(10)
    return numbered, pd.DataFrame(
        {
            "filename": [f"{'ab'[number % 2]}/{number}.png" for number in numbers],
            "number": [10, 9, 9, 10, 2, 2, 2, 2, 2, 10],
            "tags": ["x|y", "y", "", "z | x", "x", "x", "y|z", "z", "x||y", "y"],
        }
    )
