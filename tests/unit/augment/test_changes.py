"""The snapshot of a generator that batches are made from: when it is out of date."""

from __future__ import annotations

import numpy as np
import pytest

import batchwarp
from batchwarp.augment import changes
from batchwarp.augment.changes import Snapshot


def test_nothing_is_compared_by_value_where_nothing_can_have_changed(monkeypatch):
    """What is asked before each batch is whether the attributes are the same objects."""
    generator = batchwarp.ImageDataGenerator(
        rotation_range=20, zoom_range=[0.8, 1.1], height_shift_range=[1, 2], horizontal_flip=True
    )
    snapshot = Snapshot(generator)
    monkeypatch.delattr(changes, "_content")
    assert snapshot.matches(generator)


CHANGES = {
    "an item": lambda g: g.zoom_range.__setitem__(0, 0.5),
    "its type": lambda g: g.height_shift_range.__setitem__(0, 1.0),
    "one more item": lambda g: g.height_shift_range.append(3),
    "one value of an array": lambda g: g.mean.__setitem__((0, 0, 0), 7),
    "an array's shape": lambda g: setattr(g.mean, "shape", (3, 1, 1)),
    "another number": lambda g: setattr(g, "rescale", 0.5),
    "another type": lambda g: setattr(g, "width_shift_range", 0),
    "another large array": lambda g: setattr(g, "zca_whitening_matrix", np.ones((90, 90))),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")
def test_what_makes_it_out_of_date(change):
    generator = batchwarp.ImageDataGenerator(height_shift_range=[1, 2], width_shift_range=0.0)
    generator.mean = np.ones((1, 1, 3), np.float32)
    generator.zca_whitening_matrix = np.ones((90, 90))
    snapshot = Snapshot(generator)
    assert snapshot.matches(generator)
    change(generator)
    assert not snapshot.matches(generator)


def test_equal_values_in_other_objects_do_not():
    generator = batchwarp.ImageDataGenerator(rescale=float("0.5"), zoom_range=[0.5, 1.5])
    generator.mean = np.ones((1, 1, 3), np.float32)
    snapshot = Snapshot(generator)
    generator.rescale = float("0.5")
    generator.zoom_range = [0.5, 1.5]
    generator.mean = generator.mean.copy()
    assert snapshot.matches(generator)
