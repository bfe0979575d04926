"""The statistics of `fit`, computed piece by piece."""

from __future__ import annotations

import numpy as np
import pytest

from batchwarp.augment.statistics import zca_matrix


@pytest.mark.parametrize(("count", "size"), [(9, 4), (3, 4)])
@pytest.mark.parametrize("change", [-1, 1])
def test_a_data_set_that_changes_between_passes(count, size, change):
    images = np.ones((count + change, size, 1, 1))
    with pytest.raises(ValueError, match=f"it had {count} images, and now has {count + change}"):
        zca_matrix(lambda: [images[:2], images[2:]], count, size, 1e-6, np.dtype("float32"))
