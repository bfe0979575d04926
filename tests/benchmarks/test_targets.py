"""`targets_masks` and `targets_boxes`: what is beside images there, and what figures are called."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

added = importlib.import_module("batchwarp.benchmarks.harness.targets_added")
beside = importlib.import_module("batchwarp.benchmarks.harness.beside")
timing = importlib.import_module("batchwarp.benchmarks.harness.timing")


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
    # Of pairs of calls, whatever the medians of either are.
    pairs = {
        "1 thread": {"seconds": 0.9e-3, "ratio": 1.2},
        "2 threads": {"seconds": 1e-3, "ratio": 1.5},
    }
    return [
        {
            "case": case,
            "images": 10,
            "timings": {name: {"median": seconds} for name, seconds in timings.items()},
            "added": pairs,
        }
        for case, timings in ((added.OURS, mine), ("plain", plain))
    ]


def test_figures_are_what_their_names_say(cases):
    assert added.metrics(cases) == pytest.approx(
        {
            "ratio/1 thread": 1.2,
            "added/1 thread": 90,
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
    assert [cell.strip() for cell in lines[2].split("|")[2:6]] == ["400.0", "500.0", "90.0", "1.20"]
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


def test_calls_with_and_without_targets_alternate(monkeypatch):
    called = []

    def ours(batch, augment):
        called.append(augment)
        return lambda: called.append("with" if batch.given else "without")

    monkeypatch.setattr(beside, "ours", ours)
    case = added.alone(beside.with_masks, rounds=2, tiny=True)
    first, second, *calls = called
    assert first is second
    assert set(case["added"]) == {"1 thread", "2 threads"}
    half = calls[2 : len(calls) // 2]  # after one of each that is not timed
    assert len(half) == 2 * 2 * added.PAIRS
    pairs = [set(half[at : at + 2]) for at in range(0, len(half), 2)]
    assert pairs == [{"with", "without"}] * len(pairs)
    assert half[:2] != half[2:4]


def test_what_is_added_is_of_pairs_of_calls(monkeypatch):
    # The machine becomes slower by far more than targets add.
    speeds = [1, 1, 1, 5, 5, 5, 9]
    plain, more = [2.0 * speed for speed in speeds], [3.0 * speed for speed in speeds]
    plain[-1], more[0] = 100, 100
    taken = {
        way: timing.Timing.of([[one] for one in seconds])
        for way, seconds in ((added.ALONE, plain), (added.WITH, more))
    }
    monkeypatch.setattr(added, "interleaved", lambda *_args, **_kwargs: taken)
    case = added.alone(beside.with_masks, rounds=1, tiny=True)
    assert case["added"]["1 thread"] == {"seconds": 5, "ratio": 1.5}
