"""`targets_masks` and `targets_boxes`: what is beside images there, and what figures are called."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

added = importlib.import_module("batchwarp.benchmarks.harness.targets_added")
beside = importlib.import_module("batchwarp.benchmarks.harness.beside")


def took(**seconds):
    return {name.replace("_", " "): {"median": median} for name, median in seconds.items()}


@pytest.fixture
def cases():
    mine = {
        "1 thread, image": 4e-3,
        "1 thread, with targets": 5e-3,
        "2 threads, image": 2e-3,
        "2 threads, with targets": 3e-3,
    }
    plain = {
        "batchwarp, image": 2e-3,
        "batchwarp, with targets": 3e-3,
        "AlbumentationsX, image": 30e-3,
        "AlbumentationsX, with targets": 60e-3,
    }
    return [
        {
            "case": case,
            "images": 10,
            "timings": {name: {"median": seconds} for name, seconds in timings.items()},
        }
        for case, timings in ((added.OURS, mine), ("plain", plain))
    ]


def test_figures_are_what_their_names_say(cases):
    assert added.metrics(cases) == pytest.approx(
        {
            "ratio/1 thread": 1.25,
            "added/1 thread": 100,
            "ratio/2 threads": 1.5,
            "added/2 threads": 100,
            "peer/AlbumentationsX": 20,
        }
    )


def test_the_table_has_all_that_were_measured_and_names_the_others(cases):
    missing = [peer for peer in beside.PEERS if peer.name != "AlbumentationsX"]
    text = added.text(cases, missing)
    lines = text.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:5]] == [
        "batchwarp, 1 thread",
        "batchwarp, 2 threads",
        "AlbumentationsX",
    ]
    assert [cell.strip() for cell in lines[4].split("|")[2:7]] == [
        "3,000.0",
        "6,000.0",
        "3,000.0",
        "2.00",
        "20.0",
    ]
    for peer in missing:
        assert f"not measured: {peer.name} ({peer.distribution} is not installed)" in text


def test_masks_are_beside_images_and_hold_classes():
    batch = beside.with_masks(beside.images_of(3, 50))
    assert batch.masks.shape == batch.images.shape[:3]
    assert batch.masks.dtype == np.uint8
    assert set(np.unique(batch.masks)) == set(range(beside.CLASSES))
    assert list(batch.given) == ["masks"]


def test_boxes_and_keypoints_are_inside_of_their_image():
    batch = beside.with_places(beside.images_of(2, 64))
    assert list(batch.given) == ["boxes", "keypoints"]
    for boxes, keypoints in zip(batch.boxes, batch.keypoints, strict=True):
        assert boxes.shape == (beside.PLACES, 4)
        assert keypoints.shape == (beside.PLACES, 2)
        assert (boxes[:, 2:] > boxes[:, :2]).all()
        assert boxes.min() >= 0
        assert boxes.max() <= 64
        assert 0 <= keypoints.min() <= keypoints.max() <= 63


@pytest.mark.parametrize("add", [beside.with_masks, beside.with_places])
def test_batchwarp_takes_what_is_beside_the_images(add):
    batch = add(beside.images_of(2, 32))
    made = beside.ours(batch)()
    assert set(made) == {"images", *batch.given}
    assert made["images"].shape == batch.images.shape
