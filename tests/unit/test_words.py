"""Words of messages."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp._words import counted


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 images"), (1, "1 image"), (2, "2 images"), (np.int64(1), "1 image")]
)
def test_one_is_no_plural(count, said):
    assert counted(count, "image") == said


def test_words_that_end_otherwise():
    assert counted(1, "image without a mask", "images without a mask") == "1 image without a mask"
    assert counted(3, "class", "classes") == "3 classes"
